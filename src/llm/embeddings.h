// A language model that makes vectors of texts: texts about the same have similar directions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace actogram {

struct EmbeddingReply {
  std::vector<std::vector<float>> vectors;  // [text], all of one length, finite
  uint64_t n_tokens = 0;
};

class EmbeddingModel {
 public:
  virtual ~EmbeddingModel() = default;

  // Thread-safe. Error{environment, corrupt, invalid} where there is no answer.
  virtual EmbeddingReply embed(std::span<const std::string> texts) = 0;
};

}  // namespace actogram
