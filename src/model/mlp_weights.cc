#include "model/mlp_weights.h"

#include <algorithm>
#include <span>

#include "base/file.h"
#include "base/threads.h"
#include "core/neuron_weights.h"
#include "model/architectures.h"
#include "model/file_matrix.h"
#include "model/llama_model.h"

namespace actogram {
namespace {

constexpr size_t kNeuronsAtOnce = FileMatrix::kBlock;

class GatedMlp {
 public:
  GatedMlp(const LlamaModel& model, const MappedFile& file, uint32_t layer)
      : n_embd_(model.info().n_embd),
        n_ff_(model.n_ff(layer)),
        fused_(find_architecture(model.info().architecture).mlp == Mlp::fused),
        up_(model, file, tensor_name(layer, "ffn_up"), fused_ ? 2 * n_ff_ : n_ff_, n_embd_),
        gate_(fused_ ? up_
                     : FileMatrix(model, file, tensor_name(layer, "ffn_gate"), n_ff_, n_embd_)),
        down_(model, file, tensor_name(layer, "ffn_down"), n_embd_, n_ff_) {
    const MlpNorm norm = find_architecture(model.info().architecture).norm;
    subtracts_mean_ = norm == MlpNorm::plain_layer;
    up_factor_ = factor(model, file, layer, "ffn_up");
    gate_factor_ = fused_ ? up_factor_ : factor(model, file, layer, "ffn_gate");
    down_factor_ = factor(model, file, layer, "ffn_down");
    if (norm != MlpNorm::rms) return;
    scale_.resize(n_embd_);
    FileMatrix(model, file, tensor_name(layer, "ffn_norm"), 1, n_embd_).read(0, 0, scale_);
  }

  size_t n_neurons() const { return n_ff_; }

  // Of the neurons [first, first + into.size()), at most kNeuronsAtOnce.
  void read(size_t first, std::span<NeuronWeights> into) const {
    const size_t n = into.size();
    std::vector<float> columns(n), out(n * n_embd_), gate(n_embd_), in(n_embd_);
    for (size_t row = 0; row < n_embd_; ++row) {
      down_.read(row, first, columns);
      for (size_t i = 0; i < n; ++i) out[i * n_embd_ + row] = columns[i];
    }
    for (size_t i = 0; i < n; ++i) {
      gate_.read(first + i, 0, gate);
      up_.read(first + i + (fused_ ? n_ff_ : 0), 0, in);
      into[i] = neuron_weights(gate, in, std::span(out).subspan(i * n_embd_, n_embd_),
                               {scale_, subtracts_mean_});
      into[i].norm_gate *= gate_factor_, into[i].norm_in *= up_factor_;
      into[i].norm_out *= down_factor_;
    }
  }

 private:
  static std::string tensor_name(uint32_t layer, std::string_view part) {
    return fmt::format("blk.{}.{}.weight", layer, part);
  }

  // One number, above 0, by which some files multiply a whole tensor.
  static double factor(const LlamaModel& model, const MappedFile& file, uint32_t layer,
                       std::string_view part) {
    const std::string name = fmt::format("blk.{}.{}.scale", layer, part);
    float value = 1;
    if (model.has_tensor(name)) FileMatrix(model, file, name, 1, 1).read(0, 0, {&value, 1});
    return double{value};
  }

  size_t n_embd_, n_ff_;
  bool fused_;
  FileMatrix up_, gate_, down_;
  std::vector<float> scale_;  // of the norm before it, or empty
  bool subtracts_mean_ = false;
  double up_factor_ = 1, gate_factor_ = 1, down_factor_ = 1;
};

}  // namespace

std::vector<NeuronWeights> mlp_weights(const LlamaModel& model, uint32_t layer, size_t n_threads) {
  const MappedFile file(model.path().string());
  const GatedMlp mlp(model, file, layer);
  std::vector<NeuronWeights> weights(mlp.n_neurons());
  const size_t n_blocks = (weights.size() + kNeuronsAtOnce - 1) / kNeuronsAtOnce;
  ThreadPool threads(std::min(n_threads, n_blocks));
  threads.parallel_for(n_blocks, [&](size_t block, size_t) {
    const size_t first = block * kNeuronsAtOnce;
    const size_t n = std::min(kNeuronsAtOnce, weights.size() - first);
    mlp.read(first, std::span(weights).subspan(first, n));
  });
  return weights;
}

}  // namespace actogram
