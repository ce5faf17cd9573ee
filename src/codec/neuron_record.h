// NeuronRecord, the JSON that the Transformer Debugger and automated-interpretability keep of one
// unit (github openai/transformer-debugger, neuron_explainer/activations/activations.py): excerpts
// of text as token strings, each with the unit's values, in several lists, and the unit's moments.
//
//   NeuronRecord     := {neuron_id: {layer_index, neuron_index}, LIST: [ActivationRecord],
//                        random_sample_by_quantile: [[ActivationRecord]] | null,
//                        quantile_boundaries: [number | null] | null, MOMENT: number | null}
//   ActivationRecord := {tokens: [string], activations: [number]}
//
// There is one value a token, or one for each pair of tokens (formats/pair_triangle.h); which of
// the two is not said. All excerpts share three arrays here, so that a record read into the memory
// of the one before it allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace actogram {

// How the numbers of an excerpt are written, if float32 holds them all.
enum class NumberForm : uint8_t {
  float32 = 0,  // 0.1: the shortest text that gives the float32
  doubles = 1,  // 0.10000000149011612: the float32's own value
  others = 2,   // numbers that no float32 gives back in either form
};

// One ActivationRecord; parts of the arrays of its NeuronRecord.
struct RecordExcerpt {
  static constexpr uint32_t kTop = 0, kRandom = 1, kFirstBucket = 2;

  uint32_t list = kTop;  // kTop, kRandom, or kFirstBucket and the bucket's number
  size_t first_token = 0;
  size_t n_tokens = 0;
  size_t first_value = 0;
  size_t n_values = 0;
  NumberForm form = NumberForm::float32;

  // Where lists of tokens are looked for in KnownLists: this one's hash, and its number if it is
  // known. Then its tokens are not here; only how many they are.
  Hash128 json{};
  std::optional<uint32_t> known{};
};

struct NeuronRecord {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  uint32_t layer = 0;
  uint32_t index = 0;  // of the neuron, the head or the latent
  double mean = kUnknown;
  double variance = kUnknown;
  double skewness = kUnknown;
  double kurtosis = kUnknown;
  bool has_buckets = false;  // false: random_sample_by_quantile is null
  uint32_t n_buckets = 0;
  std::vector<double> boundaries{};  // null ends are infinite; empty: null
  std::vector<RecordExcerpt> excerpts{};

  std::string text{};                // all token strings, one after another
  std::vector<size_t> tokens_end{};  // [token] in `text`
  std::vector<double> values{};

  std::string_view token(size_t i) const {
    const size_t begin = i == 0 ? 0 : tokens_end[i - 1];
    return std::string_view(text).substr(begin, tokens_end[i] - begin);
  }
  std::span<const double> values_of(const RecordExcerpt& excerpt) const {
    return std::span(values).subspan(excerpt.first_value, excerpt.n_values);
  }
  void clear();  // keeps the memory
};

// "most_positive_activation_records", "random_sample", "random_sample_by_quantile 3".
std::string name_of_list(uint32_t list);

}  // namespace actogram
