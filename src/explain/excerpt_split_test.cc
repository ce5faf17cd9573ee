#include "explain/excerpt_split.h"

#include <gtest/gtest.h>

#include <array>
#include <type_traits>

namespace actogram {
namespace {

// What an explainer may see cannot be handed to a scorer, and nobody makes a part of his own.
static_assert(!std::is_convertible_v<Excerpts<Part::explain>, Excerpts<Part::score>>);
static_assert(!std::is_constructible_v<Excerpts<Part::score>, std::vector<UnitExcerpt>>);
static_assert(!std::is_default_constructible_v<Excerpts<Part::score>>);

std::vector<UnitExcerpt> excerpts_of_documents(uint64_t n) {
  std::vector<UnitExcerpt> excerpts;
  for (uint64_t d = 0; d < n; ++d) {
    for (const uint32_t position : {3u, 9u}) {
      UnitExcerpt excerpt;
      excerpt.at = {static_cast<uint32_t>(d), position};
      excerpt.document = d;
      excerpt.document_key = mix64(d % 1000);  // copies, from 1,000 on
      excerpts.push_back(excerpt);
    }
  }
  return excerpts;
}

TEST(ExcerptSplit, KeepsADocumentAndItsCopiesInOnePart) {
  const SplitExcerpts split =
      split_excerpts(unit_key("blocks.1.mlp.hook_post", 7), excerpts_of_documents(4000));
  std::array<int, 1000> part_of_text;
  part_of_text.fill(-1);
  const auto hold = [&](const auto& excerpts, int part) {
    for (const UnitExcerpt& excerpt : excerpts) {
      int& known = part_of_text[excerpt.document % 1000];
      if (known == -1) known = part;
      EXPECT_EQ(known, part) << "document " << excerpt.document;
    }
  };
  hold(split.explain, 0);
  hold(split.calibrate, 1);
  hold(split.score, 2);
  EXPECT_EQ(split.explain.size() + split.calibrate.size() + split.score.size(), 8000u);
  // 1,000 texts, 8 excerpts each: within 4 standard deviations of one half, one eighth, the rest.
  EXPECT_NEAR(static_cast<double>(split.explain.size()) / 8, 500, 4 * 15.8);
  EXPECT_NEAR(static_cast<double>(split.calibrate.size()) / 8, 125, 4 * 10.5);
  EXPECT_NEAR(static_cast<double>(split.score.size()) / 8, 375, 4 * 15.3);
}

TEST(ExcerptSplit, IsAnotherForAnotherUnit) {
  const SplitExcerpts one = split_excerpts(unit_key("s", 1), excerpts_of_documents(1000));
  uint64_t n_explained_by_both = 0;
  for (const UnitExcerpt& excerpt : one.explain) {
    n_explained_by_both += part_of(unit_key("s", 2), excerpt.document_key) == Part::explain;
  }
  EXPECT_NEAR(static_cast<double>(n_explained_by_both) / static_cast<double>(one.explain.size()),
              0.5, 0.1);
}

}  // namespace
}  // namespace actogram
