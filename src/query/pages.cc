#include "query/pages.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "codec/utf8.h"
#include "collate/merge.h"
#include "core/histogram.h"
#include "core/refactor_glu.h"
#include "core/rw_class.h"
#include "core/unit_address.h"
#include "query/class_exemplars.h"
#include "query/class_view.h"
#include "query/exemplar_groups.h"
#include "query/head_view.h"
#include "query/histogram_view.h"
#include "query/latent_pairs.h"
#include "query/packed_excerpt.h"
#include "query/page_json.h"
#include "query/recording_excerpt.h"
#include "query/unit_columns.h"
#include "query/unit_json.h"
#include "query/unit_reader.h"
#include "store/published_explanations.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr size_t kUsualPage = 1 << 18;  // bytes
constexpr size_t kUsualPackedPage = 1 << 17;

// Its peaks as a reader of the page sees them.
ExcerptGroup excerpts_of(const Recording& recording, uint64_t unit_row, const UnitRecord& unit,
                         const ExemplarGroup& group) {
  ExcerptGroup excerpts{group.name, group.title, group.bucket, {}};
  for (const size_t index : group.peaks) {
    if (unit.head) {
      excerpts.excerpts.push_back(excerpt_of(recording, unit.head->peaks[index]));
      continue;
    }
    const KeptPeak& peak = peak_of(unit, index);
    Excerpt& excerpt = excerpts.excerpts.emplace_back(excerpt_of(recording, peak));
    excerpt.pairs = pairs_of_latent(recording, unit_row, peak.at, excerpt.window_begin,
                                    excerpt.window_end - excerpt.window_begin);
  }
  return excerpts;
}

std::string neighbour(const Manifest& manifest, const UnitAddress& address, int step) {
  for (size_t s = 0; s < manifest.sites.size(); ++s) {
    if (manifest.sites[s].name != address.site) continue;
    const int64_t index = int64_t{address.index} + step;
    if (index >= 0 && index < manifest.sites[s].n_units) {
      return fmt::format("{}/{}", short_site_name(address.site), index);
    }
    const size_t other = step < 0 ? s - 1 : s + 1;
    if (other >= manifest.sites.size()) return "";
    const Site& site = manifest.sites[other];
    return fmt::format("{}/{}", short_site_name(site.name), step < 0 ? site.n_units - 1 : 0);
  }
  return "";
}

// Of all heads of a site.
void add_head_scores(const Recording& recording, size_t site, Json& json) {
  constexpr std::pair<const char*, HeadSum> kScores[] = {{"entropy", kEntropy},
                                                         {"self", kSelf},
                                                         {"previous", kPrevious},
                                                         {"first", kFirst},
                                                         {"induction", kInduction}};
  const std::vector<Site>& sites = recording.manifest().sites;
  uint64_t number = 0;
  for (size_t s = recording.manifest().token_sites().size(); s < site; ++s) {
    number += sites[s].n_units;
  }
  for (const auto& [name, which] : kScores) json[name] = Json::array();
  for (uint32_t unit = 0; unit < sites[site].n_units; ++unit) {
    const HeadScores scores = recording.units().heads()->scores(number + unit);
    for (const auto& [name, which] : kScores) json[name].push_back(scores.mean(which));
  }
}

Json sites_json(const std::vector<Site>& sites) {
  Json list = Json::array();
  for (const Site& site : sites) {
    list.push_back({{"name", site.name},
                    {"short", short_site_name(site.name)},
                    {"layer", site.layer},
                    {"n_units", site.n_units}});
  }
  return list;
}

}  // namespace

Pages::Pages(const Recording& recording)
    : recording_(recording),
      units_(std::make_unique<UnitReader>(recording_)),
      published_(std::make_unique<PublishedExplanations>(recording.path())) {}
Pages::~Pages() = default;

std::string Pages::recording_json() const {
  const Manifest& manifest = recording_.manifest();
  const auto path = std::filesystem::absolute(recording_.path());
  const auto name = path.has_filename() ? path.filename() : path.parent_path().filename();
  Json options = manifest.options;
  options.update(to_json(manifest.collate));
  uint64_t bytes = 0;
  for (const auto& [file, stored] : manifest.files) bytes += stored.n_bytes;
  return to_text(Json{{"name", name.string()},
                      {"model", manifest.model},
                      {"corpus", manifest.corpus},
                      {"options", std::move(options)},
                      {"refactor_glu", manifest.refactor_glu},
                      {"sites", sites_json(manifest.sites)},
                      {"n_units", manifest.n_units()},
                      {"n_bytes", bytes},
                      {"provenance", manifest.provenance}});
}

