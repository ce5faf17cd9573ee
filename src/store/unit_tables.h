// The units as a recording keeps them: three tables, another with sign classes and two with
// attention heads, written in step, unit after unit, and read back one unit at a time from the
// mapped files; sign classes by a table of their own (class_tables.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "core/unit_record.h"
#include "store/class_tables.h"
#include "store/corpus_tables.h"
#include "store/head_tables.h"

namespace actogram {

// Whether dense units have sign classes: those of gated neurons do.
enum class ClassesOf : uint8_t { nothing, units };

class UnitWriter {
 public:
  UnitWriter(const std::string& folder, const std::vector<Site>& sites, ClassesOf with);
  // Goes on from the marks of another. Without classes.
  UnitWriter(const std::string& folder, const std::vector<Site>& sites, const TableMarks& from);
  ~UnitWriter();

  // Units come in the order of the sites, from the first to the last. Windows are spans here.
  // Sparse units have no peaks here: they are drawn from the events.
  void add(const UnitRecord& unit);
  uint64_t n_units() const;
  uint64_t n_peaks() const;
  // Requires: the units are a multiple of kUnitsPerBatch.
  void mark(TableMarks& marks);
  StoredFiles finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A unit of `sites` as a person names it, with the full name of its site, and its row among those
// of all sites. Error{not_found} says what there is.
UnitAddress unit_address(const std::vector<Site>& sites, std::string_view text);
uint64_t unit_row(const std::vector<Site>& sites, const UnitAddress& address);

// Dense units come before sparse ones, so these are also the rows below it; of them neurons (or
// whatever has one value a token) come before attention heads.
uint64_t n_dense_units(const std::vector<Site>& sites);
uint64_t n_heads(const std::vector<Site>& sites);
uint64_t n_token_units(const std::vector<Site>& sites);

// The kept peaks of some dense units, as the file has them: for questions about places, which must
// not read every unit whole. Views live as long as the UnitTables.
struct PeaksOfUnits {
  uint64_t first_unit = 0;          // row
  std::span<const float> min, max;  // [unit]
  std::vector<std::pair<size_t, size_t>>
      ranges;                        // [unit] its peaks: [first, second) of what follows
  std::span<const uint16_t> groups;  // [peak]
  std::span<const uint32_t> sequences, positions, window_begins;
  std::span<const float> values;
  Lists<float> windows;
};

class UnitTables {
 public:
  UnitTables(const std::string& folder, const std::vector<Site>& sites);

  uint64_t n_units() const { return units_.n_rows(); }
  uint64_t row_of(const UnitAddress& address) const { return unit_row(sites_, address); }

  // The unit but for its sign classes, the windows as views that live as long as this object.
  UnitRecord unit(uint64_t row) const;
  uint64_t first_peak(uint64_t row) const;  // row of peaks.arrow
  const HeadTable* heads() const { return heads_ ? &*heads_ : nullptr; }
  // The summaries of a site's units only, for maps and tables.
  std::vector<Summary> summaries(size_t site) const;
  Summary summary(uint64_t row) const;
  SparseHistogram values(uint64_t row) const;  // of all finite values

  // Those of all dense units, some units at a time.
  size_t n_peak_batches() const { return peaks_.n_batches(); }
  PeaksOfUnits peaks(size_t batch) const;

  template <typename Visitor>  // visit(const TableReader&)
  void for_each_table(Visitor visit) const {
    visit(units_), visit(histograms_), visit(peaks_);
    if (heads_) heads_->for_each_table(visit);
  }

 private:
  std::vector<Site> sites_;
  TableReader units_;
  TableReader histograms_;
  TableReader peaks_;
  std::optional<HeadTable> heads_;
};

}  // namespace actogram
