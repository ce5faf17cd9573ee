// A recording's sign classes as a data set of GLUScope's 50 columns (gluscope_schema.h), and its
// samples as that of sampled activations (gluscope_samples.h); either alone where the other is not
// there.
//
//   FOLDER/README.md                               the card, with the YAML header that hubs read
//   FOLDER/data/train-00000-of-00001.parquet       one row a neuron, layer by layer
//   FOLDER/sampled-activations/train-00000-of-00001.parquet   likewise
//   FOLDER/actogram/places.parquet                 what the 50 columns have no room for: exact
//                                                  counts and sums, the position of every peak, and
//                                                  the columns of weights.arrow where there are
//                                                  such
//   FOLDER/actogram/manifest.json                  the recording's manifest, whose `refactor_glu`
//                                                  says which signs the columns have
#pragma once

#include <string>

#include "actogram/types.h"
#include "base/progress.h"
#include "formats/export_report.h"

namespace actogram {

// `folder` must not exist; it appears when it is complete. Error{invalid} where the recording has
// neither sign classes nor samples, or no weights to tell the signs of refactor_glu from. Row
// indices are the numbers of sequences, which are those of the documents if each document is one
// sequence
// (--long-documents truncate). A list that is shorter than the others is filled up with value 0 and
// index 0, as readers of this format expect.
ExportReport export_gluscope(const std::string& recording, const std::string& folder,
                             GluSigns signs, const ProgressFn& progress);

}  // namespace actogram
