// Units that fire on a word or a phrase, wherever the corpus has it.
//
// The phrase is looked for in the documents' bytes, so it may begin and end inside a token; it is
// found at every token that it touches. Of a latent every event is known: it matches as far as it
// fires at the occurrences (recall) and nowhere else (precision). Of a neuron only its exemplars
// are: it matches as far as its highest ones peak there, and they are all that the phrase has. Both
// are the harmonic mean of the two shares, 1 where unit and phrase are the same.
//
// Cost: one pass over the text and over the events at the occurrences, then one over the places of
// all peaks, in the mapped files. Between steps of both the caller is told what there is so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace actogram {

class Recording;

enum class LetterCase : uint8_t { any, exact };  // of the letters A to Z

struct TextQuestion {
  std::string text;
  LetterCase letters = LetterCase::any;
  size_t limit = 50;  // units of each kind
};

// Called between steps of a search, many times a second, from its thread. `so_far` makes the JSON
// of what is found by then: that of the whole search, and `searched`, how far it has come. What a
// step throws ends the search.
using SearchStep = std::function<void(const std::function<std::string()>& so_far)>;

class TextSearch {
 public:
  explicit TextSearch(const Recording& recording);  // which outlives it

  // Error{invalid} for an empty text.
  std::string json(const TextQuestion& question, const SearchStep& step) const;

 private:
  const Recording& recording_;
};

}  // namespace actogram
