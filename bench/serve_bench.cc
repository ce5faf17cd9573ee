// serve_bench: how long does a unit's page take to come over HTTP, when several are asked at once?
//
//   serve_bench RECORDING... [--connections 4] [--requests 2000] [--rounds 3]
//
// Serves each recording in turn and asks for /api/units/ of units drawn at random, on connections
// that stay open, each from a thread of its own and one request after another. A time is from the
// first byte sent to the last received; server and clients share the processors. Every answer is
// held against the document that the recording itself gives. Printed of each round: the middle, the
// 99th percentile against its bound of 1 ms, the slowest, answers a second, and their mean size.
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <random>

#include "base/threads.h"
#include "bench/measure.h"
#include "query/pages.h"
#include "server/server.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr double kBoundMilliseconds = 1;

struct Options {
  std::vector<std::string> recordings;
  size_t connections = 4;
  size_t requests = 2000;  // of each connection
  int rounds = 3;
};

// An open connection that asks for one document after another.
class Client {
 public:
  explicit Client(int port) : port_(port), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int yes = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      fail(Code::environment, "no connection to port {}", port);
    }
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The body; valid until the next request.
  std::string_view get(const std::string& path) {
    const std::string request =
        fmt::format("GET {} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", path, port_);
    if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) fail_closed(path);
    received_.clear();
    constexpr std::string_view kEnd = "\r\n\r\n";
    size_t head = std::string::npos;
    while (head == std::string::npos) {
      receive(path);
      head = received_.find(kEnd);
    }
    const size_t body = head + kEnd.size(), end = body + length_of(path, head);
    while (received_.size() < end) receive(path);
    return std::string_view(received_).substr(body);
  }

 private:
  [[noreturn]] static void fail_closed(const std::string& path) {
    fail(Code::environment, "{}: the server closed the connection", path);
  }

  void receive(const std::string& path) {
    const size_t n_before = received_.size();
    received_.resize(n_before + (1 << 18));
    const ssize_t n = recv(socket_, received_.data() + n_before, 1 << 18, 0);
    if (n <= 0) fail_closed(path);
    received_.resize(n_before + static_cast<size_t>(n));
  }

  size_t length_of(const std::string& path, size_t head) const {
    if (!received_.starts_with("HTTP/1.1 200 ")) {
      fail(Code::corrupt, "{}: {}", path, received_.substr(0, received_.find('\r')));
    }
    constexpr std::string_view kName = "Content-Length: ";
    const size_t at = received_.find(kName);
    size_t length = 0;
    if (at < head) {
      const char* digits = received_.data() + at + kName.size();
      std::from_chars(digits, received_.data() + head, length);
    }
    return length;
  }

  int port_;
  int socket_;
  std::string received_;
};

class Bench {
 public:
  Bench(const std::string& recording, const Options& options)
      : options_(options), pages_(recording), sites_(Recording(recording).manifest().sites) {}

  void run() {
    Documents documents;
    documents.unit = [&](std::string_view address) { return pages_.unit_json(address); };
    Server server({{"served", documents}}, {.port = 0});
    std::thread thread([&] { server.run(); });
    try {
      for (int round = 0; round < options_.rounds; ++round) measure(server.port(), round);
    } catch (...) {
      server.stop();
      thread.join();
      throw;
    }
    server.stop();
    thread.join();
  }

 private:
  struct Times {
    std::vector<double> milliseconds;
    std::vector<size_t> hashes;  // of the answers
    size_t n_bytes = 0;
  };

  std::vector<std::string> random_addresses(uint64_t seed) const {
    std::mt19937_64 random(seed);
    std::vector<std::string> addresses;
    for (size_t i = 0; i < options_.requests; ++i) {
      const Site& site = sites_[random() % sites_.size()];
      addresses.push_back(fmt::format("{}/{}", site.name, random() % site.n_units));
    }
    return addresses;
  }

  Times ask(int port, uint64_t seed) const {
    Client client(port);
    Times times;
    for (const std::string& address : random_addresses(seed)) {
      std::string_view body;
      const std::string path = "/api/units/" + address;
      times.milliseconds.push_back(1e3 * seconds_of([&] { body = client.get(path); }));
      times.n_bytes += body.size();
      times.hashes.push_back(std::hash<std::string_view>()(body));
    }
    return times;
  }

  void measure(int port, int round) const {
    std::vector<Times> times(options_.connections);
    const auto seed = [&](size_t i) { return static_cast<uint64_t>(round) << 32 | i; };
    ThreadPool threads(times.size());
    const double seconds = seconds_of([&] {
      threads.parallel_for(times.size(), [&](size_t i, size_t) { times[i] = ask(port, seed(i)); });
    });
    for (size_t i = 0; i < times.size(); ++i) check(seed(i), times[i]);
    print(times, seconds);
  }

  void check(uint64_t seed, const Times& times) const {
    const std::vector<std::string> addresses = random_addresses(seed);
    for (size_t i = 0; i < addresses.size(); ++i) {
      const std::string expected = pages_.unit_json(addresses[i]);
      if (std::hash<std::string_view>()(expected) == times.hashes[i]) continue;
      fail(Code::corrupt, "/api/units/{}: not the document of the recording", addresses[i]);
    }
  }

  static void print(const std::vector<Times>& times, double seconds) {
    std::vector<double> all;
    size_t n_bytes = 0;
    for (const Times& some : times) {
      all.insert(all.end(), some.milliseconds.begin(), some.milliseconds.end());
      n_bytes += some.n_bytes;
    }
    std::ranges::sort(all);
    const double p99 = all[all.size() * 99 / 100];
    std::printf(
        "median %.3f ms, p99 %.3f ms (%.2f of the bound of %g ms), slowest %.1f ms; %.0f a second "
        "of %.1f kB; all %zu checked\n",
        all[all.size() / 2], p99, p99 / kBoundMilliseconds, kBoundMilliseconds, all.back(),
        static_cast<double>(all.size()) / seconds,
        static_cast<double>(n_bytes) / 1e3 / static_cast<double>(all.size()), all.size());
  }

  const Options& options_;
  Pages pages_;
  std::vector<Site> sites_;
};

int run(int argc, char** argv) {
  Options o;
  CLI::App app("How long a unit's page takes over HTTP");
  app.add_option("RECORDINGS", o.recordings, "NAME.acto")->required();
  app.add_option("--connections", o.connections)->capture_default_str();
  app.add_option("--requests", o.requests, "of each connection")->capture_default_str();
  app.add_option("--rounds", o.rounds)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  print_machine(argc, argv);
  for (const std::string& recording : o.recordings) {
    std::printf("%s\n", recording.c_str());
    Bench(recording, o).run();
  }
  return 0;
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  try {
    return actogram::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "serve_bench: %s\n", error.what());
    return 1;
  }
}
