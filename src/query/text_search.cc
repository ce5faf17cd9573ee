#include "query/text_search.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "core/unit_address.h"
#include "query/corpus_search.h"
#include "query/page_json.h"
#include "query/recording_excerpt.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr size_t kMaxOccurrences = 100'000;
constexpr size_t kShownOccurrences = 10;
constexpr uint32_t kShownTokens = 16;  // around an occurrence

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Calls `found` with the first byte of each place where `text` has `phrase`; these do not overlap.
template <typename Same, typename Hash, typename Found>
void find_all(std::string_view text, std::string_view phrase, Same same, Hash hash, Found found) {
  const std::boyer_moore_horspool_searcher searcher(phrase.begin(), phrase.end(), hash, same);
  for (auto at = text.begin();;) {
    at = std::search(at, text.end(), searcher);
    if (at == text.end()) return;
    found(static_cast<size_t>(at - text.begin()));
    at += static_cast<ptrdiff_t>(phrase.size());
  }
}

std::vector<size_t> places_in(std::string_view text, const TextQuestion& question) {
  std::vector<size_t> places;
  const auto found = [&](size_t at) { places.push_back(at); };
  if (question.letters == LetterCase::exact) {
    find_all(text, question.text, std::equal_to<>(), std::hash<char>(), found);
  } else {
    find_all(
        text, question.text, [](char a, char b) { return folded(a) == folded(b); },
        [](char c) { return std::hash<char>()(folded(c)); }, found);
  }
  return places;
}

// The tokens that touch the bytes [begin, end); none where begin == end. Tokens' bytes ascend.
Occurrence touching(std::span<const Token> tokens, uint64_t begin, uint64_t end) {
  const auto first =
      std::ranges::partition_point(tokens, [&](const Token& token) { return token.end <= begin; });
  const auto last = std::partition_point(first, tokens.end(),
                                         [&](const Token& token) { return token.begin < end; });
  return {0, static_cast<uint32_t>(first - tokens.begin()),
          static_cast<uint32_t>(last - tokens.begin())};
}

double harmonic_mean(double a, double b) { return a + b > 0 ? 2 * a * b / (a + b) : 0; }

void sort_and_cut(std::vector<TextMatch>& units, size_t limit) {
  const auto before = [](const TextMatch& a, const TextMatch& b) {
    if (a.match != b.match) return a.match > b.match;
    return a.share != b.share ? a.share > b.share : a.unit < b.unit;
  };
  const auto end = units.begin() + static_cast<ptrdiff_t>(std::min(limit, units.size()));
  std::ranges::partial_sort(units, end, before);
  units.erase(end, units.end());
}

Json to_json(const std::vector<Site>& sites, const TextMatch& match) {
  uint64_t index = match.unit;
  size_t site = 0;
  for (; index >= sites[site].n_units; ++site) index -= sites[site].n_units;
  return {{"unit", fmt::format("{}/{}", short_site_name(sites[site].name), index)},
          {"match", match.match},
          {"n_together", match.n_together},
          {"n_events", match.n_events},
          {"value", match.value},
          {"share", match.share},
          {"place", {{"sequence", match.at.sequence}, {"position", match.at.position}}}};
}

Excerpt excerpt_around(const Recording& recording, const Occurrence& occurrence) {
  const uint32_t n_tokens = recording.corpus().sequence(occurrence.sequence).n_tokens;
  const Window window = window_around(occurrence.begin, n_tokens, kShownTokens);
  const std::vector<float> none(window.end - window.begin);
  return excerpt_of(recording, {.at = {occurrence.sequence, occurrence.begin},
                                .window_begin = window.begin,
                                .window = none});
}

}  // namespace

TextSearch::TextSearch(const Recording& recording) : recording_(recording) {}

std::vector<Occurrence> TextSearch::occurrences(const TextQuestion& question,
                                                bool& complete) const {
  const CorpusTables& corpus = recording_.corpus();
  std::vector<Occurrence> found;
  for (uint64_t row = 0; row < corpus.n_documents(); ++row) {
    const std::vector<size_t> places = places_in(corpus.document(row).text, question);
    if (places.empty()) continue;
    const auto [first, end] = sequences_of(corpus, row);
    for (uint64_t number = first; number < end; ++number) {
      const std::vector<Token> tokens = corpus.tokens(corpus.sequence(number));
      for (const size_t place : places) {
        Occurrence occurrence = touching(tokens, place, place + question.text.size());
        if (occurrence.begin >= occurrence.end) continue;
        if (found.size() == kMaxOccurrences) {
          complete = false;
          return found;
        }
        occurrence.sequence = static_cast<uint32_t>(number);
        found.push_back(occurrence);
      }
    }
  }
  return found;
}

