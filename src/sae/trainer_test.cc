#include "sae/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "actogram/error.h"
#include "sae/geometric_median.h"
#include "sae/random_numbers.h"

namespace actogram {
namespace {

// Rows that are sums of a few of `n_true` random directions.
struct Synthetic {
  size_t width, n_true, n_on;
  std::vector<float> directions;  // [n_true, width], of length 1
  std::mt19937 rng{7};

  Synthetic(size_t row_width, size_t n_directions, size_t n_at_once)
      : width(row_width), n_true(n_directions), n_on(n_at_once), directions(n_true * width) {
    std::normal_distribution<float> normal;
    for (size_t d = 0; d < n_true; ++d) {
      double squares = 0;
      for (size_t i = 0; i < width; ++i) {
        float& x = directions[d * width + i] = normal(rng);
        squares += double{x} * x;
      }
      for (size_t i = 0; i < width; ++i) {
        directions[d * width + i] /= static_cast<float>(std::sqrt(squares));
      }
    }
  }

  std::vector<float> rows(size_t n) {
    std::vector<float> found(n * width, 0.25F);
    std::uniform_real_distribution<float> size(0.5F, 1.5F);
    for (size_t row = 0; row < n; ++row) {
      for (size_t k = 0; k < n_on; ++k) {
        const size_t d = rng() % n_true;
        const float strength = size(rng);
        for (size_t i = 0; i < width; ++i) {
          found[row * width + i] += strength * directions[d * width + i];
        }
      }
    }
    return found;
  }
};

std::vector<std::byte> bytes_of(SaeTrainer& trainer) {
  std::vector<std::byte> all;
  trainer.save(
      [&](std::span<const std::byte> part) { all.insert(all.end(), part.begin(), part.end()); });
  return all;
}

double best_cosine(const float* direction, std::span<const float> rows, size_t width) {
  double best = -1;
  for (size_t first = 0; first < rows.size(); first += width) {
    double sum = 0;
    for (size_t i = 0; i < width; ++i) sum += double{direction[i]} * rows[first + i];
    best = std::max(best, sum);
  }
  return best;
}

TEST(SaeTrainer, FindsTheDirectionsThatRowsAreMadeOf) {
  Synthetic data(32, 64, 3);
  SaeTrainer trainer(
      {.d_in = 32, .n_latents = 96, .k = 3, .dead_tokens = 5000, .seed = 3, .n_threads = 2});
  const std::vector<float> held_out = data.rows(2000);
  trainer.begin(data.rows(2000).data(), 2000);
  const Evaluation before = trainer.evaluate(held_out.data(), 2000);
  for (int step = 0; step < 1500; ++step) trainer.step(data.rows(256).data(), 256, 3e-3);
  const Evaluation after = trainer.evaluate(held_out.data(), 2000);
  EXPECT_GT(before.fvu, 0.4);
  EXPECT_LT(after.fvu, 0.1);
  EXPECT_LE(after.l0, 3);
  size_t n_found = 0;
  for (size_t d = 0; d < data.n_true; ++d) {
    n_found += best_cosine(&data.directions[d * 32], trainer.w_dec(), 32) > 0.9 ? 1 : 0;
  }
  EXPECT_GE(n_found, data.n_true * 9 / 10);
}

// How many latents have left their first direction, of those that are dead.
size_t moved_while_dead(double aux_coefficient) {
  Synthetic data(16, 40, 3);
  SaeTrainer trainer({.d_in = 16,
                      .n_latents = 600,
                      .k = 1,
                      .aux_coefficient = aux_coefficient,
                      .dead_tokens = 256,
                      .seed = 5});
  trainer.begin(data.rows(300).data(), 300);
  const std::vector<float> first(trainer.w_enc().begin(), trainer.w_enc().end());
  for (int step = 0; step < 3; ++step) trainer.step(data.rows(256).data(), 256, 1e-3);
  EXPECT_GT(trainer.evaluate(data.rows(10).data(), 10).dead_share, 0.2);
  size_t n_moved = 0;
  for (size_t latent = 0; latent < 600; ++latent) {
    const auto now = trainer.w_enc().subspan(latent * 16, 16);
    n_moved += std::equal(now.begin(), now.end(), &first[latent * 16]) ? 0 : 1;
  }
  return n_moved;
}

TEST(SaeTrainer, DeadLatentsLearnFromTheErrorAlone) {
  const size_t without = moved_while_dead(0), with = moved_while_dead(1.0 / 32);
  EXPECT_LT(without, 400u);  // those that were on
  EXPECT_GT(with, without + 100);
}

TEST(SaeTrainer, GivesTheSameBytesWhateverTheThreads) {
  std::vector<std::vector<std::byte>> found;
  for (const uint32_t n_threads : {1u, 2u, 5u}) {
    Synthetic data(70, 100, 5);
    SaeTrainer trainer({.d_in = 70,
                        .n_latents = 2100,
                        .k = 9,
                        .dead_tokens = 600,
                        .seed = 11,
                        .n_threads = n_threads});
    trainer.begin(data.rows(700).data(), 700);
    for (const size_t n_rows : {300, 511, 1, 300}) {
      trainer.step(data.rows(n_rows).data(), n_rows, 1e-3);
    }
    found.push_back(bytes_of(trainer));
  }
  EXPECT_EQ(found[0], found[1]);
  EXPECT_EQ(found[0], found[2]);
}

TEST(SaeTrainer, GoesOnFromASavedState) {
  const TrainerOptions options = {.d_in = 20, .n_latents = 80, .k = 4, .dead_tokens = 512};
  Synthetic data(20, 60, 3);
  const std::vector<float> sample = data.rows(300), batches = data.rows(size_t{8} * 256);
  const auto train = [&](SaeTrainer& trainer, size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) trainer.step(&batches[i * 256 * 20], 256, 2e-3);
  };
  SaeTrainer whole(options), first(options), second(options);
  whole.begin(sample.data(), 300);
  train(whole, 0, 8);
  first.begin(sample.data(), 300);
  train(first, 0, 5);
  std::vector<std::byte> state = bytes_of(first);
  second.restore(state);
  EXPECT_EQ(second.n_steps(), 5u);
  EXPECT_EQ(bytes_of(second), state);
  train(second, 5, 8);
  EXPECT_EQ(bytes_of(second), bytes_of(whole));
  EXPECT_NE(bytes_of(second), state);
  state.pop_back();
  EXPECT_THROW(second.restore(state), Error);
}

TEST(SaeTrainer, SeedsDiffer) {
  Synthetic data(20, 60, 3);
  const std::vector<float> sample = data.rows(300);
  SaeTrainer one({.d_in = 20, .n_latents = 80, .k = 4, .seed = 1});
  SaeTrainer two({.d_in = 20, .n_latents = 80, .k = 4, .seed = 2});
  one.begin(sample.data(), 300);
  two.begin(sample.data(), 300);
  EXPECT_NE(bytes_of(one), bytes_of(two));
}

TEST(SaeTrainer, KeepsDecoderRowsAtLengthOne) {
  Synthetic data(24, 60, 3);
  SaeTrainer trainer({.d_in = 24, .n_latents = 100, .k = 4});
  trainer.begin(data.rows(300).data(), 300);
  for (int step = 0; step < 20; ++step) trainer.step(data.rows(256).data(), 256, 1e-2);
  for (size_t latent = 0; latent < 100; ++latent) {
    double squares = 0;
    for (const double w : trainer.w_dec().subspan(latent * 24, 24)) squares += w * w;
    EXPECT_NEAR(squares, 1, 1e-5);
  }
}

TEST(SaeTrainer, RefusesWhatCannotBeTrained) {
  EXPECT_THROW(SaeTrainer({.d_in = 8, .n_latents = 4, .k = 5}), Error);
  EXPECT_THROW(SaeTrainer({.d_in = 8, .n_latents = 4, .k = 0}), Error);
  EXPECT_THROW(SaeTrainer({.d_in = 8, .n_latents = 0, .k = 0}), Error);
  SaeTrainer trainer({.d_in = 2, .n_latents = 4, .k = 1});
  const std::vector<float> same = {1, 2, 1, 2};
  EXPECT_THROW(trainer.begin(same.data(), 2), Error);
}

// Of points on a line it is the median; of a triangle with equal sides, its centre.
TEST(GeometricMedian, OfFewPoints) {
  ThreadPool pool(2);
  const std::vector<float> line = {0, 0, 1, 0, 2, 0, 50, 0, 1000, 0};
  const std::vector<float> of_line = geometric_median(line.data(), 5, 2, pool);
  EXPECT_NEAR(of_line[0], 2, 1e-2);
  EXPECT_NEAR(of_line[1], 0, 1e-6);
  const float height = std::sqrt(3.0F) / 2;
  const std::vector<float> triangle = {0, 0, 1, 0, 0.5F, height};
  const std::vector<float> of_triangle = geometric_median(triangle.data(), 3, 2, pool);
  EXPECT_NEAR(of_triangle[0], 0.5, 1e-5);
  EXPECT_NEAR(of_triangle[1], height / 3, 1e-5);
  const std::vector<float> same = {3, 4, 3, 4};
  EXPECT_EQ(geometric_median(same.data(), 2, 2, pool), (std::vector<float>{3, 4}));
}

TEST(RandomNumbers, AreSpreadAsTheyShould) {
  RandomNumbers random(1, 2);
  double sum = 0, squares = 0;
  constexpr int kNum = 100000;
  for (int i = 0; i < kNum; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kNum, 0, 0.02);
  EXPECT_NEAR(squares / kNum, 1, 0.02);
  std::vector<uint32_t> order = shuffled(1000, RandomNumbers(1, 3));
  EXPECT_NE(order, shuffled(1000, RandomNumbers(1, 4)));
  EXPECT_FALSE(std::ranges::is_sorted(order));
  std::ranges::sort(order);
  for (uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(order[i], i);
}

}  // namespace
}  // namespace actogram
