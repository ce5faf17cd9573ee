// An excerpt as coloured text: blue for positive, red for negative, further from the terminal's own
// background for larger, the peak underlined. Without colour the peak stands in brackets and
// nothing else is lost but the shades.
#pragma once

#include <string>
#include <string_view>

#include "query/excerpt.h"

namespace actogram {

struct HeatMapOptions {
  bool color = true;
  enum class Background { dark, light } background = Background::dark;
  double scale = 1;    // the value of the strongest shade
  size_t width = 100;  // columns
};

class HeatMap {
 public:
  explicit HeatMap(HeatMapOptions options) : options_(options) {}

  // From COLORFGBG where the terminal sets it; dark otherwise.
  static HeatMapOptions::Background background_of_terminal();

  std::string draw(const Excerpt& excerpt) const;  // indented lines, no line end after the last
  // One column, for a value of its own: shaded, or without colour one of " .:-=+*#%@".
  std::string cell(double value) const;
  // In just so many columns, cut or filled up; a peak is marked as in draw().
  std::string fitted(std::string_view text, size_t columns, bool is_peak) const;
  // What a terminal shows of it, ⟨id⟩ where it stands for no text.
  static std::string text_of(const Piece& piece);
  std::string bold(std::string_view text) const;
  std::string dim(std::string_view text) const;

 private:
  std::string piece(const Piece& piece, bool is_peak) const;

  HeatMapOptions options_;
};

}  // namespace actogram
