#include "server/routes.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "server/assets.h"
#include "server/openapi.h"
#include "server/parameters.h"
#include "server/search_answer.h"

namespace actogram {

namespace {

using httplib::Request;

// What a route is asked: by its path with the route's prefix taken off, "12.mlp/345" of
// "/api/units/12.mlp/345", and by what follows the "?".
struct Asked {
  const std::vector<Served>& recordings;
  const Documents& documents;  // of the recording that is meant
  std::string_view rest;
  const Parameters& parameters;
  std::string_view body;  // "" of a GET
  const IsLeft& is_left;
};
using Handler = Answer (*)(const Asked& asked);

constexpr uint64_t kMaxListed = 1000;
constexpr std::array<std::string_view, 2> kFiringOrders = {"value", "share"};

Answer answer_recordings(const Asked& asked) {
  std::string names;
  for (const Served& served : asked.recordings) {
    names += (names.empty() ? "" : ", ") + json_string(served.name);
  }
  return json_answer(fmt::format(R"({{"recordings": [{}]}})", names));
}

Answer answer_recording(const Asked& asked) { return json_answer(asked.documents.recording()); }

Answer answer_site(const Asked& asked) { return json_answer(asked.documents.site(asked.rest)); }

Answer answer_entropy(const Asked& asked) {
  return json_answer(asked.documents.entropy(asked.rest));
}

Answer answer_units(const Asked& asked) {
  std::array<std::string_view, kUnitColumns.size()> columns;
  std::ranges::transform(kUnitColumns, columns.begin(), &UnitColumn::name);
  constexpr std::array<std::string_view, 2> kOrders = {"highest", "lowest"};
  constexpr std::array<std::string_view, 4> kKinds = {"any", "neurons", "heads", "latents"};
  const Parameters& given = asked.parameters;
  UnitListQuestion question{.column = given.choice("by", columns),
                            .order = static_cast<UnitOrder>(given.choice("order", kOrders)),
                            .kind = static_cast<UnitKind>(given.choice("kind", kKinds)),
                            .site = given.text("site"),
                            .layer = std::nullopt,
                            .rw_class = given.text("class"),
                            .least = given.real("least"),
                            .most = given.real("most"),
                            .first = given.number("first", 0, 0, UINT32_MAX),
                            .limit = given.number("limit", 50, 1, kMaxListed)};
  if (given.has("layer")) {
    question.layer = static_cast<uint32_t>(given.number("layer", 0, 0, UINT32_MAX));
  }
  return json_answer(asked.documents.units(question));
}

Answer answer_search(const Asked& asked) {
  constexpr std::array<std::string_view, 2> kCases = {"any", "exact"};
  constexpr std::array<std::string_view, 2> kNoOrYes = {"0", "1"};
  const TextQuestion question{
      .text = std::string(asked.parameters.text("text")),
      .letters = static_cast<LetterCase>(asked.parameters.choice("case", kCases)),
      .limit = asked.parameters.number("limit", 50, 1, kMaxListed)};
  const bool as_lines = asked.parameters.choice("stream", kNoOrYes) == 1;
  return as_lines ? search_lines(asked.documents, question, asked.is_left)
                  : search_answer(asked.documents, question, asked.is_left);
}

Answer answer_unit(const Asked& asked) { return json_answer(asked.documents.unit(asked.rest)); }

Answer answer_packed(const Asked& asked) { return json_answer(asked.documents.packed(asked.rest)); }

Answer answer_feature(const Asked& asked) {
  return json_answer(asked.documents.feature(asked.rest));
}

Answer answer_classes(const Asked& asked) {
  return json_answer(
      asked.documents.classes(asked.rest, asked.parameters.number("limit", 5, 1, kMaxListed)));
}

Answer answer_partners(const Asked& asked) {
  constexpr std::array<std::string_view, 3> kOrders = {"together", "jaccard", "correlation"};
  const auto order = static_cast<PartnerOrder>(asked.parameters.choice("sort", kOrders));
  return json_answer(asked.documents.partners(asked.rest, order,
                                              asked.parameters.number("limit", 20, 1, kMaxListed)));
}

Answer answer_similar(const Asked& asked) {
  return json_answer(
      asked.documents.similar(asked.rest, asked.parameters.number("limit", 20, 1, kMaxListed)));
}

Answer answer_lens(const Asked& asked) {
  return json_answer(
      asked.documents.lens(asked.rest, asked.parameters.number("limit", 10, 1, kMaxListed)));
}

Answer answer_tokens(const Asked& asked) {
  return json_answer(asked.documents.tokens(asked.rest,
                                            asked.parameters.number("least", 2, 1, UINT32_MAX),
                                            asked.parameters.number("limit", 20, 1, kMaxListed)));
}

// "12": a number that is all there is.
uint64_t number_in_path(std::string_view text, std::string_view what) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number <= UINT32_MAX) {
    return number;
  }
  fail(Code::invalid, "'{}' is no {}: write a number", text, what);
}

