// Products with an orthogonal matrix that is kept as reflectors: LAPACK's ormqr and ormlq, in parts that need each other for nothing.
#pragma once

#include "base/thread_pool.h"

namespace mlxc::cpu {

// Reflectors as LAPACK leaves them: k vectors below the diagonal of a (in columns) or right of it (in rows), their first elements 1 and not
// stored; H_i = 1 - tau_i v_i v_i^T.
template <class T>
struct Reflectors {
  const T* a;  // column-major
  int lda;
  const T* tau;
  int k;
  bool in_rows;
};

// c [m, n], column-major, becomes Q c, or c Q where not `left`; Q = H_1 H_2 ... H_k, or its transpose. Bits do not depend on the number of
// threads. Throws std::bad_alloc.
template <class T>
void multiply_reflectors(ThreadPool& pool, const Reflectors<T>& reflectors, bool left, bool transposed, int m, int n, T* c, int ldc);

}  // namespace mlxc::cpu
