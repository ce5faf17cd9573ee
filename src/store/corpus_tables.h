// The corpus as a recording keeps it: documents with their exact bytes, the sequences cut from
// them, and every token with the bytes it covers. Written once, front to back, before the model
// runs; read in place afterwards. Memory does not grow with the corpus.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "codec/arrow_table.h"
#include "store/layout.h"

namespace actogram {

struct StoredFile {
  uint64_t n_rows = 0;
  uint64_t n_bytes = 0;
  std::string checksum;
};
using StoredFiles = std::map<std::string, StoredFile>;  // by file name

// How much of each table is safely written, by file name: where another process goes on.
using TableMarks = std::map<std::string, TableMark>;
// A new table, or the one that an earlier process left, where `from` has it.
TableWriter open_table(const std::string& folder, const TableSpec& table, const TableMarks& from);

// A row of documents.arrow.
struct DocumentRow {
  uint64_t document = 0;
  uint32_t source = 0;
  uint64_t ordinal = 0;
  std::string_view name;
  std::string_view text;
  uint64_t n_invalid_bytes = 0;
};

// A row of sequences.arrow.
struct SequenceRow {
  uint64_t document_row = 0;
  uint32_t chunk = 0;
  uint64_t first_token = 0;
  uint32_t n_tokens = 0;
  uint64_t key = 0;
};

class CorpusWriter {
 public:
  explicit CorpusWriter(const std::string& folder, const TableMarks& from = {});

  void add_document(const DocumentRow& document);
  // Belongs to the document added last; its tokens' offsets are bytes of that text.
  void add_sequence(uint32_t chunk, uint64_t key, std::span<const Token> tokens);
  void mark(TableMarks& marks);  // ends the record batches
  StoredFiles finish();

  uint64_t n_documents() const { return n_documents_; }
  uint64_t n_sequences() const { return n_sequences_; }
  uint64_t n_tokens() const { return n_tokens_; }

 private:
  void flush_documents();
  void flush_sequences();
  void flush_tokens();

  TableWriter documents_;
  TableWriter sequences_;
  TableWriter tokens_;
  uint64_t n_documents_ = 0, n_sequences_ = 0, n_tokens_ = 0;

  // The rows of the batches being filled.
  struct Documents {
    std::vector<uint64_t> document, ordinal, n_invalid_bytes;
    std::vector<uint32_t> source;
    std::vector<int64_t> name_offsets{0}, text_offsets{0};
    std::string names, texts;
  } document_rows_;
  struct Sequences {
    std::vector<uint64_t> document_row, first_token, key;
    std::vector<uint32_t> chunk, n_tokens;
  } sequence_rows_;
  struct Tokens {
    std::vector<int32_t> id;
    std::vector<uint64_t> begin, end;
  } token_rows_;
};

// Some tokens that follow each other.
struct TokenColumns {
  std::span<const int32_t> ids;
  std::span<const uint64_t> begins, ends;  // bytes of the document

  size_t size() const { return ids.size(); }
  std::vector<Token> rows() const {
    std::vector<Token> rows;
    for (size_t i = 0; i < size(); ++i) rows.push_back({ids[i], begins[i], ends[i]});
    return rows;
  }
};
// For those that lie in two record batches.
struct TokenRoom {
  std::vector<int32_t> ids;
  std::vector<uint64_t> begins, ends;
};

class CorpusTables {
 public:
  explicit CorpusTables(const std::string& folder);

  uint64_t n_documents() const { return documents_.n_rows(); }
  uint64_t n_sequences() const { return sequences_.n_rows(); }
  uint64_t n_tokens() const { return tokens_.n_rows(); }

  // Views into the returned batch's mapping are valid as long as this object.
  DocumentRow document(uint64_t row) const;
  SequenceRow sequence(uint64_t row) const;
  std::vector<Token> tokens(const SequenceRow& sequence) const;
  // Of the positions [begin, begin + n): views of the mapping, or of `room` in the rare case that
  // they lie in two batches. Error{corrupt} where the sequence has fewer.
  TokenColumns tokens(const SequenceRow& sequence, uint32_t begin, size_t n, TokenRoom& room) const;

  template <typename Visitor>  // visit(const TableReader&)
  void for_each_table(Visitor visit) const {
    visit(documents_), visit(sequences_), visit(tokens_);
  }

 private:
  void check_tokens(const SequenceRow& sequence) const;

  std::string folder_;
  TableReader documents_;
  TableReader sequences_;
  TableReader tokens_;
};

}  // namespace actogram
