#include "model/token_picker.h"

#include <llama.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "actogram/error.h"
#include "base/hash.h"
#include "model/llama_generator.h"
#include "model/llama_log.h"

namespace actogram {
namespace {

constexpr float kRuledOut = -std::numeric_limits<float>::infinity();

}  // namespace

void TokenPicker::Free::operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }

TokenPicker::TokenPicker(const llama_vocab* vocab, const AnswerOptions& options)
    : temperature_(options.temperature), draw_(options.seed) {
  if (options.grammar.empty()) return;
  const LlamaLog log;
  grammar_.reset(llama_sampler_init_grammar(vocab, options.grammar.c_str(), "root"));
  if (!grammar_) fail(Code::invalid, "llama.cpp refuses the grammar: {}", log.text());
}

TokenPicker::~TokenPicker() = default;

bool TokenPicker::allows(const llama_token_data& candidate) const {
  llama_token_data one = candidate;
  llama_token_data_array list{&one, 1, -1, false};
  llama_sampler_apply(grammar_.get(), &list);
  return one.logit > kRuledOut;
}

size_t TokenPicker::choose() {
  const auto likeliest = std::ranges::max_element(candidates_, {}, &llama_token_data::logit);
  if (temperature_ <= 0) return static_cast<size_t>(likeliest - candidates_.begin());
  double sum = 0;
  const auto weight = [&](const llama_token_data& candidate) {
    return std::exp((double{candidate.logit} - double{likeliest->logit}) / temperature_);
  };
  for (const llama_token_data& candidate : candidates_) sum += weight(candidate);
  double left = static_cast<double>(mix64(draw_++) >> 11) * 0x1p-53 * sum;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    left -= weight(candidates_[i]);
    if (left < 0) return i;
  }
  return static_cast<size_t>(likeliest - candidates_.begin());
}

// To ask the grammar of every token takes long, so it is first asked of the one that would be taken
// without it: a draw that is made again among the allowed when it is not has the same chances.
int32_t TokenPicker::pick(std::span<const float> logits) {
  candidates_.resize(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) candidates_[i] = {static_cast<int>(i), logits[i], 0};
  size_t chosen = choose();
  if (!grammar_) return candidates_[chosen].id;
  if (!allows(candidates_[chosen])) {
    llama_token_data_array all{candidates_.data(), candidates_.size(), -1, false};
    llama_sampler_apply(grammar_.get(), &all);
    chosen = choose();
    if (candidates_[chosen].logit == kRuledOut) {
      fail(Code::corrupt, "no token of the model goes on with the answer's grammar");
    }
  }
  llama_sampler_accept(grammar_.get(), candidates_[chosen].id);
  return candidates_[chosen].id;
}

}  // namespace actogram
