// A model without weights, so that everything above it can be tested in milliseconds.
//
// A value is a function of (seed, site, unit, token, position, previous token) and of nothing else:
// the same in any batch, on any thread. Values look like a GELU's, they lie in -0.17 to 4; some are
// exactly 0, and those of every eighth unit are rounded to halves, so that there are many ties.
//
// Attention heads have patterns whose rows add up to 1, a third of them 0, and value vectors that
// two heads share where their number is even.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/source.h"
#include "actogram/tokenizer.h"

namespace actogram {

struct FakeModelOptions {
  uint32_t n_layers = 3;
  uint32_t n_units = 16;
  std::vector<uint32_t> layers = {};               // that have sites; empty: all
  std::vector<std::string> hooks = {"hook_post"};  // sites are blocks.LAYER.mlp.HOOK
  std::string part = "mlp.";                       // or what else is before HOOK
  size_t batch_rows = 64;
  size_t context = 64;   // tokens
  uint32_t tile = 1;     // rows of a sequence are a multiple of it; the filler is NaN
  uint32_t padding = 0;  // floats between the rows
  bool gates = false;    // hand out gates and linear values (with `hooks` as they are)
  uint32_t n_heads = 0;  // of each layer's attention; its sites come after the others
  uint32_t d_head = 5;
  uint64_t seed = 0;
  // One value in so many is NaN, or an infinity of either sign. 0: none.
  uint32_t nan_every = 0;
  uint32_t infinite_every = 0;
};

class FakeModel : public ActivationSource {
 public:
  explicit FakeModel(FakeModelOptions options = {});  // Error{invalid} for a layer it lacks

  const std::vector<Site>& sites() const override { return sites_; }
  size_t batch_rows() const override { return options_.batch_rows; }
  size_t rows_of(size_t n_tokens) const override;
  size_t max_context() const override { return options_.context; }
  std::optional<GateFunction> gate_function() const override {
    return options_.gates ? std::optional(GateFunction::silu) : std::nullopt;
  }
  std::optional<AttentionWeights> attention_weights(size_t site) override;
  void run(std::span<const std::span<const int32_t>> sequences, const Sink& sink) override;

  // The definitions of what heads do in a layer: A(q, k), and dimension `d` of the value vector
  // that KV head `kv` has for a token.
  float pattern(uint32_t layer, uint32_t head, std::span<const int32_t> tokens, uint32_t query,
                uint32_t key) const;
  float vector(uint32_t layer, uint32_t kv, uint32_t d, int32_t token, uint32_t position) const;

  // The definition of a value; run() hands out these. `previous` is -1 at position 0.
  float value(size_t site, uint32_t unit, int32_t token, uint32_t position, int32_t previous) const;
  // The gate and the linear value that come with it, in [-4, 4), one in sixteen 0. hook_post is not
  // their product: nothing above a source may count on that.
  struct GatePair {
    float gate, linear;
  };
  GatePair gates(size_t site, uint32_t unit, int32_t token, uint32_t position,
                 int32_t previous) const;

 private:
  uint64_t hash_of(size_t site, uint32_t unit, int32_t token, uint32_t position,
                   int32_t previous) const;
  // `gate_rows` and `linear_rows` may be null.
  void fill(size_t site, std::span<const int32_t> sequence, float* rows, float* gate_rows,
            float* linear_rows) const;

  uint32_t n_kv_heads() const {
    return options_.n_heads % 2 == 0 ? options_.n_heads / 2 : options_.n_heads;
  }
  uint32_t weight(uint32_t layer, uint32_t head, std::span<const int32_t> tokens, uint32_t query,
                  uint32_t key) const;
  void run_attention(size_t site, std::span<const std::span<const int32_t>> sequences,
                     std::span<const uint32_t> first_row, size_t n_rows, const Sink& sink) const;

  FakeModelOptions options_;
  std::vector<Site> sites_;
  size_t n_token_sites_;
  size_t row_stride_;
};

// Whether a person who names this as model means the fake one: "fake:..." is no file.
inline bool is_fake(std::string_view model) { return model.starts_with("fake:"); }

// Words with the space before them, as far as it has seen to give them numbers at construction;
// everything else byte by byte. Ids 0 to 255 are bytes, 256 is BOS, then the words.
class FakeTokenizer : public Tokenizer {
 public:
  explicit FakeTokenizer(std::vector<std::string> words = {});

  void tokenize(std::string_view text, Special special, std::vector<Token>& out) const override;
  std::optional<int32_t> bos() const override { return kBos; }
  bool adds_bos() const override { return true; }
  std::string piece(int32_t id) const override;
  size_t n_vocab() const override { return size_t{kFirstWord} + words_.size(); }
  std::string apply_chat_template(std::span<const Message> messages) const override;

 private:
  static constexpr int32_t kBos = 256;
  static constexpr int32_t kFirstWord = 257;

  std::vector<std::string> words_;
};

}  // namespace actogram
