// What a person names as MODEL: a GGUF file, or fake:LAYERSxUNITS for trying things out without
// one.
#pragma once

#include <optional>
#include <string>

#include "codec/json.h"
#include "model/fake_model.h"
#include "model/llama_model.h"

namespace actogram {

// Nothing for a file; Error{invalid} for a fake one of no size.
std::optional<FakeModelOptions> parse_fake(const std::string& model);

// What a manifest says of it. Reads all of the file, for its hash.
Json model_json(const LlamaModel& model);

}  // namespace actogram
