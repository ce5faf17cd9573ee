#include "cli/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cwchar>

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

// As the terminal counts: two for a CJK character or an emoji, none for a combining mark.
size_t columns_of(std::string_view text) {
  std::mbstate_t state = {};
  size_t columns = 0;
  while (!text.empty()) {
    wchar_t c = 0;
    const size_t n = std::mbrtowc(&c, text.data(), text.size(), &state);
    if (n == 0 || n > text.size()) {  // not UTF-8
      state = {};
      text.remove_prefix(1);
      ++columns;
      continue;
    }
    columns += static_cast<size_t>(std::max(0, wcwidth(c)));
    text.remove_prefix(n);
  }
  return columns;
}

constexpr double kLeast = 0.03;  // of the scale; what is less is next to nothing

struct Rgb {
  int red, green, blue;
};

struct Palette {
  Rgb none, positive, negative;
};

constexpr Palette kPalettes[] = {{{24, 24, 28}, {80, 165, 255}, {255, 95, 80}},      // dark
                                 {{255, 255, 255}, {33, 102, 172}, {178, 24, 43}}};  // light

// Background and text in the terminal's 24-bit colours; none at all for what is next to nothing.
std::string shade(double value, const HeatMapOptions& options) {
  const double share = options.scale > 0 ? std::min(1.0, std::abs(value) / options.scale) : 0;
  if (!(share >= kLeast)) return "";
  const Palette& palette = kPalettes[static_cast<int>(options.background)];
  const Rgb& full = value >= 0 ? palette.positive : palette.negative;
  const auto mix = [share](int from, int to) {
    return from + static_cast<int>(share * (to - from));
  };
  const Rgb mixed = {mix(palette.none.red, full.red), mix(palette.none.green, full.green),
                     mix(palette.none.blue, full.blue)};
  const bool bright = 299 * mixed.red + 587 * mixed.green + 114 * mixed.blue > 125 * 1000;
  return fmt::format("\033[48;2;{};{};{}m\033[38;2;{}m", mixed.red, mixed.green, mixed.blue,
                     bright ? "0;0;0" : "255;255;255");
}

}  // namespace

// "15;0" is white on black. Of the sixteen colours 7 and those from 9 on are bright.
HeatMapOptions::Background HeatMap::background_of_terminal() {
  const char* colors = std::getenv("COLORFGBG");
  const std::string_view text = colors == nullptr ? "" : colors;
  const int number = text.empty() ? 0 : std::atoi(text.substr(text.rfind(';') + 1).data());
  return number == 7 || number > 8 ? HeatMapOptions::Background::light
                                   : HeatMapOptions::Background::dark;
}

std::string HeatMap::bold(std::string_view text) const {
  return options_.color ? fmt::format("\033[1m{}{}", text, kReset) : std::string(text);
}

std::string HeatMap::dim(std::string_view text) const {
  return options_.color ? fmt::format("\033[2m{}{}", text, kReset) : std::string(text);
}

std::string HeatMap::text_of(const Piece& piece) {
  std::string text = visible(piece.text);
  if (!text.empty()) return text;
  const int32_t id = piece.tokens.front().id;  // -1 in an imported excerpt
  return id < 0 ? "⟨⟩" : fmt::format("⟨{}⟩", id);
}

std::string HeatMap::cell(double value) const {
  if (options_.color) {
    const std::string color = shade(value, options_);
    return color.empty() ? " " : fmt::format("{} {}", color, kReset);
  }
  constexpr std::string_view kMarks = " .:-=+*#%@";
  const double share = options_.scale > 0 ? std::clamp(value / options_.scale, 0.0, 1.0) : 0;
  if (share < kLeast) return " ";
  return std::string(1, kMarks[static_cast<size_t>(std::ceil(share * (kMarks.size() - 1)))]);
}

std::string HeatMap::fitted(std::string_view text, size_t columns, bool is_peak) const {
  std::string shown = is_peak && !options_.color ? fmt::format("[[{}]]", text) : std::string(text);
  const auto ends_inside_character = [&] {
    return !shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xc0) == 0x80;
  };
  while (!shown.empty() && columns_of(shown) > columns) {
    while (ends_inside_character()) shown.pop_back();
    if (!shown.empty()) shown.pop_back();
  }
  const std::string gap(columns - columns_of(shown), ' ');
  if (!is_peak || !options_.color) return shown + gap;
  return fmt::format("\033[1;4m{}{}{}", shown, kReset, gap);
}

std::string HeatMap::piece(const Piece& piece, bool is_peak) const {
  const std::string text = text_of(piece);
  if (!options_.color) return is_peak ? fmt::format("[[{}]]", text) : text;
  double value = 0;
  for (const PieceToken& token : piece.tokens) {
    if (std::abs(token.value) > std::abs(value)) value = double{token.value};
  }
  return fmt::format("{}{}{}{}", shade(value, options_), is_peak ? "\033[1;4m" : "", text, kReset);
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
