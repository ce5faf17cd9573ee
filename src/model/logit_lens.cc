#include "model/logit_lens.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "actogram/error.h"
#include "base/threads.h"
#include "core/unit_address.h"
#include "core/vectors.h"
#include "model/architectures.h"
#include "model/file_matrix.h"
#include "model/llama_model.h"

namespace actogram {
namespace {

constexpr size_t kTokensAtOnce = 256;

float mean_of(std::span<const float> numbers) {
  const double sum = std::accumulate(numbers.begin(), numbers.end(), 0.0);
  return static_cast<float>(sum / static_cast<double>(numbers.size()));
}

void centre(std::span<float> numbers) {
  const float mean = mean_of(numbers);
  for (float& x : numbers) x -= mean;
}

void check_width(const std::string& site, size_t found, size_t expected) {
  if (found == expected) return;
  fail(Code::invalid, "{}: a vector of {} numbers, the model has {} there", site, found, expected);
}

}  // namespace

struct LogitLens::Block {
  std::string_view projection, norm;
};

LogitLens::LogitLens(const LlamaModel& model)
    : model_(model),
      file_(model.path().string()),
      unembedding_(model.has_tensor("output.weight") ? "output.weight" : "token_embd.weight") {}

// By a vector of the file, where it has it.
void LogitLens::multiply(const std::string& tensor, std::span<float> numbers) const {
  if (!model_.has_tensor(tensor)) return;
  std::vector<float> factors(numbers.size());
  FileMatrix(model_, file_, tensor, 1, factors.size()).read(0, 0, factors);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] *= factors[i];
}

std::vector<float> LogitLens::write(const Block& block, uint32_t layer,
                                    std::span<const float> vector) const {
  const std::string prefix = fmt::format("blk.{}.", layer);
  const std::string projection = fmt::format("{}{}", prefix, block.projection);
  const FileMatrix weight(model_, file_, projection + ".weight", model_.info().n_embd,
                          vector.size());
  std::vector<float> written(model_.info().n_embd), columns(FileMatrix::kBlock);
  for (size_t first = 0; first < vector.size(); first += FileMatrix::kBlock) {
    const auto part = vector.subspan(first, std::min(columns.size(), vector.size() - first));
    if (std::ranges::all_of(part, [](float x) { return x == 0; })) continue;  // of one neuron: most
    for (size_t row = 0; row < written.size(); ++row) {
      const auto weights = std::span(columns).first(part.size());
      weight.read(row, first, weights);
      written[row] += dot(weights, part);
    }
  }
  if (model_.has_tensor(projection + ".scale")) {
    float factor = 1;
    FileMatrix(model_, file_, projection + ".scale", 1, 1).read(0, 0, {&factor, 1});
    for (float& x : written) x *= factor;
  }
  multiply(fmt::format("{}{}.weight", prefix, block.norm), written);
  return written;
}

std::vector<float> LogitLens::write(const std::string& site, std::span<const float> vector) const {
  const std::optional<Quantity> quantity = quantity_of_site(site);
  const uint32_t layer = layer_of_site(site);
  if (layer >= model_.info().n_layers) {
    fail(Code::invalid, "{}: {} has layers 0 to {}", site, model_.info().name,
         model_.info().n_layers - 1);
  }
  switch (quantity.value_or(Quantity::hook_pattern)) {
    case Quantity::hook_post:
      check_width(site, vector.size(), model_.n_ff(layer));
      return write({"ffn_down", "post_ffw_norm"}, layer, vector);
    case Quantity::hook_z:
      return write({"attn_output", "post_attention_norm"}, layer, vector);
    case Quantity::resid_pre:
    case Quantity::resid_mid:
    case Quantity::resid_post:
    case Quantity::attn_out:
    case Quantity::mlp_out:
    case Quantity::mlp_in:
      check_width(site, vector.size(), model_.info().n_embd);
      return {vector.begin(), vector.end()};
    case Quantity::hook_pre:
    case Quantity::hook_pre_linear:
    case Quantity::hook_pattern:
    case Quantity::ln2_normalized:
    case Quantity::mlp_hook_in:
      break;
  }
  fail(Code::unsupported, "{}: what is there is not written to the residual stream", site);
}

std::vector<float> LogitLens::effects(const std::string& site, std::span<const float> vector,
                                      ThreadPool& threads) const {
  std::vector<float> direction = write(site, vector);
  // Every LayerNorm of a GGUF file has a bias, but for OLMo's, which has learned nothing.
  if (!model_.has_tensor("output_norm.weight") || model_.has_tensor("output_norm.bias")) {
    centre(direction);
  }
  multiply("output_norm.weight", direction);
  const size_t n_vocab = model_.info().n_vocab, n_embd = direction.size();
  const FileMatrix unembedding(model_, file_, unembedding_, n_vocab, n_embd);
  std::vector<float> effects(n_vocab);
  std::vector<std::vector<float>> rows(threads.n_threads(), std::vector<float>(n_embd));
  threads.parallel_for((n_vocab + kTokensAtOnce - 1) / kTokensAtOnce, [&](size_t i, size_t thread) {
    const size_t first = i * kTokensAtOnce;
    for (size_t token = first; token < std::min(first + kTokensAtOnce, n_vocab); ++token) {
      unembedding.read(token, 0, rows[thread]);
      effects[token] = dot(rows[thread], direction);
    }
  });
  centre(effects);
  return effects;
}

}  // namespace actogram
