// serve_bench: how long does a unit's page take to come over HTTP, when several are asked at once?
//
//   serve_bench RECORDING... [--connections 4] [--requests 2000] [--rounds 3] [--kind packed]
//
// Serves each recording in turn and asks for documents of units drawn at random, on connections
// that stay open, each from a thread of its own and one request after another: `packed`, which is
// what a unit's page fetches to show its numbers and excerpts, `units`, the same for scripts, or
// `tokens` and `classes`, which the page adds to itself. A time is from the first byte sent to the
// last received; server and clients share the processors. Every answer is held against the document
// that the recording itself gives. Printed of each round: the middle, the 99th percentile against
// its bound of 1 ms, the slowest, answers a second, their mean size, and the processor time that an
// answer takes, of the server and of the client; then the same times of all rounds together.
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <ctime>
#include <random>

#include "base/hash.h"
#include "base/threads.h"
#include "bench/measure.h"
#include "query/pages.h"
#include "query/token_means.h"
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
  std::string kind = "packed";
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
    n_received_ = 0;
    constexpr std::string_view kEnd = "\r\n\r\n";
    size_t head = std::string::npos;
    while (head == std::string::npos) {
      receive(path);
      head = received().find(kEnd);
    }
    const size_t body = head + kEnd.size(), end = body + length_of(path, head);
    while (n_received_ < end) receive(path);
    return received().substr(body);
  }

 private:
  [[noreturn]] static void fail_closed(const std::string& path) {
    fail(Code::environment, "{}: the server closed the connection", path);
  }

  void receive(const std::string& path) {
    if (buffer_.size() - n_received_ < kRoom) buffer_.resize(buffer_.size() * 2);
    const ssize_t n = recv(socket_, buffer_.data() + n_received_, buffer_.size() - n_received_, 0);
    if (n <= 0) fail_closed(path);
    n_received_ += static_cast<size_t>(n);
  }

  std::string_view received() const { return {buffer_.data(), n_received_}; }

  size_t length_of(const std::string& path, size_t head) const {
    if (!received().starts_with("HTTP/1.1 200 ")) {
      fail(Code::corrupt, "{}: {}", path, received().substr(0, received().find('\r')));
    }
    constexpr std::string_view kName = "Content-Length: ";
    const size_t at = received().find(kName);
    size_t length = 0;
    if (at < head) {
      const char* digits = buffer_.data() + at + kName.size();
      std::from_chars(digits, buffer_.data() + head, length);
    }
    return length;
  }

  int port_;
  int socket_;
  static constexpr size_t kRoom = 1 << 18;  // that each call may fill
  std::vector<char> buffer_ = std::vector<char>(2 * kRoom);
  size_t n_received_ = 0;
};

std::string hash_of(std::string_view text) {
  Checksum checksum;
  checksum.update(std::as_bytes(std::span(text)));
  return checksum.hex();
}

// Of the processors, in seconds, since the beginning: of this thread, or of all.
double processor_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

class Bench {
 public:
  Bench(const std::string& recording, const Options& options)
      : options_(options),
        recording_(recording),
        pages_(recording_),
        means_(recording_),
        sites_(recording_.manifest().sites) {}

