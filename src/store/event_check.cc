#include "store/event_check.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>

namespace actogram {
namespace {

class EventChecker {
 public:
  explicit EventChecker(const EventIndex& events) : events_(events), rows_(events.n_units()) {}

  std::vector<std::string> run() {
    check_units();
    if (problems_.empty()) check_tokens();
    return std::move(problems_);
  }

 private:
  static constexpr size_t kEnough = 20;
  bool enough() const { return problems_.size() >= kEnough; }

  template <typename... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    if (!enough()) problems_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void check_units() {
    uint64_t row = 0;
    for (uint64_t unit = 0; unit < events_.n_units() && !enough(); ++unit) {
      const UnitSpan span = events_.span(unit);
      if (span.first_event != row) {
        problem("unit row {}: its events begin at {}, expected {}", unit, span.first_event, row);
      }
      rows_[unit] = row;
      row += span.n_events;
      check_unit(unit, span);
    }
    if (row != events_.n_events()) {
      problem("the units have {} events, the table has {}", row, events_.n_events());
    }
  }

  void check_unit(uint64_t unit, const UnitSpan& span) {
    double sum = 0, sum_of_squares = 0;
    uint64_t least = 0;  // that the next token may be
    for (const UnitEvents::Piece& piece : events_.of_unit(unit).pieces) {
      for (size_t i = 0; i < piece.tokens.size(); ++i) {
        const uint64_t token = piece.tokens[i];
        if (token < least || token >= events_.n_tokens()) {
          return problem("unit row {}: an event at token {}, expected one from {} to {}", unit,
                         token, least, events_.n_tokens());
        }
        const auto value = static_cast<double>(piece.values[i]);
        if (value == 0 || !std::isfinite(value)) {
          problem("unit row {}: an event of {} at token {}", unit, value, token);
        }
        least = token + 1;
        sum += value;
        sum_of_squares += value * value;
      }
    }
    check_sum(unit, "sum", span.sum, sum, std::sqrt(span.n_events * sum_of_squares));
    check_sum(unit, "sum_of_squares", span.sum_of_squares, sum_of_squares, sum_of_squares);
  }

  // `most` bounds the sum of magnitudes. The writer added the same terms in pieces.
  void check_sum(uint64_t unit, const char* name, double found, double expected, double most) {
    constexpr double kRounding = 1e-9;
    if (std::abs(found - expected) <= kRounding * most) return;
    problem("unit row {}: its {} is {}, that of its events {}", unit, name, found, expected);
  }

  // Tokens ascend in both tables, so each unit's next event is that of the next token it is at.
  void check_tokens() {
    for (uint64_t token = 0; token < events_.n_tokens() && !enough(); ++token) {
      const TokenEvents found = events_.at_token(token);
      for (size_t i = 0; i < found.size(); ++i) {
        const uint64_t unit = found.unit(i);
        if (i > 0 && unit <= found.unit(i - 1)) {
          problem("token {}: unit row {} after {}", token, unit, found.unit(i - 1));
        } else if (unit >= events_.n_units()) {
          problem("token {}: unit row {} of {}", token, unit, events_.n_units());
        } else {
          check_event(token, unit, found.values()[i]);
        }
      }
    }
  }

  void check_event(uint64_t token, uint64_t unit, float value) {
    const UnitSpan span = events_.span(unit);
    if (rows_[unit] == span.first_event + span.n_events) {
      return problem("token {}: an event more than unit row {} has", token, unit);
    }
    const UnitEvent event = events_.event(rows_[unit]++);
    if (event.token != token ||
        std::bit_cast<uint32_t>(event.value) != std::bit_cast<uint32_t>(value)) {
      problem("token {}, unit row {}: {} by token, and by unit {} at token {}", token, unit, value,
              event.value, event.token);
    }
  }

  const EventIndex& events_;
  std::vector<uint64_t> rows_;  // [unit] the next of its events
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> problems_of(const EventIndex& events) {
  return EventChecker(events).run();
}

}  // namespace actogram
