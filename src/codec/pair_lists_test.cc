#include "codec/pair_lists.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "actogram/error.h"

namespace actogram {
namespace {

std::string error_of(const std::string& json) {
  try {
    parse_pair_lists(json, "x");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::corrupt) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error for " << json;
  return "";
}

TEST(PairLists, AreReadListByList) {
  const PairLists lists = parse_pair_lists("[[[192, 0.25], [7, -2e-05]], [], [[3, 2]]]", "x");
  EXPECT_EQ(lists.offsets, (std::vector<int64_t>{0, 2, 2, 3}));
  EXPECT_EQ(lists.numbers, (std::vector<uint32_t>{192, 7, 3}));
  EXPECT_EQ(lists.values, (std::vector<double>{0.25, -2e-05, 2}));
  EXPECT_EQ(parse_pair_lists("[]", "x").size(), 0u);
}

TEST(PairLists, ComeBackAsTheyWereWritten) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    PairLists lists;
    std::string json = "[";
    for (uint64_t n = random() % 4; n > 0; --n) {
      const size_t begin = lists.values.size();
      for (uint64_t i = random() % 5; i > 0; --i) {
        lists.numbers.push_back(static_cast<uint32_t>(random()));
        const auto any = std::bit_cast<float>(static_cast<uint32_t>(random()));
        lists.values.push_back(std::isfinite(any) ? any : static_cast<double>(random() % 100));
      }
      lists.offsets.push_back(static_cast<int64_t>(lists.values.size()));
      if (json.size() > 1) json += ", ";
      append_json(std::span(lists.numbers).subspan(begin), std::span(lists.values).subspan(begin),
                  json);
    }
    EXPECT_EQ(parse_pair_lists(json + "]", "x"), lists) << json;
  }
}

TEST(PairLists, HaveTheDigitsThatPythonWrites) {
  std::string json;
  append_json(std::vector<uint32_t>{192, 1, 2, 3},
              std::vector<double>{0.004885017871856689, 3, 1e-5, -0.0}, json);
  EXPECT_EQ(json, "[[192, 0.004885017871856689], [1, 3.0], [2, 1e-05], [3, -0.0]]");
}

TEST(PairLists, AnythingElseIsRefused) {
  EXPECT_EQ(error_of("[[[1, 2], [3]]]"),
            "x: list 0, pair 1: expected [number, value], found a list of 1");
  EXPECT_EQ(error_of("[[[1, 2], [3, 4, 5]]]"),
            "x: list 0, pair 1: expected [number, value], found 5");
  EXPECT_EQ(error_of("[[], [[-1, 2]]]"), "x: list 1, pair 0: expected [number, value], found -1");
  EXPECT_EQ(error_of("[[[4294967296, 2]]]"),
            "x: list 0, pair 0: expected [number, value], found 4294967296");
  EXPECT_EQ(error_of("[[[[1]]]]"), "x: list 0, pair 0: expected [number, value], found a list");
  EXPECT_EQ(error_of("{}"), "x: list 0, pair 0: expected [number, value], found an object");
  for (const char* json :
       {"", "1", "[1]", "[[1, 2]]", "[[[1, 2, 3]]]", "[[[1.5, 2]]]", "[[[1, null]]]",
        "[[[1, \"2\"]]]", "[[[]]]", "[[[1, NaN]]]", "[[[1, 1e999]]]", "[[[1, 2]]", "[] []"}) {
    error_of(json);
  }
}

}  // namespace
}  // namespace actogram
