#include "codec/arrow_text.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/api.h>
#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/file.h"
#include "codec/arrow_status.h"
#include "codec/text_batches.h"

namespace actogram {
namespace {

bool is_file_format(std::span<const std::byte> file) {
  constexpr std::string_view kMagic = "ARROW1";
  return file.size() >= kMagic.size() &&
         std::memcmp(file.data(), kMagic.data(), kMagic.size()) == 0;
}

}  // namespace

struct ArrowTextReader::State {
  State(std::span<const std::byte> file, std::string file_name, const TextColumns& columns);

  bool next_batch();

  std::string name;
  std::optional<MappedFile> mapped;  // where the reader was given a path
  arrow::CappedMemoryPool pool{arrow::default_memory_pool(), kMaxDecodedBytes};
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> blocks;      // of the file format,
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> messages;  // or of the stream format
  std::optional<TextBatches> texts;
  int n_blocks_read = 0;

  std::shared_ptr<arrow::RecordBatch> batch;
  uint64_t n_rows_before = 0;  // rows of all batches before this one
  int64_t row = 0;             // the next one of this batch
  uint64_t n_null = 0;
};

ArrowTextReader::State::State(std::span<const std::byte> file, std::string file_name,
                              const TextColumns& columns)
    : name(std::move(file_name)) {
  const auto source =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::Wrap(file.data(), file.size()));
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = &pool;
  options.use_threads = false;
  if (is_file_format(file)) {
    blocks = ok(arrow::ipc::RecordBatchFileReader::Open(source, options), name);
    texts.emplace(name, *blocks->schema(), columns);
  } else {
    messages = ok(arrow::ipc::RecordBatchStreamReader::Open(source, options), name);
    texts.emplace(name, *messages->schema(), columns);
  }
}

bool ArrowTextReader::State::next_batch() {
  if (batch != nullptr) n_rows_before += static_cast<uint64_t>(batch->num_rows());
  row = 0;
  batch = nullptr;
  const std::string where = fmt::format("{}: after row {}", name, n_rows_before);
  if (messages != nullptr) {
    ok(messages->ReadNext(&batch), where);
  } else if (n_blocks_read < blocks->num_record_batches()) {
    batch = ok(blocks->ReadRecordBatch(n_blocks_read++), where);
  }
  if (batch == nullptr) return false;
  ok(batch->ValidateFull(), where);
  return true;
}

ArrowTextReader::ArrowTextReader(const std::string& path, TextColumns columns) {
  MappedFile mapped(path);
  const auto bytes = mapped.bytes();
  state_ = std::make_unique<State>(bytes, path, columns);
  state_->mapped = std::move(mapped);
}

ArrowTextReader::ArrowTextReader(std::span<const std::byte> file, std::string name,
                                 TextColumns columns)
    : state_(std::make_unique<State>(file, std::move(name), columns)) {}

ArrowTextReader::~ArrowTextReader() = default;

std::optional<TextRow> ArrowTextReader::next() {
  State& s = *state_;
  for (;;) {
    while (s.batch != nullptr && s.row < s.batch->num_rows()) {
      TextRow out;
      out.number = s.n_rows_before + static_cast<uint64_t>(s.row) + 1;
      if (s.texts->decode(*s.batch, s.row++, out)) return out;
      ++s.n_null;
    }
    if (!s.next_batch()) return std::nullopt;
  }
}

uint64_t ArrowTextReader::n_null() const { return state_->n_null; }

}  // namespace actogram
