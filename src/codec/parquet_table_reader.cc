#include "codec/parquet_table_reader.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "codec/arrow_strings.h"
#include "codec/parquet_file.h"

namespace actogram {
namespace {

// What one column of the batch has become.
struct Decoded {
  std::vector<int64_t> integers;
  std::vector<float> floats;
  std::vector<double> doubles;
  std::vector<int64_t> offsets;  // of lists and strings
  std::string chars;
  std::vector<uint8_t> present;  // of strings
  std::shared_ptr<arrow::Array> bytes;
};

bool is_list(ColumnType type) {
  return type == ColumnType::list_i64 || type == ColumnType::list_f32;
}

bool is_strings(ColumnType type) { return type == ColumnType::utf8 || type == ColumnType::bytes; }

bool is_number(const arrow::DataType& type, bool integer) {
  if (integer) return arrow::is_integer(type.id());
  return type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
}

bool fits(const arrow::DataType& type, const ColumnSpec& column) {
  if (column.type == ColumnType::fixed_bytes) {
    return type.id() == arrow::Type::FIXED_SIZE_BINARY &&
           static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width() == column.width;
  }
  if (is_strings(column.type)) return is_text(type);
  const bool integer = column.type == ColumnType::i64 || column.type == ColumnType::list_i64;
  if (!is_list(column.type)) return is_number(type, integer);
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      return is_number(*static_cast<const arrow::BaseListType&>(type).value_type(), integer);
    default:
      return false;
  }
}

std::string expected_type(const ColumnSpec& column) {
  switch (column.type) {
    case ColumnType::i64:
      return "integers";
    case ColumnType::f32:
    case ColumnType::f64:
      return "float or double";
    case ColumnType::list_i64:
      return "lists of integers";
    case ColumnType::list_f32:
      return "lists of float or double";
    case ColumnType::utf8:
    case ColumnType::bytes:
      return "strings or bytes";
    default:
      return fmt::format("fixed_size_binary[{}]", column.width);
  }
}

// Entries [begin, end) of an array of numbers, `null` where there is none.
template <typename Type, typename T>
void append_as(const arrow::Array& array, int64_t begin, int64_t end, T null, std::vector<T>& out) {
  const auto& values = static_cast<const arrow::NumericArray<Type>&>(array);
  out.reserve(out.size() + static_cast<size_t>(end - begin));
  for (int64_t i = begin; i < end; ++i) {
    out.push_back(values.IsNull(i) ? null : static_cast<T>(values.Value(i)));
  }
}

// Requires: is_number(*array.type()) of that kind.
template <typename T>
void append(const arrow::Array& array, int64_t begin, int64_t end, T null, std::vector<T>& out) {
  switch (array.type_id()) {
    case arrow::Type::INT8:
      return append_as<arrow::Int8Type>(array, begin, end, null, out);
    case arrow::Type::INT16:
      return append_as<arrow::Int16Type>(array, begin, end, null, out);
    case arrow::Type::INT32:
      return append_as<arrow::Int32Type>(array, begin, end, null, out);
    case arrow::Type::INT64:
      return append_as<arrow::Int64Type>(array, begin, end, null, out);
    case arrow::Type::UINT8:
      return append_as<arrow::UInt8Type>(array, begin, end, null, out);
    case arrow::Type::UINT16:
      return append_as<arrow::UInt16Type>(array, begin, end, null, out);
    case arrow::Type::UINT32:
      return append_as<arrow::UInt32Type>(array, begin, end, null, out);
    case arrow::Type::UINT64:  // what is above int64 becomes negative, which no index may be
      return append_as<arrow::UInt64Type>(array, begin, end, null, out);
    case arrow::Type::FLOAT:
      return append_as<arrow::FloatType>(array, begin, end, null, out);
    default:
      return append_as<arrow::DoubleType>(array, begin, end, null, out);
  }
}

template <typename ListArray>
int64_t add_offsets(const ListArray& lists, std::vector<int64_t>& offsets) {
  const int64_t first = lists.value_offset(0);
  for (int64_t i = 0; i <= lists.length(); ++i) offsets.push_back(lists.value_offset(i) - first);
  return first;
}

}  // namespace

struct ParquetTableReader::State {
  State(const std::shared_ptr<arrow::io::RandomAccessFile>& file, std::string file_name,
        const std::vector<ParquetColumn>& wanted, int64_t batch_rows);

  void choose_columns();
  void decode(const arrow::Array& array, const ParquetColumn& column, Decoded& out) const;
  void decode_strings(const arrow::Array& array, Decoded& out) const;
  void fail_at_null(const arrow::Array& array, const ColumnSpec& column) const;
  void fail_at_null_entry(const arrow::Array& items, const Decoded& lists, int64_t first,
                          const ColumnSpec& column) const;

  std::string name;
  std::vector<ParquetColumn> columns;
  std::vector<std::string> others;
  std::vector<uint64_t> first_rows;  // [row group + 1]
  std::vector<int> leaves;
  std::vector<int> batch_column;  // [column]: where it is in a batch
  arrow::CappedMemoryPool pool{arrow::default_memory_pool(), kMaxDecodedBytes};
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::unique_ptr<arrow::RecordBatchReader> batches;

