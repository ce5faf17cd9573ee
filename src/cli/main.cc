// actogram, the program: parses the command line, runs one verb, turns an Error into a message and
// an exit status. 0: done. 1: the input or the environment is at fault. 2: usage.
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <clocale>
#include <cstdio>
#include <filesystem>
#include <map>

#include "actogram/error.h"
#include "cli/help.h"
#include "cli/verbs.h"

namespace actogram {
namespace {

constexpr int kUsage = 2;

// llama.cpp's threads would spin at every barrier, which collapses as soon as another process wants
// a core (docs/decisions.md). OpenMP reads this when its library is loaded, so before main().
void wait_passively(char** argv) {
  if (getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "PASSIVE", 1);
  // Likewise OpenBLAS would start a thread for every core, and only one of ours at a time asks it.
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  execv(program.c_str(), argv);  // where that fails, threads spin and everything else is the same
}

int run(int argc, char** argv) {
  Invocation invocation;
  invocation.command.assign(argv, argv + argc);
  invocation.command.front() = "actogram";

  CLI::App app("Record what every unit of a language model does over a corpus, and look at it.",
               "actogram");
  app.set_version_flag("--version", "actogram 0.1.0");
  app.failure_message(&usage_message);
  app.formatter(std::make_shared<HelpFormatter>());
  app.footer(
      "Example:\n"
      "  actogram record SmolLM2.gguf texts/ -o smollm2.acto\n"
      "  actogram show smollm2.acto 12.mlp/345\n"
      "actogram VERB --help tells more.");
  app.require_subcommand(1);
  app.fallthrough(false);
  std::map<const CLI::App*, Action> actions;
  for (const Verb& verb : verbs()) {
    CLI::App* sub = app.add_subcommand(verb.name, verb.summary);
    sub->group("Verbs");
    sub->footer(std::string("Example:\n  ") + verb.example);
    sub->add_flag("--json", invocation.json, "print one JSON document on stdout");
    actions[sub] = verb.add(*sub, invocation);
  }
  if (argc < 2) {
    std::fputs(app.help().c_str(), stderr);
    return kUsage;
  }
  if (const std::string first = argv[1];
      !first.starts_with('-') &&
      std::ranges::none_of(verbs(), [&](const Verb& verb) { return verb.name == first; })) {
    std::fprintf(stderr, "actogram: there is no verb %s\nactogram --help lists them.\n",
                 first.c_str());
    return kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const Error& error) {  // an option's value that cannot be read
    std::fprintf(stderr, "actogram: %s\n", error.what());
    return kUsage;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return actions.at(app.get_subcommands().front())();
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  actogram::wait_passively(argv);
  std::setlocale(LC_CTYPE, "C.UTF-8");  // for the width of characters, whatever the terminal says
  try {
    return actogram::run(argc, argv);
  } catch (const actogram::Error& error) {
    std::fprintf(stderr, "actogram: %s\n", error.what());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "actogram: not enough memory\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "actogram: %s\n", error.what());
  }
  return 1;
}
