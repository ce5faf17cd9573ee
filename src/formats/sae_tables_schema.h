// The columns of the four tables of SAE activations (sae_tables_folder.h), as they are written:
// names and types are those of the published data set. What is read is found by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/arrow_table.h"

namespace actogram {

std::vector<ColumnSpec> feature_activation_columns();
std::vector<ColumnSpec> prompt_feature_columns(uint32_t layer);
std::vector<ColumnSpec> explanation_input_columns();
std::vector<ColumnSpec> explanation_columns();

}  // namespace actogram
