#include "codec/arrow_table.h"

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>

#include "codec/arrow_columns.h"
#include "codec/arrow_status.h"

namespace actogram {
namespace {

arrow::ipc::IpcWriteOptions write_options() {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.use_threads = false;
  return options;
}

}  // namespace

struct TableWriter::State {
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<FileSink> sink;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer;
  uint64_t n_rows = 0;
};

TableWriter::TableWriter(const std::string& path, const std::vector<ColumnSpec>& columns)
    : state_(std::make_unique<State>()) {
  state_->schema = arrow_schema(columns);
  state_->sink = std::make_shared<FileSink>(path);
  state_->writer =
      ok(arrow::ipc::MakeFileWriter(state_->sink.get(), state_->schema, write_options()), path);
}

namespace {

// The batches of an unfinished table. Behind its magic number such a file is a stream.
void copy_batches(const MappedFile& from, const TableMark& mark, const std::string& path,
                  const std::function<void(const arrow::RecordBatch&)>& add) {
  constexpr size_t kMagicBytes = 8;
  Checksum checksum;
  if (from.bytes().size() >= mark.n_bytes) checksum.update(from.bytes().first(mark.n_bytes));
  if (checksum.hex() != mark.checksum) {
    fail(Code::corrupt,
         "{}: is not what was written there; remove its folder, and begin from the start", path);
  }
  if (mark.n_bytes <= kMagicBytes) return;  // the schema comes with the first batch
  const auto stream = from.bytes().subspan(kMagicBytes, mark.n_bytes - kMagicBytes);
  arrow::io::BufferReader bytes(std::make_shared<arrow::Buffer>(
      reinterpret_cast<const uint8_t*>(stream.data()), static_cast<int64_t>(stream.size())));
  const auto reader = ok(arrow::ipc::RecordBatchStreamReader::Open(&bytes), path);
  while (const auto batch = ok(reader->Next(), path)) add(*batch);
}

}  // namespace

// What was there stays until the new file has it all, so this too may be stopped.
TableWriter::TableWriter(const std::string& path, const std::vector<ColumnSpec>& columns,
                         const TableMark& from) {
  const std::string before = path + ".before";
  if (!std::filesystem::exists(before)) rename_durably(path, before);
  *this = TableWriter(path, columns);
  copy_batches(MappedFile(before), from, path, [&](const arrow::RecordBatch& batch) {
    ok(state_->writer->WriteRecordBatch(batch), path);
    state_->n_rows += static_cast<uint64_t>(batch.num_rows());
  });
  mark();
  std::filesystem::remove(before);
}

TableWriter::~TableWriter() = default;
TableWriter::TableWriter(TableWriter&&) noexcept = default;
TableWriter& TableWriter::operator=(TableWriter&&) noexcept = default;

void TableWriter::write(size_t n_rows, std::span<const ColumnData> columns) {
  const auto batch = arrow_batch(state_->schema, n_rows, columns);
  ok(state_->writer->WriteRecordBatch(*batch), state_->sink->writer().path());
  state_->n_rows += n_rows;
}

TableMark TableWriter::mark() {
  FileWriter& file = state_->sink->writer();
  file.sync();
  return {file.n_bytes(), file.checksum()};
}

void TableWriter::finish() {
  ok(state_->writer->Close(), state_->sink->writer().path());
  state_->sink->writer().finish();
}

uint64_t TableWriter::n_rows() const { return state_->n_rows; }
uint64_t TableWriter::n_bytes() const { return state_->sink->writer().n_bytes(); }
std::string TableWriter::checksum() const { return state_->sink->writer().checksum(); }

struct TableBatch::State {
  explicit State(std::shared_ptr<arrow::RecordBatch> of)
      : batch(std::move(of)), n_rows(static_cast<size_t>(batch->num_rows())) {
    for (int i = 0; i < batch->num_columns(); ++i) columns.push_back(batch->column_data(i).get());
  }

  std::shared_ptr<arrow::RecordBatch> batch;
  size_t n_rows;
  std::vector<const arrow::ArrayData*> columns;  // the batch's, found once

