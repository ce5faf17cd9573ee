#include "server/server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <optional>
#include <utility>

#include "server/access.h"
#include "server/answer.h"
#include "server/assets.h"

namespace actogram {

namespace {

constexpr int kThreads = 32;          // a browser keeps six connections, each holds a thread
constexpr int kKeepAliveSeconds = 2;  // how long an idle connection holds its thread

using httplib::Request;
using httplib::Response;

// The library closes its socket at the end of listening only; one that never listened leaks it.
class Listener : public httplib::Server {
 public:
  Listener() = default;
  ~Listener() override {
    const socket_t socket = svr_sock_.exchange(INVALID_SOCKET);
    if (socket != INVALID_SOCKET) close(socket);
  }
};

// A path with its route's prefix taken off: "12.mlp/345" of "/api/units/12.mlp/345".
using Handler = Answer (*)(const Documents& documents, std::string_view rest);

Answer answer_recording(const Documents& documents, std::string_view) {
  return json_answer(documents.recording());
}

Answer answer_site(const Documents& documents, std::string_view site) {
  return json_answer(documents.site(site));
}

Answer answer_unit(const Documents& documents, std::string_view address) {
  return json_answer(documents.unit(address));
}

Answer answer_unknown_document(const Documents&, std::string_view rest) {
  fail(Code::not_found, "there is no document /api/{}; see docs/api.md", rest);
}

Answer answer_asset(const Documents&, std::string_view rest) {
  const Asset* asset = find_asset(fmt::format("/assets/{}", rest));
  if (asset == nullptr) fail(Code::not_found, "there is no asset {}", rest);
  return asset_answer(*asset, "public, max-age=31536000, immutable");  // the name holds a hash
}

// "12.mlp/345", "blocks.3.mlp.hook_post": the pages find out what is there. Nothing that climbs.
Answer answer_page(const Documents&, std::string_view rest) {
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
};

// The first route that matches answers. To add one: a handler above, a row here above the rows
// that its prefix begins with, its document in docs/api.md and in Documents, a test.
constexpr std::array<Route, 6> kRoutes = {{
    {"/api/recording", true, answer_recording},
    {"/api/sites/", false, answer_site},
    {"/api/units/", false, answer_unit},
    {"/api/", false, answer_unknown_document},
    {"/assets/", false, answer_asset},
    {"/", false, answer_page},
}};

Answer route(const Documents& documents, std::string_view path) {
  for (const Route& route : kRoutes) {
    if (route.exact ? path == route.prefix : path.starts_with(route.prefix)) {
      return route.handler(documents, path.substr(route.prefix.size()));
    }
  }
  fail(Code::invalid, "a path begins with /, not as {}", path);
}

Answer answer_or_error(const Documents& documents, std::string_view path) {
  try {
    return route(documents, path);
  } catch (const Error& error) {
    return error_answer(error.code(), error.what());
  } catch (const std::exception& error) {
    return error_answer(500, "internal", error.what());
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
  Http(Documents documents, const ServeOptions& options);

  void run();
  void stop();
  int port() const { return port_; }
  std::string url() const;

 private:
  void answer(const Request& request, Response& response) const;
  std::optional<Answer> refuse(const Request& request) const;
  bool has_token(const Request& request) const;
  void bind();

  Documents documents_;
  ServeOptions options_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  Listener server_;
};

Server::Http::Http(Documents documents, const ServeOptions& options)
    : documents_(std::move(documents)), options_(options) {
  check_options(options_);
  server_.set_tcp_nodelay(true);  // or each answer waits for the client's delayed acknowledgement
  server_.set_keep_alive_timeout(kKeepAliveSeconds);
  server_.set_keep_alive_max_count(1u << 20);
  // Only SO_REUSEADDR: with the library's SO_REUSEPORT two servers would share a port unnoticed.
  server_.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  server_.new_task_queue = [this]() -> httplib::TaskQueue* {
    if (stopping_) server_.stop();  // stop() came before the library could see it
    return new httplib::ThreadPool(kThreads);
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
}

std::string Server::Http::url() const {
  const std::string base = fmt::format("http://{}/", authority(options_.host, port_));
  return options_.token.empty() ? base : fmt::format("{}?token={}", base, options_.token);
}

void Server::Http::run() {
  if (stopping_) return;
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
         same_secret(request.get_param_value("token"), options_.token) ||
         same_secret(cookie(cookies, kTokenCookie), options_.token);
}

// Why a request is not even looked at, if so.
std::optional<Answer> Server::Http::refuse(const Request& request) const {
  if (!options_.token.empty()) {
    if (!has_token(request)) {
      return error_answer(401, "unauthorized",
                          "this server wants its token: open the address it printed, or send "
                          "`Authorization: Bearer TOKEN`");
    }
  } else if (!names_loopback(request.get_header_value("Host"), port_)) {
    return error_answer(403, "forbidden",
                        fmt::format("this server answers to localhost:{} only", port_));
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return error_answer(405, "invalid", "this server only answers GET and HEAD");
  }
  return std::nullopt;
}

void Server::Http::answer(const Request& request, Response& response) const {
  const auto refused = refuse(request);
  if (refused) {
    // A body that nobody reads would be taken for the next request.
    if (request.method != "GET") response.set_header("Connection", "close");
    return send(*refused, request, response);
  }
  Answer answer = answer_or_error(documents_, request.path);
  const bool page = answer.content_type.starts_with("text/html");
  if (page && !options_.token.empty() && request.has_param("token")) {
    answer = redirect_with_cookie(request, options_.token);
  }
  send(answer, request, response);
}

Server::Server(Documents documents, const ServeOptions& options)
    : http_(std::make_unique<Http>(std::move(documents), options)) {}
Server::~Server() = default;
int Server::port() const { return http_->port(); }
std::string Server::url() const { return http_->url(); }
void Server::run() { http_->run(); }
void Server::stop() { http_->stop(); }

}  // namespace actogram
