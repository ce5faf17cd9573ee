#include "query/typed_pages.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "codec/sent_strings.h"
#include "core/unit_address.h"
#include "query/page_json.h"
#include "query/pieces.h"
#include "store/recording.h"

namespace actogram {
namespace {

// Where the sequence is highest, the earlier place among equals; of a head the query and the key.
struct Peak {
  uint32_t position = 0, key = 0;
  float value = -std::numeric_limits<float>::infinity();

  void add(uint32_t at, uint32_t of_key, float x) {
    if (x > value) position = at, key = of_key, value = x;
  }
};

Peak peak_of(const TypedValues& typed) {
  Peak peak;
  for (uint32_t t = 0; t < typed.values.size(); ++t) peak.add(t, t, typed.values[t]);
  for (uint32_t q = 0; q < typed.key_norms.size(); ++q) {
    for (uint32_t k = 0; k <= q; ++k) {
      peak.add(q, k, typed.pattern[triangle_at(q, k)] * typed.key_norms[k]);
    }
  }
  return peak;
}

Excerpt excerpt_of(const TypedText& text, size_t sequence, const TypedValues& typed) {
  const std::vector<Token>& tokens = text.sequences[sequence];
  const auto n = static_cast<uint32_t>(tokens.size());
  const Peak peak = peak_of(typed);
  std::vector<float> values = typed.values;
  if (!typed.key_norms.empty()) {  // of a head: what the highest query has with each key
    values.resize(n);
    for (uint32_t k = 0; k <= peak.position; ++k) {
      values[k] = typed.pattern[triangle_at(peak.position, k)] * typed.key_norms[k];
    }
  }
  Excerpt excerpt;
  excerpt.at = {static_cast<uint32_t>(sequence), peak.position};
  excerpt.value = peak.value;
  excerpt.window_end = excerpt.n_tokens = n;
  excerpt.pieces = pieces_of(text.text, tokens, 0, values);
  if (!typed.key_norms.empty()) {
    excerpt.pairs = ExcerptPairs{peak.key, n, typed.pattern, typed.key_norms};
  }
  return excerpt;
}

enum Kind : size_t { kLatents, kNeurons, kHeads };
constexpr std::array<const char*, 3> kKindNames = {"latents", "neurons", "heads"};

Kind kind_of(const Site& site) {
  if (is_sparse_site(site.name)) return kLatents;
  return is_attention_site(site.name) ? kHeads : kNeurons;
}

struct Strongest {
  uint64_t row = 0;
  std::string unit;
  float value = 0, share = 0;
  Place at;
};

float share_of(float value, float extreme) { return extreme == 0 ? 0 : value / extreme; }

// The one of the two that has the larger share, or magnitude; nothing where the unit is off.
std::optional<Strongest> strongest_of(const TypedExtremes& typed, const Summary& recorded,
                                      FiringOrder order) {
  Strongest high, low;
  if (std::isfinite(typed.max) && typed.max > 0) {
    high = {.unit = {},
            .value = typed.max,
            .share = share_of(typed.max, recorded.max),
            .at = typed.max_at};
  }
  if (std::isfinite(typed.min) && typed.min < 0) {
    low = {.unit = {},
           .value = typed.min,
           .share = share_of(typed.min, recorded.min),
           .at = typed.min_at};
  }
  const bool lower = order == FiringOrder::share ? low.share > high.share : -low.value > high.value;
  const Strongest& chosen = lower ? low : high;
  return chosen.value == 0 ? std::nullopt : std::optional(chosen);
}

void sort_and_cut(std::vector<Strongest>& units, FiringOrder order, size_t limit) {
  const auto strength = [&](const Strongest& unit) {
    return order == FiringOrder::share ? unit.share : std::abs(unit.value);
  };
  const auto before = [&](const Strongest& a, const Strongest& b) {
    return strength(a) != strength(b) ? strength(a) > strength(b) : a.row < b.row;
  };
  const auto end = units.begin() + static_cast<ptrdiff_t>(std::min(limit, units.size()));
  std::ranges::partial_sort(units, end, before);
  units.erase(end, units.end());
}

Json to_json(const Strongest& unit) {
  return {{"unit", unit.unit},
          {"value", unit.value},
          {"share", unit.share},
          {"place", {{"sequence", unit.at.sequence}, {"position", unit.at.position}}}};
}

Json kind_json(Kind kind, std::vector<Strongest> units, FiringOrder order, size_t limit) {
  const size_t n_units = units.size();
  sort_and_cut(units, order, limit);
  Json list = Json::array();
  for (const Strongest& unit : units) list.push_back(to_json(unit));
  return {{"kind", kKindNames[kind]}, {"n_units", n_units}, {"units", std::move(list)}};
}

}  // namespace

std::string sent_text(std::string_view body) {
  constexpr std::array<std::string_view, 1> kMembers = {"text"};
  const SentStrings sent = parse_sent_strings(body, kMembers);
  if (sent.contains("text") && !sent.at("text").empty()) return sent.at("text");
  fail(Code::invalid, "there is no text: send {{\"text\": \"...\"}}");
}

TypedPages::TypedPages(const Recording& recording) : recording_(recording) {}

std::string TypedPages::unit_json(const UnitAddress& unit, const TypedUnit& typed) const {
  Json sequences = Json::array();
  float low = std::numeric_limits<float>::infinity(), high = -low;
  for (size_t s = 0; s < typed.sequences.size(); ++s) {
    const Excerpt excerpt = excerpt_of(typed.text, s, typed.sequences[s]);
    for (const float value : typed.sequences[s].values) low = std::min(low, value);
    high = std::max(high, excerpt.value);
    sequences.push_back(to_json(excerpt));
  }
  return to_text(Json{{"address", fmt::format("{}/{}", unit.site, unit.index)},
                      {"short", fmt::format("{}/{}", short_site_name(unit.site), unit.index)},
                      {"n_tokens", typed.text.n_tokens()},
                      {"min", std::isfinite(low) ? low : 0},
                      {"max", high},
                      {"sequences", std::move(sequences)}});
}

std::string TypedPages::units_json(const TypedUnits& typed, FiringOrder order, size_t limit) const {
  const std::vector<Site>& sites = recording_.manifest().sites;
  std::array<std::vector<Strongest>, kKindNames.size()> kinds;
  uint64_t first_row = 0;
  for (size_t s = 0; s < sites.size(); ++s) {
    const auto summaries = recording_.units().summaries(s);
    for (size_t i = 0; i < typed.sites[s].size(); ++i) {
      auto found = strongest_of(typed.sites[s][i], summaries[i], order);
      if (!found) continue;
      found->row = first_row + i;
      found->unit = fmt::format("{}/{}", short_site_name(sites[s].name), i);
      kinds[kind_of(sites[s])].push_back(std::move(*found));
    }
    first_row += sites[s].n_units;
  }
  Json json = {
      {"n_tokens", typed.text.n_tokens()}, {"sequences", Json::array()}, {"kinds", Json::array()}};
  for (size_t s = 0; s < typed.text.sequences.size(); ++s) {
    const std::vector<float> unknown(typed.text.sequences[s].size(),
                                     std::numeric_limits<float>::quiet_NaN());
    Json pieces = Json::array();
    for (const Piece& piece : pieces_of(typed.text.text, typed.text.sequences[s], 0, unknown)) {
      pieces.push_back(to_json(piece));
    }
    json["sequences"].push_back({{"sequence", s}, {"pieces", std::move(pieces)}});
  }
  for (const Kind kind : {kLatents, kNeurons, kHeads}) {
    json["kinds"].push_back(kind_json(kind, std::move(kinds[kind]), order, limit));
  }
  return to_text(json);
}

}  // namespace actogram
