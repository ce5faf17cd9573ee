// What the events of a recording say: every place where a unit fired, every unit that fired at a
// token, and the units that fire together. For the terminal, and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sparse_summary.h"
#include "query/excerpt.h"
#include "query/partners.h"

namespace actogram {

class Recording;

enum class EventListOrder : uint8_t { corpus, value };

// A unit's places, with the text around each.
struct UnitEventList {
  UnitAddress address;
  uint32_t n_events = 0;  // of the unit, however many are listed
  std::vector<Excerpt> places;
};

// A token as a person names it: by its sequence, or by a document and which of its sequences.
struct TokenName {
  std::optional<uint64_t> sequence;
  std::string document;  // its number, or its name
  uint32_t chunk = 0;
  uint32_t position = 0;
};

struct FiredUnit {
  std::string address;  // short
  float value = 0;
};
struct TokenEventList {
  Excerpt around;                // its values are 0
  bool known = true;             // false where a data set did not sample this token
  std::vector<FiredUnit> units;  // strongest first
};

struct PartnerRow {
  std::string address;
  uint32_t n_events = 0;
  Partner numbers;
};
struct PartnerList {
  UnitAddress address;
  uint32_t n_events = 0;
  std::vector<PartnerRow> partners;
};

class EventViews {
 public:
  // Error{invalid} if the recording has no events.
  explicit EventViews(const Recording& recording);  // which outlives it

  // `context` tokens before and after each place.
  UnitEventList events(std::string_view unit, EventListOrder order, size_t limit,
                       uint32_t context) const;
  TokenEventList at(const TokenName& token, uint32_t context) const;
  PartnerList partners(std::string_view unit, PartnerOrder order, size_t limit) const;

 private:
  uint64_t row_of(const UnitAddress& address) const;
  std::string address_of(uint64_t row) const;
  // `values` are those of the unit that is looked at.
  Excerpt excerpt_at(const Place& at, const SparseValues& values, uint32_t context) const;
  uint32_t sequence_of(const TokenName& token) const;

  const Recording& recording_;
};

std::string to_json_text(const UnitEventList& list);
std::string to_json_text(const TokenEventList& list);
std::string to_json_text(const PartnerList& list);

}  // namespace actogram
