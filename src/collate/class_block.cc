#include "collate/class_block.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "collate/gate_function.h"

namespace actogram {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kTokensInFloat = 8;  // that are added in float32 before they go on in double

F16 magnitude(F16 v) { return bits_as<F16>(bits_as<I16>(v) & 0x7fffffff); }
F16 where(I16 mask, F16 v) { return bits_as<F16>(bits_as<I16>(v) & mask); }
bool any(I16 mask) {
  int32_t all = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) all |= mask[lane];
  return all != 0;
}
D8 half(F16 v, size_t which) {
  F8 part;
  std::memcpy(&part, reinterpret_cast<const char*>(&v) + which * sizeof(part), sizeof(part));
  return __builtin_convertvector(part, D8);
}

}  // namespace

// The rows of one sequence. Where the model has them they lie far apart, so add_rows() makes a
// compact copy, with the gate function beside them, and everything later reads that.
struct ClassBlock::Rows {
  const float* gate;
  const float* linear;
  const float* post;
  size_t gate_stride, post_stride;
  size_t n_units;
  size_t first, end;  // tokens
  float* copy;        // [token, quantity, lane]

  F16 lanes(const float* row) const {
    if (n_units == kLanes) return load<F16>(row);
    alignas(64) float padded[kLanes] = {};
    std::copy_n(row, n_units, padded);
    return load<F16>(padded);
  }
  F16 gate_at(size_t t) const { return lanes(gate + t * gate_stride); }
  F16 linear_at(size_t t) const { return lanes(linear + t * gate_stride); }
  F16 post_at(size_t t) const { return lanes(post + t * post_stride); }

  float* copy_of(size_t quantity, size_t t) const {
    return copy + (t * kNumGatedQuantities + quantity) * kLanes;
  }
  float value(size_t quantity, size_t t, size_t lane) const { return copy_of(quantity, t)[lane]; }

  bool is_in(size_t sign_class, size_t t, size_t lane) const {
    const float g = value(kPre, t, lane), in = value(kPreLinear, t, lane);
    if (!std::isfinite(g) || !std::isfinite(in) || !std::isfinite(value(kPost, t, lane))) {
      return false;
    }
    return (gate_is_positive(sign_class) ? g > 0 : g < 0) &&
           (sign_class % 2 == 0 ? in > 0 : in < 0);
  }
  // The same for all lanes.
  I16 are_in(size_t sign_class, size_t t) const {
    const F16 g = load<F16>(copy_of(kPre, t)), in = load<F16>(copy_of(kPreLinear, t));
    const F16 out = load<F16>(copy_of(kPost, t));
    const I16 signs =
        (gate_is_positive(sign_class) ? g > 0 : g < 0) & (sign_class % 2 == 0 ? in > 0 : in < 0);
    return signs & ~(not_finite(g) | not_finite(in) | not_finite(out));
  }
};

struct ClassBlock::SequenceTotals {
  I16 counts[kNumSignClasses] = {};
  D8 sums[kNumSignClasses][kNumGatedQuantities][2] = {};
  F16 largest[kNumSignClasses][kNumGatedQuantities] = {};
  bool all_finite = true;

  double sum(size_t sign_class, size_t quantity, size_t lane) const {
    return sums[sign_class][quantity][lane / kHalf][lane % kHalf];
  }
};

ClassBlock::ClassBlock(uint32_t n, GateFunction function, const CollateOptions& options)
    : function_(function),
      n_units_(n),
      n_kept_(options.class_top),
      skip_first_(options.classes_count_bos ? 0 : 1),
      peaks_(kNumSignClasses * kNumGatedQuantities * kLanes * n_kept_) {
  for (auto& of_class : limits_) {
    for (auto& of_quantity : of_class) of_quantity.fill(n_kept_ == 0 ? kInfinity : 0);
  }
}

