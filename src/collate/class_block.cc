#include "collate/class_block.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

#include "base/prefetch.h"
#include "collate/gate_function.h"

namespace actogram {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kTokensInFloat = 8;  // that are added in float32 before they go on in double

D8 magnitude(const D8& v) { return choose(v < 0, -v, v); }
// Ordered as the magnitudes are.
I16 magnitude_bits(const F16& v) { return bits_as<I16>(v) & 0x7fffffff; }
template <typename V>
int32_t least_lane(V v) {
  if constexpr (kIsPair<V>) {
    return least_lane(smaller(v.low, v.high));
  } else {
#if defined(__AVX512F__) && !defined(__clang__)
    for (int32_t step = kLanes / 2; step > 0; step /= 2) {
      v = smaller(v, __builtin_shuffle(v, lane_numbers() ^ step));
    }
    return v[0];
#else
    int32_t least = v[0];
    for (size_t i = 1; i < sizeof(v) / sizeof(least); ++i) least = std::min(least, v[i]);
    return least;
#endif
  }
}
uint32_t lanes_equal(const I16& a, const I16& b) {
#if defined(__AVX512F__) && !defined(__clang__)
  return __builtin_ia32_pcmpeqd512_mask(a, b, 0xffff);  // GCC 12 takes a dozen steps
#else
  return bits_of(a == b);
#endif
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
      n_rows_((n_kept_ + kLanes - 1) / kLanes),
      values_(kNumSignClasses * kNumGatedQuantities * kLanes * n_rows_),
      places_(values_.size()) {
  assert(n_kept_ <= kMostKept);
  for (LaneRow& row : values_) row.lanes.fill(kInfinity);
  for (auto& of_class : limits_) {
    for (auto& of_quantity : of_class) of_quantity.fill(n_kept_ == 0 ? kInfinity : 0);
  }
}

void ClassBlock::prefetch() const {
  prefetch_to_write(counts_);
  prefetch_to_write(sums_);
  prefetch_to_write(limits_);
  prefetch_to_write(n_peaks_);
  prefetch_to_write(worst_);
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
    store(swish, rows.swish[t].lanes.data());
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
  for (size_t i = 0; i < kHalf; ++i) totals.all_finite &= std::isfinite(get_lane(sum_of_all, i));
}

// The two classes of one sign of the gate together, so that what they read is read once; which
// token has a largest value is left to find_places(), since few of them are kept in the end. A sum
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
          sums[c][q] = choose(in[c], sums[c][q] + v, sums[c][q]);
          if (!has_peaks(kFirst, q)) continue;
          largest[c][q] = choose(in[c], larger(m, largest[c][q]), largest[c][q]);
        }
      }
    }
    for (size_t c = 0; c < 2; ++c) {
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        for (size_t h = 0; h < 2; ++h) {
          totals.sums[kFirst + c][q][h] += widened(half(sums[c][q], h));
        }
      }
    }
  }
  for (size_t c = 0; c < 2; ++c) {
    totals.counts[kFirst + c] += counts[c];
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      totals.largest[kFirst + c][q] = bits_as<F16>(largest[c][q]);
    }
  }
}

// The first token of the class with the largest magnitude, of each of `lanes`: all of them
// together, or lane by lane where it is wanted of few.
void ClassBlock::find_places(const Rows& rows, size_t sign_class, size_t quantity, uint32_t lanes,
                             const F16& largest, PerLane<uint32_t>& places) {
  constexpr int kFew = 2;
  const LaneRow* values = rows.of(quantity);
  const I16 wanted = bits_as<I16>(largest);
  if (std::popcount(lanes) > kFew) {
    for (size_t t = rows.first; lanes != 0; ++t) {
      assert(t < rows.end);  // they were found there
      const uint32_t same = lanes_equal(magnitude_bits(values[t].vector()), wanted) & lanes;
      for (uint32_t left = same; left != 0; left &= left - 1) {
        const auto lane = static_cast<size_t>(std::countr_zero(left));
        if (!rows.is_in(sign_class, t, lane)) continue;
        places[lane] = static_cast<uint32_t>(t);
        lanes &= ~(1U << lane);
      }
    }
  }
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<size_t>(std::countr_zero(lanes));
    const int32_t wanted_here = get_lane(wanted, lane);
    const auto is_there = [&](size_t t) {
      return (std::bit_cast<int32_t>(values[t].lanes[lane]) & 0x7fffffff) == wanted_here &&
             rows.is_in(sign_class, t, lane);
    };
    size_t t = rows.first;
    while (!is_there(t)) {
      assert(t + 1 < rows.end);  // it was found there
      ++t;
    }
    places[lane] = static_cast<uint32_t>(t);
  }
}

