#include "codec/parquet_text.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>

#include <utility>

#include "actogram/error.h"
#include "base/file.h"
#include "codec/arrow_status.h"
#include "codec/parquet_file.h"
#include "codec/text_batches.h"

namespace actogram {
namespace {

void append_leaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const auto& child : field.children) append_leaves(child, leaves);
}

}  // namespace

struct ParquetTextReader::State {
  State(std::span<const std::byte> file, std::string file_name, TextColumns columns);

  void choose_columns(const TextColumns& columns);
  bool next_batch();
  bool decode(int64_t row, TextRow& out) const;

  std::string name;
  std::optional<MappedFile> mapped;  // where the reader was given a path
  arrow::CappedMemoryPool pool{arrow::default_memory_pool(), kMaxDecodedBytes};
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::unique_ptr<arrow::RecordBatchReader> batches;
  std::optional<TextBatches> texts;

  std::shared_ptr<arrow::RecordBatch> batch;
  uint64_t n_rows_before = 0;  // rows of all batches before this one
  int64_t row = 0;             // the next one of this batch
  uint64_t n_null = 0;
};

ParquetTextReader::State::State(std::span<const std::byte> file, std::string file_name,
                                TextColumns columns)
    : name(std::move(file_name)) {
  guarded(name, [&] {
    reader = open_parquet(source_over(file), name, pool, kBatchRows);
    choose_columns(columns);
  });
}

void ParquetTextReader::State::choose_columns(const TextColumns& columns) {
  std::shared_ptr<arrow::Schema> schema;
  ok(reader->GetSchema(&schema), name);
  texts.emplace(name, *schema, columns);
  std::vector<int> leaves;
  for (const auto& field : reader->manifest().schema_fields) {
    if (texts->reads(field.field->name())) append_leaves(field, leaves);
  }
  std::vector<int> row_groups(static_cast<size_t>(reader->num_row_groups()));
  for (size_t i = 0; i < row_groups.size(); ++i) row_groups[i] = static_cast<int>(i);
  batches = ok(reader->GetRecordBatchReader(row_groups, leaves), name);
}

bool ParquetTextReader::State::next_batch() {
  if (batch != nullptr) n_rows_before += static_cast<uint64_t>(batch->num_rows());
  row = 0;
  const std::string where = fmt::format("{}: after row {}", name, n_rows_before);
  guarded(where, [&] { ok(batches->ReadNext(&batch), where); });
  return batch != nullptr;
}

bool ParquetTextReader::State::decode(int64_t at, TextRow& out) const {
  out.number = n_rows_before + static_cast<uint64_t>(at) + 1;
  return texts->decode(*batch, at, out);
}

ParquetTextReader::ParquetTextReader(const std::string& path, TextColumns columns) {
  MappedFile mapped(path);
  const auto bytes = mapped.bytes();
  state_ = std::make_unique<State>(bytes, path, std::move(columns));
  state_->mapped = std::move(mapped);
}

ParquetTextReader::ParquetTextReader(std::span<const std::byte> file, std::string name,
                                     TextColumns columns)
    : state_(std::make_unique<State>(file, std::move(name), std::move(columns))) {}

ParquetTextReader::~ParquetTextReader() = default;

std::optional<TextRow> ParquetTextReader::next() {
  State& s = *state_;
  for (;;) {
    while (s.batch != nullptr && s.row < s.batch->num_rows()) {
      TextRow out;
      if (s.decode(s.row++, out)) return out;
      ++s.n_null;
    }
    if (!s.next_batch()) return std::nullopt;
  }
}

uint64_t ParquetTextReader::n_null() const { return state_->n_null; }

}  // namespace actogram