Answer answer_document(const Asked& asked) {
  return json_answer(asked.documents.document(
      {.document = number_in_path(asked.rest, "document"),
       .first_chunk = static_cast<uint32_t>(asked.parameters.number("from", 0, 0, UINT32_MAX)),
       .unit = asked.parameters.text("unit")}));
}

// "90/12": sequence and position.
Answer answer_place(const Asked& asked) {
  const size_t slash = std::min(asked.rest.find('/'), asked.rest.size());
  const Place at{static_cast<uint32_t>(number_in_path(asked.rest.substr(0, slash), "sequence")),
                 static_cast<uint32_t>(number_in_path(
                     asked.rest.substr(std::min(slash + 1, asked.rest.size())), "position"))};
  const auto order = static_cast<FiringOrder>(asked.parameters.choice("sort", kFiringOrders));
  return json_answer(
      asked.documents.place(at, order, asked.parameters.number("limit", 50, 1, kMaxListed)));
}

Answer answer_explanations(const Asked& asked) {
  return json_answer(asked.documents.explanations(asked.rest));
}

Answer answer_explanations_with(const Asked& asked) {
  return json_answer(asked.documents.explanations_with(
      asked.parameters.text("text"), asked.parameters.number("limit", 50, 1, kMaxListed)));
}

Answer answer_label(const Asked& asked) { return json_answer(asked.documents.label(asked.rest)); }

Answer answer_labels(const Asked& asked) {
  return json_answer(asked.documents.labels(
      asked.parameters.text("text"), asked.parameters.number("limit", kMaxListed, 1, kMaxListed)));
}

Answer set_label(const Asked& asked) {
  return json_answer(asked.documents.set_label(asked.rest, asked.body));
}

Answer answer_live(const Asked& asked) { return json_answer(asked.documents.live()); }

Answer run_for_unit(const Asked& asked) {
  return json_answer(asked.documents.typed_unit(asked.rest, asked.body, asked.is_left));
}

Answer run_for_all(const Asked& asked) {
  return json_answer(asked.documents.typed_units(
      asked.body, static_cast<FiringOrder>(asked.parameters.choice("sort", kFiringOrders)),
      asked.parameters.number("limit", 50, 1, kMaxListed), asked.is_left));
}

Answer answer_openapi(const Asked& asked);

Answer answer_unknown_document(const Asked& asked) {
  fail(Code::not_found, "there is no document /api/{}; see docs/api.md", asked.rest);
}

Answer answer_asset(const Asked& asked) {
  const Asset* asset = find_asset(fmt::format("/assets/{}", asked.rest));
  if (asset == nullptr) fail(Code::not_found, "there is no asset {}", asked.rest);
  return asset_answer(*asset, "public, max-age=31536000, immutable");  // the name holds a hash
}

// "12.mlp/345", "blocks.3.mlp.hook_post": the pages find out what is there. Nothing that climbs.
Answer answer_page(const Asked& asked) {
  const std::string_view rest = asked.rest;
  const auto has = [&](std::string_view part) { return rest.find(part) != std::string_view::npos; };
  if (has("..") || has("\\") || rest.starts_with('/')) {
    fail(Code::not_found, "there is no page {}", rest);
  }
  const Asset* index = find_asset("/index.html");
  return index == nullptr ? unbuilt_answer() : asset_answer(*index, "no-cache");
}