void ClassBlock::observe(const SiteValues& values, std::span<const BatchSequence> sequences,
                         BlockScratch& scratch) {
  for (size_t s = 0; s < sequences.size(); ++s) {
    const size_t n_tokens = sequences[s].n_tokens;
    const size_t row = values.first_row[s];
    scratch.gated.resize(std::max(scratch.gated.size(), n_tokens * kNumGatedQuantities * kLanes));
    const Rows rows{.gate = values.gate + row * values.gate_stride,
                    .linear = values.linear + row * values.gate_stride,
                    .post = values.row(row),
                    .gate_stride = values.gate_stride,
                    .post_stride = values.row_stride,
                    .n_units = n_units_,
                    .first = sequences[s].begins_with_bos ? skip_first_ : 0,
                    .end = n_tokens,
                    .copy = scratch.gated.data()};
    SequenceTotals totals;
    add_rows(rows, totals);
    if (!totals.all_finite) {
      totals = {};
      add_finite_rows(rows, totals);
    }
    take(rows, totals, sequences[s]);
  }
}

void ClassBlock::add_rows(const Rows& rows, SequenceTotals& totals) const {
  I16 broken = {};
  for (size_t begin = rows.first; begin < rows.end; begin += kTokensInFloat) {
    F16 sums[kNumSignClasses][kNumGatedQuantities] = {};
    for (size_t t = begin; t < std::min(rows.end, begin + kTokensInFloat); ++t) {
      const F16 gate = rows.gate_at(t), linear = rows.linear_at(t), post = rows.post_at(t);
      const F16 swish = gate_function(function_, gate);
      broken |= not_finite(gate) | not_finite(linear) | not_finite(post);
      const F16 values[] = {post, linear, gate, swish};
      std::memcpy(rows.copy_of(0, t), values, sizeof(values));
      const F16 magnitudes[] = {magnitude(post), magnitude(linear), magnitude(gate),
                                magnitude(swish)};
      const I16 gates[] = {gate > 0, gate < 0}, ins[] = {linear > 0, linear < 0};
#pragma GCC unroll 4
      for (size_t c = 0; c < kNumSignClasses; ++c) {
        const I16 mask = gates[c / 2] & ins[c % 2];
        totals.counts[c] -= mask;
#pragma GCC unroll 4
        for (size_t q = 0; q < kNumGatedQuantities; ++q) {
          sums[c][q] += where(mask, values[q]);
          const F16 m = where(mask, magnitudes[q]);
          totals.largest[c][q] = m > totals.largest[c][q] ? m : totals.largest[c][q];
        }
      }
    }
    for (size_t c = 0; c < kNumSignClasses; ++c) {
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        for (size_t h = 0; h < 2; ++h) totals.sums[c][q][h] += half(sums[c][q], h);
      }
    }
  }
  for (size_t lane = 0; lane < n_units_; ++lane) totals.all_finite &= broken[lane] == 0;
}

// The same by the definition, one value at a time: a token with a value that is not finite counts
// nowhere.
void ClassBlock::add_finite_rows(const Rows& rows, SequenceTotals& totals) const {
  totals.all_finite = false;
  for (size_t lane = 0; lane < n_units_; ++lane) {
    for (size_t c = 0; c < kNumSignClasses; ++c) {
      for (size_t begin = rows.first; begin < rows.end; begin += kTokensInFloat) {
        std::array<float, kNumGatedQuantities> sums = {};
        for (size_t t = begin; t < std::min(rows.end, begin + kTokensInFloat); ++t) {
          if (!rows.is_in(c, t, lane)) continue;
          totals.counts[c][lane] += 1;
          for (size_t q = 0; q < kNumGatedQuantities; ++q) {
            const float value = rows.value(q, t, lane);
            sums[q] += value;
            totals.largest[c][q][lane] = std::max(totals.largest[c][q][lane], std::fabs(value));
          }
        }
        for (size_t q = 0; q < kNumGatedQuantities; ++q) {
          totals.sums[c][q][lane / kHalf][lane % kHalf] += static_cast<double>(sums[q]);
        }
      }
    }
  }
}

