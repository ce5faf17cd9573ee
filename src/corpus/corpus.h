// The corpus: documents of all inputs, in an order that depends on nothing but the inputs.
//
// Inputs take turns, one document each; when one ends the others go on. So a limit on tokens is
// shared between sub-corpora, whatever their sizes. Within an input documents come in the order of
// its files and of the rows in them. A file is opened when its turn comes and closed after it;
// memory is one document and one reader per input.
//
//   suffix                       a file holds
//   .jsonl .ndjson .json         one document a line, codec/jsonl.h
//   .parquet                     one document a row, codec/parquet_text.h
//   .arrow                       one document a row, codec/arrow_text.h
//   any other                    one document, the bytes as they are
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "corpus/document_reader.h"
#include "corpus/inputs.h"

namespace actogram {

// What was read of an input so far; Document::source is the index.
struct SourceInfo {
  std::string name;
  std::string path;
  uint64_t n_files = 0;  // all of its files, read or not
  uint64_t n_documents = 0;
  uint64_t n_null_rows = 0;      // rows without a text, passed over
  uint64_t bytes = 0;            // of text; of a chat, of the turns' contents
  uint64_t n_invalid_bytes = 0;  // of these, bytes that are in no UTF-8 character
};

class Corpus : public DocumentReader {
 public:
  explicit Corpus(const CorpusOptions& options);
  ~Corpus() override;

  std::optional<Document> next() override;
  uint64_t n_null_rows() const override;

  std::vector<SourceInfo> sources() const;  // [input]

 private:
  class Input;
  std::vector<std::unique_ptr<Input>> inputs_;
  std::vector<Input*> turns_;  // the inputs that have not ended
  size_t turn_ = 0;
};

std::unique_ptr<Corpus> open_corpus(const CorpusOptions& options);

}  // namespace actogram
