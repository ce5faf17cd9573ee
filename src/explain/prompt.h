// What a language model is asked: messages in turn, and the shape that the answer must have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "codec/json.h"

namespace actogram {

struct Prompt {
  std::vector<Message> messages = {};  // "system", "user", "assistant"
  std::string schema_name = {};        // of what the answer holds, where it is to be JSON
  Json schema = {};                    // JSON Schema; null where the answer is text
  std::string version = {};            // of the words above: stored beside what came of them
  // That the answer is one of; the model is then asked how likely each was. None: any answer.
  std::vector<std::string> choices = {};
};

}  // namespace actogram
