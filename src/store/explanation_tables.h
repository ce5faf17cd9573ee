// What a data set of SAE activations says of its features in words, row for row as it was
// published: the examples that an explainer was shown (explanation_inputs.arrow) and what it made
// of them (explanations.arrow).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/corpus_tables.h"
#include "store/list_column.h"
#include "store/table_cursor.h"

namespace actogram {

struct ExplanationInput {
  uint32_t unit = 0;  // index at the site
  int64_t rank = 0;   // 1 is the strongest
  std::string_view text;
  double value = 0;
  int64_t position = 0;
};

struct Explanation {
  uint32_t unit = 0;  // index at the site
  std::optional<std::string_view> explanation = {};
  std::optional<std::string_view> concept_label = {};
};

class ExplanationInputWriter {
 public:
  explicit ExplanationInputWriter(const std::string& folder);
  void add(const ExplanationInput& input);
  void finish(StoredFiles& files);

 private:
  void flush();

  TableWriter table_;
  std::vector<uint32_t> unit_;
  std::vector<int64_t> rank_, position_;
  std::vector<double> value_;
  ListColumn<char> text_;
};

class ExplanationWriter {
 public:
  explicit ExplanationWriter(const std::string& folder);
  void add(const Explanation& explanation);
  void finish(StoredFiles& files);

 private:
  void flush();

  TableWriter table_;
  std::vector<uint32_t> unit_;
  std::vector<uint8_t> nulls_;
  ListColumn<char> explanation_, concept_;
};

// Read one after another. What a row looks at is valid until the next call.
class ExplanationInputs {
 public:
  explicit ExplanationInputs(const std::string& folder)
      : table_(folder, explanation_inputs_table()) {}
  uint64_t n_rows() const { return table_.n_rows(); }
  ExplanationInput row(uint64_t row);

 private:
  TableCursor table_;
};

// Thread-safe: reads only. What an explanation looks at is valid as long as this object.
class Explanations {
 public:
  explicit Explanations(const std::string& folder);

  uint64_t n_rows() const { return table_.n_rows(); }
  void for_each(const std::function<void(const Explanation&)>& visit) const;
  std::vector<Explanation> of_unit(uint32_t unit) const;

 private:
  TableReader table_;
};

}  // namespace actogram
