#include "record/similar_latents.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/unit_address.h"
#include "record/reopened_sae.h"
#include "sae/decoder_cosines.h"
#include "store/recording.h"

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

const Sae& SimilarLatents::sae_of(const std::string& site) {
  const std::lock_guard lock(mutex_);
  if (const auto known = saes_.find(site); known != saes_.end()) return known->second.sae;
  for (const Json& facts : read_manifest(recording_).saes) {
    if (field<std::string>(facts, "site", recording_ + ": saes") != site) continue;
    return saes_.emplace(site, open_again(facts)).first->second.sae;
  }
  fail(Code::not_found, "{}: nothing is kept of the weights of {}", recording_, site);
}

std::string SimilarLatents::json(const UnitAddress& unit, size_t limit) {
  if (!is_sparse_site(unit.site)) {
    fail(Code::invalid, "{}: of SAE latents alone is known where they write", unit.site);
  }
  Json similar = Json::array();
  std::string reason;
  try {
    for (const Similar& other : most_similar(sae_of(unit.site), unit.index, limit)) {
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
