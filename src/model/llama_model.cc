#include "model/llama_model.h"

#include <llama.h>

#include <charconv>
#include <mutex>
#include <string_view>

#include "actogram/error.h"
#include "model/architectures.h"
#include "model/gguf_header.h"
#include "model/llama_log.h"

namespace actogram {
namespace {

// 0 where the key is missing or not a whole number.
uint32_t number(const GgufHeader& header, const std::string& key) {
  const std::string text = header.value(key);
  uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "Q4_1", and "Q4_K_M" where llama.cpp says "Q4_K - Medium". Where the file does not say, llama.cpp
// guesses from the tensors, for which it must have loaded them.
std::string file_type_name(const GgufHeader& header, const llama_model* model) {
  const bool told = !header.value("general.file_type").empty();
  std::string name =
      llama_ftype_name(told ? static_cast<llama_ftype>(number(header, "general.file_type"))
                            : llama_model_ftype(model));
  for (const std::string_view prefix : {"(guessed) ", "all "}) {
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  }
  const size_t end = name.find(' ');
  if (end == std::string::npos) return name;
  for (const std::string_view size : {" - Small", " - Medium", " - Large"}) {
    if (name.ends_with(size)) return fmt::format("{}_{}", name.substr(0, end), size[3]);
  }
  return name.substr(0, end);
}

// The neurons of each layer. Taken from the down projection, whose shape is [n_ff, n_embd] in every
// architecture; feed_forward_length may be an array, and counts half of a fused projection.
std::vector<uint32_t> neurons(const GgufHeader& header, uint32_t n_layers) {
  std::vector<uint32_t> n_ff(n_layers, 0);
  for (uint32_t layer = 0; layer < n_layers; ++layer) {
    const auto down = header.tensors.find(fmt::format("blk.{}.ffn_down.weight", layer));
    if (down != header.tensors.end()) n_ff[layer] = static_cast<uint32_t>(down->second.shape[0]);
  }
  return n_ff;
}

ModelInfo describe(const GgufHeader& header, const std::filesystem::path& path) {
  ModelInfo info;
  info.name = header.value("general.name");
  if (info.name.empty()) info.name = path.stem().string();
  info.architecture = header.value("general.architecture");
  info.n_layers = number(header, info.architecture + ".block_count");
  info.n_embd = number(header, info.architecture + ".embedding_length");
  info.trained_context = number(header, info.architecture + ".context_length");
  info.metadata = header.metadata;
  return info;
}

// Before the weights are loaded, which may take minutes.
void check_recordable(const GgufHeader& header, const ModelInfo& info,
                      const std::filesystem::path& path) {
  find_architecture(info.architecture);
  const uint32_t experts = number(header, info.architecture + ".expert_count");
  if (experts > 0) {
    fail(Code::unsupported, "{} is a mixture of {} experts; this version records from dense models",
         path.string(), experts);
  }
}

llama_model* load_model(const std::filesystem::path& path, LlamaModel::Load load) {
  LlamaLog log;
  static std::once_flag started;
  std::call_once(started, llama_backend_init);
  llama_model_params params = llama_model_default_params();
  params.vocab_only = load == LlamaModel::Load::vocabulary;
  params.use_extra_bufts = false;
  llama_model* model = llama_model_load_from_file(path.c_str(), params);
  if (!model) fail(Code::corrupt, "llama.cpp cannot load {}: {}", path.string(), log.text());
  return model;
}

}  // namespace

void LlamaModel::Free::operator()(llama_model* model) const { llama_model_free(model); }

LlamaModel::LlamaModel(const std::filesystem::path& path, Load load) : path_(path), load_(load) {
  const GgufHeader header = read_gguf_header(path);
  info_ = describe(header, path);
  // A header may claim any number of layers; what has no tensors cannot be one.
  if (info_.n_layers > header.tensors.size()) {
    fail(Code::corrupt, "{} says that it has {} layers, but it has {} tensors", path.string(),
         info_.n_layers, header.tensors.size());
  }
  if (load == Load::everything) check_recordable(header, info_, path);
  n_ff_ = neurons(header, info_.n_layers);
  if (!n_ff_.empty()) info_.n_ff = n_ff_[0];
  tensors_ = header.tensors;
  model_.reset(load_model(path, load));
  info_.file_type = file_type_name(header, handle());
  info_.n_vocab = static_cast<uint32_t>(llama_vocab_n_tokens(llama_model_get_vocab(handle())));
}

LlamaModel::~LlamaModel() = default;
LlamaModel::LlamaModel(LlamaModel&&) noexcept = default;
LlamaModel& LlamaModel::operator=(LlamaModel&&) noexcept = default;

bool LlamaModel::has_tensor(const std::string& name) const { return tensors_.contains(name); }

const GgufTensor* LlamaModel::find_tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

uint32_t LlamaModel::n_ff(uint32_t layer) const { return n_ff_.at(layer); }

}  // namespace actogram
