#include "record/reopened_sae.h"

#include <algorithm>
#include <array>
#include <utility>

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
  return spec;
}

}  // namespace

RecordedSae open_again(const Json& facts) {
  std::vector<RecordedSae> opened;
  try {
    opened = open_saes({spec_of(facts)});
  } catch (const Error& error) {
    if (error.code() != Code::invalid) throw;
    opened = open_saes({told_spec_of(facts)});
  }
  if (identity_of(opened.front().facts) != identity_of(facts)) {
    fail(Code::invalid, "{}: these are not the weights that were recorded with",
         opened.front().sae.path);
  }
  return std::move(opened.front());
}

}  // namespace actogram
