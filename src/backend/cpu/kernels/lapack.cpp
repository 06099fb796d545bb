// A row-major matrix is the transpose of a column-major one: where LAPACK can work on the transpose it does, else it gets a transposed
// copy.
#include "backend/cpu/kernels/lapack.h"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "backend/cpu/kernels/blas_threads.h"
#include "backend/cpu/kernels/cholesky.h"
#include "backend/cpu/kernels/transpose.h"
#include "base/error.h"

// Fortran's calling convention: everything by address, lengths of texts at the end.
extern "C" {
#define MLXC_LAPACK(T, p)                                                                                                                \
  void p##potrf_(const char*, const int*, T*, const int*, int*, size_t);                                                                 \
  void p##geqrt_(const int*, const int*, const int*, T*, const int*, T*, const int*, T*, int*);                                          \
  void p##larfb_(const char*, const char*, const char*, const char*, const int*, const int*, const int*, const T*, const int*, const T*, \
                 const int*, T*, const int*, T*, const int*, size_t, size_t, size_t, size_t);                                            \
  void p##gesdd_(const char*, const int*, const int*, T*, const int*, T*, T*, const int*, T*, const int*, T*, const int*, int*, int*,    \
                 size_t);                                                                                                                \
  void p##syevd_(const char*, const char*, const int*, T*, const int*, T*, T*, const int*, int*, const int*, int*, size_t, size_t);      \
  void p##getrf_(const int*, const int*, T*, const int*, int*, int*);                                                                    \
  void p##trsm_(const char*, const char*, const char*, const char*, const int*, const int*, const T*, const T*, const int*, T*,          \
                const int*, size_t, size_t, size_t, size_t);                                                                             \
  void p##gemm_(const char*, const char*, const int*, const int*, const int*, const T*, const T*, const int*, const T*, const int*,      \
                const T*, T*, const int*, size_t, size_t);                                                                               \
  void p##getrs_(const char*, const int*, const int*, const T*, const int*, const int*, T*, const int*, int*, size_t);
MLXC_LAPACK(float, s)
MLXC_LAPACK(double, d)
#undef MLXC_LAPACK

// LAPACK's own handler of bad arguments prints, and ends the process in some builds. This one takes its place.
void xerbla_(const char*, const int*, size_t) {}

// The one function of Fortran's run-time that LAPACK needs (it joins option letters): with it here, the library needs no libgfortran.
void _gfortran_concat_string(size_t bytes, char* to, size_t first_bytes, const char* first, size_t second_bytes, const char* second) {
  const size_t head = std::min(bytes, first_bytes), tail = std::min(bytes - head, second_bytes);
  std::memcpy(to, first, head);
  std::memcpy(to + head, second, tail);
  std::memset(to + head + tail, ' ', bytes - head - tail);
}
}

namespace mlxc::cpu::lapack {
namespace {

#define MLXC_CALL(name, ...)              \
  if constexpr (std::is_same_v<T, float>) \
    s##name##_(__VA_ARGS__);              \
  else                                    \
    d##name##_(__VA_ARGS__)

// Without a branch per element, so that it runs in vectors.
template <class T>
bool all_finite(const T* x, int64_t count) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  constexpr Bits kExponent = sizeof(T) == 4 ? Bits(0x7f800000) : Bits(0x7ff0000000000000);
  Bits infinite = 0;
  for (int64_t i = 0; i < count; ++i) {
    Bits bits;
    std::memcpy(&bits, x + i, sizeof(bits));
    infinite |= Bits((bits & kExponent) == kExponent);
  }
  return !infinite;
}

template <class T>
void fill_nan(T* out, int64_t count) {
  if (out) std::fill_n(out, count, std::numeric_limits<T>::quiet_NaN());
}

template <class T>
std::vector<T> transposed(const T* x, int64_t m, int64_t n) {
  std::vector<T> out(static_cast<size_t>(m * n));
  transpose(x, n, m, n, out.data(), m);
  return out;
}

int leading(int n) { return std::max(n, 1); }

// A workspace of the size that a query returned. float32 rounds large sizes, so a little more.
template <class T>
int workspace_size(T query) {
  return int(std::min(double(query) * 1.0000002 + 1, 2147483647.0));
}

void converged(int info, const char* what) {
  if (info != 0) fail(Status::internal, what, " did not converge (LAPACK's code ", info, ")");
}

}  // namespace

