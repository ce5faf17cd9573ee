// Where something of the corpus is, by bisection: its rows ascend.
#pragma once

#include <cstdint>
#include <utility>

#include "store/corpus_tables.h"

namespace actogram {

// The row of the first document whose number is at least `document`; n_documents() where none is.
uint64_t document_row(const CorpusTables& corpus, uint64_t document);

// [first, end) of the sequences of a document, by its row.
std::pair<uint64_t, uint64_t> sequences_of(const CorpusTables& corpus, uint64_t document_row);

}  // namespace actogram
