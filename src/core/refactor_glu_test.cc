#include "core/refactor_glu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace actogram {
namespace {

struct Token {
  float gate, in;
  Place at;
};

// The definition of the classes, for a made-up act that keeps the gate's sign.
std::vector<ClassRecord> classes_of(const std::vector<Token>& tokens) {
  std::vector<ClassRecord> classes(kNumSignClasses);
  for (const Token& token : tokens) {
    if (token.gate == 0 || token.in == 0) continue;
    const size_t c = (token.gate > 0 ? 0u : 2u) + (token.in > 0 ? 0u : 1u);
    const float swish = token.gate / 4;
    const std::array<float, kNumGatedQuantities> values = {swish * token.in, token.in, token.gate,
                                                           swish};
    ++classes[c].count;
    for (size_t q = 0; q < values.size(); ++q) {
      classes[c].sums[q].add(values[q]);
      if (has_peaks(c, q)) classes[c].peaks[q].push_back({token.at, values[q]});
    }
  }
  for (ClassRecord& record : classes) {
    for (auto& peaks : record.peaks) std::ranges::sort(peaks, ranks_before);
  }
  return classes;
}

TEST(RefactorGlu, GivesTheClassesOfTheNegatedInput) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::vector<Token> tokens(rng() % 50);
    for (uint32_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = {float(rng() % 9) - 4, float(rng() % 9) - 4, {i / 5, i % 5}};
    }
    std::vector<Token> negated = tokens;
    for (Token& token : negated) token.in = -token.in;
    const auto original = classes_of(tokens);
    auto classes = original;
    refactor_glu(classes, -1);
    EXPECT_EQ(classes, classes_of(negated));
    refactor_glu(classes, -1);
    EXPECT_EQ(classes, original);
    refactor_glu(classes, 1);
    EXPECT_EQ(classes, original);
  }
}

TEST(RefactorGlu, LeavesOnlyTheCosineOfInAndOutAlone) {
  const NeuronWeights weights = {1, 2, 3, -.25, .5, -.125, -1};
  EXPECT_EQ(refactor_glu(weights), (NeuronWeights{1, 2, 3, .25, -.5, -.125, -1}));
  const NeuronWeights positive = {1, 2, 3, .25, .5, -.125, 1};
  EXPECT_EQ(refactor_glu(positive), positive);
}

}  // namespace
}  // namespace actogram
