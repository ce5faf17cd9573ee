// Renders chats through their templates, for a test in another language.
//
//   dump_chat < CASES
//
// Each line of CASES is a JSON object {template, messages: [{role, content}], tokens: {name:
// text}}; each becomes a line {"text"} or {"error"}.
#include <iostream>

#include "codec/json.h"
#include "model/chat_template.h"

namespace actogram {
namespace {

Json rendered(const Json& one) {
  ChatTemplate chat_template = {.text = field<std::string>(one, "template", "stdin"),
                                .origin = "model.gguf"};
  for (const auto& [name, text] : member(one, "tokens", "stdin").items()) {
    chat_template.variables.emplace_back(name, text.get<std::string>());
  }
  std::vector<Message> messages;
  for (const Json& message : member(one, "messages", "stdin")) {
    messages.push_back({field<std::string>(message, "role", "stdin"),
                        field<std::string>(message, "content", "stdin")});
  }
  try {
    return {{"text", render_chat(chat_template, messages)}};
  } catch (const Error& error) {
    return {{"error", error.what()}};
  }
}

}  // namespace
}  // namespace actogram

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << actogram::to_text(actogram::rendered(actogram::parse_json(line, "stdin"))) << '\n';
  }
  return 0;
}
