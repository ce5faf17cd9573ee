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
#include "query/head_view.h"
#include "query/histogram_view.h"
#include "query/latent_pairs.h"
#include "query/page_json.h"
#include "query/recording_excerpt.h"
#include "query/unit_columns.h"
#include "query/unit_reader.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr size_t kUsualPage = 1 << 18;  // bytes

struct GroupRow {
  Group group;
  const char* name;
  const char* title;
  int bucket;
};

// The order in which people see them.
constexpr GroupRow kGroups[] = {
    {kTop, "top", "Highest maxima", -1},
    {kBottom, "bottom", "Lowest minima", -1},
    {kBucket4, "bucket4", "Maximum in the top 0.1 %", 4},
    {kBucket3, "bucket3", "Maximum between the 99th and 99.9th percentile", 3},
    {kBucket2, "bucket2", "Maximum between the 90th and 99th percentile", 2},
    {kBucket1, "bucket1", "Maximum between the 50th and 90th percentile", 1},
    {kBucket0, "bucket0", "Maximum in the lower half", 0},
    {kRandom, "random", "Random sequences", -1},
};

ExcerptGroup group_of(const Recording& recording, uint64_t unit_row, const UnitRecord& unit,
                      const GroupRow& row) {
  ExcerptGroup group{row.name, row.title, row.bucket, {}};
  std::vector<const KeptPeak*> peaks;
  for (const auto* list : {&unit.maximum_peaks, &unit.minimum_peaks}) {
    for (const KeptPeak& peak : *list) {
      if (peak.groups & row.group) peaks.push_back(&peak);
    }
  }
  if (unit.head) {
    std::vector<const HeadPeak*> of_head;
    for (const HeadPeak& peak : unit.head->peaks) {
      if (peak.groups & row.group) of_head.push_back(&peak);
    }
    if (row.group == kBottom) {
      group.title = "Lowest maxima";
      std::ranges::stable_sort(of_head, {}, &HeadPeak::value);
    }
    if (row.group == kRandom) std::ranges::stable_sort(of_head, {}, &HeadPeak::rank);
    for (const HeadPeak* peak : of_head) group.excerpts.push_back(excerpt_of(recording, *peak));
    return group;
  }
  if (row.group == kRandom) {  // as they were drawn, so that a shorter list is a sample too
    std::ranges::stable_sort(peaks, {}, &KeptPeak::rank);
  }
  for (const KeptPeak* peak : peaks) {
    Excerpt& excerpt = group.excerpts.emplace_back(excerpt_of(recording, *peak));
    excerpt.pairs = pairs_of_latent(recording, unit_row, peak->at, excerpt.window_begin,
                                    excerpt.window_end - excerpt.window_begin);
  }
  return group;
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

Json to_json(const Place& place) {
  return {{"sequence", place.sequence}, {"position", place.position}};
}

Json to_json(const Summary& s) {
  const auto n = static_cast<double>(s.count);
  return {{"count", s.count},
          {"n_nan", s.n_nan},
          {"n_infinite", s.n_infinite},
          {"n_positive", s.n_positive},
          {"positive_share", static_cast<double>(s.n_positive) / n},
          {"mean", s.mean},
          {"variance", s.variance},
          {"std", std::sqrt(s.variance)},
          {"skewness", s.skewness},
          {"kurtosis", s.kurtosis},
          {"min", s.min},
          {"max", s.max},
          {"min_at", to_json(s.min_at)},
          {"max_at", to_json(s.max_at)}};
}

// What others publish of a unit; the rest is not known, rather than 0.
Json published_json(const Summary& s) {
  return {{"count", Json()},
          {"n_nan", Json()},
          {"n_infinite", Json()},
          {"n_positive", Json()},
          {"positive_share", Json()},
          {"mean", s.mean},
          {"variance", s.variance},
          {"std", std::sqrt(s.variance)},
          {"skewness", s.skewness},
          {"kurtosis", s.kurtosis},
          {"min", Json()},
          {"max", s.max},
          {"min_at", Json()},
          {"max_at", to_json(s.max_at)}};
}

// Buckets of which only the boundaries are known, since there are not five of them.
std::string bucket_title(std::span<const double> bounds, size_t bucket) {
  if (bucket + 1 >= bounds.size()) return fmt::format("Bucket {}", bucket);
  return fmt::format("Maximum between {:.4g} and {:.4g}", bounds[bucket], bounds[bucket + 1]);
}

Json to_json(const HistogramView& view) { return {{"edges", view.edges}, {"counts", view.counts}}; }

void write(JsonText& text, const ExcerptGroup& group) {
  text.open('{').member("name", group.name).member("title", group.title);
  if (group.bucket >= 0) {
    const std::array bounds = {kBucketQuantiles[group.bucket], kBucketQuantiles[group.bucket + 1]};
    text.member("quantiles", std::span(bounds));
  }
  text.key("exemplars");
  write(text, group.excerpts);
  text.close('}');
}

template <typename T>
Json json_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json to_json(const ClassFacts& facts, std::string_view name) {
  Json means = Json::object(), peaks = Json::object();
  for (size_t q = 0; q < kNumGatedQuantities; ++q) {
    const std::string quantity(kGatedQuantityNames[q]);
    means[quantity] = facts.means[q];
    Json list = Json::array();
    for (const ClassFacts::Peak& peak : facts.peaks[q]) {
      list.push_back({{"sequence", peak.sequence},
                      {"position", json_or_null(peak.position)},
                      {"value", peak.value}});
    }
    if (!list.empty()) peaks[quantity] = std::move(list);
  }
  return {{"name", name},
          {"count", json_or_null(facts.count)},
          {"share", facts.share},
          {"means", std::move(means)},
          {"peaks", std::move(peaks)}};
}

Json classes_json(const std::vector<ClassFacts>& classes) {
  Json list = Json::array();
  for (size_t c = 0; c < classes.size(); ++c) {
    list.push_back(to_json(classes[c], kSignClassNames[c]));
  }
  return list;
}

Json to_json(const NeuronWeights& weights) {
  return {{"norm_gate", weights.norm_gate},
          {"norm_in", weights.norm_in},
          {"norm_out", weights.norm_out},
          {"cos_gate_in", weights.cos_gate_in},
          {"cos_gate_out", weights.cos_gate_out},
          {"cos_in_out", weights.cos_in_out},
          {"sign", weights.sign},
          {"rw_class", kRwClassNames[rw_class(weights)]}};
}

Json to_json(const std::vector<TokenWeight>& tokens) {
  Json list = Json::array();
  for (const TokenWeight& token : tokens) {
    list.push_back({{"id", token.id}, {"text", token.text}, {"weight", token.weight}});
  }
  return list;
}

Json to_json(const HeadView& view) {
  const HeadScores& scores = view.scores;
  Json pattern = Json::array(), value = Json::array();
  for (size_t bin = 0; bin < kNumDistanceBins; ++bin) {
    pattern.push_back(scores.sums[kPatternByDistance + bin].value());
    value.push_back(scores.sums[kValueByDistance + bin].value());
  }
  return {{"n_queries", scores.n_queries},
          {"entropy", scores.mean(kEntropy)},
          {"self", scores.mean(kSelf)},
          {"previous", scores.mean(kPrevious)},
          {"first", scores.mean(kFirst)},
          {"n_repeats", scores.n_repeats},
          {"induction", scores.mean(kInduction)},
          {"distance", {{"pattern", std::move(pattern)}, {"value", std::move(value)}}},
          {"query_tokens", to_json(view.query_tokens)},
          {"key_tokens", to_json(view.key_tokens)}};
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

Pages::Pages(const std::string& recording_path)
    : recording_(std::make_unique<Recording>(recording_path)),
      units_(std::make_unique<UnitReader>(*recording_)) {}
Pages::~Pages() = default;

std::string Pages::recording_json() const {
  const Manifest& manifest = recording_->manifest();
  const auto path = std::filesystem::absolute(recording_->path());
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
  const std::vector<Site>& sites = recording_->manifest().sites;
  const size_t index = find_site(sites, text);
  const Site& site = sites[index];
  Json json = {
      {"site", site.name}, {"short", short_site_name(site.name)}, {"n_units", site.n_units}};
  const auto summaries = recording_->units().summaries(index);
  for (const UnitColumn& column : kUnitColumns) {
    Json values = Json::array();
    for (const Summary& summary : summaries) values.push_back(column.value_of(summary));
    json[std::string(column.name)] = std::move(values);
  }
  if (is_attention_site(site.name)) add_head_scores(*recording_, index, json);
  return to_text(json);
}

std::string Pages::entropy_json(std::string_view text) const {
  const std::vector<Site>& sites = recording_->manifest().sites;
  const Site& site = sites[find_site(sites, text)];
  const uint64_t first = unit_row(sites, {site.name, 0});
  Json entropies = Json::array();
  for (uint32_t i = 0; i < site.n_units; ++i) {
    entropies.push_back(entropy_bits(recording_->units().values(first + i).counts));
  }
  return to_text(Json{{"site", site.name},
                      {"short", short_site_name(site.name)},
                      {"n_units", site.n_units},
                      {"entropy", std::move(entropies)}});
}

UnitPage Pages::unit(std::string_view text, GluSigns signs) const {
  UnitPage page;
  page.address = address(text);
  const uint64_t row = recording_->units().row_of(page.address);
  const UnitRead read = units_->unit(row);
  const UnitRecord& unit = read.record;
  page.previous = neighbour(recording_->manifest(), page.address, -1);
  page.next = neighbour(recording_->manifest(), page.address, +1);
  page.summary = unit.summary;
  page.histogram = view_of(unit.values, unit.summary.min, unit.summary.max);
  page.published = recording_->records() != nullptr;
  if (page.published) {
    const auto boundaries = recording_->records()->record(row).boundaries;
    page.bounds.assign(boundaries.begin(), boundaries.end());
  } else {
    const auto bounds = bucket_bounds(unit);
    page.bounds.assign(bounds.begin(), bounds.end());
  }
  page.maxima = view_of(unit.maxima, unit.summary.min, unit.summary.max);
  for (const GroupRow& row_of_table : kGroups) {
    ExcerptGroup group = group_of(*recording_, row, unit, row_of_table);
    if (group.bucket >= 0 && page.bounds.size() != kNumBuckets + 1) {
      if (group.excerpts.empty()) continue;
      group.title = bucket_title(page.bounds, static_cast<size_t>(group.bucket));
      group.bucket = -1;  // of no quantiles that are known
    }
    page.groups.push_back(std::move(group));
  }
  for (const ScoredExplanation& e : recording_->explanations(row)) {
    page.explanations.push_back({printable(e.explanation), e.score});
  }
  page.classes = recording_->classes(row, signs);
  page.refactored = recording_->refactors(signs);
  page.weights = recording_->weights(row, signs);
  if (unit.head) page.head = view_of(*recording_, *unit.head);
  return page;
}

ClassPage Pages::classes(std::string_view text, GluSigns signs, size_t n_excerpts) const {
  const uint64_t row = unit_row(recording_->manifest().sites, address(text));
  const std::vector<ClassFacts> classes = recording_->classes(row, signs);
  if (classes.empty()) {
    fail(Code::invalid, "{}: recorded without sign classes (gated neurons, --sign-classes)",
         recording_->path());
  }
  return {recording_->refactors(signs), recording_->weights(row, signs),
          class_views(*recording_, classes, n_excerpts)};
}

std::string Pages::feature_json(std::string_view text) const {
  return unit_json(from_neuronpedia(text));
}

std::string Pages::class_exemplars_json(std::string_view text, size_t limit) const {
  const UnitAddress address = this->address(text);
  const uint64_t row = unit_row(recording_->manifest().sites, address);
  const UnitRead read = units_->unit(row);
  const auto classes = recording_->classes(row, GluSigns::recorded);
  const auto weights = recording_->weights(row);
  const bool negated = recording_->refactors(GluSigns::recorded) && weights && weights->sign < 0;
  const auto exemplars =
      class_exemplars(*recording_, read.record, negated ? -1.0F : 1.0F, classes, limit);
  JsonText json;
  json.open('{')
      .member("address", fmt::format("{}/{}", address.site, address.index))
      .member("refactor_glu", recording_->refactors(GluSigns::recorded))
      .key("classes")
      .open('[');
  for (size_t c = 0; c < classes.size(); ++c) {
    json.open('{')
        .member("name", kSignClassNames[c])
        .member("count", json_or_null(classes[c].count))
        .member("share", classes[c].share)
        .key("exemplars");
    write(json, exemplars[c]);
    json.close('}');
  }
  return json.close(']').close('}').take();
}

UnitAddress Pages::address(std::string_view text) const {
  return unit_address(recording_->manifest().sites, text);
}

bool Pages::has_summaries() const { return recording_->manifest().has_units(); }

bool Pages::has_events() const { return recording_->events() != nullptr; }

std::string Pages::imported_unit_json(std::string_view text, GluSigns signs) const {
  const UnitAddress address = this->address(text);
  const uint64_t row = unit_row(recording_->manifest().sites, address);
  const auto weights = recording_->weights(row, signs);
  return to_text(Json{{"address", fmt::format("{}/{}", address.site, address.index)},
                      {"short", fmt::format("{}/{}", short_site_name(address.site), address.index)},
                      {"previous", neighbour(recording_->manifest(), address, -1)},
                      {"next", neighbour(recording_->manifest(), address, +1)},
                      {"sign_classes", classes_json(recording_->classes(row, signs))},
                      {"refactor_glu", recording_->refactors(signs)},
                      {"weights", weights ? to_json(*weights) : Json()}});
}

std::string Pages::unit_json(std::string_view text, GluSigns signs) const {
  if (!has_summaries()) return imported_unit_json(text, signs);
  const UnitPage page = unit(text, signs);
  Json maxima = to_json(page.maxima);
  maxima["boundaries"] = page.bounds;
  Json explanations = Json::array();
  for (const PublishedExplanation& e : page.explanations) {
    explanations.push_back({{"explanation", e.text}, {"score", e.score}});
  }
  JsonText json(kUsualPage);
  json.open('{');
  json.members_of(
      {{"address", fmt::format("{}/{}", page.address.site, page.address.index)},
       {"short", fmt::format("{}/{}", short_site_name(page.address.site), page.address.index)},
       {"previous", page.previous},
       {"next", page.next},
       {"summary", page.published ? published_json(page.summary) : to_json(page.summary)},
       {"histogram", to_json(page.histogram)},
       {"sequence_maxima", std::move(maxima)},
       {"sign_classes", classes_json(page.classes)},
       {"refactor_glu", page.refactored},
       {"weights", page.weights ? to_json(*page.weights) : Json()}});
  json.key("groups").open('[');
  for (const ExcerptGroup& group : page.groups) write(json, group);
  json.close(']');
  if (page.head) json.member("head", to_json(*page.head));
  if (!explanations.empty()) json.member("explanations", explanations);
  return json.close('}').take();
}

}  // namespace actogram
