#include "model/llama_embedder.h"

#include <llama.h>

#include <algorithm>
#include <thread>

#include "actogram/error.h"
#include "model/llama_log.h"
#include "model/llama_model.h"

namespace actogram {

void LlamaEmbedder::Free::operator()(llama_context* context) const { llama_free(context); }

LlamaEmbedder::LlamaEmbedder(const LlamaModel& model, uint32_t n_threads) : model_(model) {
  const uint32_t threads =
      n_threads ? n_threads : std::max(1U, std::thread::hardware_concurrency());
  llama_context_params params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = kMostEmbeddedTokens;
  params.n_threads = params.n_threads_batch = static_cast<int32_t>(threads);
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.embeddings = true;
  params.pooling_type = LLAMA_POOLING_TYPE_MEAN;
  params.no_perf = true;
  const LlamaLog log;
  context_.reset(llama_init_from_model(model.handle(), params));
  if (!context_) {
    fail(Code::environment, "llama.cpp cannot make a context for embeddings of {}: {}",
         model.info().name, log.text());
  }
}

LlamaEmbedder::~LlamaEmbedder() = default;

std::vector<float> LlamaEmbedder::embed(std::span<const int32_t> tokens) {
  if (tokens.empty() || tokens.size() > kMostEmbeddedTokens) {
    fail(Code::invalid, "a text of {} tokens cannot be embedded by {}; expected 1 to {}",
         tokens.size(), model_.path().filename().string(), kMostEmbeddedTokens);
  }
  std::vector<llama_token> copy(tokens.begin(), tokens.end());
  llama_memory_clear(llama_get_memory(context_.get()), false);
  const LlamaLog log;
  const llama_batch batch = llama_batch_get_one(copy.data(), static_cast<int32_t>(copy.size()));
  const int32_t status = llama_decode(context_.get(), batch);
  const float* pooled = status == 0 ? llama_get_embeddings_seq(context_.get(), 0) : nullptr;
  if (!pooled) {
    fail(Code::environment, "llama.cpp cannot embed a text of {} tokens (status {}): {}",
         tokens.size(), status, log.text());
  }
  return {pooled, pooled + model_.info().n_embd};
}

}  // namespace actogram
