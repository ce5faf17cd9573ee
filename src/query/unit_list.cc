#include "query/unit_list.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "codec/json.h"
#include "core/rw_class.h"
#include "core/unit_address.h"
#include "store/recording.h"

namespace actogram {

struct UnitLists::Listed {
  size_t site = 0;
  uint32_t index = 0;
  double value = 0;
  Summary summary;
};

struct UnitLists::Found {
  size_t n = 0;
  std::vector<Listed> units;  // sorted, and those alone that are asked for
};

namespace {

bool is_meant(const Site& site, const UnitListQuestion& question) {
  const UnitKind kind = is_sparse_site(site.name)      ? UnitKind::latents
                        : is_attention_site(site.name) ? UnitKind::heads
                                                       : UnitKind::neurons;
  const bool meant = question.kind == UnitKind::any || question.kind == kind ||
                     (question.kind == UnitKind::of_tokens && kind != UnitKind::heads);
  if (!meant) return false;
  return !question.layer || *question.layer == site.layer;
}

bool in_range(double value, const UnitListQuestion& question) {
  if (!question.least && !question.most) return true;
  return value >= question.least.value_or(value) && value <= question.most.value_or(value);
}

std::optional<size_t> class_of(const Recording& recording, uint64_t row) {
  const auto weights = recording.weights(row);
  return weights ? std::optional(rw_class(*weights)) : std::nullopt;
}

std::optional<size_t> class_named(std::string_view name) {
  if (name.empty()) return std::nullopt;
  const auto found = std::ranges::find(kRwClassNames, name);
  if (found != kRwClassNames.end()) return found - kRwClassNames.begin();
  fail(Code::invalid, "there is no class '{}'; there are {}", name, fmt::join(kRwClassNames, ", "));
}

template <typename Listed>
void sort_and_cut(std::vector<Listed>& units, const UnitListQuestion& question) {
  const auto before = [&](const Listed& a, const Listed& b) {
    const bool x = std::isnan(a.value), y = std::isnan(b.value);
    if (x != y) return y;
    if (!x && a.value != b.value)
      return (a.value > b.value) == (question.order == UnitOrder::highest);
    return a.site != b.site ? a.site < b.site : a.index < b.index;
  };
  const size_t first = std::min(question.first, units.size());
  const size_t end = first + std::min(question.limit, units.size() - first);
  std::ranges::partial_sort(units, units.begin() + static_cast<ptrdiff_t>(end), before);
  units.erase(units.begin() + static_cast<ptrdiff_t>(end), units.end());
  units.erase(units.begin(), units.begin() + static_cast<ptrdiff_t>(first));
}

}  // namespace

UnitLists::UnitLists(const Recording& recording) : recording_(recording) {}

UnitLists::Found UnitLists::find(const UnitListQuestion& question) const {
  const std::vector<Site>& sites = recording_.manifest().sites;
  const size_t only = question.site.empty() ? sites.size() : find_site(sites, question.site);
  const auto wanted_class = class_named(question.rw_class);
  const auto value_of = kUnitColumns[question.column].value_of;
  std::vector<Listed> units;
  for (size_t s = 0; s < sites.size(); ++s) {
    if ((only < sites.size() && only != s) || !is_meant(sites[s], question)) continue;
    const auto summaries = recording_.units().summaries(s);
    const uint64_t first_row = unit_row(sites, {sites[s].name, 0});
    for (uint32_t i = 0; i < summaries.size(); ++i) {
      const double value = value_of(summaries[i]);
      if (!in_range(value, question)) continue;
      if (wanted_class && class_of(recording_, first_row + i) != wanted_class) continue;
      units.push_back({s, i, value, summaries[i]});
    }
  }
  const size_t n_found = units.size();
  sort_and_cut(units, question);
  return {n_found, std::move(units)};
}

std::vector<UnitAddress> UnitLists::units(const UnitListQuestion& question) const {
  std::vector<UnitAddress> units;
  const Found found = find(question);
  for (const Listed& unit : found.units) {
    if (std::isnan(unit.value)) continue;
    units.push_back({recording_.manifest().sites[unit.site].name, unit.index});
  }
  return units;
}

std::string UnitLists::json(const UnitListQuestion& question) const {
  const std::vector<Site>& sites = recording_.manifest().sites;
  const auto [n_found, units] = find(question);
  Json list = Json::array();
  for (const Listed& unit : units) {
    Json row = {{"unit", fmt::format("{}/{}", short_site_name(sites[unit.site].name), unit.index)}};
    for (const UnitColumn& column : kUnitColumns) {
      row[std::string(column.name)] = column.value_of(unit.summary);
    }
    const auto its_class =
        class_of(recording_, unit_row(sites, {sites[unit.site].name, unit.index}));
    row["rw_class"] = its_class ? Json(kRwClassNames[*its_class]) : Json();
    list.push_back(std::move(row));
  }
  return to_text(Json{{"n_units", n_found}, {"units", std::move(list)}});
}

}  // namespace actogram