struct Route {
  std::string_view prefix;
  bool exact;  // or whatever follows the prefix
  Handler handler;
  // What may follow the "?", besides `in`. A page takes anything: its options are not the server's
  // business.
  std::optional<std::string_view> parameters = "";
  ApiFacts api = {};                // of a document
  std::string_view method = "GET";  // which is HEAD, too; others are sent a body
};

// The first route that matches answers. To add one: a handler above, a row here above the rows
// that its prefix begins with, its document in docs/api.md, api_schemas.h and Documents, a test.
// Rows of one prefix stand beside each other, for several methods.
constexpr std::array<Route, 28> kRoutes = {{
    {"/api/recordings",
     true,
     answer_recordings,
     "",
     {"/api/recordings", "Names of what is served", "Recordings"}},
    {"/api/recording",
     true,
     answer_recording,
     "",
     {"/api/recording", "What was recorded", "Recording"}},
    {"/api/sites/",
     false,
     answer_site,
     "",
     {"/api/sites/{site}", "Summaries of a site's units", "Site", "12.mlp"}},
    {"/api/entropy/",
     false,
     answer_entropy,
     "",
     {"/api/entropy/{site}", "Entropies of a site's histograms", "Entropy", "12.mlp"}},
    {"/api/units",
     true,
     answer_units,
     "by order kind site layer class least most first limit",
     {"/api/units", "Units, sorted", "UnitList"}},
    {"/api/units/",
     false,
     answer_unit,
     "",
     {"/api/units/{address}", "A unit's page", "Unit", "12.mlp/345"}},
    {"/api/packed/",
     false,
     answer_packed,
     "",
     {"/api/packed/{address}", "The same, as the pages fetch it", "PackedUnit", "12.mlp/345"}},
    {"/api/feature/",
     false,
     answer_feature,
     "",
     {"/api/feature/{address}", "The same by Neuronpedia's address", "Unit", "gpt2/12-mlp/345"}},
    {"/api/classes/",
     false,
     answer_classes,
     "limit",
     {"/api/classes/{address}", "Text for each sign class", "Classes", "12.mlp/345"}},
    {"/api/partners/",
     false,
     answer_partners,
     "sort limit",
     {"/api/partners/{address}", "What fires with a latent", "Partners", "9.sae/42"}},
    {"/api/similar/",
     false,
     answer_similar,
     "limit",
     {"/api/similar/{address}",
      "Latents of an SAE, or neurons of a layer, that write in the same direction", "Similar",
      "9.sae/42"}},
    {"/api/lens/",
     false,
     answer_lens,
     "limit",
     {"/api/lens/{address}", "Tokens that it writes up and down", "WrittenTokens", "12.mlp/345"}},
    {"/api/tokens/",
     false,
     answer_tokens,
     "least limit",
     {"/api/tokens/{address}", "Tokens with the highest mean", "TokenMeans", "9.sae/42"}},
    {"/api/documents/",
     false,
     answer_document,
     "from unit",
     {"/api/documents/{document}", "A document's tokens", "Document", "12"}},
    {"/api/places/",
     false,
     answer_place,
     "sort limit",
     {"/api/places/{place}", "What fires at a token", "FiringAt", "90/12"}},
    {"/api/search",
     true,
     answer_search,
     "text case limit stream",
     {.path = "/api/search",
      .summary = "Units that fire on a phrase",
      .schema = "Search",
      .required = "text",
      .streams = true}},
    {"/api/explanations",
     true,
     answer_explanations_with,
     "text limit",
     {.path = "/api/explanations",
      .summary = "Explanations by their words",
      .schema = "FoundExplanations",
      .required = "text"}},
    {"/api/explanations/",
     false,
     answer_explanations,
     "",
     {"/api/explanations/{address}", "A unit's explanations", "Explanations", "12.mlp/345"}},
    {"/api/labels",
     true,
     answer_labels,
     "text limit",
     {"/api/labels", "Units with labels and notes", "Labels"}},
    {"/api/labels/",
     false,
     answer_label,
     "",
     {"/api/labels/{address}", "A unit's label and note", "Label", "12.mlp/345"}},
    {"/api/labels/",
     false,
     set_label,
     "",
     {"/api/labels/{address}", "Writes them", "Label", "12.mlp/345", "SentLabel"},
     "PUT"},
    {"/api/live", true, answer_live, "", {"/api/live", "Whether text can be run", "Live"}},
    {"/api/live",
     true,
     run_for_all,
     "sort limit",
     {"/api/live", "The strongest units on a text", "TypedUnits", "", "SentText"},
     "POST"},
    {"/api/live/",
     false,
     run_for_unit,
     "",
     {"/api/live/{address}", "A unit's values on a text", "TypedUnit", "12.mlp/345", "SentText"},
     "POST"},
    {"/api/openapi.json",
     true,
     answer_openapi,
     "",
     {"/api/openapi.json", "This document", "OpenApi"}},
    {"/api/", false, answer_unknown_document, std::nullopt},
    {"/assets/", false, answer_asset, std::nullopt},
    {"/", false, answer_page, std::nullopt},
}};

