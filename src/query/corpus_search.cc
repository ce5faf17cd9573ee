#include "query/corpus_search.h"

namespace actogram {
namespace {

// The first row in [0, n) that is not `before`, which holds for all rows up to it.
template <typename Before>
uint64_t first_row(uint64_t n, Before before) {
  uint64_t first = 0;
  while (n > 0) {
    const uint64_t half = n / 2;
    if (before(first + half)) {
      first += half + 1, n -= half + 1;
    } else {
      n = half;
    }
  }
  return first;
}

}  // namespace

uint64_t document_row(const CorpusTables& corpus, uint64_t document) {
  return first_row(corpus.n_documents(),
                   [&](uint64_t row) { return corpus.document(row).document < document; });
}

std::pair<uint64_t, uint64_t> sequences_of(const CorpusTables& corpus, uint64_t document_row) {
  const auto first_of = [&](uint64_t document) {
    return first_row(corpus.n_sequences(),
                     [&](uint64_t row) { return corpus.sequence(row).document_row < document; });
  };
  return {first_of(document_row), first_of(document_row + 1)};
}

}  // namespace actogram
