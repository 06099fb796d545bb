// Cholesky factors of float32 on the tiles of matrix products.
#pragma once

#include "backend/cpu/kernels/kernels.h"

namespace mlxc::cpu {

// The lower triangle of a [n, n], by rows, becomes L with L L^T = a; what is above it is overwritten. Gives LAPACK's info: 0, or the order
// of the first minor that is not positive. Bits do not depend on the number of threads.
int cholesky_lower(ThreadPool& pool, int n, float* a);

}  // namespace mlxc::cpu
