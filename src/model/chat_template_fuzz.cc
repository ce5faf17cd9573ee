// Any text is a chat template that gives a text, or an Error.
#include <cstdint>

#include "actogram/error.h"
#include "model/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const ChatTemplate chat_template = {
      .text = {reinterpret_cast<const char*>(data), size},
      .origin = "fuzz",
      .variables = {{"bos_token", "<s>"}, {"eos_token", "</s>"}},
  };
  const Message messages[] = {{"system", ""}, {"user", " a\u3000"}, {"assistant", "b\xFF|c"}};
  try {
    render_chat(chat_template, messages);
  } catch (const Error&) {
  }
  return 0;
}