std::string Pages::site_json(std::string_view text) const {
  const std::vector<Site>& sites = recording_.manifest().sites;
  const size_t index = find_site(sites, text);
  const Site& site = sites[index];
  Json json = {
      {"site", site.name}, {"short", short_site_name(site.name)}, {"n_units", site.n_units}};
  const auto summaries = recording_.units().summaries(index);
  for (const UnitColumn& column : kUnitColumns) {
    Json values = Json::array();
    for (const Summary& summary : summaries) values.push_back(column.value_of(summary));
    json[std::string(column.name)] = std::move(values);
  }
  if (is_attention_site(site.name)) add_head_scores(recording_, index, json);
  return to_text(json);
}

std::string Pages::entropy_json(std::string_view text) const {
  const std::vector<Site>& sites = recording_.manifest().sites;
  const Site& site = sites[find_site(sites, text)];
  const uint64_t first = unit_row(sites, {site.name, 0});
  Json entropies = Json::array();
  for (uint32_t i = 0; i < site.n_units; ++i) {
    entropies.push_back(entropy_bits(recording_.units().values(first + i).counts));
  }
  return to_text(Json{{"site", site.name},
                      {"short", short_site_name(site.name)},
                      {"n_units", site.n_units},
                      {"entropy", std::move(entropies)}});
}

UnitPage Pages::facts(const UnitAddress& address, uint64_t row, const UnitRecord& unit,
                      GluSigns signs) const {
  UnitPage page;
  page.address = address;
  page.previous = neighbour(recording_.manifest(), address, -1);
  page.next = neighbour(recording_.manifest(), address, +1);
  page.summary = unit.summary;
  page.histogram = view_of(unit.values, unit.summary.min, unit.summary.max);
  page.published = recording_.records() != nullptr;
  if (page.published) {
    const auto boundaries = recording_.records()->record(row).boundaries;
    page.bounds.assign(boundaries.begin(), boundaries.end());
  } else {
    const auto bounds = bucket_bounds(unit);
    page.bounds.assign(bounds.begin(), bounds.end());
  }
  page.maxima = view_of(unit.maxima, unit.summary.min, unit.summary.max);
  for (const PublishedExplanation& e : published_->of_unit(address)) {
    page.explanations.push_back({printable(e.text), e.score});
  }
  page.classes = recording_.classes(row, signs);
  page.refactored = recording_.refactors(signs);
  page.weights = recording_.weights(row, signs);
  if (unit.head) page.head = view_of(recording_, *unit.head);
  return page;
}

UnitPage Pages::unit(std::string_view text, GluSigns signs) const {
  const UnitAddress address = this->address(text);
  const uint64_t row = recording_.units().row_of(address);
  const UnitRead read = units_->unit(row);
  UnitPage page = facts(address, row, read.record, signs);
  for (const ExemplarGroup& group : exemplar_groups(read.record, page.bounds)) {
    page.groups.push_back(excerpts_of(recording_, row, read.record, group));
  }
  return page;
}

ClassPage Pages::classes(std::string_view text, GluSigns signs, size_t n_excerpts) const {
  const uint64_t row = unit_row(recording_.manifest().sites, address(text));
  const std::vector<ClassFacts> classes = recording_.classes(row, signs);
  if (classes.empty()) {
    fail(Code::invalid, "{}: recorded without sign classes (gated neurons, --sign-classes)",
         recording_.path());
  }
  return {recording_.refactors(signs), recording_.weights(row, signs),
          class_views(recording_, classes, n_excerpts)};
}

std::string Pages::feature_json(std::string_view text) const {
  return unit_json(from_neuronpedia(text));
}

