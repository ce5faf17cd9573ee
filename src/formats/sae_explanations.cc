#include "formats/sae_explanations.h"

#include <algorithm>

#include "codec/parquet_table_reader.h"
#include "formats/sae_prompts.h"
#include "store/explanation_tables.h"

namespace actogram {
namespace {

enum InputColumn : size_t { kRank = 1, kText, kValue, kPosition };
enum OutputColumn : size_t { kExplanation = 1, kConcept };

uint32_t feature_at(const ParquetTableReader& batch, size_t i, ExplanationPass& pass) {
  const int64_t feature = batch.integers(0)[i];
  if (feature < 0 || feature >= SaePromptFiles::kMostFeatures) {
    fail(Code::corrupt, "{}: row {}: \"feature_id\" is {}; expected 0 to {}", batch.name(),
         batch.batch_row() + i, feature, SaePromptFiles::kMostFeatures - 1);
  }
  pass.n_features = std::max(pass.n_features, static_cast<uint32_t>(feature) + 1);
  return static_cast<uint32_t>(feature);
}

template <typename Take>
void for_each_row(const std::vector<std::string>& files, const std::vector<ParquetColumn>& columns,
                  const ProgressFn& progress, Take take) {
  uint64_t n_rows = 0;
  for (const std::string& file : files) {
    ParquetTableReader batch(file, columns);
    while (batch.next()) {
      for (size_t i = 0; i < batch.n_batch_rows(); ++i) take(batch, i);
      n_rows += batch.n_batch_rows();
      progress({"reading the explanations", n_rows, 0, 0, "rows"});
    }
  }
}

void read_inputs(const std::vector<std::string>& files, const std::string& folder,
                 const ProgressFn& progress, ExplanationPass& pass) {
  ExplanationInputWriter writer(folder);
  const std::vector<ParquetColumn> columns = {{{"feature_id", ColumnType::i64}},
                                              {{"rank", ColumnType::i64}},
                                              {{"prompt_text", ColumnType::bytes}},
                                              {{"activation_value", ColumnType::f64}},
                                              {{"token_position", ColumnType::i64}}};
  for_each_row(files, columns, progress, [&](const ParquetTableReader& batch, size_t i) {
    if (batch.is_null(kText, i)) {
      fail(Code::corrupt, "{}: row {}: \"prompt_text\" is null", batch.name(),
           batch.batch_row() + i);
    }
    writer.add({feature_at(batch, i, pass), batch.integers(kRank)[i], batch.strings(kText)[i],
                batch.doubles(kValue)[i], batch.integers(kPosition)[i]});
    ++pass.n_inputs;
  });
  writer.finish(pass.files);
}

void read_outputs(const std::vector<std::string>& files, const std::string& folder,
                  const ProgressFn& progress, ExplanationPass& pass) {
  ExplanationWriter writer(folder);
  const std::vector<ParquetColumn> columns = {{{"feature_id", ColumnType::i64}},
                                              {{"explanation", ColumnType::bytes}},
                                              {{"concept", ColumnType::bytes}}};
  for_each_row(files, columns, progress, [&](const ParquetTableReader& batch, size_t i) {
    Explanation explanation{.unit = feature_at(batch, i, pass)};
    if (!batch.is_null(kExplanation, i)) explanation.explanation = batch.strings(kExplanation)[i];
    if (!batch.is_null(kConcept, i)) explanation.concept_label = batch.strings(kConcept)[i];
    writer.add(explanation);
    ++pass.n_explanations;
  });
  writer.finish(pass.files);
}

}  // namespace

ExplanationPass read_explanations(const SaeTablesFolder& tables, const std::string& folder,
                                  const ProgressFn& progress) {
  ExplanationPass pass;
  if (!tables.explanation_inputs.empty()) {
    read_inputs(tables.explanation_inputs, folder, progress, pass);
  }
  if (!tables.explanations.empty()) read_outputs(tables.explanations, folder, progress, pass);
  return pass;
}

}  // namespace actogram
