#include "collate/value_norms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace actogram {
namespace {

struct Layer {
  AttentionWeights weights;
  std::vector<float> vectors;  // [KV head, dimension, row]
  AttentionValues values;
};

Layer random_layer(std::mt19937& rng, size_t n_rows) {
  std::normal_distribution<float> normal;
  Layer layer;
  layer.weights.n_kv_heads = 1 + rng() % 3;
  layer.weights.n_heads = layer.weights.n_kv_heads * (1 + rng() % 3);
  layer.weights.d_head = 1 + rng() % 19;
  layer.weights.n_out = 20 + rng() % 30;
  const size_t width = size_t{layer.weights.n_heads} * layer.weights.d_head;
  layer.weights.output.resize(layer.weights.n_out * width);
  for (float& value : layer.weights.output) value = normal(rng);
  layer.values.value_stride = n_rows + rng() % 5;
  layer.values.value_head_stride = layer.weights.d_head * layer.values.value_stride + rng() % 7;
  layer.vectors.resize(layer.weights.n_kv_heads * layer.values.value_head_stride);
  for (float& value : layer.vectors) value = normal(rng);
  layer.values.values = layer.vectors.data();
  return layer;
}

// By the definition: v_k^h W_O^h, and its length.
double length(const Layer& layer, size_t head, size_t row) {
  const AttentionWeights& w = layer.weights;
  const float* vector = layer.vectors.data() +
                        head / (w.n_heads / w.n_kv_heads) * layer.values.value_head_stride + row;
  double squares = 0;
  for (size_t out = 0; out < w.n_out; ++out) {
    double sum = 0;
    for (size_t d = 0; d < w.d_head; ++d) {
      const double weight = w.output[(out * w.n_heads + head) * w.d_head + d];
      sum += weight * vector[d * layer.values.value_stride];
    }
    squares += sum * sum;
  }
  return std::sqrt(squares);
}

TEST(ValueNorms, AreTheLengthsOfWhatHeadsWrite) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 rng(seed);
    const size_t n_rows = 1 + rng() % 40;
    const Layer layer = random_layer(rng, n_rows);
    ThreadPool threads(1 + seed % 3);
    const ValueNorms norms(layer.weights, threads);
    std::vector<float> found;
    for (size_t head = 0; head < layer.weights.n_heads; ++head) {
      norms.of_head(layer.values, head, n_rows, found);
      ASSERT_EQ(found.size(), n_rows);
      for (size_t row = 0; row < n_rows; ++row) {
        const double expected = length(layer, head, row);
        EXPECT_NEAR(found[row], expected, 2e-6 * expected) << "seed " << seed;
      }
    }
  }
}

TEST(ValueNorms, DoNotDependOnTheRowsBeside) {
  std::mt19937 rng(7);
  const Layer layer = random_layer(rng, 50);
  ThreadPool threads(1);
  const ValueNorms norms(layer.weights, threads);
  std::vector<float> all, some;
  norms.of_head(layer.values, 0, 50, all);
  AttentionValues later = layer.values;
  later.values += 5;
  norms.of_head(later, 0, 13, some);
  EXPECT_EQ(some, std::vector<float>(all.begin() + 5, all.begin() + 18));
}

}  // namespace
}  // namespace actogram
