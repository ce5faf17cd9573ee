// Finds which bytes of a text each token stands for, from the bytes that the tokenizer says it
// stands for (its piece).
//
// For the tokenizers of all architectures that we know, the pieces written one after another are
// the text, and offsets are exact. Some tokenizers change the text (they fold case, compose
// characters, drop spaces around markup); then pieces are looked for a little further on. A byte
// that no piece explains goes to the last token that was not found, or else to the token after it.
//
// Invariant, whatever the pieces: the ranges do not overlap, rise, and together are the whole text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "actogram/types.h"

namespace actogram {

class TokenOffsets {
 public:
  // Appends the tokens of `text`, which starts at byte `offset` of its document, to `out`. `out`
  // must not be touched before finish().
  TokenOffsets(std::string_view text, uint64_t offset, std::vector<Token>& out);

  void add(int32_t id, std::string_view piece);

  // Gives bytes that are left to the last token. Nothing to give them to: returns false.
  bool finish();

 private:
  size_t find(std::string_view piece) const;
  void close_gap(size_t bytes);

  std::string_view text_;
  uint64_t offset_;
  std::vector<Token>& out_;
  size_t first_;            // of our tokens in out_
  size_t at_ = 0;           // the next byte of text_ that no token has
  size_t lost_tokens_ = 0;  // tokens since the last one that was found
  size_t lost_bytes_ = 0;   // and the bytes of their pieces
};

}  // namespace actogram
