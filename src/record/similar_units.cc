#include "record/similar_units.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "actogram/error.h"
#include "codec/json.h"
#include "core/unit_address.h"
#include "model/architectures.h"
#include "model/w_out_cosines.h"
#include "record/reopened_sae.h"
#include "sae/decoder_cosines.h"
#include "store/recording.h"
#include "store/unit_tables.h"

namespace actogram {
namespace {

struct Similar {
  uint32_t unit = 0;
  double cosine = 0;
};

std::vector<Similar> highest(const std::vector<double>& cosines, uint32_t unit, size_t limit) {
  std::vector<Similar> others;
  for (uint32_t other = 0; other < cosines.size(); ++other) {
    if (other != unit && !std::isnan(cosines[other])) others.push_back({other, cosines[other]});
  }
  const auto before = [](const Similar& a, const Similar& b) {
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.unit < b.unit;
  };
  const auto end = others.begin() + static_cast<ptrdiff_t>(std::min(limit, others.size()));
  std::ranges::partial_sort(others, end, before);
  others.erase(end, others.end());
  return others;
}

// A neuron of a recording with --refactor-glu writes with its sign there.
std::vector<double> neuron_cosines(const Recording& recording, const LlamaModel& model,
                                   const UnitAddress& neuron) {
  std::vector<double> cosines = w_out_cosines(model, layer_of_site(neuron.site), neuron.index);
  const uint64_t first = unit_row(recording.manifest().sites, {neuron.site, 0});
  const double own = recording.recorded_sign(first + neuron.index);
  for (size_t i = 0; i < cosines.size(); ++i)
    cosines[i] *= own * recording.recorded_sign(first + i);
  return cosines;
}

std::vector<double> cosines_with(const Recording& recording, ReopenedSaes& saes,
                                 const LlamaModel* model, std::string_view why_no_model,
                                 const UnitAddress& unit) {
  if (is_sparse_site(unit.site)) return decoder_cosines(saes.at(unit.site).sae, unit.index);
  if (is_attention_site(unit.site)) {
    fail(Code::unsupported, "an attention head writes what it reads, in no direction of its own");
  }
  if (quantity_of_site(unit.site) != Quantity::hook_post) {
    fail(Code::unsupported, "{}: of what is recorded there is not known where it writes",
         short_site_name(unit.site));
  }
  if (model == nullptr) fail(Code::unsupported, "{}", why_no_model);
  return neuron_cosines(recording, *model, unit);
}

}  // namespace

std::string similar_json(const Recording& recording, ReopenedSaes& saes, const LlamaModel* model,
                         std::string_view why_no_model, const UnitAddress& unit, size_t limit) {
  Json similar = Json::array();
  std::string reason;
  try {
    const auto cosines = cosines_with(recording, saes, model, why_no_model, unit);
    for (const Similar& other : highest(cosines, unit.index, limit)) {
      similar.push_back({{"unit", fmt::format("{}/{}", short_site_name(unit.site), other.unit)},
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
