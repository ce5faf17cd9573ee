// Partners against the definition over dense columns, zeros included, where both are known.
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

enum class Known { all, sampled, all_but_some };

// Two sites' units: what they are at each token, NaN where that is not known.
struct Columns {
  std::vector<std::vector<double>> values;  // [unit][token]
  std::vector<Site> sites;
  TokenLists lists;
};

// Writes random events to the folder, and the lists of the tokens where they are known.
Columns write_columns(const std::string& folder, std::mt19937& rng, Known known) {
  const size_t n_tokens = 2 + rng() % 300, n_units = 2 + rng() % 20, n_first = 1 + rng() % n_units;
  Columns made;
  made.sites = {{"blocks.0.hook_resid_post/sae:a", 0, static_cast<uint32_t>(n_first)},
                {"blocks.1.hook_resid_post/sae:b", 1, static_cast<uint32_t>(n_units - n_first)}};
  std::vector<uint32_t> sampled;
  std::vector<UnknownToken> unknown;
  std::vector<std::vector<bool>> is_known(2, std::vector<bool>(n_tokens, true));
  for (uint32_t token = 0; token < n_tokens; ++token) {
    if (known == Known::sampled) {
      const bool here = token == 0 || rng() % 3 == 0;
      is_known[0][token] = is_known[1][token] = here;
      if (here) sampled.push_back(token);
    }
    for (uint32_t site = 0; known == Known::all_but_some && site < 2; ++site) {
      if (rng() % 4 != 0) continue;
      is_known[site][token] = false;
      unknown.push_back({site, token});
    }
  }
  ThreadPool pool(1);
  EventWriter writer(folder, {n_tokens, n_units}, 1);
  for (uint32_t unit = 0; unit < n_units; ++unit) {
    std::vector<double>& column = made.values.emplace_back(n_tokens);
    const bool constant = unit == 1;  // fires everywhere alike: no correlation
    for (uint32_t token = 0; token < n_tokens; ++token) {
      if (!is_known[unit < n_first ? 0 : 1][token]) {
        column[token] = std::nan("");
        continue;
      }
      if (!constant && rng() % (1 + unit) != 0) continue;
      const float value = constant ? 1.5f : static_cast<float>(rng() % 1000) * 0.37f - 20.1f;
      writer.add(0, {&token, 1}, {&unit, 1}, {&value, 1});
      column[token] = value;
    }
  }
  StoredFiles files = writer.finish(pool);
  write_sampled_tokens(folder, sampled, files);
  write_unknown_tokens(folder, unknown, files);
  made.lists = TokenLists(folder, files);
  return made;
}

void check_partners(const EventsOfSites& in, uint64_t unit,
                    const std::vector<std::vector<double>>& values) {
  uint64_t n_partners = 0;
  const std::vector<Partner> found = partners_of(in, unit, PartnerOrder::together, SIZE_MAX);
  for (uint64_t other = 0; other < values.size(); ++other) {
    std::vector<double> x, y;
    uint64_t both = 0, either = 0;
    for (size_t token = 0; token < values[unit].size(); ++token) {
      const double a = values[unit][token], b = values[other][token];
      if (std::isnan(a) || std::isnan(b)) continue;
      x.push_back(a), y.push_back(b);
      both += a != 0 && b != 0;
      either += a != 0 || b != 0;
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
    const double r = correlate(x, y).r;
    EXPECT_EQ(std::isnan(partner->correlation), std::isnan(r));
    if (!std::isnan(r)) {
      EXPECT_NEAR(partner->correlation, r, 1e-11);
    }
  }
  EXPECT_EQ(found.size(), n_partners);
}

TEST(Partners, AreThoseOfTheDenseColumns) {
  const std::string folder =
      ::testing::TempDir() + "actogram_partners_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const Columns columns = write_columns(folder, rng, static_cast<Known>(seed % 3));
    const EventIndex events(folder);
    for (uint64_t unit = 0; unit < columns.values.size(); ++unit) {
      check_partners({events, columns.sites, columns.lists}, unit, columns.values);
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
  const std::vector<Site> sites = {{"blocks.0.hook_resid_post/sae:a", 0, 5}};
  const auto units = [&](PartnerOrder order, size_t n) {
    std::vector<uint64_t> found;
    for (const Partner& partner : partners_of({events, sites, TokenLists()}, 0, order, n)) {
      found.push_back(partner.unit);
    }
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
