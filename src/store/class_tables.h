// The sign classes of gated neurons as a recording keeps them: classes.arrow, four rows a unit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
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

 private:
  TableReader table_;
};

}  // namespace actogram
