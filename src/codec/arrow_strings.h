// Strings and bytes out of an Arrow array, whichever of Arrow's types a file has for them.
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actogram/error.h"

namespace actogram {

// string, binary, large, view or plain, dictionary-encoded or not
inline bool is_text(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return is_text(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  return arrow::is_base_binary_like(type.id()) || arrow::is_binary_view_like(type.id());
}

// As long as the array lives; nullopt for a null. Requires: is_text(*array.type()).
inline std::optional<std::string_view> text_at(const arrow::Array& array, int64_t row,
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
      return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return static_cast<const arrow::BinaryViewArray&>(array).GetView(row);
    default:
      return static_cast<const arrow::BinaryArray&>(array).GetView(row);
  }
}

}  // namespace actogram
