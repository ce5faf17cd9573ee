// The corpus pass (corpus_pass.h) inside a work folder: made once, found again after a stop.
#pragma once

#include "record/corpus_pass.h"
#include "store/work_folder.h"

namespace actogram {

// The corpus tables, made now or found complete, and their summary with its `files`. A corpus that
// cannot be read leaves no folder, so that the command can be put right and run again.
Json ensure_corpus(const WorkFolder& folder, const CorpusPassOptions& options,
                   const Tokenizer& tokenizer, const ProgressFn& progress);

}  // namespace actogram
