// Units that fire on a word or a phrase, wherever the corpus has it.
//
// The phrase is looked for in the documents' bytes, so it may begin and end inside a token; it is
// found at every token that it touches. Of a latent every event is known: it matches as far as it
// fires at the occurrences (recall) and nowhere else (precision). Of a neuron only its exemplars
// are: it matches as far as its highest ones peak there, and they are all that the phrase has. Both
// are the harmonic mean of the two shares, 1 where unit and phrase are the same.
//
// Cost: one pass over the text, over the events at the occurrences and over the places of all
// peaks, in the mapped files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "query/excerpt.h"

namespace actogram {

class Recording;

enum class LetterCase : uint8_t { any, exact };  // of the letters A to Z

struct TextQuestion {
  std::string_view text;
  LetterCase letters = LetterCase::any;
  size_t limit = 50;  // units of each kind
};

// Where a phrase is: tokens [begin, end) of a sequence. Where a document is cut into sequences
// inside it, there are two.
struct Occurrence {
  uint32_t sequence = 0;
  uint32_t begin = 0, end = 0;
};

struct TextMatch {
  uint64_t unit = 0;        // row
  uint64_t n_together = 0;  // of a latent: occurrences; of a neuron: highest exemplars
  uint64_t n_events = 0;    // of all its events, or of its highest exemplars
  double match = 0;
  float value = 0;  // the strongest there,
  Place at;         // and where
  float share = 0;  // of the unit's maximum
};

class TextSearch {
 public:
  explicit TextSearch(const Recording& recording);  // which outlives it

  // Error{invalid} for an empty text.
  std::string json(const TextQuestion& question) const;

 private:
  std::vector<Occurrence> occurrences(const TextQuestion& question, bool& complete) const;
  std::vector<TextMatch> latents(const std::vector<Occurrence>& found) const;
  std::vector<TextMatch> neurons(const std::vector<Occurrence>& found) const;

  const Recording& recording_;
};

}  // namespace actogram
