#include "query/partners.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "actogram/error.h"

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

std::vector<Partner> partners_of(const EventIndex& events, uint64_t unit, PartnerOrder order,
                                 size_t n) {
  const UnitSpan self = events.span(unit);
  const std::vector<Together> together = together_with(events, unit);
  std::vector<Partner> partners;
  for (uint64_t other = 0; other < together.size(); ++other) {
    const auto& [count, sum_of_products] = together[other];
    if (count == 0 || other == unit) continue;
    const UnitSpan span = events.span(other);
    const auto either =
        static_cast<double>(uint64_t{self.n_events} + span.n_events) - static_cast<double>(count);
    partners.push_back({.unit = other,
                        .n_together = count,
                        .jaccard = static_cast<double>(count) / either,
                        .correlation = correlation_of(self, span, sum_of_products,
                                                      static_cast<double>(events.n_tokens()))});
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
