#include "sae/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "actogram/error.h"

namespace actogram {
namespace {

Tensor tensor(const std::vector<float>& numbers, std::vector<uint64_t> shape) {
  auto bytes = std::make_shared<std::vector<std::byte>>(numbers.size() * sizeof(float));
  std::memcpy(bytes->data(), numbers.data(), bytes->size());
  auto strides = row_major_strides(shape, "test");
  return make_tensor(Dtype::f32, std::move(shape), std::move(strides), 0, {*bytes, bytes}, "test");
}

// With whole numbers every product and sum is exact, so values and ties are, too.
struct Numbers {
  std::mt19937& rng;
  bool whole = true;

  float next() {
    if (whole) return static_cast<float>(static_cast<int>(rng() % 5) - 2);
    return std::normal_distribution<float>()(rng);
  }
  std::vector<float> some(size_t n) {
    std::vector<float> found(n);
    for (float& number : found) number = next();
    return found;
  }
};

Sae random_sae(SaeKind kind, uint32_t n_latents, uint32_t d_in, Numbers numbers) {
  Sae sae;
  sae.path = "test";
  sae.kind = kind;
  sae.n_latents = n_latents;
  sae.d_in = sae.d_out = d_in;
  sae.w_enc = tensor(numbers.some(size_t{n_latents} * d_in), {n_latents, d_in});
  sae.b_enc = numbers.some(n_latents);
  if (numbers.rng() % 2 == 0) sae.pre_bias = numbers.some(d_in);
  sae.k = 1 + numbers.rng() % std::min(n_latents, 40u);
  if (kind == SaeKind::jump_relu) sae.threshold = numbers.some(n_latents);
  if (kind == SaeKind::gated) {
    sae.b_gate = numbers.some(n_latents);
    sae.magnitude = numbers.some(n_latents);
  }
  if (numbers.rng() % 2 == 0) {
    sae.scale = numbers.some(n_latents);
    for (float& s : sae.scale) s = std::abs(s) + 1;
  }
  return sae;
}

// The definition, in double: of one row, every latent.
std::vector<double> latents_by_definition(const Sae& sae, const float* row) {
  const std::vector<float> w = to_floats(sae.w_enc);
  std::vector<double> latents(sae.n_latents);
  for (size_t l = 0; l < latents.size(); ++l) {
    double a = 0;
    for (size_t i = 0; i < sae.d_in; ++i) {
      const double x = row[i] - (sae.pre_bias.empty() ? 0.0 : sae.pre_bias[i]);
      a += x * w[l * sae.d_in + i];
    }
    const double scale = sae.scale.empty() ? 1 : sae.scale[l], h = a + sae.b_enc[l];
    if (sae.kind == SaeKind::relu) latents[l] = std::max(h, 0.0) * scale;
    if (sae.kind == SaeKind::jump_relu)
      latents[l] = h > sae.threshold[l] ? std::max(h, 0.0) * scale : 0;
    if (sae.kind == SaeKind::top_k) latents[l] = h * scale;
    if (sae.kind == SaeKind::gated) {
      const double magnitude = std::max(a * sae.magnitude[l] + sae.b_enc[l], 0.0) * scale;
      latents[l] = a + sae.b_gate[l] > 0 ? magnitude : 0;
    }
  }
  if (sae.kind != SaeKind::top_k) return latents;
  std::vector<uint32_t> order(latents.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) { return latents[a] > latents[b]; });
  for (size_t i = sae.k; i < order.size(); ++i) latents[order[i]] = 0;
  for (double& latent : latents) latent = std::max(latent, 0.0);
  return latents;
}

std::vector<LatentEvent> events_of(SaeEncoder& encoder, const float* rows, size_t n_rows,
                                   size_t stride) {
  std::vector<LatentEvent> all;
  size_t next_row = 0;
  encoder.encode(rows, n_rows, stride, [&](const EncodedRows& some) {
    EXPECT_EQ(some.first_row, next_row);
    next_row += some.n_rows;
    EXPECT_TRUE(some.not_finite.empty());
    all.insert(all.end(), some.events.begin(), some.events.end());
  });
  EXPECT_EQ(next_row, n_rows);
  return all;
}

constexpr SaeKind kKinds[] = {SaeKind::relu, SaeKind::top_k, SaeKind::jump_relu, SaeKind::gated};

TEST(SaeEncoder, IsTheDefinitionToTheBitWhereArithmeticIsExact) {
  for (unsigned seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    Numbers numbers{rng};
    const SaeKind kind = kKinds[seed % 4];
    // With few latents fewer than k are above 0.
    const uint32_t n_latents = 1 + rng() % (seed % 8 < 4 ? 2500 : 50), d_in = 1 + rng() % 40;
    const Sae sae = random_sae(kind, n_latents, d_in, numbers);
    const size_t n_rows = rng() % 60, stride = d_in + rng() % 3;
    const std::vector<float> rows = numbers.some(n_rows * stride);
    std::vector<LatentEvent> expected;
    for (uint32_t row = 0; row < n_rows; ++row) {
      const auto latents = latents_by_definition(sae, rows.data() + row * stride);
      for (uint32_t l = 0; l < n_latents; ++l) {
        if (latents[l] != 0) expected.push_back({row, l, static_cast<float>(latents[l])});
      }
    }
    SaeEncoder encoder(sae, 1 + rng() % 3);
    EXPECT_EQ(events_of(encoder, rows.data(), n_rows, stride), expected);
  }
}

TEST(SaeEncoder, IsNearTheDefinitionElsewhere) {
  std::mt19937 rng(1);
  Numbers numbers{rng, false};
  constexpr uint32_t kWidth = 768;
  const Sae sae = random_sae(SaeKind::relu, 1500, kWidth, numbers);
  const std::vector<float> rows = numbers.some(size_t{5} * kWidth);
  SaeEncoder encoder(sae, 2);
  std::vector<float> dense(size_t{5} * 1500);
  for (const LatentEvent& event : events_of(encoder, rows.data(), 5, kWidth)) {
    dense[event.row * 1500 + event.latent] = event.value;
  }
  for (size_t row = 0; row < 5; ++row) {
    const auto expected = latents_by_definition(sae, rows.data() + row * kWidth);
    for (size_t l = 0; l < 1500; ++l) EXPECT_NEAR(dense[row * 1500 + l], expected[l], 1e-3);
  }
}

TEST(SaeEncoder, AValueDoesNotDependOnThreadsNorOnTheRowsBesideIt) {
  for (const uint32_t width : {7u, 64u, 576u, 1000u}) {
    SCOPED_TRACE(width);
    std::mt19937 rng(width);
    Numbers numbers{rng, false};
    const Sae sae = random_sae(SaeKind::relu, 3000, width, numbers);
    constexpr size_t kRows = 600;
    const std::vector<float> rows = numbers.some(kRows * width);
    SaeEncoder one(sae, 1), three(sae, 3);
    const auto expected = events_of(one, rows.data(), kRows, width);
    EXPECT_GT(expected.size(), kRows * 500);
    EXPECT_EQ(events_of(three, rows.data(), kRows, width), expected);
    std::vector<LatentEvent> parts;
    for (size_t first = 0; first < kRows;) {
      const size_t n = std::min<size_t>(rng() % 2 == 0 ? 1 : rng() % 90, kRows - first);
      for (LatentEvent event : events_of(three, rows.data() + first * width, n, width)) {
        event.row += static_cast<uint32_t>(first);
        parts.push_back(event);
      }
      first += n;
    }
    EXPECT_EQ(parts, expected);
  }
}

TEST(SaeEncoder, TopKDoesNotDependOnThreadsEither) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    Numbers numbers{rng, seed % 2 == 0};  // whole numbers: ties at the bar, in several tiles
    const Sae sae = random_sae(SaeKind::top_k, 9000, 10, numbers);
    const std::vector<float> rows = numbers.some(size_t{40} * 10);
    SaeEncoder one(sae, 1), four(sae, 4);
    const auto expected = events_of(one, rows.data(), 40, 10);
    for (int again = 0; again < 3; ++again) {
      EXPECT_EQ(events_of(four, rows.data(), 40, 10), expected);
    }
  }
}

