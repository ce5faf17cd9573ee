#include "codec/parquet_records.h"

#include <arrow/api.h>
#include <fmt/ranges.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/file.h"
#include "codec/parquet_file.h"

namespace actogram {
namespace {

// One column of the batch. Spans look at Arrow's memory where that has the type already.
struct Decoded {
  std::shared_ptr<arrow::Array> array;
  std::span<const uint32_t> integers;  // indices, or codes
  std::span<const float> numbers;
  std::vector<uint32_t> own_integers;
  std::vector<float> own_numbers;
  std::shared_ptr<arrow::Array> names;
};

bool fits(const arrow::DataType& type, RecordKind kind) {
  switch (kind) {
    case RecordKind::index:
      return arrow::is_integer(type.id());
    case RecordKind::number:
      return type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
    case RecordKind::name:
      break;
  }
  return arrow::is_base_binary_like(type.id());
}

const char* expected_type(RecordKind kind) {
  switch (kind) {
    case RecordKind::index:
      return "integers";
    case RecordKind::number:
      return "float or double";
    case RecordKind::name:
      break;
  }
  return "strings";
}

// Where a batch's column is, for errors: "data.parquet: column "x": row ".
struct Where {
  std::string column;
  uint64_t first_row = 0;

  [[noreturn]] void fail_at(int64_t i, const std::string& found, const char* expected) const {
    fail(Code::corrupt, "{}: row {}: found {}, expected {}", column,
         first_row + static_cast<uint64_t>(i), found, expected);
  }
};

constexpr const char* kAnIndex = "an integer from 0 to 4294967295";

template <typename Type>
void decode_indices(const arrow::Array& array, const Where& where, Decoded& out) {
  using T = typename Type::c_type;
  const std::span values(static_cast<const arrow::NumericArray<Type>&>(array).raw_values(),
                         static_cast<size_t>(array.length()));
  bool outside = false;
  for (const T value : values) outside |= !std::in_range<uint32_t>(value);
  for (size_t i = 0; outside && i < values.size(); ++i) {
    if (!std::in_range<uint32_t>(values[i])) {
      where.fail_at(static_cast<int64_t>(i), fmt::to_string(values[i]), kAnIndex);
    }
  }
  if constexpr (sizeof(T) == sizeof(uint32_t)) {
    out.integers = {reinterpret_cast<const uint32_t*>(values.data()), values.size()};
  } else {
    out.own_integers.assign(values.begin(), values.end());
    out.integers = out.own_integers;
  }
}

void decode_indices(const arrow::Array& array, const Where& where, Decoded& out) {
  switch (array.type_id()) {
    case arrow::Type::INT8:
      return decode_indices<arrow::Int8Type>(array, where, out);
    case arrow::Type::INT16:
      return decode_indices<arrow::Int16Type>(array, where, out);
    case arrow::Type::INT32:
      return decode_indices<arrow::Int32Type>(array, where, out);
    case arrow::Type::INT64:
      return decode_indices<arrow::Int64Type>(array, where, out);
    case arrow::Type::UINT8:
      return decode_indices<arrow::UInt8Type>(array, where, out);
    case arrow::Type::UINT16:
      return decode_indices<arrow::UInt16Type>(array, where, out);
    case arrow::Type::UINT32:
      return decode_indices<arrow::UInt32Type>(array, where, out);
    default:
      return decode_indices<arrow::UInt64Type>(array, where, out);
  }
}

void decode_numbers(const arrow::Array& array, const Where& where, Decoded& out) {
  const auto n = static_cast<size_t>(array.length());
  if (array.type_id() == arrow::Type::FLOAT) {
    out.numbers = {static_cast<const arrow::FloatArray&>(array).raw_values(), n};
    return;
  }
  const double* values = static_cast<const arrow::DoubleArray&>(array).raw_values();
  out.own_numbers.resize(n);
  for (size_t i = 0; i < n; ++i) {
    const auto narrow = static_cast<float>(values[i]);
    if (static_cast<double>(narrow) != values[i] && values[i] == values[i]) {
      where.fail_at(static_cast<int64_t>(i), fmt::to_string(values[i]),
                    "a double that a float32 holds exactly");
    }
    out.own_numbers[i] = narrow;
  }
  out.numbers = out.own_numbers;
}

// The file may say that its names were of a large type, or had small codes.
void decode_codes(const arrow::Array& array, const Where& where, Decoded& out) {
  if (array.type_id() != arrow::Type::DICTIONARY) {
    fail(Code::unsupported, "{}: strings kept as {}", where.column, array.type()->ToString());
  }
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  out.names = encoded.dictionary();
  if (!arrow::is_base_binary_like(out.names->type_id())) {
    fail(Code::corrupt, "{}: expected strings, found {}", where.column, array.type()->ToString());
  }
  decode_indices(*encoded.indices(), where, out);
  const auto n_names = static_cast<uint64_t>(out.names->length());
  const auto most = std::ranges::max_element(out.integers);
  if (most != out.integers.end() && *most >= n_names) {
    where.fail_at(most - out.integers.begin(), fmt::format("entry {} of a dictionary", *most),
                  fmt::format("one below {}", n_names).c_str());
  }
}

void check_no_null(const arrow::Array& array, const Where& where) {
  for (int64_t i = 0; array.null_count() > 0 && i < array.length(); ++i) {
    if (array.IsNull(i)) where.fail_at(i, "null", "a value");
  }
}

}  // namespace

struct ParquetRecords::State {
  State(std::span<const std::byte> file, std::string file_name, std::vector<RecordColumn> wanted);

  void open(std::span<const std::byte> file);
  int leaf_of(const parquet::FileMetaData& metadata, const RecordColumn& column) const;
  void decode();

