#include "model/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "actogram/error.h"

namespace actogram {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// That templates give what Hugging Face makes of them is tests/oracle/test_chat_templates.py.
std::string render(const std::string& text, std::vector<Message> chat = {{"user", "Hi"}}) {
  return render_chat({.text = text, .origin = "m.gguf", .variables = {{"bos_token", "<s>"}}}, chat);
}

std::string error_of(const std::string& text, std::vector<Message> chat = {{"user", "Hi"}}) {
  try {
    render(text, std::move(chat));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid);
    EXPECT_THAT(error.what(), StartsWith("m.gguf: chat template: "));
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
  return "no error";
}

std::string repeated(const std::string& what, size_t n) {
  std::string text;
  for (size_t i = 0; i < n; ++i) text += what;
  return text;
}

TEST(ChatTemplate, KnowsTheMessagesAndTheTokens) {
  EXPECT_EQ(
      render("{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}",
             {{"user", "a"}, {"assistant", "\0\xFF"s}}),
      "<s>user:a;assistant:\0\xFF;"s);
  EXPECT_EQ(render("{{ eos_token }}{{ add_generation_prompt }}"), "False");
}

TEST(ChatTemplate, BeginsTheNextTurnWhereThatIsWanted) {
  const ChatTemplate chat_template = {
      .text = "{{ messages[0].content }}{% if add_generation_prompt %}<a>{% endif %}",
      .origin = "m.gguf"};
  const Message chat[] = {{"user", "Hi"}};
  EXPECT_EQ(render_chat(chat_template, chat), "Hi");
  EXPECT_EQ(render_chat(chat_template, chat, ChatEnd::assistant_begins), "Hi<a>");
}

TEST(ChatTemplate, TheDayIsAlwaysTheSame) {
  EXPECT_EQ(render("{{ strftime_now('%d %b %Y') }}{{ strftime_now('') }}"), "26 Jul 2024");
  std::tm day{};
  day.tm_mday = 26, day.tm_mon = 6, day.tm_year = 124;
  ASSERT_NE(timegm(&day), -1);  // fills in the day of the week and of the year
  EXPECT_EQ(render("{{ strftime_now('%w %j') }}"),
            fmt::format("{} {}", day.tm_wday, day.tm_yday + 1));
  EXPECT_THAT(error_of("{{ strftime_now('%99999Y') }}"), HasSubstr("too long"));
}

TEST(ChatTemplate, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(error_of("a\n{{ raise_exception('roles must\nalternate') }}"),
            "m.gguf: chat template: line 2, column 19: roles must alternate");
  EXPECT_THAT(error_of("{{ a b }}"), HasSubstr("Expected }} (Got b) near ...{{ a b }}..."));
  EXPECT_THAT(error_of("{{ messages[9].content }}"), HasSubstr("member of an undefined value"));
  EXPECT_THAT(error_of(std::string(200'000, 'a')), HasSubstr("200000 bytes, more than 131072"));
}

// Each would run for ever, take all memory, or end the process by an overflow of the stack.
TEST(ChatTemplate, EveryTemplateEnds) {
  const std::string grow = "{% set n = namespace(x='ab') %}{% for i in range(90) %}{% set n.x = ";
  for (const std::string& text : {
           std::string("{% for i in range(1000000000000) %}x{% endfor %}"),
           repeated("{% for i in range(100) %}", 12) + "x" + repeated("{% endfor %}", 12),
           std::string("{{ 'a' * 1000000000000 }}"),
           grow + "n.x ~ n.x %}{% endfor %}",
           grow + "n.x | replace('b', n.x) %}{% endfor %}",
           grow + "[n.x, n.x] | join(n.x) %}{% endfor %}",
           grow + "'{}{}'.format(n.x, n.x) %}{% endfor %}",
           grow + "[n.x, n.x] %}{% endfor %}{{ n.x }}",
           grow + "[n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
           grow + "(n.x, n.x) %}{% endfor %}{{ n.x == n.x }}",
           grow + "n.x + 'b' | indent(999999999999) %}{% endfor %}",
           std::string("{{ [[[1]]] | tojson(indent=99999999) }}"),
           std::string("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
           std::string("{% macro f(g) %}{{ g(g) }}{% endmacro %}{{ f(f) }}"),
           std::string("{% set n = namespace() %}{% set n.x = n %}{{ n | tojson }}"),
           std::string("{% set n = namespace() %}{% set n.x = [{'a': n}] %}"),
           "{{ " + repeated("(", 60'000) + " }}",
           "{{ " + repeated("[", 60'000) + " }}",
           "{{ " + repeated("not ", 30'000) + "1 }}",
           "{{ " + repeated("- ", 60'000) + "1 }}",
           "{{ 1" + repeated("+1", 60'000) + " }}",
           "{{ a" + repeated(".a", 60'000) + " }}",
           "{{ a" + repeated("|a", 60'000) + " }}",
           "{{ a" + repeated("()", 60'000) + " }}",
           "{{ 1" + repeated(" if 1 else 1", 9'000) + " }}",
           repeated("{% if 1 %}", 10'000) + repeated("{% endif %}", 1),
           "{% if 0 %}" + repeated("{% elif 0 %}", 9'000) + "{% endif %}",
           std::string("{{ 1 is divisibleby(0) }}{{ 1 % 0 }}"),
           std::string("{{ -9223372036854775808 % -1 }}{{ 99999999999999999999 }}"),
       }) {
    SCOPED_TRACE(text.substr(0, 120));
    EXPECT_THAT(error_of(text), StartsWith("m.gguf"));
  }
}

TEST(ChatTemplate, ValuesNestOnlySoDeep) {
  const std::string deeper = repeated("[", 50) + "n.x" + repeated("]", 50);
  EXPECT_THAT(error_of("{% set n = namespace(x=1) %}{% for i in range(100) %}{% set n.x = " +
                       deeper + " %}{% endfor %}"),
              HasSubstr("nests more than"));
}

// What a template may cost grows with the chat.
TEST(ChatTemplate, LongChatsAreRendered) {
  std::vector<Message> chat(5000, {"user", std::string(1000, 'x')});
  const std::string text =
      "{% set n = namespace(all='') %}{% for m in messages %}"
      "{{ '<' ~ m.role ~ '>' + m.content | trim }}{% endfor %}";
  EXPECT_EQ(render(text, std::move(chat)).size(), 5000 * 1006u);
}

}  // namespace
}  // namespace actogram
