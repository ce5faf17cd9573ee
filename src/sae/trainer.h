// Trains a top-k sparse autoencoder, as Gao et al. 2024 (arXiv 2406.04093) and OpenAI's
// sparse_autoencoder do. With x a row of a batch, normalised by the caller:
//
//   h  = W_enc (x - b_dec) + b_enc       z = relu of the k largest h       x^ = W_dec z + b_dec
//   e  = x - x^, as a constant           a = relu of the k_aux largest h of dead latents
//   loss = mean (x^ - x)^2 / variance  +  aux_coefficient * mean (W_dec a - e)^2 / variance of e
//
// Rows of W_dec (d_in numbers, one for each latent) are kept at length 1, and the part of their
// gradient that would change it is removed first. A latent is dead if it was not on in the last
// `dead_tokens` rows before the batch.
//
// Only products for h are dense; k of n latents take part in everything else, so a step costs
// little more than encoding. Gradients are never kept: a thread takes some latents, adds up theirs
// from the rows where they were on, in order, and applies them. So the same rows and seed give the
// same bytes, whatever the threads. Memory: W_enc and W_dec, each three times (Adam), and a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/memory.h"
#include "base/threads.h"
#include "sae/adam.h"
#include "sae/top_latents.h"

namespace actogram {

struct TrainerOptions {
  uint32_t d_in = 0;
  uint32_t n_latents = 0;
  uint32_t k = 0;
  uint32_t k_aux = 0;                 // 0: half of d_in
  double aux_coefficient = 1.0 / 32;  // 0: without the auxiliary loss
  uint64_t dead_tokens = 10'000'000;
  uint64_t seed = 0;
  uint32_t n_threads = 1;  // changes no number
};

// Of one batch, before its update.
struct StepReport {
  double loss = 0;      // the first term
  double aux_loss = 0;  // the second, without its coefficient; 0 where no latent is dead
};

// Of rows that were not trained on.
struct Evaluation {
  double fvu = 0;         // |x^ - x|^2 / |x - mean|^2, both summed over all rows
  double l0 = 0;          // latents that are on, on average
  double dead_share = 0;  // of all latents, those that count as dead in training
};

class SaeTrainer {
 public:
  // Error{invalid} for k or n_latents that cannot be meant.
  explicit SaeTrainer(const TrainerOptions& options);

  // Begins: b_dec is the geometric median of `sample`, [n_rows, d_in], n_rows > 0, decoder rows
  // point in random directions, encoder rows in the same, of the length that gives back the length
  // of random rows. Error{invalid} if all rows are the same.
  void begin(const float* sample, size_t n_rows);

  // One update from `rows`, [n_rows, d_in], n_rows > 0.
  StepReport step(const float* rows, size_t n_rows, double learning_rate);

  Evaluation evaluate(const float* rows, size_t n_rows);

  const TrainerOptions& options() const { return options_; }
  uint64_t n_steps() const { return n_steps_; }
  ThreadPool& pool() { return pool_; }

  // [n_latents, d_in] each; b_enc [n_latents], b_dec [d_in].
  std::span<const float> w_enc() const { return rows_of(w_enc_); }
  std::span<const float> w_dec() const { return rows_of(w_dec_); }
  std::span<const float> b_enc() const { return b_enc_.values; }
  std::span<const float> b_dec() const { return b_dec_.values; }

  // Everything that step() changes, as bytes in one order: for checkpoints. restore() takes the
  // same bytes for the same options; Error{corrupt} if there are more or fewer.
  void save(const std::function<void(std::span<const std::byte>)>& write);
  void restore(std::span<const std::byte> bytes);

 private:
  // A matrix of one row for each latent, padded to whole tiles, and Adam's two moments of it.
  struct Matrix {
    HugeBuffer values, m, v;
  };
  struct Vector {
    std::vector<float> values, m, v;
  };
  // A latent that was on in a row: which gradient of a reconstruction it takes part in.
  struct Part {
    uint32_t gradient_row = 0;  // auxiliary ones follow those of the batch's rows
    float value = 0;
    float d_value = 0;  // of the loss by h
  };

  size_t padded_latents() const;
  std::span<const float> rows_of(const Matrix& matrix) const;
  AdamRow row_of(Matrix& matrix, size_t latent) const;
  std::vector<uint32_t> dead_latents() const;
  std::vector<std::span<std::byte>> state();

  void random_directions();
  void scale_encoder();
  void centre(const float* rows, size_t n_rows);
  void encode(const float* rows, size_t n_rows, std::span<const uint32_t> dead);
  double reconstruct(const float* rows, size_t n_rows);
  double reconstruct_errors(size_t n_rows);
  void differentiate(size_t n_rows);
  void sort_by_latent();
  void update(size_t n_rows, const AdamStep& adam);
  void update_latent(size_t latent, const AdamStep& adam, std::vector<float>& gradients,
                     std::span<double> bias_gradient);
  void mark_fired(size_t n_rows);

  TrainerOptions options_;
  ThreadPool pool_;
  TopLatents top_;
  Matrix w_enc_, w_dec_;
  Vector b_enc_, b_dec_;
  std::vector<uint64_t> last_on_;  // [latent]: rows seen when it was last on
  uint64_t n_rows_seen_ = 0;
  uint64_t n_steps_ = 0;
  double variance_ = 1;  // of a number of the sample

  // The batch at hand.
  std::vector<float> centred_;     // [whole tiles of rows, d_in]
  std::vector<float> gradients_;   // [2 * n_rows, d_in]: of the loss by x^, then by W_dec a
  std::vector<size_t> row_begin_;  // [2 * n_rows + 1]: where a gradient row's events begin
  std::vector<LatentEvent> events_;
  std::vector<float> d_values_;       // [event]
  std::vector<Part> parts_;           // by latent, then gradient row
  std::vector<size_t> latent_begin_;  // [n_latents + 1] into parts_
};

}  // namespace actogram
