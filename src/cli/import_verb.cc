// actogram import: how to add a format: a word here, and its function of formats/ in the table.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/help.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "formats/delphi_import.h"
#include "formats/gluscope_import.h"
#include "formats/sae_tables_import.h"
#include "formats/tdb_import.h"
#include "query/facts.h"

namespace actogram {
namespace {

enum class Format : uint8_t { gluscope, sae_tables, delphi, tdb, count };

using Import = ImportReport (*)(const ImportOptions& options, const ProgressFn& progress);
constexpr Import kImports[] = {import_gluscope, import_sae_tables, import_delphi, import_tdb};
static_assert(std::size(kImports) == static_cast<size_t>(Format::count));

struct Typed {
  ImportOptions options;
  Format format = Format::gluscope;
};

void print(const ImportReport& report, const std::string& output) {
  std::printf("%s: %s units, %s\n", output.c_str(), readable_count(report.n_units).c_str(),
              readable_bytes(report.n_bytes).c_str());
  for (const std::string& remark : report.remarks) std::fprintf(stderr, "%s\n", remark.c_str());
}

}  // namespace

Action add_import(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<Typed>();
  ImportOptions& options = typed->options;
  app.add_option("FOLDER", options.folder, "the data set; of tdb also one file")->required();
  app.add_option("-o,--output", options.output, "the recording to make")
      ->type_name("NAME.acto")
      ->required();
  add_choice<Format>(
      app, "--format", typed->format,
      {{"gluscope", Format::gluscope},
       {"sae-tables", Format::sae_tables},
       {"delphi", Format::delphi},
       {"tdb", Format::tdb}},
      "gluscope: 50 columns of sign classes for each gated neuron, and sampled "
      "activations, in data/train-*.parquet or *.parquet; sae-tables: SAE latents, in "
      "feature-activations/, prompt-level-features/ and llm-explanations-*/; delphi: SAE latents, "
      "in HOOKPOINT/FIRST_LAST.safetensors; tdb: collated activations and explanations of the "
      "Transformer Debugger, in LAYER/INDEX.json");
  app.add_option("--samples", options.samples,
                 "its second data set, of sampled activations (default: as FOLDER has it)")
      ->type_name("FOLDER");
  app.add_option("--corpus", options.texts.corpus.inputs,
                 "the texts that its row numbers mean: a file or folder, texts or token ids")
      ->type_name("TEXTS")
      ->expected(1);
  app.add_option("--column", options.texts.corpus.column,
                 "column of the texts (default: text or input_ids)")
      ->type_name("NAME");
  app.add_option("--tokenizer", options.texts.tokenizer,
                 "the model's file: what token ids stand for; of sae-tables, what the prompts' "
                 "tokens are")
      ->type_name("GGUF");
  app.add_option("--model", options.model, "what the model is called; the columns do not say")
      ->type_name("NAME");
  app.add_option("--tokens", options.n_tokens,
                 "tokens behind the frequencies, for exact counts; 0: not known")
      ->capture_default_str();
  app.add_option("--sae", options.sae,
                 "SAE latents: the SAE's name (default: as the data set has it)")
      ->type_name("NAME");
  app.add_option("--latents", options.n_latents,
                 "SAE latents: how many the SAE has (tdb: units of a layer); 0: up to the highest "
                 "that is named")
      ->capture_default_str();
  app.add_flag("--every-token", options.every_token,
               "sae-tables: every token was decomposed, so a latent that is not named is 0");
  app.add_option("--site", options.site,
                 "tdb: what the units are, without the layer: mlp.hook_post, hook_mlp_out/sae:NAME "
                 "(default: as the folder's path says)")
      ->type_name("HOOK");
  app.add_option("--explanations", options.explanations, "tdb: explanations that lie elsewhere")
      ->type_name("FOLDER");
  return [typed, &invocation] {
    ImportOptions& o = typed->options;
    o.command = invocation.command;
    ImportReport report;
    {
      ProgressBar bar;
      report = kImports[static_cast<size_t>(typed->format)](o, bar.callback());
    }
    if (invocation.json) {
      std::printf("%s\n", to_json_text(report, o.output).c_str());
    } else {
      print(report, o.output);
    }
    return 0;
  };
}

}  // namespace actogram
