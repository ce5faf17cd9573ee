#include "query/document_views.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/unit_address.h"
#include "query/corpus_search.h"
#include "query/page_json.h"
#include "query/pieces.h"
#include "query/recording_excerpt.h"
#include "query/unit_reader.h"
#include "query/unit_values.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

// 1 where the unit never has a value as strong.
float share_of(float value, float min, float max) {
  const float extreme = value < 0 ? min : max;
  return extreme == 0 ? 0 : value / extreme;
}

void sort_and_cut(std::vector<Firing>& units, FiringOrder order, size_t limit) {
  const auto strength = [&](const Firing& firing) {
    return order == FiringOrder::value ? std::abs(firing.value) : firing.share;
  };
  const auto before = [&](const Firing& a, const Firing& b) {
    const float x = strength(a), y = strength(b);
    return x != y ? x > y : a.unit < b.unit;
  };
  const auto end = units.begin() + static_cast<ptrdiff_t>(std::min(limit, units.size()));
  std::ranges::partial_sort(units, end, before);
  units.erase(end, units.end());
}

// A window of `peaks` over the place, of the peaks [begin, end); nothing where none reaches it.
std::optional<float> value_at(const PeaksOfUnits& peaks, std::pair<size_t, size_t> range,
                              const Place& at) {
  for (size_t i = range.first; i < range.second; ++i) {
    if (peaks.sequences[i] != at.sequence || peaks.window_begins[i] > at.position) continue;
    const auto window = peaks.windows[i];
    const size_t offset = at.position - peaks.window_begins[i];
    if (offset < window.size()) return window[offset];
  }
  return std::nullopt;
}

std::string short_address(const std::vector<Site>& sites, uint64_t row) {
  for (const Site& site : sites) {
    if (row < site.n_units) return fmt::format("{}/{}", short_site_name(site.name), row);
    row -= site.n_units;
  }
  fail(Code::corrupt, "an event of unit row {} beyond the last site", row);
}

}  // namespace

DocumentViews::DocumentViews(const Recording& recording)
    : recording_(recording), units_(std::make_unique<UnitReader>(recording_)) {}
DocumentViews::~DocumentViews() = default;

DocumentPage DocumentViews::document(const DocumentQuestion& question) const {
  const CorpusTables& corpus = recording_.corpus();
  const uint64_t row = document_row(corpus, question.document);
  const bool found =
      row < corpus.n_documents() && corpus.document(row).document == question.document;
  if (!found) {
    fail(Code::not_found, "no document {}: the recording has {}", question.document,
         corpus.n_documents());
  }
  const DocumentRow document = corpus.document(row);
  DocumentPage page;
  page.document = document.document;
  page.name = document.name;
  page.source = recording_.source_name(document.source);
  if (row > 0) page.previous = corpus.document(row - 1).document;
  if (row + 1 < corpus.n_documents()) page.next = corpus.document(row + 1).document;

  std::optional<UnitValues> values;
  if (!question.unit.empty()) {
    page.unit = unit_address(recording_.manifest().sites, question.unit);
    const Summary summary = recording_.units().summary(recording_.units().row_of(*page.unit));
    page.min = summary.min, page.max = summary.max;
    values.emplace(recording_, *units_, *page.unit);
  }
  const auto [first, end] = sequences_of(corpus, row);
  page.n_sequences = static_cast<uint32_t>(end - first);
  size_t n_shown = 0;
  for (uint64_t number = first; number < end; ++number) {
    const SequenceRow sequence = corpus.sequence(number);
    page.n_tokens += sequence.n_tokens;
    if (sequence.chunk < question.first_chunk || page.more) continue;
    if (n_shown >= question.max_tokens) {
      page.more = sequence.chunk;
      continue;
    }
    n_shown += sequence.n_tokens;
    const auto tokens = corpus.tokens(sequence);
    const auto of_unit = values ? values->over(static_cast<uint32_t>(number))
                                : std::vector<float>(tokens.size(), kUnknown);
    page.n_known += static_cast<uint64_t>(
        std::ranges::count_if(of_unit, [](float value) { return !std::isnan(value); }));
    page.sequences.push_back({static_cast<uint32_t>(number), sequence.chunk,
                              pieces_of(document.text, tokens, 0, of_unit)});
  }
  return page;
}

