#include "collate/class_block.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "collate/gate_function.h"

namespace actogram {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kTokensInFloat = 8;  // that are added in float32 before they go on in double

F16 magnitude(F16 v) { return bits_as<F16>(bits_as<I16>(v) & 0x7fffffff); }
F16 where(I16 mask, F16 v) { return bits_as<F16>(bits_as<I16>(v) & mask); }
// A bit for each lane of the mask.
uint32_t bits_of(I16 mask) {
  uint32_t bits = 0;
  for (size_t lane = 0; lane < kLanes; ++lane)
    bits |= static_cast<uint32_t>(mask[lane]) & (1U << lane);
  return bits;
}
D8 half(F16 v, size_t which) {
  F8 part;
  std::memcpy(&part, reinterpret_cast<const char*>(&v) + which * sizeof(part), sizeof(part));
  return __builtin_convertvector(part, D8);
}

}  // namespace

// The tokens of one sequence, [token]; swish is filled in by add_rows().
struct ClassBlock::Rows {
  const LaneRow* post;
  const LaneRow* linear;
  const LaneRow* gate;
  LaneRow* swish;
  size_t first, end;  // tokens that count

  const LaneRow* of(size_t quantity) const {
    const LaneRow* const all[] = {post, linear, gate, swish};
    return all[quantity];
  }
  float value(size_t quantity, size_t t, size_t lane) const { return of(quantity)[t].lanes[lane]; }

  bool is_in(size_t sign_class, size_t t, size_t lane) const {
    const float g = gate[t].lanes[lane], in = linear[t].lanes[lane];
    if (!std::isfinite(g) || !std::isfinite(in) || !std::isfinite(post[t].lanes[lane])) {
      return false;
    }
    return (gate_is_positive(sign_class) ? g > 0 : g < 0) &&
           (sign_class % 2 == 0 ? in > 0 : in < 0);
  }
};

struct ClassBlock::SequenceTotals {
  I16 counts[kNumSignClasses] = {};
  D8 sums[kNumSignClasses][kNumGatedQuantities][2] = {};
  F16 largest[kNumSignClasses][kNumGatedQuantities] = {};     // magnitude
  I16 largest_at[kNumSignClasses][kNumGatedQuantities] = {};  // token, the first of equals
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

void ClassBlock::observe(const BlockValues& values, std::span<const BatchSequence> sequences,
                         BlockScratch& scratch) {
  for (size_t s = 0; s < sequences.size(); ++s) {
    const size_t row = values.first_row[s], n_tokens = sequences[s].n_tokens;
    scratch.swish.resize(std::max(scratch.swish.size(), n_tokens));
    const Rows rows{.post = values.values + row,
                    .linear = values.linear + row,
                    .gate = values.gate + row,
                    .swish = scratch.swish.data(),
                    .first = sequences[s].begins_with_bos ? skip_first_ : 0,
                    .end = n_tokens};
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
    const size_t end = std::min(rows.end, begin + kTokensInFloat);
    for (size_t t = begin; t < end; ++t) {
      const F16 gate = rows.gate[t].vector();
      const F16 swish = gate_function(function_, gate);
      std::memcpy(rows.swish[t].lanes.data(), &swish, sizeof(swish));
      broken |= not_finite(gate) | not_finite(rows.linear[t].vector()) |
                not_finite(rows.post[t].vector());
    }
    add_class<0>(rows, begin, end, totals);
    add_class<1>(rows, begin, end, totals);
    add_class<2>(rows, begin, end, totals);
    add_class<3>(rows, begin, end, totals);
  }
  for (size_t lane = 0; lane < n_units_; ++lane) totals.all_finite &= broken[lane] == 0;
}

template <size_t kClass>
void ClassBlock::add_class(const Rows& rows, size_t begin, size_t end, SequenceTotals& totals) {
  F16 sums[kNumGatedQuantities] = {};
  F16 largest[kNumGatedQuantities];
  I16 largest_at[kNumGatedQuantities];
  std::memcpy(largest, totals.largest[kClass], sizeof(largest));
  std::memcpy(largest_at, totals.largest_at[kClass], sizeof(largest_at));
  I16 count = {};
  for (size_t t = begin; t < end; ++t) {
    const F16 gate = rows.gate[t].vector(), linear = rows.linear[t].vector();
    const I16 mask = (gate_is_positive(kClass) ? gate > 0 : gate < 0) &
                     (kClass % 2 == 0 ? linear > 0 : linear < 0);
    const I16 at = I16{} + static_cast<int32_t>(t);
    count -= mask;
#pragma GCC unroll 4
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      const F16 v = where(mask, rows.of(q)[t].vector());
      sums[q] += v;
      const F16 m = magnitude(v);
      largest_at[q] = m > largest[q] ? at : largest_at[q];
      largest[q] = m > largest[q] ? m : largest[q];
    }
  }
  totals.counts[kClass] += count;
  std::memcpy(totals.largest[kClass], largest, sizeof(largest));
  std::memcpy(totals.largest_at[kClass], largest_at, sizeof(largest_at));
  for (size_t q = 0; q < kNumGatedQuantities; ++q) {
    for (size_t h = 0; h < 2; ++h) totals.sums[kClass][q][h] += half(sums[q], h);
  }
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
            if (std::fabs(value) <= totals.largest[c][q][lane]) continue;
            totals.largest[c][q][lane] = std::fabs(value);
            totals.largest_at[c][q][lane] = static_cast<int32_t>(t);
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
  uint32_t wanted[kNumSignClasses][kNumGatedQuantities] = {};
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      if (!has_peaks(c, q)) continue;
      const F16 largest = totals.largest[c][q];
      wanted[c][q] = bits_of((largest >= load<F16>(limits_[c][q].data())) & (largest > 0));
      for (uint32_t lanes = wanted[c][q]; lanes != 0; lanes &= lanes - 1) {
        prefetch(c, q, std::countr_zero(lanes));
      }
    }
  }
  for (size_t lane = 0; lane < n_units_; ++lane) {
    for (size_t c = 0; c < kNumSignClasses; ++c) {
      if (totals.counts[c][lane] == 0) continue;
      counts_[c][lane] += static_cast<uint64_t>(totals.counts[c][lane]);
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        sums_[lane][c][q].add(totals.sum(c, q, lane));
      }
    }
  }
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      for (uint32_t lanes = wanted[c][q]; lanes != 0; lanes &= lanes - 1) {
        const auto lane = static_cast<size_t>(std::countr_zero(lanes));
        const auto t = static_cast<uint32_t>(totals.largest_at[c][q][lane]);
        offer(c, q, lane, {{sequence.number, t}, rows.value(q, t, lane)});
      }
    }
  }
}

void ClassBlock::prefetch(size_t sign_class, size_t quantity, size_t lane) {
  const auto bytes = std::as_bytes(list(sign_class, quantity, lane));
  for (size_t i = 0; i < bytes.size(); i += 64) __builtin_prefetch(bytes.data() + i, 1, 3);
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
