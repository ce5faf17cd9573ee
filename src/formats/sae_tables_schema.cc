#include "formats/sae_tables_schema.h"

#include <fmt/format.h>

namespace actogram {

using enum ColumnType;

std::vector<ColumnSpec> feature_activation_columns() {
  return {{"layer_id", i32},
          {"feature_id", i32},
          {"activation_value", f32},
          {"prompt_id", utf8},
          {"token_position", i32}};
}

std::vector<ColumnSpec> prompt_feature_columns(uint32_t layer) {
  return {{"prompt_id", utf8},
          {"prompt", utf8},
          {"sampled_positions", list_i32},
          {fmt::format("activations_layer{}", layer), bytes},
          {"sae_representation", bytes},
          {"active_sae_feature_ids", list_i32}};
}

std::vector<ColumnSpec> explanation_input_columns() {
  return {{"feature_id", i64},
          {"rank", i64},
          {"prompt_text", utf8},
          {"activation_value", f64},
          {"token_position", i64}};
}

std::vector<ColumnSpec> explanation_columns() {
  return {{"feature_id", i64}, {"explanation", utf8}, {"concept", utf8}};
}

}  // namespace actogram
