#include "store/published_explanations.h"

#include <algorithm>
#include <cmath>

#include "actogram/error.h"
#include "store/manifest.h"
#include "store/recording.h"
#include "store/unit_tables.h"
#include "store/word_query.h"

namespace actogram {
namespace {

// The table of explanations names no layer: its features are those of the table of prompts.
size_t site_of_explanations(const Manifest& manifest) {
  if (!manifest.options.contains("prompts_layer")) return 0;
  const auto layer = field<uint32_t>(manifest.options, "prompts_layer", "the manifest's options");
  const auto found = std::ranges::find(manifest.sites, layer, &Site::layer);
  return found == manifest.sites.end() ? 0 : static_cast<size_t>(found - manifest.sites.begin());
}

// Of some latents the explainer made nothing.
bool has_words(const Explanation& explanation) {
  return explanation.explanation || explanation.concept_label;
}

bool is_higher(const PublishedExplanation& a, const PublishedExplanation& b) {
  return std::isnan(b.score) ? !std::isnan(a.score) : a.score > b.score;
}

}  // namespace

PublishedExplanations::PublishedExplanations(const std::string& recording) {
  const Manifest manifest = read_manifest(recording);
  sites_ = manifest.sites;
  if (const auto imported = manifest.provenance.find("imported");
      imported != manifest.provenance.end()) {
    source_ = imported->value("format", "");
  }
  if (manifest.files.contains(scored_explanations_table().file)) scored_.emplace(recording);
  if (manifest.files.contains(explanations_table().file)) labelled_.emplace(recording);
  labelled_site_ = site_of_explanations(manifest);
  first_labelled_ = unit_row(sites_, {sites_[labelled_site_].name, 0});
}

UnitAddress PublishedExplanations::address_of(const PublishedExplanation& explanation) const {
  uint64_t index = explanation.unit;
  for (const Site& site : sites_) {
    if (index < site.n_units) return {site.name, static_cast<uint32_t>(index)};
    index -= site.n_units;
  }
  fail(Code::corrupt, "an explanation of unit {}, which the recording does not have",
       explanation.unit);
}

PublishedExplanation PublishedExplanations::labelled(const Explanation& explanation) const {
  return {.unit = first_labelled_ + explanation.unit,
          .text = explanation.explanation.value_or(""),
          .concept_label = explanation.concept_label.value_or("")};
}

void PublishedExplanations::for_each(
    const std::function<void(const PublishedExplanation&)>& visit) const {
  if (scored_) {
    scored_->for_each([&](uint64_t unit, const ScoredExplanation& e) {
      visit({.unit = unit, .text = e.explanation, .score = e.score});
    });
  }
  if (labelled_) {
    labelled_->for_each([&](const Explanation& e) {
      if (has_words(e)) visit(labelled(e));
    });
  }
}

std::vector<PublishedExplanation> PublishedExplanations::all() const {
  std::vector<PublishedExplanation> found;
  for_each([&](const PublishedExplanation& explanation) { found.push_back(explanation); });
  return found;
}

std::vector<PublishedExplanation> PublishedExplanations::of_unit(const UnitAddress& unit) const {
  std::vector<PublishedExplanation> found;
  if (scored_) {
    const uint64_t row = unit_row(sites_, unit);
    for (const ScoredExplanation& e : scored_->of_unit(row)) {
      found.push_back({.unit = row, .text = e.explanation, .score = e.score});
    }
  }
  if (labelled_ && unit.site == sites_[labelled_site_].name) {
    for (const Explanation& e : labelled_->of_unit(unit.index)) {
      if (has_words(e)) found.push_back(labelled(e));
    }
  }
  return found;
}

std::vector<PublishedExplanation> PublishedExplanations::search(std::string_view text) const {
  WordQuery query(text);
  std::vector<PublishedExplanation> found;
  for_each([&](const PublishedExplanation& explanation) {
    if (query.finds({explanation.text, explanation.concept_label})) found.push_back(explanation);
  });
  std::ranges::stable_sort(found, is_higher);
  return found;
}

}  // namespace actogram
