#include "query/text_search.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

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

// Of those that are found, the first few.
Json shown_occurrences(const Recording& recording, const std::vector<Occurrence>& found) {
  Json shown = Json::array();
  for (size_t i = 0; i < std::min(found.size(), kShownOccurrences); ++i) {
    Json excerpt = to_json(excerpt_around(recording, found[i]));
    excerpt.erase("value");
    excerpt["n_tokens"] = found[i].end - found[i].begin;
    shown.push_back(std::move(excerpt));
  }
  return shown;
}

// What the latents do at occurrences, one after another.
class LatentsThere {
 public:
  explicit LatentsThere(const Recording& recording)
      : recording_(recording), seen_(recording.events() ? recording.events()->n_units() : 0) {}

  void add(const Occurrence& occurrence) {
    if (seen_.empty()) return;
    ++n_occurrences_;
    const uint64_t first = recording_.corpus().sequence(occurrence.sequence).first_token;
    for (uint32_t position = occurrence.begin; position < occurrence.end; ++position) {
      add(recording_.events()->at_token(first + position), {occurrence.sequence, position});
    }
  }

  std::vector<TextMatch> matches() const {
    std::vector<TextMatch> matches;
    for (uint64_t row = 0; row < seen_.size(); ++row) {
      if (seen_[row].n_occurrences > 0) matches.push_back(match_of(row));
    }
    return matches;
  }

 private:
  struct Seen {
    uint64_t n_occurrences = 0, n_tokens = 0;
    uint64_t last = 0;  // the occurrence that was counted last, from 1 on
    float value = 0;
    Place at;
  };

  void add(const TokenEvents& here, const Place& at) {
    for (size_t e = 0; e < here.size(); ++e) {
      if (here.unit(e) >= seen_.size()) {
        fail(Code::corrupt,
             "sequence {}, position {} has an event of unit {} of {}: run actogram check",
             at.sequence, at.position, here.unit(e), seen_.size());
      }
      Seen& unit = seen_[here.unit(e)];
      ++unit.n_tokens;
      if (std::exchange(unit.last, n_occurrences_) != n_occurrences_) ++unit.n_occurrences;
      if (unit.n_tokens > 1 && here.values()[e] <= unit.value) continue;
      unit.value = here.values()[e];
      unit.at = at;
    }
  }

  TextMatch match_of(uint64_t row) const {
    const Seen& unit = seen_[row];
    const uint32_t n_events = recording_.events()->span(row).n_events;
    const double recall =
        static_cast<double>(unit.n_occurrences) / static_cast<double>(n_occurrences_);
    const double precision = static_cast<double>(unit.n_tokens) / static_cast<double>(n_events);
    const float max = recording_.units().summary(row).max;
    return {row,
            unit.n_occurrences,
            n_events,
            harmonic_mean(recall, precision),
            unit.value,
            unit.at,
            max == 0 ? 0 : unit.value / max};
  }

  const Recording& recording_;
  uint64_t n_occurrences_ = 0;
  std::vector<Seen> seen_;  // [row]; none where there are no latents
};

// Tokens that are in an occurrence, and how many sequences have one.
struct Touched {
  explicit Touched(const std::vector<Occurrence>& found) {
    std::unordered_set<uint32_t> sequences;
    for (const Occurrence& occurrence : found) {
      sequences.insert(occurrence.sequence);
      for (uint32_t position = occurrence.begin; position < occurrence.end; ++position) {
        places.insert(uint64_t{occurrence.sequence} << 32 | position);
      }
    }
    n_sequences = sequences.size();
  }

  std::unordered_set<uint64_t> places;
  uint64_t n_sequences = 0;
};

// How a neuron's highest exemplars go with them; nothing where none does.
std::optional<TextMatch> match_of(const PeaksOfUnits& peaks, size_t unit, const Touched& touched) {
  TextMatch match{.unit = peaks.first_unit + unit, .at = {}};
  for (size_t i = peaks.ranges[unit].first; i < peaks.ranges[unit].second; ++i) {
    if ((peaks.groups[i] & kTop) == 0) continue;
    ++match.n_events;
    if (!touched.places.contains(uint64_t{peaks.sequences[i]} << 32 | peaks.positions[i])) continue;
    if (match.n_together++ > 0) continue;  // the first is the strongest
    match.value = peaks.values[i];
    match.at = {peaks.sequences[i], peaks.positions[i]};
  }
  if (match.n_together == 0) return std::nullopt;
  // An exemplar is a sequence, so no more can match than have the phrase.
  const auto n = static_cast<double>(match.n_together);
  const auto possible = static_cast<double>(std::min(match.n_events, touched.n_sequences));
  match.match = harmonic_mean(n / static_cast<double>(match.n_events), n / possible);
  match.share = peaks.max[unit] == 0 ? 0 : match.value / peaks.max[unit];
  return match;
}

