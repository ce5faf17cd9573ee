// Heads that are shown, with their explanations, before the one that is asked about.
#pragma once

#include <cstdint>
#include <vector>

namespace actogram {

struct TokenPair {
  uint32_t query = 0;
  uint32_t key = 0;
};

struct HeadSequence {
  std::vector<const char*> tokens;
  TokenPair active;
  TokenPair silent;
};

struct HeadExample {
  const char* explanation;
  std::vector<HeadSequence> sequences;  // at least one
};

const std::vector<HeadExample>& head_examples();

}  // namespace actogram
