// A GGUF model that llama.cpp has loaded, and what its file says about it.
//
// Weights are memory-mapped, so several processes share them. They stay as the file has them: the
// "extra buffers" of llama.cpp repack some of them for kernels that round differently.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/gguf_header.h"

struct llama_model;

namespace actogram {

struct ModelInfo {
  std::string name;          // general.name, or the file's name without .gguf
  std::string architecture;  // "llama", "gemma3", ...
  std::string file_type;     // "F32", "Q4_1", "Q4_K_M", ...
  uint32_t n_layers = 0;
  uint32_t n_embd = 0;
  uint32_t n_ff = 0;  // of layer 0
  uint32_t n_vocab = 0;
  uint32_t trained_context = 0;                               // tokens
  std::vector<std::pair<std::string, std::string>> metadata;  // scalars of the file, as text
};

class LlamaModel {
 public:
  // everything: to record from; weights: to be asked; vocabulary: enough for a LlamaTokenizer.
  enum class Load { everything, weights, vocabulary };

  // Throws Error: not_found, corrupt or unsupported. To record from, the architecture must be one
  // of architectures.h, and no mixture of experts.
  explicit LlamaModel(const std::filesystem::path& path, Load load = Load::everything);
  ~LlamaModel();
  LlamaModel(LlamaModel&&) noexcept;
  LlamaModel& operator=(LlamaModel&&) noexcept;

  const ModelInfo& info() const { return info_; }
  const std::filesystem::path& path() const { return path_; }

  // For this folder only.
  llama_model* handle() const { return model_.get(); }
  bool has_weights() const { return load_ != Load::vocabulary; }
  bool has_tensor(const std::string& name) const;
  const GgufTensor* find_tensor(const std::string& name) const;  // null where there is none
  uint32_t n_ff(uint32_t layer) const;

 private:
  struct Free {
    void operator()(llama_model* model) const;
  };

  std::filesystem::path path_;
  Load load_;
  ModelInfo info_;
  std::map<std::string, GgufTensor> tensors_;
  std::vector<uint32_t> n_ff_;  // [layer]
  std::unique_ptr<llama_model, Free> model_;
};

}  // namespace actogram
