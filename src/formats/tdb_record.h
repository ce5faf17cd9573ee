// A NeuronRecord made ready for a recording, on any thread: excerpts checked, put in order and in
// float32, with the hash by which equal ones are found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.h"
#include "codec/neuron_record.h"
#include "formats/tdb_unit.h"
#include "store/record_tables.h"

namespace actogram {

// What a record has a value for: not said in it, but by the data set.
enum class ValuesOf : uint8_t { tokens, pairs };

struct PreparedPeak {
  RecordExcerpt excerpt{};  // of the record
  Hash128 tokens{};         // of its token strings, unless they are known
  uint16_t group = 0;       // one bit of Group
  uint32_t rank = 0;        // its place in its list
  uint32_t key = 0;         // of pairs
  uint32_t position = 0;    // of the first highest value
  float value = 0;          // NaN where no value is finite
  ValueForm form = ValueForm::float32;
  size_t first_value = 0;  // of PreparedRecord::values
  size_t n_values = 0;     // of pairs the square triangle (pair_triangle.h)
  uint32_t sequence = 0;   // its number, once it is written
};

struct PreparedRecord {
  NeuronRecord record;
  std::vector<PreparedPeak> peaks;  // top, highest first; then random and buckets, as published
  std::vector<float> values;
  std::string scratch;

  TdbUnit unit() const { return {record.layer, record.index}; }
};

// Error{corrupt}: an empty list of top records, an excerpt without tokens, or with another number
// of values than one for each token or pair.
void prepare_record(PreparedRecord& prepared, ValuesOf values, const std::string& what);

}  // namespace actogram