// The same by the definition, one value at a time: a token with a value that is not finite counts
// nowhere, and where a sum in float32 overflows, it is taken in double.
void ClassBlock::add_finite_rows(const Rows& rows, SequenceTotals& totals) const {
  totals.all_finite = false;
  for (size_t lane = 0; lane < n_units_; ++lane) {
    for (size_t c = 0; c < kNumSignClasses; ++c) {
      int32_t count = 0;
      std::array<float, kNumGatedQuantities> largest = {};
      std::array<double, kNumGatedQuantities> all_sums = {};
      for (size_t begin = rows.first; begin < rows.end; begin += kTokensInFloat) {
        std::array<float, kNumGatedQuantities> sums = {};
        std::array<double, kNumGatedQuantities> wide_sums = {};
        for (size_t t = begin; t < std::min(rows.end, begin + kTokensInFloat); ++t) {
          if (!rows.is_in(c, t, lane)) continue;
          ++count;
          for (size_t q = 0; q < kNumGatedQuantities; ++q) {
            const float value = rows.value(q, t, lane);
            sums[q] += value;
            wide_sums[q] += double{value};
            largest[q] = std::max(largest[q], std::fabs(value));
          }
        }
        for (size_t q = 0; q < kNumGatedQuantities; ++q) {
          all_sums[q] += std::isfinite(sums[q]) ? double{sums[q]} : wide_sums[q];
        }
      }
      set_lane(totals.counts[c], lane, count);
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        set_lane(totals.largest[c][q], lane, largest[q]);
        set_lane(totals.sums[c][q][lane / kHalf], lane % kHalf, all_sums[q]);
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
        __builtin_prefetch(&values_[first_row(c, q, std::countr_zero(lanes))], 1, 3);
      }
    }
  }
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      counts_[c][lane] += static_cast<uint64_t>(get_lane(totals.counts[c], lane));
    }
    for (size_t q = 0; q < kNumGatedQuantities; ++q) sums_[c][q].add(totals.sums[c][q]);
  }
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      PerLane<uint32_t> places;
      find_places(rows, c, q, wanted[c][q], totals.largest[c][q], places);
      for (uint32_t lanes = wanted[c][q]; lanes != 0; lanes &= lanes - 1) {
        const auto lane = static_cast<size_t>(std::countr_zero(lanes));
        const uint32_t t = places[lane];
        offer(c, q, lane, {{sequence.number, t}, rows.value(q, t, lane)});
      }
    }
  }
}

ClassPeak ClassBlock::peak(size_t sign_class, size_t quantity, size_t lane, size_t slot) const {
  const size_t row = first_row(sign_class, quantity, lane) + slot / kLanes, in_row = slot % kLanes;
  const PlaceRow& places = places_[row];
  return {{places.sequences[in_row], places.positions[in_row]}, values_[row].lanes[in_row]};
}

// Of equal magnitudes the earlier place is kept. Apart, so that the places are read for it only.
[[gnu::noinline]] bool ClassBlock::is_before_worst(size_t sign_class, size_t quantity, size_t lane,
                                                   const ClassPeak& peak) const {
  const size_t worst = worst_[sign_class][quantity][lane];
  return ranks_before(peak, this->peak(sign_class, quantity, lane, worst));
}

void ClassBlock::offer(size_t sign_class, size_t quantity, size_t lane, const ClassPeak& peak) {
  uint8_t& n = n_peaks_[sign_class][quantity][lane];
  size_t slot = n;
  if (n == n_kept_) {
    const bool larger = std::fabs(peak.value) > limits_[sign_class][quantity][lane];
    if (!larger && !is_before_worst(sign_class, quantity, lane, peak)) return;
    slot = worst_[sign_class][quantity][lane];
  } else {
    ++n;
  }
  const size_t row = first_row(sign_class, quantity, lane) + slot / kLanes, in_row = slot % kLanes;
  // The whole row, which is read next: it would be waited for after one of its values.
  const I16 here = lane_numbers() == static_cast<int32_t>(in_row);
  const F16 values = choose(here, all_lanes<F16>(peak.value), values_[row].vector());
  store(values, values_[row].lanes.data());
  places_[row].sequences[in_row] = peak.at.sequence;
  places_[row].positions[in_row] = peak.at.position;
  if (n == n_kept_) set_worst(sign_class, quantity, lane);
}

// The smallest magnitude, and of equal ones the latest sequence, of which there is one peak.
void ClassBlock::set_worst(size_t sign_class, size_t quantity, size_t lane) {
  const size_t first = first_row(sign_class, quantity, lane);
  I16 least_of_lanes = magnitude_bits(values_[first].vector());
  for (size_t row = 1; row < n_rows_; ++row) {
    least_of_lanes = smaller(least_of_lanes, magnitude_bits(values_[first + row].vector()));
  }
  const int32_t least = least_lane(least_of_lanes);
  size_t worst = n_kept_;
  const auto sequence = [&](size_t slot) {
    return places_[first + slot / kLanes].sequences[slot % kLanes];
  };
  for (size_t row = 0; row < n_rows_; ++row) {
    const I16 magnitudes = magnitude_bits(values_[first + row].vector());
    for (uint32_t same = lanes_equal(magnitudes, all_lanes<I16>(least)); same != 0;
         same &= same - 1) {
      const size_t slot = row * kLanes + static_cast<size_t>(std::countr_zero(same));
      if (worst == n_kept_ || sequence(slot) > sequence(worst)) worst = slot;
    }
  }
  worst_[sign_class][quantity][lane] = static_cast<uint8_t>(worst);
  limits_[sign_class][quantity][lane] = std::bit_cast<float>(least);
}

void ClassBlock::record(size_t lane, std::vector<ClassRecord>& classes) const {
  classes.resize(kNumSignClasses);
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    classes[c].count = counts_[c][lane];
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      classes[c].sums[q] = sums_[c][q].sum(lane);
      std::vector<ClassPeak>& peaks = classes[c].peaks[q];
      peaks.clear();
      for (size_t i = 0; i < n_peaks_[c][q][lane]; ++i) peaks.push_back(peak(c, q, lane, i));
      std::ranges::sort(peaks, ranks_before);
    }
  }
}

void ClassBlock::restore(size_t lane, std::span<const ClassRecord> classes) {
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    counts_[c][lane] = classes[c].count;
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      sums_[c][q].restore(lane, classes[c].sums[q]);
      for (const ClassPeak& peak : classes[c].peaks[q]) offer(c, q, lane, peak);
    }
  }
}

}  // namespace actogram
