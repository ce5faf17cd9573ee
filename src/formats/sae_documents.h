// The documents of a recording as the prompts of a data set: what they are called, their texts, and
// which tokens are theirs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/corpus_tables.h"
#include "store/manifest.h"

namespace actogram {

class SaeDocuments {
 public:
  // Opens every batch of the texts once, so that documents can be asked for in any order.
  SaeDocuments(const std::string& folder, const Manifest& manifest);

  size_t size() const { return first_token_.size() - 1; }
  // Unique: the name, or where names repeat SOURCE:ORDINAL.
  std::string id(size_t document) const;
  std::string text(size_t document) const;  // an invalid byte is \xNN: tables hold UTF-8

  uint64_t first_token(size_t document) const { return first_token_[document]; }
  uint64_t end_token(size_t document) const { return first_token_[document + 1]; }
  size_t document_of(uint64_t token) const;  // Requires: token is one of the recording's.

 private:
  struct At {
    const TableBatch& batch;
    size_t i;
  };
  At at(size_t document) const;
  bool names_repeat() const;

  TableReader documents_;
  std::vector<TableBatch> batches_;
  std::vector<std::string> sources_;
  std::vector<uint64_t> first_token_{0};  // [document + 1]
  bool names_are_ids_ = true;
};

}  // namespace actogram
