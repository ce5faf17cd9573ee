// serve: one recording or several in the browser.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/shown_recording.h"
#include "cli/verbs.h"
#include "server/access.h"
#include "server/secrets.h"
#include "server/server.h"

namespace actogram {
namespace {

Server* running_server = nullptr;

// By its file name, or by its whole path where another of `paths` has the same.
std::string name_of(const std::string& path, const std::vector<std::string>& paths) {
  const auto file_name = [](const std::string& of) {
    const std::filesystem::path full = std::filesystem::absolute(of).lexically_normal();
    return (full.has_filename() ? full.filename() : full.parent_path().filename()).string();
  };
  const auto same = [&](const std::string& other) { return file_name(other) == file_name(path); };
  return std::ranges::count_if(paths, same) == 1 ? file_name(path) : path;
}

using Shown = std::vector<std::unique_ptr<ShownRecording>>;

// Those that are of this model can run text; one of them must be.
void run_live(const Shown& shown, const std::string& model) {
  std::string others;
  size_t n_live = 0;
  for (const auto& recording : shown) {
    try {
      recording->run_live(model);
      ++n_live;
    } catch (const Error& error) {
      if (error.code() != Code::invalid || shown.size() == 1) throw;
      others += fmt::format("{}\n", error.what());
    }
  }
  if (n_live == 0) fail(Code::invalid, "{}", others.substr(0, others.find('\n')));
  std::fprintf(stderr, "%s", others.c_str());
}

}  // namespace

Action add_serve(CLI::App& app, const Invocation& invocation) {
  struct Typed {
    std::vector<std::string> paths;
    std::string model;
    ServeOptions options;
  };
  auto typed = std::make_shared<Typed>();
  app.add_option("RECORDING", typed->paths, "NAME.acto; several are shown side by side")
      ->required();
  app.add_option("--model", typed->model,
                 "the model that was recorded: pages then show what units do on text that is typed")
      ->type_name("MODEL");
  app.add_option("--port", typed->options.port, "port; 0 takes a free one")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  app.add_option("--host", typed->options.host,
                 "address to listen on; beyond this machine visitors need a token")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--token", typed->options.token,
                 "what a visitor must know (default: drawn at random, where it is needed)")
      ->type_name("SECRET");
  return [typed, &invocation] {
    Shown shown;
    std::vector<Served> served;
    for (const std::string& path : typed->paths) {
      shown.push_back(std::make_unique<ShownRecording>(path));
      served.push_back({name_of(path, typed->paths), shown.back()->documents()});
    }
    if (!typed->model.empty()) run_live(shown, typed->model);
    ServeOptions& options = typed->options;
    if (options.token.empty() && !is_loopback(options.host)) {
      options.token = random_secret();
      std::fprintf(stderr, "token: %s\n", options.token.c_str());
    }
    options.link_used = [](const std::string& url) {
      std::fprintf(stderr, "the address was opened; the next one: %s\n", url.c_str());
    };
    Server server(std::move(served), options);
    running_server = &server;
    for (const int signal : {SIGINT, SIGTERM}) {
      std::signal(signal, [](int) { running_server->stop(); });
    }
    std::printf(invocation.json ? "{\"url\":\"%s\"}\n" : "%s\n", server.url().c_str());
    std::fflush(stdout);
    std::fprintf(stderr, "serving %s; Ctrl-C stops\n",
                 fmt::format("{}", fmt::join(typed->paths, ", ")).c_str());
    server.run();
    return 0;
  };
}

}  // namespace actogram
