#include "formats/delphi_split.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "actogram/error.h"
#include "codec/safetensors.h"

namespace actogram {
namespace {

constexpr uint64_t kRowsAtOnce = 4096;

const Tensor& tensor_of(const NamedTensors& tensors, const char* name, const std::string& what) {
  const auto found = tensors.find(name);
  if (found != tensors.end()) return found->second;
  fail(Code::corrupt, "{}: no tensor {}: is it a file of a Delphi latent cache?", what, name);
}

[[noreturn]] void fail_shape(const char* name, const Tensor& tensor, const std::string& expected,
                             const std::string& what) {
  fail(Code::corrupt, "{}: {} is {}; expected {}", what, name, shape_text(tensor.shape), expected);
}

}  // namespace

DelphiSplit::DelphiSplit(std::span<const std::byte> file, std::optional<uint64_t> n_latents,
                         std::string what)
    : what_(std::move(what)), n_latents_(n_latents.value_or(uint64_t{UINT32_MAX})) {
  const NamedTensors tensors = read_safetensors(file, what_);
  locations_ = tensor_of(tensors, "locations", what_);
  activations_ = tensor_of(tensors, "activations", what_);
  check_dtype("locations", locations_, is_integer(locations_.dtype), "an integer");
  const Dtype dtype = activations_.dtype;
  check_dtype("activations", activations_,
              dtype == Dtype::f16 || dtype == Dtype::bf16 || dtype == Dtype::f32,
              "float16, bfloat16 or float32");
  if (activations_.shape.size() != 1) fail_shape("activations", activations_, "[events]", what_);
  if (locations_.shape != std::vector<uint64_t>{n_rows(), 3}) {
    fail_shape("locations", locations_, fmt::format("[{}, 3], as there are activations", n_rows()),
               what_);
  }
  activations_.shape.push_back(1), activations_.strides.push_back(1);
  const auto found = tensors.find("tokens");
  if (found == tensors.end()) return;
  tokens_ = found->second;
  check_dtype("tokens", *tokens_, is_integer(tokens_->dtype), "an integer");
  if (tokens_->shape.size() != 2) fail_shape("tokens", *tokens_, "[sequences, context]", what_);
}

void DelphiSplit::check_dtype(const char* name, const Tensor& tensor, bool fits,
                              const char* expected) const {
  if (fits) return;
  fail(Code::unsupported, "{}: {} are {}; expected {}", what_, name, name_of(tensor.dtype),
       expected);
}

std::optional<TokenShape> DelphiSplit::tokens() const {
  if (!tokens_) return std::nullopt;
  return TokenShape{tokens_->shape[0], tokens_->shape[1]};
}

void DelphiSplit::check_location(uint64_t row, std::span<const int64_t> location,
                                 const TokenShape& tokens) const {
  const auto below = [](int64_t number, uint64_t end) {
    return number >= 0 && static_cast<uint64_t>(number) < end;
  };
  if (!below(location[0], tokens.n_sequences) || !below(location[1], tokens.context)) {
    fail(Code::corrupt, "{}: row {} of locations is position {} of sequence {}; tokens are {}",
         what_, row, location[1], location[0], shape_text({tokens.n_sequences, tokens.context}));
  }
  if (!below(location[2], n_latents_)) {
    fail(Code::corrupt, "{}: row {} of locations is latent {} of the file; expected 0 to {}", what_,
         row, location[2], n_latents_ - 1);
  }
}

void DelphiSplit::read(uint64_t row, uint64_t n_rows, const TokenShape& tokens, Rows& rows) const {
  rows.locations.resize(n_rows * 3);
  rows.value.resize(n_rows), rows.token.resize(n_rows), rows.latent.resize(n_rows);
  copy_integers(locations_, row, n_rows, rows.locations.data());
  copy_rows(activations_, row, n_rows, rows.value.data(), 1);
  size_t n = 0;
  for (size_t i = 0; i < n_rows; ++i) {
    const auto location = std::span<const int64_t>(rows.locations).subspan(i * 3, 3);
    check_location(row + i, location, tokens);
    const float value = rows.value[i];
    if (std::isnan(value)) fail(Code::corrupt, "{}: row {} of activations is NaN", what_, row + i);
    if (value == 0 || std::isinf(value)) {
      ++(value == 0 ? rows.n_zero : rows.n_infinite);
      continue;
    }
    rows.token[n] = static_cast<uint32_t>(static_cast<uint64_t>(location[0]) * tokens.context +
                                          static_cast<uint64_t>(location[1]));
    rows.latent[n] = static_cast<uint32_t>(location[2]);
    rows.value[n++] = value;
  }
  rows.value.resize(n), rows.token.resize(n), rows.latent.resize(n);
}

std::vector<int32_t> DelphiSplit::token_ids(uint64_t sequence, uint64_t n_sequences) const {
  const uint64_t context = tokens_->shape[1];
  std::vector<int64_t> found(n_sequences * context);
  copy_integers(*tokens_, sequence, n_sequences, found.data());
  std::vector<int32_t> ids(found.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i] < 0 || found[i] > INT32_MAX) {
      fail(Code::corrupt, "{}: tokens: position {} of sequence {} is {}: no token's id", what_,
           i % context, sequence + i / context, found[i]);
    }
    ids[i] = static_cast<int32_t>(found[i]);
  }
  return ids;
}

uint64_t DelphiSplit::n_latents_named() const {
  uint64_t n = 0;
  std::vector<int64_t> some;
  for (uint64_t row = 0; row < n_rows(); row += kRowsAtOnce) {
    const uint64_t n_rows_here = std::min(kRowsAtOnce, n_rows() - row);
    some.resize(n_rows_here * 3);
    copy_integers(locations_, row, n_rows_here, some.data());
    for (size_t i = 0; i < n_rows_here; ++i) {
      if (some[i * 3 + 2] >= 0) n = std::max(n, static_cast<uint64_t>(some[i * 3 + 2]) + 1);
    }
  }
  return n;
}

}  // namespace actogram
