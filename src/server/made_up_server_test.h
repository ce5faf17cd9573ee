// A server on loopback for tests, whose documents are made up: what was asked comes back.
#pragma once

#include <fmt/format.h>
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/waiting_line.h"
#include "server/server.h"

namespace actogram::testing {

inline std::atomic<int> n_begun = 0, n_left = 0;  // runs, and those whose client went away

// One that finds another thing in each step, and stops only when it is told.
inline void search_forever(const SearchStep& step) {
  try {
    for (int i = 0;; ++i) {
      step([&] { return fmt::format("[{}]", ++n_begun); });
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  } catch (...) {
    ++n_left;
    throw;
  }
}

inline Documents documents_of(const std::string& name) {
  return {
      .recording = [name] { return fmt::format(R"({{"name": "{}"}})", name); },
      .site =
          [](std::string_view site) {
            if (site != "12.mlp") fail(Code::not_found, "no site {}", site);
            return std::string(R"({"site": "12.mlp"})");
          },
      .entropy = [](std::string_view site) { return fmt::format("[\"{}\"]", site); },
      .unit =
          [](std::string_view address) {
            if (address == "12.mlp/nan") fail(Code::invalid, "{} is no address", address);
            if (address == "12.mlp/9") throw std::runtime_error("a \"bug\"");
            if (address != "12.mlp/345") fail(Code::not_found, "no unit {}", address);
            return std::string(100000, ' ') + R"({"short": "12.mlp/345"})";
          },
      .packed =
          [](std::string_view address) { return fmt::format("{{\"packed\": \"{}\"}}", address); },
      .feature = [](std::string_view address) { return fmt::format("[\"{}\"]", address); },
      .units =
          [](const UnitListQuestion& q) {
            return fmt::format("[{}, {}, {}, \"{}\", {}, \"{}\", {}, {}, {}, {}]", q.column,
                               static_cast<int>(q.order), static_cast<int>(q.kind), q.site,
                               q.layer ? static_cast<int>(*q.layer) : -1, q.rw_class,
                               q.least.value_or(-9), q.most.value_or(-9), q.first, q.limit);
          },
      .classes = [](std::string_view address,
                    size_t limit) { return fmt::format("[\"{}\", {}]", address, limit); },
      .partners =
          [](std::string_view address, PartnerOrder order, size_t limit) {
            return fmt::format("[\"{}\", {}, {}]", address, static_cast<int>(order), limit);
          },
      .similar = [](std::string_view address,
                    size_t limit) { return fmt::format("[\"{}\", {}]", address, limit); },
      .lens = [](std::string_view address,
                 size_t limit) { return fmt::format("[\"{}\", {}]", address, limit); },
      .tokens = [](std::string_view address, size_t least,
                   size_t limit) { return fmt::format("[\"{}\", {}, {}]", address, least, limit); },
      .document =
          [](const DocumentQuestion& question) {
            return fmt::format("[{}, {}, \"{}\"]", question.document, question.first_chunk,
                               question.unit);
          },
      .place =
          [](const Place& at, FiringOrder order, size_t limit) {
            return fmt::format("[{}, {}, {}, {}]", at.sequence, at.position,
                               static_cast<int>(order), limit);
          },
      .search =
          [](const TextQuestion& question, const SearchStep& step) {
            if (question.text == "forever") search_forever(step);
            return fmt::format("[\"{}\", {}, {}]", question.text,
                               static_cast<int>(question.letters), question.limit);
          },
      .explanations = [](std::string_view address) { return fmt::format("[\"{}\"]", address); },
      .explanations_with = [](std::string_view text,
                              size_t limit) { return fmt::format("[\"{}\", {}]", text, limit); },
      .label = [](std::string_view address) { return fmt::format("[\"{}\"]", address); },
      .labels = [](std::string_view text,
                   size_t limit) { return fmt::format("[\"{}\", {}]", text, limit); },
      .set_label =
          [](std::string_view address, std::string_view body) {
            if (body == "{}") fail(Code::environment, "the disk is full");
            return fmt::format("[\"{}\", {}]", address, body);
          },
      .live = [] { return std::string(R"({"available": true})"); },
      .typed_unit =
          [](std::string_view address, std::string_view body, const IsLeft& is_left) {
            if (body == "[]") throw Busy("a long line");
            ++n_begun;
            while (address == "forever" && !is_left())
              std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (is_left()) ++n_left;
            return fmt::format("[\"{}\", {}]", address, body);
          },
      .typed_units =
          [](std::string_view body, FiringOrder order, size_t limit, const IsLeft&) {
            return fmt::format("[{}, {}, {}]", body, static_cast<int>(order), limit);
          },
  };
}

inline std::vector<Served> made_up() { return {{"made-up.acto", documents_of("made-up.acto")}}; }

// A server that answers for as long as the object lives.
class Running {
 public:
  explicit Running(const ServeOptions& options = {.port = 0})
      : server_(made_up(), options), thread_([this] { server_.run(); }) {}
  ~Running() {
    server_.stop();
    thread_.join();
  }
  Server& server() { return server_; }
  int port() const { return server_.port(); }

  httplib::Result get(const std::string& path, const httplib::Headers& headers = {}) {
    httplib::Client client("127.0.0.1", port());
    return client.Get(path, headers);
  }

 private:
  Server server_;
  std::thread thread_;
};

}  // namespace actogram::testing
