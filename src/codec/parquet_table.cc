#include "codec/parquet_table.h"

#include <arrow/api.h>
#include <parquet/arrow/writer.h>

#include "codec/arrow_columns.h"
#include "codec/arrow_status.h"

namespace actogram {

struct ParquetTableWriter::State {
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<FileSink> sink;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
};

namespace {

// Fields that may be null, as data-set tools declare them; ours never are.
std::shared_ptr<arrow::Schema> nullable(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    auto type = field->type();
    if (type->id() == arrow::Type::LARGE_LIST) {
      const auto& item = static_cast<const arrow::LargeListType&>(*type).value_type();
      type = arrow::large_list(arrow::field("element", item));
    }
    fields.push_back(arrow::field(field->name(), type));
  }
  return arrow::schema(fields);
}

}  // namespace

ParquetTableWriter::ParquetTableWriter(const std::string& path,
                                       const std::vector<ColumnSpec>& columns)
    : state_(std::make_unique<State>()) {
  state_->schema = nullable(*arrow_schema(columns));
  state_->sink = std::make_shared<FileSink>(path);
  const auto properties =
      parquet::WriterProperties::Builder().compression(arrow::Compression::SNAPPY)->build();
  state_->writer = ok(parquet::arrow::FileWriter::Open(
                          *state_->schema, arrow::default_memory_pool(), state_->sink, properties),
                      path);
}

ParquetTableWriter::~ParquetTableWriter() = default;

void ParquetTableWriter::write(size_t n_rows, std::span<const ColumnData> columns) {
  const std::string& path = state_->sink->writer().path();
  const auto table =
      ok(arrow::Table::FromRecordBatches({arrow_batch(state_->schema, n_rows, columns)}), path);
  ok(state_->writer->WriteTable(*table, static_cast<int64_t>(n_rows)), path);
}

void ParquetTableWriter::finish() {
  ok(state_->writer->Close(), state_->sink->writer().path());
  state_->sink->writer().finish();
}

uint64_t ParquetTableWriter::n_bytes() const { return state_->sink->writer().n_bytes(); }

}  // namespace actogram
