// actogram export: how to add a format: a word here, and its function of formats/ in the table.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/help.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "formats/delphi_export.h"
#include "formats/export_options.h"
#include "formats/gluscope_export.h"
#include "formats/sae_tables_export.h"
#include "formats/tdb_export.h"
#include "query/facts.h"

namespace actogram {
namespace {

enum class Format : uint8_t { gluscope, sae_tables, delphi, tdb, count };

using Export = ExportReport (*)(const ExportOptions& options, const ProgressFn& progress);
constexpr Export kExports[] = {[](const ExportOptions& o, const ProgressFn& progress) {
                                 return export_gluscope(o.recording, o.folder, o.signs, progress);
                               },
                               export_sae_tables, export_delphi, export_tdb};
static_assert(std::size(kExports) == static_cast<size_t>(Format::count));

struct Typed {
  ExportOptions options;
  Format format = Format::gluscope;
};

}  // namespace

Action add_export(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<Typed>();
  ExportOptions& options = typed->options;
  app.add_option("RECORDING", options.recording, "NAME.acto")->required();
  app.add_option("FOLDER", options.folder, "to make")->required();
  add_choice<Format>(
      app, "--format", typed->format,
      {{"gluscope", Format::gluscope},
       {"sae-tables", Format::sae_tables},
       {"delphi", Format::delphi},
       {"tdb", Format::tdb}},
      "gluscope: Parquet, 50 columns of sign classes for each gated neuron, and samples; "
      "sae-tables: Parquet, SAE latents as four tables of events, prompts, examples "
      "and explanations; delphi: safetensors, SAE latents as its caches; tdb: JSON, a file of "
      "excerpts for each unit, as the Transformer Debugger reads them");
  add_glu_signs(app, options.signs);
  app.add_option("--site", options.site,
                 "the SAE, where several were recorded: 19.sae:NAME; of delphi and tdb the "
                 "default is all")
      ->type_name("SITE");
  app.add_option("--decimals", options.decimals,
                 "tdb: round all numbers to so many, as the published ones to 4 (default: exact)")
      ->check(CLI::Range(0, 17));
  app.add_option("--license", options.license, "for the card of sae-tables")->type_name("NAME");
  app.add_option("--splits", options.n_splits,
                 "delphi: files a hookpoint; 0: as an imported cache had, otherwise 5, as Delphi")
      ->capture_default_str();
  return [typed, &invocation] {
    ExportReport report;
    {
      ProgressBar bar;
      report = kExports[static_cast<size_t>(typed->format)](typed->options, bar.callback());
    }
    if (invocation.json) {
      std::printf("%s\n", to_json_text(report).c_str());
    } else {
      std::printf("%s: %s rows, %s\n", report.folder.c_str(), readable_count(report.n_rows).c_str(),
                  readable_bytes(report.n_bytes).c_str());
      for (const std::string& remark : report.remarks) std::fprintf(stderr, "%s\n", remark.c_str());
    }
    return 0;
  };
}

}  // namespace actogram
