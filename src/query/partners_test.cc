// Partners against the definition over dense columns, zeros included.
#include "query/partners.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "core/correlation.h"
#include "store/event_writer.h"

namespace actogram {
namespace {

TEST(Partners, AreThoseOfTheDenseColumns) {
  const std::string folder =
      ::testing::TempDir() + "actogram_partners_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const size_t n_tokens = 2 + rng() % 300, n_units = 2 + rng() % 20;
    std::vector<std::vector<double>> dense(n_units, std::vector<double>(n_tokens));
    ThreadPool pool(1);
    EventWriter writer(folder, {n_tokens, n_units}, 1);
    for (uint32_t unit = 0; unit < n_units; ++unit) {
      const bool constant = unit == 1;  // fires everywhere alike: no correlation
      for (uint32_t token = 0; token < n_tokens; ++token) {
        if (!constant && rng() % (1 + unit) != 0) continue;
        const float value = constant ? 1.5f : static_cast<float>(rng() % 1000) * 0.37f - 20.1f;
        writer.add(0, {&token, 1}, {&unit, 1}, {&value, 1});
        dense[unit][token] = value;
      }
    }
    writer.finish(pool);

    const EventIndex events(folder);
    for (uint64_t unit = 0; unit < n_units; ++unit) {
      uint64_t n_partners = 0;
      std::vector<Partner> found = partners_of(events, unit, PartnerOrder::together, SIZE_MAX);
      for (uint64_t other = 0; other < n_units; ++other) {
        uint64_t both = 0, either = 0;
        for (size_t token = 0; token < n_tokens; ++token) {
          both += dense[unit][token] != 0 && dense[other][token] != 0;
          either += dense[unit][token] != 0 || dense[other][token] != 0;
        }
        const auto partner = std::ranges::find(found, other, &Partner::unit);
        if (both == 0 || other == unit) {
          EXPECT_EQ(partner, found.end());
          continue;
        }
        ++n_partners;
        ASSERT_NE(partner, found.end());
        EXPECT_EQ(partner->n_together, both);
        EXPECT_DOUBLE_EQ(partner->jaccard, static_cast<double>(both) / static_cast<double>(either));
        const double r = correlate(dense[unit], dense[other]).r;
        EXPECT_EQ(std::isnan(partner->correlation), std::isnan(r));
        if (!std::isnan(r)) {
          EXPECT_NEAR(partner->correlation, r, 1e-12);
        }
      }
      EXPECT_EQ(found.size(), n_partners);
    }
  }
  std::filesystem::remove_all(folder);
}

TEST(Partners, ComeInTheOrderThatIsAskedFor) {
  const std::string folder = ::testing::TempDir() + "actogram_order_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  // [unit] the tokens where it fires, of 8; unit 0 is asked about.
  const std::vector<std::vector<uint32_t>> fires = {
      {0, 1, 2, 3}, {0, 1, 2, 4, 5, 6, 7}, {0, 1}, {3, 4}, {5}};
  ThreadPool pool(1);
  EventWriter writer(folder, {8, fires.size()}, 1);
  for (uint32_t unit = 0; unit < fires.size(); ++unit) {
    for (const uint32_t token : fires[unit]) {
      const float one = 1;
      writer.add(0, {&token, 1}, {&unit, 1}, {&one, 1});
    }
  }
  writer.finish(pool);

  const EventIndex events(folder);
  const auto units = [&](PartnerOrder order, size_t n) {
    std::vector<uint64_t> found;
    for (const Partner& partner : partners_of(events, 0, order, n)) found.push_back(partner.unit);
    return found;
  };
  using Units = std::vector<uint64_t>;
  EXPECT_EQ(units(PartnerOrder::together, 9), (Units{1, 2, 3}));
  EXPECT_EQ(units(PartnerOrder::jaccard, 9), (Units{2, 1, 3}));      // 2/4, 3/8, 1/5
  EXPECT_EQ(units(PartnerOrder::correlation, 9), (Units{2, 3, 1}));  // positive, 0, negative
  EXPECT_EQ(units(PartnerOrder::correlation, 1), (Units{2}));
  EXPECT_EQ(units(PartnerOrder::together, 0), Units{});
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace actogram
