#include "codec/lines.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr size_t kChunkBytes = 1 << 18;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

std::unique_ptr<std::istream> open_stream(const std::string& path) {
  // The same buffer as std::cin, so that what another reader left there is not lost.
  if (path == "-") return std::make_unique<std::istream>(std::cin.rdbuf());
  if (std::filesystem::is_directory(path)) fail(Code::invalid, "{}: a folder, not a file", path);
  auto stream = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*stream) {
    const int error = errno;
    fail(error == ENOENT ? Code::not_found : Code::environment, "{}: {}", path, strerror(error));
  }
  return stream;
}

LineReader::LineReader(std::unique_ptr<std::istream> stream, std::string name)
    : stream_(std::move(stream)), name_(std::move(name)) {}

std::optional<std::string_view> LineReader::next() {
  size_t searched = 0;  // bytes of the line known to hold no line end
  for (;;) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const size_t found = rest.find('\n', searched);
    if (found != rest.npos) return take(found, found + 1);
    searched = rest.size();
    if (!fill()) break;
  }
  if (searched == 0) return std::nullopt;
  return take(searched, searched);
}

std::string_view LineReader::take(size_t line_bytes, size_t taken_bytes) {
  std::string_view line(buffer_.data() + begin_, line_bytes);
  begin_ += taken_bytes;
  ++number_;
  if (number_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  return line;
}

bool LineReader::fill() {
  if (end_ - begin_ > kMaxLineBytes) {
    fail(Code::corrupt, "{}:{}: a line of more than {} bytes", name_, number_ + 1, kMaxLineBytes);
  }
  std::copy(buffer_.begin() + static_cast<ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<ptrdiff_t>(end_), buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  // Doubling, so that a long line is copied and searched a constant number of times.
  const size_t wanted = end_ + kChunkBytes;
  if (buffer_.size() < wanted) buffer_.resize(std::max(wanted, 2 * buffer_.size()));
  const size_t room = buffer_.size() - end_;
  stream_->read(buffer_.data() + end_, static_cast<std::streamsize>(room));
  if (stream_->bad()) fail(Code::environment, "{}: cannot be read", name_);
  end_ += static_cast<size_t>(stream_->gcount());
  return stream_->gcount() > 0;
}

}  // namespace actogram
