// Who may ask. On loopback anyone on this machine may, but only under a name of this machine: a
// page of another site can point its own name at 127.0.0.1 (DNS rebinding) and would then read the
// recording with the visitor's browser; its requests carry that other name in `Host`. Beyond
// loopback a token is needed instead, and then the name does not matter. A page of another site
// that asks under our own name says so in `Origin`.
#pragma once

#include <string>
#include <string_view>

namespace actogram {

// "localhost", "127.x.y.z", "::1".
bool is_loopback(std::string_view host);

// Whether a `Host` header names this machine, with this port: "localhost:7878", "[::1]:7878".
bool names_loopback(std::string_view host_header, int port);

// Whether an `Origin` header is of what the `Host` header names: "http://localhost:7878".
bool same_origin(std::string_view origin, std::string_view host_header);

// Compares in a time that depends on the lengths only.
bool same_secret(std::string_view given, std::string_view expected);

// The value of one cookie in a `Cookie` header, "" where it has none.
std::string_view cookie(std::string_view header, std::string_view name);

// "[::1]:7878" for "::1": how a host is written in a URL.
std::string authority(std::string_view host, int port);

}  // namespace actogram
