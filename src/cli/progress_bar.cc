#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "query/facts.h"

namespace actogram {
namespace {

std::string duration(double seconds) {
  const auto s = static_cast<uint64_t>(std::llround(seconds));
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string bar(double share) {
  constexpr int kWidth = 24;
  const int full = static_cast<int>(share * kWidth);
  std::string text;
  for (int i = 0; i < kWidth; ++i) text += i < full ? "━" : "·";
  return text;
}

}  // namespace

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() { end_line(); }

void ProgressBar::end_line() {
  if (line_open_) std::fputc('\n', stderr);
  line_open_ = false;
}

void ProgressBar::show(const Progress& progress) {
  const auto now = Clock::now();
  const bool new_phase = progress.phase != phase_;
  if (new_phase) {
    end_line();
    phase_ = progress.phase;
    phase_began_ = now;
    if (!terminal_) last_shown_ = now;
  }
  const bool done = progress.total > 0 && progress.done >= progress.total;
  const std::chrono::duration<double> since = now - last_shown_;
  const double interval = terminal_ ? 0.1 : 10;
  if (!done && (new_phase ? !terminal_ : since.count() < interval)) return;
  last_shown_ = now;
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", line_for(progress).c_str());
    line_open_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line_for(progress).c_str());
  }
  std::fflush(stderr);
}

std::string ProgressBar::line_for(const Progress& progress) const {
  const std::chrono::duration<double> elapsed = Clock::now() - phase_began_;
  const auto done_now = static_cast<double>(progress.done - progress.done_before);
  constexpr double kLeastSeconds = 0.5;  // before that a speed says nothing
  const double speed = elapsed.count() > kLeastSeconds ? done_now / elapsed.count() : 0;
  std::string line = fmt::format("{}: ", progress.phase);
  if (progress.total > 0) {
    const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
    if (terminal_) line += bar(std::min(share, 1.0)) + " ";
    line += fmt::format("{:.0f} %", 100 * share);
    if (!progress.unit.empty()) {
      line += fmt::format(" of {} {}", readable_count(progress.total), progress.unit);
    }
  } else {
    line += fmt::format("{} {}", readable_count(progress.done), progress.unit);
  }
  if (speed > 0 && !progress.unit.empty())
    line += fmt::format(", {} {}/s", readable_count(static_cast<uint64_t>(speed)), progress.unit);
  if (speed > 0 && progress.total > progress.done) {
    line += fmt::format(", {} left",
                        duration(static_cast<double>(progress.total - progress.done) / speed));
  }
  if (!progress.note.empty()) line += fmt::format("; {}", progress.note);
  return line;
}

}  // namespace actogram
