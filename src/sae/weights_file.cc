#include "sae/weights_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "actogram/error.h"
#include "codec/npy.h"
#include "codec/safetensors.h"
#include "codec/torch_file.h"
#include "codec/zip_archive.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

// How a folder keeps its arrays and what describes them. To read another layout, add a row.
struct Layout {
  const char* arrays;
  const char* config;  // from the folder; "" where the format has none
};
constexpr Layout kLayouts[] = {
    {"checkpoints/final.safetensors", "hyperparams.json"},  // Llama Scope
    {"sae_weights.safetensors", "cfg.json"},                // SAELens
    {"sae_weights.safetensors", "config.json"},             // Llama Scope, later
    {"sae.safetensors", "cfg.json"},                        // sparsify
    {"ae.pt", "config.json"},                               // dictionary_learning
    {"ae.pt", ""},
    {"params.npz", ""},  // Gemma Scope
};

fs::path canonical(const std::string& path) {
  std::error_code error;
  const fs::path found = fs::canonical(path, error);
  return error ? fs::path(path) : found;
}

// The folder that `layout` is relative to if `path` is its file of arrays, or "".
fs::path base_of(const fs::path& path, const Layout& layout) {
  const fs::path arrays(layout.arrays);
  fs::path base = path;
  for (auto part = arrays.end(); part != arrays.begin();) {
    if (base.filename() != *--part) return {};
    base = base.parent_path();
  }
  return base;
}

Json read_json(const fs::path& path) {
  Json json = parse_json(read_file(path.string()), path.string());
  if (!json.is_object()) fail(Code::corrupt, "{}: expected an object", path.string());
  return json;
}

void read_config(WeightsFile& file, const fs::path& base, const Layout& layout) {
  file.folder_name = canonical(base.string()).filename().string();
  if (*layout.config != '\0') {
    file.config_path = (base / layout.config).string();
    file.config = read_json(file.config_path);
  }
  const fs::path scaler = base / "activation_scaler.json";
  if (fs::exists(scaler)) file.scaler = read_json(scaler);
}

void find_in_folder(WeightsFile& file, const fs::path& folder) {
  for (const Layout& layout : kLayouts) {
    if (!fs::exists(folder / layout.arrays) || !fs::exists(folder / layout.config)) continue;
    file.path = (folder / layout.arrays).string();
    return read_config(file, folder, layout);
  }
  std::string list;
  for (const Layout& layout : kLayouts) {
    list.append(list.empty() ? "" : "; ").append(layout.arrays);
    if (*layout.config != '\0') list.append(" with ").append(layout.config);
  }
  fail(Code::unsupported, "{}: no SAE in this folder; looked for: {}", folder.string(), list);
}

void find_beside_file(WeightsFile& file, const fs::path& path) {
  file.path = path.string();
  file.folder_name = canonical(file.path).parent_path().filename().string();
  for (const Layout& layout : kLayouts) {
    const fs::path base = base_of(canonical(file.path), layout);
    if (base.empty() || !fs::exists(base / layout.config)) continue;
    // Relative as it was given, so that errors name what a person typed.
    fs::path typed = path.parent_path();
    const auto depth =
        std::distance(fs::path(layout.arrays).begin(), fs::path(layout.arrays).end());
    for (auto i = depth; i > 1; --i) typed /= "..";
    return read_config(file, typed.lexically_normal(), layout);
  }
}

void read_arrays(WeightsFile& file) {
  const auto bytes = file.mapped->bytes();
  const bool by_name = file.path.ends_with(".npz");
  if (by_name) {
    file.container = Container::npz;
    file.content.tensors = read_npz(bytes, file.path);
  } else if (ZipArchive::looks_like(bytes) || file.path.ends_with(".pt") ||
             file.path.ends_with(".pth") || file.path.ends_with(".bin")) {
    file.container = Container::torch;
    file.content = read_torch_file(bytes, file.path);
  } else {
    file.container = Container::safetensors;
    file.content.tensors = read_safetensors(bytes, file.path);
  }
}

// A file of `actogram train-sae` that is not in a folder has the folder's cfg.json inside.
void read_own_config(WeightsFile& file) {
  const Json metadata = safetensors_metadata(file.mapped->bytes(), file.path);
  if (!metadata.contains(kConfigInMetadata)) return;
  file.config_path = fmt::format("{}: {}", file.path, kConfigInMetadata);
  file.config = parse_json(metadata.at(kConfigInMetadata).get<std::string>(), file.config_path);
  if (!file.config.is_object()) fail(Code::corrupt, "{}: expected an object", file.config_path);
}

const Tensor& tensor_of(const WeightsFile& file, const std::string& name) {
  const auto found = file.content.tensors.find(name);
  if (found == file.content.tensors.end()) {
    fail(Code::corrupt, "{}: has no array {}", file.path, name);
  }
  return found->second;
}

void check_numbers(const WeightsFile& file, const std::string& name,
                   const std::vector<float>& numbers) {
  const auto bad = std::ranges::find_if(numbers, [](float v) { return !std::isfinite(v); });
  if (bad == numbers.end()) return;
  fail(Code::corrupt, "{}: {}: value {}: {} is not a number; the weights are damaged", file.path,
       name, bad - numbers.begin(), *bad);
}

}  // namespace

bool WeightsFile::has_all(std::initializer_list<const char*> names) const {
  return std::ranges::all_of(names, [&](const char* name) { return has(name); });
}

WeightsFile open_weights(const std::string& path) {
  WeightsFile file;
  const fs::file_status status = fs::status(path);
  if (!fs::exists(status)) fail(Code::not_found, "{}: no such file or folder", path);
  if (fs::is_directory(status)) {
    find_in_folder(file, path);
  } else {
    find_beside_file(file, path);
  }
  file.mapped = std::make_shared<const MappedFile>(file.path);
  read_arrays(file);
  // What lies beside a single file may be another one's.
  if (!fs::is_directory(status) && file.container == Container::safetensors) read_own_config(file);
  return file;
}

Tensor matrix_of(const WeightsFile& file, const std::string& name) {
  const Tensor& tensor = tensor_of(file, name);
  if (tensor.shape.size() == 2) return tensor;
  fail(Code::corrupt, "{}: {}: expected a matrix, found {}", file.path, name,
       shape_text(tensor.shape));
}

Tensor matrix_of(const WeightsFile& file, const std::string& name, uint64_t n_rows,
                 uint64_t n_columns) {
  const Tensor& tensor = tensor_of(file, name);
  if (tensor.shape == std::vector<uint64_t>{n_rows, n_columns}) return tensor;
  fail(Code::corrupt, "{}: {}: expected {}, found {}", file.path, name,
       shape_text({n_rows, n_columns}), shape_text(tensor.shape));
}

std::vector<float> vector_of(const WeightsFile& file, const std::string& name, uint64_t n) {
  const Tensor& tensor = tensor_of(file, name);
  if (tensor.shape != std::vector<uint64_t>{n}) {
    fail(Code::corrupt, "{}: {}: expected {}, found {}", file.path, name, shape_text({n}),
         shape_text(tensor.shape));
  }
  std::vector<float> numbers = to_floats(tensor);
  check_numbers(file, name, numbers);
  return numbers;
}

float number_of(const WeightsFile& file, const std::string& name) {
  const Tensor& tensor = tensor_of(file, name);
  if (tensor.n_elements() != 1) {
    fail(Code::corrupt, "{}: {}: expected one number, found {}", file.path, name,
         shape_text(tensor.shape));
  }
  const std::vector<float> numbers = to_floats(tensor);
  check_numbers(file, name, numbers);
  return numbers[0];
}

}  // namespace actogram
