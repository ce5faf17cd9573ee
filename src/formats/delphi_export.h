// A recording of SAE latents as Delphi's latent caches (delphi_folder.h), for its own loader.
//
// A hookpoint is what an imported cache called it; otherwise the module whose output the SAE reads,
// and where there is none, the site's hook. A row of `tokens` is a sequence; those that are shorter
// than the longest are filled up with a token of the vocabulary, which is told. Values are exact:
// float16, as Delphi writes them, where all of a hookpoint's are float16 numbers, else float32.
#pragma once

#include "base/progress.h"
#include "formats/export_options.h"
#include "formats/export_report.h"

namespace actogram {

// The folder must not exist; it appears when it is complete. Error{invalid} where the recording has
// no latents, or no ids of its tokens.
ExportReport export_delphi(const ExportOptions& options, const ProgressFn& progress);

}  // namespace actogram
