#include "model/tap.h"

#include <ggml-backend.h>
#include <ggml.h>

#include "actogram/error.h"

namespace actogram {
namespace {

ggml_op ggml_op_of(TensorOp op) {
  switch (op) {
    case TensorOp::mul_mat:
      return GGML_OP_MUL_MAT;
    case TensorOp::add:
      return GGML_OP_ADD;
    case TensorOp::mul:
      return GGML_OP_MUL;
    case TensorOp::glu:
      return GGML_OP_GLU;
    case TensorOp::unary:
      return GGML_OP_UNARY;
    case TensorOp::get_rows:
      return GGML_OP_GET_ROWS;
    case TensorOp::scale:
      return GGML_OP_SCALE;
    case TensorOp::cont:
      return GGML_OP_CONT;
    case TensorOp::norm:
      return GGML_OP_NORM;
    case TensorOp::rms_norm:
      return GGML_OP_RMS_NORM;
  }
  return GGML_OP_NONE;
}

bool lies_on_host(const ggml_tensor* tensor) {
  const ggml_tensor* owner = tensor->view_src ? tensor->view_src : tensor;
  return ggml_backend_buffer_is_host(owner->buffer);
}

void check_layout(const ggml_tensor* tensor) {
  const bool matrix = tensor->ne[2] == 1 && tensor->ne[3] == 1;
  if (tensor->type != GGML_TYPE_F32 || !matrix || tensor->nb[0] != sizeof(float) ||
      tensor->nb[1] % sizeof(float) != 0) {
    fail(Code::unsupported, "tensor {} is not a float32 matrix but {} [{}, {}, {}, {}]",
         tensor->name, ggml_type_name(tensor->type), tensor->ne[0], tensor->ne[1], tensor->ne[2],
         tensor->ne[3]);
  }
}

// `copy` holds the values of a tensor that lies on a device.
const float* on_host(const ggml_tensor* tensor, std::vector<float>& copy) {
  if (lies_on_host(tensor)) return static_cast<const float*>(tensor->data);
  copy.resize(ggml_nbytes(tensor) / sizeof(float));
  ggml_backend_tensor_get(tensor, copy.data(), 0, ggml_nbytes(tensor));
  return copy.data();
}

TensorValues host_values(const ggml_tensor* tensor, std::vector<float>& copy) {
  check_layout(tensor);
  return {on_host(tensor, copy), static_cast<size_t>(tensor->ne[1]),
          static_cast<size_t>(tensor->ne[0]), tensor->nb[1] / sizeof(float)};
}

// Float32, of one stream of sequences, neighbours beside each other, other strides of any size.
bool is_cube(const ggml_tensor* tensor) {
  return tensor != nullptr && tensor->type == GGML_TYPE_F32 && tensor->ne[3] == 1 &&
         tensor->nb[0] == sizeof(float) && tensor->nb[1] % sizeof(float) == 0 &&
         tensor->nb[2] % sizeof(float) == 0;
}

}  // namespace

Tap::Tap(const std::vector<TensorTap>& tensors, Gates gates) : gates_(gates) {
  for (const TensorTap& tensor : tensors) {
    WantedByName& wanted = tensor.by_source ? wanted_by_source_ : wanted_;
    wanted.emplace(tensor.tensor, Wanted{tensor.op, names_.size(), tensor.attention});
    names_.push_back(tensor.tensor);
  }
}

void Tap::start(const Sink& sink, Stop stop) {
  sink_ = &sink;
  stop_ = stop;
  done_ = false;
  thrown_ = nullptr;
  n_left_ = names_.size();
  seen_.assign(names_.size(), false);
}

void Tap::finish() {
  sink_ = nullptr;
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!seen_[i]) {
      fail(Code::unsupported,
           "llama.cpp computed no tensor {}, or none with it; the model's graph is not the one "
           "known",
           names_[i]);
    }
  }
}

const Tap::Wanted* Tap::find(const ggml_tensor* tensor) const {
  if (const Wanted* found = find(wanted_, tensor->name, tensor)) return found;
  if (wanted_by_source_.empty()) return nullptr;
  // A matrix is its product's first source; a bias and a norm's scale are the second.
  for (const ggml_tensor* source : {tensor->src[0], tensor->src[1]}) {
    if (source == nullptr) continue;
    if (const Wanted* found = find(wanted_by_source_, source->name, tensor)) return found;
  }
  return nullptr;
}

