// Rows of token ids that were filled up to one length, as tokenizers of Hugging Face do it: beside
// `input_ids`, `attention_mask` has a 1 for each token and a 0 for each filler.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace actogram {

inline constexpr const char* kMaskColumn = "attention_mask";

// Takes the fillers off the end of `ids`. Error{unsupported} where one comes before a token, since
// the tokens behind it would be counted from another place; Error{corrupt} for a mask of another
// length, or with anything but 0 and 1. `where` is the row in them.
void drop_padding(std::vector<int32_t>& ids, std::span<const int32_t> mask,
                  const std::string& where);

}  // namespace actogram
