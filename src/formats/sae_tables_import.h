// A data set of SAE activations as four tables (sae_tables_folder.h) as a recording of events.
//
// Each layer becomes a site, `blocks.LAYER.hook_resid_post/sae:NAME`, each prompt a document of one
// sequence. What the tables say beyond events is kept beside them as it was published
// (docs/format.md), so that the export of the recording has the same rows.
//
// Which tokens were decomposed is said by no column. Those are certain that were sampled and those
// with events, and the recording knows of no other, unless the caller does.
#pragma once

#include "base/progress.h"
#include "formats/import_options.h"

namespace actogram {

ImportReport import_sae_tables(const ImportOptions& options, const ProgressFn& progress);

}  // namespace actogram
