#include "store/head_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "store/corpus_tables.h"

namespace actogram {
namespace {

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

class HeadChecker {
 public:
  HeadChecker(const UnitRecord& unit, const HeadContext& context)
      : unit_(unit), head_(*unit.head), corpus_(context.corpus), options_(context.options) {}

  std::vector<std::string> run(const HeadContext& context) {
    check_means(context.means);
    check_counts(context.n_pairs);
    check_groups();
    for (const HeadPeak& peak : head_.peaks) check_peak(peak);
    return std::move(problems_);
  }

 private:
  template <typename... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void check_means(const std::array<double, 5>& means) {
    constexpr const char* kNames[] = {"entropy", "self", "previous", "first", "induction"};
    for (size_t i = 0; i < means.size(); ++i) {
      const double expected = head_.scores.mean(static_cast<HeadSum>(i));
      if (same(means[i], expected)) continue;
      problem("the mean of {} is {}, but its sum gives {}", kNames[i], means[i], expected);
    }
  }

  // Of others' data only the excerpts are known.
  bool is_imported() const {
    const auto has_values = [](const HeadPeak& peak) { return peak.key_norms.empty(); };
    return !head_.peaks.empty() && std::ranges::all_of(head_.peaks, has_values);
  }

  // With the BOS left out there are fewer pairs, by one a token at most.
  void check_counts(uint64_t n_pairs) {
    if (is_imported()) return;
    const uint64_t least = options_.attn_skip_bos ? n_pairs - corpus_.n_tokens() : n_pairs;
    const Summary& summary = unit_.summary;
    const uint64_t found = summary.count + summary.n_nan + summary.n_infinite;
    if (found < least || found > n_pairs) {
      problem("{} values, but the corpus has {} pairs", found, n_pairs);
    }
    const uint64_t n_queries = corpus_.n_tokens() - corpus_.n_sequences();
    const bool whole = summary.n_nan + summary.n_infinite == 0 && !options_.attn_skip_bos;
    if (head_.scores.n_queries > n_queries || (whole && head_.scores.n_queries != n_queries)) {
      problem("{} queries, but the corpus has {}", head_.scores.n_queries, n_queries);
    }
    if (!unit_.maximum_peaks.empty() || !unit_.minimum_peaks.empty()) {
      problem("it has peaks of single tokens");
    }
  }

  void check_groups() {
    std::vector<HeadPeak> expected = head_.peaks;
    assign_head_groups(expected, options_);
    for (size_t i = 0; i < expected.size(); ++i) {
      const HeadPeak& peak = head_.peaks[i];
      if (peak.groups != 0 && peak.groups == expected[i].groups && peak.at == expected[i].at)
        continue;
      return problem("its excerpts are not in order, or in other groups than they belong to");
    }
    if (options_.top > 0 && unit_.summary.count > 0 &&
        (head_.peaks.empty() || head_.peaks.front().value != unit_.summary.max)) {
      problem("the first excerpt is not that of its highest value, {}", unit_.summary.max);
    }
  }

  void check_peak(const HeadPeak& peak) {
    const auto what = [&] {
      return fmt::format("the excerpt of sequence {}, query {}, key {}", peak.at.sequence,
                         peak.at.position, peak.key);
    };
    if (peak.at.sequence >= corpus_.n_sequences()) {
      return problem("{}: there are {} sequences", what(), corpus_.n_sequences());
    }
    const uint32_t n_tokens = corpus_.sequence(peak.at.sequence).n_tokens;
    if (peak.key > peak.at.position || peak.at.position >= n_tokens) {
      return problem("{}: the sequence has {} tokens", what(), n_tokens);
    }
    const uint32_t n = std::min(n_tokens, options_.window);
    const uint32_t begin = head_window_begin(peak.at.position, peak.key, n_tokens, options_.window);
    if (peak.n != n || peak.window_begin != begin) {
      return problem("{}: its window has {} tokens from position {}, expected {} from {}", what(),
                     peak.n, peak.window_begin, n, begin);
    }
    check_values(peak, what());
  }

  void check_values(const HeadPeak& peak, const std::string& what) {
    const uint32_t query = peak.at.position - peak.window_begin;
    for (uint32_t q = 0; q < peak.n; ++q) {
      for (uint32_t k = 0; k <= q; ++k) {
        const float pattern = peak.pattern[triangle_at(q, k)];
        const float value = peak.key_norms.empty() ? pattern : pattern * peak.key_norms[k];
        if (q == query && k + peak.window_begin == peak.key && value != peak.value) {
          return problem("{} is {}, but its window has {} there", what, peak.value, value);
        }
        const bool counts = !options_.attn_skip_bos || k + peak.window_begin > 0;
        if (counts && std::isfinite(value) && value > peak.value) {
          return problem("{} is {}, but its window has {}", what, peak.value, value);
        }
      }
    }
  }

  const UnitRecord& unit_;
  const HeadRecord& head_;
  const CorpusTables& corpus_;
  const CollateOptions& options_;
  std::vector<std::string> problems_;
};

}  // namespace

uint64_t count_pairs(const CorpusTables& corpus) {
  uint64_t n_pairs = 0;
  for (uint64_t s = 0; s < corpus.n_sequences(); ++s) {
    n_pairs += triangle_size(corpus.sequence(s).n_tokens);
  }
  return n_pairs;
}

std::vector<std::string> problems_of_head(const UnitRecord& unit, const HeadContext& context) {
  return HeadChecker(unit, context).run(context);
}

}  // namespace actogram
