#include "model/w_out_cosines.h"

#include <cmath>
#include <string>

#include "actogram/error.h"
#include "base/file.h"
#include "model/file_matrix.h"
#include "model/llama_model.h"

namespace actogram {

std::vector<double> w_out_cosines(const LlamaModel& model, uint32_t layer, uint32_t neuron) {
  if (layer >= model.info().n_layers || neuron >= model.n_ff(layer)) {
    fail(Code::invalid, "{} has no neuron {} in layer {}", model.info().name, neuron, layer);
  }
  const size_t n_embd = model.info().n_embd, n_ff = model.n_ff(layer);
  const MappedFile file(model.path().string());
  const FileMatrix w_out(model, file, fmt::format("blk.{}.ffn_down.weight", layer), n_embd, n_ff);
  std::vector<double> dots(n_ff), squares(n_ff);
  std::vector<float> row(n_ff);
  for (size_t r = 0; r < n_embd; ++r) {
    w_out.read(r, 0, row);
    const double own = row[neuron];
    for (size_t i = 0; i < n_ff; ++i) {
      const double other = row[i];
      dots[i] += own * other;
      squares[i] += other * other;
    }
  }
  std::vector<double> cosines(n_ff);
  for (size_t i = 0; i < n_ff; ++i) {
    cosines[i] = dots[i] / (std::sqrt(squares[neuron]) * std::sqrt(squares[i]));
  }
  return cosines;
}

}  // namespace actogram
