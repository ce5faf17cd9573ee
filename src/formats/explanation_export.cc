#include "formats/explanation_export.h"

#include <fmt/format.h>

#include <filesystem>
#include <iterator>
#include <span>
#include <vector>

#include "base/file.h"
#include "codec/parquet_table.h"
#include "core/unit_address.h"
#include "formats/export_folder.h"
#include "formats/neuronpedia_explanations.h"
#include "formats/sae_tables_folder.h"
#include "formats/sae_tables_schema.h"
#include "formats/tdb_datasets.h"
#include "formats/tdb_scores.h"
#include "store/list_column.h"
#include "store/recording.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

struct Outgoing {
  const ExplanationExportOptions& options;
  const Manifest& manifest;
  const ExplanationStore& store;
  std::vector<ExplainedUnit> units;
};

uint64_t n_explanations(const std::vector<ExplainedUnit>& units) {
  uint64_t n = 0;
  for (const ExplainedUnit& unit : units) n += unit.explanations.size();
  return n;
}

// ---- llm-explanations-output ----

void check_one_site(const Outgoing& outgoing) {
  const Site& first = outgoing.units.front().site;
  for (const ExplainedUnit& unit : outgoing.units) {
    if (unit.site.name == first.name) continue;
    fail(Code::invalid,
         "explanations of {} and of {}: {} has no column for the site; choose with --site",
         short_site_name(first.name), short_site_name(unit.site.name), kExplanations);
  }
}

ExportReport write_card_table(const Outgoing& outgoing, const std::string& path) {
  std::vector<int64_t> feature;
  ListColumn<char> text, label;
  std::vector<uint8_t> has_text, has_label;
  uint64_t n_several = 0;
  for (const ExplainedUnit& unit : outgoing.units) {
    n_several += unit.explanations.size() > 1 ? 1 : 0;
    for (const StoredExplanation& e : unit.explanations) {
      feature.push_back(unit.index);
      text.add(e.text), has_text.push_back(1);
      label.add(e.concept_label), has_label.push_back(e.concept_label.empty() ? 0 : 1);
    }
  }
  ParquetTableWriter table(path, explanation_columns());
  const ColumnData columns[] = {std::span<const int64_t>(feature), Strings{text.lists(), has_text},
                                Strings{label.lists(), has_label}};
  table.write(feature.size(), columns);
  table.finish();
  ExportReport report{.n_rows = feature.size(), .n_bytes = table.n_bytes()};
  if (n_several > 0) {
    report.remarks.push_back(fmt::format(
        "{} units have several explanations, a row each: choose with --method", n_several));
  }
  return report;
}

ExportReport export_card_table(const Outgoing& outgoing) {
  check_one_site(outgoing);
  const std::string& output = outgoing.options.output;
  if (output.ends_with(".parquet")) {
    return write_export_file(output,
                             [&](const std::string& at) { return write_card_table(outgoing, at); });
  }
  return write_export(output, [&](const std::string& in) {
    const std::string table = fmt::format("{}/{}", in, kExplanations);
    fs::create_directories(table);
    return write_card_table(outgoing, table + "/worker_0.parquet");
  });
}

// ---- tdb ----

// A line has a layer and an index, and no hook.
void check_one_hook(const Outgoing& outgoing) {
  const std::string_view first = hook_of_site(outgoing.units.front().site.name);
  for (const ExplainedUnit& unit : outgoing.units) {
    if (hook_of_site(unit.site.name) == first) continue;
    fail(Code::invalid,
         "explanations of {} and of {}: one file is of one; choose a folder, or "
         "one with --site",
         first, hook_of_site(unit.site.name));
  }
}

std::string tdb_line(const Outgoing& outgoing, const ExplainedUnit& unit) {
  std::vector<TdbExplanation> explanations;
  for (const StoredExplanation& e : unit.explanations) {
    explanations.push_back(scored_for_tdb(e, outgoing.store.scores_of(e.id)));
  }
  return explanations_line({unit.site.layer, unit.index}, explanations);
}

ExportReport export_tdb_explanations(const Outgoing& outgoing) {
  const std::string& output = outgoing.options.output;
  ExportReport report{.n_rows = n_explanations(outgoing.units)};
  if (output.ends_with(".jsonl")) {
    check_one_hook(outgoing);
    return write_export_file(output, [&](const std::string& at) {
      std::string lines;
      for (const ExplainedUnit& unit : outgoing.units) lines += tdb_line(outgoing, unit) + "\n";
      write_file_atomically(at, lines);
      report.n_bytes = lines.size();
      return report;
    });
  }
  return write_export(output, [&](const std::string& in) {
    for (const ExplainedUnit& unit : outgoing.units) {
      const std::string folder = fmt::format(
          "{}/{}/{}", in,
          tdb_explanations_folder(hook_of_site(unit.site.name), is_attention_site(unit.site.name)),
          unit.site.layer);
      fs::create_directories(folder);
      const std::string line = tdb_line(outgoing, unit);
      write_plain_file(fmt::format("{}/{}.jsonl", folder, unit.index), line);
      report.n_bytes += line.size();
    }
    return report;
  });
}

// ---- neuronpedia ----

ExportReport export_to_neuronpedia(const Outgoing& outgoing) {
  return write_export(outgoing.options.output, [&](const std::string& in) {
    return write_neuronpedia_explanations(
        in, neuronpedia_model(outgoing.options.model_id, outgoing.manifest), outgoing.units);
  });
}

constexpr ExportReport (*kExports[])(const Outgoing&) = {export_card_table, export_tdb_explanations,
                                                         export_to_neuronpedia};
static_assert(std::size(kExports) == static_cast<size_t>(ExplanationFormat::count));

}  // namespace

ExportReport export_explanations(const ExplanationExportOptions& options) {
  const Manifest manifest = read_manifest(options.recording);
  const ExplanationStore store(options.recording, Database::Mode::read);
  const Outgoing outgoing{options, manifest, store,
                          explained_units(manifest, store, options.wanted)};
  return kExports[static_cast<size_t>(options.format)](outgoing);
}

}  // namespace actogram
