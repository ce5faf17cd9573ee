#include "server/server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "server/access.h"
#include "server/answer.h"
#include "server/connection.h"
#include "server/connection_threads.h"
#include "server/routes.h"
#include "server/secrets.h"

namespace actogram {

namespace {

constexpr size_t kMostConnections = 4096;  // at once; a browser keeps six
constexpr size_t kMostBodyBytes = size_t{64} << 10;

using httplib::Request;
using httplib::Response;

bool takes_body(const Request& request) {
  return actogram::takes_body(request.path, request.method);
}

bool has_body(const Request& request) {
  const std::string length = request.get_header_value("Content-Length");
  return request.has_header("Transfer-Encoding") || (!length.empty() && length != "0");
}

// The library hands a handler no connection; it calls it on the connection's own thread.
thread_local const Connection* answered = nullptr;

// As its headers say; nothing where they do not, or it is too long.
std::optional<size_t> body_bytes(const Request& request) {
  const std::string length = request.get_header_value("Content-Length");
  size_t n = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), n);
  if (request.has_header("Transfer-Encoding") || error != std::errc() ||
      end != length.data() + length.size() || n > kMostBodyBytes) {
    return std::nullopt;
  }
  return n;
}

// Reads the body where there may be one. False where bytes of the request are left, which would be
// taken for the next one.
bool read_whole(Request& request, Connection& connection) {
  if (!has_body(request)) return true;
  const auto n_bytes = takes_body(request) ? body_bytes(request) : std::nullopt;
  auto body = n_bytes ? connection.read_body(*n_bytes) : std::nullopt;
  if (!body) return false;
  request.body = std::move(*body);
  return true;
}

// The library's server with limits for each connection (connection.h). The library closes its
// socket at the end of listening only; one that never listened leaks it.
class Listener : public httplib::Server {
 public:
  Listener(const ConnectionLimits& limits, const std::atomic<bool>& stopping)
      : limits_(limits), stopping_(stopping) {}
  ~Listener() override {
    const socket_t socket = svr_sock_.exchange(INVALID_SOCKET);
    if (socket != INVALID_SOCKET) close(socket);
  }

  // The library lets five wait to be accepted; those after them would try again a second later.
  void let_wait(int n) { ::listen(svr_sock_, n); }

 private:
  bool process_and_close_socket(socket_t socket) override {
    serve_connection(socket, limits_, stopping_, [this](Connection& connection) {
      bool closed = false, whole = false;
      // What is not understood, or has a body that nobody reads, ends the connection.
      const auto look = [&](Request& request) { whole = read_whole(request, connection); };
      answered = &connection;
      return process_request(connection.stream(), false, closed, look) && whole && !closed;
    });
    return true;
  }

  const ConnectionLimits& limits_;
  const std::atomic<bool>& stopping_;
};

void check_names(const std::vector<Served>& recordings) {
  for (size_t i = 0; i < recordings.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (recordings[i].name != recordings[j].name) continue;
      fail(Code::invalid, "two recordings are called {}: `?in=` could not tell them apart",
           recordings[i].name);
    }
  }
}

void check_options(const ServeOptions& options) {
  if (options.port < 0 || options.port > 65535) {
    fail(Code::invalid, "a port is 0 to 65535, not {}", options.port);
  }
  const bool clean = std::ranges::all_of(options.token, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (!clean) fail(Code::invalid, "a token is made of letters, digits, '-', '_' and '.'");
  if (!is_loopback(options.host) && options.token.empty()) {
    fail(Code::invalid,
         "serving on {} lets other machines read the recording: give a token with --token",
         options.host);
  }
}

}  // namespace

class Server::Http {
 public:
  Http(std::vector<Served> recordings, const ServeOptions& options);

  void run();
  void stop();
  int port() const { return port_; }
  std::string url() const;

 private:
  void answer(const Request& request, Response& response);
  std::optional<Answer> refuse(const Request& request) const;
  std::optional<Answer> refuse_visitor(const Request& request) const;
  bool has_token(const Request& request) const;
  bool opens_link(const Request& request);
  void bind();

  std::vector<Served> recordings_;
  ServeOptions options_;
  int port_ = 0;
  OneTimeLink link_;
  std::atomic<bool> stopping_ = false;
  Listener server_{options_.limits, stopping_};
};

Server::Http::Http(std::vector<Served> recordings, const ServeOptions& options)
    : recordings_(std::move(recordings)), options_(options) {
  check_options(options_);
  check_names(recordings_);
  server_.set_tcp_nodelay(true);  // or each answer waits for the client's delayed acknowledgement
  // Only SO_REUSEADDR: with the library's SO_REUSEPORT two servers would share a port unnoticed.
  server_.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  server_.new_task_queue = [this]() -> httplib::TaskQueue* {
    if (stopping_) server_.stop();  // stop() came before the library could see it
    return new ConnectionThreads(kMostConnections);
  };
  // Before the library's own routing, whose regular expressions recurse once per character.
  server_.set_pre_routing_handler([this](const Request& request, Response& response) {
    // The library trusts a Range header to lie inside the body. Ranges are optional: drop them.
    const_cast<Request&>(request).ranges.clear();
    answer(request, response);
    return httplib::Server::HandlerResponse::Handled;
  });
  bind();
}