Answer answer_openapi(const Asked&) {
  std::vector<ApiRoute> routes;
  for (const Route& route : kRoutes) {
    if (route.api.path.empty()) continue;
    routes.push_back({route.method, route.api, route.parameters.value_or("")});
  }
  return json_answer(openapi_json(routes));
}

bool matches(const Route& route, std::string_view path) {
  return route.exact ? path == route.prefix : path.starts_with(route.prefix);
}

bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

// Nothing where the path takes no such method.
const Route* find_route(std::string_view path, std::string_view method) {
  const auto first =
      std::ranges::find_if(kRoutes, [&](const Route& r) { return matches(r, path); });
  for (auto route = first; route != kRoutes.end() && route->prefix == first->prefix; ++route) {
    if (route->method == (is_read(method) ? "GET" : method)) return route;
  }
  return nullptr;
}

Parameters parameters_of(const Request& request) {
  std::map<std::string, std::string, std::less<>> values;
  for (const auto& [name, value] : request.params) {
    if (!values.emplace(name, value).second) {
      fail(Code::invalid, "?{}: given twice; write it once", name);
    }
  }
  return Parameters(std::move(values));
}

const Served& recording_named(const std::vector<Served>& recordings, std::string_view name) {
  const auto found = std::ranges::find(recordings, name, &Served::name);
  if (found != recordings.end()) return *found;
  std::string names;
  for (const Served& served : recordings) names += (names.empty() ? "" : ", ") + served.name;
  fail(Code::not_found, "?in: no recording '{}' is served here; there is {}", name, names);
}

Answer route(const std::vector<Served>& recordings, const Request& request, const IsLeft& is_left) {
  const Route* route = find_route(request.path, request.method);
  if (route == nullptr) fail(Code::invalid, "a path begins with /, not as {}", request.path);
  const std::string_view rest = std::string_view(request.path).substr(route->prefix.size());
  if (!route->parameters) {
    return route->handler({recordings, recordings[0].documents, rest, {}, {}, is_left});
  }
  const Parameters parameters = parameters_of(request);
  parameters.check(fmt::format("{} in", *route->parameters));
  const std::string_view required = route->api.required;
  if (!required.empty() && parameters.text(required).empty()) {
    fail(Code::invalid, "?{}: what to look for is missing", required);
  }
  const Served& served =
      parameters.has("in") ? recording_named(recordings, parameters.text("in")) : recordings[0];
  return route->handler({recordings, served.documents, rest, parameters, request.body, is_left});
}

}  // namespace

bool has_route(std::string_view path, std::string_view method) {
  return find_route(path, method) != nullptr;
}

bool takes_body(std::string_view path, std::string_view method) {
  return !is_read(method) && has_route(path, method);
}

std::string methods_of(std::string_view path) {
  std::string methods;
  for (const std::string_view method : {"GET", "HEAD", "POST", "PUT"}) {
    if (find_route(path, method)) methods.append(methods.empty() ? "" : ", ").append(method);
  }
  return methods;
}

Answer answer_request(const std::vector<Served>& recordings, const Request& request,
                      const IsLeft& is_left) {
  return answer_or_error([&] { return route(recordings, request, is_left); });
}

}  // namespace actogram
