#include "store/class_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "store/corpus_tables.h"

namespace actogram {
namespace {

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

class ClassChecker {
 public:
  ClassChecker(std::span<const ClassRecord> classes, const ClassContext& context)
      : classes_(classes), context_(context) {}

  std::vector<std::string> run() {
    uint64_t counted = 0;
    for (size_t c = 0; c < classes_.size(); ++c) {
      counted += classes_[c].count;
      check_counts(c);
      for (size_t q = 0; q < kNumGatedQuantities; ++q) check_list(c, q);
    }
    if (context_.unit != nullptr && counted > context_.unit->summary.count) {
      problem("its classes hold {} tokens, but it has {} values", counted,
              context_.unit->summary.count);
    }
    return std::move(problems_);
  }

 private:
  template <typename... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void check_counts(size_t c) {
    const ClassRecord& record = classes_[c];
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      if (!same(context_.means[c][q], record.mean(q))) {
        problem("{}: the mean of {} is {}, but its sum by {} tokens {}", kSignClassNames[c],
                kGatedQuantityNames[q], context_.means[c][q], record.count, record.mean(q));
      }
      if (record.count == 0 && record.sums[q] != ExactSum()) {
        problem("{}: no tokens, but a sum of {}", kSignClassNames[c], kGatedQuantityNames[q]);
      }
    }
    // Both are never 0 in a class, so each of its sequences is in both lists, as far as they go.
    const size_t n = record.peaks[kPre].size();
    if (n != record.peaks[kPreLinear].size()) {
      problem("{}: {} peaks of hook_pre and {} of hook_pre_linear", kSignClassNames[c], n,
              record.peaks[kPreLinear].size());
    }
    if (n == 0 && record.count > 0 && context_.class_top > 0) {
      problem("{}: {} tokens, but no peaks", kSignClassNames[c], record.count);
    }
  }

  void check_list(size_t c, size_t q) {
    const std::vector<ClassPeak>& peaks = classes_[c].peaks[q];
    const auto most = std::min<uint64_t>(context_.class_top, classes_[c].count);
    if (peaks.size() > (has_peaks(c, q) ? most : 0)) {
      problem("{}: {} peaks of {} where {} are possible", kSignClassNames[c], peaks.size(),
              kGatedQuantityNames[q], has_peaks(c, q) ? most : 0);
    }
    std::vector<uint32_t> sequences;
    for (const ClassPeak& peak : peaks) {
      sequences.push_back(peak.at.sequence);
      check_peak(c, q, peak);
    }
    std::ranges::sort(sequences);
    if (const auto twice = std::ranges::adjacent_find(sequences); twice != sequences.end()) {
      problem("{}: sequence {} has two peaks of {}", kSignClassNames[c], *twice,
              kGatedQuantityNames[q]);
    }
  }

  // hook_post has the sign that the model gives it.
  static bool has_sign(size_t c, size_t q, float value) {
    const bool in_is_positive = c % 2 == 0;
    if (q == kPost) return std::isfinite(value);
    const bool positive = q == kPreLinear ? in_is_positive : gate_is_positive(c);
    return std::isfinite(value) && (value > 0) == positive;
  }

  void check_peak(size_t c, size_t q, const ClassPeak& peak) {
    const auto what = [&] {
      return fmt::format("{}: {} of {} at sequence {}, position {}", kSignClassNames[c],
                         kGatedQuantityNames[q], peak.value, peak.at.sequence, peak.at.position);
    };
    if (!has_sign(c, q, peak.value)) problem("{}: not of this class", what());
    if (context_.corpus != nullptr && peak.at.sequence < context_.corpus->n_sequences()) {
      // Of an import's text it is not known how it was cut.
      const uint32_t n_tokens = context_.corpus->sequence(peak.at.sequence).n_tokens;
      if (n_tokens > 0 && peak.at.position >= n_tokens) {
        problem("{}, which has {} tokens", what(), n_tokens);
      }
    }
    if (q == kPost && context_.unit != nullptr) check_value(peak, what());
  }

  void check_value(const ClassPeak& peak, const std::string& what) {
    const UnitRecord& unit = *context_.unit;
    if (peak.value < unit.summary.min || peak.value > unit.summary.max) {
      problem("{}, but its values lie between {} and {}", what, unit.summary.min, unit.summary.max);
    }
    for (const auto* list : {&unit.maximum_peaks, &unit.minimum_peaks}) {
      for (const KeptPeak& kept : *list) {
        if (kept.at.sequence != peak.at.sequence || peak.at.position < kept.window_begin) continue;
        const uint64_t at = peak.at.position - kept.window_begin;
        if (at >= kept.window.size() || kept.window[at] == peak.value) continue;
        return problem("{}, but a window has {} there", what, kept.window[at]);
      }
    }
  }

  std::span<const ClassRecord> classes_;
  const ClassContext& context_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> problems_of_classes(std::span<const ClassRecord> classes,
                                             const ClassContext& context) {
  return ClassChecker(classes, context).run();
}

}  // namespace actogram
