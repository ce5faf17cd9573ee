// A data set of NeuronRecords (codec/neuron_record.h) as a recording of moments and excerpts.
//
// Each distinct excerpt becomes a document of one sequence, whose text is its token strings one
// after another; token ids and documents are not known. Files are read by all threads and kept in
// the order of units; memory is a file a thread and 24 to 48 bytes for each distinct excerpt. What
// is done is safe every some thousand units, and the same command goes on from there.
#pragma once

#include "base/progress.h"
#include "formats/import_options.h"

namespace actogram {

ImportReport import_tdb(const ImportOptions& options, const ProgressFn& progress);

}  // namespace actogram
