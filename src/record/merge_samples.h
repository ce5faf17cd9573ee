// The samples of a merged recording: of the first sequences of all inputs together. Each input has
// those of its own first sequences, so what is needed is there, and it is what a run over the whole
// would have kept.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/progress.h"
#include "store/recording.h"

namespace actogram {

// The number in the merged recording of an input's sequence.
using NewSequence = std::function<uint32_t(size_t input, uint32_t sequence)>;

// Writes samples.arrow and sample_places.arrow into `folder`; nothing where the inputs have none.
// Units are read and written one by one.
StoredFiles merge_samples(std::span<const std::unique_ptr<Recording>> inputs,
                          const NewSequence& new_sequence, const std::string& folder,
                          const ProgressFn& progress);

}  // namespace actogram
