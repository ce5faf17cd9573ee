#include "store/corpus_tables.h"

#include <algorithm>

namespace actogram {
namespace {

TableReader reader_for(const std::string& folder, const TableSpec& table) {
  return {folder + "/" + table.file, table.columns};
}

void finish_table(TableWriter& writer, const TableSpec& table, StoredFiles& files) {
  writer.finish();
  files[table.file] = {writer.n_rows(), writer.n_bytes(), writer.checksum()};
}

template <typename T>
std::span<const T> whole(const std::vector<T>& values) {
  return values;
}

Strings strings(const std::vector<int64_t>& offsets, const std::string& chars) {
  return {{offsets, {chars.data(), chars.size()}}};
}

}  // namespace

TableWriter open_table(const std::string& folder, const TableSpec& table, const TableMarks& from) {
  const std::string path = folder + "/" + table.file;
  const auto mark = from.find(table.file);
  if (mark == from.end()) return {path, table.columns};
  return {path, table.columns, mark->second};
}

CorpusWriter::CorpusWriter(const std::string& folder, const TableMarks& from)
    : documents_(open_table(folder, documents_table(), from)),
      sequences_(open_table(folder, sequences_table(), from)),
      tokens_(open_table(folder, tokens_table(), from)),
      n_documents_(documents_.n_rows()),
      n_sequences_(sequences_.n_rows()),
      n_tokens_(tokens_.n_rows()) {}

void CorpusWriter::add_document(const DocumentRow& document) {
  Documents& rows = document_rows_;
  rows.document.push_back(document.document);
  rows.source.push_back(document.source);
  rows.ordinal.push_back(document.ordinal);
  rows.n_invalid_bytes.push_back(document.n_invalid_bytes);
  rows.names += document.name;
  rows.name_offsets.push_back(static_cast<int64_t>(rows.names.size()));
  rows.texts += document.text;
  rows.text_offsets.push_back(static_cast<int64_t>(rows.texts.size()));
  ++n_documents_;
  if (rows.texts.size() >= kTextPerBatch || rows.document.size() >= kRowsPerBatch)
    flush_documents();
}

void CorpusWriter::add_sequence(uint32_t chunk, uint64_t key, std::span<const Token> tokens) {
  Sequences& rows = sequence_rows_;
  rows.document_row.push_back(n_documents_ - 1);
  rows.chunk.push_back(chunk);
  rows.first_token.push_back(n_tokens_);
  rows.n_tokens.push_back(static_cast<uint32_t>(tokens.size()));
  rows.key.push_back(key);
  ++n_sequences_;
  if (rows.chunk.size() == kRowsPerBatch) flush_sequences();
  for (const Token& token : tokens) {
    token_rows_.id.push_back(token.id);
    token_rows_.begin.push_back(token.begin);
    token_rows_.end.push_back(token.end);
    ++n_tokens_;
    if (token_rows_.id.size() == kRowsPerBatch) flush_tokens();
  }
}

void CorpusWriter::flush_documents() {
  const Documents& rows = document_rows_;
  if (rows.document.empty()) return;
  const ColumnData columns[] = {whole(rows.document),
                                whole(rows.source),
                                whole(rows.ordinal),
                                strings(rows.name_offsets, rows.names),
                                strings(rows.text_offsets, rows.texts),
                                whole(rows.n_invalid_bytes)};
  documents_.write(rows.document.size(), columns);
  document_rows_ = {};
}

void CorpusWriter::flush_sequences() {
  const Sequences& rows = sequence_rows_;
  if (rows.chunk.empty()) return;
  const ColumnData columns[] = {whole(rows.document_row), whole(rows.chunk),
                                whole(rows.first_token), whole(rows.n_tokens), whole(rows.key)};
  sequences_.write(rows.chunk.size(), columns);
  sequence_rows_ = {};
}

void CorpusWriter::flush_tokens() {
  const Tokens& rows = token_rows_;
  if (rows.id.empty()) return;
  const ColumnData columns[] = {whole(rows.id), whole(rows.begin), whole(rows.end)};
  tokens_.write(rows.id.size(), columns);
  token_rows_ = {};
}

void CorpusWriter::mark(TableMarks& marks) {
  flush_documents();
  flush_sequences();
  flush_tokens();
  marks[documents_table().file] = documents_.mark();
  marks[sequences_table().file] = sequences_.mark();
  marks[tokens_table().file] = tokens_.mark();
}

StoredFiles CorpusWriter::finish() {
  flush_documents();
  flush_sequences();
  flush_tokens();
  StoredFiles files;
  finish_table(documents_, documents_table(), files);
  finish_table(sequences_, sequences_table(), files);
  finish_table(tokens_, tokens_table(), files);
  return files;
}

CorpusTables::CorpusTables(const std::string& folder)
    : folder_(folder),
      documents_(reader_for(folder, documents_table())),
      sequences_(reader_for(folder, sequences_table())),
      tokens_(reader_for(folder, tokens_table())) {}

DocumentRow CorpusTables::document(uint64_t row) const {
  if (row >= n_documents()) {
    fail(Code::corrupt, "{}: no document {}; there are {}", folder_, row, n_documents());
  }
  const size_t index = documents_.batch_of(row);
  const TableBatch batch = documents_.batch(index);
  const size_t i = row - documents_.first_row(index);
  return {batch.column<uint64_t>(0)[i], batch.column<uint32_t>(1)[i], batch.column<uint64_t>(2)[i],
          batch.strings(3)[i],          batch.strings(4)[i],          batch.column<uint64_t>(5)[i]};
}

SequenceRow CorpusTables::sequence(uint64_t row) const {
  if (row >= n_sequences()) {
    fail(Code::corrupt, "{}: no sequence {}; there are {}", folder_, row, n_sequences());
  }
  const size_t index = sequences_.batch_of(row);
  const TableBatch batch = sequences_.batch(index);
  const size_t i = row - sequences_.first_row(index);
  return {batch.column<uint64_t>(0)[i], batch.column<uint32_t>(1)[i], batch.column<uint64_t>(2)[i],
          batch.column<uint32_t>(3)[i], batch.column<uint64_t>(4)[i]};
}

void CorpusTables::check_tokens(const SequenceRow& sequence) const {
  const uint64_t end = sequence.first_token + sequence.n_tokens;
  if (end > n_tokens() || end < sequence.first_token) {
    fail(Code::corrupt, "{}: a sequence claims the tokens up to {}; there are {}", folder_, end,
         n_tokens());
  }
}

TokenColumns CorpusTables::tokens(const SequenceRow& sequence, uint32_t begin, size_t n,
                                  TokenRoom& room) const {
  check_tokens(sequence);
  if (begin > sequence.n_tokens || n > sequence.n_tokens - begin) {
    fail(Code::corrupt, "{}: a window ends at position {} of a sequence of {} tokens", folder_,
         uint64_t{begin} + n, sequence.n_tokens);
  }
  if (n == 0) return {};
  const uint64_t row = sequence.first_token + begin;
  const size_t index = tokens_.batch_of(row);
  const TableBatch batch = tokens_.batch(index);
  const uint64_t first = row - tokens_.first_row(index);
  if (n <= batch.n_rows() - first) {
    return {batch.column<int32_t>(0).subspan(first, n), batch.column<uint64_t>(1).subspan(first, n),
            batch.column<uint64_t>(2).subspan(first, n)};
  }
  room = {};
  const std::vector<Token> all = tokens(sequence);
  for (const Token& token : std::span(all).subspan(begin, n)) {
    room.ids.push_back(token.id);
    room.begins.push_back(token.begin);
    room.ends.push_back(token.end);
  }
  return {room.ids, room.begins, room.ends};
}

std::vector<Token> CorpusTables::tokens(const SequenceRow& sequence) const {
  check_tokens(sequence);
  const uint64_t end = sequence.first_token + sequence.n_tokens;
  std::vector<Token> tokens;
  tokens.reserve(sequence.n_tokens);
  for (uint64_t row = sequence.first_token; row < end;) {
    const size_t index = tokens_.batch_of(row);
    const TableBatch batch = tokens_.batch(index);
    const auto ids = batch.column<int32_t>(0);
    const auto begins = batch.column<uint64_t>(1), ends = batch.column<uint64_t>(2);
    const uint64_t first = tokens_.first_row(index);
    for (; row < end && row - first < ids.size(); ++row) {
      tokens.push_back({ids[row - first], begins[row - first], ends[row - first]});
    }
  }
  return tokens;
}

}  // namespace actogram
