#include "core/moments.h"

#include <cmath>
#include <limits>

namespace actogram {

void set_moments(const PowerSums& sums, Summary& summary) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  summary.mean = summary.variance = summary.skewness = summary.kurtosis = kNaN;
  if (summary.count == 0) return;
  const auto n = static_cast<long double>(summary.count);
  const long double mean = sums.sum[0].value() / n;
  const long double r2 = sums.sum[1].value() / n;
  const long double r3 = sums.sum[2].value() / n;
  const long double r4 = sums.sum[3].value() / n;
  const long double m2 = r2 - mean * mean;
  const long double m3 = r3 - 3 * mean * r2 + 2 * mean * mean * mean;
  const long double m4 = r4 - 4 * mean * r3 + 6 * mean * mean * r2 - 3 * mean * mean * mean * mean;
  summary.mean = static_cast<double>(mean);
  summary.variance = m2 > 0 ? static_cast<double>(m2) : 0.0;
  if (summary.variance <= 0) return;
  summary.skewness = static_cast<double>(m3 / (m2 * std::sqrt(m2)));
  summary.kurtosis = static_cast<double>(m4 / (m2 * m2));
}

}  // namespace actogram
