// The logit lens: what a vector at a site adds to the logit of each token, if nothing after it
// reads it.
//
//   write  = W vector       [n_embd]   W: the projection of the site's block; none where the site
//                                      is of the residual stream
//   effect = W_U (g write)  [n_vocab]  minus its mean, which moves no probability
//
// g is the gain of the final norm, and before it of the norm that a block writes through (Gemma 2
// and 3, OLMo 2); a LayerNorm takes the mean of `write` out first. Left out is what depends on the
// text: the scales of those norms, positive numbers, and the cap of Gemma 2's logits; the order of
// tokens stays. Defined as in OpenAI's Transformer Debugger (postprocessing.py).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace actogram {

class LlamaModel;
class ThreadPool;

// Thread-safe. Nothing is kept but the gain: a question reads W_U from the mapped file, which costs
// a nanosecond for each of its numbers and thread.
class LogitLens {
 public:
  // `model` must outlive it. Throws what FileMatrix throws.
  explicit LogitLens(const LlamaModel& model);

  // Of a vector of the site's width, [n_vocab]. The bits do not depend on the threads.
  // Error{unsupported} where the site is none that writes to the residual stream, Error{invalid} if
  // the vector has another width.
  std::vector<float> effects(const std::string& site, std::span<const float> vector,
                             ThreadPool& threads) const;

 private:
  struct Block;  // a block's projection and the norm after it

  std::vector<float> write(const std::string& site, std::span<const float> vector) const;
  std::vector<float> write(const Block& block, uint32_t layer, std::span<const float> vector) const;
  void multiply(const std::string& tensor, std::span<float> numbers) const;

  const LlamaModel& model_;
  MappedFile file_;
  std::string unembedding_;
};

}  // namespace actogram
