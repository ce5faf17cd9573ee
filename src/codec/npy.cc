#include "codec/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "actogram/error.h"
#include "codec/zip_archive.h"

namespace actogram {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::string_view kSuffix = ".npy";

constexpr std::pair<std::string_view, Dtype> kTypes[] = {
    {"f8", Dtype::f64}, {"f4", Dtype::f32}, {"f2", Dtype::f16}, {"i8", Dtype::i64},
    {"i4", Dtype::i32}, {"i2", Dtype::i16}, {"i1", Dtype::i8},  {"u8", Dtype::u64},
    {"u4", Dtype::u32}, {"u2", Dtype::u16}, {"u1", Dtype::u8},  {"b1", Dtype::boolean}};

struct Header {
  Dtype dtype = Dtype::f32;
  bool columns_first = false;
  std::vector<uint64_t> shape;
};

// Reads the one Python literal that NumPy writes: a dictionary of three known keys.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& what) : rest_(text), what_(what) {}

  Header read() {
    Header header;
    bool has_type = false, has_order = false, has_shape = false;
    expect("{");
    while (!take("}")) {
      const std::string_view key = quoted();
      expect(":");
      if (key == "descr") {
        header.dtype = dtype(quoted());
        has_type = true;
      } else if (key == "fortran_order") {
        header.columns_first = take("True");
        if (!header.columns_first) expect("False");
        has_order = true;
      } else if (key == "shape") {
        header.shape = shape();
        has_shape = true;
      } else {
        fail_here();
      }
      if (!take(",")) {
        expect("}");
        break;
      }
    }
    skip_blanks();
    if (!rest_.empty() || !has_type || !has_order || !has_shape) fail_here();
    return header;
  }

 private:
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size()));
  }

  bool take(std::string_view word) {
    skip_blanks();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  void expect(std::string_view word) {
    if (!take(word)) fail_here();
  }

  std::string_view quoted() {
    expect("'");
    const size_t end = rest_.find('\'');
    if (end == rest_.npos) fail_here();
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }

  Dtype dtype(std::string_view descr) {
    if (!descr.empty() && (descr[0] == '<' || descr[0] == '|')) {
      for (const auto& [name, dtype] : kTypes) {
        if (descr.substr(1) == name) return dtype;
      }
    }
    fail(Code::unsupported, "{}: an array of type '{}'; little-endian numbers are read", what_,
         descr);
  }

  std::vector<uint64_t> shape() {
    std::vector<uint64_t> shape;
    expect("(");
    while (!take(")")) {
      skip_blanks();
      uint64_t extent = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc()) fail_here();
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      shape.push_back(extent);
      if (!take(",")) {
        expect(")");
        break;
      }
    }
    return shape;
  }

  [[noreturn]] void fail_here() const {
    fail(Code::corrupt, "{}: the array's header cannot be read {} bytes before its end", what_,
         rest_.size());
  }

  std::string_view rest_;
  const std::string& what_;
};

std::vector<uint64_t> column_major_strides(const std::vector<uint64_t>& shape,
                                           const std::string& what) {
  std::vector<uint64_t> strides =
      row_major_strides(std::vector<uint64_t>(shape.rbegin(), shape.rend()), what);
  std::ranges::reverse(strides);
  return strides;
}

}  // namespace

Tensor read_npy(TensorBytes file, const std::string& what) {
  const auto bytes = file.bytes;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  constexpr size_t kVersionBytes = 2;
  if (!text.starts_with(kMagic) || text.size() < kMagic.size() + kVersionBytes) {
    fail(Code::corrupt, "{}: not a NumPy array: it does not begin with '\\x93NUMPY'", what);
  }
  const auto major = static_cast<uint8_t>(text[kMagic.size()]);
  if (major < 1 || major > 3) {
    fail(Code::unsupported, "{}: version {} of NumPy's format; 1 to 3 are read", what, major);
  }
  const size_t n_length = major == 1 ? sizeof(uint16_t) : sizeof(uint32_t);
  const size_t begin = kMagic.size() + kVersionBytes + n_length;
  uint32_t length = 0;
  if (text.size() >= begin) std::memcpy(&length, text.data() + begin - n_length, n_length);
  if (text.size() < begin || length > text.size() - begin) {
    fail(Code::corrupt, "{}: it claims a header of {} bytes in an array of {}", what, length,
         text.size());
  }
  Header header = HeaderReader(text.substr(begin, length), what).read();
  std::vector<uint64_t> strides = header.columns_first ? column_major_strides(header.shape, what)
                                                       : row_major_strides(header.shape, what);
  file.bytes = bytes.subspan(begin + length);
  return make_tensor(header.dtype, std::move(header.shape), std::move(strides), 0, std::move(file),
                     what);
}

NamedTensors read_npz(std::span<const std::byte> file, const std::string& what) {
  const ZipArchive archive(file, what);
  NamedTensors tensors;
  for (const auto& [name, entry] : archive.entries()) {
    if (!name.ends_with(kSuffix)) continue;
    tensors.emplace(name.substr(0, name.size() - kSuffix.size()),
                    read_npy(archive.read(name), what + ": " + name));
  }
  return tensors;
}

}  // namespace actogram
