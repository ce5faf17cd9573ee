// JSON lines: one object a line, from a stream of any length.
//
//   file := (object? '\n')*
//
// A line that is blank is skipped; one that is not a JSON object, or lacks the column, or has
// something else than a string, a chat or token ids in it, is an error that names file and line. A
// null is skipped and counted; a null `content` of a chat turn (tool calls have it) is the empty
// string.
//
// JSON is UTF-8, but corpora hold strings that are not, raw or as lone surrogate escapes (\ud83d),
// and JSON parsers refuse both. Such a line is parsed a second time with each bad byte replaced by
// a marker: a noncharacter that the line has nowhere, followed by the byte in hexadecimal. Since
// nothing else in the line can decode to that noncharacter, putting the bytes back is exact. A lone
// surrogate becomes the three bytes that UTF-8's scheme gives it (ED A0 BD), which are invalid.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>

#include "codec/text_rows.h"

namespace actogram {

class JsonlReader : public TextRows {
 public:
  // `name` is the file in errors: "file.jsonl:17: ...".
  JsonlReader(std::unique_ptr<std::istream> stream, std::string name, TextColumns columns);
  ~JsonlReader() override;

  std::optional<TextRow> next() override;
  uint64_t n_null() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace actogram
