// The documents of one file, whatever its format. How to add a format: a reader in codec/, a row
// in the table of file_documents.cc, and its suffix in corpus.h.
#pragma once

#include <memory>

#include "corpus/document_reader.h"
#include "corpus/inputs.h"

namespace actogram {

// Documents have a name, and a text or messages; source and ordinal are left to the caller.
std::unique_ptr<DocumentReader> open_documents(const CorpusFile& file,
                                               const CorpusOptions& options);

}  // namespace actogram
