#include "formats/explained_units.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/unit_address.h"

namespace actogram {

std::vector<ExplainedUnit> explained_units(const Manifest& manifest, const ExplanationStore& store,
                                           const WantedExplanations& wanted) {
  const std::vector<Site>& sites = manifest.sites;
  const size_t only = wanted.site.empty() ? sites.size() : find_site(sites, wanted.site);
  std::vector<std::pair<size_t, StoredExplanation>> found;  // by site
  for (StoredExplanation& e :
       wanted.search.empty() ? store.explanations() : store.search(wanted.search)) {
    const size_t site = find_site(sites, e.unit.site);
    if (only < sites.size() && only != site) continue;
    if (!wanted.method.empty() && wanted.method != e.method) continue;
    found.emplace_back(site, std::move(e));
  }
  if (found.empty()) fail(Code::not_found, "there is no such explanation to export");
  std::ranges::sort(found, {}, [](const auto& entry) {
    return std::tuple(entry.first, entry.second.unit.index, entry.second.id);
  });
  std::vector<ExplainedUnit> units;
  for (auto& [site, explanation] : found) {
    if (units.empty() || explanation.unit != units.back().explanations.front().unit) {
      units.push_back({sites[site], explanation.unit.index, {}});
    }
    units.back().explanations.push_back(std::move(explanation));
  }
  return units;
}

}  // namespace actogram
