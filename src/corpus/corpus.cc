#include "corpus/corpus.h"

#include <utility>

#include "codec/utf8.h"
#include "corpus/file_documents.h"

namespace actogram {

// The documents of one input, file after file.
class Corpus::Input {
 public:
  Input(uint32_t source, CorpusInput input, const CorpusOptions& options)
      : source_(source), files_(std::move(input.files)), options_(options) {
    info_.name = std::move(input.name);
    info_.path = std::move(input.path);
    info_.n_files = files_.size();
  }

  std::optional<Document> next() {
    while (file_ != nullptr || next_file_ < files_.size()) {
      if (file_ == nullptr) file_ = open_documents(files_[next_file_++], options_);
      if (auto document = file_->next()) {
        document->source = source_;
        document->ordinal = info_.n_documents++;
        count(*document);
        return document;
      }
      info_.n_null_rows += file_->n_null_rows();
      file_ = nullptr;
    }
    return std::nullopt;
  }

  SourceInfo info() const {
    SourceInfo info = info_;
    if (file_ != nullptr) info.n_null_rows += file_->n_null_rows();
    return info;
  }

 private:
  void count(const Document& document) {
    info_.bytes += document.text.size();
    info_.n_invalid_bytes += count_invalid_bytes(document.text);
    for (const Message& message : document.messages) {
      info_.bytes += message.content.size();
      info_.n_invalid_bytes += count_invalid_bytes(message.content);
    }
  }

  uint32_t source_;
  std::vector<CorpusFile> files_;
  CorpusOptions options_;
  SourceInfo info_;
  size_t next_file_ = 0;
  std::unique_ptr<DocumentReader> file_;  // the one being read
};

Corpus::Corpus(const CorpusOptions& options) {
  for (CorpusInput& input : list_inputs(options)) {
    const auto source = static_cast<uint32_t>(inputs_.size());
    inputs_.push_back(std::make_unique<Input>(source, std::move(input), options));
    turns_.push_back(inputs_.back().get());
  }
}

Corpus::~Corpus() = default;

std::optional<Document> Corpus::next() {
  while (!turns_.empty()) {
    if (turn_ == turns_.size()) turn_ = 0;
    if (auto document = turns_[turn_]->next()) {
      ++turn_;
      return document;
    }
    turns_.erase(turns_.begin() + static_cast<ptrdiff_t>(turn_));
  }
  return std::nullopt;
}

uint64_t Corpus::n_null_rows() const {
  uint64_t n_null = 0;
  for (const auto& input : inputs_) n_null += input->info().n_null_rows;
  return n_null;
}

std::vector<SourceInfo> Corpus::sources() const {
  std::vector<SourceInfo> sources;
  for (const auto& input : inputs_) sources.push_back(input->info());
  return sources;
}

std::unique_ptr<Corpus> open_corpus(const CorpusOptions& options) {
  return std::make_unique<Corpus>(options);
}

}  // namespace actogram
