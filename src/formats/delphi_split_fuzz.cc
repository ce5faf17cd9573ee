// Any bytes are events within their own tokens, or an Error.
#include <cassert>
#include <cmath>
#include <cstdint>

#include "actogram/error.h"
#include "formats/delphi_split.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  constexpr uint64_t kLatents = 256;
  try {
    const DelphiSplit split(std::as_bytes(std::span(data, size)), kLatents, "fuzz");
    split.n_latents_named();
    const TokenShape tokens = split.tokens().value_or(TokenShape{4, 8});
    if (split.tokens() && tokens.context > 0 && tokens.n_sequences > 0) split.token_ids(0, 1);
    DelphiSplit::Rows rows;
    split.read(0, split.n_rows(), tokens, rows);
    for (size_t i = 0; i < rows.value.size(); ++i) {
      assert(rows.latent[i] < kLatents && std::isfinite(rows.value[i]) && rows.value[i] != 0);
    }
  } catch (const Error&) {
  }
  return 0;
}
