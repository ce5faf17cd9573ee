#include "sae/saelens_writer.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "actogram/error.h"
#include "base/file.h"
#include "codec/safetensors_writer.h"
#include "sae/weights_file.h"

namespace actogram {
namespace {

Json config_of(const SaeArrays& arrays, const Json& metadata) {
  const std::string hook = metadata.value("hook_name", "");
  return {
      {"d_in", arrays.d_in},
      {"d_sae", arrays.n_latents},
      {"dtype", "float32"},
      {"device", "cpu"},
      {"apply_b_dec_to_input", true},
      {"normalize_activations", arrays.input_norm == InputNorm::layer_norm ? "layer_norm" : "none"},
      {"reshape_activations", hook.ends_with("attn.hook_z") ? "hook_z" : "none"},
      {"metadata", metadata},
      {"k", arrays.k},
      {"rescale_acts_by_decoder_norm", false},
      {"architecture", "topk"}};
}

void write_scaled(FileWriter& file, std::span<const float> numbers, float factor) {
  constexpr size_t kAtOnce = 1 << 16;
  std::vector<float> some;
  for (size_t first = 0; first < numbers.size(); first += kAtOnce) {
    const auto part = numbers.subspan(first, std::min(kAtOnce, numbers.size() - first));
    some.assign(part.begin(), part.end());
    for (float& x : some) x *= factor;
    file.write(std::as_bytes(std::span(some)));
  }
}

// [n_latents, d_in] as [d_in, n_latents], some rows at a time.
void write_transposed(FileWriter& file, const SaeArrays& arrays, float factor) {
  constexpr size_t kRowsAtOnce = 16;
  const size_t width = arrays.d_in, n = arrays.n_latents;
  std::vector<float> some(kRowsAtOnce * n);
  for (size_t first = 0; first < width; first += kRowsAtOnce) {
    const size_t n_rows = std::min(kRowsAtOnce, width - first);
    for (size_t latent = 0; latent < n; ++latent) {
      for (size_t i = 0; i < n_rows; ++i) {
        some[i * n + latent] = arrays.w_enc[latent * width + first + i] * factor;
      }
    }
    file.write(std::as_bytes(std::span(some).first(n_rows * n)));
  }
}

// With s x instead of x: W_enc (s x - b_dec) = s W_enc (x - b_dec / s).
void write_weights(const std::string& path, const SaeArrays& arrays, const std::string& config) {
  const float scale = arrays.input_norm == InputNorm::scale ? arrays.input_scale : 1;
  const uint64_t width = arrays.d_in, n = arrays.n_latents;
  const TensorSpec tensors[] = {
      {"W_dec", {n, width}}, {"W_enc", {width, n}}, {"b_dec", {width}}, {"b_enc", {n}}};
  const std::pair<std::string, std::string> metadata[] = {{"format", "pt"},
                                                          {kConfigInMetadata, config}};
  FileWriter file(path);
  file.write(safetensors_front(tensors, metadata));
  write_scaled(file, arrays.w_dec, 1 / scale);
  write_transposed(file, arrays, scale);
  write_scaled(file, arrays.b_dec, 1 / scale);
  write_scaled(file, arrays.b_enc, 1);
  file.finish();
}

}  // namespace

void write_saelens(const std::string& path, SaeLayout layout, const SaeArrays& arrays,
                   const Json& metadata) {
  const std::string config = to_text(config_of(arrays, metadata));
  if (layout == SaeLayout::file) return write_weights(path, arrays, config);
  std::error_code error;
  if (!std::filesystem::create_directory(path, error)) {
    fail(Code::environment, "{}: cannot create: {}", path,
         error ? error.message() : "it exists already");
  }
  write_weights(path + "/sae_weights.safetensors", arrays, config);
  write_file_atomically(path + "/cfg.json", config);
  sync_folder(path);
}

}  // namespace actogram
