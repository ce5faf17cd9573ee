// The files that an SAE is published in, opened: named arrays, scalars, a configuration.
//
// A folder is recognised by the names of its files, a file by its bytes; the configuration that
// lies beside a file of a known name, or in its metadata, is found too. What the arrays mean is not
// known here, see formats.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "codec/json.h"
#include "codec/torch_pickle.h"

namespace actogram {

enum class Container : uint8_t { safetensors, npz, torch };

// The name under which safetensors metadata has SAELens' cfg.json (saelens_writer.h).
inline constexpr const char* kConfigInMetadata = "cfg.json";

struct WeightsFile {
  std::string path;         // of the file with the arrays; errors name it
  std::string config_path;  // "" where there is none
  std::string folder_name;  // the folder that it lies in: sparsify names it after the site
  Container container = Container::safetensors;
  StateDict content;
  Json config = Json::object();
  Json scaler = Json::object();  // SAELens' activation_scaler.json
  std::shared_ptr<const MappedFile> mapped;

  bool has(const std::string& name) const { return content.tensors.contains(name); }
  bool has_all(std::initializer_list<const char*> names) const;
  bool configures(std::string_view key) const { return config.contains(key); }
};

// Error{not_found} if there is nothing at `path`, Error{unsupported} if a folder has none of the
// known files.
WeightsFile open_weights(const std::string& path);

// Members of the configuration, with its path in errors. A null counts as absent.
template <typename T>
T config_value(const WeightsFile& file, std::string_view key) {
  return field<T>(file.config, key, file.config_path);
}
template <typename T>
T config_value(const WeightsFile& file, std::string_view key, T standard) {
  const auto found = file.config.find(key);
  if (found == file.config.end() || found->is_null()) return standard;
  return config_value<T>(file, key);
}

// The array `name` as a matrix of so many rows and columns, as it lies in the file.
Tensor matrix_of(const WeightsFile& file, const std::string& name, uint64_t n_rows,
                 uint64_t n_columns);
// As a matrix of any shape.
Tensor matrix_of(const WeightsFile& file, const std::string& name);
// As `n` finite numbers.
std::vector<float> vector_of(const WeightsFile& file, const std::string& name, uint64_t n);
// As one finite number, [] or [1].
float number_of(const WeightsFile& file, const std::string& name);

}  // namespace actogram
