#include "server/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cctype>

#include "server/api_schemas.h"

namespace actogram {

namespace {

// What may follow the "?" of any address. To add one: a row here, its name in the table of routes.
struct ParameterFacts {
  std::string_view name;
  std::string_view type;  // of JSON Schema
  std::string_view description;
};

constexpr std::array<ParameterFacts, 17> kParameters = {{
    {"in", "string", "Name of the recording; without it the first that is served"},
    {"by", "string", "The number to sort by and to filter: a member of each unit"},
    {"order", "string", "highest or lowest first"},
    {"kind", "string", "any, neurons, heads or latents"},
    {"site", "string", "Only units of this site"},
    {"layer", "integer", "Only units of this layer"},
    {"class", "string", "Only units of this rw_class"},
    {"least", "number", "What is below is left out: of tokens their count, of units their number"},
    {"most", "number", "Units whose number is above are left out"},
    {"first", "integer", "How many to skip"},
    {"limit", "integer", "How many to list, up to 1000"},
    {"sort", "string", "What comes first; docs/api.md has the choices"},
    {"from", "integer", "The chunk of the document to begin with"},
    {"unit", "string", "Address of the unit whose values to show"},
    {"text", "string", "The words to look for"},
    {"case", "string", "any, or exact to tell A from a"},
    {"stream", "integer", "1 to get lines of JSON while the search goes on"},
}};

// The part in braces, which may hold slashes; "" where the path has none.
std::string_view parameter_of(std::string_view path) {
  const size_t begin = path.find('{');
  if (begin == path.npos) return {};
  return path.substr(begin + 1, path.find('}') - begin - 1);
}

std::string error_answer_of(std::string_view status, std::string_view when) {
  return fmt::format(R"("{}": {{"description": "{}", "content": {{"application/json": )"
                     R"({{"schema": {{"$ref": "#/components/schemas/Error"}}}}}}}})",
                     status, when);
}

std::string answers_of(const ApiFacts& route) {
  std::string answers =
      fmt::format(R"("200": {{"description": "The document.", "headers": {{"ETag": )"
                  R"({{"schema": {{"type": "string"}}}}}}, "content": {{"application/json": )"
                  R"({{"schema": {{"$ref": "#/components/schemas/{}"}}}}{}}}}}, )"
                  R"("304": {{"description": "As If-None-Match has it."}})",
                  route.schema, route.streams ? R"(, "application/x-ndjson": {})" : "");
  if (!route.body.empty()) {
    answers += ", " + error_answer_of("415", "The request's body is not application/json.");
    answers += ", " + error_answer_of("503", "Too much is asked at once, or it takes too long.");
  }
  answers += ", " + error_answer_of("400", "What was asked cannot be meant.");
  answers += ", " + error_answer_of("404", "There is no such thing.");
  answers += ", " + error_answer_of("401", "The token is missing.");
  answers += ", " + error_answer_of("403", "Host or Origin name another machine or port.");
  return answers + ", " +
         error_answer_of("413", route.body.empty() ? "The request has a body."
                                                   : "The request's body is too long.");
}

std::string query_parameter(std::string_view name, std::string_view required) {
  const auto* const facts = std::ranges::find(kParameters, name, &ParameterFacts::name);
  assert(facts != kParameters.end());
  return fmt::format(R"({{"name": "{}", "in": "query", "required": {}, "description": "{}", )"
                     R"("schema": {{"type": "{}"{}}}}})",
                     name, name == required, facts->description, facts->type,
                     name == required ? R"(, "minLength": 1)" : "");
}

std::string body_of(std::string_view schema) {
  if (schema.empty()) return "";
  return fmt::format(R"("requestBody": {{"required": true, "content": {{"application/json": )"
                     R"({{"schema": {{"$ref": "#/components/schemas/{}"}}}}}}}}, )",
                     schema);
}

std::string lower(std::string_view text) {
  std::string letters(text);
  std::ranges::transform(letters, letters.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return letters;
}

std::string operation_of(const ApiRoute& route) {
  std::string parameters = query_parameter("in", "");
  if (const std::string_view name = parameter_of(route.facts.path); !name.empty()) {
    parameters += fmt::format(R"(, {{"name": "{}", "in": "path", "required": true, "schema": )"
                              R"({{"type": "string", "minLength": 1}}, "example": "{}"}})",
                              name, route.facts.example);
  }
  for (std::string_view rest = route.parameters; !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    parameters += ", " + query_parameter(rest.substr(0, end), route.facts.required);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return fmt::format(R"("{}": {{"summary": "{}", "parameters": [{}], {}"responses": {{{}}}}})",
                     lower(route.method), route.facts.summary, parameters,
                     body_of(route.facts.body), answers_of(route.facts));
}

}  // namespace

std::string openapi_json(std::span<const ApiRoute> routes) {
  std::string paths;
  for (size_t i = 0; i < routes.size();) {
    const std::string_view path = routes[i].facts.path;
    std::string operations = operation_of(routes[i]);
    while (++i < routes.size() && routes[i].facts.path == path) {
      operations += ", " + operation_of(routes[i]);
    }
    paths += fmt::format(R"({}"{}": {{{}}})", paths.empty() ? "" : ", ", path, operations);
  }
  return fmt::format(
      R"({{"openapi": "3.1.0", "info": {{"title": "actogram", "version": "0.1.0"}}, )"
      R"("paths": {{{}}}, "components": {{"schemas": {}}}}})",
      paths, kApiSchemas);
}

}  // namespace actogram
