// Which latents are on while an SAE is trained: of every row the k strongest, as encoder.h finds
// them, and of the latents that count as dead the k_aux strongest, for the auxiliary loss.
//
// Works on weights that change from batch to batch, so nothing is copied: the encoder's matrix is
// padded with zeros to whole tiles by its owner. Values and choices do not depend on the threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "sae/strongest.h"

namespace actogram {

class TopLatents {
 public:
  struct Weights {
    const float* w_enc = nullptr;  // [whole tiles of latents, d_in]
    std::span<const float> b_enc;  // [n_latents]
    size_t d_in = 0;
  };
  struct Counts {
    size_t k = 0;
    size_t k_aux = 0;
  };

  explicit TopLatents(ThreadPool& pool);

  // `rows` is [whole tiles of rows, d_in], centred, padded with zeros after n_rows. `dead` lists
  // latents in rising order; no auxiliary ones are looked for if it is empty.
  void find(const float* rows, size_t n_rows, const Weights& weights, Counts counts,
            std::span<const uint32_t> dead);

  // By row, then latent; values are above 0.
  std::span<const LatentEvent> strongest() const { return strongest_; }
  std::span<const LatentEvent> auxiliary() const { return auxiliary_; }

 private:
  struct Found {
    Strongest all, dead;
  };

  void search_tile(size_t row_tile, size_t latent_tile, size_t thread);
  void search_row(const float* products, uint32_t row, size_t latent_tile, Found& found) const;
  void collect(std::vector<LatentEvent>& into, Strongest Found::*which, size_t k) const;

  ThreadPool& pool_;
  std::vector<std::vector<float>> products_;  // [thread][kTileRows, kTileLatents]
  std::vector<Found> found_;                  // [thread, row]
  std::vector<LatentEvent> strongest_, auxiliary_;

  // The batch at hand.
  const float* rows_ = nullptr;
  size_t n_rows_ = 0;
  Weights weights_;
  Counts counts_;
  std::span<const uint32_t> dead_;
};

}  // namespace actogram
