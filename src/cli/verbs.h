// The verbs of the command line. How to add one: an add_X() in a file X_verb.cc (in simple_verbs.cc
// where it is a call and a print), a row in the table of verbs.cc, and a transcript in tests/cli/.
//
// A verb adds its options to a CLI11 subcommand and returns what to do once they are parsed. It
// prints its result on stdout, one JSON document with --json, and throws Error for what goes wrong.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <vector>

namespace actogram {

// What all verbs share.
struct Invocation {
  bool json = false;
  std::vector<std::string> command;  // as typed
};

using Action = std::function<int()>;  // returns the exit status

struct Verb {
  const char* name;
  const char* summary;
  const char* example;  // shown under --help
  Action (*add)(CLI::App& app, const Invocation& invocation);
};

const std::vector<Verb>& verbs();

Action add_record(CLI::App& app, const Invocation& invocation);
Action add_info(CLI::App& app, const Invocation& invocation);
Action add_show(CLI::App& app, const Invocation& invocation);
Action add_events(CLI::App& app, const Invocation& invocation);
Action add_at(CLI::App& app, const Invocation& invocation);
Action add_partners(CLI::App& app, const Invocation& invocation);
Action add_classes(CLI::App& app, const Invocation& invocation);
Action add_explain(CLI::App& app, const Invocation& invocation);
Action add_score(CLI::App& app, const Invocation& invocation);
Action add_explanations(CLI::App& app, const Invocation& invocation);
Action add_check(CLI::App& app, const Invocation& invocation);
Action add_merge(CLI::App& app, const Invocation& invocation);
Action add_export(CLI::App& app, const Invocation& invocation);
Action add_import(CLI::App& app, const Invocation& invocation);
Action add_serve(CLI::App& app, const Invocation& invocation);
Action add_tokens(CLI::App& app, const Invocation& invocation);
Action add_train_sae(CLI::App& app, const Invocation& invocation);
Action add_sae(CLI::App& app, const Invocation& invocation);

}  // namespace actogram
