#include "server/search_answer.h"

#include <chrono>

#include "base/waiting_line.h"

namespace actogram {
namespace {

using Clock = std::chrono::steady_clock;
using SoFar = std::function<std::string()>;

// Between two lines, and how late it is noticed that nobody waits: a step is many times shorter.
constexpr std::chrono::milliseconds kPause{50};

// The first time at once and then after each pause: ends the search where nobody waits, and says
// what it has found so far. False from `say` is that nobody listens.
SearchStep after_each_pause(const IsLeft& is_left, const std::function<bool(const SoFar&)>& say) {
  return [is_left, say, next = Clock::time_point()](const SoFar& so_far) mutable {
    if (Clock::now() < next) return;
    if (is_left() || !say(so_far)) {
      throw Busy("the search did not come to an end in the time that an answer has");
    }
    next = Clock::now() + kPause;
  };
}

}  // namespace

Answer search_answer(const Documents& documents, const TextQuestion& question,
                     const IsLeft& is_left) {
  const auto say_nothing = [](const SoFar&) { return true; };
  return json_answer(documents.search(question, after_each_pause(is_left, say_nothing)));
}

Answer search_lines(const Documents& documents, const TextQuestion& question,
                    const IsLeft& is_left) {
  return lines_answer([&documents, question, is_left](const SendLine& send) {
    const auto say = [&](const SoFar& so_far) { return send(so_far()); };
    const Answer last = answer_or_error(
        [&] { return json_answer(documents.search(question, after_each_pause(is_left, say))); });
    send(last.body);
  });
}

}  // namespace actogram
