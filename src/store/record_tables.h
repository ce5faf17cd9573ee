// What a data set of NeuronRecords says of a unit beyond its moments and the windows of its
// excerpts: which units it has, the boundaries of its buckets, and how its numbers were written
// (published_records.arrow); and the numbers that float32 does not give back
// (published_values.arrow). Units and peaks are counted as in units.arrow and peaks.arrow. And
// explanations with their scores, with what was simulated to score them
// (scored_explanations.arrow).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/corpus_tables.h"
#include "store/list_column.h"
#include "store/table_cursor.h"

namespace actogram {

// How the values of a peak's window stand for the numbers that were published. Do not change these
// values: they are written in recordings.
enum class ValueForm : uint8_t {
  float32 = 0,  // the shortest decimal that gives the float32
  doubles = 1,  // the float32's own value
  others = 2,   // they are in published_values.arrow
};

struct PublishedRecord {
  bool published = false;                  // false: there is no record of this unit
  std::optional<uint32_t> n_buckets = {};  // nothing: random_sample_by_quantile is null
  std::span<const double> boundaries = {};
  std::string_view forms = {};  // a ValueForm for each of the unit's peaks
};

class PublishedRecordWriter {
 public:
  PublishedRecordWriter(const std::string& folder, const TableMarks& from);

  // One row a unit, in the order of units.arrow.
  void add(const PublishedRecord& record);
  // Of a peak whose form is `others`, in the order of peaks.arrow.
  void add_values(uint64_t peak, std::span<const double> values);
  // Requires: the units are a multiple of kUnitsPerBatch.
  void mark(TableMarks& marks);
  void finish(StoredFiles& files);

 private:
  void flush();
  void flush_values();

  TableWriter records_;
  TableWriter values_;
  std::vector<uint8_t> published_;
  std::vector<int32_t> n_buckets_;
  ListColumn<double> boundaries_;
  ListColumn<char> forms_;
  std::vector<uint64_t> peak_;
  ListColumn<double> numbers_;
};

struct ScoredExplanation {
  std::string_view explanation;
  double score = 0;             // NaN where there is none
  std::string_view simulation;  // JSON: ScoredSimulation or ScoredAttentionSimulation
};

class ScoredExplanationWriter {
 public:
  ScoredExplanationWriter(const std::string& folder, const TableMarks& from);

  void add(uint64_t unit, const ScoredExplanation& explanation);  // units ascend
  uint64_t n_rows() const { return table_.n_rows() + unit_.size(); }
  void mark(TableMarks& marks);
  void finish(StoredFiles& files);

 private:
  void flush();

  TableWriter table_;
  std::vector<uint64_t> unit_;
  std::vector<double> score_;
  ListColumn<char> explanation_, simulation_;
};

// Thread-safe: reads only.
class ScoredExplanations {
 public:
  explicit ScoredExplanations(const std::string& folder);

  // As they were published; views of the mapped file.
  std::vector<ScoredExplanation> of_unit(uint64_t unit) const;
  // All, unit by unit.
  void for_each(
      const std::function<void(uint64_t unit, const ScoredExplanation& explanation)>& visit) const;

 private:
  TableReader table_;
  std::vector<uint64_t> first_unit_;  // [record batch]
};

// Thread-safe: reads only.
class PublishedRecords {
 public:
  explicit PublishedRecords(const std::string& folder);

  uint64_t n_units() const { return records_.n_rows(); }
  PublishedRecord record(uint64_t unit) const;  // views of the mapped file
  // The numbers of a peak whose form is `others`. Error{corrupt} where there are none.
  std::span<const double> values(uint64_t peak) const;

 private:
  TableReader records_;
  TableReader values_;
  std::vector<uint64_t> first_peak_;  // [record batch] of values_
};

}  // namespace actogram
