#include "record/reopened_sae.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "store/recording.h"

namespace actogram {
namespace {

// What its values do not depend on.
constexpr std::array<const char*, 2> kElsewhere = {"weights", "attribution"};

Json identity_of(Json facts) {
  for (const char* name : kElsewhere) facts.erase(name);
  return facts;
}

SaeSpec spec_of(const Json& facts) {
  const std::string what = "the recording's SAE";
  SaeSpec spec;
  spec.weights = field<std::string>(facts, "weights", what);
  spec.name = field<std::string>(facts, "name", what);
  spec.options.site = field<std::string>(facts, "hook", what);
  return spec;
}

// With all that a person may have had to say, which the facts have as well.
SaeSpec told_spec_of(const Json& facts) {
  SaeSpec spec = spec_of(facts);
  for (const auto& [word, kind] : kSaeKindWords) {
    if (facts.value("kind", "") == word) spec.options.kind = kind;
  }
  if (facts.contains("k")) spec.options.k = facts.at("k").get<uint32_t>();
  if (facts.contains("threshold")) spec.options.threshold = facts.at("threshold").at("min");
  const Json& input = member(facts, "input", "the recording's SAE");
  if (input.contains("scale")) spec.options.input_scale = input.at("scale").get<float>();
  if (facts.value("unit_decoder_norm", false)) {
    spec.options.decoder_norm = SaeOptions::DecoderNorm::fold;
  }
  return spec;
}

// As this spec has it; nothing where that is not what the recording had. Error{invalid} where the
// spec says too little, or what the file contradicts.
std::optional<RecordedSae> open_as(const SaeSpec& spec, const Json& facts) {
  RecordedSae opened = std::move(open_saes({spec}).front());
  if (identity_of(opened.facts) != identity_of(facts)) return std::nullopt;
  return opened;
}

}  // namespace

RecordedSae open_again(const Json& facts) {
  try {
    if (auto opened = open_as(spec_of(facts), facts)) return std::move(*opened);
  } catch (const Error& error) {
    if (error.code() != Code::invalid) throw;
  }
  const SaeSpec told = told_spec_of(facts);
  if (auto opened = open_as(told, facts)) return std::move(*opened);
  fail(Code::invalid, "{}: these are not the weights that were recorded with", told.weights);
}

const RecordedSae& ReopenedSaes::at(const std::string& site) {
  const std::lock_guard lock(mutex_);
  if (const auto known = saes_.find(site); known != saes_.end()) return known->second;
  for (const Json& facts : read_manifest(recording_).saes) {
    if (field<std::string>(facts, "site", recording_ + ": saes") != site) continue;
    return saes_.emplace(site, open_again(facts)).first->second;
  }
  fail(Code::not_found, "{}: nothing is kept of the weights of {}", recording_, site);
}

}  // namespace actogram
