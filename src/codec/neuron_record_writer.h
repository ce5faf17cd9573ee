// A NeuronRecord as the tools of the Transformer Debugger and automated-interpretability read it:
// every field with its `dataclass_name`, in the order of the published files, compact like
// orjson's.
#pragma once

#include <optional>
#include <string>

#include "codec/neuron_record.h"

namespace actogram {

struct RecordStyle {
  std::optional<int> decimals = {};  // all numbers rounded, the published ones to 4; else exact
};

// Appends one line without its end. A number that is not finite becomes null. Requires: the tokens
// are UTF-8.
void append_json(const NeuronRecord& record, const RecordStyle& style, std::string& out);

}  // namespace actogram
