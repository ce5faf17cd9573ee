// The point whose distances to all rows have the smallest sum: where training begins with the bias
// that is subtracted before encoding, since a mean would follow a few rows of enormous length.
#pragma once

#include <cstddef>
#include <vector>

#include "base/threads.h"

namespace actogram {

// `rows` is [n_rows, width], n_rows > 0. Weiszfeld's iteration from the mean, until a step is
// shorter than 1e-6 of the mean distance, at most a hundred times. Does not depend on the threads.
std::vector<float> geometric_median(const float* rows, size_t n_rows, size_t width,
                                    ThreadPool& pool);

// The mean of each column.
std::vector<float> mean_row(const float* rows, size_t n_rows, size_t width, ThreadPool& pool);

// sum over rows of weight[row] * rows[row], in double; in parallel over columns, so in one order.
std::vector<double> weighted_sum(const float* rows, size_t n_rows, size_t width,
                                 const std::vector<double>& weights, ThreadPool& pool);

}  // namespace actogram
