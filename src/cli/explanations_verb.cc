// actogram explanations: what is known of units in words, listed, searched, or exported.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "cli/explanation_text.h"
#include "cli/help.h"
#include "cli/verbs.h"
#include "explain/explanation_list.h"
#include "formats/explanation_export.h"
#include "query/facts.h"

namespace actogram {
namespace {

struct Typed {
  ExplanationExportOptions options;
  std::optional<ExplanationFormat> format;
};

void print_list(const ExplanationList& list) {
  for (const ListedExplanation& explanation : list.explanations) {
    std::printf("%s/%u\n", explanation.unit.site.c_str(), explanation.unit.index);
    print_explanation(explanation);
  }
  for (const ListedFailure& failure : list.failures) {
    std::printf("%s/%u: %s failed: %s\n", failure.unit.site.c_str(), failure.unit.index,
                failure.task.c_str(), failure.reason.c_str());
  }
  std::printf("%s explanations\n", readable_count(list.explanations.size()).c_str());
}

void print_export(const ExportReport& report, bool json) {
  if (json) {
    std::printf("%s\n", to_json_text(report).c_str());
    return;
  }
  std::printf("%s: %s explanations, %s\n", report.folder.c_str(),
              readable_count(report.n_rows).c_str(), readable_bytes(report.n_bytes).c_str());
  for (const std::string& remark : report.remarks) std::fprintf(stderr, "%s\n", remark.c_str());
}

void add_export_options(CLI::App& app, Typed& typed) {
  CLI::Option* format = add_choice<std::optional<ExplanationFormat>>(
      app, "--export", typed.format,
      {{"llm-explanations-output", ExplanationFormat::llm_explanations_output},
       {"tdb", ExplanationFormat::tdb},
       {"neuronpedia", ExplanationFormat::neuronpedia}},
      "write those of actogram for others instead: the table of explanations of sae-tables, in "
      "Parquet; the Transformer Debugger's .jsonl, with scores; or Neuronpedia's import");
  CLI::Option* output =
      app.add_option("-o,--output", typed.options.output,
                     "to make, with --export: a folder, or a file .parquet of the table or .jsonl "
                     "of tdb")
          ->type_name("PATH");
  format->needs(output);
  output->needs(format);
  WantedExplanations& wanted = typed.options.wanted;
  app.add_option("--site", wanted.site, "with --export: only of this site, 12.mlp")
      ->type_name("SITE")
      ->needs(format);
  app.add_option("--method", wanted.method, "with --export: only by this method, tokens")
      ->type_name("NAME")
      ->needs(format);
  app.add_option("--model-id", typed.options.model_id,
                 "with --export neuronpedia: what it calls the model (default: as the recording)")
      ->type_name("NAME")
      ->needs(format);
}

}  // namespace

Action add_explanations(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<Typed>();
  ExplanationExportOptions& options = typed->options;
  app.add_option("RECORDING", options.recording, "NAME.acto")->required();
  app.add_option("--search", options.wanted.search, "those with all of these words, best first")
      ->type_name("TEXT");
  add_export_options(app, *typed);
  return [typed, &invocation] {
    ExplanationExportOptions& asked = typed->options;
    if (typed->format) {
      asked.format = *typed->format;
      print_export(export_explanations(asked), invocation.json);
    } else if (invocation.json) {
      std::printf("%s\n", explanations_json(asked.recording, asked.wanted.search).c_str());
    } else {
      print_list(list_explanations(asked.recording, asked.wanted.search));
    }
    return 0;
  };
}

}  // namespace actogram
