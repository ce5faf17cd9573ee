// Texts, chats and token ids out of Arrow's record batches, for the readers of Parquet and of Arrow
// files.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>

#include "codec/text_rows.h"

namespace actogram {

class TextBatches {
 public:
  // `name` is the file in errors. Error{not_found} where a column is missing, Error{corrupt} where
  // it holds something else.
  TextBatches(std::string name, const arrow::Schema& schema, const TextColumns& columns);

  const std::string& text_column() const { return text_column_; }
  const std::string& id_column() const { return id_column_; }  // empty for none

  // Row `at` into `out`, whose number is set; false for a null.
  bool decode(const arrow::RecordBatch& batch, int64_t at, TextRow& out) const;

 private:
  std::string name_;
  std::string text_column_;
  std::string id_column_;
};

}  // namespace actogram
