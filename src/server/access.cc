#include "server/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace actogram {

namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Four decimal numbers of which the first is 127: not "127.evil.example".
bool is_loopback_v4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  const bool decimal =
      std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return decimal && std::ranges::count(host, '.') == 3 && host.find("..") == std::string_view::npos;
}

}  // namespace

bool is_loopback(std::string_view host) {
  return equal_ignoring_case(host, "localhost") || host == "::1" || is_loopback_v4(host);
}

bool names_loopback(std::string_view host_header, int port) {
  std::string_view rest = host_header;
  const std::string suffix = fmt::format(":{}", port);
  if (rest.ends_with(suffix)) {
    rest.remove_suffix(suffix.size());
  } else if (port != 80) {
    return false;
  }
  if (rest.starts_with('[') && rest.ends_with(']')) return rest == "[::1]";
  return rest != "::1" && is_loopback(rest);
}

bool same_origin(std::string_view origin, std::string_view host_header) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) {
      return equal_ignoring_case(origin.substr(scheme.size()), host_header);
    }
  }
  return false;
}

bool same_secret(std::string_view given, std::string_view expected) {
  unsigned char difference = given.size() == expected.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char other = expected.empty() ? '\0' : expected[i % expected.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

std::string_view cookie(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const size_t end = std::min(header.find(';'), header.size());
    std::string_view pair = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

std::string authority(std::string_view host, int port) {
  const bool v6 = host.find(':') != std::string_view::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace actogram
