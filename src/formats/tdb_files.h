// The documents of a data set of NeuronRecords or of explanations: one of them, or a tree of
// 300,000.
//
//   FOLDER/.../LAYER/INDEX.EXT   one document; EXT is json, jsonl or pt, and .gz behind it or not
//   ANY.jsonl, ANY.jsonl.gz      one document a line
//   FILE                         one document, or of the above; whatever its name, where it is
//   given
//
// What a file is, its first bytes say: gzip, JSON, or what neither is. Of a tree only names are
// read; of lines all, since their units are wanted in order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "formats/tdb_unit.h"

namespace actogram {

struct TdbDocument {
  TdbUnit unit;
  uint32_t file = 0;
  uint64_t begin = 0, end = 0;  // bytes of the file; 0, 0: all of it, perhaps compressed
};

struct TdbFiles {
  std::vector<std::string> paths;
  std::vector<uint32_t> unread;        // those whose names do not tell their units
  std::vector<TdbDocument> documents;  // by unit, then as they were found
  std::string dataset;  // the folder above LAYER/; empty: the files have no such names
  uint64_t n_bytes = 0;
  std::string listing;  // a hash of names and sizes
};

// By names alone. Error{not_found} where there is nothing.
TdbFiles find_tdb_files(const std::vector<std::string>& paths, const ProgressFn& progress);

// The documents of unread files, among the others. `scratch` is a folder for lines that were
// compressed.
void read_tdb_units(TdbFiles& files, const std::string& scratch, const ProgressFn& progress);

// A document's text, in memory that is kept from one to the next, with the padding of
// NeuronRecordReader behind it.
class TdbDocumentReader {
 public:
  std::string_view read(const TdbFiles& files, const TdbDocument& document);

 private:
  std::vector<char> bytes_;
  std::string decompressed_;
};

// "FILE", or "FILE:BYTE" for a line of many.
std::string name_of(const TdbFiles& files, const TdbDocument& document);

}  // namespace actogram
