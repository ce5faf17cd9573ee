// The sign classes of a data set that others published: class_shares.arrow, four rows a unit. It
// has what such a data set has, and no column for what it has not: no counts, no sums, no
// positions.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/class_facts.h"
#include "store/corpus_tables.h"

namespace actogram {

class ShareWriter {
 public:
  explicit ShareWriter(const std::string& folder);
  ~ShareWriter();

  void add(std::span<const ClassFacts> classes);  // of the next unit
  void finish(StoredFiles& files);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ShareTable {
 public:
  explicit ShareTable(const std::string& folder);

  uint64_t n_units() const { return table_.n_rows() / kNumSignClasses; }
  std::vector<ClassFacts> classes(uint64_t unit_row) const;  // [sign class], without counts

 private:
  TableReader table_;
};

}  // namespace actogram