  std::string name;
  std::optional<MappedFile> mapped;  // where the reader was given a path
  std::vector<RecordColumn> columns;
  std::vector<int> leaves;           // [column]: number in the file
  std::vector<uint64_t> first_rows;  // [row group + 1]
  arrow::CappedMemoryPool pool{arrow::default_memory_pool(), kMaxDecodedBytes};
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::unique_ptr<arrow::RecordBatchReader> batches;

  std::shared_ptr<arrow::RecordBatch> batch;
  uint64_t row = 0;  // of the batch's first row
  std::vector<Decoded> decoded;
};

ParquetRecords::State::State(std::span<const std::byte> file, std::string file_name,
                             std::vector<RecordColumn> wanted)
    : name(std::move(file_name)), columns(std::move(wanted)), decoded(columns.size()) {
  guarded(name, [&] { open(file); });
}

// Names stay in the file's own dictionary: comparing codes is a hundred times cheaper than strings.
void ParquetRecords::State::open(std::span<const std::byte> file) {
  parquet::arrow::FileReaderBuilder builder;
  ok(builder.Open(source_over(file), parquet::ReaderProperties(&pool)), name);
  const auto metadata = builder.raw_reader()->metadata();
  parquet::ArrowReaderProperties properties(false);
  properties.set_pre_buffer(false);
  properties.set_batch_size(kBatchRows);
  for (const RecordColumn& column : columns) {
    leaves.push_back(leaf_of(*metadata, column));
    if (column.kind == RecordKind::name) properties.set_read_dictionary(leaves.back(), true);
  }
  reader = ok(builder.memory_pool(&pool)->properties(properties)->Build(), name);
  first_rows = first_rows_of(*metadata, name);
}

int ParquetRecords::State::leaf_of(const parquet::FileMetaData& metadata,
                                   const RecordColumn& column) const {
  std::shared_ptr<arrow::Schema> schema;
  ok(parquet::arrow::FromParquetSchema(metadata.schema(), &schema), name);
  const auto field = schema->GetFieldByName(column.name);
  if (field == nullptr) {
    fail(Code::not_found, "{}: no column \"{}\"; there are: {}", name, column.name,
         fmt::join(schema->field_names(), ", "));
  }
  if (!fits(*field->type(), column.kind)) {
    fail(Code::corrupt, "{}: column \"{}\": expected {}, found {}", name, column.name,
         expected_type(column.kind), field->type()->ToString());
  }
  return metadata.schema()->ColumnIndex(column.name);
}

void ParquetRecords::State::decode() {
  for (size_t i = 0; i < columns.size(); ++i) {
    Decoded& out = decoded[i];
    const Where where{fmt::format("{}: column \"{}\"", name, columns[i].name), row};
    out.array = batch->GetColumnByName(columns[i].name);
    check_no_null(*out.array, where);
    switch (columns[i].kind) {
      case RecordKind::index:
        decode_indices(*out.array, where, out);
        break;
      case RecordKind::number:
        decode_numbers(*out.array, where, out);
        break;
      case RecordKind::name:
        decode_codes(*out.array, where, out);
        break;
    }
  }
}

ParquetRecords::ParquetRecords(const std::string& path, const std::vector<RecordColumn>& columns) {
  MappedFile mapped(path);
  const auto bytes = mapped.bytes();
  state_ = std::make_unique<State>(bytes, path, columns);
  state_->mapped = std::move(mapped);
}

ParquetRecords::ParquetRecords(std::span<const std::byte> file, std::string name,
                               const std::vector<RecordColumn>& columns)
    : state_(std::make_unique<State>(file, std::move(name), columns)) {}

ParquetRecords::~ParquetRecords() = default;
ParquetRecords::ParquetRecords(ParquetRecords&&) noexcept = default;

size_t ParquetRecords::n_row_groups() const { return state_->first_rows.size() - 1; }
uint64_t ParquetRecords::n_rows() const { return state_->first_rows.back(); }

void ParquetRecords::seek(size_t row_group) {
  State& s = *state_;
  s.batch = nullptr;
  s.row = s.first_rows[row_group];
  guarded(s.name, [&] {
    s.batches = ok(s.reader->GetRecordBatchReader({static_cast<int>(row_group)}, s.leaves), s.name);
  });
}

bool ParquetRecords::next() {
  State& s = *state_;
  if (s.batch != nullptr) s.row += static_cast<uint64_t>(s.batch->num_rows());
  const std::string where = fmt::format("{}: after row {}", s.name, s.row);
  guarded(where, [&] {
    ok(s.batches->ReadNext(&s.batch), where);
    if (s.batch != nullptr) s.decode();
  });
  return s.batch != nullptr;
}

uint64_t ParquetRecords::batch_row() const { return state_->row; }
size_t ParquetRecords::n_batch_rows() const {
  return static_cast<size_t>(state_->batch->num_rows());
}
std::span<const uint32_t> ParquetRecords::indices(size_t column) const {
  return state_->decoded[column].integers;
}
std::span<const float> ParquetRecords::numbers(size_t column) const {
  return state_->decoded[column].numbers;
}
std::span<const uint32_t> ParquetRecords::codes(size_t column) const {
  return state_->decoded[column].integers;
}
size_t ParquetRecords::n_codes(size_t column) const {
  return static_cast<size_t>(state_->decoded[column].names->length());
}
std::string_view ParquetRecords::name_of(size_t column, uint32_t code) const {
  const arrow::Array& names = *state_->decoded[column].names;
  return arrow::is_large_binary_like(names.type_id())
             ? static_cast<const arrow::LargeBinaryArray&>(names).GetView(code)
             : static_cast<const arrow::BinaryArray&>(names).GetView(code);
}

}  // namespace actogram
