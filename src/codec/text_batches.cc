#include "codec/text_batches.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "codec/arrow_status.h"
#include "codec/arrow_strings.h"
#include "codec/padding.h"

namespace actogram {
namespace {

bool is_chat(const arrow::DataType& type) {
  if (type.id() != arrow::Type::LIST && type.id() != arrow::Type::LARGE_LIST) return false;
  const auto& turn = *static_cast<const arrow::BaseListType&>(type).value_type();
  if (turn.id() != arrow::Type::STRUCT) return false;
  const auto& fields = static_cast<const arrow::StructType&>(turn);
  const auto has_text = [&](const char* name) {
    const auto field = fields.GetFieldByName(name);
    return field != nullptr && is_text(*field->type());
  };
  return has_text("role") && has_text("content");
}

bool is_ids(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::is_integer(static_cast<const arrow::BaseListType&>(type).value_type()->id());
    default:
      return false;
  }
}

// Requires: is_ids(*array.type()), and the row is not null.
std::vector<int32_t> numbers_at(const arrow::Array& array, int64_t row, const std::string& where) {
  const auto list = ok(array.GetScalar(row), where);
  const auto& values = static_cast<const arrow::BaseListScalar&>(*list).value;
  std::vector<int32_t> numbers;
  for (int64_t i = 0; i < values->length(); ++i) {
    const auto number = ok(values->GetScalar(i), where);
    if (!number->is_valid) fail(Code::corrupt, "{}: token {} is null", where, i);
    const auto wide = ok(number->CastTo(arrow::int32()), where);
    numbers.push_back(static_cast<const arrow::Int32Scalar&>(*wide).value);
  }
  return numbers;
}

// Requires: is_chat(*array.type()), and the row is not null.
template <typename ListArray>
std::vector<ChatTurn> turns_at(const arrow::Array& array, int64_t row, const std::string& where) {
  const auto& lists = static_cast<const ListArray&>(array);
  const auto& turns = static_cast<const arrow::StructArray&>(*lists.values());
  const auto roles = turns.GetFieldByName("role");
  const auto contents = turns.GetFieldByName("content");
  std::vector<ChatTurn> out;
  for (int64_t i = lists.value_offset(row); i < lists.value_offset(row + 1); ++i) {
    const auto role = text_at(*roles, i, where);
    if (!role) fail(Code::corrupt, "{}: a chat turn without \"role\"", where);
    out.push_back({std::string(*role), std::string(text_at(*contents, i, where).value_or(""))});
  }
  return out;
}

std::string id_at(const arrow::Array& array, int64_t row, const std::string& where) {
  if (array.IsNull(row)) return "";
  if (is_text(*array.type())) return std::string(text_at(array, row, where).value_or(""));
  return ok(array.GetScalar(row), where)->ToString();
}

const arrow::Field& field_of(const std::string& name, const arrow::Schema& schema,
                             const std::vector<std::string>& any_of) {
  for (const std::string& wanted : any_of) {
    const int index = schema.GetFieldIndex(wanted);
    if (index >= 0) return *schema.field(index);
  }
  std::string present;
  for (const std::string& column : schema.field_names()) {
    present += fmt::format("{}\"{}\"", present.empty() ? "" : ", ", column);
  }
  fail(Code::not_found, "{}: no column \"{}\"; there are: {}", name, fmt::join(any_of, "\" or \""),
       present.empty() ? "none" : present);
}

}  // namespace

TextBatches::TextBatches(std::string name, const arrow::Schema& schema, const TextColumns& columns)
    : name_(std::move(name)) {
  const arrow::Field& text = field_of(name_, schema, columns.text);
  const arrow::DataType& type = *text.type();
  if (!is_text(type) && !is_chat(type) && !is_ids(type)) {
    fail(Code::corrupt,
         "{}: column \"{}\": expected strings, list<struct<role, content>> or lists of token ids, "
         "found {}",
         name_, text.name(), type.ToString());
  }
  text_column_ = text.name();
  if (const auto mask = schema.GetFieldByName(kMaskColumn); mask != nullptr && is_ids(type)) {
    if (!is_ids(*mask->type())) {
      fail(Code::corrupt, "{}: column \"{}\": expected lists of 0 and 1, found {}", name_,
           kMaskColumn, mask->type()->ToString());
    }
    mask_column_ = kMaskColumn;
  }
  if (columns.id.empty()) return;
  const arrow::Field& id = field_of(name_, schema, {columns.id});
  if (!is_text(*id.type()) && !arrow::is_integer(id.type()->id())) {
    fail(Code::corrupt, "{}: column \"{}\": expected strings or integers as id, found {}", name_,
         columns.id, id.type()->ToString());
  }
  id_column_ = columns.id;
}

bool TextBatches::decode(const arrow::RecordBatch& batch, int64_t at, TextRow& out) const {
  const auto column = batch.GetColumnByName(text_column_);
  const arrow::Array& texts = *column;
  if (texts.IsNull(at)) return false;
  const std::string where = fmt::format("{}: row {}", name_, out.number);
  if (is_ids(*texts.type())) {
    out.ids = numbers_at(texts, at, where);
    if (!mask_column_.empty()) {
      const auto masks = batch.GetColumnByName(mask_column_);
      if (!masks->IsNull(at)) drop_padding(out.ids, numbers_at(*masks, at, where), where);
    }
  } else if (texts.type_id() == arrow::Type::LIST) {
    out.turns = turns_at<arrow::ListArray>(texts, at, where);
  } else if (texts.type_id() == arrow::Type::LARGE_LIST) {
    out.turns = turns_at<arrow::LargeListArray>(texts, at, where);
  } else {
    out.text = text_at(texts, at, where).value_or("");
  }
  if (!id_column_.empty()) out.id = id_at(*batch.GetColumnByName(id_column_), at, where);
  return true;
}

}  // namespace actogram
