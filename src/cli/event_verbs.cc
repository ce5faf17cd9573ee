// events, at and partners: what the events of sparse units say.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "cli/excerpt_text.h"
#include "cli/help.h"
#include "cli/verbs.h"
#include "query/event_views.h"
#include "query/facts.h"
#include "query/open_recording.h"

namespace actogram {
namespace {

constexpr const char* kUnitHelp = "SITE/INDEX, for example 15.sae/42";

std::string text_of(const UnitAddress& address) {
  return fmt::format("{}/{}", address.site, address.index);
}

std::string counted_events(uint32_t n) {
  return fmt::format("{} event{}", readable_count(n), n == 1 ? "" : "s");
}

void print_list(const UnitEventList& list, const Colors& colors) {
  double scale = 0;
  for (const Excerpt& place : list.places) scale = std::max(scale, std::abs(double{place.value}));
  const HeatMap heat_map = heat_map_of(colors, scale);
  std::printf("%s\n", heat_map.bold(text_of(list.address)).c_str());
  for (const Excerpt& place : list.places) print_excerpt(place, heat_map);
  std::printf("%s of %s\n", readable_count(list.places.size()).c_str(),
              counted_events(list.n_events).c_str());
}

void print_list(const TokenEventList& list, size_t limit, const Colors& colors) {
  const HeatMap heat_map = heat_map_of(colors, 0);
  const std::string where =
      fmt::format("{}, position {}", list.around.document_name, list.around.at.position);
  std::printf("%s\n%s\n", heat_map.dim(where).c_str(), heat_map.draw(list.around).c_str());
  if (!list.known) {
    std::printf("not sampled by the data set: what fires here is not known\n");
    return;
  }
  const size_t n = std::min(limit, list.units.size());
  for (size_t i = 0; i < n; ++i) {
    std::printf("%12.5g  %s\n", double{list.units[i].value}, list.units[i].address.c_str());
  }
  std::printf("%zu of %zu units that fire here\n", n, list.units.size());
}

void print_list(const PartnerList& list) {
  std::printf("%s, %s\n", text_of(list.address).c_str(), counted_events(list.n_events).c_str());
  std::printf("%-28s %10s %10s %9s %12s\n", "unit", "events", "together", "Jaccard", "correlation");
  for (const PartnerRow& row : list.partners) {
    std::printf("%-28s %10s %10s %9.4f %12.4f\n", row.address.c_str(),
                readable_count(row.n_events).c_str(),
                readable_count(row.numbers.n_together).c_str(), row.numbers.jaccard,
                row.numbers.correlation);
  }
}

}  // namespace

Action add_events(CLI::App& app, const Invocation& invocation) {
  struct Typed {
    std::string path, unit;
    EventListOrder order = EventListOrder::corpus;
    size_t limit = 20;
    uint32_t context = 8;
    Colors colors;
  };
  auto typed = std::make_shared<Typed>();
  app.add_option("RECORDING", typed->path, "NAME.acto")->required();
  app.add_option("UNIT", typed->unit, kUnitHelp)->required();
  add_choice<EventListOrder>(app, "--sort", typed->order,
                             {{"corpus", EventListOrder::corpus}, {"value", EventListOrder::value}},
                             "in the order of the corpus, or the highest first");
  app.add_option("--limit", typed->limit, "how many")->capture_default_str();
  app.add_option("--context", typed->context, "tokens of text on either side")
      ->capture_default_str();
  add_colors(app, typed->colors);
  return [typed, &invocation] {
    const UnitEventList list = EventViews(*open_recording(typed->path))
                                   .events(typed->unit, typed->order, typed->limit, typed->context);
    if (invocation.json) {
      std::printf("%s\n", to_json_text(list).c_str());
    } else {
      print_list(list, typed->colors);
    }
    return 0;
  };
}

Action add_at(CLI::App& app, const Invocation& invocation) {
  struct Typed {
    std::string path;
    TokenName token;
    size_t limit = 20;
    uint32_t context = 12;
    Colors colors;
  };
  auto typed = std::make_shared<Typed>();
  app.add_option("RECORDING", typed->path, "NAME.acto")->required();
  CLI::App* which = app.add_option_group("Which sequence");
  which->add_option("--document", typed->token.document, "its number in the corpus, or its name");
  which
      ->add_option_function<uint64_t>(
          "--sequence", [typed](const uint64_t& s) { typed->token.sequence = s; },
          "instead of a document: the sequence's number in the recording")
      ->type_name("N");
  which->require_option(1);
  app.add_option("--chunk", typed->token.chunk, "which sequence of a document that was split")
      ->capture_default_str();
  app.add_option("--position", typed->token.position, "the token's place in its sequence, from 0")
      ->required();
  app.add_option("--limit", typed->limit, "how many units")->capture_default_str();
  app.add_option("--context", typed->context, "tokens of text on either side")
      ->capture_default_str();
  add_colors(app, typed->colors);
  return [typed, &invocation] {
    const TokenEventList list =
        EventViews(*open_recording(typed->path)).at(typed->token, typed->context);
    if (invocation.json) {
      std::printf("%s\n", to_json_text(list).c_str());
    } else {
      print_list(list, typed->limit, typed->colors);
    }
    return 0;
  };
}

Action add_partners(CLI::App& app, const Invocation& invocation) {
  struct Typed {
    std::string path, unit;
    PartnerOrder order = PartnerOrder::correlation;
    size_t limit = 20;
  };
  auto typed = std::make_shared<Typed>();
  app.add_option("RECORDING", typed->path, "NAME.acto")->required();
  app.add_option("UNIT", typed->unit, kUnitHelp)->required();
  add_choice<PartnerOrder>(app, "--sort", typed->order,
                           {{"correlation", PartnerOrder::correlation},
                            {"jaccard", PartnerOrder::jaccard},
                            {"together", PartnerOrder::together}},
                           "highest first");
  app.add_option("--limit", typed->limit, "how many")->capture_default_str();
  return [typed, &invocation] {
    const PartnerList list =
        EventViews(*open_recording(typed->path)).partners(typed->unit, typed->order, typed->limit);
    if (invocation.json) {
      std::printf("%s\n", to_json_text(list).c_str());
    } else {
      print_list(list);
    }
    return 0;
  };
}

}  // namespace actogram
