#include "server/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "server/api_schemas.h"

namespace actogram {

namespace {

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
                  R"({{"schema": {{"$ref": "#/components/schemas/{}"}}}}}}}}, )"
                  R"("304": {{"description": "As If-None-Match has it."}})",
                  route.schema);
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

std::string query_parameter(std::string_view name) {
  return fmt::format(R"({{"name": "{}", "in": "query", "schema": {{"type": "string"}}}})", name);
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
  std::string parameters = query_parameter("in");
  if (const std::string_view name = parameter_of(route.facts.path); !name.empty()) {
    parameters += fmt::format(R"(, {{"name": "{}", "in": "path", "required": true, "schema": )"
                              R"({{"type": "string", "minLength": 1}}, "example": "{}"}})",
                              name, route.facts.example);
  }
  for (std::string_view rest = route.parameters; !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    parameters += ", " + query_parameter(rest.substr(0, end));
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