  const arrow::ArrayData& data(size_t index) const { return *columns[index]; }
  // Of no rows a file may leave the offsets out altogether.
  std::span<const int64_t> offsets(const arrow::ArrayData& array) const {
    static constexpr int64_t kNone[] = {0};
    if (n_rows == 0) return kNone;
    return values<int64_t>(array, 1, n_rows + 1);
  }
  template <typename T>
  std::span<const T> values(const arrow::ArrayData& array, size_t buffer, size_t n) const {
    return {array.GetValues<T>(static_cast<int>(buffer)), n};
  }
};

size_t TableBatch::n_rows() const { return state_->n_rows; }

template <typename T>
std::span<const T> TableBatch::column(size_t index) const {
  return state_->values<T>(state_->data(index), 1, state_->n_rows);
}

template std::span<const uint8_t> TableBatch::column(size_t) const;
template std::span<const uint16_t> TableBatch::column(size_t) const;
template std::span<const uint32_t> TableBatch::column(size_t) const;
template std::span<const int32_t> TableBatch::column(size_t) const;
template std::span<const int64_t> TableBatch::column(size_t) const;
template std::span<const uint64_t> TableBatch::column(size_t) const;
template std::span<const float> TableBatch::column(size_t) const;
template std::span<const double> TableBatch::column(size_t) const;

Strings TableBatch::strings(size_t index) const {
  const arrow::ArrayData& array = state_->data(index);
  const auto offsets = state_->offsets(array);
  return {{offsets, state_->values<char>(array, 2, static_cast<size_t>(offsets.back()))}};
}

std::span<const std::byte> TableBatch::fixed_bytes(size_t index) const {
  const arrow::ArrayData& array = state_->data(index);
  const auto& type = static_cast<const arrow::FixedSizeBinaryType&>(*array.type);
  return state_->values<std::byte>(array, 1,
                                   state_->n_rows * static_cast<size_t>(type.byte_width()));
}

template <typename T>
Lists<T> TableBatch::lists(size_t index) const {
  const arrow::ArrayData& array = state_->data(index);
  const auto offsets = state_->offsets(array);
  return {offsets, state_->values<T>(*array.child_data[0], 1,
                                     static_cast<size_t>(array.child_data[0]->length))};
}

template Lists<uint16_t> TableBatch::lists(size_t) const;
template Lists<uint32_t> TableBatch::lists(size_t) const;
template Lists<uint64_t> TableBatch::lists(size_t) const;
template Lists<float> TableBatch::lists(size_t) const;
template Lists<double> TableBatch::lists(size_t) const;

struct TableReader::State {
  std::string path;
  std::shared_ptr<arrow::io::MemoryMappedFile> file;
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader;
  std::mutex mutex;                                               // guards `batches`
  std::vector<std::unique_ptr<const TableBatch::State>> batches;  // that were asked for
  // [batch] null: not yet asked for
  std::unique_ptr<std::atomic<const TableBatch::State*>[]> known;
};

TableReader::TableReader(const std::string& path, const std::vector<ColumnSpec>& columns)
    : state_(std::make_unique<State>()) {
  MappedFile exists(path);  // says "not found" in our words
  state_->path = path;
  state_->file = ok(arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ), path);
  state_->reader = ok(arrow::ipc::RecordBatchFileReader::Open(state_->file), path);
  const auto expected = arrow_schema(columns);
  if (!state_->reader->schema()->Equals(*expected)) {
    fail(Code::corrupt, "{}: expected the columns {}, found {}", path, expected->ToString(),
         state_->reader->schema()->ToString());
  }
  first_row_.push_back(0);
  for (int i = 0; i < state_->reader->num_record_batches(); ++i) {
    const auto batch = ok(state_->reader->ReadRecordBatch(i), path);
    first_row_.push_back(first_row_.back() + static_cast<uint64_t>(batch->num_rows()));
  }
  state_->known = std::make_unique<std::atomic<const TableBatch::State*>[]>(n_batches());
}

TableReader::~TableReader() = default;
TableReader::TableReader(TableReader&&) noexcept = default;

size_t TableReader::batch_of(uint64_t row) const {
  if (row >= n_rows()) {
    fail(Code::corrupt, "{}: has {} rows, and row {} is wanted", state_->path, n_rows(), row);
  }
  const auto after = std::ranges::upper_bound(first_row_, row);
  return static_cast<size_t>(after - first_row_.begin()) - 1;
}

TableBatch TableReader::batch(size_t index) const {
  if (index >= n_batches()) {
    fail(Code::corrupt, "{}: has {} record batches, and number {} is wanted", state_->path,
         n_batches(), index);
  }
  TableBatch batch;
  batch.state_ = state_->known[index].load(std::memory_order_acquire);
  if (batch.state_ != nullptr) return batch;
  auto read = ok(state_->reader->ReadRecordBatch(static_cast<int>(index)), state_->path);
  ok(read->ValidateFull(), state_->path);
  auto state = std::make_unique<TableBatch::State>(std::move(read));
  batch.state_ = state.get();
  const std::lock_guard lock(state_->mutex);
  state_->batches.push_back(std::move(state));
  state_->known[index].store(batch.state_, std::memory_order_release);
  return batch;
}

}  // namespace actogram
