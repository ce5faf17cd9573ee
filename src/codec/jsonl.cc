#include "codec/jsonl.h"

#include <fmt/format.h>

#include <utility>

#include "actogram/error.h"
#include "codec/json.h"
#include "codec/jsonl_repair.h"
#include "codec/lines.h"
#include "codec/padding.h"

namespace actogram {
namespace {

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

std::string keys_of(const Json& object) {
  std::string keys;
  for (const auto& [key, value] : object.items()) {
    keys += fmt::format("{}\"{}\"", keys.empty() ? "" : ", ", key);
  }
  return keys.empty() ? "none" : keys;
}

// Turns one parsed line into a row, taking its strings; errors say where.
struct LineDecoder {
  const std::string& where;  // "file.jsonl:17"
  std::string_view marker;   // of a repaired line, else empty

  std::string take_string(Json& value) const {
    auto& text = value.get_ref<std::string&>();
    return marker.empty() ? std::move(text) : restore_bytes(text, marker);
  }

  std::string take_id(Json& object, const std::string& column) const {
    const auto id = object.find(column);
    if (id == object.end()) {
      fail(Code::not_found, "{}: no column \"{}\" for the id; there are: {}", where, column,
           keys_of(object));
    }
    if (id->is_null()) return "";
    if (Json copy = *id; copy.is_string()) return take_string(copy);  // may be the text, too
    if (id->is_number_integer()) return to_text(*id);
    fail(Code::corrupt, "{}: \"{}\": expected a string or an integer as id, found {}", where,
         column, id->type_name());
  }

  std::string take_from_turn(Json& turn, const std::string& key) const {
    const auto value = turn.is_object() ? turn.find(key) : turn.end();
    if (value == turn.end()) {
      fail(Code::corrupt, "{}: expected a chat turn {{role, content}}, found no \"{}\" in: {}",
           where, key, turn.is_object() ? keys_of(turn) : turn.type_name());
    }
    if (value->is_string()) return take_string(*value);
    if (value->is_null() && key == "content") return "";
    fail(Code::corrupt, "{}: \"{}\" of a chat turn: expected a string, found {}", where, key,
         value->type_name());
  }

  std::vector<int32_t> take_numbers(const Json& list, const std::string& column,
                                    std::string_view of_what) const {
    std::vector<int32_t> numbers;
    for (const Json& number : list) {
      const bool fits = number.is_number_unsigned() ? std::in_range<int32_t>(number.get<uint64_t>())
                        : number.is_number_integer() ? std::in_range<int32_t>(number.get<int64_t>())
                                                     : false;
      if (!fits) {
        fail(Code::corrupt, "{}: \"{}\": entry {} of a list of {}: expected an integer, found {}",
             where, column, numbers.size(), of_what, to_text(number));
      }
      numbers.push_back(number.get<int32_t>());
    }
    return numbers;
  }

  void drop_padding_of(TextRow& row, const Json& object) const {
    if (row.ids.empty()) return;
    const auto mask = object.find(kMaskColumn);
    if (mask == object.end() || mask->is_null()) return;
    if (!mask->is_array()) {
      fail(Code::corrupt, "{}: \"{}\": expected a list of 0 and 1, found {}", where, kMaskColumn,
           mask->type_name());
    }
    drop_padding(row.ids, take_numbers(*mask, kMaskColumn, "numbers"), where);
  }

  // False where the column is null.
  bool take_text(Json& value, const std::string& column, TextRow& row) const {
    if (value.is_null()) return false;
    if (value.is_string()) {
      row.text = take_string(value);
      return true;
    }
    if (!value.is_array()) {
      fail(Code::corrupt,
           "{}: \"{}\": expected a string, a list of chat turns or a list of token ids, found {}",
           where, column, value.type_name());
    }
    if (!value.empty() && value.front().is_number()) {
      row.ids = take_numbers(value, column, "token ids");
      return true;
    }
    for (Json& turn : value) {
      std::string role = take_from_turn(turn, "role");
      row.turns.push_back({std::move(role), take_from_turn(turn, "content")});
    }
    return true;
  }
};

}  // namespace

struct JsonlReader::State {
  State(LineReader line_reader, TextColumns text_columns)
      : lines(std::move(line_reader)), columns(std::move(text_columns)) {}

  LineReader lines;
  TextColumns columns;
  RepairedLine repaired;  // empty but for a line with bad bytes
  uint64_t n_null = 0;

  Json parse(std::string_view line, const std::string& where);
  bool decode(std::string_view line, TextRow& row);
};

Json JsonlReader::State::parse(std::string_view line, const std::string& where) {
  repaired = {};
  try {
    return parse_json(line, where);
  } catch (const Error&) {
    repaired = mark_bad_bytes(line, where);
    if (repaired.text == line) throw;
  }
  return parse_json(repaired.text, where);
}

bool JsonlReader::State::decode(std::string_view line, TextRow& row) {
  row.number = lines.number();
  const std::string where = fmt::format("{}:{}", lines.name(), row.number);
  Json object = parse(line, where);
  if (!object.is_object()) {
    fail(Code::corrupt, "{}: expected one JSON object a line, found {}", where, object.type_name());
  }
  const LineDecoder decoder{where, repaired.marker};
  for (const std::string& column : columns.text) {
    const auto value = object.find(column);
    if (value == object.end()) continue;
    if (!columns.id.empty()) row.id = decoder.take_id(object, columns.id);
    if (!decoder.take_text(*value, column, row)) return false;
    decoder.drop_padding_of(row, object);
    return true;
  }
  fail(Code::not_found, "{}: no column \"{}\"; there are: {}", where,
       fmt::join(columns.text, "\" or \""), keys_of(object));
}

JsonlReader::JsonlReader(std::unique_ptr<std::istream> stream, std::string name,
                         TextColumns columns)
    : state_(std::make_unique<State>(LineReader(std::move(stream), std::move(name)),
                                     std::move(columns))) {}

JsonlReader::~JsonlReader() = default;

std::optional<TextRow> JsonlReader::next() {
  while (const auto line = state_->lines.next()) {
    if (is_blank(*line)) continue;
    TextRow row;
    if (state_->decode(*line, row)) return row;
    ++state_->n_null;
  }
  return std::nullopt;
}

uint64_t JsonlReader::n_null() const { return state_->n_null; }

}  // namespace actogram
