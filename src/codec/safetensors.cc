#include "codec/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeader = 100'000'000;

constexpr std::pair<std::string_view, Dtype> kNames[] = {
    {"F64", Dtype::f64},     {"F32", Dtype::f32}, {"F16", Dtype::f16}, {"BF16", Dtype::bf16},
    {"I64", Dtype::i64},     {"I32", Dtype::i32}, {"I16", Dtype::i16}, {"I8", Dtype::i8},
    {"U64", Dtype::u64},     {"U32", Dtype::u32}, {"U16", Dtype::u16}, {"U8", Dtype::u8},
    {"BOOL", Dtype::boolean}};
static_assert(std::size(kNames) == kNumDtypes);

struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;

  auto operator<=>(const Range&) const = default;
};

std::string_view header_of(std::span<const std::byte> file, const std::string& what) {
  if (file.size() < kLengthBytes) {
    fail(Code::corrupt, "{}: not safetensors: {} bytes are too short for it", what, file.size());
  }
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof(length));
  // `length` is the file's claim: compared before anything is added to it or allocated by it.
  if (length > file.size() - kLengthBytes || length > kMaxHeader) {
    fail(Code::corrupt, "{}: not safetensors: it claims a header of {} bytes in a file of {}", what,
         length, file.size());
  }
  return {reinterpret_cast<const char*>(file.data()) + kLengthBytes, length};
}

Json parsed_header(std::string_view text, const std::string& what) {
  Json header = parse_json(text, what + ": header");
  if (!header.is_object()) fail(Code::corrupt, "{}: its header is not an object", what);
  return header;
}

Dtype dtype_of(const std::string& name, const std::string& what) {
  for (const auto& [known, dtype] : kNames) {
    if (known == name) return dtype;
  }
  fail(Code::unsupported, "{}: elements of type {} are not read by this version", what, name);
}

std::vector<uint64_t> numbers(const Json& object, std::string_view key, const std::string& what) {
  const Json& list = member(object, key, what);
  if (!list.is_array()) fail_type(list, "a list of numbers", key, what);
  std::vector<uint64_t> found;
  for (const Json& number : list) {
    if (!number.is_number_unsigned()) fail_type(list, "a list of numbers from 0 up", key, what);
    found.push_back(number.get<uint64_t>());
  }
  return found;
}

Range range_of(const Json& entry, uint64_t n_bytes, const std::string& what) {
  const auto offsets = numbers(entry, "data_offsets", what);
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > n_bytes) {
    fail(Code::corrupt, "{}: `data_offsets` are {}, and there are {} bytes of data", what,
         shape_text(offsets), n_bytes);
  }
  return {offsets[0], offsets[1]};
}

Tensor tensor_of(const Json& entry, Range range, std::span<const std::byte> data,
                 const std::string& what) {
  const Dtype dtype = dtype_of(field<std::string>(entry, "dtype", what), what);
  std::vector<uint64_t> shape = numbers(entry, "shape", what);
  const auto bytes = data.subspan(range.begin, range.end - range.begin);
  std::vector<uint64_t> strides = row_major_strides(shape, what);
  Tensor tensor = make_tensor(dtype, std::move(shape), std::move(strides), 0, {bytes}, what);
  if (tensor.n_elements() * size_of(dtype) != bytes.size()) {
    fail(Code::corrupt, "{}: {} {} in {} bytes", what, shape_text(tensor.shape), name_of(dtype),
         bytes.size());
  }
  return tensor;
}

void check_cover(std::vector<Range> ranges, uint64_t n_bytes, const std::string& what) {
  std::ranges::sort(ranges);
  uint64_t end = 0;
  for (const Range& range : ranges) {
    if (range.begin != end) {
      fail(Code::corrupt, "{}: tensors {} at byte {} of the data", what,
           range.begin < end ? "overlap" : "leave a hole", std::min(range.begin, end));
    }
    end = range.end;
  }
  if (end != n_bytes) {
    fail(Code::corrupt, "{}: the tensors end at byte {} of {} bytes of data", what, end, n_bytes);
  }
}

}  // namespace

std::string_view safetensors_name(Dtype dtype) {
  return std::ranges::find(kNames, dtype, [](const auto& row) { return row.second; })->first;
}

Json safetensors_metadata(std::span<const std::byte> file, const std::string& what) {
  const Json header = parsed_header(header_of(file, what), what);
  const auto found = header.find("__metadata__");
  if (found == header.end()) return Json::object();
  const bool texts = found->is_object() &&
                     std::ranges::all_of(*found, [](const Json& text) { return text.is_string(); });
  if (!texts) fail(Code::corrupt, "{}: __metadata__: expected texts by name", what);
  return *found;
}

NamedTensors read_safetensors(std::span<const std::byte> file, const std::string& what) {
  const std::string_view text = header_of(file, what);
  const auto data = file.subspan(kLengthBytes + text.size());
  const Json header = parsed_header(text, what);
  NamedTensors tensors;
  std::vector<Range> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const std::string where = what + ": " + name;
    ranges.push_back(range_of(entry, data.size(), where));
    if (!tensors.emplace(name, tensor_of(entry, ranges.back(), data, where)).second) {
      fail(Code::corrupt, "{}: two tensors have this name", where);
    }
  }
  check_cover(std::move(ranges), data.size(), what);
  return tensors;
}

}  // namespace actogram
