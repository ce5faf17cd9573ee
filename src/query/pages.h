// What a recording says, as the JSON documents of docs/api.md. The terminal, the server and the
// pages all show these, so they cannot disagree.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "query/class_view.h"
#include "query/excerpt.h"

namespace actogram {

class JsonText;
class PublishedExplanations;
class Recording;
class UnitReader;
struct ExemplarGroup;
struct UnitRecord;

// Thread-safe: reads only. Every method throws Error{invalid, not_found, corrupt}.
class Pages {
 public:
  explicit Pages(const Recording& recording);  // which outlives it
  ~Pages();

  std::string recording_json() const;
  std::string site_json(std::string_view site) const;  // "12.mlp" or the long name
  // The entropy of each unit's histogram, which costs reading all of them.
  std::string entropy_json(std::string_view site) const;
  // "12.mlp/345" or the long form. `signs` are those of the sign classes and the weights.
  std::string unit_json(std::string_view address, GluSigns signs = GluSigns::recorded) const;

  // What the page of a unit fetches: the same numbers, packed (docs/api.md).
  std::string packed_unit_json(std::string_view address) const;
  // unit_json() for Neuronpedia's address of it, "MODEL/12-mlp/345", whatever the model is called.
  std::string feature_json(std::string_view address) const;
  // The sign classes of a neuron with up to `limit` exemplars each; none where it has no classes.
  std::string class_exemplars_json(std::string_view address, size_t limit) const;

  UnitAddress address(std::string_view text) const;  // Error{not_found} if there is no such unit

  // False for an import: it has sign classes, and unit() is Error{invalid}.
  bool has_summaries() const;
  bool has_events() const;

  // The same for the terminal, which draws it itself.
  UnitPage unit(std::string_view address, GluSigns signs = GluSigns::recorded) const;
  // Error{invalid} where sign classes were not recorded.
  ClassPage classes(std::string_view address, GluSigns signs, size_t n_excerpts) const;

 private:
  std::string imported_unit_json(std::string_view address, GluSigns signs) const;
  // A page but for its groups.
  UnitPage facts(const UnitAddress& address, uint64_t row, const UnitRecord& unit,
                 GluSigns signs) const;
  void write_packed(JsonText& json, uint64_t row, const UnitRecord& unit,
                    const std::vector<ExemplarGroup>& groups) const;

  const Recording& recording_;
  std::unique_ptr<UnitReader> units_;
  std::unique_ptr<PublishedExplanations> published_;
};

}  // namespace actogram
