// A recording, opened for reading: the manifest and the tables, mapped. Opening reads kilobytes,
// whatever the size. Damage is found where it is touched, or all at once by check().
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/corpus_tables.h"
#include "store/event_index.h"
#include "store/manifest.h"
#include "store/unit_tables.h"
#include "store/weight_table.h"

namespace actogram {

class Recording {
 public:
  explicit Recording(const std::string& path);

  const std::string& path() const { return path_; }
  const Manifest& manifest() const { return manifest_; }
  const CorpusTables& corpus() const { return corpus_; }
  const UnitTables& units() const { return units_; }
  const EventIndex* events() const { return events_ ? &*events_ : nullptr; }  // of sparse units

  // What the unit's weights say, as the model has them; nothing where no weights were at hand.
  std::optional<NeuronWeights> weights(uint64_t unit_row) const;
  // Whether to look at gated neurons with the signs of refactor_glu. Error{invalid} where that is
  // asked for and cannot be known.
  bool refactors(GluSigns signs) const;
  // [sign class] as they are with these signs, or none.
  std::vector<ClassRecord> classes(uint64_t unit_row, GluSigns signs) const;

 private:
  void open_events();

  std::string path_;
  Manifest manifest_;
  CorpusTables corpus_;
  UnitTables units_;
  std::optional<WeightTable> weights_;
  std::optional<EventIndex> events_;
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
