// The tokens of the vocabulary on which a unit's mean value is highest: of a latent over all their
// places in the corpus, of a neuron over those that its kept windows cover.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace actogram {

class Recording;
class UnitReader;

// Thread-safe. Cost: for a latent one pass over the corpus's tokens, for a neuron over the
// sequences that it has exemplars in.
class TokenMeans {
 public:
  explicit TokenMeans(const Recording& recording);  // which outlives it
  ~TokenMeans();

  // The `limit` highest of those with a known value at `least` places or more; among equals the
  // lower id first.
  std::string json(std::string_view unit, size_t least, size_t limit) const;

 private:
  const Recording& recording_;
  std::unique_ptr<UnitReader> units_;
};

}  // namespace actogram
