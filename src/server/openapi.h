// What the routes under /api/ are, as an OpenAPI 3.1 document, for programs and for tests that hold
// every answer against it. Routes come from the server's own table; the shapes of the documents,
// which docs/api.md explains, are in api_schemas.h.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace actogram {

// A route as the document tells of it.
struct ApiFacts {
  std::string_view path = {};  // "/api/units/{address}"; "" for what is no document
  std::string_view summary = {};
  std::string_view schema = {};    // of the answer, a name in api_schemas.h
  std::string_view example = {};   // of the part in braces
  std::string_view body = {};      // of the request, a name in api_schemas.h; "" for none
  std::string_view required = {};  // the parameter that must follow the "?" and say something
  bool streams = false;            // with stream=1, lines of JSON
};

struct ApiRoute {
  std::string_view method;  // "GET"
  ApiFacts facts;
  std::string_view parameters;  // that may follow the "?", besides `in`: names between blanks, each
                                // with a row in openapi.cc
};

// Routes of one path stand beside each other.
std::string openapi_json(std::span<const ApiRoute> routes);

}  // namespace actogram
