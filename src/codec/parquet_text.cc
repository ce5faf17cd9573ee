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

namespace actogram {
namespace {

bool is_text(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return is_text(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  return arrow::is_base_binary_like(type.id()) || arrow::is_binary_view_like(type.id());
}

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
std::vector<int32_t> ids_at(const arrow::Array& array, int64_t row, const std::string& where) {
  const auto list = ok(array.GetScalar(row), where);
  const auto& values = static_cast<const arrow::BaseListScalar&>(*list).value;
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < values->length(); ++i) {
    const auto id = ok(values->GetScalar(i), where);
    if (!id->is_valid) fail(Code::corrupt, "{}: token {} is null", where, i);
    const auto wide = ok(id->CastTo(arrow::int32()), where);
    ids.push_back(static_cast<const arrow::Int32Scalar&>(*wide).value);
  }
  return ids;
}

// Requires: is_text(*array.type()). nullopt for a null.
std::optional<std::string> text_at(const arrow::Array& array, int64_t row,
                                   const std::string& where) {
  if (array.IsNull(row)) return std::nullopt;
  switch (array.type_id()) {
    case arrow::Type::DICTIONARY: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
      const int64_t index = encoded.GetValueIndex(row);
      if (index < 0 || index >= encoded.dictionary()->length()) {
        fail(Code::corrupt, "{}: entry {} of a dictionary of {}", where, index,
             encoded.dictionary()->length());
      }
      return text_at(*encoded.dictionary(), index, where);
    }
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(array).GetString(row);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return static_cast<const arrow::BinaryViewArray&>(array).GetString(row);
    default:
      return static_cast<const arrow::BinaryArray&>(array).GetString(row);
  }
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
    auto role = text_at(*roles, i, where);
    if (!role) fail(Code::corrupt, "{}: a chat turn without \"role\"", where);
    out.push_back({std::move(*role), text_at(*contents, i, where).value_or("")});
  }
  return out;
}

std::string id_at(const arrow::Array& array, int64_t row, const std::string& where) {
  if (array.IsNull(row)) return "";
  if (is_text(*array.type())) return text_at(array, row, where).value_or("");
  return ok(array.GetScalar(row), where)->ToString();
}

void append_leaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const auto& child : field.children) append_leaves(child, leaves);
}

}  // namespace

struct ParquetTextReader::State {
  State(std::span<const std::byte> file, std::string file_name, TextColumns columns);

  void choose_columns(const TextColumns& columns);
  const parquet::arrow::SchemaField& field(const std::vector<std::string>& any_of) const;
  bool next_batch();
  bool decode(int64_t row, TextRow& out) const;

  std::string name;
  std::optional<MappedFile> mapped;  // where the reader was given a path
  arrow::CappedMemoryPool pool{arrow::default_memory_pool(), kMaxDecodedBytes};
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::unique_ptr<arrow::RecordBatchReader> batches;
  std::string text_column;
  std::string id_column;

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
  const auto& text = field(columns.text);
  const arrow::DataType& type = *text.field->type();
  if (!is_text(type) && !is_chat(type) && !is_ids(type)) {
    fail(Code::corrupt,
         "{}: column \"{}\": expected strings, list<struct<role, content>> or lists of token ids, "
         "found {}",
         name, text.field->name(), type.ToString());
  }
  text_column = text.field->name();
  std::vector<int> leaves;
  append_leaves(text, leaves);
  if (!columns.id.empty()) {
    const auto& id = field({columns.id});
    if (!is_text(*id.field->type()) && !arrow::is_integer(id.field->type()->id())) {
      fail(Code::corrupt, "{}: column \"{}\": expected strings or integers as id, found {}", name,
           columns.id, id.field->type()->ToString());
    }
    id_column = columns.id;
    if (id_column != text_column) append_leaves(id, leaves);
  }
  std::vector<int> row_groups(static_cast<size_t>(reader->num_row_groups()));
  for (size_t i = 0; i < row_groups.size(); ++i) row_groups[i] = static_cast<int>(i);
  batches = ok(reader->GetRecordBatchReader(row_groups, leaves), name);
}

const parquet::arrow::SchemaField& ParquetTextReader::State::field(
    const std::vector<std::string>& any_of) const {
  const auto& fields = reader->manifest().schema_fields;
  for (const std::string& wanted : any_of) {
    for (const auto& candidate : fields) {
      if (candidate.field->name() == wanted) return candidate;
    }
  }
  std::string present;
  for (const auto& candidate : fields) {
    present += fmt::format("{}\"{}\"", present.empty() ? "" : ", ", candidate.field->name());
  }
  fail(Code::not_found, "{}: no column \"{}\"; there are: {}", name, fmt::join(any_of, "\" or \""),
       present.empty() ? "none" : present);
}

bool ParquetTextReader::State::next_batch() {
  if (batch != nullptr) n_rows_before += static_cast<uint64_t>(batch->num_rows());
  row = 0;
  const std::string where = fmt::format("{}: after row {}", name, n_rows_before);
  guarded(where, [&] { ok(batches->ReadNext(&batch), where); });
  return batch != nullptr;
}

bool ParquetTextReader::State::decode(int64_t at, TextRow& out) const {
  const arrow::Array& texts = *batch->GetColumnByName(text_column);
  out.number = n_rows_before + static_cast<uint64_t>(at) + 1;
  if (texts.IsNull(at)) return false;
  const std::string where = fmt::format("{}: row {}", name, out.number);
  if (is_ids(*texts.type())) {
    out.ids = ids_at(texts, at, where);
  } else if (texts.type_id() == arrow::Type::LIST) {
    out.turns = turns_at<arrow::ListArray>(texts, at, where);
  } else if (texts.type_id() == arrow::Type::LARGE_LIST) {
    out.turns = turns_at<arrow::LargeListArray>(texts, at, where);
  } else {
    out.text = text_at(texts, at, where).value_or("");
  }
  if (!id_column.empty()) out.id = id_at(*batch->GetColumnByName(id_column), at, where);
  return true;
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
