// One file of a Delphi latent cache: the events of some latents of one hookpoint.
//
//   locations    uint16, uint32, int64 [n, 3]   sequence, position, latent less the file's first
//   activations  float16, bfloat16, float32 [n]
//   tokens       integers [n_sequences, context]   of all sequences; the same in every file
//
// Delphi keeps what is above 1e-5 in magnitude, so what has no row is 0 as far as it tells. Every
// number of a file is a claim: what read() gives lies within the tokens and the file's latents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/tensor.h"

namespace actogram {

struct TokenShape {
  uint64_t n_sequences = 0;
  uint64_t context = 0;

  bool operator==(const TokenShape&) const = default;
};

class DelphiSplit {
 public:
  // `file` outlives this; `what` names it in errors. `n_latents`: as the file's name tells.
  DelphiSplit(std::span<const std::byte> file, std::optional<uint64_t> n_latents, std::string what);

  uint64_t n_rows() const { return activations_.shape[0]; }
  std::optional<TokenShape> tokens() const;  // nullopt where the file has none

  // Rows as they stand in the file; those that are no events are left out and counted.
  struct Rows {
    std::vector<uint32_t> token;   // sequence * context + position
    std::vector<uint32_t> latent;  // less the file's first
    std::vector<float> value;      // finite, not 0
    uint64_t n_zero = 0;
    uint64_t n_infinite = 0;  // what was beyond float16 when it was written

    std::vector<int64_t> locations = {};
  };
  // Replaces the rows and adds to the counts. Error{corrupt} for a place that `tokens` does not
  // have, for a latent that is another file's, and for NaN, which Delphi does not write.
  void read(uint64_t row, uint64_t n_rows, const TokenShape& tokens, Rows& rows) const;

  // The ids of some sequences, [n_sequences * context].
  std::vector<int32_t> token_ids(uint64_t sequence, uint64_t n_sequences) const;

  // One more than the highest; 0 where there are no rows.
  uint64_t n_latents_named() const;

 private:
  void check_dtype(const char* name, const Tensor& tensor, bool fits, const char* expected) const;
  void check_location(uint64_t row, std::span<const int64_t> location,
                      const TokenShape& tokens) const;

  std::string what_;
  uint64_t n_latents_;
  Tensor locations_;
  Tensor activations_;  // [n, 1]
  std::optional<Tensor> tokens_;
};

}  // namespace actogram
