// The triangular factor R of a tall matrix, M = QR with Q's columns orthonormal, so that
// |M x| = |R x| for every x: the length of what a head writes, in d_head^2 / 2 steps instead of
// n_embd * d_head.
//
// By Householder reflections in float64, each entry then rounded to float32. Being backward stable,
// |R x| is |M x| within some 1e-7 |M| |x|, however ill-conditioned M is. Cost: 2 n_rows n^2 steps.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace actogram {

// Of the columns [first, first + n) of a matrix whose rows have `stride` floats: [n, n], row by
// row, 0 below the diagonal. Requires: matrix.size() is a multiple of stride, all values finite or
// the result is NaN.
std::vector<float> upper_factor(std::span<const float> matrix, size_t stride, size_t first,
                                size_t n);

}  // namespace actogram
