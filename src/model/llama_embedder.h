// What a loaded model makes of a whole text: the mean over its tokens of the vectors at the end of
// the last layer. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct llama_context;

namespace actogram {

class LlamaModel;

inline constexpr uint32_t kMostEmbeddedTokens = 512;  // llama.cpp takes the mean within one batch

class LlamaEmbedder {
 public:
  // `model` has weights and outlives the embedder.
  LlamaEmbedder(const LlamaModel& model, uint32_t n_threads);  // 0: one for each core
  ~LlamaEmbedder();

  // [n_embd]; Error{invalid} for no tokens, or more than kMostEmbeddedTokens.
  std::vector<float> embed(std::span<const int32_t> tokens);

 private:
  struct Free {
    void operator()(llama_context* context) const;
  };

  const LlamaModel& model_;
  std::unique_ptr<llama_context, Free> context_;
};

}  // namespace actogram
