#include "explain/accepted_messages.h"

#include <gtest/gtest.h>

#include "model/chat_template.h"

namespace actogram {
namespace {

std::vector<Message> accepted(const char* text, std::vector<Message> messages) {
  const ChatTemplate chat_template = {.text = text, .origin = "m.gguf"};
  return accepted_messages(std::move(messages), [&](std::span<const Message> some) {
    render_chat(chat_template, some, ChatEnd::assistant_begins);
  });
}

const std::vector<Message> kChat = {{"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Oh"}};

// Gemma's template begins so.
constexpr const char* kNoSystem =
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}";

TEST(AcceptedMessages, StayAsTheyAreWhereTheyMay) {
  EXPECT_EQ(accepted("{% for m in messages %}{{ m.content }}{% endfor %}", kChat), kChat);
  EXPECT_EQ(accepted(kNoSystem, {{"user", "Hi"}}), (std::vector<Message>{{"user", "Hi"}}));
}

TEST(AcceptedMessages, HaveNoSystemWhereThatIsRefused) {
  EXPECT_EQ(accepted(kNoSystem, kChat),
            (std::vector<Message>{{"user", "Be brief.\n\nHi"}, {"assistant", "Oh"}}));
}

}  // namespace
}  // namespace actogram
