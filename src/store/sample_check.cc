#include "store/sample_check.h"

#include <algorithm>
#include <cmath>

#include "core/unit_address.h"
#include "store/recording.h"

namespace actogram {
namespace {

class SampleChecker {
 public:
  explicit SampleChecker(const Recording& recording)
      : recording_(recording), samples_(*recording.samples()) {}

  std::vector<std::string> run() {
    check_places();
    uint64_t row = 0;
    const std::vector<Site>& sites = recording_.manifest().sites;
    for (size_t s = 0; s < sites.size(); ++s) {
      std::vector<Summary> summaries;
      if (recording_.manifest().holds == Holds::everything) {
        summaries = recording_.units().summaries(s);
      }
      for (uint32_t unit = 0; unit < sites[s].n_units; ++unit, ++row) {
        if (row >= samples_.n_units() || problems_.size() >= kEnough) return std::move(problems_);
        check_unit(row, fmt::format("{}/{}", short_site_name(sites[s].name), unit),
                   summaries.empty() ? nullptr : &summaries[unit]);
      }
    }
    return std::move(problems_);
  }

 private:
  static constexpr size_t kEnough = 20;

  template <typename... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    if (problems_.size() < kEnough) {
      problems_.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
  }

  void check_places() {
    const Manifest& manifest = recording_.manifest();
    uint64_t expected = manifest.collate.samples;
    if (const auto n = manifest.corpus.find("n_sequences");
        n != manifest.corpus.end() && n->is_number_unsigned()) {
      expected = std::min(expected, n->get<uint64_t>());
    }
    const auto& positions = samples_.positions();
    if (positions.size() != expected) {
      return problem("{} sampled places, expected {}", positions.size(), expected);
    }
    if (!manifest.has_corpus()) return;
    for (uint64_t i = 0; i < positions.size(); ++i) {
      const SequenceRow sequence = recording_.corpus().sequence(i);
      if (manifest.holds == Holds::everything) {
        const uint32_t drawn = sampled_position(sequence.key, sequence.n_tokens);
        if (positions[i] == drawn) continue;
        problem("sequence {} is sampled at position {}; its key draws {}", i, positions[i], drawn);
      } else if (sequence.n_tokens > 0 && positions[i] >= sequence.n_tokens) {
        problem("sequence {} is sampled at position {}; it has {} tokens", i, positions[i],
                sequence.n_tokens);
      }
    }
  }

  void check_unit(uint64_t row, const std::string& name, const Summary* summary) {
    try {
      const UnitSamples unit = samples_.unit(row);
      if (row == 0) gated_ = !unit[1].empty();
      if (unit[1].empty() == gated_ || unit[2].empty() == gated_) {
        problem("{}: samples of {} and {} where other units have {}", name, unit[1].size(),
                unit[2].size(), gated_ ? "both" : "neither");
      }
      if (summary != nullptr) check_values(name, unit[0], *summary);
    } catch (const Error& error) {
      problem("{}: {}", name, error.what());
    }
  }

  void check_values(const std::string& name, std::span<const float> values,
                    const Summary& summary) {
    uint64_t n_not_finite = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        ++n_not_finite;
      } else if (values[i] < summary.min || values[i] > summary.max) {
        problem("{}: sampled as {} in sequence {}, but it lies between {} and {}", name, values[i],
                i, summary.min, summary.max);
      }
    }
    const uint64_t known = summary.n_nan + summary.n_infinite;
    if (n_not_finite > known) {
      problem("{}: {} samples are not finite, but only {} of its values", name, n_not_finite,
              known);
    }
  }

  const Recording& recording_;
  const SampleTable& samples_;
  bool gated_ = false;  // whether units have samples of the gate and the linear input
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> problems_of_samples(const Recording& recording) {
  return SampleChecker(recording).run();
}

}  // namespace actogram
