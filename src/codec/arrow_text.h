// A column of texts, chats or token ids out of an Arrow file, as Hugging Face `datasets` saves them
// (save_to_disk): the stream format, or the file format, which begins with ARROW1. Batches are read
// in place from a mapped file; a null is skipped and counted.
//
// The file is a claim: whatever is wrong with it is Error{corrupt}; what it makes the decoder
// allocate (compressed batches) is limited to kMaxDecodedBytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "codec/text_rows.h"

namespace actogram {

class ArrowTextReader : public TextRows {
 public:
  static constexpr int64_t kMaxDecodedBytes = int64_t{2} << 30;

  explicit ArrowTextReader(const std::string& path, TextColumns columns);

  // `file` outlives the reader; `name` is the file in errors.
  ArrowTextReader(std::span<const std::byte> file, std::string name, TextColumns columns);
  ~ArrowTextReader() override;

  std::optional<TextRow> next() override;
  uint64_t n_null() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace actogram
