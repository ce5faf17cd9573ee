#include "collate/class_block.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

#include "collate/gate_function.h"

namespace actogram {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kTokensInFloat = 8;  // that are added in float32 before they go on in double

D8 magnitude(D8 v) { return v < 0 ? -v : v; }
// Ordered as the magnitudes are.
I16 magnitude_bits(F16 v) { return bits_as<I16>(v) & 0x7fffffff; }
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
  return widened(part);
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
  F16 largest[kNumSignClasses][kNumGatedQuantities] = {};  // magnitude
  bool all_finite = true;                                  // the values and their sums in float32
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

void ClassBlock::prefetch() const {
  const auto ask = [](std::span<const std::byte> bytes) {
    for (size_t i = 0; i < bytes.size(); i += 64) __builtin_prefetch(bytes.data() + i, 1, 2);
  };
  ask(std::as_bytes(std::span(counts_)));
  ask(std::as_bytes(std::span(sums_)));
  ask(std::as_bytes(std::span(limits_)));
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
  for (size_t t = rows.first; t < rows.end; ++t) {
    const F16 gate = rows.gate[t].vector();
    const F16 swish = gate_function(function_, gate);
    std::memcpy(rows.swish[t].lanes.data(), &swish, sizeof(swish));
    broken |=
        not_finite(gate) | not_finite(rows.linear[t].vector()) | not_finite(rows.post[t].vector());
  }
  add_gate_sign<true>(rows, totals);
  add_gate_sign<false>(rows, totals);
  D8 sum_of_all = {};
  for (const auto& of_class : totals.sums) {
    for (const auto& of_quantity : of_class)
      sum_of_all += magnitude(of_quantity[0]) + magnitude(of_quantity[1]);
  }
  totals.all_finite = bits_of(broken) == 0;
  for (size_t i = 0; i < kHalf; ++i) totals.all_finite &= std::isfinite(sum_of_all[i]);
}

// The two classes of one sign of the gate together, so that what they read is read once; which
// token has a largest value is left to find_place(), since few of them are kept in the end. A sum
// or a maximum under a mask is one instruction, of which there are seven or eight a class and
// token.
template <bool kPositive>
void ClassBlock::add_gate_sign(const Rows& rows, SequenceTotals& totals) {
  constexpr size_t kFirst = kPositive ? 0 : 2;
  static_assert(gate_is_positive(kFirst) == kPositive);
  I16 largest[2][kNumGatedQuantities] = {}, counts[2] = {};
  for (size_t begin = rows.first; begin < rows.end; begin += kTokensInFloat) {
    const size_t end = std::min(rows.end, begin + kTokensInFloat);
    F16 sums[2][kNumGatedQuantities] = {};
    for (size_t t = begin; t < end; ++t) {
      const F16 gate = rows.gate[t].vector(), linear = rows.linear[t].vector();
      const I16 open = kPositive ? gate > 0 : gate < 0;
      const I16 in[2] = {open & (linear > 0), open & (linear < 0)};
      for (size_t c = 0; c < 2; ++c) counts[c] -= in[c];
#pragma GCC unroll 4
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        const F16 v = rows.of(q)[t].vector();
        const I16 m = magnitude_bits(v);
        for (size_t c = 0; c < 2; ++c) {
          sums[c][q] = in[c] ? sums[c][q] + v : sums[c][q];
          if (!has_peaks(kFirst, q)) continue;
          const I16 larger = m > largest[c][q] ? m : largest[c][q];
          largest[c][q] = in[c] ? larger : largest[c][q];
        }
      }
    }
    for (size_t c = 0; c < 2; ++c) {
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        for (size_t h = 0; h < 2; ++h) totals.sums[kFirst + c][q][h] += half(sums[c][q], h);
      }
    }
  }
  for (size_t c = 0; c < 2; ++c) {
    totals.counts[kFirst + c] += counts[c];
    std::memcpy(totals.largest[kFirst + c], largest[c], sizeof(largest[c]));
  }
}

// The first token of the class with the largest magnitude. Lane by lane: it is wanted of few.
uint32_t ClassBlock::find_place(const Rows& rows, size_t sign_class, size_t quantity, size_t lane,
                                float largest) {
  const float* values = rows.of(quantity)->lanes.data() + lane;
  const uint32_t wanted = std::bit_cast<uint32_t>(largest);
  size_t t = rows.first;
  while ((std::bit_cast<uint32_t>(values[t * kLanes]) & 0x7fffffff) != wanted ||
         !rows.is_in(sign_class, t, lane)) {
    assert(t + 1 < rows.end);  // it was found there
    ++t;
  }
  return static_cast<uint32_t>(t);
}

// The same by the definition, one value at a time: a token with a value that is not finite counts
// nowhere, and where a sum in float32 overflows, it is taken in double.
void ClassBlock::add_finite_rows(const Rows& rows, SequenceTotals& totals) const {
  totals.all_finite = false;
  for (size_t lane = 0; lane < n_units_; ++lane) {
    for (size_t c = 0; c < kNumSignClasses; ++c) {
      for (size_t begin = rows.first; begin < rows.end; begin += kTokensInFloat) {
        std::array<float, kNumGatedQuantities> sums = {};
        std::array<double, kNumGatedQuantities> wide_sums = {};
        for (size_t t = begin; t < std::min(rows.end, begin + kTokensInFloat); ++t) {
          if (!rows.is_in(c, t, lane)) continue;
          totals.counts[c][lane] += 1;
          for (size_t q = 0; q < kNumGatedQuantities; ++q) {
            const float value = rows.value(q, t, lane);
            sums[q] += value;
            wide_sums[q] += double{value};
            totals.largest[c][q][lane] = std::max(totals.largest[c][q][lane], std::fabs(value));
          }
        }
        for (size_t q = 0; q < kNumGatedQuantities; ++q) {
          totals.sums[c][q][lane / kHalf][lane % kHalf] +=
              std::isfinite(sums[q]) ? double{sums[q]} : wide_sums[q];
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
        prefetch_list(c, q, std::countr_zero(lanes));
      }
    }
  }
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      counts_[c][lane] += static_cast<uint64_t>(totals.counts[c][lane]);
    }
    for (size_t q = 0; q < kNumGatedQuantities; ++q) sums_[c][q].add(totals.sums[c][q]);
  }
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      for (uint32_t lanes = wanted[c][q]; lanes != 0; lanes &= lanes - 1) {
        const auto lane = static_cast<size_t>(std::countr_zero(lanes));
        const uint32_t t = find_place(rows, c, q, lane, totals.largest[c][q][lane]);
        offer(c, q, lane, {{sequence.number, t}, rows.value(q, t, lane)});
      }
    }
  }
}

void ClassBlock::prefetch_list(size_t sign_class, size_t quantity, size_t lane) {
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

void ClassBlock::record(size_t lane, std::vector<ClassRecord>& classes) const {
  classes.resize(kNumSignClasses);
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    classes[c].count = counts_[c][lane];
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      classes[c].sums[q] = sums_[c][q].sum(lane);
      const auto peaks = list(c, q, lane);
      classes[c].peaks[q].assign(peaks.begin(), peaks.end());
    }
  }
}

void ClassBlock::restore(size_t lane, std::span<const ClassRecord> classes) {
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    counts_[c][lane] = classes[c].count;
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      sums_[c][q].restore(lane, classes[c].sums[q]);
      std::ranges::copy(classes[c].peaks[q], list(c, q, lane).begin());
      n_peaks_[c][q][lane] = static_cast<uint32_t>(classes[c].peaks[q].size());
      set_limit(c, q, lane);
    }
  }
}

}  // namespace actogram
