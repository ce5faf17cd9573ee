#include "sae/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "actogram/error.h"
#include "core/vectors.h"
#include "sae/gemm.h"
#include "sae/geometric_median.h"
#include "sae/random_numbers.h"

namespace actogram {
namespace {

constexpr size_t kRowsAtOnce = 16;
constexpr size_t kLatentsAtOnce = 64;  // whose share of b_dec's gradient is added up together

enum Stream : uint64_t { kDirections = 1, kProbes };

size_t n_blocks(size_t n, size_t block) { return (n + block - 1) / block; }

void for_each_row(ThreadPool& pool, size_t n_rows, const std::function<void(size_t row)>& body) {
  pool.parallel_for(n_blocks(n_rows, kRowsAtOnce), [&](size_t item, size_t) {
    const size_t end = std::min(n_rows, (item + 1) * kRowsAtOnce);
    for (size_t row = item * kRowsAtOnce; row < end; ++row) body(row);
  });
}

void normalise(std::span<float> row) {
  const double length = std::sqrt(squared_length(row));
  if (length == 0) return;
  const auto factor = static_cast<float>(1 / length);
  for (float& x : row) x *= factor;
}

double sum_of(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

// |row - mean|^2, summed over all rows.
double spread(const float* rows, size_t n_rows, size_t width, ThreadPool& pool) {
  const std::vector<float> mean = mean_row(rows, n_rows, width, pool);
  std::vector<double> of_row(n_rows);
  for_each_row(pool, n_rows, [&](size_t row) {
    double sum = 0;
    for (size_t i = 0; i < width; ++i) {
      const double difference = double{rows[row * width + i]} - mean[i];
      sum += difference * difference;
    }
    of_row[row] = sum;
  });
  return sum_of(of_row);
}

TrainerOptions checked(TrainerOptions options) {
  if (options.d_in < 2 || options.n_latents == 0 || options.k == 0 ||
      options.k > options.n_latents) {
    fail(Code::invalid, "the top {} of {} latents over {} values cannot be trained", options.k,
         options.n_latents, options.d_in);
  }
  if (options.k_aux == 0) options.k_aux = options.d_in / 2;
  return options;
}

}  // namespace

SaeTrainer::SaeTrainer(const TrainerOptions& options)
    : options_(checked(options)),
      pool_(options.n_threads),
      top_(pool_),
      w_enc_{HugeBuffer(padded_latents() * options_.d_in * sizeof(float)),
             HugeBuffer(padded_latents() * options_.d_in * sizeof(float)),
             HugeBuffer(padded_latents() * options_.d_in * sizeof(float))},
      w_dec_{HugeBuffer(padded_latents() * options_.d_in * sizeof(float)),
             HugeBuffer(padded_latents() * options_.d_in * sizeof(float)),
             HugeBuffer(padded_latents() * options_.d_in * sizeof(float))},
      last_on_(options_.n_latents),
      latent_begin_(options_.n_latents + size_t{1}) {
  for (auto* numbers : {&b_enc_.values, &b_enc_.m, &b_enc_.v}) numbers->resize(options_.n_latents);
  for (auto* numbers : {&b_dec_.values, &b_dec_.m, &b_dec_.v}) numbers->resize(options_.d_in);
}

size_t SaeTrainer::padded_latents() const {
  return n_blocks(options_.n_latents, kTileLatents) * kTileLatents;
}

std::span<const float> SaeTrainer::rows_of(const Matrix& matrix) const {
  return matrix.values.floats().first(size_t{options_.n_latents} * options_.d_in);
}

AdamRow SaeTrainer::row_of(Matrix& matrix, size_t latent) const {
  const size_t width = options_.d_in, at = latent * width;
  return {matrix.values.floats().subspan(at, width), matrix.m.floats().subspan(at, width),
          matrix.v.floats().subspan(at, width)};
}

void SaeTrainer::begin(const float* sample, size_t n_rows) {
  const size_t width = options_.d_in;
  variance_ = spread(sample, n_rows, width, pool_) / static_cast<double>(n_rows * width);
  if (!(variance_ > 0)) {
    fail(Code::invalid, "all {} rows to begin from are the same; there is nothing to train on",
         n_rows);
  }
  b_dec_.values = geometric_median(sample, n_rows, width, pool_);
  random_directions();
  scale_encoder();
}

void SaeTrainer::random_directions() {
  const size_t width = options_.d_in;
  pool_.parallel_for(n_blocks(options_.n_latents, kLatentsAtOnce), [&](size_t item, size_t) {
    const size_t end = std::min<size_t>(options_.n_latents, (item + 1) * kLatentsAtOnce);
    for (size_t latent = item * kLatentsAtOnce; latent < end; ++latent) {
      RandomNumbers random(options_.seed, mix64(kDirections) + latent);
      const auto row = w_dec_.values.floats().subspan(latent * width, width);
      for (float& x : row) x = random.normal();
      normalise(row);
      std::ranges::copy(row,
                        w_enc_.values.floats().begin() + static_cast<ptrdiff_t>(latent * width));
    }
  });
}

// So that random rows come back with about the length they had (init_from_data_ of OpenAI's code).
void SaeTrainer::scale_encoder() {
  constexpr size_t kNumProbes = 256;
  const size_t width = options_.d_in;
  std::vector<float> probes(kNumProbes * width);
  for (size_t row = 0; row < kNumProbes; ++row) {
    RandomNumbers random(options_.seed, mix64(kProbes) + row);
    const auto probe = std::span(probes).subspan(row * width, width);
    for (float& x : probe) x = random.normal();
    normalise(probe);
    add_scaled(probe, 1, b_dec_.values);
  }
  encode(probes.data(), kNumProbes, {});
  double length = 0;
  for (size_t row = 0; row < kNumProbes; ++row) {
    std::vector<float> found(width);
    for (size_t i = row_begin_[row]; i < row_begin_[row + 1]; ++i) {
      add_scaled(found, events_[i].value, w_dec().subspan(events_[i].latent * width, width));
    }
    length += std::sqrt(squared_length(found));
  }
  const auto factor = static_cast<float>(kNumProbes / length);
  if (!std::isfinite(factor)) return;  // no latent was on: there are very few
  for (float& w : w_enc_.values.floats()) w *= factor;
}

std::vector<uint32_t> SaeTrainer::dead_latents() const {
  std::vector<uint32_t> dead;
  for (uint32_t latent = 0; latent < options_.n_latents; ++latent) {
    if (n_rows_seen_ - last_on_[latent] >= options_.dead_tokens) dead.push_back(latent);
  }
  return dead;
}

void SaeTrainer::centre(const float* rows, size_t n_rows) {
  const size_t width = options_.d_in;
  centred_.resize(n_blocks(n_rows, kTileRows) * kTileRows * width);
  for_each_row(pool_, n_rows, [&](size_t row) {
    for (size_t i = 0; i < width; ++i) {
      centred_[row * width + i] = rows[row * width + i] - b_dec_.values[i];
    }
  });
  std::fill(centred_.begin() + static_cast<ptrdiff_t>(n_rows * width), centred_.end(), 0.0F);
}

// Leaves events_ and row_begin_: first of all rows, then the auxiliary ones of all rows.
void SaeTrainer::encode(const float* rows, size_t n_rows, std::span<const uint32_t> dead) {
  centre(rows, n_rows);
  top_.find(centred_.data(), n_rows, {w_enc_.values.floats().data(), b_enc_.values, options_.d_in},
            {options_.k, options_.k_aux}, dead);
  events_.assign(top_.strongest().begin(), top_.strongest().end());
  for (LatentEvent event : top_.auxiliary()) {
    event.row += static_cast<uint32_t>(n_rows);
    events_.push_back(event);
  }
  row_begin_.assign(2 * n_rows + 1, 0);
  for (const LatentEvent& event : events_) ++row_begin_[event.row + 1];
  std::partial_sum(row_begin_.begin(), row_begin_.end(), row_begin_.begin());
}

// Leaves x^ - x in gradients_ and returns the sum of its squares.
double SaeTrainer::reconstruct(const float* rows, size_t n_rows) {
  const size_t width = options_.d_in;
  gradients_.resize(2 * n_rows * width);
  std::vector<double> squares(n_rows);
  for_each_row(pool_, n_rows, [&](size_t row) {
    const auto out = std::span(gradients_).subspan(row * width, width);
    std::ranges::copy(b_dec_.values, out.begin());
    for (size_t i = row_begin_[row]; i < row_begin_[row + 1]; ++i) {
      add_scaled(out, events_[i].value, w_dec().subspan(events_[i].latent * width, width));
    }
    add_scaled(out, -1, {rows + row * width, width});
    squares[row] = squared_length(out);
  });
  return sum_of(squares);
}

// Leaves the gradients of both losses by their reconstructions in gradients_, where x^ - x was, and
// returns the auxiliary loss.
double SaeTrainer::reconstruct_errors(size_t n_rows) {
  const size_t width = options_.d_in;
  const auto n = static_cast<double>(n_rows * width);
  const bool any = events_.size() > row_begin_[n_rows];
  const double error_spread = any ? spread(gradients_.data(), n_rows, width, pool_) : 0;
  const auto factor = static_cast<float>(2 / (n * variance_));
  const auto aux_factor =
      static_cast<float>(error_spread > 0 ? 2 * options_.aux_coefficient / error_spread : 0);
  std::vector<double> squares(n_rows);
  for_each_row(pool_, n_rows, [&](size_t row) {
    const auto difference = std::span(gradients_).subspan(row * width, width);
    const auto aux = std::span(gradients_).subspan((n_rows + row) * width, width);
    const size_t begin = row_begin_[n_rows + row], end = row_begin_[n_rows + row + 1];
    if (any) {
      std::ranges::copy(difference, aux.begin());  // - e
      for (size_t i = begin; i < end; ++i) {
        add_scaled(aux, events_[i].value, w_dec().subspan(events_[i].latent * width, width));
      }
      squares[row] = squared_length(aux);
      for (float& x : aux) x *= aux_factor;
    }
    for (float& x : difference) x *= factor;
  });
  return error_spread > 0 ? sum_of(squares) / error_spread : 0;
}

void SaeTrainer::differentiate(size_t n_rows) {
  const size_t width = options_.d_in;
  d_values_.resize(events_.size());
  for_each_row(pool_, 2 * n_rows, [&](size_t row) {
    const auto gradient = std::span<const float>(gradients_).subspan(row * width, width);
    for (size_t i = row_begin_[row]; i < row_begin_[row + 1]; ++i) {
      d_values_[i] = dot(gradient, w_dec().subspan(events_[i].latent * width, width));
    }
  });
}

void SaeTrainer::sort_by_latent() {
  std::ranges::fill(latent_begin_, size_t{0});
  for (const LatentEvent& event : events_) ++latent_begin_[event.latent + 1];
  std::partial_sum(latent_begin_.begin(), latent_begin_.end(), latent_begin_.begin());
  std::vector<size_t> next(latent_begin_.begin(), latent_begin_.end() - 1);
  parts_.resize(events_.size());
  for (size_t i = 0; i < events_.size(); ++i) {
    parts_[next[events_[i].latent]++] = {events_[i].row, events_[i].value, d_values_[i]};
  }
}

void SaeTrainer::update_latent(size_t latent, const AdamStep& adam, std::vector<float>& gradients,
                               std::span<double> bias_gradient) {
  const size_t width = options_.d_in, n_rows = gradients_.size() / width / 2;
  const auto by_encoder = std::span(gradients).first(width);
  const auto by_decoder = std::span(gradients).subspan(width, width);
  std::ranges::fill(gradients, 0.0F);
  float by_bias = 0;
  for (size_t i = latent_begin_[latent]; i < latent_begin_[latent + 1]; ++i) {
    const Part& part = parts_[i];
    const size_t row = part.gradient_row % n_rows;
    add_scaled(by_decoder, part.value,
               std::span<const float>(gradients_).subspan(part.gradient_row * width, width));
    add_scaled(by_encoder, part.d_value,
               std::span<const float>(centred_).subspan(row * width, width));
    by_bias += part.d_value;
  }
  const AdamRow encoder = row_of(w_enc_, latent), decoder = row_of(w_dec_, latent);
  if (by_bias != 0) {
    for (size_t i = 0; i < width; ++i) {
      bias_gradient[i] -= double{by_bias} * encoder.parameters[i];
    }
  }
  add_scaled(by_decoder, -dot(by_decoder, decoder.parameters), decoder.parameters);
  encoder.update(by_encoder, adam);
  decoder.update(by_decoder, adam);
  normalise(decoder.parameters);
  const AdamRow bias{std::span(b_enc_.values).subspan(latent, 1),
                     std::span(b_enc_.m).subspan(latent, 1),
                     std::span(b_enc_.v).subspan(latent, 1)};
  bias.update({&by_bias, 1}, adam);
}

void SaeTrainer::update(size_t n_rows, const AdamStep& adam) {
  const size_t width = options_.d_in;
  const std::vector<double> ones(n_rows, 1.0);
  std::vector<double> by_b_dec = weighted_sum(gradients_.data(), n_rows, width, ones, pool_);
  const size_t n = n_blocks(options_.n_latents, kLatentsAtOnce);
  std::vector<double> shares(n * width);
  std::vector<std::vector<float>> scratch(pool_.n_threads(), std::vector<float>(2 * width));
  pool_.parallel_for(n, [&](size_t item, size_t thread) {
    const size_t end = std::min<size_t>(options_.n_latents, (item + 1) * kLatentsAtOnce);
    for (size_t latent = item * kLatentsAtOnce; latent < end; ++latent) {
      update_latent(latent, adam, scratch[thread], std::span(shares).subspan(item * width, width));
    }
  });
  for (size_t item = 0; item < n; ++item) {
    for (size_t i = 0; i < width; ++i) by_b_dec[i] += shares[item * width + i];
  }
  const std::vector<float> gradient(by_b_dec.begin(), by_b_dec.end());
  AdamRow{b_dec_.values, b_dec_.m, b_dec_.v}.update(gradient, adam);
}

void SaeTrainer::mark_fired(size_t n_rows) {
  n_rows_seen_ += n_rows;
  for (size_t i = 0; i < row_begin_[n_rows]; ++i) last_on_[events_[i].latent] = n_rows_seen_;
}

StepReport SaeTrainer::step(const float* rows, size_t n_rows, double learning_rate) {
  std::vector<uint32_t> dead;
  if (options_.aux_coefficient > 0) dead = dead_latents();
  encode(rows, n_rows, dead);
  StepReport report;
  report.loss =
      reconstruct(rows, n_rows) / (static_cast<double>(n_rows * options_.d_in) * variance_);
  report.aux_loss = reconstruct_errors(n_rows);
  differentiate(n_rows);
  sort_by_latent();
  update(n_rows, AdamStep(++n_steps_, learning_rate));
  mark_fired(n_rows);
  return report;
}

Evaluation SaeTrainer::evaluate(const float* rows, size_t n_rows) {
  constexpr size_t kRowsOfPart = 4 * kTileRows;
  double squares = 0, n_on = 0;
  for (size_t first = 0; first < n_rows; first += kRowsOfPart) {
    const size_t n = std::min(kRowsOfPart, n_rows - first);
    const float* part = rows + first * options_.d_in;
    encode(part, n, {});
    squares += reconstruct(part, n);
    n_on += static_cast<double>(events_.size());
  }
  return {.fvu = squares / spread(rows, n_rows, options_.d_in, pool_),
          .l0 = n_on / static_cast<double>(n_rows),
          .dead_share = static_cast<double>(dead_latents().size()) / options_.n_latents};
}

std::vector<std::span<std::byte>> SaeTrainer::state() {
  std::vector<std::span<std::byte>> parts;
  for (HugeBuffer* buffer :
       {&w_enc_.values, &w_enc_.m, &w_enc_.v, &w_dec_.values, &w_dec_.m, &w_dec_.v}) {
    const size_t n = size_t{options_.n_latents} * options_.d_in;
    parts.push_back(std::as_writable_bytes(buffer->floats().first(n)));
  }
  for (Vector* vector : {&b_enc_, &b_dec_}) {
    for (auto* numbers : {&vector->values, &vector->m, &vector->v}) {
      parts.push_back(std::as_writable_bytes(std::span(*numbers)));
    }
  }
  parts.push_back(std::as_writable_bytes(std::span(last_on_)));
  parts.push_back(std::as_writable_bytes(std::span(&n_rows_seen_, 1)));
  parts.push_back(std::as_writable_bytes(std::span(&n_steps_, 1)));
  parts.push_back(std::as_writable_bytes(std::span(&variance_, 1)));
  return parts;
}

void SaeTrainer::save(const std::function<void(std::span<const std::byte>)>& write) {
  for (const auto part : state()) write(part);
}

void SaeTrainer::restore(std::span<const std::byte> bytes) {
  size_t size = 0;
  for (const auto part : state()) size += part.size();
  if (bytes.size() != size) {
    fail(Code::corrupt, "a state of {} bytes, expected {}", bytes.size(), size);
  }
  for (const auto part : state()) {
    std::memcpy(part.data(), bytes.data(), part.size());
    bytes = bytes.subspan(part.size());
  }
}

}  // namespace actogram