  void run() {
    Documents documents;
    documents.packed = [&](std::string_view address) { return pages_.packed_unit_json(address); };
    documents.unit = [&](std::string_view address) { return pages_.unit_json(address); };
    documents.tokens = [&](std::string_view address, size_t least, size_t limit) {
      return means_.json(address, least, limit);
    };
    documents.classes = [&](std::string_view address, size_t limit) {
      return pages_.class_exemplars_json(address, limit);
    };
    // As `actogram serve` does in the background.
    std::printf("checked ahead in %.0f ms\n",
                1e3 * seconds_of([&] { recording_.check_ahead(std::stop_token()); }));
    Server server({{"served", documents}}, {.port = 0});
    std::thread thread([&] { server.run(); });
    try {
      std::vector<double> all;
      for (int round = 0; round < options_.rounds; ++round) {
        std::ranges::copy(measure(server.port(), round), std::back_inserter(all));
      }
      std::printf("all rounds: %s\n", text_of(all).c_str());
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
    std::vector<std::string> hashes;  // of the answers
    size_t n_bytes = 0;
    double client_seconds = 0;  // of a processor
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
    const double begin = processor_seconds(CLOCK_THREAD_CPUTIME_ID);
    for (const std::string& address : random_addresses(seed)) {
      std::string_view body;
      const std::string path = path_of(address);
      times.milliseconds.push_back(1e3 * seconds_of([&] { body = client.get(path); }));
      times.n_bytes += body.size();
      times.hashes.push_back(hash_of(body));
    }
    times.client_seconds = processor_seconds(CLOCK_THREAD_CPUTIME_ID) - begin;
    return times;
  }

  std::vector<double> measure(int port, int round) const {
    std::vector<Times> times(options_.connections);
    const auto seed = [&](size_t i) { return static_cast<uint64_t>(round) << 32 | i; };
    ThreadPool threads(times.size());
    const double begin = processor_seconds(CLOCK_PROCESS_CPUTIME_ID);
    const double seconds = seconds_of([&] {
      threads.parallel_for(times.size(), [&](size_t i, size_t) { times[i] = ask(port, seed(i)); });
    });
    const double all = processor_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
    for (size_t i = 0; i < times.size(); ++i) check(seed(i), times[i]);
    return print(times, seconds, all);
  }

  void check(uint64_t seed, const Times& times) const {
    const std::vector<std::string> addresses = random_addresses(seed);
    for (size_t i = 0; i < addresses.size(); ++i) {
      const std::string expected = document_of(addresses[i]);
      if (hash_of(expected) == times.hashes[i]) continue;
      fail(Code::corrupt, "{}: not the document of the recording", path_of(addresses[i]));
    }
  }

  std::string path_of(std::string_view address) const {
    return fmt::format("/api/{}/{}", options_.kind, address);
  }

  std::string document_of(std::string_view address) const {
    if (options_.kind == "packed") return pages_.packed_unit_json(address);
    if (options_.kind == "tokens") return means_.json(address, 2, 20);
    if (options_.kind == "classes") return pages_.class_exemplars_json(address, 5);
    return pages_.unit_json(address);
  }

  static std::string text_of(std::vector<double> milliseconds) {
    std::ranges::sort(milliseconds);
    const double p99 = milliseconds[milliseconds.size() * 99 / 100];
    return fmt::format(
        "median {:.3f} ms, p99 {:.3f} ms ({:.2f} of the bound of {} ms), slowest {:.1f} ms",
        milliseconds[milliseconds.size() / 2], p99, p99 / kBoundMilliseconds, kBoundMilliseconds,
        milliseconds.back());
  }

  // Gives all of their times.
  static std::vector<double> print(const std::vector<Times>& times, double seconds,
                                   double processor_seconds) {
    std::vector<double> all;
    size_t n_bytes = 0;
    double client_seconds = 0;
    for (const Times& some : times) {
      client_seconds += some.client_seconds;
      all.insert(all.end(), some.milliseconds.begin(), some.milliseconds.end());
      n_bytes += some.n_bytes;
    }
    std::printf(
        "%s; %.0f a second of %.1f kB; processor time %.0f us of the server and %.0f us of the "
        "client; all %zu checked\n",
        text_of(all).c_str(), static_cast<double>(all.size()) / seconds,
        static_cast<double>(n_bytes) / 1e3 / static_cast<double>(all.size()),
        1e6 * (processor_seconds - client_seconds) / static_cast<double>(all.size()),
        1e6 * client_seconds / static_cast<double>(all.size()), all.size());
    return all;
  }

  const Options& options_;
  Recording recording_;
  Pages pages_;
  TokenMeans means_;
  const std::vector<Site>& sites_;
};

int run(int argc, char** argv) {
  Options o;
  CLI::App app("How long a unit's page takes over HTTP");
  app.add_option("RECORDINGS", o.recordings, "NAME.acto")->required();
  app.add_option("--connections", o.connections)->capture_default_str();
  app.add_option("--requests", o.requests, "of each connection")->capture_default_str();
  app.add_option("--rounds", o.rounds)->capture_default_str();
  app.add_option("--kind", o.kind, "of document")
      ->capture_default_str()
      ->check(CLI::IsMember({"packed", "units", "tokens", "classes"}));
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
