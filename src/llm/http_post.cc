#include "llm/http_post.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <string_view>

#include "actogram/error.h"

namespace actogram {
namespace {

using Outcome = HttpAnswer::Outcome;

struct Deleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Receiver {
  HttpAnswer& answer;
  size_t most_bytes;
};

// Called by libcurl, so nothing may be thrown: a short count stops the transfer.
size_t receive_body(char* data, size_t size, size_t n, void* user) noexcept {
  auto& [answer, most_bytes] = *static_cast<Receiver*>(user);
  const size_t bytes = size * n;
  if (bytes > most_bytes - answer.body.size()) {
    answer.outcome = Outcome::too_large;
    return 0;
  }
  answer.body.append(data, bytes);
  return bytes;
}

size_t receive_header(char* data, size_t size, size_t n, void* user) noexcept {
  constexpr size_t kMostHeaders = 200;
  auto& answer = static_cast<Receiver*>(user)->answer;
  const std::string_view line(data, size * n);
  const size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) answer.headers.clear();  // those of "100 Continue"
  if (colon == line.npos || answer.headers.size() >= kMostHeaders) return line.size();
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string_view value = line.substr(colon + 1);
  const size_t first = value.find_first_not_of(" \t\r\n");
  value =
      first == value.npos ? "" : value.substr(first, value.find_last_not_of(" \t\r\n") + 1 - first);
  answer.headers[std::move(name)] = value;
  return line.size();
}

Outcome outcome_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Outcome::timed_out;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return Outcome::not_trusted;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return Outcome::unreachable;
    default:
      return Outcome::cut_off;
  }
}

// One request's use of the thread's handle, which keeps the connections of earlier requests: not
// each question costs a connection and its TLS. Where the host has closed one meanwhile, libcurl
// opens another. Afterwards the handle forgets all options, since what they point to goes.
struct Reset {
  void operator()(CURL* handle) const { curl_easy_reset(handle); }
};
std::unique_ptr<CURL, Reset> handle_of_thread() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  thread_local const std::unique_ptr<CURL, Deleter> handle(curl_easy_init());
  if (initialised != CURLE_OK || !handle) fail(Code::environment, "libcurl does not start");
  return std::unique_ptr<CURL, Reset>(handle.get());
}

}  // namespace

HttpAnswer post(const HttpPost& request) {
  std::unique_ptr<curl_slist, Deleter> headers;
  for (const std::string& header : request.headers) {
    // The list's head stays the same but for the first.
    curl_slist* list = curl_slist_append(headers.get(), header.c_str());
    if (list == nullptr) fail(Code::environment, "not enough memory");
    if (!headers) headers.reset(list);
  }
  HttpAnswer answer;
  Receiver receiver{answer, request.most_bytes};
  std::array<char, CURL_ERROR_SIZE> problem = {};
  const auto handle = handle_of_thread();
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &receive_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &receive_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &receiver);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem.data());
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    fail(Code::invalid, "{}: {}; expected an address like http://localhost:8080/v1", request.url,
         curl_easy_strerror(code));
  }
  if (code != CURLE_OK) {
    if (answer.outcome != Outcome::too_large) answer.outcome = outcome_of(code);
    answer.problem = problem[0] != '\0' ? problem.data() : curl_easy_strerror(code);
    return answer;
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace actogram
