#include "record/training_split.h"

#include <algorithm>

#include "actogram/error.h"
#include "base/hash.h"

namespace actogram {
namespace {

constexpr uint64_t kLeastDocuments = 64;
constexpr uint64_t kLimit = UINT64_MAX / 16;  // hashes up to this one are held out

std::vector<uint64_t> hashes_of(const CorpusTables& corpus, bool by_document) {
  std::vector<uint64_t> of_document;
  for (uint64_t row = 0; by_document && row < corpus.n_documents(); ++row) {
    of_document.push_back(mix64(fnv1a64(corpus.document(row).text)));
  }
  std::vector<uint64_t> hashes;
  for (uint64_t s = 0; s < corpus.n_sequences(); ++s) {
    const SequenceRow sequence = corpus.sequence(s);
    hashes.push_back(by_document ? of_document[sequence.document_row] : mix64(sequence.key));
  }
  return hashes;
}

}  // namespace

TrainingSplit split_corpus(const CorpusTables& corpus) {
  if (corpus.n_sequences() < 2) {
    fail(Code::invalid, "the corpus has one sequence, and one must be held out to measure on");
  }
  TrainingSplit split{.by_document = corpus.n_documents() >= kLeastDocuments};
  const std::vector<uint64_t> hashes = hashes_of(corpus, split.by_document);
  // In a small corpus chance may leave a side empty.
  const auto [lowest, highest] = std::ranges::minmax(hashes);
  const uint64_t limit = lowest == highest ? 0 : std::min(std::max(lowest, kLimit), highest - 1);
  uint64_t n_held_out_tokens = 0;
  for (uint32_t s = 0; s < hashes.size(); ++s) {
    if (hashes[s] > limit) {
      split.training.push_back(s);
      continue;
    }
    n_held_out_tokens += corpus.sequence(s).n_tokens;
    if (n_held_out_tokens <= kMaxHeldOutTokens || split.held_out.empty()) {
      split.held_out.push_back(s);
    }
  }
  if (split.held_out.empty()) {
    fail(Code::invalid, "all documents of the corpus are the same; none can be held out");
  }
  return split;
}

}  // namespace actogram
