// The serial OpenBLAS calls gemm and gemv from LAPACK by their Fortran names. The linker's --wrap (cmake/Dependencies.cmake) leads those
// calls here, where parts of fixed size go to the threads of a pool. So it does those of gebrd, ormqr and ormlq, which are ours for large
// matrices, and of ilaenv, which says how large its blocks are.
#include "backend/cpu/kernels/blas_threads.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "backend/cpu/kernels/bidiagonal.h"
#include "backend/cpu/kernels/reflectors.h"
#include "backend/cpu/kernels/transpose.h"

namespace mlxc::cpu {
namespace {

thread_local ThreadPool* pool = nullptr;

constexpr int kPart = 256;                 // rows or columns
constexpr int kRowsPart = 512;             // of gemv's matrix, read once: pieces of columns that memory gives at full speed
constexpr int64_t kForkProduct = 1 << 20;  // multiply-adds from which threads pay
constexpr int64_t kForkVector = 1 << 17;
constexpr int kBidiagonal = 192;  // columns from which our gebrd is faster than LAPACK's
constexpr int kReflectors = 128;  // the same of ormqr

bool plain(const char* transposed) { return *transposed == 'N' || *transposed == 'n'; }

// c = alpha op(a) op(b) + beta c, column by column: parts of the longer side of c.
template <class T, class Real>
void share_gemm(Real real, const char* ta, const char* tb, const int* m, const int* n, const int* k, const T* alpha, const T* a,
                const int* lda, const T* b, const int* ldb, const T* beta, T* c, const int* ldc) {
  ThreadPool* threads = pool;
  if (!threads || int64_t(*m) * *n * *k < kForkProduct) return real(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, 1, 1);
  const bool by_columns = *n >= *m;
  const int length = by_columns ? *n : *m, parts = (length + kPart - 1) / kPart;
  threads->parallel_for(parts, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = part * kPart;
      const int count = int(std::min<int64_t>(kPart, length - first));
      const T* at_a = by_columns ? a : a + first * (plain(ta) ? 1 : *lda);
      const T* at_b = by_columns ? b + first * (plain(tb) ? *ldb : 1) : b;
      T* at_c = c + first * (by_columns ? *ldc : 1);
      real(ta, tb, by_columns ? m : &count, by_columns ? &count : n, k, alpha, at_a, lda, at_b, ldb, beta, at_c, ldc, 1, 1);
    }
  });
}

// y = alpha op(a) x + beta y: parts of y.
template <class T, class Real>
void share_gemv(Real real, const char* ta, const int* m, const int* n, const T* alpha, const T* a, const int* lda, const T* x,
                const int* incx, const T* beta, T* y, const int* incy) {
  ThreadPool* threads = pool;
  if (!threads || int64_t(*m) * *n < kForkVector || *incy < 1) return real(ta, m, n, alpha, a, lda, x, incx, beta, y, incy, 1);
  const int length = plain(ta) ? *m : *n, size = plain(ta) ? kRowsPart : kPart, parts = (length + size - 1) / size;
  threads->parallel_for(parts, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = part * size;
      const int count = int(std::min<int64_t>(size, length - first));
      const T* at = a + first * (plain(ta) ? 1 : *lda);
      real(ta, plain(ta) ? &count : m, plain(ta) ? n : &count, alpha, at, lda, x, incx, beta, y + first * *incy, incy, 1);
    }
  });
}

// LAPACK's gebrd; of a wide matrix the transpose's, whose upper bidiagonal matrix is its lower one.
template <class T, class Real>
void share_gebrd(Real real, const int* m, const int* n, T* a, const int* lda, T* d, T* e, T* tauq, T* taup, T* work, const int* lwork,
                 int* info) {
  if (!pool || *lwork == -1 || std::min(*m, *n) < kBidiagonal) return real(m, n, a, lda, d, e, tauq, taup, work, lwork, info);
  *info = 0;
  if (*m >= *n) return bidiagonalize(*pool, *m, *n, a, *lda, d, e, tauq, taup);
  std::vector<T> turned(size_t(*m) * size_t(*n));
  transpose(a, *lda, *n, *m, turned.data(), *n);
  bidiagonalize(*pool, *n, *m, turned.data(), *n, d, e, taup, tauq);
  transpose(turned.data(), *n, *m, *n, a, *lda);
}

