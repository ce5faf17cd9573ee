#include "record/similar_latents.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/unit_address.h"
#include "record/reopened_sae.h"
#include "sae/decoder_cosines.h"

namespace actogram {
namespace {

struct Similar {
  uint32_t latent = 0;
  double cosine = 0;
};

std::vector<Similar> most_similar(const Sae& sae, uint32_t latent, size_t limit) {
  const std::vector<double> cosines = decoder_cosines(sae, latent);
  std::vector<Similar> others;
  for (uint32_t other = 0; other < cosines.size(); ++other) {
    if (other != latent && !std::isnan(cosines[other])) others.push_back({other, cosines[other]});
  }
  const auto before = [](const Similar& a, const Similar& b) {
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.latent < b.latent;
  };
  const auto end = others.begin() + static_cast<ptrdiff_t>(std::min(limit, others.size()));
  std::ranges::partial_sort(others, end, before);
  others.erase(end, others.end());
  return others;
}

}  // namespace

std::string similar_json(ReopenedSaes& saes, const UnitAddress& unit, size_t limit) {
  if (!is_sparse_site(unit.site)) {
    fail(Code::invalid, "{}: of SAE latents alone is known where they write", unit.site);
  }
  Json similar = Json::array();
  std::string reason;
  try {
    for (const Similar& other : most_similar(saes.at(unit.site).sae, unit.index, limit)) {
      similar.push_back({{"unit", fmt::format("{}/{}", short_site_name(unit.site), other.latent)},
                         {"cosine", other.cosine}});
    }
  } catch (const Error& error) {
    reason = error.what();
  }
  return to_text(Json{{"address", fmt::format("{}/{}", unit.site, unit.index)},
                      {"reason", reason},
                      {"similar", std::move(similar)}});
}

}  // namespace actogram
