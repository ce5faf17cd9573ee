// Attention heads as a recording keeps them beside units.arrow: heads.arrow, one row a head, and
// head_peaks.arrow, the excerpts with their triangles.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "codec/arrow_table.h"
#include "core/head_record.h"
#include "store/corpus_tables.h"

namespace actogram {

class HeadWriter {
 public:
  explicit HeadWriter(const std::string& folder);
  ~HeadWriter();
  HeadWriter(HeadWriter&&) noexcept;

  // Heads come in the order of the units.
  void add(const HeadRecord& head);
  void finish(StoredFiles& into);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class HeadTable {
 public:
  explicit HeadTable(const std::string& folder);

  uint64_t n_heads() const { return heads_.n_rows(); }

  // By its number among the heads. Patterns and norms are views that live as long as this object.
  // Error{corrupt} where a triangle has another size than its window.
  HeadRecord head(uint64_t number) const;
  // The scores alone, for maps and tables.
  HeadScores scores(uint64_t number) const;
  // entropy, self, previous, first and induction as they are stored.
  std::array<double, 5> means(uint64_t number) const;

  template <typename Visitor>  // visit(const TableReader&)
  void for_each_table(Visitor visit) const {
    visit(heads_), visit(peaks_);
  }

 private:
  TableReader heads_, peaks_;
};

}  // namespace actogram
