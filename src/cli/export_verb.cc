// actogram export: how to add a format: a word here, and its function of formats/ in the table.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/help.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "formats/gluscope_export.h"
#include "query/facts.h"

namespace actogram {
namespace {

enum class Format : uint8_t { gluscope, count };

using Export = ExportReport (*)(const std::string& recording, const std::string& folder,
                                GluSigns signs, const ProgressFn& progress);
constexpr Export kExports[] = {export_gluscope};
static_assert(std::size(kExports) == static_cast<size_t>(Format::count));

struct Typed {
  std::string recording, folder;
  Format format = Format::gluscope;
  GluSigns signs = GluSigns::recorded;
};

}  // namespace

Action add_export(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<Typed>();
  app.add_option("RECORDING", typed->recording, "NAME.acto")->required();
  app.add_option("FOLDER", typed->folder, "to make")->required();
  add_choice<Format>(
      app, "--format", typed->format, {{"gluscope", Format::gluscope}},
      "gluscope: Parquet, 50 columns of sign classes for each gated neuron, and samples");
  add_glu_signs(app, typed->signs);
  return [typed, &invocation] {
    ExportReport report;
    {
      ProgressBar bar;
      report = kExports[static_cast<size_t>(typed->format)](typed->recording, typed->folder,
                                                            typed->signs, bar.callback());
    }
    if (invocation.json) {
      std::printf("%s\n", to_json_text(report).c_str());
    } else {
      std::printf("%s: %s rows, %s\n", report.folder.c_str(), readable_count(report.n_rows).c_str(),
                  readable_bytes(report.n_bytes).c_str());
    }
    return 0;
  };
}

}  // namespace actogram
