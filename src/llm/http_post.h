// One HTTP POST and what came back. libcurl's own statuses end here.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace actogram {

struct HttpPost {
  std::string url;  // http or https; redirects are not followed, so that no key goes elsewhere
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::chrono::milliseconds timeout{0};  // of the whole exchange
  size_t most_bytes = 0;                 // of the answer
};

struct HttpAnswer {
  enum class Outcome { answered, unreachable, timed_out, cut_off, too_large, not_trusted };

  Outcome outcome = Outcome::answered;
  std::string problem;  // where it was not answered: what libcurl says
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Thread-safe. Error{invalid} for an address that is none.
HttpAnswer post(const HttpPost& request);

}  // namespace actogram