PlacePage::Kind DocumentViews::latents_at(uint64_t token) const {
  PlacePage::Kind kind{.name = "latents", .units = {}};
  kind.known = !recording_.token_lists().is_sampled() ||
               std::ranges::binary_search(recording_.token_lists().sampled(), token);
  const TokenEvents events = recording_.events()->at_token(token);
  for (size_t i = 0; i < events.size(); ++i) {
    if (events.unit(i) >= recording_.units().n_units()) {
      fail(Code::corrupt, "token {} has an event of unit {} of {}: run actogram check", token,
           events.unit(i), recording_.units().n_units());
    }
    const Summary summary = recording_.units().summary(events.unit(i));
    const float value = events.values()[i];
    kind.units.push_back({events.unit(i), value, share_of(value, summary.min, summary.max)});
  }
  return kind;
}

PlacePage::Kind DocumentViews::neurons_at(const Place& at) const {
  PlacePage::Kind kind{.name = "neurons", .units = {}};
  for (size_t batch = 0; batch < recording_.units().n_peak_batches(); ++batch) {
    const PeaksOfUnits peaks = recording_.units().peaks(batch);
    for (size_t unit = 0; unit < peaks.ranges.size(); ++unit) {
      const auto value = value_at(peaks, peaks.ranges[unit], at);
      if (!value || !std::isfinite(*value) || *value == 0) continue;
      kind.units.push_back(
          {peaks.first_unit + unit, *value, share_of(*value, peaks.min[unit], peaks.max[unit])});
    }
  }
  return kind;
}

PlacePage DocumentViews::place(const Place& at, FiringOrder order, size_t limit) const {
  const CorpusTables& corpus = recording_.corpus();
  if (at.sequence >= corpus.n_sequences()) {
    fail(Code::not_found, "no sequence {}: the recording has {}", at.sequence,
         corpus.n_sequences());
  }
  const SequenceRow sequence = corpus.sequence(at.sequence);
  if (at.position >= sequence.n_tokens) {
    fail(Code::not_found, "no position {}: sequence {} has {} tokens", at.position, at.sequence,
         sequence.n_tokens);
  }
  PlacePage page;
  const float none = 0;
  page.around = excerpt_of(recording_,
                           {.at = at, .window_begin = at.position, .window = std::span(&none, 1)});
  if (recording_.events() != nullptr) {
    page.kinds.push_back(latents_at(sequence.first_token + at.position));
  }
  if (n_token_units(recording_.manifest().sites) > 0) page.kinds.push_back(neurons_at(at));
  for (PlacePage::Kind& kind : page.kinds) {
    kind.n_units = kind.units.size();
    sort_and_cut(kind.units, order, limit);
  }
  return page;
}

std::string DocumentViews::document_json(const DocumentQuestion& question) const {
  const DocumentPage page = document(question);
  const auto number_or_null = [](const auto& number) { return number ? Json(*number) : Json(); };
  Json sequences = Json::array();
  for (const SequenceText& text : page.sequences) {
    Json pieces = Json::array();
    for (const Piece& piece : text.pieces) pieces.push_back(to_json(piece));
    sequences.push_back(
        {{"sequence", text.sequence}, {"chunk", text.chunk}, {"pieces", std::move(pieces)}});
  }
  Json unit;
  if (page.unit) {
    unit = {{"address", fmt::format("{}/{}", page.unit->site, page.unit->index)},
            {"short", fmt::format("{}/{}", short_site_name(page.unit->site), page.unit->index)},
            {"min", page.min},
            {"max", page.max},
            {"n_known", page.n_known}};
  }
  return to_text(Json{{"index", page.document},
                      {"source", page.source},
                      {"name", page.name},
                      {"n_sequences", page.n_sequences},
                      {"n_tokens", page.n_tokens},
                      {"previous", number_or_null(page.previous)},
                      {"next", number_or_null(page.next)},
                      {"more", number_or_null(page.more)},
                      {"unit", std::move(unit)},
                      {"sequences", std::move(sequences)}});
}

std::string DocumentViews::place_json(const Place& at, FiringOrder order, size_t limit) const {
  const PlacePage page = place(at, order, limit);
  Json kinds = Json::array();
  for (const PlacePage::Kind& kind : page.kinds) {
    Json units = Json::array();
    for (const Firing& firing : kind.units) {
      units.push_back({{"unit", short_address(recording_.manifest().sites, firing.unit)},
                       {"value", firing.value},
                       {"share", firing.share}});
    }
    kinds.push_back({{"kind", kind.name},
                     {"known", kind.known},
                     {"n_units", kind.n_units},
                     {"units", std::move(units)}});
  }
  Json around = to_json(page.around);
  for (const char* of_a_unit : {"value", "window"}) around.erase(of_a_unit);
  return to_text(Json{{"place", std::move(around)}, {"kinds", std::move(kinds)}});
}

}  // namespace actogram
