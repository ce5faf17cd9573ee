#include "explain/fuzz_marks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "explain/test_excerpts_test.h"

namespace actogram {
namespace {

using testing::excerpt_in;

TEST(FuzzMarks, AreWhereItIsActive) {
  const float nan = std::nanf("");
  const UnitExcerpt excerpt =
      excerpt_in(Part::score, {{"a", 1}, {"b", 0.3f}, {"c", 0.31f}, {"d", nan}, {"e", -5}});
  EXPECT_EQ(right_marks(excerpt), (std::vector{true, false, true, false, false}));
  EXPECT_EQ(right_marks(excerpt_in(Part::score, {{"a", 0}, {"b", -1}})),
            (std::vector{false, false}));
}

TEST(FuzzMarks, AreElsewhereWhereTheyAreWrong) {
  UnitExcerpt excerpt = excerpt_in(Part::score, {{"a", 0}, {"b", 1}, {"c", 0}, {"d", 0}, {"e", 0}});
  std::set<std::vector<bool>> found;
  for (uint32_t sequence = 0; sequence < 50; ++sequence) {
    excerpt.at.sequence = sequence;
    const std::vector<bool> marks = wrong_marks(7, excerpt, 2);
    EXPECT_EQ(std::ranges::count(marks, true), 2);
    EXPECT_FALSE(marks[1]);
    EXPECT_EQ(wrong_marks(7, excerpt, 2), marks);
    found.insert(marks);
  }
  EXPECT_EQ(found.size(), 6u) << "any two of four";
  EXPECT_EQ(wrong_marks(7, excerpt, 9), (std::vector{true, false, true, true, true}));
}

TEST(FuzzMarks, AreAsManyAsTheRightOnesOnTheWhole) {
  const UnitExcerpt one = excerpt_in(Part::score, {{"a", 1}, {"b", 0}});
  const UnitExcerpt three = excerpt_in(Part::score, {{"a", 1}, {"b", 1}, {"c", 0.5f}});
  const UnitExcerpt off = excerpt_in(Part::score, {{"a", 5}, {"b", 5}});
  EXPECT_EQ(mean_right_marks(std::vector<JudgedExcerpt>{{&one, true, 1}, {&off, false, 1}}), 1u);
  EXPECT_EQ(mean_right_marks(std::vector<JudgedExcerpt>{{&one, true, 1}, {&three, true, 1}}), 2u);
  EXPECT_EQ(mean_right_marks(
                std::vector<JudgedExcerpt>{{&one, true, 1}, {&one, true, 1}, {&three, true, 1}}),
            2u);
  EXPECT_EQ(mean_right_marks({}), 0u);
}

}  // namespace
}  // namespace actogram
