// What the person named as corpus, as a list of files. Nothing is read here.
//
//   input := [NAME '='] PATH        PATH: a file, a folder, or - for standard input
//
// A folder stands for the files in it and below, sorted by their bytes; what starts with a dot is
// left out; of a data set that Hugging Face `datasets` saved, so is what is not data. The name, of
// a sub-corpus in pages and queries, is the last part of the path where none is given. An existing
// path that has an = in it is a path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace actogram {

struct CorpusOptions {
  std::vector<std::string> inputs = {};  // at least one; each name once, standard input once

  // Column of JSON lines, Parquet and Arrow files: strings, chats as lists of {role, content}, or
  // lists of token ids. Empty: `text`, where there is none `messages`, then `input_ids`.
  std::string column = {};

  // Column that names the documents; empty: "FILE:LINE".
  std::string id_column = {};

  enum class StdinFormat { text, jsonl };
  StdinFormat stdin_format = StdinFormat::text;
};

struct CorpusFile {
  std::string path;
  std::string name;  // below the input's folder, or the file's own
  uint64_t bytes = 0;
  int64_t modified_ns = 0;  // since 1970; 0 for what is not a regular file
};

struct CorpusInput {
  std::string name;
  std::string path;
  std::vector<CorpusFile> files;
};

// Error{not_found} for a path that does not exist and for a folder without files, Error{invalid}
// for no input, a name given twice, or standard input twice.
std::vector<CorpusInput> list_inputs(const CorpusOptions& options);

// Changes when a name, size or modification time of a file changes, or an option that decides what
// is read. A corpus that moved to another folder is still the same. Of standard input nothing is
// known beforehand: any two are alike.
std::string corpus_fingerprint(const CorpusOptions& options);

}  // namespace actogram
