#include "core/correlation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace actogram {
namespace {

// From mpmath with 40 digits: the regularised incomplete beta function and, for n below 2000,
// the integral of Student's density, which agree.
TEST(Correlation, HasTheChanceOfStudentsDistribution) {
  struct Case {
    double r;
    uint64_t n;
    double p;
  };
  for (const Case& c : std::initializer_list<Case>{{0.5, 3, 0.66666666666666667},
                                                   {0.5, 10, 0.14111328125},
                                                   {-0.9, 5, 0.037386073468498646},
                                                   {0.01, 20, 0.96662419612877047},
                                                   {0.25, 64, 0.046333626886436577},
                                                   {0.999, 40, 6.6841663141410662e-53},
                                                   {0.1, 1536, 8.6428720756070133e-5},
                                                   {0.3, 1536, 2.5928054192393193e-33},
                                                   {-0.03125, 8192, 0.0046739486702941311},
                                                   {0.05, 46080, 6.6365449858796005e-27},
                                                   {0.001, 46080, 0.83003494004297116},
                                                   {0.15, 46080, 4.9415657703799443e-230},
                                                   {0.0625, 352256, 9.0013315623246259e-302}}) {
    EXPECT_NEAR(chance_of_correlation(c.r, c.n) / c.p, 1, 1e-12) << c.r << " of " << c.n;
  }
  EXPECT_EQ(chance_of_correlation(0, 9), 1);
  EXPECT_EQ(chance_of_correlation(1, 9), 0);
  EXPECT_EQ(chance_of_correlation(0.9, 100'000), 0) << "below the smallest double";
}

// With 4 pairs r is uniform in [-1, 1], so p = 1 - |r| exactly.
TEST(Correlation, OfFourPairsHasALinearChance) {
  for (double r = -1; r <= 1; r += 1.0 / 64) {
    EXPECT_NEAR(chance_of_correlation(r, 4), 1 - std::abs(r), 1e-14) << r;
  }
}

TEST(Correlation, IsThatOfTheDefinition) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::normal_distribution<double> normal;
    std::vector<double> x(3 + rng() % 300), y(x.size());
    const double share = normal(rng);
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = 5 + normal(rng);
      y[i] = share * x[i] + normal(rng);
    }
    const auto n = static_cast<long double>(x.size());
    long double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      sx += x[i], sy += y[i];
      sxx += static_cast<long double>(x[i]) * x[i], syy += static_cast<long double>(y[i]) * y[i];
      sxy += static_cast<long double>(x[i]) * y[i];
    }
    const long double r =
        (n * sxy - sx * sy) / std::sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
    const Correlation found = correlate(x, y);
    EXPECT_EQ(found.n, x.size());
    EXPECT_NEAR(found.r, static_cast<double>(r), 1e-12);
    EXPECT_EQ(found.p, chance_of_correlation(found.r, found.n));
  }
}

TEST(Correlation, LeavesOutWhatIsNotFiniteAndKnowsWhatItCannotSay) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x = {1, 2, kNaN, 3, 9}, y = {2, 4, 5, 6, -HUGE_VAL};
  EXPECT_EQ(correlate(x, y).n, 3u);
  EXPECT_EQ(correlate(x, y).r, 1);
  EXPECT_EQ(correlate(x, y).p, 0);
  const std::vector<double> same = {1, 1, 1, 1, 1};
  EXPECT_TRUE(std::isnan(correlate(x, same).r));
  EXPECT_TRUE(std::isnan(correlate(x, same).p));
  EXPECT_TRUE(std::isnan(correlate({x.data(), 2}, {y.data(), 2}).p));
  EXPECT_EQ(correlate({}, {}).n, 0u);
}

}  // namespace
}  // namespace actogram
