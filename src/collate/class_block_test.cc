// Sign classes against their definition, on random gates with ties, zeros, NaN and infinities; in
// batches, restored half-way, and merged from shards.
#include "collate/class_block.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <random>

#include "collate/gate_function.h"
#include "collate/merge.h"

namespace actogram {
namespace {

struct Values {
  float gate, linear, post;
};

struct Data {
  uint32_t n_units = 0;
  std::vector<std::vector<Values>> sequences;  // [sequence][token * n_units + unit]
  std::vector<bool> begins_with_bos;
  uint32_t n_tokens(size_t s) const { return static_cast<uint32_t>(sequences[s].size() / n_units); }
};

double exact(GateFunction function, double x) {
  if (function == GateFunction::silu) return x / (1 + std::exp(-x));
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

Data random_data(std::mt19937& rng) {
  Data data;
  data.n_units = 1 + rng() % kLanes;
  data.sequences.resize(rng() % 40);
  const bool broken = rng() % 2 == 0;
  const bool huge = rng() % 8 == 0;  // eight of them are more than float32 holds
  const float spread = rng() % 2 ? 1.0F : 8.0F;
  const auto value = [&] {
    float v = std::normal_distribution<float>(0, spread)(rng);
    if (rng() % 3 == 0) v = std::round(v);
    if (broken && rng() % 60 == 0) v = rng() % 2 ? NAN : INFINITY;
    if (huge && rng() % 4 == 0) v = std::copysign(3e38F, v);
    return v;
  };
  for (auto& sequence : data.sequences) {
    data.begins_with_bos.push_back(rng() % 2 == 0);
    sequence.resize((1 + rng() % 30) * data.n_units);
    for (Values& v : sequence) {
      v.gate = value(), v.linear = value();
      v.post = static_cast<float>(exact(GateFunction::silu, double{v.gate})) * v.linear;
      if (broken && rng() % 60 == 0) v.post = rng() % 2 ? NAN : -INFINITY;
    }
  }
  return data;
}

// A batch of sequences [begin, end) with gaps between the rows.
void feed(ClassBlock& block, const Data& data, size_t begin, size_t end, std::mt19937& rng) {
  BlockScratch scratch;
  const size_t stride = data.n_units + rng() % 3, gate_stride = data.n_units + rng() % 3;
  std::vector<float> gate, linear, post;
  std::vector<uint32_t> first_row;
  std::vector<BatchSequence> sequences;
  uint32_t row = 0;
  for (size_t s = begin; s < end; ++s) {
    row += rng() % 3;
    first_row.push_back(row);
    row += data.n_tokens(s);
    sequences.push_back({.number = static_cast<uint32_t>(s),
                         .n_tokens = data.n_tokens(s),
                         .begins_with_bos = data.begins_with_bos[s]});
    gate.resize(row * gate_stride, NAN), linear.resize(row * gate_stride, NAN);
    post.resize(row * stride, NAN);
    for (uint32_t t = 0; t < data.n_tokens(s); ++t) {
      for (uint32_t u = 0; u < data.n_units; ++u) {
        const Values& v = data.sequences[s][t * data.n_units + u];
        const size_t at = first_row.back() + t;
        gate[at * gate_stride + u] = v.gate;
        linear[at * gate_stride + u] = v.linear;
        post[at * stride + u] = v.post;
      }
    }
  }
  scratch.tile.load({.values = post.data(),
                     .n_rows = row,
                     .row_stride = stride,
                     .first_row = first_row,
                     .gate = gate.data(),
                     .linear = linear.data(),
                     .gate_stride = gate_stride},
                    0, data.n_units);
  block.observe(scratch.tile.block(0), sequences, scratch);
}

int class_of(const Values& v) {
  if (!std::isfinite(v.gate) || !std::isfinite(v.linear) || !std::isfinite(v.post)) return -1;
  if (v.gate == 0 || v.linear == 0) return -1;
  return (v.gate > 0 ? 0 : 2) + (v.linear > 0 ? 0 : 1);
}

struct Expected {
  uint64_t count = 0;
  std::array<double, kNumGatedQuantities> sums = {};
  std::array<std::vector<ClassPeak>, 3> peaks;  // swish ranks by rounded values: looked at apart
};

Expected by_definition(const Data& data, uint32_t unit, int sign_class,
                       const CollateOptions& options) {
  Expected e;
  for (size_t s = 0; s < data.sequences.size(); ++s) {
    std::array<ClassPeak, 3> best;
    const uint32_t first = data.begins_with_bos[s] && !options.classes_count_bos ? 1 : 0;
    for (uint32_t t = first; t < data.n_tokens(s); ++t) {
      const Values& v = data.sequences[s][t * data.n_units + unit];
      if (class_of(v) != sign_class) continue;
      ++e.count;
      const float values[] = {v.post, v.linear, v.gate};
      for (size_t q = 0; q < 3; ++q) {
        e.sums[q] += double{values[q]};
        if (std::fabs(values[q]) > std::fabs(best[q].value)) {
          best[q] = {{static_cast<uint32_t>(s), t}, values[q]};
        }
      }
      e.sums[kSwish] += exact(GateFunction::silu, double{v.gate});
    }
    for (size_t q = 0; q < 3; ++q) {
      if (best[q].value != 0) e.peaks[q].push_back(best[q]);
    }
  }
  for (auto& peaks : e.peaks) {
    std::ranges::stable_sort(peaks, [](const ClassPeak& a, const ClassPeak& b) {
      return std::fabs(a.value) > std::fabs(b.value);
    });
    if (peaks.size() > options.class_top) peaks.resize(options.class_top);
  }
  return e;
}

CollateOptions random_options(std::mt19937& rng) {
  CollateOptions options;
  options.class_top = static_cast<uint32_t>(rng() % 4 == 0 ? 15 + rng() % 20 : rng() % 6);
  options.classes_count_bos = rng() % 2 == 0;
  return options;
}

std::vector<ClassRecord> record_of(const ClassBlock& block, size_t lane) {
  std::vector<ClassRecord> record;
  block.record(lane, record);
  return record;
}

TEST(ClassBlock, EqualsTheDefinition) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const Data data = random_data(rng);
    const CollateOptions options = random_options(rng);
    ClassBlock block(data.n_units, GateFunction::silu, options);
    feed(block, data, 0, data.sequences.size(), rng);
    for (uint32_t unit = 0; unit < data.n_units; ++unit) {
      const auto classes = record_of(block, unit);
      for (size_t c = 0; c < kNumSignClasses; ++c) {
        SCOPED_TRACE(fmt::format("unit {}, class {}", unit, kSignClassNames[c]));
        const Expected e = by_definition(data, unit, static_cast<int>(c), options);
        EXPECT_EQ(classes[c].count, e.count);
        for (size_t q = 0; q < kNumGatedQuantities; ++q) {
          EXPECT_NEAR(classes[c].sums[q].value(), e.sums[q], 2e-6 * std::fabs(e.sums[q]) + 1e-34);
          if (q != kSwish) {
            EXPECT_EQ(classes[c].peaks[q], e.peaks[q]);
          }
        }
        EXPECT_EQ(std::isnan(classes[c].mean(kPost)), e.count == 0);
        EXPECT_TRUE(has_peaks(c, kSwish) || classes[c].peaks[kSwish].empty());
        EXPECT_TRUE(std::ranges::is_sorted(classes[c].peaks[kSwish], ranks_before));
        for (const ClassPeak& peak : classes[c].peaks[kSwish]) {
          const Values& v =
              data.sequences[peak.at.sequence][peak.at.position * data.n_units + unit];
          EXPECT_EQ(class_of(v), static_cast<int>(c));
          EXPECT_NEAR(peak.value, exact(GateFunction::silu, double{v.gate}), 1e-6);
        }
      }
    }
  }
}

TEST(ClassBlock, IsTheSameFromShardsInAnyOrderAndAfterARestore) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const Data data = random_data(rng);
    const CollateOptions options = random_options(rng);
    const size_t n = data.sequences.size(), cut = n == 0 ? 0 : rng() % n;
    ClassBlock whole(data.n_units, GateFunction::silu, options), first = whole, second = whole,
                                                                 restored = whole;
    feed(whole, data, 0, n, rng);
    feed(first, data, 0, cut, rng);
    feed(second, data, cut, n, rng);
    for (uint32_t unit = 0; unit < data.n_units; ++unit) {
      restored.restore(unit, record_of(first, unit));
    }
    feed(restored, data, cut, n, rng);
    for (uint32_t unit = 0; unit < data.n_units; ++unit) {
      UnitRecord parts[2];
      parts[0].classes = record_of(second, unit), parts[1].classes = record_of(first, unit);
      EXPECT_EQ(merge_units(parts, options).classes, record_of(whole, unit));
      EXPECT_EQ(record_of(restored, unit), record_of(whole, unit));
    }
  }
}

// Bounds of the header; below -87 the exponential saturates.
TEST(GateFunction, IsCloseToTheExactFunction) {
  std::vector<float> values = {-FLT_MAX, -1e30F, -1e12F, -1000, 1000, 1e12F, 1e30F, FLT_MAX};
  for (float x = -110; x < 110; x += 0.0017F) values.push_back(x);
  for (const float x : values) {
    const F16 lanes = all_lanes<F16>(x);
    const double s = exact(GateFunction::silu, double{x});
    const double g = exact(GateFunction::gelu_tanh, double{x});
    ASSERT_NEAR(get_lane(silu(lanes), 3), s, 4e-7 * std::fabs(s) + 1e-36) << x;
    ASSERT_NEAR(get_lane(gelu_tanh(lanes), 3), g, 1e-6 * std::max(1.0, std::fabs(g))) << x;
  }
}

// The least value of silu, as GLUScope's data sets show it.
TEST(GateFunction, SaturatesWherePublishedDataDoes) {
  const F16 least = silu(all_lanes<F16>(-1.2784645F));
  EXPECT_FLOAT_EQ(get_lane(least, 0), -0.2784645F);
}

}  // namespace
}  // namespace actogram
