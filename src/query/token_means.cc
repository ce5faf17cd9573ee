#include "query/token_means.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory_resource>
#include <unordered_map>
#include <vector>

#include "codec/json.h"
#include "query/pieces.h"
#include "query/unit_values.h"

namespace actogram {
namespace {

struct TokenMean {
  int32_t id = 0;
  uint64_t n = 0;  // places
  double sum = 0;
  float max = -std::numeric_limits<float>::infinity();
  Place first;  // of them

  double mean() const { return sum / static_cast<double>(n); }
};

void sort_and_cut(std::vector<TokenMean>& means, size_t limit) {
  const auto before = [](const TokenMean& a, const TokenMean& b) {
    return a.mean() != b.mean() ? a.mean() > b.mean() : a.id < b.id;
  };
  const auto end = means.begin() + static_cast<ptrdiff_t>(std::min(limit, means.size()));
  std::ranges::partial_sort(means, end, before);
  means.erase(end, means.end());
}

// What the token stands for where it was seen; a part of a character as its bytes.
std::string text_at(const CorpusTables& corpus, const Place& at) {
  const SequenceRow sequence = corpus.sequence(at.sequence);
  const Token token = corpus.tokens(sequence)[at.position];
  const std::string_view text = corpus.document(sequence.document_row).text;
  if (token.begin > token.end || token.end > text.size()) return "";
  const std::string_view covered = text.substr(token.begin, token.end - token.begin);
  const Token alone{token.id, 0, covered.size()};
  const float none = 0;
  std::string shown;
  for (const Piece& piece : pieces_of(covered, {&alone, 1}, 0, {&none, 1})) shown += piece.text;
  return shown;
}

}  // namespace

TokenMeans::TokenMeans(const Recording& recording)
    : recording_(recording), units_(std::make_unique<UnitReader>(recording_)) {}
TokenMeans::~TokenMeans() = default;

std::string TokenMeans::json(std::string_view unit, size_t least, size_t limit) const {
  const UnitAddress address = unit_address(recording_.manifest().sites, unit);
  const UnitValues of_unit(recording_, *units_, address);
  const CorpusTables& corpus = recording_.corpus();
  std::pmr::monotonic_buffer_resource memory;  // thousands of small ones, which go together
  std::pmr::unordered_map<int32_t, TokenMean> by_id(&memory);
  uint64_t n_known = 0;
  for (const uint32_t sequence : of_unit.known_sequences()) {
    const std::vector<float> values = of_unit.over(sequence);
    const std::vector<Token> tokens = corpus.tokens(corpus.sequence(sequence));
    for (uint32_t position = 0; position < tokens.size(); ++position) {
      const float value = values[position];
      if (!std::isfinite(value)) continue;
      ++n_known;
      const auto [found, is_new] = by_id.try_emplace(tokens[position].id);
      TokenMean& mean = found->second;
      if (is_new) mean.id = tokens[position].id, mean.first = {sequence, position};
      ++mean.n;
      mean.sum += static_cast<double>(value);
      mean.max = std::max(mean.max, value);
    }
  }
  std::vector<TokenMean> means;
  for (const auto& [id, mean] : by_id) {
    if (mean.n >= least) means.push_back(mean);
  }
  sort_and_cut(means, limit);
  Json tokens = Json::array();
  for (const TokenMean& mean : means) {
    tokens.push_back({{"id", mean.id},
                      {"text", text_at(corpus, mean.first)},
                      {"n", mean.n},
                      {"mean", mean.mean()},
                      {"max", mean.max}});
  }
  return to_text(Json{{"address", fmt::format("{}/{}", address.site, address.index)},
                      {"n_known", n_known},
                      {"tokens", std::move(tokens)}});
}

}  // namespace actogram
