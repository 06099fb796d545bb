// LAPACK's labrd reads the matrix behind a block of reflectors twice a column: for y = A^T v, and for x = A u, whose u comes from y. But u
// is a row z less its first element, divided by a number that is known when all of z is; and z_j needs only y_j. So columns that are in a
// core's cache for their y_j are multiplied by their z_j at once, and the division comes last (after Howell, Demmel, Fulton, Hammarling,
// Marmol: "Cache efficient bidiagonalization using BLAS 2.5 operators", 2008). The same holds for what v and u are multiplied by in
// the block, so a column takes two joins of the threads: over parts of rows, then over parts of columns.
#include "backend/cpu/kernels/bidiagonal.h"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

extern "C" {
#define MLXC_LAPACK(T, p)                                                                                                           \
  void p##gebd2_(const int*, const int*, T*, const int*, T*, T*, T*, T*, T*, int*);                                                 \
  void p##gemm_(const char*, const char*, const int*, const int*, const int*, const T*, const T*, const int*, const T*, const int*, \
                const T*, T*, const int*, size_t, size_t);
MLXC_LAPACK(float, s)
MLXC_LAPACK(double, d)
#undef MLXC_LAPACK
}

namespace mlxc::cpu {
namespace {

constexpr int64_t kBlock = 32;        // columns and rows whose reflectors reach the rest of the matrix together
constexpr int64_t kRest = 64;         // columns left to LAPACK
constexpr int64_t kPartRows = 256;    // of a task
constexpr int64_t kPartColumns = 64;  // a multiple of it makes at most kMostParts
constexpr int64_t kMostParts = 32;
constexpr int64_t kCached = 256 << 10;  // bytes of columns that stay in a core's cache between two products

#define MLXC_CALL(name, ...)              \
  if constexpr (std::is_same_v<T, float>) \
    s##name(__VA_ARGS__);                 \
  else                                    \
    d##name(__VA_ARGS__)
#define MLXC_CBLAS(name, ...)             \
  if constexpr (std::is_same_v<T, float>) \
    cblas_s##name(__VA_ARGS__);           \
  else                                    \
    cblas_d##name(__VA_ARGS__)

// y = alpha a x + beta y, or with a^T, on this thread. a is column-major [m, n].
template <class T>
void product(bool transposed, int64_t m, int64_t n, T alpha, const T* a, int64_t lda, const T* x, T beta, T* y) {
  if (m > 0 && n > 0) {
    MLXC_CBLAS(gemv, CblasColMajor, transposed ? CblasTrans : CblasNoTrans, int(m), int(n), alpha, a, int(lda), x, 1, beta, y, 1);
  } else if (beta == 0) {
    std::fill_n(y, transposed ? n : m, T(0));
  }
}

// H = 1 - tau w w^T with w = (1, scale * tail) makes (head, tail) to (beta, 0).
template <class T>
struct Reflector {
  T beta, tau, scale;
  Reflector(T head, T tail_square) : beta(head), tau(0), scale(0) {
    if (!(tail_square > std::numeric_limits<T>::min())) return;  // as good as zero
    beta = -std::copysign(std::hypot(head, std::sqrt(tail_square)), head);
    tau = (beta - head) / beta;
    scale = 1 / (head - beta);
  }
};

template <class T>
class Bidiagonal {
 public:
  Bidiagonal(ThreadPool& pool, int64_t m, int64_t n, T* a, int64_t lda) : pool_(pool), m_(m), n_(n), lda_(lda), a_(a) {
    width_ = (n + kMostParts * kPartColumns - 1) / (kMostParts * kPartColumns) * kPartColumns;
    const auto parts = size_t(std::max((m + kPartRows - 1) / kPartRows, (n + width_ - 1) / width_));
    left_.resize(size_t(m * 2 * kBlock));
    right_.resize(size_t(n * 2 * kBlock));
    sums_.resize(parts * size_t(2 * kBlock));
    products_.resize(size_t((n + width_ - 1) / width_ * m));
  }