TEST(SaeEncoder, RowsThatAreNotFiniteAreReportedAndHaveNoEvents) {
  std::mt19937 rng(1);
  Numbers numbers{rng};
  constexpr uint32_t kWidth = 20;
  for (const InputNorm norm : {InputNorm::none, InputNorm::layer_norm, InputNorm::constant_norm}) {
    Sae sae = random_sae(SaeKind::relu, 100, kWidth, numbers);
    sae.input_norm = norm;
    std::vector<float> rows = numbers.some(size_t{6} * kWidth);
    SaeEncoder encoder(sae, 2);
    const auto before = events_of(encoder, rows.data(), 6, kWidth);
    rows[1 * kWidth + 3] = NAN;
    rows[4 * kWidth + 19] = -INFINITY;
    std::vector<LatentEvent> expected, found;
    for (const LatentEvent& event : before) {
      if (event.row != 1 && event.row != 4) expected.push_back(event);
    }
    encoder.encode(rows.data(), 6, kWidth, [&](const EncodedRows& some) {
      EXPECT_EQ(std::vector(some.not_finite.begin(), some.not_finite.end()),
                (std::vector<uint32_t>{1, 4}));
      found.assign(some.events.begin(), some.events.end());
    });
    EXPECT_EQ(found, expected);
  }
}

TEST(SaeEncoder, AWeightThatIsNotANumberIsFound) {
  std::mt19937 rng(1);
  Numbers numbers{rng};
  std::vector<float> weights = numbers.some(size_t{2000} * 8);
  weights[1500 * 8 + 3] = NAN;
  Sae sae = random_sae(SaeKind::relu, 2000, 8, numbers);
  sae.w_enc = tensor(weights, {2000, 8});
  try {
    const SaeEncoder encoder(sae, 2);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "test: encoder: latent 1500, value 3: nan is not a number; the weights are damaged");
  }
}

TEST(SaeEncoder, ThrowsWhatTheSinkThrowsAndGoesOn) {
  std::mt19937 rng(1);
  Numbers numbers{rng};
  SaeEncoder encoder(random_sae(SaeKind::relu, 50, 4, numbers), 2);
  const std::vector<float> rows = numbers.some(40);
  EXPECT_THROW(encoder.encode(rows.data(), 10, 4, [](const EncodedRows&) { throw 7; }), int);
  EXPECT_FALSE(events_of(encoder, rows.data(), 10, 4).empty());
}

}  // namespace
}  // namespace actogram
