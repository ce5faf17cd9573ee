#include "model/token_offsets.h"

namespace actogram {
namespace {

// How far a piece is looked for: what a tokenizer may drop between two tokens, and for each byte of
// a piece that was not found the bytes that it may have had in the text.
constexpr size_t kReachBytes = 64;
constexpr size_t kReachPerLostByte = 4;

}  // namespace

TokenOffsets::TokenOffsets(std::string_view text, uint64_t offset, std::vector<Token>& out)
    : text_(text), offset_(offset), out_(out), first_(out.size()) {}

size_t TokenOffsets::find(std::string_view piece) const {
  const std::string_view rest = text_.substr(at_);
  if (rest.starts_with(piece)) return 0;
  const size_t reach = kReachBytes + kReachPerLostByte * lost_bytes_ + piece.size();
  return rest.substr(0, reach).find(piece);
}

// Bytes before the piece that was found belong to the token that was lost there, if one was.
void TokenOffsets::close_gap(size_t bytes) {
  if (lost_tokens_ == 0) return;
  at_ += bytes;
  out_.back().end = offset_ + at_;
}

void TokenOffsets::add(int32_t id, std::string_view piece) {
  if (piece.empty()) {
    out_.push_back({id, offset_ + at_, offset_ + at_});
    return;
  }
  const size_t gap = find(piece);
  if (gap == std::string_view::npos) {
    ++lost_tokens_;
    lost_bytes_ += piece.size();
    out_.push_back({id, offset_ + at_, offset_ + at_});
    return;
  }
  const size_t end = at_ + gap + piece.size();
  close_gap(gap);
  out_.push_back({id, offset_ + at_, offset_ + end});
  at_ = end;
  lost_tokens_ = lost_bytes_ = 0;
}

bool TokenOffsets::finish() {
  if (at_ == text_.size()) return true;
  if (out_.size() == first_) return false;
  at_ = text_.size();
  out_.back().end = offset_ + at_;
  return true;
}

}  // namespace actogram
