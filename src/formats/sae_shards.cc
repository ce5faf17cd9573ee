#include "formats/sae_shards.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "formats/sae_tables_schema.h"

namespace actogram {
namespace {

constexpr uint64_t kShardBytes = uint64_t{512} << 20;
constexpr size_t kGroupBytes = size_t{32} << 20;
constexpr size_t kGroupRows = size_t{1} << 18;

void add_text(std::string_view text, ListColumn<char>& column) {
  column.add({text.data(), text.size()});
}

void add_text(const std::string* text, ListColumn<char>& column, std::vector<uint8_t>& present) {
  if (text != nullptr) column.values.insert(column.values.end(), text->begin(), text->end());
  column.end_row();
  present.push_back(text != nullptr ? 1 : 0);
}

Strings strings(const ListColumn<char>& column) { return Strings{column.lists()}; }
Strings strings(const ListColumn<char>& column, std::span<const uint8_t> present) {
  return {column.lists(), present};
}

}  // namespace

SaeShards::SaeShards(std::string folder, std::vector<ColumnSpec> columns, Counted counted)
    : folder_(std::move(folder)), columns_(std::move(columns)), counted_(counted) {
  std::filesystem::create_directories(folder_);
  open();
}

void SaeShards::open() {
  const std::string name = counted_ == Counted::batches
                               ? fmt::format("worker_0_batch_{}.parquet", n_files_)
                               : fmt::format("worker_{}.parquet", n_files_);
  file_ = std::make_unique<ParquetTableWriter>(folder_ + "/" + name, columns_);
  ++n_files_;
  n_bytes_in_file_ = 0;
}

void SaeShards::close() {
  file_->finish();
  n_bytes_ += file_->n_bytes();
}

void SaeShards::write(size_t n_rows, size_t n_bytes, std::span<const ColumnData> columns) {
  if (n_bytes_in_file_ > 0 && n_bytes_in_file_ + n_bytes > kShardBytes) {
    close();
    open();
  }
  file_->write(n_rows, columns);
  n_rows_ += n_rows;
  n_bytes_in_file_ += n_bytes;
}

void SaeShards::finish() { close(); }

FeatureActivationRows::FeatureActivationRows(const std::string& folder)
    : shards_(folder, feature_activation_columns(), SaeShards::Counted::batches) {}

void FeatureActivationRows::add(uint32_t layer, uint32_t feature, float value,
                                std::string_view prompt_id, uint32_t position) {
  layer_.push_back(static_cast<int32_t>(layer));
  feature_.push_back(static_cast<int32_t>(feature));
  value_.push_back(value);
  add_text(prompt_id, prompt_id_);
  position_.push_back(static_cast<int32_t>(position));
  if (layer_.size() == kGroupRows) flush();
}

void FeatureActivationRows::flush() {
  if (layer_.empty()) return;
  const ColumnData columns[] = {std::span<const int32_t>(layer_),
                                std::span<const int32_t>(feature_), std::span<const float>(value_),
                                strings(prompt_id_), std::span<const int32_t>(position_)};
  shards_.write(layer_.size(), layer_.size() * sizeof(int32_t) * 4, columns);
  layer_.clear(), feature_.clear(), value_.clear(), prompt_id_.clear(), position_.clear();
}

void FeatureActivationRows::finish() {
  flush();
  shards_.finish();
}

PromptFeatureRows::PromptFeatureRows(const std::string& folder, uint32_t layer)
    : shards_(folder, prompt_feature_columns(layer), SaeShards::Counted::batches) {}

void PromptFeatureRows::add(const Row& row) {
  add_text(row.prompt_id, prompt_id_);
  add_text(row.prompt, prompt_);
  positions_.add(row.positions);
  add_text(row.activations, activations_, has_activations_);
  add_text(row.representation, representation_, has_representation_);
  active_.add(row.active);
  const size_t n_bytes =
      prompt_.values.size() + activations_.values.size() + representation_.values.size();
  if (n_bytes >= kGroupBytes || has_activations_.size() == kGroupRows) flush();
}

void PromptFeatureRows::flush() {
  if (has_activations_.empty()) return;
  const size_t n_bytes =
      prompt_.values.size() + activations_.values.size() + representation_.values.size();
  const ColumnData columns[] = {strings(prompt_id_),
                                strings(prompt_),
                                positions_.lists(),
                                strings(activations_, has_activations_),
                                strings(representation_, has_representation_),
                                active_.lists()};
  shards_.write(has_activations_.size(), n_bytes, columns);
  prompt_id_.clear(), prompt_.clear(), positions_.clear(), activations_.clear();
  representation_.clear(), has_activations_.clear(), has_representation_.clear(), active_.clear();
}

void PromptFeatureRows::finish() {
  flush();
  shards_.finish();
}

ExplanationInputRows::ExplanationInputRows(const std::string& folder)
    : shards_(folder, explanation_input_columns(), SaeShards::Counted::workers) {}

void ExplanationInputRows::add(uint32_t feature, int64_t rank, std::string_view text, double value,
                               int64_t position) {
  feature_.push_back(feature);
  rank_.push_back(rank);
  add_text(text, text_);
  value_.push_back(value);
  position_.push_back(position);
  if (text_.values.size() >= kGroupBytes || rank_.size() == kGroupRows) flush();
}

void ExplanationInputRows::flush() {
  if (rank_.empty()) return;
  const ColumnData columns[] = {std::span<const int64_t>(feature_), std::span<const int64_t>(rank_),
                                strings(text_), std::span<const double>(value_),
                                std::span<const int64_t>(position_)};
  shards_.write(rank_.size(), text_.values.size(), columns);
  feature_.clear(), rank_.clear(), text_.clear(), value_.clear(), position_.clear();
}

void ExplanationInputRows::finish() {
  flush();
  shards_.finish();
}

ExplanationRows::ExplanationRows(const std::string& folder)
    : shards_(folder, explanation_columns(), SaeShards::Counted::workers) {}

void ExplanationRows::add(uint32_t feature, std::optional<std::string_view> explanation,
                          std::optional<std::string_view> concept_label) {
  feature_.push_back(feature);
  add_text(explanation.value_or(""), explanation_);
  has_explanation_.push_back(explanation ? 1 : 0);
  add_text(concept_label.value_or(""), concept_);
  has_concept_.push_back(concept_label ? 1 : 0);
  if (explanation_.values.size() >= kGroupBytes || feature_.size() == kGroupRows) flush();
}

void ExplanationRows::flush() {
  if (feature_.empty()) return;
  const ColumnData columns[] = {std::span<const int64_t>(feature_),
                                strings(explanation_, has_explanation_),
                                strings(concept_, has_concept_)};
  shards_.write(feature_.size(), explanation_.values.size(), columns);
  feature_.clear(), explanation_.clear(), concept_.clear();
  has_explanation_.clear(), has_concept_.clear();
}

void ExplanationRows::finish() {
  flush();
  shards_.finish();
}

}  // namespace actogram