void ClassBlock::take(const Rows& rows, const SequenceTotals& totals,
                      const BatchSequence& sequence) {
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    for (size_t lane = 0; lane < n_units_; ++lane) {
      if (totals.counts[c][lane] == 0) continue;
      counts_[c][lane] += static_cast<uint64_t>(totals.counts[c][lane]);
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        sums_[lane][c][q].add(totals.sum(c, q, lane));
      }
    }
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      if (!has_peaks(c, q)) continue;
      const F16 largest = totals.largest[c][q];
      const I16 wanted = (largest >= load<F16>(limits_[c][q].data())) & (largest > 0);
      if (!any(wanted)) continue;
      const I16 places = first_places(rows, c, q, largest, wanted);
      for (size_t lane = 0; lane < n_units_; ++lane) {
        if (wanted[lane] == 0) continue;
        const auto t = static_cast<uint32_t>(places[lane]);
        offer(c, q, lane, {{sequence.number, t}, rows.value(q, t, lane)});
      }
    }
  }
}

// Where the lanes of `wanted` have their largest magnitude within the class, the first of equals.
I16 ClassBlock::first_places(const Rows& rows, size_t sign_class, size_t quantity, F16 largest,
                             I16 wanted) {
  I16 places = {};
  for (size_t t = rows.first; t < rows.end && any(wanted); ++t) {
    const F16 m = magnitude(load<F16>(rows.copy_of(quantity, t)));
    const I16 here = wanted & (m == largest) & rows.are_in(sign_class, t);
    places = here ? I16{} + static_cast<int32_t>(t) : places;
    wanted &= ~here;
  }
  return places;
}

std::span<ClassPeak> ClassBlock::list(size_t sign_class, size_t quantity, size_t lane) {
  const size_t first = ((sign_class * kNumGatedQuantities + quantity) * kLanes + lane) * n_kept_;
  return {peaks_.data() + first, n_kept_};
}

std::span<const ClassPeak> ClassBlock::list(size_t sign_class, size_t quantity, size_t lane) const {
  const size_t first = ((sign_class * kNumGatedQuantities + quantity) * kLanes + lane) * n_kept_;
  return {peaks_.data() + first, n_peaks_[sign_class][quantity][lane]};
}

void ClassBlock::offer(size_t sign_class, size_t quantity, size_t lane, const ClassPeak& peak) {
  const std::span<ClassPeak> peaks = list(sign_class, quantity, lane);
  uint32_t& n = n_peaks_[sign_class][quantity][lane];
  if (n == n_kept_ && !ranks_before(peak, peaks[n - 1])) return;
  if (n < n_kept_) ++n;
  const auto last = peaks.begin() + n - 1;
  const auto at = std::upper_bound(peaks.begin(), last, peak, ranks_before);
  std::move_backward(at, last, last + 1);
  *at = peak;
  set_limit(sign_class, quantity, lane);
}

void ClassBlock::set_limit(size_t sign_class, size_t quantity, size_t lane) {
  if (n_kept_ == 0 || n_peaks_[sign_class][quantity][lane] < n_kept_) return;
  limits_[sign_class][quantity][lane] =
      std::fabs(list(sign_class, quantity, lane)[n_kept_ - 1].value);
}

std::vector<ClassRecord> ClassBlock::record(size_t lane) const {
  std::vector<ClassRecord> classes(kNumSignClasses);
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    classes[c].count = counts_[c][lane];
    classes[c].sums = sums_[lane][c];
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      const auto peaks = list(c, q, lane);
      classes[c].peaks[q].assign(peaks.begin(), peaks.end());
    }
  }
  return classes;
}

void ClassBlock::restore(size_t lane, std::span<const ClassRecord> classes) {
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    counts_[c][lane] = classes[c].count;
    sums_[lane][c] = classes[c].sums;
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      std::ranges::copy(classes[c].peaks[q], list(c, q, lane).begin());
      n_peaks_[c][q][lane] = static_cast<uint32_t>(classes[c].peaks[q].size());
      set_limit(c, q, lane);
    }
  }
}

}  // namespace actogram
