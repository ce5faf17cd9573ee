#include "formats/sae_documents.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "codec/utf8.h"
#include "store/table_cursor.h"

namespace actogram {
namespace {

enum DocumentColumn : size_t { kDocument, kSource, kOrdinal, kName, kText };
enum SequenceColumn : size_t { kDocumentRow, kChunk, kFirstToken, kNTokens };

std::string utf8(std::string_view text) {
  return is_utf8(text) ? std::string(text) : printable(text);
}

}  // namespace

SaeDocuments::SaeDocuments(const std::string& folder, const Manifest& manifest)
    : documents_(folder + "/" + documents_table().file, documents_table().columns) {
  for (size_t i = 0; i < documents_.n_batches(); ++i) batches_.push_back(documents_.batch(i));
  for (const Json& source : manifest.corpus.at("sources")) {
    sources_.push_back(source.value("name", ""));
  }
  first_token_.resize(documents_.n_rows() + 1);
  TableCursor sequences(folder, sequences_table());
  for (uint64_t row = 0; row < sequences.n_rows(); ++row) {
    const size_t i = sequences.go_to(row);
    const uint64_t document = sequences.batch().column<uint64_t>(kDocumentRow)[i];
    if (document >= documents_.n_rows()) {
      fail(Code::corrupt, "{}: row {}: document {} of {}", sequences_table().file, row, document,
           documents_.n_rows());
    }
    first_token_[document + 1] += sequences.batch().column<uint32_t>(kNTokens)[i];
  }
  for (size_t i = 1; i < first_token_.size(); ++i) first_token_[i] += first_token_[i - 1];
  names_are_ids_ = !names_repeat();
}

bool SaeDocuments::names_repeat() const {
  std::vector<uint64_t> hashes;
  for (const TableBatch& batch : batches_) {
    for (size_t i = 0; i < batch.n_rows(); ++i) {
      hashes.push_back(mix64(fnv1a64(batch.strings(kName)[i])));
    }
  }
  std::ranges::sort(hashes);
  return std::ranges::adjacent_find(hashes) != hashes.end();
}

SaeDocuments::At SaeDocuments::at(size_t document) const {
  const size_t index = documents_.batch_of(document);
  return {batches_[index], document - documents_.first_row(index)};
}

std::string SaeDocuments::id(size_t document) const {
  const auto [batch, i] = at(document);
  if (names_are_ids_) return utf8(batch.strings(kName)[i]);
  const uint32_t source = batch.column<uint32_t>(kSource)[i];
  return fmt::format("{}:{}", source < sources_.size() ? sources_[source] : "",
                     batch.column<uint64_t>(kOrdinal)[i]);
}

std::string SaeDocuments::text(size_t document) const {
  const auto [batch, i] = at(document);
  return utf8(batch.strings(kText)[i]);
}

size_t SaeDocuments::document_of(uint64_t token) const {
  const auto after = std::ranges::upper_bound(first_token_, token);
  return static_cast<size_t>(after - first_token_.begin()) - 1;
}

}  // namespace actogram
