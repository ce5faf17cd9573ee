// The sign classes of gated neurons as a recording keeps them: classes.arrow, four rows a unit.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/class_record.h"
#include "store/corpus_tables.h"

namespace actogram {

class ClassWriter {
 public:
  explicit ClassWriter(const std::string& folder);
  ~ClassWriter();

  void add(std::span<const ClassRecord> classes);  // of the next unit
  void finish(StoredFiles& files);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ClassTable {
 public:
  explicit ClassTable(const std::string& folder);

  uint64_t n_units() const { return table_.n_rows() / kNumSignClasses; }
  std::vector<ClassRecord> classes(uint64_t unit_row) const;  // [sign class]
  // As they are stored for other readers; ours divide the sums. [sign class][quantity]
  std::vector<std::array<double, kNumGatedQuantities>> means(uint64_t unit_row) const;

  template <typename Visitor>  // visit(const TableReader&)
  void for_each_table(Visitor visit) const {
    visit(table_);
  }

 private:
  // The batch of a unit, and its first row there.
  std::pair<TableBatch, size_t> rows_of(uint64_t unit_row) const;

  TableReader table_;
};

}  // namespace actogram