  std::shared_ptr<arrow::RecordBatch> batch;
  uint64_t row = 0;  // of the batch's first row
  std::vector<Decoded> decoded;
};

ParquetTableReader::State::State(const std::shared_ptr<arrow::io::RandomAccessFile>& file,
                                 std::string file_name, const std::vector<ParquetColumn>& wanted,
                                 int64_t batch_rows)
    : name(std::move(file_name)), columns(wanted) {
  guarded(name, [&] {
    reader = open_parquet(file, name, pool, batch_rows);
    first_rows = first_rows_of(*reader->parquet_reader()->metadata(), name);
    choose_columns();
  });
}

void ParquetTableReader::State::choose_columns() {
  const auto& fields = reader->manifest().schema_fields;
  std::vector<std::string> missing;
  std::vector<size_t> places;  // [column], among the file's
  for (const auto& wanted : columns) {
    const ColumnSpec& column = wanted.spec;
    const auto found = std::ranges::find_if(
        fields, [&](const auto& field) { return field.field->name() == column.name; });
    if (found == fields.end()) {
      missing.push_back(column.name);
      continue;
    }
    if (!fits(*found->field->type(), column)) {
      fail(Code::corrupt, "{}: column \"{}\": expected {}, found {}", name, column.name,
           expected_type(column), found->field->type()->ToString());
    }
    places.push_back(static_cast<size_t>(found - fields.begin()));
  }
  if (!missing.empty()) {
    fail(
        Code::not_found, "{}: no column \"{}\"{}", name, missing.front(),
        missing.size() == 1 ? "" : fmt::format(" and {} more that are needed", missing.size() - 1));
  }
  for (size_t at = 0; at < fields.size(); ++at) {
    if (std::ranges::find(places, at) == places.end()) others.push_back(fields[at].field->name());
  }
  // A batch has the columns in the file's order.
  std::vector<size_t> in_file = places;
  std::ranges::sort(in_file);
  for (const size_t at : in_file) {
    const auto* field = &fields[at];
    while (!field->is_leaf()) field = &field->children.front();  // of a list, its items
    leaves.push_back(field->column_index);
  }
  for (const size_t at : places) {
    batch_column.push_back(static_cast<int>(std::ranges::find(in_file, at) - in_file.begin()));
  }
  decoded.resize(columns.size());
}

void ParquetTableReader::State::fail_at_null(const arrow::Array& array,
                                             const ColumnSpec& column) const {
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      fail(Code::corrupt, "{}: row {}: \"{}\" is null", name, row + static_cast<uint64_t>(i),
           column.name);
    }
  }
}

// Entries of the lists that the batch has, in `items` from `first` on.
void ParquetTableReader::State::fail_at_null_entry(const arrow::Array& items, const Decoded& lists,
                                                   int64_t first, const ColumnSpec& column) const {
  for (size_t i = 0; i + 1 < lists.offsets.size(); ++i) {
    for (int64_t at = lists.offsets[i]; at < lists.offsets[i + 1]; ++at) {
      if (items.IsNull(first + at)) {
        fail(Code::corrupt, "{}: row {}: entry {} of \"{}\" is null", name, row + i,
             at - lists.offsets[i], column.name);
      }
    }
  }
}

void ParquetTableReader::State::decode(const arrow::Array& array, const ParquetColumn& column,
                                       Decoded& out) const {
  const auto& [spec, null_is] = column;
  out.integers.clear(), out.floats.clear(), out.doubles.clear(), out.offsets.clear();
  if (is_strings(spec.type)) return decode_strings(array, out);
  const bool may_be_null = null_is && !is_list(spec.type);
  if (!may_be_null && array.null_count() > 0) fail_at_null(array, spec);
  const double null = null_is.value_or(0);
  const int64_t n = array.length();
  if (spec.type == ColumnType::i64) {
    return append(array, 0, n, static_cast<int64_t>(null), out.integers);
  }
  if (spec.type == ColumnType::f32) {
    return append(array, 0, n, static_cast<float>(null), out.floats);
  }
  if (spec.type == ColumnType::f64) return append(array, 0, n, null, out.doubles);
  if (!is_list(spec.type)) return;
  int64_t first = 0;
  std::shared_ptr<arrow::Array> items;
  if (array.type_id() == arrow::Type::LIST) {
    const auto& lists = static_cast<const arrow::ListArray&>(array);
    first = add_offsets(lists, out.offsets), items = lists.values();
  } else if (array.type_id() == arrow::Type::LARGE_LIST) {
    const auto& lists = static_cast<const arrow::LargeListArray&>(array);
    first = add_offsets(lists, out.offsets), items = lists.values();
  } else {
    const auto& lists = static_cast<const arrow::FixedSizeListArray&>(array);
    first = add_offsets(lists, out.offsets), items = lists.values();
  }
  if (!null_is && items->null_count() > 0) fail_at_null_entry(*items, out, first, spec);
  const int64_t end = first + out.offsets.back();
  if (spec.type == ColumnType::list_i64) {
    append(*items, first, end, static_cast<int64_t>(null), out.integers);
  } else {
    append(*items, first, end, static_cast<float>(null), out.floats);
  }
}

