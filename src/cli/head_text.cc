#include "cli/head_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/excerpt_text.h"

namespace actogram {
namespace {

constexpr size_t kTokenColumns = 14;
constexpr size_t kKeysShown = 3;

// A token of nothing but spaces is to be seen between numbers.
std::string text_of(const Piece& piece) {
  const std::string text = HeatMap::text_of(piece);
  return text.find_first_not_of(' ') == text.npos ? "␣" : text;
}

// Of each position of the window, what stands there: the piece, at its first token.
std::vector<std::string> texts_of(const Excerpt& excerpt) {
  std::vector<std::string> texts;
  for (const Piece& piece : excerpt.pieces) {
    texts.push_back(text_of(piece));
    texts.resize(texts.size() + piece.tokens.size() - 1, "″");
  }
  return texts;
}

void print_tokens(const char* title, const std::vector<TokenWeight>& tokens) {
  constexpr size_t kTokensShown = 8;
  if (tokens.empty()) return;
  std::printf("%s", title);
  for (size_t i = 0; i < std::min(kTokensShown, tokens.size()); ++i) {
    Piece piece;
    piece.text = tokens[i].text;
    piece.tokens.push_back({0, tokens[i].id, 0});
    std::printf("%s%s %.3g", i == 0 ? "" : ", ", text_of(piece).c_str(), tokens[i].weight);
  }
  std::printf("\n");
}

// "0 1 2-3 4-7": the shares of the attention that goes so far back.
void print_distances(const HeadScores& scores) {
  double all = 0;
  size_t last = 0;
  for (size_t bin = 0; bin < kNumDistanceBins; ++bin) {
    const double sum = scores.sums[kPatternByDistance + bin].value();
    all += sum;
    if (sum > 0) last = bin;
  }
  if (all <= 0) return;
  std::printf("distance ");
  for (size_t bin = 0; bin <= last; ++bin) {
    const size_t low = bin == 0 ? 0 : size_t{1} << (bin - 1), high = (size_t{1} << bin) - 1;
    const std::string range = low >= high ? std::to_string(low) : fmt::format("{}-{}", low, high);
    std::printf(" %s: %.1f %%", range.c_str(),
                100 * scores.sums[kPatternByDistance + bin].value() / all);
  }
  std::printf("\n");
}

}  // namespace

void print_head(const HeadView& view) {
  const HeadScores& s = view.scores;
  std::printf("attention self %.4f  previous %.4f  first %.4f  induction %.4f\n", s.mean(kSelf),
              s.mean(kPrevious), s.mean(kFirst), s.mean(kInduction));
  std::printf("entropy   %.4f\n", s.mean(kEntropy));
  print_distances(s);
  print_tokens("queries   ", view.query_tokens);
  print_tokens("keys      ", view.key_tokens);
}

void print_triangle(const Excerpt& excerpt, const HeatMap& heat_map) {
  const ExcerptPairs& pairs = *excerpt.pairs;
  const std::vector<std::string> texts = texts_of(excerpt);
  // Where the window is wider than the terminal, neighbouring keys share a column.
  constexpr size_t kOtherColumns = kTokenColumns + 30;
  const size_t width =
      std::max<size_t>(20, terminal_width() - std::min(terminal_width(), kOtherColumns));
  const size_t keys_a_column = (pairs.n + width - 1) / width;
  const size_t n_columns = (pairs.n + keys_a_column - 1) / keys_a_column;
  for (uint32_t q = 0; q < pairs.n; ++q) {
    std::string line = "    ";
    for (size_t first = 0; first <= q; first += keys_a_column) {
      float highest = 0;
      for (size_t k = first; k < std::min<size_t>(first + keys_a_column, q + 1); ++k) {
        highest = std::max(highest, pairs.value(q, static_cast<uint32_t>(k)));
      }
      line += heat_map.cell(highest);
    }
    line += std::string(n_columns - q / keys_a_column - 1, ' ');
    const bool is_peak = q + excerpt.window_begin == excerpt.at.position;
    line += fmt::format(" {} ", heat_map.fitted(texts[q], kTokenColumns, is_peak));
    for (const StrongKey& strong : strongest_keys(pairs, q, kKeysShown)) {
      line += fmt::format(" {} {:.2g}", texts[strong.key], strong.value);
    }
    std::printf("%s\n", line.c_str());
  }
}

}  // namespace actogram
