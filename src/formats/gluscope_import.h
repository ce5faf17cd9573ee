// A data set of GLUScope's 50 columns (gluscope_schema.h) as a recording of sign classes, and one
// of sampled activations (gluscope_samples.h) as its samples, or as a recording that has nothing
// else.
//
// An export of ours (with actogram/places.parquet) comes back whole: the same classes.arrow and
// weights.arrow, whichever signs the columns have, and exported again the same bytes. A data set of
// others becomes class_shares.arrow, which has what is in the columns: frequencies and means as
// float32, values and rows of the peaks. Counts follow only where the number of tokens is given and
// leaves one count for a frequency; positions stay unknown.
//
// What the format leaves open is read as its tools mean it: a value of 0 (either sign) or null in
// a list is no example; the mean of an empty class may be NaN, null or 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "formats/import_texts.h"

namespace actogram {

struct ImportOptions {
  std::string folder;
  std::string output;        // NAME.acto
  std::string samples = {};  // a data set of sampled activations beside it; empty: as FOLDER has it
  std::string model = {};    // what the model is called, where the data set is of others
  uint64_t n_tokens = 0;     // behind the frequencies of a data set of others; 0: not known
  TextOptions texts = {};
  std::vector<std::string> command = {};
};

struct ImportReport {
  uint64_t n_units = 0;
  uint64_t n_samples = 0;  // sequences
  uint64_t n_bytes = 0;
  bool exact = false;                      // an export of ours
  bool in_order = false;                   // the rows lay in the order of the neurons
  std::vector<std::string> other_columns;  // not read
};

ImportReport import_gluscope(const ImportOptions& options, const ProgressFn& progress);
std::string to_json_text(const ImportReport& report, const std::string& output);

}  // namespace actogram
