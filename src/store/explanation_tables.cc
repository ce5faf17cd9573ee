#include "store/explanation_tables.h"

namespace actogram {
namespace {

enum InputColumn : size_t { kInputUnit, kRank, kText, kValue, kPosition };
enum ExplanationColumn : size_t { kUnit, kExplanation, kConcept, kNulls };
enum Null : uint8_t { kNoExplanation = 1, kNoConcept = 2 };

void finish_table(TableWriter& table, const TableSpec& spec, StoredFiles& files) {
  table.finish();
  files[spec.file] = {table.n_rows(), table.n_bytes(), table.checksum()};
}

void add_text(std::string_view text, ListColumn<char>& column) {
  column.add({text.data(), text.size()});
}

struct ExplanationColumns {
  explicit ExplanationColumns(const TableBatch& batch)
      : units(batch.column<uint32_t>(kUnit)),
        nulls(batch.column<uint8_t>(kNulls)),
        explanations(batch.strings(kExplanation)),
        concepts(batch.strings(kConcept)) {}

  Explanation operator[](size_t i) const {
    Explanation explanation{.unit = units[i]};
    if ((nulls[i] & kNoExplanation) == 0) explanation.explanation = explanations[i];
    if ((nulls[i] & kNoConcept) == 0) explanation.concept_label = concepts[i];
    return explanation;
  }

  std::span<const uint32_t> units;
  std::span<const uint8_t> nulls;
  Strings explanations, concepts;
};

}  // namespace

ExplanationInputWriter::ExplanationInputWriter(const std::string& folder)
    : table_(folder + "/" + explanation_inputs_table().file, explanation_inputs_table().columns) {}

void ExplanationInputWriter::add(const ExplanationInput& input) {
  unit_.push_back(input.unit);
  rank_.push_back(input.rank);
  add_text(input.text, text_);
  value_.push_back(input.value);
  position_.push_back(input.position);
  if (text_.values.size() >= kTextPerBatch || unit_.size() == kRowsPerBatch) flush();
}

void ExplanationInputWriter::flush() {
  if (unit_.empty()) return;
  const ColumnData columns[] = {std::span<const uint32_t>(unit_), std::span<const int64_t>(rank_),
                                Strings{text_.lists()}, std::span<const double>(value_),
                                std::span<const int64_t>(position_)};
  table_.write(unit_.size(), columns);
  unit_.clear(), rank_.clear(), text_.clear(), value_.clear(), position_.clear();
}

void ExplanationInputWriter::finish(StoredFiles& files) {
  flush();
  finish_table(table_, explanation_inputs_table(), files);
}

ExplanationWriter::ExplanationWriter(const std::string& folder)
    : table_(folder + "/" + explanations_table().file, explanations_table().columns) {}

void ExplanationWriter::add(const Explanation& explanation) {
  unit_.push_back(explanation.unit);
  add_text(explanation.explanation.value_or(""), explanation_);
  add_text(explanation.concept_label.value_or(""), concept_);
  nulls_.push_back(static_cast<uint8_t>((explanation.explanation ? 0 : kNoExplanation) |
                                        (explanation.concept_label ? 0 : kNoConcept)));
  if (explanation_.values.size() >= kTextPerBatch || unit_.size() == kRowsPerBatch) flush();
}

void ExplanationWriter::flush() {
  if (unit_.empty()) return;
  const ColumnData columns[] = {std::span<const uint32_t>(unit_), Strings{explanation_.lists()},
                                Strings{concept_.lists()}, std::span<const uint8_t>(nulls_)};
  table_.write(unit_.size(), columns);
  unit_.clear(), explanation_.clear(), concept_.clear(), nulls_.clear();
}

void ExplanationWriter::finish(StoredFiles& files) {
  flush();
  finish_table(table_, explanations_table(), files);
}

ExplanationInput ExplanationInputs::row(uint64_t row) {
  const size_t i = table_.go_to(row);
  const TableBatch& batch = table_.batch();
  return {batch.column<uint32_t>(kInputUnit)[i], batch.column<int64_t>(kRank)[i],
          batch.strings(kText)[i], batch.column<double>(kValue)[i],
          batch.column<int64_t>(kPosition)[i]};
}

Explanations::Explanations(const std::string& folder)
    : table_(folder + "/" + explanations_table().file, explanations_table().columns) {}

void Explanations::for_each(const std::function<void(const Explanation&)>& visit) const {
  for (size_t b = 0; b < table_.n_batches(); ++b) {
    const ExplanationColumns columns(table_.batch(b));
    for (size_t i = 0; i < columns.units.size(); ++i) visit(columns[i]);
  }
}

std::vector<Explanation> Explanations::of_unit(uint32_t unit) const {
  std::vector<Explanation> found;
  for (size_t b = 0; b < table_.n_batches(); ++b) {
    const ExplanationColumns columns(table_.batch(b));
    for (size_t i = 0; i < columns.units.size(); ++i) {
      if (columns.units[i] == unit) found.push_back(columns[i]);
    }
  }
  return found;
}

}  // namespace actogram