// A search that goes on: first through the text, with the latents, then through the peaks.
class RunningSearch {
 public:
  RunningSearch(const Recording& recording, const TextQuestion& question, const SearchStep& step)
      : recording_(recording), corpus_(recording.corpus()), question_(question), step_(step) {}

  std::string json() {
    look_through_text();
    if (has_neurons_) look_through_peaks();
    return to_text(found());
  }

 private:
  // Until there are too many occurrences.
  void look_through_text() {
    for (; document_ < corpus_.n_documents() && complete_; ++document_) {
      if (document_ > 0) tell();
      const std::vector<size_t> places = places_in(corpus_.document(document_).text, question_);
      if (!places.empty()) look_through_document(places);
    }
  }

  void look_through_document(const std::vector<size_t>& places) {
    const auto [first, end] = sequences_of(corpus_, document_);
    for (sequence_ = first; sequence_ < end && complete_; ++sequence_) {
      if (sequence_ > first) tell();
      const std::vector<Token> tokens = corpus_.tokens(corpus_.sequence(sequence_));
      for (const size_t place : places) {
        Occurrence occurrence = touching(tokens, place, place + question_.text.size());
        if (occurrence.begin >= occurrence.end) continue;
        complete_ = occurrences_.size() < kMaxOccurrences;
        if (!complete_) return;
        occurrence.sequence = static_cast<uint32_t>(sequence_);
        occurrences_.push_back(occurrence);
        latents_.add(occurrence);
      }
    }
  }

  void look_through_peaks() {
    const Touched touched(occurrences_);
    for (size_t batch = 0; batch < recording_.units().n_peak_batches(); ++batch) {
      tell();
      const PeaksOfUnits peaks = recording_.units().peaks(batch);
      for (size_t unit = 0; unit < peaks.ranges.size(); ++unit) {
        if (const auto match = match_of(peaks, unit, touched)) neurons_.push_back(*match);
      }
      n_units_ = peaks.first_unit + peaks.ranges.size();
    }
  }

  void tell() const {
    step_([this] {
      Json so_far{{"searched", searched()}};
      so_far.update(found());
      return to_text(so_far);
    });
  }

  Json searched() const {
    const bool all = document_ == corpus_.n_documents();
    const uint64_t n_sequences =
        all ? corpus_.n_sequences() : std::max(sequence_, sequences_of(corpus_, document_).first);
    uint64_t of_units = 0;
    for (const Site& site : manifest().sites) of_units += has_neurons_ ? site.n_units : 0;
    return {{"n_sequences", n_sequences},
            {"of_sequences", corpus_.n_sequences()},
            {"n_units", n_units_},
            {"of_units", of_units}};
  }

  Json found() const {
    Json kinds = Json::array();
    if (recording_.events() != nullptr) kinds.push_back(kind("latents", latents_.matches()));
    if (has_neurons_) kinds.push_back(kind("neurons", neurons_));
    return {{"text", question_.text},
            {"n_occurrences", occurrences_.size()},
            {"complete", complete_},
            {"occurrences", shown_occurrences(recording_, occurrences_)},
            {"kinds", std::move(kinds)}};
  }

  Json kind(const char* name, std::vector<TextMatch> matches) const {
    const size_t n_units = matches.size();
    sort_and_cut(matches, question_.limit);
    Json units = Json::array();
    for (const TextMatch& match : matches) units.push_back(to_json(manifest().sites, match));
    return {{"kind", name}, {"n_units", n_units}, {"units", std::move(units)}};
  }

  const Manifest& manifest() const { return recording_.manifest(); }

  const Recording& recording_;
  const CorpusTables& corpus_;
  const TextQuestion& question_;
  const SearchStep& step_;
  bool has_neurons_ = n_token_units(manifest().sites) > 0;

  uint64_t document_ = 0, sequence_ = 0, n_units_ = 0;  // those before are searched
  bool complete_ = true;
  std::vector<Occurrence> occurrences_;
  LatentsThere latents_{recording_};
  std::vector<TextMatch> neurons_;
};

}  // namespace

TextSearch::TextSearch(const Recording& recording) : recording_(recording) {}

std::string TextSearch::json(const TextQuestion& question, const SearchStep& step) const {
  if (question.text.empty()) fail(Code::invalid, "?text: a word or a phrase to look for");
  return RunningSearch(recording_, question, step).json();
}

}  // namespace actogram
