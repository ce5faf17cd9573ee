// Lines of a stream of any length, one at a time.
//
// Memory is the longest line and one chunk. A line ends at \n; the last one need not. A byte order
// mark at the front is skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actogram {

// A file, or standard input for "-". Error{not_found} where there is none.
std::unique_ptr<std::istream> open_stream(const std::string& path);

class LineReader {
 public:
  static constexpr size_t kMaxLineBytes = size_t{1} << 31;

  // `name` is the file in errors.
  LineReader(std::unique_ptr<std::istream> stream, std::string name);

  // Without its \n; valid until the next call. Error{corrupt} for a line above kMaxLineBytes.
  std::optional<std::string_view> next();

  uint64_t number() const { return number_; }  // of the last line, from 1
  const std::string& name() const { return name_; }

 private:
  std::string_view take(size_t line_bytes, size_t taken_bytes);
  bool fill();  // appends a chunk; false at the end of the stream

  std::unique_ptr<std::istream> stream_;
  std::string name_;
  std::vector<char> buffer_;  // bytes [begin_, end_) are not yet handed out
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t number_ = 0;
};

}  // namespace actogram
