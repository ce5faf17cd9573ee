#include "record/named_model.h"

#include <cstdio>

#include "actogram/error.h"
#include "base/hash.h"

namespace actogram {

Json model_json(const LlamaModel& model) {
  const ModelInfo& info = model.info();
  Json metadata = Json::object();
  for (const auto& [key, value] : info.metadata) metadata[key] = value;
  return {{"name", info.name},
          {"architecture", info.architecture},
          {"file", model.path().filename().string()},
          {"sha256", sha256_of_file(model.path().string())},
          {"file_type", info.file_type},
          {"n_layers", info.n_layers},
          {"n_embd", info.n_embd},
          {"n_vocab", info.n_vocab},
          {"trained_context", info.trained_context},
          {"metadata", std::move(metadata)}};
}

std::optional<FakeModelOptions> parse_fake(const std::string& model) {
  if (!is_fake(model)) return std::nullopt;
  FakeModelOptions fake;
  char separator = 0, rest = 0;
  const int n = std::sscanf(model.c_str(), "fake:%5ux%6u%c%4u%c", &fake.n_layers, &fake.n_units,
                            &separator, &fake.n_heads, &rest);
  const bool whole = n == 2 || (n == 4 && separator == 'x' && fake.n_heads > 0);
  if (!whole || fake.n_layers == 0 || fake.n_units == 0) {
    fail(Code::invalid,
         "{}: write fake:LAYERSxUNITS or fake:LAYERSxUNITSxHEADS, for example fake:3x40", model);
  }
  fake.batch_rows = 512;
  fake.context = 4096;
  return fake;
}

}  // namespace actogram