void Server::Http::bind() {
  if (options_.port == 0) {
    port_ = server_.bind_to_any_port(options_.host);
  } else {
    port_ = server_.bind_to_port(options_.host, options_.port) ? options_.port : -1;
  }
  if (port_ <= 0) {
    fail(Code::environment,
         "cannot listen on {}: the port is taken or the address is not this machine's; "
         "--port 0 picks a free port",
         authority(options_.host, options_.port));
  }
  server_.let_wait(static_cast<int>(kMostConnections));
}

std::string Server::Http::url() const {
  const std::string base = fmt::format("http://{}/", authority(options_.host, port_));
  return options_.token.empty() ? base : fmt::format("{}?{}={}", base, kLinkName, link_.ticket());
}

void Server::Http::run() {
  if (stopping_) return;
  allow_connections(kMostConnections);
  if (!server_.listen_after_bind() && !stopping_) {
    fail(Code::environment, "the server on port {} stopped accepting connections", port_);
  }
}

void Server::Http::stop() {
  stopping_ = true;
  server_.stop();  // atomics, shutdown() and close(): fit for a signal handler
}

bool Server::Http::has_token(const Request& request) const {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string header = request.get_header_value("Authorization");
  const std::string cookies = request.get_header_value("Cookie");
  return (header.starts_with(kBearer) &&
          same_secret(std::string_view(header).substr(kBearer.size()), options_.token)) ||
         same_secret(cookie(cookies, kTokenCookie), options_.token);
}

std::optional<Answer> Server::Http::refuse_visitor(const Request& request) const {
  const std::string host = request.get_header_value("Host");
  if (options_.token.empty() && !names_loopback(host, port_)) {
    return error_answer(403, "forbidden",
                        fmt::format("this server answers to localhost:{} only", port_));
  }
  if (request.has_header("Origin") && !same_origin(request.get_header_value("Origin"), host)) {
    return error_answer(403, "forbidden", "this server does not answer pages of other sites");
  }
  if (!options_.token.empty() && !has_token(request)) {
    return error_answer(401, "unauthorized",
                        "this server wants its token: open the address it printed, which works "
                        "once, or send `Authorization: Bearer TOKEN`");
  }
  return std::nullopt;
}

namespace {

// Why a request with a body is not answered, if so.
std::optional<Answer> refuse_body(const Request& request) {
  if (!takes_body(request)) return error_answer(413, "invalid", "a request here has no body");
  if (!body_bytes(request) || request.body.size() != *body_bytes(request)) {
    return error_answer(
        413, "invalid",
        fmt::format("a body has up to {} bytes, and a header Content-Length", kMostBodyBytes));
  }
  // What a page of another site may send without asking has another type.
  if (!request.get_header_value("Content-Type").starts_with("application/json")) {
    return error_answer(415, "invalid", "a body here is JSON: Content-Type: application/json");
  }
  return std::nullopt;
}

// Of a path that there is, with a method that it does not take.
std::optional<Answer> refuse_method(const Request& request) {
  const std::string methods = methods_of(request.path);
  if (methods.empty() || has_route(request.path, request.method)) return std::nullopt;
  Answer refused =
      error_answer(405, "invalid", fmt::format("this address answers {} only", methods));
  refused.allow = methods;
  return refused;
}

}  // namespace

// Why a request is not even looked at, if so.
std::optional<Answer> Server::Http::refuse(const Request& request) const {
  if (auto refused = refuse_visitor(request)) return refused;
  if (auto refused = refuse_method(request)) return refused;
  if (has_body(request) || takes_body(request)) return refuse_body(request);
  return std::nullopt;
}

// Only of a page: what else a path may be is no place to send a browser to, and documents are not
// made for those who have not shown a token.
bool Server::Http::opens_link(const Request& request) {
  if (options_.token.empty() || request.method != "GET" || !request.has_param(kLinkName) ||
      request.path.starts_with("/api/")) {
    return false;
  }
  const IsLeft stays = [] { return false; };
  const Answer page = answer_request(recordings_, request, stays);
  if (!page.content_type.starts_with("text/html")) return false;
  if (!link_.use(request.get_param_value(kLinkName))) return false;
  if (options_.link_used) options_.link_used(url());
  return true;
}

void Server::Http::answer(const Request& request, Response& response) {
  if (opens_link(request)) {
    return send(redirect_with_cookie(request, options_.token), request, response);
  }
  const auto refused = refuse(request);
  if (refused) {
    // A body that nobody reads would be taken for the next request.
    if (request.method != "GET") response.set_header("Connection", "close");
    return send(*refused, request, response);
  }
  const IsLeft is_left = [this] { return stopping_ || (answered && answered->is_left()); };
  send(answer_request(recordings_, request, is_left), request, response);
}

Server::Server(std::vector<Served> recordings, const ServeOptions& options)
    : http_(std::make_unique<Http>(std::move(recordings), options)) {}
Server::~Server() = default;
int Server::port() const { return http_->port(); }
std::string Server::url() const { return http_->url(); }
void Server::run() { http_->run(); }
void Server::stop() { http_->stop(); }

}  // namespace actogram
