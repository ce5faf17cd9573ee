// Which sites a source has, and which tensors of the model's graph it reads them from.
//
// Two sites share a tensor where the model's projections are fused.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "actogram/types.h"
#include "model/architectures.h"
#include "model/llama_source.h"

namespace actogram {

// Where one site's values lie in a tapped tensor.
struct SiteTap {
  size_t site = 0;
  size_t first_column = 0;
};

struct SitePlan {
  std::vector<Site> sites;
  std::vector<TensorTap> tensors;
  std::vector<std::vector<SiteTap>> sites_of;  // [tensor]
  std::optional<GateFunction> gate_function;   // set if gates are handed out
  bool last_layer = false;                     // whether the model's last layer is among them
};

// Throws what the constructor of LlamaSource promises about architectures, layers and quantities.
SitePlan make_site_plan(const LlamaModel& model, const LlamaSourceOptions& options);

}  // namespace actogram
