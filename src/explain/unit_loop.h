// The loop over units that explaining and scoring share.
#pragma once

#include <functional>

#include "explain/journal.h"
#include "explain/run.h"

namespace actogram {

// Calls `body` for each unit, several at once. What it throws is the unit's failure of `task`, kept
// in the store; the run goes on. Error{...} of the store itself ends it.
RunReport for_each_unit(const RunOptions& options, const std::string& task, Journal& journal,
                        ExplanationStore& store, const ProgressFn& progress,
                        const std::function<void(const UnitAddress&)>& body);

}  // namespace actogram
