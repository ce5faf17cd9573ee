// A recording of SAE latents as a data set of four tables, laid out as sae_tables_folder.h reads
// them, with a card that Hugging Face `datasets` understands.
//
// Of an imported data set the rows are those that were published, packed as they were. Of our own
// recording a prompt is a document, its id the document's name (its source and number where names
// repeat), every token that was decomposed is a sampled position, and the examples of a feature
// are the eight prompts where it is strongest; the model's vectors were not kept, so that column
// is null, and there are no explanations.
#pragma once

#include "base/progress.h"
#include "formats/export_options.h"
#include "formats/export_report.h"

namespace actogram {

// The folder must not exist; it appears when it is complete. Error{invalid} where the recording has
// no SAE, or several and none is chosen.
ExportReport export_sae_tables(const ExportOptions& options, const ProgressFn& progress);

}  // namespace actogram
