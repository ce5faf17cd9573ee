// A unit's page as plain data: its numbers, its histogram, and excerpts of text with a value at
// every token.
//
// Text is exact. A *piece* is the shortest run of tokens that ends on a character boundary, so a
// character that several byte-level tokens share is shown once, whole, and each of its tokens can
// still be pointed at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "core/class_facts.h"
#include "core/head_record.h"
#include "core/unit_record.h"

namespace actogram {

struct PieceToken {
  uint32_t position = 0;
  int32_t id = 0;
  float value = 0;
};

struct Piece {
  std::string text;   // UTF-8; bytes that are not are written \xNN
  bool valid = true;  // false where such bytes are in it
  std::vector<PieceToken> tokens;
};

// What a head does between the tokens of a window; positions count from its first.
struct ExcerptPairs {
  uint32_t key = 0;  // of the excerpt's highest value, in the sequence; its query is Excerpt::at
  uint32_t n = 0;
  std::vector<float> pattern;    // [n (n + 1) / 2], query by query
  std::vector<float> key_norms;  // [n], or none: then `pattern` holds the values

  float value(uint32_t q, uint32_t k) const {
    const float a = pattern[triangle_at(q, k)];
    return key_norms.empty() ? a : a * key_norms[k];
  }
};

struct Excerpt {
  Place at;
  float value = 0;
  uint64_t document = 0;
  std::string source;
  std::string document_name;
  uint32_t window_begin = 0;
  uint32_t window_end = 0;
  uint32_t n_tokens = 0;  // of the whole sequence
  std::vector<Piece> pieces;
  std::optional<ExcerptPairs> pairs = {};  // of attention heads
};

struct ExcerptGroup {
  std::string name;   // "top", "bottom", "bucket4", ..., "random"
  std::string title;  // "Top", "Quantiles .999 to 1", ...
  int bucket = -1;    // 0..4 for buckets
  std::vector<Excerpt> excerpts;
};

// Neighbouring bins from the first to the last that holds anything.
struct HistogramView {
  std::vector<double> edges;  // [counts + 1]; the outermost may be infinite
  std::vector<uint64_t> counts;
};

// A token of the excerpts, and the sum of the values of its pairs.
struct TokenWeight {
  int32_t id = 0;
  std::string text = {};  // its bytes; what is no character of its own is written \xNN
  double weight = 0;
};

struct HeadView {
  HeadScores scores;
  // Of the excerpts with the highest values: which queries look, and at which keys, heaviest first.
  // Weights of all tokens of the corpus are not kept (docs/decisions.md).
  std::vector<TokenWeight> query_tokens, key_tokens;
};

struct ScoredText {
  std::string text;
  double score = 0;  // as published; NaN where there is none
};

struct UnitPage {
  UnitAddress address;
  std::string previous, next;  // short addresses, "" at the ends
  Summary summary;
  HistogramView histogram;
  HistogramView maxima;
  std::vector<double> bounds;  // of the buckets
  std::vector<ExcerptGroup> groups;
  std::vector<ClassFacts> classes;  // [sign class], or none
  bool refactored = false;          // whether they, and `weights`, have the signs of refactor_glu
  std::optional<NeuronWeights> weights;
  std::optional<HeadView> head = {};     // of an attention head
  std::vector<ScoredText> explanations;  // as others published them
  // As others published it: how many values there were, their minimum and histogram are not known.
  bool published = false;
};

}  // namespace actogram
