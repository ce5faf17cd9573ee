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

  // What decode() wants to find in a batch.
  bool reads(const std::string& column) const {
    return column == text_column_ || column == id_column_ || column == mask_column_;
  }

  // Row `at` into `out`, whose number is set; false for a null.
  bool decode(const arrow::RecordBatch& batch, int64_t at, TextRow& out) const;

 private:
  std::string name_;
  std::string text_column_;
  std::string id_column_;    // empty for none
  std::string mask_column_;  // likewise: of token ids, which of them fill up
};

}  // namespace actogram
