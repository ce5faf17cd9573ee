#include "record/work_corpus.h"

#include <filesystem>

#include "store/layout.h"

namespace actogram {
namespace {

constexpr const char* kCorpusFile = "corpus.json";

void make_corpus(const WorkFolder& folder, const CorpusPassOptions& options,
                 const Tokenizer& tokenizer, const ProgressFn& progress) {
  CorpusPassResult result = read_corpus(options, tokenizer, folder.path(), progress);
  result.summary["files"] = to_json(result.files);
  write_file_atomically(folder.file(kCorpusFile), to_pretty_text(result.summary));
}

}  // namespace

Json ensure_corpus(const WorkFolder& folder, const CorpusPassOptions& options,
                   const Tokenizer& tokenizer, const ProgressFn& progress) {
  const std::string done = folder.file(kCorpusFile);
  if (!std::filesystem::exists(done)) {
    try {
      make_corpus(folder, options, tokenizer, progress);
    } catch (...) {
      folder.discard();
      throw;
    }
  }
  return parse_json(read_file(done), done);
}

}  // namespace actogram