void ParquetTableReader::State::decode_strings(const arrow::Array& array, Decoded& out) const {
  out.chars.clear(), out.present.clear(), out.offsets.push_back(0);
  for (int64_t i = 0; i < array.length(); ++i) {
    const auto text = text_at(array, i, name);
    out.chars += text.value_or("");
    out.offsets.push_back(static_cast<int64_t>(out.chars.size()));
    out.present.push_back(text.has_value() ? 1 : 0);
  }
}

ParquetTableReader::ParquetTableReader(const std::string& path,
                                       const std::vector<ParquetColumn>& columns,
                                       int64_t batch_rows) {
  // Not mapped: pages that were read would count as the process's memory.
  const std::shared_ptr<arrow::io::RandomAccessFile> file =
      ok(arrow::io::ReadableFile::Open(path), path);
  state_ = std::make_unique<State>(file, path, columns, batch_rows);
  seek(0, n_row_groups());
}

ParquetTableReader::ParquetTableReader(std::span<const std::byte> file, std::string name,
                                       const std::vector<ParquetColumn>& columns)
    : state_(std::make_unique<State>(source_over(file), std::move(name), columns, kBatchRows)) {
  seek(0, n_row_groups());
}

ParquetTableReader::~ParquetTableReader() = default;
ParquetTableReader::ParquetTableReader(ParquetTableReader&&) noexcept = default;

const std::string& ParquetTableReader::name() const { return state_->name; }
const std::vector<std::string>& ParquetTableReader::other_columns() const { return state_->others; }
uint64_t ParquetTableReader::n_rows() const { return state_->first_rows.back(); }
size_t ParquetTableReader::n_row_groups() const { return state_->first_rows.size() - 1; }
uint64_t ParquetTableReader::first_row(size_t row_group) const {
  return state_->first_rows.at(row_group);
}

void ParquetTableReader::seek(size_t first_row_group, size_t n_row_groups) {
  State& s = *state_;
  std::vector<int> groups(n_row_groups);
  std::iota(groups.begin(), groups.end(), static_cast<int>(first_row_group));
  s.batch = nullptr;
  s.row = s.first_rows.at(first_row_group);
  guarded(s.name,
          [&] { s.batches = ok(s.reader->GetRecordBatchReader(groups, s.leaves), s.name); });
}

bool ParquetTableReader::next() {
  State& s = *state_;
  if (s.batch != nullptr) s.row += static_cast<uint64_t>(s.batch->num_rows());
  const std::string where = fmt::format("{}: after row {}", s.name, s.row);
  return guarded(where, [&] {
    ok(s.batches->ReadNext(&s.batch), where);
    if (s.batch == nullptr) return false;
    ok(s.batch->Validate(), where);
    for (size_t c = 0; c < s.columns.size(); ++c) {
      const auto array = s.batch->column(s.batch_column[c]);
      if (s.columns[c].spec.type == ColumnType::fixed_bytes) s.decoded[c].bytes = array;
      s.decode(*array, s.columns[c], s.decoded[c]);
    }
    return true;
  });
}

uint64_t ParquetTableReader::batch_row() const { return state_->row; }
size_t ParquetTableReader::n_batch_rows() const {
  return static_cast<size_t>(state_->batch->num_rows());
}
std::span<const int64_t> ParquetTableReader::integers(size_t column) const {
  return state_->decoded.at(column).integers;
}
std::span<const float> ParquetTableReader::floats(size_t column) const {
  return state_->decoded.at(column).floats;
}
std::span<const double> ParquetTableReader::doubles(size_t column) const {
  return state_->decoded.at(column).doubles;
}
Lists<int64_t> ParquetTableReader::integer_lists(size_t column) const {
  return {state_->decoded.at(column).offsets, state_->decoded.at(column).integers};
}
Lists<float> ParquetTableReader::float_lists(size_t column) const {
  return {state_->decoded.at(column).offsets, state_->decoded.at(column).floats};
}
std::span<const std::byte> ParquetTableReader::fixed_bytes(size_t column) const {
  const auto& array =
      static_cast<const arrow::FixedSizeBinaryArray&>(*state_->decoded.at(column).bytes);
  return {reinterpret_cast<const std::byte*>(array.raw_values()),
          static_cast<size_t>(array.length() * array.byte_width())};
}

Strings ParquetTableReader::strings(size_t column) const {
  const Decoded& decoded = state_->decoded.at(column);
  return {{decoded.offsets, decoded.chars}, decoded.present};
}
bool ParquetTableReader::is_null(size_t column, size_t i) const {
  return state_->decoded.at(column).present[i] == 0;
}

}  // namespace actogram
