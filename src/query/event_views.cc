#include "query/event_views.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "codec/json.h"
#include "core/unit_address.h"
#include "query/page_json.h"
#include "query/recording_excerpt.h"
#include "store/recording.h"
#include "store/sparse_units.h"

namespace actogram {
namespace {

// The sequence that a token is in, by its row.
uint32_t sequence_of_token(const CorpusTables& corpus, uint64_t token) {
  uint64_t first = 0, end = corpus.n_sequences();
  while (end - first > 1) {
    const uint64_t middle = first + (end - first) / 2;
    (corpus.sequence(middle).first_token <= token ? first : end) = middle;
  }
  return static_cast<uint32_t>(first);
}

std::string to_text(const UnitAddress& address) {
  return fmt::format("{}/{}", address.site, address.index);
}

}  // namespace

EventViews::EventViews(const Recording& recording) : recording_(recording) {
  if (recording_.events() != nullptr) return;
  fail(Code::invalid,
       "{}: it has no events: those of SAE latents are recorded with --sae WEIGHTS@SITE",
       recording.path());
}

uint64_t EventViews::row_of(const UnitAddress& address) const {
  if (!is_sparse_site(address.site)) {
    fail(Code::invalid,
         "{}: events are kept of sparse units; what is known of a neuron says actogram show",
         to_text(address));
  }
  return unit_row(recording_.manifest().sites, address);
}

std::string EventViews::address_of(uint64_t row) const {
  for (const Site& site : recording_.manifest().sites) {
    if (row < site.n_units) return fmt::format("{}/{}", short_site_name(site.name), row);
    row -= site.n_units;
  }
  fail(Code::corrupt, "{}: an event of unit {}, which no site has", recording_.path(), row);
}

Excerpt EventViews::excerpt_at(const Place& at, const SparseValues& of_unit,
                               uint32_t context) const {
  const SequenceRow sequence = recording_.corpus().sequence(at.sequence);
  const uint32_t begin = at.position - std::min(at.position, context);
  const uint32_t end = static_cast<uint32_t>(
      std::min<uint64_t>(uint64_t{at.position} + context + 1, sequence.n_tokens));
  std::vector<float> values(end - begin);
  const uint64_t first = sequence.first_token + begin;
  const auto event = std::ranges::lower_bound(of_unit.tokens, first);
  for (auto i = static_cast<size_t>(event - of_unit.tokens.begin());
       i < of_unit.tokens.size() && of_unit.tokens[i] < first + values.size(); ++i) {
    values[of_unit.tokens[i] - first] = of_unit.values[i];
  }
  KeptPeak peak;
  peak.at = at, peak.value = values[at.position - begin];
  peak.window_begin = begin, peak.window = values;
  return excerpt_of(recording_, peak);
}

UnitEventList EventViews::events(std::string_view unit, EventListOrder order, size_t limit,
                                 uint32_t context) const {
  UnitEventList list;
  list.address = unit_address(recording_.manifest().sites, unit);
  const uint64_t row = row_of(list.address);
  const EventIndex& index = *recording_.events();
  const UnitSpan span = index.span(row);
  list.n_events = span.n_events;
  std::vector<UnitEvent> events;
  if (order == EventListOrder::value) {
    events = index.top(row, limit);
  } else {
    for (uint64_t i = 0; i < std::min<uint64_t>(limit, span.n_events); ++i) {
      events.push_back(index.event(span.first_event + i));
    }
  }
  const CorpusTables& corpus = recording_.corpus();
  const EventsOfUnit of_unit(index, row);
  for (const UnitEvent& event : events) {
    const uint32_t sequence = sequence_of_token(corpus, event.token);
    const uint64_t position = event.token - corpus.sequence(sequence).first_token;
    list.places.push_back(
        excerpt_at({sequence, static_cast<uint32_t>(position)}, of_unit.values(), context));
  }
  return list;
}

uint32_t EventViews::sequence_of(const TokenName& token) const {
  const CorpusTables& corpus = recording_.corpus();
  if (token.sequence) {
    if (*token.sequence < corpus.n_sequences()) return static_cast<uint32_t>(*token.sequence);
    fail(Code::not_found, "no sequence {}: the recording has {}", *token.sequence,
         corpus.n_sequences());
  }
  uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(token.document.data(), token.document.data() + token.document.size(), number);
  const bool is_number =
      error == std::errc() && end == token.document.data() + token.document.size();
  uint32_t n_chunks = 0;
  for (uint64_t s = 0; s < corpus.n_sequences(); ++s) {
    const SequenceRow sequence = corpus.sequence(s);
    const DocumentRow document = corpus.document(sequence.document_row);
    if (is_number ? document.document != number : document.name != token.document) continue;
    if (sequence.chunk == token.chunk) return static_cast<uint32_t>(s);
    ++n_chunks;
  }
  if (n_chunks > 0) {
    fail(Code::not_found, "document {} has {} sequences; there is no --chunk {}", token.document,
         n_chunks, token.chunk);
  }
  fail(Code::not_found, "no document {} in this recording; write its number or its name",
       token.document);
}

TokenEventList EventViews::at(const TokenName& token, uint32_t context) const {
  const CorpusTables& corpus = recording_.corpus();
  const uint32_t number = sequence_of(token);
  const SequenceRow sequence = corpus.sequence(number);
  if (token.position >= sequence.n_tokens) {
    fail(Code::not_found, "no position {}: this sequence has {} tokens", token.position,
         sequence.n_tokens);
  }
  const uint64_t row = sequence.first_token + token.position;
  TokenEventList list;
  list.around = excerpt_at({number, token.position}, {}, context);
  list.known = !recording_.token_lists().is_sampled() ||
               std::ranges::binary_search(recording_.token_lists().sampled(), row);
  const TokenEvents events = recording_.events()->at_token(row);
  for (size_t i = 0; i < events.size(); ++i) {
    list.units.push_back({address_of(events.unit(i)), events.values()[i]});
  }
  std::ranges::stable_sort(list.units, std::greater(),
                           [](const FiredUnit& unit) { return std::abs(unit.value); });
  return list;
}

PartnerList EventViews::partners(std::string_view unit, PartnerOrder order, size_t limit) const {
  PartnerList list;
  list.address = unit_address(recording_.manifest().sites, unit);
  const EventIndex& index = *recording_.events();
  const uint64_t row = row_of(list.address);
  list.n_events = index.span(row).n_events;
  const EventsOfSites in{index, recording_.manifest().sites, recording_.token_lists()};
  for (const Partner& partner : partners_of(in, row, order, limit)) {
    list.partners.push_back({address_of(partner.unit), index.span(partner.unit).n_events, partner});
  }
  return list;
}

std::string to_json_text(const UnitEventList& list) {
  Json events = Json::array();
  for (const Excerpt& place : list.places) events.push_back(to_json(place));
  return to_text(Json{{"address", to_text(list.address)},
                      {"n_events", list.n_events},
                      {"events", std::move(events)}});
}

std::string to_json_text(const TokenEventList& list) {
  Json units = Json::array();
  for (const FiredUnit& unit : list.units) {
    units.push_back({{"unit", unit.address}, {"value", unit.value}});
  }
  Json around = to_json(list.around);
  around.erase("value");
  return to_text(
      Json{{"place", std::move(around)}, {"known", list.known}, {"units", std::move(units)}});
}

std::string to_json_text(const PartnerList& list) {
  Json partners = Json::array();
  for (const PartnerRow& row : list.partners) {
    partners.push_back({{"unit", row.address},
                        {"n_events", row.n_events},
                        {"n_together", row.numbers.n_together},
                        {"jaccard", row.numbers.jaccard},
                        {"correlation", row.numbers.correlation}});
  }
  return to_text(Json{{"address", to_text(list.address)},
                      {"n_events", list.n_events},
                      {"partners", std::move(partners)}});
}

}  // namespace actogram
