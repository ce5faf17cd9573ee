#include "store/sparse_units.h"

#include "core/unit_address.h"

namespace actogram {

std::vector<uint64_t> first_tokens(const CorpusTables& corpus) {
  std::vector<uint64_t> first;
  for (uint64_t s = 0; s < corpus.n_sequences(); ++s) {
    first.push_back(corpus.sequence(s).first_token);
  }
  first.push_back(corpus.n_tokens());
  return first;
}

EventsOfUnit::EventsOfUnit(const EventIndex& events, uint64_t unit) {
  const UnitEvents found = events.of_unit(unit);
  if (found.pieces.size() == 1) {
    values_ = {found.pieces[0].tokens, found.pieces[0].values};
    return;
  }
  for (const UnitEvents::Piece& piece : found.pieces) {
    tokens_.insert(tokens_.end(), piece.tokens.begin(), piece.tokens.end());
    numbers_.insert(numbers_.end(), piece.values.begin(), piece.values.end());
  }
  values_ = {tokens_, numbers_};
}

UnitRecord sparse_unit(const EventIndex& events, uint64_t unit, const SparseCorpus& corpus,
                       const TokenLists& lists, size_t site) {
  const EventsOfUnit of_unit(events, unit);
  UnitRecord record = summarise_events(of_unit.values(), corpus);
  record.summary.n_nan = lists.unknown(site).size();
  return record;
}

void write_sparse_units(const EventIndex& events, const CorpusTables& corpus,
                        const TokenLists& lists, const std::vector<Site>& sites, UnitWriter& writer,
                        const std::function<void(uint64_t)>& progress) {
  const std::vector<uint64_t> first = first_tokens(corpus);
  uint64_t row = 0, n_done = 0;
  for (size_t s = 0; s < sites.size(); ++s) {
    if (!is_sparse_site(sites[s].name)) {
      row += sites[s].n_units;
      continue;
    }
    const SparseCorpus seen(first, lists.known(s));
    for (uint32_t unit = 0; unit < sites[s].n_units; ++unit, ++row) {
      writer.add(sparse_unit(events, row, seen, lists, s));
      progress(++n_done);
    }
  }
}

}  // namespace actogram
