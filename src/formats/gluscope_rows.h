// One row of a data set of GLUScope's 50 columns, read and checked; and what it is together with
// our sidecar, where the data set is an export of ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "codec/parquet_table_reader.h"
#include "core/class_facts.h"
#include "core/class_record.h"
#include "store/manifest.h"

namespace actogram {

class RowReader {
 public:
  // 0 tokens: not known; without texts row numbers may be any.
  RowReader(uint64_t n_tokens, std::optional<uint64_t> n_text_rows)
      : n_tokens_(n_tokens), n_text_rows_(n_text_rows) {}

  size_t n_listed() const { return n_listed_.value_or(0); }

  // [sign class] of row `i` of a batch of gluscope_column_readers().
  std::vector<ClassFacts> read(const ParquetTableReader& batch, size_t i);

 private:
  float frequency(const ParquetTableReader& batch, size_t column, size_t i) const;
  std::vector<ClassFacts::Peak> peaks(const ParquetTableReader& batch, size_t column, size_t i);
  void check_length(size_t length, const ParquetTableReader& batch, size_t column, size_t i);
  uint32_t text_row(int64_t row, const ParquetTableReader& batch, size_t column, size_t i) const;
  void check_empty(ClassFacts& facts, size_t sign_class, const ParquetTableReader& batch,
                   size_t i) const;

  uint64_t n_tokens_;
  std::optional<uint64_t> n_text_rows_;
  std::optional<size_t> n_listed_;
};

struct ExactRow {
  std::vector<ClassRecord> classes;  // with the signs of the columns
  NeuronWeights weights = {};
};

// What the columns and row `i` of a batch of gluscope_place_readers(manifest) say together.
ExactRow exact_row(const std::vector<ClassFacts>& facts, const ParquetTableReader& batch, size_t i,
                   const Manifest& manifest);

}  // namespace actogram
