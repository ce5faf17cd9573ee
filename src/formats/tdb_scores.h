// A score of ours as the Transformer Debugger has it: the pair scorer's is its attention
// simulation. Judgements of whole excerpts (detection) have no place there, so an explanation with
// no other score goes without: null, as there.
#pragma once

#include <span>

#include "formats/tdb_explanations.h"
#include "store/explanation_store.h"

namespace actogram {

// With the latest of the scores that fits, of the explanation itself. Error{corrupt} where what is
// stored of it cannot be read.
TdbExplanation scored_for_tdb(const StoredExplanation& explanation,
                              std::span<const StoredScore> scores);

}  // namespace actogram
