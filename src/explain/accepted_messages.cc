#include "explain/accepted_messages.h"

#include "actogram/error.h"

namespace actogram {

std::vector<Message> accepted_messages(
    std::vector<Message> messages, const std::function<void(std::span<const Message>)>& render) {
  if (messages.size() < 2 || messages.front().role != "system") return messages;
  try {
    render(messages);
  } catch (const Error& error) {
    if (error.code() != Code::invalid) throw;
    messages[1].content = messages[0].content + "\n\n" + messages[1].content;
    messages.erase(messages.begin());
  }
  return messages;
}

}  // namespace actogram
