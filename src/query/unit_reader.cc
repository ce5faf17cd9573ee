#include "query/unit_reader.h"

#include <utility>

#include "collate/sparse_exemplars.h"
#include "core/unit_address.h"
#include "store/recording.h"
#include "store/sparse_units.h"

namespace actogram {

UnitReader::UnitReader(const Recording& recording)
    : recording_(recording), corpora_(recording.manifest().sites.size()) {}
UnitReader::~UnitReader() = default;

const SparseCorpus& UnitReader::corpus_of(size_t site) const {
  const std::lock_guard lock(mutex_);
  if (!corpora_[site]) {
    const CorpusTables& corpus = recording_.corpus();
    corpora_[site] =
        std::make_unique<SparseCorpus>(first_tokens(corpus), recording_.token_lists().known(site));
    for (uint64_t s = sequence_keys_.size(); s < corpus.n_sequences(); ++s) {
      sequence_keys_.push_back(corpus.sequence(s).key);
    }
  }
  return *corpora_[site];
}

void UnitReader::add_peaks(UnitRead& unit, uint64_t row) const {
  const Manifest& manifest = recording_.manifest();
  size_t site = 0;
  uint64_t index = row;
  for (; index >= manifest.sites[site].n_units; ++site) index -= manifest.sites[site].n_units;
  const SparseCorpus& corpus = corpus_of(site);
  const EventsOfUnit events(*recording_.events(), row);
  const uint64_t key = unit_key(manifest.sites[site].name, static_cast<uint32_t>(index));
  SparseExemplars drawn =
      sparse_exemplars(events.values(), corpus, unit.record, key, sequence_keys_, manifest.collate);
  unit.record.maximum_peaks = std::move(drawn.maximum_peaks);
  unit.record.minimum_peaks = std::move(drawn.minimum_peaks);
  unit.windows = std::move(drawn.windows);
}

UnitRead UnitReader::unit(uint64_t row) const {
  UnitRead unit{recording_.units().unit(row)};
  const bool sparse = row >= n_dense_units(recording_.manifest().sites);
  if (sparse && recording_.events() != nullptr) add_peaks(unit, row);
  return unit;
}

}  // namespace actogram