std::vector<TextMatch> TextSearch::latents(const std::vector<Occurrence>& found) const {
  if (recording_.events() == nullptr) return {};
  const EventIndex& events = *recording_.events();
  struct Seen {
    uint64_t n_occurrences = 0, n_tokens = 0;
    size_t last = SIZE_MAX;  // the occurrence that was counted last
    float value = 0;
    Place at;
  };
  std::vector<Seen> seen(events.n_units());
  for (size_t i = 0; i < found.size(); ++i) {
    const uint64_t first = recording_.corpus().sequence(found[i].sequence).first_token;
    for (uint32_t position = found[i].begin; position < found[i].end; ++position) {
      const TokenEvents here = events.at_token(first + position);
      for (size_t e = 0; e < here.size(); ++e) {
        if (here.unit(e) >= seen.size()) {
          fail(Code::corrupt, "token {} has an event of unit {} of {}: run actogram check",
               first + position, here.unit(e), seen.size());
        }
        Seen& unit = seen[here.unit(e)];
        ++unit.n_tokens;
        if (std::exchange(unit.last, i) != i) ++unit.n_occurrences;
        if (unit.n_tokens > 1 && here.values()[e] <= unit.value) continue;
        unit.value = here.values()[e];
        unit.at = {found[i].sequence, position};
      }
    }
  }
  std::vector<TextMatch> matches;
  for (uint64_t row = 0; row < seen.size(); ++row) {
    const Seen& unit = seen[row];
    if (unit.n_occurrences == 0) continue;
    const uint32_t n_events = events.span(row).n_events;
    const double recall =
        static_cast<double>(unit.n_occurrences) / static_cast<double>(found.size());
    const double precision = static_cast<double>(unit.n_tokens) / static_cast<double>(n_events);
    const float max = recording_.units().summary(row).max;
    matches.push_back({row, unit.n_occurrences, n_events, harmonic_mean(recall, precision),
                       unit.value, unit.at, max == 0 ? 0 : unit.value / max});
  }
  return matches;
}

std::vector<TextMatch> TextSearch::neurons(const std::vector<Occurrence>& found) const {
  std::unordered_set<uint64_t> places;
  std::unordered_set<uint32_t> sequences;
  for (const Occurrence& occurrence : found) {
    sequences.insert(occurrence.sequence);
    for (uint32_t position = occurrence.begin; position < occurrence.end; ++position) {
      places.insert(uint64_t{occurrence.sequence} << 32 | position);
    }
  }
  std::vector<TextMatch> matches;
  for (size_t batch = 0; batch < recording_.units().n_peak_batches(); ++batch) {
    const PeaksOfUnits peaks = recording_.units().peaks(batch);
    for (size_t unit = 0; unit < peaks.ranges.size(); ++unit) {
      TextMatch match{.unit = peaks.first_unit + unit, .at = {}};
      for (size_t i = peaks.ranges[unit].first; i < peaks.ranges[unit].second; ++i) {
        if ((peaks.groups[i] & kTop) == 0) continue;
        ++match.n_events;
        if (!places.contains(uint64_t{peaks.sequences[i]} << 32 | peaks.positions[i])) continue;
        if (match.n_together++ > 0) continue;  // the first is the strongest
        match.value = peaks.values[i];
        match.at = {peaks.sequences[i], peaks.positions[i]};
      }
      if (match.n_together == 0) continue;
      // An exemplar is a sequence, so no more can match than have the phrase.
      const auto n = static_cast<double>(match.n_together);
      const auto possible =
          static_cast<double>(std::min<uint64_t>(match.n_events, sequences.size()));
      match.match = harmonic_mean(n / static_cast<double>(match.n_events), n / possible);
      match.share = peaks.max[unit] == 0 ? 0 : match.value / peaks.max[unit];
      matches.push_back(match);
    }
  }
  return matches;
}

std::string TextSearch::json(const TextQuestion& question) const {
  if (question.text.empty()) fail(Code::invalid, "?text: a word or a phrase to look for");
  bool complete = true;
  const std::vector<Occurrence> found = occurrences(question, complete);
  Json shown = Json::array();
  for (size_t i = 0; i < std::min(found.size(), kShownOccurrences); ++i) {
    Json excerpt = to_json(excerpt_around(recording_, found[i]));
    excerpt.erase("value");
    excerpt["n_tokens"] = found[i].end - found[i].begin;
    shown.push_back(std::move(excerpt));
  }
  Json kinds = Json::array();
  const auto add_kind = [&](const char* name, std::vector<TextMatch> matches) {
    const size_t n_units = matches.size();
    sort_and_cut(matches, question.limit);
    Json units = Json::array();
    for (const TextMatch& match : matches) {
      units.push_back(to_json(recording_.manifest().sites, match));
    }
    kinds.push_back({{"kind", name}, {"n_units", n_units}, {"units", std::move(units)}});
  };
  if (recording_.events() != nullptr) add_kind("latents", latents(found));
  if (n_token_units(recording_.manifest().sites) > 0) add_kind("neurons", neurons(found));
  return to_text(Json{{"text", question.text},
                      {"n_occurrences", found.size()},
                      {"complete", complete},
                      {"occurrences", std::move(shown)},
                      {"kinds", std::move(kinds)}});
}

}  // namespace actogram
