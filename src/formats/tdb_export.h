// A recording as the Transformer Debugger's collated activations: FOLDER/DATASET/LAYER/INDEX.json
// for each unit (tdb_datasets.h, tdb_folder()), and explanations beside them where there are any.
//
// A record of ours has what the format has: moments, the highest excerpts, random ones, and those
// of five buckets with their boundaries. Tokens are strings there: a token's bytes that are no
// UTF-8 are U+FFFD, as in the published files, so a character that several tokens share is lost; a
// token that covers no bytes (BOS) is the empty string. An excerpt with a value that is not finite
// is left out. A record that was imported goes out as it came in.
#pragma once

#include "base/progress.h"
#include "formats/export_options.h"
#include "formats/export_report.h"

namespace actogram {

ExportReport export_tdb(const ExportOptions& options, const ProgressFn& progress);

}  // namespace actogram
