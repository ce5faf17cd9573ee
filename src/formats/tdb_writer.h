// The tables of an imported data set of NeuronRecords, written unit after unit, and the state from
// which a stopped import goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "base/file.h"
#include "codec/json.h"
#include "formats/excerpt_index.h"
#include "formats/tdb_explanations.h"
#include "formats/tdb_record.h"
#include "store/corpus_tables.h"
#include "store/record_tables.h"
#include "store/unit_tables.h"

namespace actogram {

// What is counted on the way; the manifest has it.
struct TdbTotals {
  uint64_t n_records = 0;
  uint64_t n_explanations = 0;
  uint64_t n_bytes = 0;                          // of distinct excerpts
  uint64_t n_not_finite = 0;                     // values
  uint32_t top = 0, random = 0, per_bucket = 0;  // the most that a unit has
  uint32_t window = 0;                           // the longest excerpt
};

class TdbWriter {
 public:
  static constexpr uint64_t kUnitsPerMark = 8192;
  static_assert(kUnitsPerMark % kUnitsPerBatch == 0);

  // Goes on from what an earlier process left in `folder`, if anything.
  // Records of pairs, of which there are few, begin from the start.
  TdbWriter(const std::string& folder, const std::vector<Site>& sites, ValuesOf values);

  uint64_t n_units() const { return units_.n_units(); }  // that are written
  const TdbTotals& totals() const { return totals_; }
  uint64_t n_sequences() const { return corpus_.n_sequences(); }
  uint64_t n_tokens() const { return corpus_.n_tokens(); }

  // Units that have no record, up to this row.
  void skip_to(uint64_t row);
  // Of the next unit. Its peaks get the numbers of their sequences; an excerpt that is known is
  // known by that number.
  void add_record(PreparedRecord& prepared);
  // Of the unit that comes next. Explanations of a unit come before its record.
  void add_explanations(const std::vector<TdbExplanation>& explanations);

  void finish(StoredFiles& files);

 private:
  void add_unit(const UnitRecord& unit, const PublishedRecord& published);
  uint32_t sequence_of(const PreparedRecord& prepared, const PreparedPeak& peak);
  KeptPeak kept_peak(const PreparedRecord& prepared, const PreparedPeak& peak);
  HeadPeak head_peak(const PreparedRecord& prepared, const PreparedPeak& peak);
  void count(const PreparedRecord& prepared);
  void mark();

  std::string folder_;
  ValuesOf values_;
  std::optional<Json> state_;
  TableMarks from_;
  CorpusWriter corpus_;
  UnitWriter units_;
  PublishedRecordWriter records_;
  ScoredExplanationWriter explanations_;
  PlacedFile keys_;  // the hash of each sequence
  std::vector<Hash128> new_keys_;
  ExcerptIndex index_;
  TdbTotals totals_;
  uint64_t n_peaks_ = 0;  // that were added, or were there
  std::vector<Token> tokens_;
};

}  // namespace actogram
