#include "corpus/file_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <istream>
#include <utility>

#include "actogram/error.h"
#include "codec/arrow_text.h"
#include "codec/jsonl.h"
#include "codec/lines.h"
#include "codec/parquet_text.h"

namespace actogram {
namespace {

TextColumns columns_of(const CorpusOptions& options) {
  TextColumns columns{.id = options.id_column};
  if (!options.column.empty()) columns.text = {options.column};
  return columns;
}

// A file whose bytes are one document. Read as a stream, because it may be a pipe.
class WholeFile : public DocumentReader {
 public:
  explicit WholeFile(CorpusFile file) : file_(std::move(file)), stream_(open_stream(file_.path)) {}

  std::optional<Document> next() override {
    if (stream_ == nullptr) return std::nullopt;
    Document document{.name = file_.name, .text = {}, .messages = {}};
    document.text.reserve(file_.bytes);
    std::string chunk(1 << 18, '\0');
    while (stream_->read(chunk.data(), static_cast<std::streamsize>(chunk.size())),
           stream_->gcount() > 0) {
      document.text.append(chunk, 0, static_cast<size_t>(stream_->gcount()));
    }
    if (stream_->bad()) fail(Code::environment, "{}: cannot be read", file_.path);
    stream_.reset();
    return document;
  }

 private:
  CorpusFile file_;
  std::unique_ptr<std::istream> stream_;  // empty once read
};

class Rows : public DocumentReader {
 public:
  Rows(std::unique_ptr<TextRows> rows, std::string name)
      : rows_(std::move(rows)), name_(std::move(name)) {}

  std::optional<Document> next() override {
    auto row = rows_->next();
    if (!row) return std::nullopt;
    Document document;
    document.name = row->id.empty() ? fmt::format("{}:{}", name_, row->number) : row->id;
    document.text = std::move(row->text);
    document.ids = std::move(row->ids);
    for (ChatTurn& turn : row->turns) {
      document.messages.push_back({std::move(turn.role), std::move(turn.content)});
    }
    return document;
  }

  uint64_t n_null_rows() const override { return rows_->n_null(); }

 private:
  std::unique_ptr<TextRows> rows_;
  std::string name_;
};

using Opener = std::unique_ptr<DocumentReader> (*)(const CorpusFile&, const CorpusOptions&);

std::unique_ptr<DocumentReader> open_text(const CorpusFile& file, const CorpusOptions&) {
  return std::make_unique<WholeFile>(file);
}

std::unique_ptr<DocumentReader> open_jsonl(const CorpusFile& file, const CorpusOptions& options) {
  auto rows = std::make_unique<JsonlReader>(open_stream(file.path), file.path, columns_of(options));
  return std::make_unique<Rows>(std::move(rows), file.name);
}

std::unique_ptr<DocumentReader> open_parquet(const CorpusFile& file, const CorpusOptions& options) {
  auto rows = std::make_unique<ParquetTextReader>(file.path, columns_of(options));
  return std::make_unique<Rows>(std::move(rows), file.name);
}

std::unique_ptr<DocumentReader> open_arrow(const CorpusFile& file, const CorpusOptions& options) {
  auto rows = std::make_unique<ArrowTextReader>(file.path, columns_of(options));
  return std::make_unique<Rows>(std::move(rows), file.name);
}

struct Format {
  const char* suffix;
  Opener open;
};

constexpr Format kFormats[] = {
    {".jsonl", open_jsonl},     {".ndjson", open_jsonl}, {".json", open_jsonl},
    {".parquet", open_parquet}, {".arrow", open_arrow},
};

}  // namespace

std::unique_ptr<DocumentReader> open_documents(const CorpusFile& file,
                                               const CorpusOptions& options) {
  if (file.path == "-") {
    const bool lines = options.stdin_format == CorpusOptions::StdinFormat::jsonl;
    return lines ? open_jsonl(file, options) : open_text(file, options);
  }
  std::string suffix = std::filesystem::path(file.path).extension().string();
  std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto* format = std::ranges::find(kFormats, suffix, &Format::suffix);
  return format == std::end(kFormats) ? open_text(file, options) : format->open(file, options);
}

}  // namespace actogram