namespace {

// potrf of the upper triangle, seen column by column, with the work behind each block of rows shared out over the threads.
template <class T>
int cholesky_in_blocks(ThreadPool& pool, int n, T* a) {
  constexpr int kBlock = 192, kPart = 128;
  const T one = 1, minus_one = -1;
  const BlasThreads alone(nullptr);  // the parts below are parts enough
  for (int first = 0; first < n; first += kBlock) {
    const int rows = std::min(kBlock, n - first), next = first + rows, rest = n - next;
    auto at = [&](int row, int column) { return a + int64_t(column) * n + row; };
    int info = 0;
    MLXC_CALL(potrf, "U", &rows, at(first, first), &n, &info, 1);
    if (info) return first + info;
    auto over_parts = [&](auto&& body) {
      pool.parallel_for((rest + kPart - 1) / kPart, 1, [&](int64_t begin, int64_t end, int) {
        for (int64_t part = begin; part < end; ++part) {
          const int column = next + int(part) * kPart;
          body(column, std::min(kPart, n - column));
        }
      });
    };
    over_parts([&](int column, int columns) {
      MLXC_CALL(trsm, "L", "U", "T", "N", &rows, &columns, &one, at(first, first), &n, at(first, column), &n, 1, 1, 1, 1);
    });
    over_parts([&](int column, int columns) {
      const int above = column + columns - next;
      MLXC_CALL(gemm, "T", "N", &above, &columns, &rows, &minus_one, at(first, next), &n, at(first, column), &n, &one, at(next, column), &n,
                1, 1);
    });
  }
  return 0;
}

}  // namespace

template <class T>
void cholesky(const T* x, int n, bool upper, T* out) {
  // One triangle is read, as in NumPy.
  bool finite = true;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t first = upper ? i : 0, count = upper ? n - i : i + 1;
    finite = finite && all_finite(x + i * n + first, count);
    std::copy_n(x + i * n + first, count, out + i * n + first);
  }
  if (!finite) return fill_nan(out, int64_t(n) * n);
  int info = 0;
  ThreadPool* threads = BlasThreads::current();
  if (upper || !threads)
    MLXC_CALL(potrf, upper ? "L" : "U", &n, out, &n, &info, 1);  // the other triangle, seen column by column
  else if constexpr (std::is_same_v<T, float>)
    info = cholesky_lower(*threads, n, out);
  else
    info = cholesky_in_blocks(*threads, n, out);
  if (info > 0) fail(Status::invalid_argument, "cholesky: the matrix is not positive definite (the minor of order ", info, " is not)");
  for (int64_t i = 0; i < n; ++i) {
    if (upper)
      std::fill_n(out + i * n, i, T(0));
    else
      std::fill_n(out + i * n + i + 1, n - i - 1, T(0));
  }
}

template <class T>
void qr(const T* x, int m, int n, bool complete, T* q, T* r) {
  const int k = std::min(m, n), columns = complete ? m : k;
  if (!all_finite(x, int64_t(m) * n)) {
    fill_nan(q, int64_t(m) * columns);
    return fill_nan(r, int64_t(columns) * n);
  }
  std::vector<T> a = transposed(x, m, n);
  // Reflectors in blocks as large as products like them, each with its triangular factor; geqrf and orgqr take 32 at a time.
  const int block = std::min(k, 128), lead = leading(m);
  std::vector<T> factors(size_t(block) * size_t(k)), work(size_t(block) * size_t(std::max(n, columns)));
  int info = 0;
  MLXC_CALL(geqrt, &m, &n, &block, a.data(), &lead, factors.data(), &block, work.data(), &info);
  transpose(a.data(), m, n, k, r, n);
  for (int64_t i = 0; i < columns; ++i) std::fill_n(r + i * n, i < k ? i : n, T(0));
  // Q by rows is its transpose by columns: the identity times the blocks, the last one first. Before block j the first j rows and columns
  // stay ones.
  std::fill_n(q, int64_t(m) * columns, T(0));
  for (int64_t i = 0; i < columns; ++i) q[i * columns + i] = 1;
  for (int first = (k - 1) / block * block; first >= 0; first -= block) {
    const int64_t at = first;
    const int width = std::min(block, k - first), rows = columns - first, length = m - first;
    MLXC_CALL(larfb, "R", "T", "F", "C", &rows, &length, &width, a.data() + at * m + at, &lead, factors.data() + at * block, &block,
              q + at * columns + at, &columns, work.data(), &rows, 1, 1, 1, 1);
  }
}

template <class T>
void svd(const T* x, int m, int n, bool vectors, bool full, T* u, T* s, T* vh) {
  const int k = std::min(m, n), rows_u = full ? m : k, rows_v = full ? n : k;
  if (!all_finite(x, int64_t(m) * n)) {
    fill_nan(s, k);
    if (vectors) {
      fill_nan(u, int64_t(m) * rows_u);
      fill_nan(vh, int64_t(n) * rows_v);
    }
    return;
  }
  // Of the transpose: x^T = V S U^T. V by columns is V^T by rows, and U^T by columns is U by rows.
  std::vector<T> a(x, x + int64_t(m) * n);
  std::vector<int> integers(size_t(8 * std::max(k, 1)));
  const char* job = !vectors ? "N" : full ? "A" : "S";
  const int lead = leading(n), lead_v = leading(n), lead_u = leading(rows_u);
  T query = 0;
  int work_size = -1, info = 0;
  MLXC_CALL(gesdd, job, &n, &m, a.data(), &lead, s, vh, &lead_v, u, &lead_u, &query, &work_size, integers.data(), &info, 1);
  work_size = workspace_size(query);
  std::vector<T> work(static_cast<size_t>(work_size));
  MLXC_CALL(gesdd, job, &n, &m, a.data(), &lead, s, vh, &lead_v, u, &lead_u, work.data(), &work_size, integers.data(), &info, 1);
  converged(info, "the singular value decomposition");
}

