// The callback that llama.cpp calls for every node of its graph: hands out the tensors that sites
// are read from, and stops the computation after the last of them.
//
// Protocol of ggml's scheduler: it asks for each node in order; after a yes it computes everything
// up to that node, waits, and shows it. A `false` then ends the current split of the graph only
// (there are several with a GPU), so afterwards the tap asks for the first node of each further
// split and refuses it. All calls come on the thread that runs the model; no exception may pass
// through llama.cpp, so what a sink throws is kept and rethrown by finish().
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "actogram/source.h"
#include "model/architectures.h"

struct ggml_tensor;

namespace actogram {

// A tensor's values on the host: [row, column], float32.
struct TensorValues {
  const float* values = nullptr;
  size_t n_rows = 0;
  size_t n_columns = 0;
  size_t row_stride = 0;  // floats
};

// A pattern and the value vectors that it weighs (AttentionValues), and how many there are of each.
struct TappedAttention {
  AttentionValues values;
  size_t n_rows = 0;  // queries
  size_t n_keys = 0;
  size_t n_heads = 0;
  size_t n_kv_heads = 0;
  size_t d_head = 0;
};

// What a gated linear unit multiplies, of the same shape as its result.
struct GateValues {
  const float* gate = nullptr;
  const float* linear = nullptr;
  size_t row_stride = 0;  // floats
};

// What is handed out of one tensor: its values, or the attention.
struct Tapped {
  TensorValues values = {};
  GateValues gates = {};
  TappedAttention attention = {};
};

class Tap {
 public:
  using Sink = std::function<void(size_t index, const Tapped&)>;

  // `gates`: with the result of each gated linear unit come its two inputs. On the host they are
  // still there, since ggml never computes this operation in place; others give empty GateValues.
  enum class Gates { no, yes };

  // Each tensor is wanted once in a run; no two are the same.
  Tap(const std::vector<TensorTap>& tensors, Gates gates);

  // `sink` must live until finish(). With `abort`, the end is left to aborted() where the device
  // polls it, so that llama.cpp skips what it does after a graph that is complete.
  enum class Stop { split, abort };
  void start(const Sink& sink, Stop stop);
  // Rethrows what the sink threw. Throws Error{unsupported} where a tensor never came.
  void finish();

  bool done() const { return done_; }

  // For llama_context_params; `self` is the Tap.
  static bool on_eval(ggml_tensor* tensor, bool ask, void* self);
  static bool aborted(void* self);

 private:
  struct Wanted {
    TensorOp op;
    size_t index;
    bool attention;
  };

  using WantedByName = std::unordered_map<std::string, Wanted>;

  const Wanted* find(const ggml_tensor* tensor) const;
  const Wanted* find(const WantedByName& among, const char* name, const ggml_tensor* tensor) const;
  void take(const Wanted& wanted, const ggml_tensor* tensor);
  GateValues gate_values(const ggml_tensor* tensor);
  TappedAttention attention_of(const ggml_tensor* product);
  bool leave(ggml_tensor* tensor, bool ask) const;

  WantedByName wanted_;
  WantedByName wanted_by_source_;
  std::vector<std::string> names_;  // [index]
  std::vector<bool> seen_;          // [index]
  size_t n_left_ = 0;
  const Sink* sink_ = nullptr;
  Stop stop_ = Stop::split;
  bool done_ = false;
  std::exception_ptr thrown_;
  Gates gates_;
  std::vector<float> copy_, other_copy_, third_copy_;  // of tensors that lie on a device
};

}  // namespace actogram
