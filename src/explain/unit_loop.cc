#include "explain/unit_loop.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "actogram/error.h"
#include "base/threads.h"

namespace actogram {

RunReport for_each_unit(const RunOptions& options, const std::string& task, Journal& journal,
                        ExplanationStore& store, const ProgressFn& progress,
                        const std::function<void(const UnitAddress&)>& body) {
  RunReport report;
  std::mutex mutex;  // guards the report and the progress
  uint64_t n_tried = 0;
  const auto tell = [&] {
    const std::string note =
        fmt::format("{} tokens, {} failed", journal.n_tokens(), report.failures.size());
    progress({.phase = task,
              .done = n_tried,
              .total = options.units.size(),
              .done_before = 0,
              .unit = "units",
              .note = note});
  };
  ThreadPool pool(std::max(options.n_at_once, 1u));
  pool.parallel_for(options.units.size(), [&](size_t i, size_t) {
    const UnitAddress& unit = options.units[i];
    std::string reason;
    try {
      body(unit);
    } catch (const Error& error) {
      reason = error.what();
    }
    if (reason.empty()) {
      store.forget_failure(unit, task);
    } else {
      store.keep(StoredFailure{unit, task, reason});
    }
    const std::lock_guard lock(mutex);
    ++n_tried;
    if (reason.empty()) {
      ++report.n_done;
    } else {
      report.failures.push_back({unit, reason});
    }
    tell();
  });
  std::ranges::sort(report.failures, {}, [](const RunFailure& failure) {
    return std::pair(failure.unit.site, failure.unit.index);
  });
  report.n_asked = journal.n_asked();
  report.n_known = journal.n_known();
  report.n_tokens = journal.n_tokens();
  return report;
}

std::string to_json_text(const RunReport& report) {
  Json failures = Json::array();
  for (const auto& [unit, reason] : report.failures) {
    failures.push_back(
        {{"address", fmt::format("{}/{}", unit.site, unit.index)}, {"reason", reason}});
  }
  return to_text(Json{{"units", report.n_done},
                      {"questions", report.n_asked},
                      {"answered_before", report.n_known},
                      {"tokens", report.n_tokens},
                      {"failures", std::move(failures)}});
}

}  // namespace actogram
