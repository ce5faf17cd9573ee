// A recording, opened for reading: the manifest and the tables, mapped. Opening reads kilobytes,
// whatever the size. Damage is found where it is touched, or all at once by check().
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "store/attribution_table.h"
#include "store/corpus_tables.h"
#include "store/event_index.h"
#include "store/manifest.h"
#include "store/record_tables.h"
#include "store/sample_tables.h"
#include "store/share_tables.h"
#include "store/token_lists.h"
#include "store/unit_tables.h"
#include "store/weight_table.h"

namespace actogram {

class Recording {
 public:
  explicit Recording(const std::string& path);

  const std::string& path() const { return path_; }
  const Manifest& manifest() const { return manifest_; }

  // Error{invalid} where an import has none of them.
  const CorpusTables& corpus() const;
  const std::string& source_name(uint32_t source) const;  // Error{corrupt} where there is none
  const UnitTables& units() const;
  const SampleTable* samples() const { return samples_ ? &*samples_ : nullptr; }  // of dense units
  const EventIndex* events() const { return events_ ? &*events_ : nullptr; }      // of sparse units
  const TokenLists& token_lists() const { return token_lists_; }
  // Of events of SAEs that read attention, where they were recorded.
  const AttributionTable* attributions() const { return attributions_ ? &*attributions_ : nullptr; }
  // Of units that others published as NeuronRecords.
  const PublishedRecords* records() const { return records_ ? &*records_ : nullptr; }
  // Of a unit's row, with scores; none where there are none.
  std::vector<ScoredExplanation> explanations(uint64_t row) const;

  // That the numbers are of; nullopt where a data set of others does not say.
  std::optional<uint64_t> n_tokens() const;

  bool has_classes() const { return classes_ || shares_; }
  // Whether to look at gated neurons with the signs of refactor_glu. Error{invalid} where what is
  // asked for cannot be known: a data set of others has the signs that it was published with.
  bool refactors(GluSigns signs) const;
  // Of a unit's row, [sign class] as they are with these signs; none where they were not recorded.
  std::vector<ClassFacts> classes(uint64_t row, GluSigns signs) const;
  // The same with exact sums. Error{invalid} where a data set of others was imported.
  std::vector<ClassRecord> exact_classes(uint64_t row, GluSigns signs) const;
  // What is wrong with exact classes (class_check.h), held against the unit where it is at hand.
  std::vector<std::string> class_problems(uint64_t row, const UnitRecord* unit) const;
  // What a neuron's weights say; nothing where no weights were at hand.
  std::optional<NeuronWeights> weights(uint64_t row, GluSigns signs = GluSigns::model) const;
  // What a unit's values have been multiplied by where they are shown as recorded: -1 for a neuron
  // that refactor_glu turns around, else 1.
  float recorded_sign(uint64_t row) const;

  // Checks the record batches that a unit is read from, which is otherwise done when one is first
  // asked for. Reads their offsets and texts, not their values: some hundred milliseconds for
  // 50,000 units. Damage is left to whoever asks.
  void check_ahead(const std::stop_token& stop) const;

 private:
  void check_n_units(std::string_view file, uint64_t n_units) const;
  void open_events();

  std::string path_;
  Manifest manifest_;
  std::vector<std::string> source_names_;
  std::optional<CorpusTables> corpus_;
  std::optional<UnitTables> units_;
  std::optional<ClassTable> classes_;
  std::optional<ShareTable> shares_;
  std::optional<WeightTable> weights_;
  std::optional<SampleTable> samples_;
  std::optional<EventIndex> events_;
  std::optional<AttributionTable> attributions_;
  std::optional<PublishedRecords> records_;
  std::optional<ScoredExplanations> explanations_;
  TokenLists token_lists_;
};

// Reads only the manifest; says what is wrong if `path` is no recording.
Manifest read_manifest(const std::string& path);

struct CheckReport {
  uint64_t n_files = 0;
  uint64_t n_bytes = 0;
  uint64_t n_units = 0;
  uint64_t n_peaks = 0;
  std::vector<std::string> problems;  // each names the file or the unit, what was found, expected
};

// Verifies every checksum, then that the tables agree with one another. `progress` gets the share
// that is done, from 0 to 1.
CheckReport check_recording(const std::string& path, const std::function<void(double)>& progress);

}  // namespace actogram
