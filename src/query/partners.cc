#include "query/partners.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>

#include "actogram/error.h"
#include "store/sparse_units.h"

namespace actogram {
namespace {

struct Together {
  uint64_t n = 0;
  double sum_of_products = 0;
};

// [unit] Products of float32 are exact in float64; they are added in the order of the tokens.
std::vector<Together> together_with(const EventIndex& events, uint64_t unit) {
  std::vector<Together> found(events.n_units());
  for (const UnitEvents::Piece& piece : events.of_unit(unit).pieces) {
    for (size_t i = 0; i < piece.tokens.size(); ++i) {
      const uint32_t token = piece.tokens[i];
      if (token >= events.n_tokens()) {
        fail(Code::corrupt, "unit {} has an event at token {} of {}: run actogram check", unit,
             token, events.n_tokens());
      }
      const auto value = static_cast<double>(piece.values[i]);
      const TokenEvents others = events.at_token(token);
      for (size_t j = 0; j < others.size(); ++j) {
        const uint32_t other = others.unit(j);
        if (other >= found.size()) {
          fail(Code::corrupt, "token {} has an event of unit {} of {}: run actogram check", token,
               other, found.size());
        }
        ++found[other].n;
        found[other].sum_of_products += value * static_cast<double>(others.values()[j]);
      }
    }
  }
  return found;
}

// The sum of squared deviations from the mean; 0 where it is no more than the sums' rounding.
double spread_of(const UnitSpan& x, double n) {
  const double spread = x.sum_of_squares - x.sum * x.sum / n;
  const double rounding = n * std::numeric_limits<double>::epsilon() * x.sum_of_squares;
  return spread > rounding ? spread : 0;
}

double correlation_of(const UnitSpan& x, const UnitSpan& y, double sum_of_products, double n) {
  const double xx = spread_of(x, n), yy = spread_of(y, n);
  const double xy = sum_of_products - x.sum * y.sum / n;
  if (xx == 0 || yy == 0) return std::numeric_limits<double>::quiet_NaN();
  return std::clamp(xy / (std::sqrt(xx) * std::sqrt(yy)), -1.0, 1.0);
}

void leave_out(double value, UnitSpan& span) {
  --span.n_events;
  span.sum -= value;
  span.sum_of_squares -= value * value;
}

// What is known of a unit where the units of another site are known too.
struct KnownPair {
  uint64_t n_tokens = 0;  // where both are
  UnitSpan span;          // of the unit, at these
};

// Where a model's values were NaN or infinite, the SAEs that read them have neither an event nor a
// 0; of SAEs at other sites they may have.
class KnownPairs {
 public:
  KnownPairs(const EventsOfSites& in, uint64_t unit) : in_(in), unit_(unit) {
    for (uint64_t first = 0; own_site_ + 1 < in.sites.size(); ++own_site_) {
      first += in.sites[own_site_].n_units;
      if (unit < first) break;
    }
    for (const uint32_t token : own_unknown()) {
      const TokenEvents others = in.events.at_token(token);
      for (size_t i = 0; i < others.size(); ++i) {
        unseen_[others.unit(i)].push_back(static_cast<double>(others.values()[i]));
      }
    }
  }

  KnownPair with_site(size_t site) const {
    const UnitSpan span = in_.events.span(unit_);
    if (in_.lists.is_sampled()) return {in_.lists.sampled().size(), span};
    KnownPair pair{in_.events.n_tokens(), span};
    const auto own = own_unknown(), other = in_.lists.unknown(site);
    std::vector<uint32_t> either;
    std::ranges::set_union(own, other, std::back_inserter(either));
    pair.n_tokens -= either.size();
    if (site == own_site_ || other.empty()) return pair;
    const EventsOfUnit events(in_.events, unit_);
    const SparseValues values = events.values();
    for (const uint32_t token : other) {
      const auto at = std::ranges::lower_bound(values.tokens, token);
      if (at == values.tokens.end() || *at != token) continue;
      const auto index = static_cast<size_t>(at - values.tokens.begin());
      leave_out(static_cast<double>(values.values[index]), pair.span);
    }
    return pair;
  }

  // A unit of any site, where the units of our own are known.
  UnitSpan span_of(uint64_t other) const {
    UnitSpan span = in_.events.span(other);
    if (const auto found = unseen_.find(other); found != unseen_.end()) {
      for (const double value : found->second) leave_out(value, span);
    }
    return span;
  }

 private:
  std::span<const uint32_t> own_unknown() const {
    if (in_.lists.is_sampled()) return {};
    return in_.lists.unknown(own_site_);
  }

  const EventsOfSites& in_;
  uint64_t unit_;
  size_t own_site_ = 0;
  std::map<uint64_t, std::vector<double>> unseen_;  // [unit] its values where we are not known
};

double rank_of(const Partner& partner, PartnerOrder order) {
  switch (order) {
    case PartnerOrder::together:
      return static_cast<double>(partner.n_together);
    case PartnerOrder::jaccard:
      return partner.jaccard;
    case PartnerOrder::correlation:
      break;
  }
  return std::isnan(partner.correlation) ? -2 : partner.correlation;  // after all numbers
}

}  // namespace

std::vector<Partner> partners_of(const EventsOfSites& in, uint64_t unit, PartnerOrder order,
                                 size_t n) {
  const std::vector<Together> together = together_with(in.events, unit);
  const KnownPairs known(in, unit);
  std::vector<Partner> partners;
  uint64_t end = 0;
  for (size_t site = 0; site < in.sites.size(); ++site) {
    const KnownPair pair = known.with_site(site);
    uint64_t other = end;
    end = std::min<uint64_t>(together.size(), end + in.sites[site].n_units);
    for (; other < end; ++other) {
      const auto& [count, sum_of_products] = together[other];
      if (count == 0 || other == unit) continue;
      const UnitSpan span = known.span_of(other);
      const auto either = static_cast<double>(uint64_t{pair.span.n_events} + span.n_events) -
                          static_cast<double>(count);
      partners.push_back({.unit = other,
                          .n_together = count,
                          .jaccard = static_cast<double>(count) / either,
                          .correlation = correlation_of(pair.span, span, sum_of_products,
                                                        static_cast<double>(pair.n_tokens))});
    }
  }
  const auto before = [&](const Partner& a, const Partner& b) {
    const double rank_a = rank_of(a, order), rank_b = rank_of(b, order);
    return rank_a != rank_b ? rank_a > rank_b : a.unit < b.unit;
  };
  const auto middle = partners.begin() + static_cast<ptrdiff_t>(std::min(n, partners.size()));
  std::ranges::partial_sort(partners, middle, before);
  partners.erase(middle, partners.end());
  return partners;
}

}  // namespace actogram
