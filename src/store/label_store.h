// What people write about a recording's units, a label of some words and a note: in the same file
// beside the recording as its explanations (explanation_store.h, docs/format.md). Each change is
// committed as it is made.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "store/sqlite.h"

namespace actogram {

struct StoredLabel {
  UnitAddress unit;
  std::string label;
  std::string note;
  std::string changed;  // in UTC, "2026-11-23T04:10:00Z"
};

// One connection, for one thread.
class LabelStore {
 public:
  // To write; makes the file where it is not there. Throws what ExplanationStore does, and
  // Error{environment} where the file cannot be written.
  static LabelStore to_write(const std::string& recording);
  // Nothing where nobody wrote a label yet.
  static std::optional<LabelStore> to_read(const std::string& recording);

  // In the place of what the unit had. Two empty ones leave nothing.
  void keep(const UnitAddress& unit, std::string_view label, std::string_view note);

  std::optional<StoredLabel> label_of(const UnitAddress& unit) const;
  std::vector<StoredLabel> labels() const;  // by site and unit
  // All words of `text` are in the label or the note; best first.
  std::vector<StoredLabel> search(std::string_view text) const;

 private:
  bool has_table() const;
  LabelStore(const std::string& path, Database::Mode mode)
      : database_(std::make_unique<Database>(path, mode)) {}

  std::unique_ptr<Database> database_;
};

}  // namespace actogram
