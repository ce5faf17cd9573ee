// Turns the model's values at an SAE's site into events: which latents are on, and how strongly.
//
//   rows [row, d_in] -> tiles of 256 rows x 1024 latents -> threshold or top-k on the tile ->
//   events
//
// There is never more of the dense [row, latent] matrix than one tile for each thread; what a tile
// leaves behind are its events. Threads take tiles; a value depends neither on them nor on the rows
// beside its own (gemm.h), and events come by row, then latent, whatever the threads. Memory: a
// float32 copy of W_enc, one tile for each thread, and the events of some rows at a time.
//
//   SaeEncoder encoder(open_sae(path, options), n_threads);
//   encoder.encode(values, n_rows, row_stride, [](const EncodedRows& rows) { ... });
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/memory.h"
#include "base/threads.h"
#include "sae/sae.h"
#include "sae/strongest.h"

namespace actogram {

// Some consecutive rows. Valid only inside the callback.
struct EncodedRows {
  size_t first_row = 0;
  size_t n_rows = 0;
  std::span<const LatentEvent> events;   // by row, then latent
  std::span<const uint32_t> not_finite;  // rows of which no latent is known: the model's values, or
                                         // their normalised form, were NaN or infinite
};

class SaeEncoder {
 public:
  // Copies the encoder's matrix. Error{corrupt} if a weight is not finite.
  SaeEncoder(Sae sae, uint32_t n_threads);

  const Sae& sae() const { return sae_; }

  using Sink = std::function<void(const EncodedRows&)>;

  // `rows` is [n_rows, d_in] with `row_stride` floats from row to row, n_rows < 2^32. Calls `sink`
  // for parts of the rows, in order, on the calling thread, and rethrows what it throws.
  void encode(const float* rows, size_t n_rows, size_t row_stride, const Sink& sink);

 private:
  // What one tile leaves: its events by row, then latent.
  struct TileEvents {
    std::vector<LatentEvent> events;
    std::vector<uint32_t> end;  // [row of the tile]: where its events end
  };

  void copy_weights();
  void make_tests();
  void prepare(const float* rows, size_t row_stride);
  void encode_tile(size_t row_tile, size_t latent_tile, size_t thread);
  float value_of(float product, size_t latent) const;
  void keep_above(const float* products, uint32_t first_latent, uint32_t row,
                  TileEvents& out) const;
  void keep_strongest(const float* products, uint32_t first_latent, uint32_t row,
                      Strongest& out) const;
  void append_row(size_t row);
  void append_strongest(size_t row);
  void emit(const Sink& sink);

  Sae sae_;
  ThreadPool pool_;
  size_t n_latent_tiles_ = 0;
  HugeBuffer weights_;  // [n_latent_tiles * kTileLatents, d_in], padded with zeros

  // A latent is on where (product + test_bias) * test_scale > test_limit, or for top-k the row's
  // bar; [latent], padded with what is never true. The scale is 1 but for top-k.
  std::vector<float> test_bias_;
  std::vector<float> test_scale_;
  std::vector<float> test_limit_;
  std::vector<std::vector<float>> products_;  // [thread][kTileRows, kTileLatents]

  // The rows at hand.
  size_t first_row_ = 0;
  size_t n_rows_ = 0;
  size_t max_row_tiles_ = 1;
  std::vector<float> prepared_;       // [max_row_tiles * kTileRows, d_in]
  std::vector<uint8_t> finite_;       // [row]
  std::vector<TileEvents> tiles_;     // [row_tile, latent_tile]
  std::vector<Strongest> strongest_;  // [thread, row], of top-k instead of tiles_
  std::vector<LatentEvent> events_;
  std::vector<uint32_t> not_finite_;
};

}  // namespace actogram