  void run(T* d, T* e, T* tauq, T* taup) {
    int64_t first = 0;
    for (; n_ - first > kRest; first += kBlock) {
      for (int64_t i = 0; i < kBlock; ++i) {
        const int64_t at = first + i, done = 2 * i;
        rows(at, done, false);
        const Reflector<T> down(left(at, done), total(done, done));
        scale(left_column(done) + at, m_ - at, down.scale);
        for (int64_t k = 0; k < done; ++k) weights_[k] = left(at, k) + down.scale * total_[k];
        d[at] = down.beta, tauq[at] = tau_ = down.tau;
        columns(at, done);
        const Reflector<T> across(right(at + 1, done + 1), total(done + 1, done + 1));
        scale(right_column(done + 1) + at + 1, n_ - at - 1, across.scale);
        for (int64_t k = 0; k <= done; ++k) weights_[k] = right(at + 1, k) + across.scale * total_[k];
        e[at] = across.beta, taup[at] = tau_ = across.tau;
        scale_ = across.scale;
      }
      const int64_t next = first + kBlock;
      rows(next, 2 * kBlock, true);
      store(first, d, e);
      const int rest_rows = int(m_ - next), rest_columns = int(n_ - next), depth = 2 * kBlock, lda = int(lda_), m = int(m_), n = int(n_);
      const T one = 1, minus_one = -1;
      MLXC_CALL(gemm_, "N", "T", &rest_rows, &rest_columns, &depth, &minus_one, left_column(0) + next, &m, right_column(0) + next, &n, &one,
                &at(next, next), &lda, 1, 1);
    }
    const int rest_rows = int(m_ - first), rest_columns = int(n_ - first), lda = int(lda_);
    int info = 0;
    MLXC_CALL(gebd2_, &rest_rows, &rest_columns, &at(first, first), &lda, d + first, e + first, tauq + first, taup + first,
              products_.data(), &info);
  }

 private:
  // What reflectors have done to the matrix is a - left right^T: columns v0, x0, v1, x1 ... of left beside y0, u0, y1, u1 ... of right.
  T* left_column(int64_t k) { return left_.data() + k * m_; }
  T* right_column(int64_t k) { return right_.data() + k * n_; }
  T& left(int64_t row, int64_t k) { return left_[size_t(k * m_ + row)]; }
  T& right(int64_t column, int64_t k) { return right_[size_t(k * n_ + column)]; }
  T& at(int64_t row, int64_t column) { return a_[column * lda_ + row]; }

  // Calls body(part, first, count) for parts of [begin, end).
  template <class Body>
  int64_t over_parts(int64_t begin, int64_t end, int64_t size, const Body& body) {
    const int64_t parts = (end - begin + size - 1) / size;
    pool_.parallel_for(parts, 1, [&](int64_t from, int64_t to, int) {
      for (int64_t part = from; part < to; ++part) body(part, begin + part * size, std::min(size, end - begin - part * size));
    });
    return parts;
  }

  // The row part of column `at`: x of the column before, and (unless it is for x alone) the column as the reflectors so far leave it, its
  // products with all columns of left and with itself, both without row `at`.
  void rows(int64_t at, int64_t done, bool last) {
    for (int64_t k = 0; k < done && !last; ++k) row_[k] = right(at, k);
    const int64_t products = products_parts_;
    parts_ = over_parts(at, m_, kPartRows, [&](int64_t part, int64_t first, int64_t count) {
      const T* column = &this->at(first, at);
      if (done > 0) {
        T* x = left_column(done - 1) + first;
        std::copy_n(products_.data() + first, count, x);
        for (int64_t p = 1; p < products; ++p) {
          const T* more = products_.data() + p * m_ + first;
          for (int64_t r = 0; r < count; ++r) x[r] += more[r];
        }
        for (int64_t r = 0; r < count; ++r) x[r] = tau_ * (column[r] + scale_ * x[r]);
        product<T>(false, count, done - 1, -tau_, left_column(0) + first, m_, weights_, 1, x);
      }
      if (last) return;
      T* v = left_column(done) + first;
      std::copy_n(column, count, v);
      product<T>(false, count, done, -1, left_column(0) + first, m_, row_, 1, v);
      const int64_t skip = part == 0;
      product<T>(true, count - skip, done + 1, 1, left_column(0) + first + skip, m_, v + skip, 0, sums_.data() + part * 2 * kBlock);
    });
  }

