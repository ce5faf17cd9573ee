#include "cli/excerpt_text.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/help.h"

namespace actogram {
namespace {

// A row's name begins with its file's, which most often is the source's.
std::string origin(const Excerpt& excerpt) {
  if (excerpt.document_name.starts_with(excerpt.source)) return excerpt.document_name;
  return fmt::format("{} {}", excerpt.source, excerpt.document_name);
}

}  // namespace

void add_colors(CLI::App& app, Colors& into) {
  using When = Colors::When;
  add_choice<When>(app, "--color", into.when,
                   {{"auto", When::automatic}, {"always", When::always}, {"never", When::never}},
                   "24-bit colours; auto: on a terminal, unless NO_COLOR is set");
  using Background = HeatMapOptions::Background;
  add_choice<Background>(app, "--background", into.background,
                         {{"dark", Background::dark}, {"light", Background::light}},
                         "what the terminal's is");
}

size_t terminal_width() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) return size.ws_col;
  return 100;
}

HeatMap heat_map_of(const Colors& colors, double scale) {
  const bool automatic = isatty(STDOUT_FILENO) != 0 && getenv("NO_COLOR") == nullptr;
  const bool color =
      colors.when == Colors::When::always || (colors.when == Colors::When::automatic && automatic);
  return HeatMap(
      {.color = color, .background = colors.background, .scale = scale, .width = terminal_width()});
}

void print_excerpt(const Excerpt& excerpt, const HeatMap& heat_map) {
  std::string where = fmt::format("{:>10.4g}  {}, position {}", excerpt.value, origin(excerpt),
                                  excerpt.at.position);
  if (excerpt.pairs) where += fmt::format(" looks at {}", excerpt.pairs->key);
  std::printf("%s\n%s\n", heat_map.dim(where).c_str(), heat_map.draw(excerpt).c_str());
}

}  // namespace actogram
