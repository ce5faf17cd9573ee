// One of the four tables of SAE activations while it is written: Parquet files of bounded size,
// each a few row groups, named as the published data set names them. A table without rows is one
// file, so that its columns are known.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/parquet_table.h"
#include "store/list_column.h"

namespace actogram {

class SaeShards {
 public:
  // In what the shards are counted: worker_0_batch_7.parquet, or worker_7.parquet.
  enum class Counted : uint8_t { batches, workers };

  SaeShards(std::string folder, std::vector<ColumnSpec> columns, Counted counted);

  // One row group; `n_bytes` is about what it holds.
  void write(size_t n_rows, size_t n_bytes, std::span<const ColumnData> columns);
  void finish();

  uint64_t n_rows() const { return n_rows_; }
  uint64_t n_bytes() const { return n_bytes_; }  // of the files; after finish()

 private:
  void open();
  void close();

  std::string folder_;
  std::vector<ColumnSpec> columns_;
  Counted counted_;
  std::unique_ptr<ParquetTableWriter> file_;
  uint64_t n_files_ = 0, n_rows_ = 0, n_bytes_ = 0;
  uint64_t n_bytes_in_file_ = 0;
};

// A row for each event.
class FeatureActivationRows {
 public:
  explicit FeatureActivationRows(const std::string& folder);
  void add(uint32_t layer, uint32_t feature, float value, std::string_view prompt_id,
           uint32_t position);
  void finish();
  const SaeShards& shards() const { return shards_; }

 private:
  void flush();

  SaeShards shards_;
  std::vector<int32_t> layer_, feature_, position_;
  std::vector<float> value_;
  ListColumn<char> prompt_id_;
};

// A row for each prompt.
class PromptFeatureRows {
 public:
  struct Row {
    std::string_view prompt_id, prompt;
    std::span<const int32_t> positions;
    const std::string* activations = nullptr;     // packed; null: there are none
    const std::string* representation = nullptr;  // likewise
    std::span<const int32_t> active;
  };

  PromptFeatureRows(const std::string& folder, uint32_t layer);
  void add(const Row& row);
  void finish();
  const SaeShards& shards() const { return shards_; }

 private:
  void flush();

  SaeShards shards_;
  ListColumn<char> prompt_id_, prompt_, activations_, representation_;
  std::vector<uint8_t> has_activations_, has_representation_;
  ListColumn<int32_t> positions_, active_;
};

// A row for each example of a feature.
class ExplanationInputRows {
 public:
  explicit ExplanationInputRows(const std::string& folder);
  void add(uint32_t feature, int64_t rank, std::string_view text, double value, int64_t position);
  void finish();
  const SaeShards& shards() const { return shards_; }

 private:
  void flush();

  SaeShards shards_;
  std::vector<int64_t> feature_, rank_, position_;
  ListColumn<char> text_;
  std::vector<double> value_;
};

// A row for each explanation.
class ExplanationRows {
 public:
  explicit ExplanationRows(const std::string& folder);
  void add(uint32_t feature, std::optional<std::string_view> explanation,
           std::optional<std::string_view> concept_label);
  void finish();
  const SaeShards& shards() const { return shards_; }

 private:
  void flush();

  SaeShards shards_;
  std::vector<int64_t> feature_;
  ListColumn<char> explanation_, concept_;
  std::vector<uint8_t> has_explanation_, has_concept_;
};

}  // namespace actogram
