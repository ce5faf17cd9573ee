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

#include "base/progress.h"
#include "formats/import_options.h"

namespace actogram {

ImportReport import_gluscope(const ImportOptions& options, const ProgressFn& progress);

}  // namespace actogram
