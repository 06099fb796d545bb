// The first half of a singular value decomposition: LAPACK's gebrd with one reading of the matrix a column and all of it on threads.
#pragma once

#include "base/thread_pool.h"

namespace mlxc::cpu {

// Q^T a P = B, upper bidiagonal, of a column-major a [m, n], m >= n: a is overwritten by what reflects, d [n], e [n - 1], tauq [n] and taup
// [n] are LAPACK's. Elements are such that sums of their squares neither overflow nor vanish, as gesdd scales them. Bits do not depend on
// the number of threads. Throws std::bad_alloc.
template <class T>
void bidiagonalize(ThreadPool& pool, int m, int n, T* a, int lda, T* d, T* e, T* tauq, T* taup);

}  // namespace mlxc::cpu
