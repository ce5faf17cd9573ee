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
TensorValues host_values(const ggml_tensor* tensor, std::vector<float>& copy) {
  check_layout(tensor);
  const float* values = static_cast<const float*>(tensor->data);
  if (!lies_on_host(tensor)) {
    copy.resize(ggml_nbytes(tensor) / sizeof(float));
    ggml_backend_tensor_get(tensor, copy.data(), 0, ggml_nbytes(tensor));
    values = copy.data();
  }
  return {values, static_cast<size_t>(tensor->ne[1]), static_cast<size_t>(tensor->ne[0]),
          tensor->nb[1] / sizeof(float)};
}

}  // namespace

Tap::Tap(const std::vector<TensorTap>& tensors, Gates gates) : gates_(gates) {
  for (const TensorTap& tensor : tensors) {
    WantedByName& wanted = tensor.by_weight ? wanted_by_weight_ : wanted_;
    wanted.emplace(tensor.tensor, Wanted{tensor.op, names_.size()});
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
  if (wanted_by_weight_.empty()) return nullptr;
  // A matrix is its product's first source; a bias and a norm's scale are the second.
  for (const ggml_tensor* source : {tensor->src[0], tensor->src[1]}) {
    if (source == nullptr) continue;
    if (const Wanted* found = find(wanted_by_weight_, source->name, tensor)) return found;
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
  const TensorValues values = host_values(tensor, copy_);
  const bool with_gates = gates_ == Gates::yes && wanted.op == TensorOp::glu;
  (*sink_)(wanted.index, values, with_gates ? gate_values(tensor) : GateValues{});
}

// Two matrices, or one that has the gate in its first half.
GateValues Tap::gate_values(const ggml_tensor* tensor) {
  constexpr int kSwapped = 1;  // index of ggml's parameter: the gate is in the second half
  const auto n_columns = static_cast<size_t>(tensor->ne[0]);
  const TensorValues gate = host_values(tensor->src[0], gate_copy_);
  if (tensor->src[1] != nullptr) {
    const TensorValues linear = host_values(tensor->src[1], linear_copy_);
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
  if (tap.done_) return ask;
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

bool Tap::aborted(void* self) {
  const Tap& tap = *static_cast<const Tap*>(self);
  return tap.done_ && tap.stop_ == Stop::abort;
}

}  // namespace actogram