const Tap::Wanted* Tap::find(const WantedByName& among, const char* name,
                             const ggml_tensor* tensor) const {
  const auto found = among.find(name);
  if (found == among.end() || ggml_op_of(found->second.op) != tensor->op) return nullptr;
  return seen_[found->second.index] ? nullptr : &found->second;
}

void Tap::take(const Wanted& wanted, const ggml_tensor* tensor) {
  seen_[wanted.index] = true;
  --n_left_;
  Tapped tapped;
  if (wanted.attention) {
    tapped.attention = attention_of(tensor);
  } else {
    tapped.values = host_values(tensor, copy_);
    if (gates_ == Gates::yes && wanted.op == TensorOp::glu) tapped.gates = gate_values(tensor);
  }
  (*sink_)(wanted.index, tapped);
}

// The product's factors are there as long as it is: ggml computes no product in place. The values
// are those of the KV cache, a dimension's cells beside each other; a cell is a row of the batch.
TappedAttention Tap::attention_of(const ggml_tensor* product) {
  const ggml_tensor *values = product->src[0], *pattern = product->src[1];
  if (!is_cube(values) || !is_cube(pattern) || pattern->ne[0] != values->ne[0]) {
    fail(Code::unsupported, "tensor {}: its pattern and values are not where they are expected",
         product->name);
  }
  const auto size = [](int64_t n) { return static_cast<size_t>(n); };
  const auto floats = [](size_t bytes) { return bytes / sizeof(float); };
  return {.values = {.pattern = on_host(pattern, copy_),
                     .head_stride = floats(pattern->nb[2]),
                     .query_stride = floats(pattern->nb[1]),
                     .values = on_host(values, other_copy_),
                     .value_head_stride = floats(values->nb[2]),
                     .value_stride = floats(values->nb[1])},
          .n_rows = size(pattern->ne[1]),
          .n_keys = size(pattern->ne[0]),
          .n_heads = size(pattern->ne[2]),
          .n_kv_heads = size(values->ne[2]),
          .d_head = size(values->ne[1])};
}

// Two matrices, or one that has the gate in its first half.
GateValues Tap::gate_values(const ggml_tensor* tensor) {
  constexpr int kSwapped = 1;  // index of ggml's parameter: the gate is in the second half
  const auto n_columns = static_cast<size_t>(tensor->ne[0]);
  const TensorValues gate = host_values(tensor->src[0], other_copy_);
  if (tensor->src[1] != nullptr) {
    const TensorValues linear = host_values(tensor->src[1], third_copy_);
    if (gate.n_columns == n_columns && linear.n_columns == n_columns &&
        gate.row_stride == linear.row_stride) {
      return {gate.values, linear.values, gate.row_stride};
    }
  } else if (gate.n_columns == 2 * n_columns && tensor->op_params[kSwapped] == 0) {
    return {gate.values, gate.values + n_columns, gate.row_stride};
  }
  fail(Code::unsupported, "tensor {}: its gate and linear inputs are not where they are expected",
       tensor->name);
}

bool Tap::on_eval(ggml_tensor* tensor, bool ask, void* self) {
  Tap& tap = *static_cast<Tap*>(self);
  if (tap.done_) return tap.leave(tensor, ask);
  try {
    const Wanted* wanted = tap.find(tensor);
    if (ask) return wanted != nullptr;
    if (wanted) tap.take(*wanted, tensor);
    tap.done_ = tap.n_left_ == 0;
  } catch (...) {
    tap.thrown_ = std::current_exception();
    tap.done_ = true;
  }
  // To be aborted, the graph must go on to one more node.
  return !tap.done_ || tap.stop_ == Stop::abort;
}

// An abort is noticed after a node that was computed. Products before it are passed over: behind a
// gated unit comes the down projection, a quarter of a layer's arithmetic.
bool Tap::leave(ggml_tensor* tensor, bool ask) const {
  if (ask && stop_ == Stop::abort && tensor->op == GGML_OP_MUL_MAT) {
    tensor->flags &= ~GGML_TENSOR_FLAG_COMPUTE;
    return true;
  }
  if (ask || (tensor->flags & GGML_TENSOR_FLAG_COMPUTE) != 0) return ask;
  tensor->flags |= GGML_TENSOR_FLAG_COMPUTE;  // the graph is used again
  return true;
}

bool Tap::aborted(void* self) {
  const Tap& tap = *static_cast<const Tap*>(self);
  return tap.done_ && tap.stop_ == Stop::abort;
}

}  // namespace actogram
