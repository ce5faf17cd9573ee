// How the keys of a sequence share in each event of an SAE that reads attention:
// attributions.arrow, a row for each row of token_events.arrow.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "codec/arrow_table.h"
#include "store/corpus_tables.h"

namespace actogram {

class AttributionWriter {
 public:
  explicit AttributionWriter(const std::string& folder);
  ~AttributionWriter();

  // In the order of token_events.arrow; empty where the event is of another SAE.
  void add(std::span<const float> keys);
  void finish(StoredFiles& into);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class AttributionTable {
 public:
  explicit AttributionTable(const std::string& folder);

  uint64_t n_events() const { return table_.n_rows(); }
  // A float for each position up to the event's own, or none. A view that lives as long as this.
  std::span<const float> event(uint64_t row) const;

 private:
  TableReader table_;
};

}  // namespace actogram
