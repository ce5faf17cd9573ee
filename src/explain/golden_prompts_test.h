// Prompts as the files of tests/golden/prompts/ have them.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>

#include "actogram/types.h"
#include "base/file.h"

namespace actogram::testing {

inline std::string rendered(std::span<const Message> messages) {
  std::string text;
  for (const auto& [role, content] : messages) {
    text += fmt::format("=== {} ===\n{}\n", role, content);
  }
  return text;
}

inline std::string golden_prompt(const char* name) {
  return read_file(std::string(ACTOGRAM_SOURCE_DIR "/tests/golden/prompts/") + name);
}

}  // namespace actogram::testing
