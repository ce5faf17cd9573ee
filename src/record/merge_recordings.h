// Recordings of parts of a corpus, or of different corpora, made one.
//
// Shards of one corpus merge to the bytes of a run over the whole: documents are put back in their
// order, sequences renumbered, and everything that collators keep is order-free. Different corpora
// are put one after the other. Units are read and written one by one; memory is the renumbering.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"

namespace actogram {

struct MergeOptions {
  std::vector<std::string> inputs;  // NAME.acto
  std::string output;
  std::vector<std::string> command = {};
};

// Error{invalid} if the inputs do not fit: another model, other sites or options, or a document
// that is in two of them.
void merge_recordings(const MergeOptions& options, const ProgressFn& progress);

}  // namespace actogram
