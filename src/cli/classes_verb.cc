// actogram classes: gated neurons as a table, and what a paper would plot of it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>

#include "cli/bars.h"
#include "cli/help.h"
#include "cli/number_list.h"
#include "cli/verbs.h"
#include "query/facts.h"
#include "query/neuron_statistics.h"

namespace actogram {
namespace {

struct Typed {
  std::string path, sort;
  std::vector<uint32_t> layers;
  std::optional<uint32_t> limit;
  Order order = Order::largest_first;
  bool csv = false;
};

constexpr uint32_t kShown = 20;

// How a column is called and written on the terminal.
struct ColumnStyle {
  NeuronColumn column;
  std::string_view title;
  int width;
  int decimals;
};
constexpr ColumnStyle kStyles[] = {
    {kFrequency, "gate > 0", 9, 2},  {kMeanOutputNorm, "output norm", 12, 5},
    {kCosGateIn, "gate-in", 8, 3},   {kCosGateOut, "gate-out", 9, 3},
    {kCosInOut, "in-out", 8, 3},     {kNormGate, "|gate|", 8, 3},
    {kNormIn, "|in|", 8, 3},         {kNormOut, "|out|", 8, 3},
    {kNormInOut, "|in||out|", 8, 3},
};
static_assert(std::size(kStyles) == kNeuronColumnNames.size());

bool is_known(const NeuronTable& table, NeuronColumn column) {
  return (table.has_sign_classes || (column != kFrequency && column != kMeanOutputNorm)) &&
         (table.has_weights || column == kFrequency);
}

std::string cell(const ColumnStyle& style, double value) {
  if (style.column == kFrequency) return fmt::format("{:.2f} %", 100 * value);
  return fmt::format("{:.{}f}", value, style.decimals);
}

// Columns that the recording cannot fill are left out; so is the product, which two others tell.
std::string neurons_text(const NeuronTable& table, size_t n) {
  const auto is_shown = [&](const ColumnStyle& style) {
    return style.column != kNormInOut && is_known(table, style.column);
  };
  std::string text = fmt::format("{:<12}", "neuron");
  for (const ColumnStyle& style : kStyles) {
    if (is_shown(style)) text += fmt::format("  {:>{}}", style.title, style.width);
  }
  text += table.has_weights ? "  class\n" : "\n";
  for (size_t i = 0; i < std::min(n, table.rows.size()); ++i) {
    const NeuronRow& row = table.rows[i];
    text += fmt::format("{:<12}", fmt::format("{}.mlp/{}", row.layer, row.neuron));
    for (const ColumnStyle& style : kStyles) {
      if (!is_shown(style)) continue;
      text += fmt::format("  {:>{}}", cell(style, row.values[style.column]), style.width);
    }
    text += row.rw_class ? fmt::format("  {}\n", kRwClassNames[*row.rw_class]) : "\n";
  }
  return text + fmt::format("{} of {} neurons\n", readable_count(std::min(n, table.rows.size())),
                            readable_count(table.rows.size()));
}

std::string missing_text(const NeuronTable& table) {
  if (!table.has_weights) {
    return "no weights: frequencies only; record a gated model from its GGUF file for the rest\n";
  }
  if (!table.has_sign_classes) {
    return "no sign classes: weights only; record with --sign-classes for the rest\n";
  }
  return "";
}

// Where the bins end. That of output norms has the few that are far above the others in its last.
std::string ends(const ColumnStyle& style, std::span<const double> edges) {
  std::string text = cell(style, edges.back());
  if (style.column == kFrequency) return text;
  return fmt::format("{}, the last to {}", cell(style, edges[edges.size() - 2]), text);
}

std::string histograms_text(const NeuronTable& table, const NeuronStatistics& statistics) {
  std::string text;
  for (size_t a = 0; a < kActivityColumns.size(); ++a) {
    const ColumnStyle& style = kStyles[kActivityColumns[a]];
    if (!is_known(table, style.column)) continue;
    const auto& edges = statistics.edges[a];
    text += fmt::format("\n{}, neurons by layer from {} to {} (counts, logarithmic) and mean\n",
                        style.title, cell(style, edges.front()), ends(style, edges));
    uint64_t most = 1;
    for (const LayerStatistics& layer : statistics.layers) {
      most = std::max(most, highest(layer.counts[a]));
    }
    for (const LayerStatistics& layer : statistics.layers) {
      text += fmt::format("{:>5}  |{}|  {:>{}}\n", layer.layer, bars(layer.counts[a], most),
                          cell(style, layer.means[a]), style.width);
    }
  }
  return text;
}

std::string classes_text(const NeuronTable& table, const NeuronStatistics& statistics) {
  if (!table.has_weights) return "";
  const auto& layers = statistics.layers;
  std::string text =
      fmt::format("\n{:<34}  {:>9}  {:>8}  by layer, {} to {} (counts, logarithmic)\n", "class",
                  "neurons", "share", layers.front().layer, layers.back().layer);
  for (size_t c = 0; c < kRwClassNames.size(); ++c) {
    std::vector<uint64_t> counts;
    uint64_t sum = 0, most = 1;
    for (const LayerStatistics& layer : layers) {
      counts.push_back(layer.rw_classes[c]);
      sum += layer.rw_classes[c];
      most = std::max(most, layer.n_neurons);
    }
    const double share = static_cast<double>(sum) / static_cast<double>(table.rows.size());
    text += fmt::format("{:<34}  {:>9}  {:>6.2f} %  |{}|\n", kRwClassNames[c], readable_count(sum),
                        100 * share, bars(counts, most));
  }
  return text;
}

std::string r_and_p(const Correlation& found) {
  constexpr double kLeast = 1e-300;
  const std::string p = found.p < kLeast ? "<1e-300" : fmt::format("{:.0e}", found.p);
  return fmt::format("{:.3f} ({})", found.r, p);
}

std::string correlations_text(const NeuronStatistics& statistics) {
  std::string text;
  for (const NeuronColumn activity : kActivityColumns) {
    if (statistics.correlations.empty()) break;
    text += fmt::format("\n{:<11}", kStyles[activity].title);
    for (const NeuronColumn weight : kWeightColumns) {
      text += fmt::format("  {:>15}", kStyles[weight].title);
    }
    text += "  (Pearson's r, p)";
    for (const NeuronCorrelation& found : statistics.correlations) {
      if (found.activity != activity) continue;
      if (found.weight == kWeightColumns.front()) {
        text += found.layer ? fmt::format("\n{:>5}      ", *found.layer) : "\nall layers ";
      }
      text += fmt::format("  {:>15}", r_and_p(found.correlation));
    }
    text += '\n';
  }
  return text;
}

int run(const Typed& typed, const Invocation& invocation) {
  NeuronTable table = neuron_table(typed.path, typed.layers);
  if (!typed.sort.empty()) sort_neurons(table, typed.sort, typed.order);
  const bool for_programs = invocation.json || typed.csv;
  const size_t n = typed.limit.value_or(for_programs ? 0 : kShown);
  const size_t n_listed = n == 0 ? table.rows.size() : n;
  std::string text;
  if (typed.csv) {
    text = to_csv(table, n_listed);
  } else if (const NeuronStatistics statistics = statistics_of(table); invocation.json) {
    text = to_json_text(table, statistics, n_listed) + '\n';
  } else {
    text = neurons_text(table, n_listed) + missing_text(table) +
           histograms_text(table, statistics) + classes_text(table, statistics) +
           correlations_text(statistics);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

Action add_classes(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<Typed>();
  app.add_option("RECORDING", typed->path, "NAME.acto")->required();
  app.add_option_function<std::string>(
         "--layer", [typed](const std::string& text) { typed->layers = parse_number_list(text); },
         "layers to look at, for example 0-5,12 (default: all)")
      ->type_name("LIST");
  app.add_option("--sort", typed->sort,
                 "column to sort by, largest first: frequency, mean_output_norm, cos_gate_in,\n"
                 "cos_gate_out, cos_in_out, norm_gate, norm_in, norm_out, norm_in_out, class")
      ->type_name("COLUMN");
  app.add_flag_callback(
      "--ascending", [typed] { typed->order = Order::smallest_first; }, "smallest first");
  app.add_option("--limit", typed->limit,
                 "neurons to list; 0: all (default: 20, and all for --json and --csv)");
  app.add_flag("--csv", typed->csv, "print the table as CSV");
  return [typed, &invocation] { return run(*typed, invocation); };
}

}  // namespace actogram
