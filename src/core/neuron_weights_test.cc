#include "core/neuron_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace actogram {
namespace {

using Vector = std::vector<long double>;

long double dot(const Vector& a, const Vector& b) {
  long double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Vector centred(Vector v) {
  const long double mean = dot(v, Vector(v.size(), 1)) / static_cast<long double>(v.size());
  for (long double& x : v) x -= mean;
  return v;
}

Vector scaled(const std::vector<float>& v, const std::vector<float>& scale) {
  Vector product(v.begin(), v.end());
  for (size_t i = 0; i < scale.size(); ++i) product[i] *= scale[i];
  return product;
}

// The definition: fold, then norms and cosines of the folded vectors.
NeuronWeights slow(const std::vector<float>& gate, const std::vector<float>& in,
                   const std::vector<float>& out, const MlpInputNorm& norm) {
  const std::vector<float> scale(norm.scale.begin(), norm.scale.end());
  const Vector g = scaled(gate, scale);
  Vector n = scaled(in, scale), o(out.begin(), out.end());
  if (norm.subtracts_mean) n = centred(n), o = centred(o);
  const auto norm_of = [](const Vector& v) { return std::sqrt(dot(v, v)); };
  const auto cos = [&](const Vector& a, const Vector& b) {
    return static_cast<double>(dot(a, b) / (norm_of(a) * norm_of(b)));
  };
  return {static_cast<double>(norm_of(g)),
          static_cast<double>(norm_of(n)),
          static_cast<double>(norm_of(o)),
          cos(g, n),
          cos(g, o),
          cos(n, o),
          dot(g, n) < 0 ? -1 : 1};
}

void expect_near(const NeuronWeights& found, const NeuronWeights& expected) {
  EXPECT_NEAR(found.norm_gate, expected.norm_gate, 1e-13 * expected.norm_gate);
  EXPECT_NEAR(found.norm_in, expected.norm_in, 1e-13 * expected.norm_in);
  EXPECT_NEAR(found.norm_out, expected.norm_out, 1e-13 * expected.norm_out);
  EXPECT_NEAR(found.cos_gate_in, expected.cos_gate_in, 1e-13);
  EXPECT_NEAR(found.cos_gate_out, expected.cos_gate_out, 1e-13);
  EXPECT_NEAR(found.cos_in_out, expected.cos_in_out, 1e-13);
  EXPECT_EQ(found.sign, expected.sign);
}

TEST(NeuronWeights, AreThoseOfTheFoldedVectors) {
  int n_negative = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::normal_distribution<float> normal(0.2f, 1);
    const size_t n = 2 + rng() % 60;
    std::vector<float> gate(n), in(n), out(n), scale(rng() % 2 ? n : 0);
    for (auto* v : {&gate, &in, &out, &scale}) {
      for (float& x : *v) x = normal(rng);
    }
    const MlpInputNorm norm{scale, rng() % 2 == 0};
    expect_near(neuron_weights(gate, in, out, norm), slow(gate, in, out, norm));
    n_negative += slow(gate, in, out, norm).sign < 0;
  }
  EXPECT_GT(n_negative, 100);
}

TEST(NeuronWeights, TakeZeroAsPositiveAndItsCosinesAsUnknown) {
  const float gate[] = {1, 0}, in[] = {0, 2}, none[] = {0, 0};
  const NeuronWeights crossed = neuron_weights(gate, in, none, {});
  EXPECT_EQ(crossed.sign, 1);
  EXPECT_EQ(crossed.cos_gate_in, 0);
  EXPECT_EQ(crossed.norm_out, 0);
  EXPECT_TRUE(std::isnan(crossed.cos_in_out));
}

TEST(NeuronWeights, KeepCosinesWithinOne) {
  for (int n = 1; n < 200; ++n) {
    const std::vector<float> v(static_cast<size_t>(n), 0.1f * static_cast<float>(n));
    const NeuronWeights weights = neuron_weights(v, v, v, {});
    EXPECT_LE(weights.cos_gate_in, 1);
    EXPECT_NEAR(weights.cos_gate_in, 1, 1e-14);
  }
}

}  // namespace
}  // namespace actogram
