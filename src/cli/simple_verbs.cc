// The verbs that are a call and a print: info, check, merge, tokens.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>

#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "query/facts.h"
#include "query/open_recording.h"
#include "query/pages.h"
#include "record/merge_recordings.h"
#include "record/token_list.h"

namespace actogram {

Action add_info(CLI::App& app, const Invocation& invocation) {
  auto path = std::make_shared<std::string>();
  app.add_option("RECORDING", *path, "NAME.acto")->required();
  return [path, &invocation] {
    if (invocation.json) {
      std::printf("%s\n", Pages(*open_recording(*path)).recording_json().c_str());
      return 0;
    }
    const auto facts = facts_of(*path);
    size_t width = 12;
    for (const auto& [label, text] : facts) width = std::max(width, label.size());
    for (const auto& [label, text] : facts) {
      std::printf("%-*s %s\n", static_cast<int>(width), label.c_str(), text.c_str());
    }
    return 0;
  };
}

Action add_check(CLI::App& app, const Invocation& invocation) {
  auto path = std::make_shared<std::string>();
  app.add_option("RECORDING", *path, "NAME.acto")->required();
  return [path, &invocation] {
    CheckResult result;
    {
      ProgressBar bar;
      result = check(*path, bar.callback());
    }
    if (invocation.json) {
      std::printf("%s\n", to_json_text(result).c_str());
    } else {
      for (const std::string& problem : result.problems) std::printf("%s\n", problem.c_str());
      const bool sound = result.problems.empty();
      std::printf("%s: %s: %s\n", path->c_str(), sound ? "sound" : "damaged",
                  result.summary.c_str());
    }
    return result.problems.empty() ? 0 : 1;
  };
}

Action add_merge(CLI::App& app, const Invocation& invocation) {
  auto options = std::make_shared<MergeOptions>();
  app.add_option("RECORDINGS", options->inputs, "NAME.acto, two or more")
      ->required()
      ->expected(2, -1);
  app.add_option("-o,--output", options->output, "the recording to make")
      ->type_name("NAME.acto")
      ->required();
  return [options, &invocation] {
    options->command = invocation.command;
    {
      ProgressBar bar;
      merge_recordings(*options, bar.callback());
    }
    if (invocation.json) {
      std::printf("%s\n", Pages(*open_recording(options->output)).recording_json().c_str());
    } else {
      std::printf("%s: merged from %zu recordings\n", options->output.c_str(),
                  options->inputs.size());
    }
    return 0;
  };
}

Action add_tokens(CLI::App& app, const Invocation& invocation) {
  struct Typed {
    std::string model, text;
    SequenceOptions options;
  };
  auto typed = std::make_shared<Typed>();
  app.add_option("MODEL", typed->model, "a GGUF file, or fake:3x40")->required();
  app.add_option("TEXT", typed->text, "the text, or - for standard input")->required();
  app.add_option("--context", typed->options.context, "tokens of a sequence, BOS included")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1u << 20));
  return [typed, &invocation] {
    if (typed->text == "-") {
      typed->text.assign(std::istreambuf_iterator<char>(std::cin), {});
    }
    const auto tokens = list_tokens(typed->model, typed->text, typed->options);
    if (invocation.json) {
      std::printf("%s\n", to_json_text(tokens).c_str());
      return 0;
    }
    std::printf("sequence  position      id  bytes          token\n");
    for (const ListedToken& t : tokens) {
      std::printf("%8u  %8u  %6d  %-13s  %s\n", t.sequence, t.position, t.id,
                  fmt::format("{}-{}", t.begin, t.end).c_str(), t.piece.c_str());
    }
    return 0;
  };
}

}  // namespace actogram
