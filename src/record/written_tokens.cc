#include "record/written_tokens.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "actogram/error.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "core/unit_address.h"
#include "record/live_model.h"
#include "record/reopened_sae.h"
#include "sae/decoder_cosines.h"
#include "store/recording.h"
#include "store/unit_tables.h"

namespace actogram {
namespace {

double spread_of(std::span<const float> effects) {  // their mean is 0
  double squares = 0;
  for (const double effect : effects) squares += effect * effect;
  return std::sqrt(squares / static_cast<double>(effects.size()));
}

// Ids of the first `limit`, by effect and then by id.
std::vector<int32_t> first_tokens(std::span<const float> effects, size_t limit,
                                  const std::function<bool(float, float)>& before) {
  std::vector<int32_t> ids(effects.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto effect = [&](int32_t id) { return effects[static_cast<size_t>(id)]; };
  const auto end = ids.begin() + static_cast<ptrdiff_t>(std::min(limit, ids.size()));
  std::ranges::partial_sort(ids, end, [&](int32_t a, int32_t b) {
    return effect(a) != effect(b) ? before(effect(a), effect(b)) : a < b;
  });
  ids.erase(end, ids.end());
  return ids;
}

Json answer(const UnitAddress& unit) {
  return {{"address", fmt::format("{}/{}", unit.site, unit.index)},
          {"reason", ""},
          {"n_tokens", 0},
          {"std", nullptr},
          {"up", Json::array()},
          {"down", Json::array()}};
}

}  // namespace

WrittenTokens::WrittenTokens(const Recording& recording, const LiveModel& live, ReopenedSaes& saes)
    : recording_(recording),
      model_(live.llama()),
      saes_(saes),
      threads_(std::max(1U, std::thread::hardware_concurrency())) {
  if (model_ == nullptr) return;
  lens_.emplace(*model_);
  tokenizer_.emplace(*model_);
}

WrittenTokens::Written WrittenTokens::written_by_latent(const UnitAddress& unit) const {
  const RecordedSae& recorded = saes_.at(unit.site);
  const Sae& sae = recorded.sae;
  Written written{sae.site_out.empty() ? recorded.hook : sae.site_out,
                  decoder_row(sae, unit.index)};
  float factor = 1;  // from the latent's own scale, and the input's, to the model's
  if (!sae.scale.empty()) factor /= sae.scale[unit.index];
  if (sae.input_norm == InputNorm::scale) factor /= sae.input_scale;
  for (float& x : written.vector) x *= factor;
  return written;
}

WrittenTokens::Written WrittenTokens::written_by(const UnitAddress& unit) const {
  if (is_sparse_site(unit.site)) return written_by_latent(unit);
  if (is_attention_site(unit.site)) {
    fail(Code::unsupported,
         "what an attention head writes is what it reads, another at each token");
  }
  const std::vector<Site>& sites = recording_.manifest().sites;
  Written written{unit.site, std::vector<float>(sites[find_site(sites, unit.site)].n_units)};
  written.vector[unit.index] = recording_.recorded_sign(unit_row(sites, unit));
  return written;
}

std::string WrittenTokens::json(const UnitAddress& unit, size_t limit) {
  if (model_ == nullptr) return no_written_tokens_json(unit, "the fake model has no weights");
  std::vector<float> effects;
  try {
    const Written written = written_by(unit);
    const std::lock_guard lock(mutex_);
    effects = lens_->effects(written.site, written.vector, threads_);
  } catch (const Error& error) {
    return no_written_tokens_json(unit, error.what());
  }
  const auto tokens = [&](const std::function<bool(float, float)>& before) {
    Json list = Json::array();
    for (const int32_t id : first_tokens(effects, limit, before)) {
      list.push_back({{"id", id},
                      {"text", printable(tokenizer_->piece(id))},
                      {"effect", effects[static_cast<size_t>(id)]}});
    }
    return list;
  };
  Json json = answer(unit);
  json["n_tokens"] = effects.size();
  json["std"] = spread_of(effects);
  json["up"] = tokens(std::greater<>());
  json["down"] = tokens(std::less<>());
  return to_text(json);
}

std::string no_written_tokens_json(const UnitAddress& unit, std::string_view reason) {
  Json json = answer(unit);
  json["reason"] = reason;
  return to_text(json);
}

}  // namespace actogram
