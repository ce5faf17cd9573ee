// actogram show: a unit's page on the terminal.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>

#include "cli/bars.h"
#include "cli/excerpt_text.h"
#include "cli/explanation_text.h"
#include "cli/head_text.h"
#include "cli/heat_map.h"
#include "cli/help.h"
#include "cli/verbs.h"
#include "explain/explanation_list.h"
#include "query/facts.h"
#include "query/open_recording.h"
#include "query/pages.h"

namespace actogram {
namespace {

struct Typed {
  std::string path, address;
  Colors colors;
  uint32_t excerpts = 5;
  bool by_class = false;
  GluSigns signs = GluSigns::recorded;
};

// Where others published the unit.
void print_published(const Summary& s) {
  std::printf("values    number, minimum and histogram are not published\n");
  std::printf("mean      %-12.5g std       %.5g\n", s.mean, std::sqrt(s.variance));
  std::printf("skewness  %-12.5g kurtosis  %.5g\n", s.skewness, s.kurtosis);
  std::printf("max       %.5g\n", double{s.max});
}

void print_summary(const UnitPage& page) {
  const Summary& s = page.summary;
  if (page.published) {
    print_published(s);
    return;
  }
  std::printf("values    %s", readable_count(s.count).c_str());
  if (s.n_nan + s.n_infinite > 0) {
    std::printf("  (and %s NaN, %s infinite)", readable_count(s.n_nan).c_str(),
                readable_count(s.n_infinite).c_str());
  }
  std::printf("\nmean      %-12.5g std       %-12.5g positive  %.2f %%\n", s.mean,
              std::sqrt(s.variance),
              100 * static_cast<double>(s.n_positive) / static_cast<double>(s.count));
  std::printf("skewness  %-12.5g kurtosis  %.5g\n", s.skewness, s.kurtosis);
  std::printf("min       %-12.5g max       %.5g\n", double{s.min}, double{s.max});
}

void print_histogram(const HistogramView& view, size_t width) {
  if (view.counts.empty()) return;
  std::printf("\n  %s\n", bars(view.counts, highest(view.counts)).c_str());
  const std::string low = fmt::format("{:.3g}", view.edges.front());
  const std::string high = fmt::format("{:.3g}", view.edges.back());
  const size_t n = std::min(view.counts.size(), width);
  const size_t gap = n > low.size() + high.size() ? n - low.size() - high.size() : 1;
  std::printf("  %s%s%s  (counts, logarithmic)\n", low.c_str(), std::string(gap, ' ').c_str(),
              high.c_str());
}

void print_row(const RowView& row, const HeatMap& heat_map) {
  const std::string name = row.origin.empty() ? "" : ", " + row.origin;
  const std::string position = row.position ? std::to_string(*row.position) : "unknown";
  const auto where =
      fmt::format("{:>10.4g}  row {}{}, position {}", row.value, row.row, name, position);
  std::printf("%s\n", heat_map.dim(where).c_str());
  if (row.beginning.empty()) return;
  Excerpt beginning;
  beginning.pieces = row.beginning;
  std::printf("%s\n", heat_map.draw(beginning).c_str());
}

void print_weights(const ClassPage& page, const Pages& pages) {
  if (!page.weights) return;
  const NeuronWeights& w = *page.weights;
  std::printf("\nWeights: norms of gate %.4g, in %.4g, out %.4g;\n", w.norm_gate, w.norm_in,
              w.norm_out);
  std::printf("cosines of gate and in %.3f, of gate and out %.3f, of in and out %.3f\n",
              w.cos_gate_in, w.cos_gate_out, w.cos_in_out);
  if (!page.refactored) return;
  if (w.sign > 0) {
    std::printf("refactor_glu changes nothing here.\n");
    return;
  }
  std::printf("refactor_glu turns in and out round, here and in the classes below%s\n",
              pages.has_summaries() ? "; above, values are as\nthe model has them." : ".");
}

void print_classes(const ClassPage& page, const Pages& pages, const HeatMap& heat_map) {
  print_weights(page, pages);
  const std::vector<ClassView>& classes = page.classes;
  std::printf("\nBy sign class: share of the tokens; mean / largest magnitude\n%-10s %8s", "",
              "tokens");
  for (const ClassView::Quantity& q : classes.front().quantities) {
    std::printf(" %20s", std::string(q.name).c_str());
  }
  std::printf("\n");
  for (const ClassView& c : classes) {
    std::printf("%-10s %6.2f %%", std::string(c.name).c_str(), 100 * c.share);
    for (const ClassView::Quantity& q : c.quantities) {
      const std::string extreme = q.extreme == 0 ? "-" : fmt::format("{:.4g}", q.extreme);
      std::printf(" %20s", fmt::format("{:.4g} / {}", q.mean, extreme).c_str());
    }
    std::printf("\n");
  }
  for (const ClassView& c : classes) {
    for (const ClassView::Quantity& q : c.quantities) {
      const size_t n = q.excerpts.size() + q.rows.size();
      if (n == 0) continue;
      const auto title = fmt::format("{}: largest {}", c.name, q.name);
      std::printf("\n%s (%zu)\n", heat_map.bold(title).c_str(), n);
      for (const Excerpt& excerpt : q.excerpts) print_excerpt(excerpt, heat_map);
      for (const RowView& row : q.rows) print_row(row, heat_map);
    }
  }
}

void print_group(const ExcerptGroup& group, const Typed& typed, const HeatMap& heat_map) {
  if (group.excerpts.empty()) return;
  const size_t n = std::min<size_t>(typed.excerpts, group.excerpts.size());
  std::printf("\n%s (%zu of %zu)\n", heat_map.bold(group.title).c_str(), n, group.excerpts.size());
  for (size_t i = 0; i < n; ++i) {
    print_excerpt(group.excerpts[i], heat_map);
    if (group.excerpts[i].pairs) print_triangle(group.excerpts[i], heat_map);
  }
}

int show(const Typed& typed) {
  const auto recording = open_recording(typed.path);
  const Pages pages(*recording);
  if (!pages.has_summaries() && typed.by_class) {
    const HeatMap plain = heat_map_of(typed.colors, 1);
    const UnitAddress address = pages.address(typed.address);
    const ClassPage classes = pages.classes(typed.address, typed.signs, typed.excerpts);
    std::printf("%s\n", plain.bold(fmt::format("{}/{}", address.site, address.index)).c_str());
    print_classes(classes, pages, plain);
    return 0;
  }
  const UnitPage page = pages.unit(typed.address, typed.signs);
  const Summary& s = page.summary;
  const double scale = page.published ? std::abs(double{s.max})
                                      : std::max(std::abs(double{s.min}), std::abs(double{s.max}));
  const HeatMap heat_map = heat_map_of(typed.colors, scale);
  std::printf("%s\n",
              heat_map.bold(fmt::format("{}/{}", page.address.site, page.address.index)).c_str());
  for (const auto& explanation : explanations_of_unit(typed.path, page.address).explanations) {
    print_explanation(explanation);
  }
  print_summary(page);
  print_histogram(page.histogram, terminal_width());
  if (page.head) print_head(*page.head);
  if (typed.by_class) {
    print_classes(pages.classes(typed.address, typed.signs, typed.excerpts), pages, heat_map);
  } else {
    for (const ExcerptGroup& group : page.groups) print_group(group, typed, heat_map);
  }
  return 0;
}

}  // namespace

Action add_show(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<Typed>();
  app.add_option("RECORDING", typed->path, "NAME.acto")->required();
  app.add_option("UNIT", typed->address, "SITE/INDEX, for example 12.mlp/345")->required();
  app.add_option("--excerpts", typed->excerpts, "how many of each group")->capture_default_str();
  app.add_flag("--by-class", typed->by_class,
               "the four sign classes of a gated neuron instead of the groups");
  add_glu_signs(app, typed->signs);
  add_colors(app, typed->colors);
  return [typed, &invocation] {
    if (!invocation.json) return show(*typed);
    std::printf(
        "%s\n",
        Pages(*open_recording(typed->path)).unit_json(typed->address, typed->signs).c_str());
    return 0;
  };
}

}  // namespace actogram
