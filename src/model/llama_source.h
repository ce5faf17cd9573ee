// Reads unit values out of llama.cpp while it runs, and stops it after the last one that is wanted.
//
// The same tokens give the same bits, whatever the number of threads, the batch mates and
// batch_rows: flash attention and repacked weights are off, keys and values are kept in float32,
// and each sequence is filled up to a multiple of 16 rows with copies of its last token, which
// causal attention hides from the sequence itself. It follows that no batch has a single row, whose
// products take another code path. Values differ only between SIMD widths of the CPU.
//
// One source is for one thread at a time. Memory: float32 keys and values of batch_rows tokens,
// llama.cpp's graph buffers and, where the model's last layer is recorded, batch_rows * n_vocab
// floats that llama.cpp reserves for logits and that are never computed (llama_source.cc).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actogram/source.h"
#include "model/architectures.h"

namespace actogram {

class LlamaModel;

struct LlamaSourceOptions {
  std::vector<uint32_t> layers = {};  // empty: all
  std::vector<Quantity> quantities = {Quantity::hook_post};
  // TransformerLens' names of sites, instead of layers and quantities: blocks.5.hook_resid_post.
  // What may follow blocks.N. says hook_name() of architectures.h.
  std::vector<std::string> sites = {};
  // Tokens that the longest sequence may have; at most what the model was trained for.
  // 0: as many as fit in a batch.
  uint32_t context = 0;
  // Rows that the model computes at once, at most 4096; raised to what one sequence of `context`
  // tokens takes. More is faster until the activations leave the cache, and takes memory.
  uint32_t batch_rows = 512;
  uint32_t n_threads = 0;  // 0: one for each CPU
  // where_gated hands out hook_post together with the gate and linear values it was made of, if the
  // MLPs have gates.
  enum class Gates : uint8_t { no, where_gated } gates = Gates::no;
  // bare runs the same batches to the end of the last layer and calls no sink: what a benchmark
  // compares with.
  enum class Taps : uint8_t { on, bare } taps = Taps::on;
};

class LlamaSource : public ActivationSource {
 public:
  // `model` must outlive the source and have its weights. Throws Error{invalid} for options that
  // the model cannot fulfil, Error{unsupported} for a quantity that its layers do not have.
  LlamaSource(const LlamaModel& model, const LlamaSourceOptions& options);
  ~LlamaSource() override;

  // Layer by layer, within a layer in the order of Quantity, each once.
  const std::vector<Site>& sites() const override;
  size_t batch_rows() const override;
  size_t rows_of(size_t n_tokens) const override;
  size_t max_context() const override;
  std::optional<GateFunction> gate_function() const override;
  // Where gates are handed out: read from the model's file (mlp_weights.h).
  std::vector<NeuronWeights> neuron_weights(size_t site) override;
  // Read from the model's file (attention_weights.h).
  std::optional<AttentionWeights> attention_weights(size_t site) override;

  // Sites come in the order in which the model computes them, which is not that of sites().
  void run(std::span<const std::span<const int32_t>> sequences, const Sink& sink) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace actogram
