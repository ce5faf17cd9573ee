// Delphi's latent caches (delphi_folder.h) as a recording of events.
//
// Each hookpoint becomes a site, `layers.2.mlp` blocks.2.hook_mlp_out/sae:NAME-mlp, each row of
// `tokens` a document of one sequence. All tokens were decomposed, so a latent without an event is
// 0 there. A cache tells neither the documents nor what a token's id stands for; the latter a
// tokenizer may. Memory is that of the event writer and of one file's pages.
#pragma once

#include "base/progress.h"
#include "formats/import_options.h"

namespace actogram {

ImportReport import_delphi(const ImportOptions& options, const ProgressFn& progress);

}  // namespace actogram