std::string Pages::class_exemplars_json(std::string_view text, size_t limit) const {
  const UnitAddress address = this->address(text);
  const uint64_t row = unit_row(recording_.manifest().sites, address);
  const UnitRead read = units_->unit(row);
  const auto classes = recording_.classes(row, GluSigns::recorded);
  const auto exemplars =
      class_exemplars(recording_, read.record, recording_.recorded_sign(row), classes, limit);
  JsonText json;
  json.open('{')
      .member("address", fmt::format("{}/{}", address.site, address.index))
      .member("refactor_glu", recording_.refactors(GluSigns::recorded))
      .key("classes")
      .open('[');
  for (size_t c = 0; c < classes.size(); ++c) {
    json.open('{')
        .member("name", kSignClassNames[c])
        .member("count", classes[c].count)
        .member("share", classes[c].share)
        .key("exemplars");
    write(json, exemplars[c]);
    json.close('}');
  }
  return json.close(']').close('}').take();
}

UnitAddress Pages::address(std::string_view text) const {
  return unit_address(recording_.manifest().sites, text);
}

bool Pages::has_summaries() const { return recording_.manifest().has_units(); }

bool Pages::has_events() const { return recording_.events() != nullptr; }

std::string Pages::imported_unit_json(std::string_view text, GluSigns signs) const {
  const UnitAddress address = this->address(text);
  const uint64_t row = unit_row(recording_.manifest().sites, address);
  JsonText json;
  json.open('{');
  write_address(json, address);
  json.member("previous", neighbour(recording_.manifest(), address, -1))
      .member("next", neighbour(recording_.manifest(), address, +1));
  write_classes(json, recording_.classes(row, signs), ClassPeaks::all);
  json.member("refactor_glu", recording_.refactors(signs));
  write_weights(json, recording_.weights(row, signs));
  return json.close('}').take();
}

std::string Pages::unit_json(std::string_view text, GluSigns signs) const {
  if (!has_summaries()) return imported_unit_json(text, signs);
  const UnitPage page = unit(text, signs);
  JsonText json(kUsualPage);
  json.open('{');
  write_facts(json, page, ClassPeaks::all);
  json.key("groups").open('[');
  for (const ExcerptGroup& group : page.groups) {
    json.open('{');
    write_title(json, group.name, group.title, group.bucket);
    json.key("exemplars");
    write(json, group.excerpts);
    json.close('}');
  }
  json.close(']');
  write_rest(json, page);
  return json.close('}').take();
}

std::string Pages::packed_unit_json(std::string_view text) const {
  const UnitAddress address = this->address(text);
  const uint64_t row = recording_.units().row_of(address);
  const UnitRead read = units_->unit(row);
  const UnitRecord& unit = read.record;
  const UnitPage page = facts(address, row, unit, GluSigns::recorded);
  JsonText json(kUsualPackedPage);
  json.open('{');
  write_facts(json, page, ClassPeaks::strongest);
  write_packed(json, row, unit, exemplar_groups(unit, page.bounds));
  write_rest(json, page);
  return json.close('}').take();
}

// An exemplar that is in several groups is written once.
void Pages::write_packed(JsonText& json, uint64_t row, const UnitRecord& unit,
                         const std::vector<ExemplarGroup>& groups) const {
  PackedExcerpts excerpts(recording_, json);
  std::vector<size_t> number(n_peaks(unit), SIZE_MAX);  // [peak] among those that are written
  size_t n_written = 0;
  json.key("exemplars").open('[');
  for (const ExemplarGroup& group : groups) {
    for (const size_t index : group.peaks) {
      if (number[index] != SIZE_MAX) continue;
      number[index] = n_written++;
      if (unit.head) {
        excerpts.write(excerpt_of(recording_, unit.head->peaks[index]));
        continue;
      }
      const KeptPeak& peak = peak_of(unit, index);
      const auto pairs = pairs_of_latent(recording_, row, peak.at, peak.window_begin,
                                         static_cast<uint32_t>(peak.window.size()));
      excerpts.write(peak, pairs ? &*pairs : nullptr);
    }
  }
  json.close(']').key("groups").open('[');
  for (const ExemplarGroup& group : groups) {
    json.open('{');
    write_title(json, group.name, group.title, group.bucket);
    json.key("exemplars").open('[');
    for (const size_t index : group.peaks) json.add(number[index]);
    json.close(']').close('}');
  }
  json.close(']');
}

}  // namespace actogram
