// Attributions against their definition, in double, for every kind of SAE and both inputs.
#include "sae/pair_attribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sae/input_norm.h"

namespace actogram {
namespace {

struct Case {
  AttentionWeights weights;
  AttentionInput input = AttentionInput::attn_out;
  std::vector<float> encoder;  // [latent, d_in]
  Sae sae;
  size_t n_rows = 0, first_row = 0;
  std::vector<float> pattern, vectors;
  AttentionValues attention;
};

std::vector<float> normal_values(std::mt19937& rng, size_t n) {
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(rng);
  return values;
}

void make_case(std::mt19937& rng, Case& c) {
  AttentionWeights& w = c.weights;
  w.n_kv_heads = 1 + rng() % 3;
  w.n_heads = w.n_kv_heads * (1 + rng() % 3);
  w.d_head = 1 + rng() % 9;
  w.n_out = 5 + rng() % 20;
  const size_t width = size_t{w.n_heads} * w.d_head;
  w.output = normal_values(rng, w.n_out * width);
  c.input = rng() % 2 ? AttentionInput::z : AttentionInput::attn_out;
  Sae& sae = c.sae;
  sae.d_in = c.input == AttentionInput::z ? static_cast<uint32_t>(width) : w.n_out;
  sae.n_latents = 1 + rng() % 1500;
  sae.kind = static_cast<SaeKind>(rng() % kNumSaeKinds);
  sae.input_norm = static_cast<InputNorm>(rng() % kNumInputNorms);
  sae.input_scale = 1.5F;
  c.encoder = normal_values(rng, size_t{sae.n_latents} * sae.d_in);
  sae.w_enc = {.dtype = Dtype::f32,
               .shape = {sae.n_latents, sae.d_in},
               .strides = {sae.d_in, 1},
               .content = {std::as_bytes(std::span(c.encoder))}};
  sae.magnitude = normal_values(rng, sae.n_latents);
  if (rng() % 2) sae.scale = normal_values(rng, sae.n_latents);
  c.n_rows = 1 + rng() % 40;
  c.first_row = rng() % c.n_rows;
  const size_t stride = (c.n_rows + 15) / 16 * 16 + 16;
  c.pattern = normal_values(rng, w.n_heads * c.n_rows * c.n_rows);
  c.vectors = normal_values(rng, size_t{w.n_kv_heads} * w.d_head * stride);
  c.attention = {.pattern = c.pattern.data(),
                 .head_stride = c.n_rows * c.n_rows,
                 .query_stride = c.n_rows,
                 .values = c.vectors.data(),
                 .value_head_stride = w.d_head * stride,
                 .value_stride = stride};
}

// What head h adds to dimension o of what is read, if it looks at nothing but key k.
double written(const Case& c, size_t head, size_t key, size_t out) {
  const AttentionWeights& w = c.weights;
  const auto value = [&](size_t d) {
    const size_t kv = head / (w.n_heads / w.n_kv_heads);
    return double{
        c.vectors[kv * c.attention.value_head_stride + d * c.attention.value_stride + key]};
  };
  if (c.input == AttentionInput::z) return out / w.d_head == head ? value(out % w.d_head) : 0;
  double sum = 0;
  for (size_t d = 0; d < w.d_head; ++d) {
    sum += value(d) * double{w.output[(out * w.n_heads + head) * w.d_head + d]};
  }
  return sum;
}

// dL/dx at dimension o.
double gradient(const Case& c, size_t latent, size_t out, double factor) {
  const float* row = &c.encoder[latent * c.sae.d_in];
  double direction = row[out], mean = 0;
  for (size_t i = 0; i < c.sae.d_in; ++i) mean += double{row[i]} / c.sae.d_in;
  if (c.sae.input_norm == InputNorm::layer_norm) direction -= mean;
  if (c.sae.kind == SaeKind::gated) direction *= double{c.sae.magnitude[latent]};
  if (!c.sae.scale.empty()) direction *= double{c.sae.scale[latent]};
  return direction * factor;
}

TEST(PairAttribution, IsPatternTimesWhatTheLatentReadsOfTheKey) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 rng(seed);
    Case c;
    make_case(rng, c);
    ThreadPool threads(1 + seed % 2);
    const PairAttribution attribution(c.sae, c.weights, c.input, threads);
    const auto latent = static_cast<uint32_t>(rng() % c.sae.n_latents);
    const size_t query = c.first_row + rng() % (c.n_rows - c.first_row);
    std::vector<float> found(query - c.first_row + 1);
    attribution.of_event(latent, 0.75F, c.attention, c.first_row, query, found);
    for (size_t k = 0; k < found.size(); ++k) {
      double expected = 0, size = 0;
      for (size_t head = 0; head < c.weights.n_heads; ++head) {
        const double a = c.pattern[(head * c.n_rows + query) * c.n_rows + c.first_row + k];
        for (size_t out = 0; out < c.sae.d_in; ++out) {
          const double term =
              a * written(c, head, c.first_row + k, out) * gradient(c, latent, out, 0.75);
          expected += term, size += std::abs(term);
        }
      }
      EXPECT_NEAR(found[k], expected, 1e-6 * size + 1e-6) << "seed " << seed;
    }
  }
}

TEST(InputFactor, IsTheSlopeOfTheNormWithItsLengthTakenAsGiven) {
  std::mt19937 rng(3);
  for (size_t norm = 0; norm < kNumInputNorms; ++norm) {
    Sae sae;
    sae.d_in = 12;
    sae.input_norm = static_cast<InputNorm>(norm);
    sae.input_scale = 2.5F;
    const std::vector<float> row = normal_values(rng, sae.d_in);
    std::vector<float> prepared(sae.d_in);
    ASSERT_TRUE(prepare_row(sae, row, prepared));
    // Of two dimensions the difference is scaled, whatever is taken from both.
    const double slope =
        (double{prepared[3]} - double{prepared[7]}) / (double{row[3]} - double{row[7]});
    EXPECT_NEAR(input_factor(sae, row), slope, 1e-5 * slope) << name_of(sae.input_norm);
  }
}

}  // namespace
}  // namespace actogram
