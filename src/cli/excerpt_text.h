// Excerpts on the terminal: where they are from, and their text as a heat map.
#pragma once

#include <CLI/App.hpp>
#include <cstddef>

#include "cli/heat_map.h"

namespace actogram {

struct Colors {
  enum class When { automatic, always, never } when = When::automatic;
  HeatMapOptions::Background background = HeatMap::background_of_terminal();
};

// The options --color and --background. `into` must outlive the parsing.
void add_colors(CLI::App& app, Colors& into);

size_t terminal_width();

// `scale` is the value of the strongest shade.
HeatMap heat_map_of(const Colors& colors, double scale);

void print_excerpt(const Excerpt& excerpt, const HeatMap& heat_map);

}  // namespace actogram
