// The nouns of actogram. Every layer speaks in these; read this file first.
//
// A *unit* (MLP neuron, attention head, SAE latent) is one index at a *site* of the model. The
// model reads *sequences* of tokens; a (sequence, position) pair is a *place*; the number a unit
// has at a place is its *value*. What a recording keeps of a unit is a *summary* of all its values
// and a few *exemplars*: places chosen to show it, with the window of values around them.
// Names follow TransformerLens: `blocks.5.mlp.hook_post`.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace actogram {

// One place in the model where a vector of unit values is read, for example
// {"blocks.5.mlp.hook_post", 5, 1536}.
struct Site {
  std::string name;
  uint32_t layer = 0;
  uint32_t n_units = 0;

  bool operator==(const Site&) const = default;
};

// What an MLP applies to its gate: silu(x) = x / (1 + e^-x), or GELU in its tanh form.
enum class GateFunction : uint8_t { silu, gelu_tanh };

// What the three weight vectors of a gated neuron say before any text is read: what it reads
// through its gate (w_gate) and linearly (w_in), and what it writes (w_out). They are taken as
// TransformerLens folds them (core/neuron_weights.h). A cosine is NaN where a vector is zero.
struct NeuronWeights {
  double norm_gate = 0;
  double norm_in = 0;
  double norm_out = 0;
  double cos_gate_in = 0;
  double cos_gate_out = 0;
  double cos_in_out = 0;
  int32_t sign = 1;  // of w_gate . w_in; +1 for 0

  bool operator==(const NeuronWeights&) const = default;
};

// A neuron computes the same if w_in and w_out are both negated. So the signs may be the model's
// own, or chosen so that w_gate . w_in >= 0, which GLUScope calls refactor_glu. `recorded` is
// whichever a recording was made to show.
enum class GluSigns : uint8_t { recorded, model, refactored };

// A unit as a person writes it: "blocks.5.mlp.hook_post/123" or, short, "5.mlp/123".
struct UnitAddress {
  std::string site;
  uint32_t index = 0;

  bool operator==(const UnitAddress&) const = default;
};

// One token of the corpus: the sequence's number in the recording, and the position in it.
struct Place {
  uint32_t sequence = 0;
  uint32_t position = 0;

  auto operator<=>(const Place&) const = default;
};

// One token as the model read it. [begin, end) are bytes of the document; a token that the
// tokenizer added (BOS, the space that SentencePiece prepends) covers no byte.
struct Token {
  int32_t id = 0;
  uint64_t begin = 0;
  uint64_t end = 0;

  bool operator==(const Token&) const = default;
};

// One turn of a chat; the model's own template turns a list of them into text.
struct Message {
  std::string role;
  std::string content;

  bool operator==(const Message&) const = default;
};

// One text of the corpus. `text` is bytes: valid UTF-8 or not, they come back as they were.
struct Document {
  uint32_t source = 0;   // which CORPUS argument it came from
  uint64_t ordinal = 0;  // its place in that source, from 0
  std::string name;      // file name, "file.jsonl:17", or the id the data set gives
  std::string text;      // empty where `messages` is used, until the template is applied
  std::vector<Message> messages;
  std::vector<int32_t> ids =
      {};  // tokens that were prepared elsewhere; `text` is what they stand for
};

// The moments of all finite values of a unit. Definitions as in scipy.stats with bias=True:
// variance divides by count, skewness is m3 / m2^1.5, kurtosis is m4 / m2^2 (3 for a Gaussian).
// Where count is 0 every moment is NaN; where the variance is 0, skewness and kurtosis are NaN.
struct Summary {
  uint64_t count = 0;       // finite values
  uint64_t n_nan = 0;       // values that were NaN: counted here and nowhere else
  uint64_t n_infinite = 0;  // likewise for +inf and -inf
  uint64_t n_positive = 0;  // finite values above 0
  double mean = 0;
  double variance = 0;
  double skewness = 0;
  double kurtosis = 0;
  float min = 0;
  float max = 0;
  Place min_at;  // the first place in corpus order where the value is `min`
  Place max_at;
};

// Why a place was kept for a unit. Bits, because one sequence may be both a top and a random one.
// Do not change these values: they are written in recordings.
enum Group : uint16_t {
  kTop = 1 << 0,      // the sequences with the highest maximum, highest first
  kBottom = 1 << 1,   // the sequences with the lowest minimum, lowest first
  kRandom = 1 << 2,   // sequences drawn uniformly
  kBucket0 = 1 << 3,  // drawn uniformly where the sequence's maximum lies in quantiles [0, .5)
  kBucket1 = 1 << 4,  // [.5, .9)
  kBucket2 = 1 << 5,  // [.9, .99)
  kBucket3 = 1 << 6,  // [.99, .999)
  kBucket4 = 1 << 7,  // [.999, 1]
};
inline constexpr int kNumBuckets = 5;
inline constexpr double kBucketQuantiles[kNumBuckets + 1] = {0, .5, .9, .99, .999, 1};

// A place kept for a unit, with the values around it.
struct Exemplar {
  Place at;
  float value = 0;            // the unit's value at `at`
  uint16_t groups = 0;        // bits of Group; 0 is kept only so that recordings can be merged
  uint32_t window_begin = 0;  // position of window[0] in the sequence
  std::vector<float> window;  // [n_positions]
};

}  // namespace actogram
