// Progress on stderr: a bar that is redrawn on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "base/progress.h"

namespace actogram {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();  // ends the bar's line

  void show(const Progress& progress);
  ProgressFn callback() {
    return [this](const Progress& progress) { show(progress); };
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::string line_for(const Progress& progress) const;
  void end_line();

  bool terminal_;
  std::string phase_;
  Clock::time_point phase_began_;
  Clock::time_point last_shown_;
  bool line_open_ = false;
};

}  // namespace actogram
