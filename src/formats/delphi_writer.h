// One file of a Delphi latent cache while it is written (delphi_split.h), from the events of a
// recording, which are gone through twice: for the values and for where they are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/tensor.h"
#include "store/recording.h"

namespace actogram {

// The corpus as a matrix.
struct DelphiTokens {
  std::vector<uint64_t> first_token;  // [sequence + 1]
  uint64_t context = 0;               // tokens of the longest
  int32_t padding = 0;                // what follows the shorter ones

  uint64_t n_sequences() const { return first_token.size() - 1; }
};

// Units of a recording, which are the latents [first, first + n_units) of a hookpoint.
struct DelphiRange {
  uint64_t first_unit = 0;
  uint64_t n_units = 0;
};

// float16 where each value of these units is such a number, float32 otherwise.
Dtype exact_dtype(const EventIndex& events, const DelphiRange& units);

// Bytes written. Rows are in the order in which Delphi records: sequence, position, latent.
uint64_t write_delphi_file(const std::string& path, const Recording& recording,
                           const DelphiTokens& tokens, const DelphiRange& units, Dtype dtype);

// Where Delphi cuts `n_latents` into splits, [split + 1]: floor(torch.linspace(0, n, splits + 1)),
// which is float32, and its second half counted from the end.
std::vector<uint64_t> delphi_boundaries(uint32_t n_latents, uint32_t n_splits);

}  // namespace actogram
