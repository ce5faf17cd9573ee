#include "cli/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace actogram {
namespace {

constexpr std::string_view kReset = "\033[0m";
constexpr std::string_view kIndent = "    ";

// What a terminal would act upon is shown instead: line ends, tabs, escapes.
std::string visible(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    if (c == '\n') {
      shown += "↵";
    } else if (c == '\t') {
      shown += "→";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      shown += c;
    }
  }
  return shown;
}

// Columns, counting a character as one: close enough to break lines.
size_t columns_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// White mixed with blue or red in the terminal's 24-bit colours.
std::string background(double value, double scale) {
  const double share = scale > 0 ? std::min(1.0, std::abs(value) / scale) : 0;
  const auto mix = [share](int full) { return static_cast<int>(255 + share * (full - 255)); };
  const auto [r, g, b] =
      value >= 0 ? std::tuple{mix(33), mix(102), mix(172)} : std::tuple{mix(178), mix(24), mix(43)};
  const bool dark = share > 0.55;
  return fmt::format("\033[48;2;{};{};{}m\033[38;2;{}m", r, g, b, dark ? "255;255;255" : "0;0;0");
}

}  // namespace

std::string HeatMap::bold(std::string_view text) const {
  return options_.color ? fmt::format("\033[1m{}{}", text, kReset) : std::string(text);
}

std::string HeatMap::dim(std::string_view text) const {
  return options_.color ? fmt::format("\033[2m{}{}", text, kReset) : std::string(text);
}

std::string HeatMap::piece(const Piece& piece, bool is_peak) const {
  std::string text = visible(piece.text);
  if (text.empty()) text = fmt::format("⟨{}⟩", piece.tokens.front().id);
  if (!options_.color) return is_peak ? fmt::format("[[{}]]", text) : text;
  double value = 0;
  for (const PieceToken& token : piece.tokens) {
    if (std::abs(token.value) > std::abs(value)) value = double{token.value};
  }
  return fmt::format("{}{}{}{}", background(value, options_.scale), is_peak ? "\033[1;4m" : "",
                     text, kReset);
}

std::string HeatMap::draw(const Excerpt& excerpt) const {
  std::string lines(kIndent);
  size_t column = kIndent.size();
  for (const Piece& p : excerpt.pieces) {
    const bool is_peak = std::ranges::any_of(
        p.tokens, [&](const PieceToken& token) { return token.position == excerpt.at.position; });
    const size_t width = columns_of(visible(p.text)) + (is_peak && !options_.color ? 4 : 0);
    if (column + width > options_.width) {
      lines += '\n';
      lines += kIndent;
      column = kIndent.size();
    }
    lines += piece(p, is_peak);
    column += width;
  }
  return lines;
}

}  // namespace actogram
