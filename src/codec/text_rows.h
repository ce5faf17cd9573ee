// Rows with a text or a chat in them, as JSON lines, Parquet and Arrow files have them.
//
// The column that is read holds strings (a text a row), lists of {role, content} (a chat a row) or
// lists of integers (token ids that were prepared elsewhere, less those that only fill up:
// padding.h). Text is bytes and comes back as it was; no reader replaces what is not UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace actogram {

struct ChatTurn {
  std::string role;
  std::string content;

  bool operator==(const ChatTurn&) const = default;
};

struct TextRow {
  uint64_t number = 0;  // the line or row in its file, from 1, skipped ones counted
  std::string id;       // empty where no id column was asked for or the row's is null
  std::string text;
  std::vector<ChatTurn> turns;    // used instead of `text` where the column holds chats
  std::vector<int32_t> ids = {};  // likewise, where it holds token ids

  bool operator==(const TextRow&) const = default;
};

struct TextColumns {
  std::vector<std::string> text = {"text", "messages",
                                   "input_ids"};  // the first of these that is there is read
  std::string id = {};                            // strings or integers; empty for none
};

class TextRows {
 public:
  virtual ~TextRows() = default;

  // The next row whose column is not null. A row stays valid when the next one is read.
  virtual std::optional<TextRow> next() = 0;

  virtual uint64_t n_null() const = 0;  // rows skipped so far because their column is null
};

}  // namespace actogram
