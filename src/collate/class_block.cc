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
// Tokens that are added in float32 before they go on in double, and of which it is known together
// that one of them has a largest value.
constexpr size_t kGroup = 8;

// What the tokens of a group are summed in: of two classes and sixteen lanes in thirty-two
// registers, of one class and eight lanes in sixteen.
#if defined(__AVX512F__)
using Wide = F16;
constexpr size_t kClassesAtOnce = 2;
#else
using Wide = F8;
constexpr size_t kClassesAtOnce = 1;
#endif
using WideInt = decltype(Wide() < Wide());
constexpr size_t kWide = sizeof(Wide) / sizeof(float);  // lanes

template <typename V>
F8 eight_lanes(const V& v, size_t which) {
  if constexpr (sizeof(V) == sizeof(F8)) {
    return v;
  } else {
    return half(v, which);
  }
}

D8 magnitude(const D8& v) { return choose(v < 0, -v, v); }
// Ordered as the magnitudes are.
template <typename V>
auto magnitude_bits(const V& v) {
  return bits_as<decltype(v < v)>(v) & 0x7fffffff;
}
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
  std::array<PerLane<int32_t>, kNumSignClasses> counts = {};
  D8 sums[kNumSignClasses][kNumGatedQuantities][2] = {};
  PerQuantity<PerLane<float>> largest = {};          // magnitude
  PerQuantity<PerLane<int32_t>> largest_group = {};  // the first that has it
  bool all_finite = true;                            // the values and their sums in float32
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
  add_classes<0>(rows, totals);
  add_classes<2>(rows, totals);
  if constexpr (kClassesAtOnce == 1) {
    add_classes<1>(rows, totals);
    add_classes<3>(rows, totals);
  }
  D8 sum_of_all = {};
  for (const auto& of_class : totals.sums) {
    for (const auto& of_quantity : of_class)
      sum_of_all += magnitude(of_quantity[0]) + magnitude(of_quantity[1]);
  }
  totals.all_finite = bits_of(broken) == 0;
  for (size_t i = 0; i < kHalf; ++i) totals.all_finite &= std::isfinite(get_lane(sum_of_all, i));
}

// Of kClassesAtOnce classes from kFirst on, of one sign of the gate, and kWide lanes: the tokens
// [begin, end), a group. Which of them has a largest value is left to place_of(), since few of them
// are kept in the end. With masks of their own, a sum or a maximum is one instruction, of which
// there are seven or eight a class and token. Not inlined, so that the registers are for these.
template <size_t kFirst>
[[gnu::noinline]] void ClassBlock::add_group(const Rows& rows, size_t lane, size_t begin,
                                             size_t end, SequenceTotals& totals) {
  constexpr bool kPositive = gate_is_positive(kFirst);
  static_assert(gate_is_positive(kFirst + kClassesAtOnce - 1) == kPositive);
  const auto value = [&](const LaneRow* row) { return load<Wide>(row->lanes.data() + lane); };
  WideInt counts[kClassesAtOnce] = {}, largest[kClassesAtOnce][kNumGatedQuantities] = {};
  Wide sums[kClassesAtOnce][kNumGatedQuantities] = {};
  for (size_t t = begin; t < end; ++t) {
    const Wide gate = value(&rows.gate[t]), linear = value(&rows.linear[t]);
    const WideInt open = kPositive ? gate > 0 : gate < 0;
    WideInt in[kClassesAtOnce];
    for (size_t c = 0; c < kClassesAtOnce; ++c) {
      in[c] = open & ((kFirst + c) % 2 == 0 ? linear > 0 : linear < 0);
      counts[c] -= in[c];
    }
#pragma GCC unroll 4
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      const Wide v = value(&rows.of(q)[t]);
      const WideInt m = magnitude_bits(v);
      for (size_t c = 0; c < kClassesAtOnce; ++c) {
        sums[c][q] = choose(in[c], sums[c][q] + v, sums[c][q]);
        if (!has_peaks(kFirst, q)) continue;
        largest[c][q] = choose(in[c], larger(m, largest[c][q]), largest[c][q]);
      }
    }
  }
  const auto group = all_lanes<WideInt>(static_cast<int32_t>((begin - rows.first) / kGroup));
#pragma GCC unroll 2
  for (size_t i = 0; i < kClassesAtOnce; ++i) {
    const size_t c = kFirst + i;
    int32_t* count = totals.counts[c].data() + lane;
    store(load<WideInt>(count) + counts[i], count);
#pragma GCC unroll 4
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      for (size_t h = 0; h < kWide / kHalf; ++h) {
        totals.sums[c][q][lane / kHalf + h] += widened(eight_lanes(sums[i][q], h));
      }
      if (!has_peaks(kFirst, q)) continue;
      float* before = totals.largest[c][q].data() + lane;
      int32_t* group_before = totals.largest_group[c][q].data() + lane;
      const WideInt higher = largest[i][q] > load<WideInt>(before);
      store(choose(higher, largest[i][q], load<WideInt>(before)), before);
      store(choose(higher, group, load<WideInt>(group_before)), group_before);
    }
  }
}

template <size_t kFirst>
void ClassBlock::add_classes(const Rows& rows, SequenceTotals& totals) {
  for (size_t begin = rows.first; begin < rows.end; begin += kGroup) {
    const size_t end = std::min(rows.end, begin + kGroup);
    for (size_t lane = 0; lane < kLanes; lane += kWide) {
      add_group<kFirst>(rows, lane, begin, end, totals);
    }
  }
}

// The first token of the class with the largest magnitude, which is in that group.
uint32_t ClassBlock::place_of(const Rows& rows, const SequenceTotals& totals, size_t sign_class,
                              size_t quantity, size_t lane) {
  const float largest = totals.largest[sign_class][quantity][lane];
  const auto group = static_cast<size_t>(totals.largest_group[sign_class][quantity][lane]);
  size_t t = rows.first + group * kGroup;
  while (std::fabs(rows.value(quantity, t, lane)) != largest || !rows.is_in(sign_class, t, lane)) {
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
      std::array<double, kNumGatedQuantities> all_sums = {};
      for (size_t begin = rows.first; begin < rows.end; begin += kGroup) {
        std::array<float, kNumGatedQuantities> sums = {};
        std::array<double, kNumGatedQuantities> wide_sums = {};
        for (size_t t = begin; t < std::min(rows.end, begin + kGroup); ++t) {
          if (!rows.is_in(c, t, lane)) continue;
          ++totals.counts[c][lane];
          for (size_t q = 0; q < kNumGatedQuantities; ++q) {
            const float value = rows.value(q, t, lane);
            sums[q] += value;
            wide_sums[q] += double{value};
            if (std::fabs(value) <= totals.largest[c][q][lane]) continue;
            totals.largest[c][q][lane] = std::fabs(value);
            totals.largest_group[c][q][lane] = static_cast<int32_t>((begin - rows.first) / kGroup);
          }
        }
        for (size_t q = 0; q < kNumGatedQuantities; ++q) {
          all_sums[q] += std::isfinite(sums[q]) ? double{sums[q]} : wide_sums[q];
        }
      }
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
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
      const F16 largest = load<F16>(totals.largest[c][q].data());
      wanted[c][q] = bits_of((largest >= load<F16>(limits_[c][q].data())) & (largest > 0));
      for (uint32_t lanes = wanted[c][q]; lanes != 0; lanes &= lanes - 1) {
        __builtin_prefetch(&values_[first_row(c, q, std::countr_zero(lanes))], 1, 3);
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
        const uint32_t t = place_of(rows, totals, c, q, lane);
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
