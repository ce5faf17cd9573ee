// The pages and their JSON over HTTP: `actogram serve`.
//
// The server knows neither recordings nor units. It answers a fixed table of routes with documents
// that its caller supplies, for one recording or several, and with the pages inside the program; no
// path from a URL reaches the file system. Documents are made on the server's threads, several at a
// time. A recording does not change while it is served, so each answer carries an ETag and may be
// kept. What visitors write, labels of units, is kept by the caller, beside the recording.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/error.h"
#include "query/document_views.h"
#include "query/event_views.h"
#include "query/text_search.h"
#include "query/unit_list.h"
#include "server/connection.h"

namespace actogram {

struct ServeOptions {
  std::string host = "127.0.0.1";  // any other than this machine's loopback needs a token
  int port = 7878;                 // 0: one that is free
  std::string token = {};          // "": none is asked for. Letters, digits, '-', '_' and '.'
  ConnectionLimits limits = {};
  // The link that url() gives opens the pages once; this is told the next one. Any thread.
  std::function<void(const std::string& url)> link_used = {};
};

// Whether nobody waits for an answer any more.
using IsLeft = std::function<bool()>;

// The JSON of docs/api.md. Each is called from several threads at once and may throw Error.
// An address is as a person types it: "12.mlp", "blocks.12.mlp.hook_post/345".
struct Documents {
  std::function<std::string()> recording;
  std::function<std::string(std::string_view site)> site;
  std::function<std::string(std::string_view site)> entropy;
  std::function<std::string(std::string_view address)> unit;
  std::function<std::string(std::string_view address)> packed;   // as its page fetches it
  std::function<std::string(std::string_view address)> feature;  // as Neuronpedia has it
  std::function<std::string(const UnitListQuestion&)> units;
  std::function<std::string(std::string_view address, size_t limit)> classes;
  std::function<std::string(std::string_view address, PartnerOrder order, size_t limit)> partners;
  std::function<std::string(std::string_view address, size_t limit)> similar;
  std::function<std::string(std::string_view address, size_t limit)> lens;
  std::function<std::string(std::string_view address, size_t least, size_t limit)> tokens;
  std::function<std::string(const DocumentQuestion&)> document;
  std::function<std::string(const Place&, FiringOrder order, size_t limit)> place;
  std::function<std::string(const TextQuestion&, const SearchStep& step)> search;
  std::function<std::string(std::string_view address)> explanations;
  std::function<std::string(std::string_view text, size_t limit)> explanations_with;
  std::function<std::string(std::string_view address)> label;
  std::function<std::string(std::string_view text, size_t limit)> labels;  // "": all
  // Keeps what a visitor sent, and is label() then.
  std::function<std::string(std::string_view address, std::string_view body)> set_label;
  std::function<std::string()> live;
  // What the recording's model makes of the text that a visitor sent; they may take seconds.
  std::function<std::string(std::string_view address, std::string_view body, const IsLeft& is_left)>
      typed_unit;
  std::function<std::string(std::string_view body, FiringOrder order, size_t limit,
                            const IsLeft& is_left)>
      typed_units;
};

// A recording under the name that `?in=NAME` gives it; without `in`, the first is meant.
struct Served {
  std::string name;
  Documents documents;
};

class Server {
 public:
  // Binds the port. Throws Error{invalid} for a host beyond loopback without a token and for two
  // recordings of one name, and Error{environment} for a port that is taken. Requires: a recording.
  Server(std::vector<Served> recordings, const ServeOptions& options);
  ~Server();

  int port() const;
  std::string url() const;  // "http://127.0.0.1:7878/", that opens once where there is a token

  // Answers until stop(). Call it once.
  void run();

  // Ends run(). May be called from a signal handler, from any thread, and before run(). Requests
  // that are read are answered; run() returns after them, at most a second later.
  void stop();

 private:
  class Http;
  std::unique_ptr<Http> http_;
};

}  // namespace actogram
