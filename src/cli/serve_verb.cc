// serve: one recording or several in the browser.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/verbs.h"
#include "query/document_views.h"
#include "query/event_views.h"
#include "query/pages.h"
#include "query/text_search.h"
#include "query/token_means.h"
#include "query/unit_list.h"
#include "server/access.h"
#include "server/secrets.h"
#include "server/server.h"

namespace actogram {
namespace {

Server* running_server = nullptr;

// A recording with everything that its documents are made by.
struct Shown {
  explicit Shown(const std::string& path)
      : pages(path), lists(path), means(path), texts(path), search(path) {
    if (pages.has_events()) events.emplace(path);
  }

  Pages pages;
  UnitLists lists;
  TokenMeans means;
  DocumentViews texts;
  TextSearch search;
  std::optional<EventViews> events;
};

const EventViews& events_of(const Shown& shown) {
  if (shown.events) return *shown.events;
  fail(Code::not_found,
       "this recording has no events: those of SAE latents are recorded with --sae WEIGHTS@SITE");
}

Documents documents_of(const Shown& shown) {
  const Pages& pages = shown.pages;
  return {.recording = [&] { return pages.recording_json(); },
          .site = [&](std::string_view site) { return pages.site_json(site); },
          .entropy = [&](std::string_view site) { return pages.entropy_json(site); },
          .unit = [&](std::string_view address) { return pages.unit_json(address); },
          .feature = [&](std::string_view address) { return pages.feature_json(address); },
          .units = [&](const UnitListQuestion& question) { return shown.lists.json(question); },
          .classes = [&](std::string_view address,
                         size_t limit) { return pages.class_exemplars_json(address, limit); },
          .partners =
              [&](std::string_view address, PartnerOrder order, size_t limit) {
                return to_json_text(events_of(shown).partners(address, order, limit));
              },
          .tokens = [&](std::string_view address, size_t least,
                        size_t limit) { return shown.means.json(address, least, limit); },
          .document =
              [&](const DocumentQuestion& question) { return shown.texts.document_json(question); },
          .place = [&](const Place& at, FiringOrder order,
                       size_t limit) { return shown.texts.place_json(at, order, limit); },
          .search = [&](const TextQuestion& question) { return shown.search.json(question); }};
}

// By its file name, or by its whole path where another of `paths` has the same.
std::string name_of(const std::string& path, const std::vector<std::string>& paths) {
  const auto file_name = [](const std::string& of) {
    const std::filesystem::path full = std::filesystem::absolute(of).lexically_normal();
    return (full.has_filename() ? full.filename() : full.parent_path().filename()).string();
  };
  const auto same = [&](const std::string& other) { return file_name(other) == file_name(path); };
  return std::ranges::count_if(paths, same) == 1 ? file_name(path) : path;
}

std::unique_ptr<Shown> open_to_show(const std::string& path) {
  auto shown = std::make_unique<Shown>(path);
  if (shown->pages.has_summaries()) return shown;
  fail(Code::invalid,
       "{}: imported, so there are no summaries and windows to make pages of; "
       "actogram show UNIT --by-class shows what there is",
       path);
}

}  // namespace

Action add_serve(CLI::App& app, const Invocation& invocation) {
  struct Typed {
    std::vector<std::string> paths;
    ServeOptions options;
  };
  auto typed = std::make_shared<Typed>();
  app.add_option("RECORDING", typed->paths, "NAME.acto; several are shown side by side")
      ->required();
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
    std::vector<std::unique_ptr<Shown>> shown;
    std::vector<Served> served;
    for (const std::string& path : typed->paths) {
      shown.push_back(open_to_show(path));
      served.push_back({name_of(path, typed->paths), documents_of(*shown.back())});
    }
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
