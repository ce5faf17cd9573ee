#include "model/chat_template.h"

#include <jinja/parser.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <string_view>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr size_t kMaxTemplateBytes = size_t{128} << 10;
// A chain such as a.b.c or a + b + c nests in the engine as often as it has links.
constexpr size_t kMaxBlockTokens = 4096;
// In the engine's units: 64 for a node of the program that is run, 1 for a byte that is copied.
constexpr size_t kWork = size_t{1} << 25;  // some half a second
constexpr size_t kWorkPerMessage = size_t{1} << 16;
constexpr size_t kWorkPerByte = 256;    // of the chat
constexpr size_t kMaxNestings = 16384;  // values put into values: bounds how deep they nest

// For as long as it lives, what the engine does on this thread is counted.
class WorkLimit {
 public:
  explicit WorkLimit(std::span<const Message> messages)
      : limits_{.work = kWork + kWorkPerMessage * messages.size(),
                .nesting = kWork / kMaxNestings} {
    for (const Message& message : messages) {
      limits_.work += kWorkPerByte * (message.role.size() + message.content.size());
    }
    jinja::limits::current() = &limits_;
  }
  ~WorkLimit() { jinja::limits::current() = nullptr; }
  WorkLimit(const WorkLimit&) = delete;
  WorkLimit& operator=(const WorkLimit&) = delete;

 private:
  jinja::limits limits_;
};

void check_blocks(const std::vector<jinja::token>& tokens) {
  size_t n = 0;
  for (const jinja::token& token : tokens) {
    const bool opens =
        token.t == jinja::token::open_statement || token.t == jinja::token::open_expression;
    n = opens ? 0 : n + 1;
    if (n > kMaxBlockTokens && token.t != jinja::token::text) {
      throw std::runtime_error(fmt::format("a block of more than {} words", kMaxBlockTokens));
    }
  }
}

jinja::program parse(const std::string& text) {
  if (text.size() > kMaxTemplateBytes) {
    throw std::runtime_error(fmt::format("{} bytes, more than {}", text.size(), kMaxTemplateBytes));
  }
  const jinja::lexer_result words = jinja::lexer().tokenize(text);
  check_blocks(words.tokens);
  return jinja::parse_from_tokens(words);
}

// The day that the templates of Llama 3 themselves fall back on.
jinja::value day(const jinja::func_args& args) {
  std::tm time{};
  time.tm_mday = 26, time.tm_mon = 6, time.tm_year = 124, time.tm_wday = 5, time.tm_yday = 207;
  const std::string format = args.get_pos(0)->as_string().str() + ".";  // 0 bytes is an error
  std::string text(format.size() + 1024, '\0');
  const size_t size = std::strftime(text.data(), text.size(), format.c_str(), &time);
  if (size == 0) throw std::runtime_error("strftime_now: the date is too long");
  return jinja::mk_val<jinja::value_string>(text.substr(0, size - 1));
}

jinja::value text_value(const std::string& text) {
  return jinja::mk_val<jinja::value_string>(text);
}

jinja::value value_of(std::span<const Message> messages) {
  auto list = jinja::mk_val<jinja::value_array>();
  for (const Message& message : messages) {
    auto turn = jinja::mk_val<jinja::value_object>();
    turn->insert("role", text_value(message.role));
    turn->insert("content", text_value(message.content));
    list->push_back(std::move(turn));
  }
  return list;
}

std::string render(const ChatTemplate& chat_template, std::span<const Message> messages,
                   ChatEnd end) {
  const jinja::program program = parse(chat_template.text);
  jinja::context context(chat_template.text);
  context.set_val("messages", value_of(messages));
  context.set_val("add_generation_prompt",
                  jinja::mk_val<jinja::value_bool>(end == ChatEnd::assistant_begins));
  context.set_val("tools", jinja::mk_val<jinja::value_none>());
  context.set_val("documents", jinja::mk_val<jinja::value_none>());
  context.set_val("strftime_now", jinja::mk_val<jinja::value_func>("strftime_now", day));
  for (const auto& [name, text] : chat_template.variables) {
    context.set_val(name, text_value(text));
  }
  const jinja::value output = jinja::runtime(context).execute(program);
  return jinja::render_string_parts(jinja::runtime::gather_string_parts(output));
}

std::string_view between(std::string_view text, std::string_view begin, std::string_view end) {
  const size_t from = text.find(begin);
  if (from == std::string_view::npos) return {};
  text.remove_prefix(from + begin.size());
  return text.substr(0, text.find(end));
}

// The engine's messages have several lines: the place, an excerpt with a pointer, what happened.
std::string one_line(std::string_view message) {
  constexpr std::string_view kWhat = "\nError: ", kRaised = "Jinja Exception: ";
  const size_t at = message.rfind(kWhat);
  if (at == std::string_view::npos) {
    const std::string_view excerpt = between(message, "\n", "\n");
    const std::string first(message.substr(0, message.find('\n')));
    return excerpt.empty() ? first : fmt::format("{} near {}", first, excerpt);
  }
  std::string_view what = message.substr(at + kWhat.size());
  if (what.starts_with(kRaised)) what.remove_prefix(kRaised.size());
  std::string line = fmt::format("{}: {}", between(message, " at ", " in source:"), what);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

std::string render_chat(const ChatTemplate& chat_template, std::span<const Message> messages,
                        ChatEnd end) {
  const WorkLimit limit(messages);
  try {
    return render(chat_template, messages, end);
  } catch (const std::exception& error) {
    fail(Code::invalid, "{}: chat template: {}", chat_template.origin, one_line(error.what()));
  }
}

}  // namespace actogram
