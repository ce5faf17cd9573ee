#include "core/rw_class.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

namespace actogram {
namespace {

// (in-out, |gate-out|, typical) as RW_functionalities writes it down.
const std::map<std::tuple<int, int, int>, std::string_view> kNames = {
    {{1, 1, 1}, "strengthening"},
    {{1, 1, 0}, "atypical strengthening"},
    {{1, 0, 1}, "conditional strengthening"},
    {{1, 0, 0}, "atypical conditional strengthening"},
    {{0, 1, 1}, "proportional change"},
    {{0, 1, 0}, "atypical proportional change"},
    {{0, 0, 1}, "orthogonal output"},
    {{-1, 1, 1}, "weakening"},
    {{-1, 1, 0}, "atypical weakening"},
    {{-1, 0, 1}, "conditional weakening"},
    {{-1, 0, 0}, "atypical conditional weakening"},
};

TEST(RwClass, IsThatOfTheTableForEveryCombination) {
  for (int in_out = -1; in_out <= 1; ++in_out) {
    for (int gate_out = -1; gate_out <= 1; ++gate_out) {
      for (int gate_in = -1; gate_in <= 1; ++gate_in) {
        const bool typical = gate_in == in_out * gate_out || (in_out == 0 && gate_out == 0);
        NeuronWeights weights;
        weights.cos_in_out = 0.7 * in_out;
        weights.cos_gate_out = 0.7 * gate_out;
        weights.cos_gate_in = 0.7 * gate_in;
        EXPECT_EQ(kRwClassNames[rw_class(weights)],
                  kNames.at({in_out, std::abs(gate_out), typical ? 1 : 0}))
            << in_out << gate_out << gate_in;
      }
    }
  }
}

TEST(RwClass, CountsOneHalfAsNothing) {
  NeuronWeights weights;
  weights.cos_in_out = 0.5;
  EXPECT_EQ(kRwClassNames[rw_class(weights)], "orthogonal output");
  weights.cos_in_out = -0.5000001;
  EXPECT_EQ(kRwClassNames[rw_class(weights)], "conditional weakening");
}

}  // namespace
}  // namespace actogram
