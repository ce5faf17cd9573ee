// A column of texts or chats out of a Parquet file, a few rows at a time.
//
// Texts are Arrow's string and binary types, large, view or plain, dictionary-encoded or not, and
// come back byte for byte; chats are list<struct<role, content>>, token ids lists of integers. Only
// the needed columns are decoded, on the calling thread, from bytes that are usually a mapped file;
// memory is one page per column and kBatchRows rows. A null is skipped and counted; a null
// `content` of a chat turn is "".
//
// The file is a claim: whatever is wrong with it is Error{corrupt}, and what it makes the decoder
// allocate is limited to kMaxDecodedBytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "codec/text_rows.h"

namespace actogram {

class ParquetTextReader : public TextRows {
 public:
  static constexpr int64_t kBatchRows = 64;
  static constexpr int64_t kMaxDecodedBytes = int64_t{2} << 30;

  explicit ParquetTextReader(const std::string& path, TextColumns columns);

  // `file` outlives the reader; `name` is the file in errors.
  ParquetTextReader(std::span<const std::byte> file, std::string name, TextColumns columns);
  ~ParquetTextReader() override;

  std::optional<TextRow> next() override;
  uint64_t n_null() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace actogram