// LAPACK's ormqr; ormlq (in_rows), whose Q is the transpose of the reflectors in their order.
template <class T, class Real>
void share_reflectors(Real real, bool in_rows, const char* side, const char* trans, const int* m, const int* n, const int* k, T* a,
                      const int* lda, const T* tau, T* c, const int* ldc, T* work, const int* lwork, int* info) {
  const bool left = *side == 'L' || *side == 'l';
  if (!pool || *lwork == -1 || *k < kReflectors) return real(side, trans, m, n, k, a, lda, tau, c, ldc, work, lwork, info, 1, 1);
  *info = 0;
  multiply_reflectors<T>(*pool, {a, *lda, tau, *k, in_rows}, left, plain(trans) == in_rows, *m, *n, c, *ldc);
}

}  // namespace

BlasThreads::BlasThreads(ThreadPool* threads) : before_(pool) { pool = threads; }
BlasThreads::~BlasThreads() { pool = before_; }
ThreadPool* BlasThreads::current() { return pool; }

extern "C" {  // the names that --wrap makes
// Bidiagonalization and the products with reflectors behind it in blocks of 64, the most that they have room for, not 32: products twice as
// deep.
int __real_ilaenv_(const int* what, const char* name, const char* options, const int* n1, const int* n2, const int* n3, const int* n4,
                   size_t name_length, size_t options_length);
int __wrap_ilaenv_(const int* what, const char* name, const char* options, const int* n1, const int* n2, const int* n3, const int* n4,
                   size_t name_length, size_t options_length) {
  const int size = __real_ilaenv_(what, name, options, n1, n2, n3, n4, name_length, options_length);
  const std::string_view routine = std::string_view(name, name_length).substr(1);  // without the letter of its type
  return *what == 1 && (routine.starts_with("ORM") || routine.starts_with("GEBRD")) ? std::max(size, 64) : size;
}
#define MLXC_WRAP_REFLECTORS(p, T, name, in_rows)                                                                                      \
  void __real_##p##name##_(const char*, const char*, const int*, const int*, const int*, T*, const int*, const T*, T*, const int*, T*, \
                           const int*, int*, size_t, size_t);                                                                          \
  void __wrap_##p##name##_(const char* side, const char* trans, const int* m, const int* n, const int* k, T* a, const int* lda,        \
                           const T* tau, T* c, const int* ldc, T* work, const int* lwork, int* info, size_t, size_t) {                 \
    share_reflectors(__real_##p##name##_, in_rows, side, trans, m, n, k, a, lda, tau, c, ldc, work, lwork, info);                      \
  }
#define MLXC_WRAP(p, T)                                                                                                              \
  void __real_##p##gemm_(const char*, const char*, const int*, const int*, const int*, const T*, const T*, const int*, const T*,     \
                         const int*, const T*, T*, const int*, size_t, size_t);                                                      \
  void __real_##p##gemv_(const char*, const int*, const int*, const T*, const T*, const int*, const T*, const int*, const T*, T*,    \
                         const int*, size_t);                                                                                        \
  void __real_##p##gebrd_(const int*, const int*, T*, const int*, T*, T*, T*, T*, T*, const int*, int*);                             \
  void __wrap_##p##gebrd_(const int* m, const int* n, T* a, const int* lda, T* d, T* e, T* tauq, T* taup, T* work, const int* lwork, \
                          int* info) {                                                                                               \
    share_gebrd(__real_##p##gebrd_, m, n, a, lda, d, e, tauq, taup, work, lwork, info);                                              \
  }                                                                                                                                  \
  MLXC_WRAP_REFLECTORS(p, T, ormqr, false)                                                                                           \
  MLXC_WRAP_REFLECTORS(p, T, ormlq, true)                                                                                            \
  void __wrap_##p##gemm_(const char* ta, const char* tb, const int* m, const int* n, const int* k, const T* alpha, const T* a,       \
                         const int* lda, const T* b, const int* ldb, const T* beta, T* c, const int* ldc, size_t, size_t) {          \
    share_gemm(__real_##p##gemm_, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);                                             \
  }                                                                                                                                  \
  void __wrap_##p##gemv_(const char* ta, const int* m, const int* n, const T* alpha, const T* a, const int* lda, const T* x,         \
                         const int* incx, const T* beta, T* y, const int* incy, size_t) {                                            \
    share_gemv(__real_##p##gemv_, ta, m, n, alpha, a, lda, x, incx, beta, y, incy);                                                  \
  }
MLXC_WRAP(s, float)
MLXC_WRAP(d, double)
#undef MLXC_WRAP
#undef MLXC_WRAP_REFLECTORS
}

}  // namespace mlxc::cpu
