#include "codec/arrow_columns.h"

#include <arrow/api.h>

#include <utility>
#include <variant>

namespace actogram {
namespace {

std::shared_ptr<arrow::DataType> arrow_type(const ColumnSpec& column) {
  switch (column.type) {
    case ColumnType::u8:
      return arrow::uint8();
    case ColumnType::u16:
      return arrow::uint16();
    case ColumnType::u32:
      return arrow::uint32();
    case ColumnType::i32:
      return arrow::int32();
    case ColumnType::i64:
      return arrow::int64();
    case ColumnType::u64:
      return arrow::uint64();
    case ColumnType::f32:
      return arrow::float32();
    case ColumnType::f64:
      return arrow::float64();
    case ColumnType::utf8:
      return arrow::large_utf8();
    case ColumnType::bytes:
      return arrow::large_binary();
    case ColumnType::fixed_bytes:
      return arrow::fixed_size_binary(column.width);
    case ColumnType::list_u16:
      return arrow::large_list(field("item", arrow::uint16(), false));
    case ColumnType::list_u32:
      return arrow::large_list(field("item", arrow::uint32(), false));
    case ColumnType::list_u64:
      return arrow::large_list(field("item", arrow::uint64(), false));
    case ColumnType::list_i32:
      return arrow::large_list(field("item", arrow::int32(), false));
    case ColumnType::list_i64:
      return arrow::large_list(field("item", arrow::int64(), false));
    case ColumnType::list_f32:
      return arrow::large_list(field("item", arrow::float32(), false));
    case ColumnType::list_f64:
      return arrow::large_list(field("item", arrow::float64(), false));
  }
  fail(Code::invalid, "column {} has an unknown type", column.name);
}

// Nothing is somewhere, too: Parquet's writer refuses a buffer at null.
template <typename T>
std::shared_ptr<arrow::Buffer> wrap(std::span<const T> values) {
  static constexpr uint8_t kNothing = 0;
  if (values.empty()) return std::make_shared<arrow::Buffer>(&kNothing, 0);
  return arrow::Buffer::Wrap(values.data(), values.size());
}

using Type = std::shared_ptr<arrow::DataType>;

template <typename T>
std::shared_ptr<arrow::ArrayData> column_data(const Type& type, int64_t n,
                                              std::span<const T> values) {
  return arrow::ArrayData::Make(type, n, {nullptr, wrap(values)}, 0);
}

std::shared_ptr<arrow::Buffer> bits(std::span<const uint8_t> present) {
  if (present.empty()) return nullptr;
  std::vector<uint8_t> bytes((present.size() + 7) / 8);
  for (size_t i = 0; i < present.size(); ++i) {
    if (present[i] != 0) bytes[i / 8] |= static_cast<uint8_t>(1 << i % 8);
  }
  return arrow::Buffer::FromVector(std::move(bytes));
}

std::shared_ptr<arrow::ArrayData> column_data(const Type& type, int64_t n, const Strings& strings) {
  return arrow::ArrayData::Make(
      type, n, {bits(strings.present), wrap(strings.offsets), wrap(strings.values)});
}

template <typename T>
std::shared_ptr<arrow::ArrayData> column_data(const Type& type, int64_t n, const Lists<T>& lists) {
  const auto& item = static_cast<const arrow::LargeListType&>(*type).value_type();
  auto values = arrow::ArrayData::Make(item, static_cast<int64_t>(lists.values.size()),
                                       {nullptr, wrap(lists.values)}, 0);
  return arrow::ArrayData::Make(type, n, {nullptr, wrap(lists.offsets)}, {values}, 0);
}

}  // namespace

std::shared_ptr<arrow::Schema> arrow_schema(const std::vector<ColumnSpec>& columns) {
  arrow::FieldVector fields;
  for (const ColumnSpec& column : columns) {
    fields.push_back(arrow::field(column.name, arrow_type(column), false));
  }
  return arrow::schema(fields);
}

std::shared_ptr<arrow::RecordBatch> arrow_batch(const std::shared_ptr<arrow::Schema>& schema,
                                                size_t n_rows,
                                                std::span<const ColumnData> columns) {
  const auto n = static_cast<int64_t>(n_rows);
  std::vector<std::shared_ptr<arrow::ArrayData>> arrays;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Type& type = schema->field(static_cast<int>(i))->type();
    arrays.push_back(
        std::visit([&](const auto& data) { return column_data(type, n, data); }, columns[i]));
  }
  return arrow::RecordBatch::Make(schema, n, std::move(arrays));
}

}  // namespace actogram