template <class T>
void eigh(const T* x, int n, bool vectors, T* values, T* columns) {
  const int64_t count = int64_t(n) * n;
  if (!all_finite(x, count)) {
    fill_nan(values, n);
    return fill_nan(columns, count);
  }
  std::vector<T> a = transposed(x, n, n);  // its lower triangle by columns: what multiplies reflectors of the upper one is LAPACK's alone
  const char* job = vectors ? "V" : "N";
  T query = 0;
  int integer_query = 0, work_size = -1, integer_size = -1, info = 0;
  MLXC_CALL(syevd, job, "L", &n, a.data(), &n, values, &query, &work_size, &integer_query, &integer_size, &info, 1, 1);
  work_size = workspace_size(query);
  std::vector<T> work(static_cast<size_t>(work_size));
  integer_size = integer_query;
  std::vector<int> integers(static_cast<size_t>(integer_size));
  MLXC_CALL(syevd, job, "L", &n, a.data(), &n, values, work.data(), &work_size, integers.data(), &integer_size, &info, 1, 1);
  converged(info, "the eigenvalue decomposition");
  if (vectors) transpose(a.data(), n, n, n, columns, n);
}

template <class T>
void lu(const T* x, int n, T* out, int32_t* pivots) {
  const int64_t count = int64_t(n) * n;
  if (!all_finite(x, count)) {
    for (int i = 0; i < n; ++i) pivots[i] = i;
    return fill_nan(out, count);
  }
  std::vector<T> a = transposed(x, n, n);
  int info = 0;
  MLXC_CALL(getrf, &n, &n, a.data(), &n, pivots, &info);  // a zero on the diagonal is no error here
  for (int i = 0; i < n; ++i) --pivots[i];
  transpose(a.data(), n, n, n, out, n);
}

template <class T>
void solve(const T* a, const T* b, int n, int m, T* x) {
  if (!all_finite(a, int64_t(n) * n) || !all_finite(b, int64_t(n) * m)) return fill_nan(x, int64_t(n) * m);
  std::vector<T> factors(a, a + int64_t(n) * n), right = transposed(b, n, m);
  std::vector<int> pivots(static_cast<size_t>(n));
  int info = 0;
  MLXC_CALL(getrf, &n, &n, factors.data(), &n, pivots.data(), &info);  // of the transpose
  if (info > 0) fail(Status::invalid_argument, "solve: the matrix is singular (pivot ", info, " of ", n, " is zero)");
  MLXC_CALL(getrs, "T", &n, &m, factors.data(), &n, pivots.data(), right.data(), &n, &info, 1);
  transpose(right.data(), n, m, n, x, m);
}

template <class T>
void triangular_solve(const T* a, const T* b, int n, int m, bool upper, bool unit, bool transposed, T* x) {
  if (!unit)
    for (int64_t i = 0; i < n; ++i)
      if (a[i * n + i] == 0)
        fail(Status::invalid_argument, "triangular_solve: the matrix is singular (element ", i, " of its diagonal is zero)");
  std::copy_n(b, int64_t(n) * m, x);
  const auto part = upper ? CblasUpper : CblasLower;
  const auto turn = transposed ? CblasTrans : CblasNoTrans;
  const auto ones = unit ? CblasUnit : CblasNonUnit;
  if constexpr (std::is_same_v<T, float>)
    cblas_strsm(CblasRowMajor, CblasLeft, part, turn, ones, n, m, 1, a, n, x, m);
  else
    cblas_dtrsm(CblasRowMajor, CblasLeft, part, turn, ones, n, m, 1, a, n, x, m);
}

#define MLXC_INSTANCES(T)                                        \
  template void cholesky(const T*, int, bool, T*);               \
  template void qr(const T*, int, int, bool, T*, T*);            \
  template void svd(const T*, int, int, bool, bool, T*, T*, T*); \
  template void eigh(const T*, int, bool, T*, T*);               \
  template void lu(const T*, int, T*, int32_t*);                 \
  template void solve(const T*, const T*, int, int, T*);         \
  template void triangular_solve(const T*, const T*, int, int, bool, bool, bool, T*);
MLXC_INSTANCES(float)
MLXC_INSTANCES(double)

}  // namespace mlxc::cpu::lapack