  // The column part: y, the row `at` as reflectors so far leave it (z), and what z without its first element is multiplied by: the columns
  // below row `at`, all columns of right, and itself.
  void columns(int64_t at, int64_t done) {
    for (int64_t k = 0; k <= done; ++k) row_[k] = left(at, k);
    const int64_t height = m_ - at, together = std::max<int64_t>(4, kCached / int64_t(sizeof(T)) / height / 4 * 4);
    const T* v = left_column(done) + at;
    products_parts_ = parts_ = over_parts(at + 1, n_, width_, [&](int64_t part, int64_t begin, int64_t size) {
      T* sums = products_.data() + part * m_ + at + 1;
      T* y = right_column(done);
      T* z = right_column(done + 1);
      bool add = false;
      for (int64_t first = begin; first < begin + size; first += together) {
        const int64_t count = std::min(together, begin + size - first);
        product<T>(true, height, count, tau_, &this->at(at, first), lda_, v, 0, y + first);
        product<T>(false, count, done, -tau_, right_column(0) + first, n_, weights_, 1, y + first);
        for (int64_t j = first; j < first + count; ++j) z[j] = this->at(at, j);
        product<T>(false, count, done + 1, -1, right_column(0) + first, n_, row_, 1, z + first);
        const int64_t skip = first == at + 1;
        product<T>(false, height - 1, count - skip, 1, &this->at(at + 1, first + skip), lda_, z + first + skip, add ? 1 : 0, sums);
        add = true;
      }
      const int64_t skip = part == 0;
      product<T>(true, size - skip, done + 2, 1, right_column(0) + begin + skip, n_, z + begin + skip, 0, sums_.data() + part * 2 * kBlock);
    });
  }

  // Adds up the parts' sums [0, last]; returns the one at `wanted`.
  T total(int64_t last, int64_t wanted) {
    std::copy_n(sums_.data(), last + 1, total_);
    for (int64_t part = 1; part < parts_; ++part)
      for (int64_t k = 0; k <= last; ++k) total_[k] += sums_[size_t(part * 2 * kBlock + k)];
    return total_[wanted];
  }

  static void scale(T* w, int64_t count, T factor) {
    w[0] = 1;
    MLXC_CBLAS(scal, int(count - 1), factor, w + 1, 1);
  }

  void store(int64_t first, T* d, T* e) {
    over_parts(first, n_, width_, [&](int64_t, int64_t begin, int64_t count) {
      for (int64_t column = begin; column < begin + count; ++column) {
        const int64_t done = std::min(column - first, kBlock);
        for (int64_t k = 0; k < done; ++k) at(first + k, column) = column == first + k + 1 ? e[first + k] : right(column, 2 * k + 1);
        if (done == kBlock) continue;
        at(column, column) = d[column];
        std::copy_n(left_column(2 * done) + column + 1, m_ - column - 1, &at(column, column) + 1);
      }
    });
  }

  ThreadPool& pool_;
  const int64_t m_, n_, lda_;
  T* const a_;
  int64_t width_, parts_ = 0, products_parts_ = 0;
  T tau_ = 0, scale_ = 0;
  T weights_[2 * kBlock + 2], row_[2 * kBlock + 2], total_[2 * kBlock + 2];
  std::vector<T> left_, right_;  // [2 kBlock][m], [2 kBlock][n]
  std::vector<T> sums_;          // a part's products with columns of left or right: [part][2 kBlock]
  std::vector<T> products_;      // a part's columns times z: [part][m]
};

}  // namespace

template <class T>
void bidiagonalize(ThreadPool& pool, int m, int n, T* a, int lda, T* d, T* e, T* tauq, T* taup) {
  Bidiagonal<T>(pool, m, n, a, lda).run(d, e, tauq, taup);
}
template void bidiagonalize(ThreadPool&, int, int, float*, int, float*, float*, float*, float*);
template void bidiagonalize(ThreadPool&, int, int, double*, int, double*, double*, double*, double*);

}  // namespace mlxc::cpu
