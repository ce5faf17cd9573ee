#include "sae/top_latents.h"

#include <algorithm>

#include "sae/gemm.h"

namespace actogram {
namespace {

constexpr size_t kLanes = 16;

bool any_above(const float* products, const float* bias, float bar) {
  bool any = false;
  for (size_t i = 0; i < kLanes; ++i) any |= products[i] + bias[i] > bar;
  return any;
}

}  // namespace

TopLatents::TopLatents(ThreadPool& pool)
    : pool_(pool), products_(pool.n_threads(), std::vector<float>(kTileRows * kTileLatents)) {}

void TopLatents::find(const float* rows, size_t n_rows, const Weights& weights, Counts counts,
                      std::span<const uint32_t> dead) {
  rows_ = rows;
  n_rows_ = n_rows;
  weights_ = weights;
  counts_ = counts;
  dead_ = dead;
  found_.resize(pool_.n_threads() * n_rows);
  for (Found& found : found_) {
    found.all.clear();
    found.dead.clear();
  }
  const size_t n_row_tiles = (n_rows + kTileRows - 1) / kTileRows;
  const size_t n_latent_tiles = (weights.b_enc.size() + kTileLatents - 1) / kTileLatents;
  pool_.parallel_for(n_row_tiles * n_latent_tiles, [&](size_t item, size_t thread) {
    search_tile(item % n_row_tiles, item / n_row_tiles, thread);
  });
  collect(strongest_, &Found::all, counts.k);
  collect(auxiliary_, &Found::dead, counts.k_aux);
}

void TopLatents::search_tile(size_t row_tile, size_t latent_tile, size_t thread) {
  const size_t first_row = row_tile * kTileRows, d_in = weights_.d_in;
  float* products = products_[thread].data();
  multiply_tile(rows_ + first_row * d_in, weights_.w_enc + latent_tile * kTileLatents * d_in, d_in,
                products);
  const size_t end = std::min(n_rows_, first_row + kTileRows);
  // A thread's tiles of a row come in rising order of latent, as parallel_for() hands them out.
  for (size_t row = first_row; row < end; ++row) {
    search_row(products + (row - first_row) * kTileLatents, static_cast<uint32_t>(row), latent_tile,
               found_[thread * n_rows_ + row]);
  }
}

void TopLatents::search_row(const float* products, uint32_t row, size_t latent_tile,
                            Found& found) const {
  const size_t first = latent_tile * kTileLatents;
  const size_t n = std::min(kTileLatents, weights_.b_enc.size() - first);
  const float* bias = weights_.b_enc.data() + first;
  const auto offer = [&](Strongest& to, size_t i, size_t k) {
    const float value = products[i] + bias[i];
    if (value > to.bar()) to.offer({row, static_cast<uint32_t>(first + i), value}, k);
  };
  const size_t whole = n - n % kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    if (!any_above(products + i, bias + i, found.all.bar())) continue;
    for (size_t j = i; j < i + kLanes; ++j) offer(found.all, j, counts_.k);
  }
  for (size_t i = whole; i < n; ++i) offer(found.all, i, counts_.k);
  auto dead = std::ranges::lower_bound(dead_, first);
  for (; dead != dead_.end() && *dead < first + n; ++dead) {
    offer(found.dead, *dead - first, counts_.k_aux);
  }
}

void TopLatents::collect(std::vector<LatentEvent>& into, Strongest Found::*which, size_t k) const {
  into.clear();
  for (size_t row = 0; row < n_rows_; ++row) {
    const size_t begin = into.size();
    for (size_t thread = 0; thread < pool_.n_threads(); ++thread) {
      const auto& part = (found_[thread * n_rows_ + row].*which).events();
      into.insert(into.end(), part.begin(), part.end());
    }
    cut_to_strongest(into, begin, k);
    std::sort(into.begin() + static_cast<ptrdiff_t>(begin), into.end(),
              [](auto& a, auto& b) { return a.latent < b.latent; });
  }
}

}  // namespace actogram
