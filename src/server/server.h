// The pages and their JSON over HTTP: `actogram serve`.
//
// The server knows neither recordings nor units. It answers a fixed table of routes with documents
// that its caller supplies and with the pages inside the program; no path from a URL reaches the
// file system. Documents are made on the server's threads, several at a time. A recording does not
// change while it is served, so each answer carries an ETag and may be kept.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "actogram/error.h"

namespace actogram {

struct ServeOptions {
  std::string host = "127.0.0.1";  // any other than this machine's loopback needs a token
  int port = 7878;                 // 0: one that is free
  std::string token = {};          // "": none is asked for. Letters, digits, '-', '_' and '.'
};

// The JSON of docs/api.md. Each is called from several threads at once and may throw Error.
// An address is as a person types it: "12.mlp", "blocks.12.mlp.hook_post/345".
struct Documents {
  std::function<std::string()> recording;
  std::function<std::string(std::string_view site)> site;
  std::function<std::string(std::string_view address)> unit;
};

class Server {
 public:
  // Binds the port. Throws Error{invalid} for a host beyond loopback without a token, and
  // Error{environment} for a port that is taken.
  Server(Documents documents, const ServeOptions& options);
  ~Server();

  int port() const;
  std::string url() const;  // "http://127.0.0.1:7878/", with the token where there is one

  // Answers until stop(). Call it once.
  void run();

  // Ends run(). May be called from a signal handler, from any thread, and before run(). Requests
  // that have begun are answered; run() returns after them, at most 2 s later.
  void stop();

 private:
  class Http;
  std::unique_ptr<Http> http_;
};

}  // namespace actogram
