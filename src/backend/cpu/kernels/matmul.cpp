// The general matrix product: gemm.h for float32, OpenBLAS on tiles from our pool for thin products and float64, plain loops for small
// products and integers.
#include <cblas.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/kernels/scratch.h"
#include "base/error.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kSmallWork = 1 << 12;              // multiply-adds below which calling OpenBLAS costs more than the product
constexpr int64_t kThinRows = 8, kThinColumns = 16;  // up to here tiles of gemm.h would be mostly empty
constexpr int64_t kTile = 512;                       // rows and columns of a tile: large enough for OpenBLAS's own blocking

template <class T>
struct View {
  const T* data;
  int64_t row, column;
  View at(int64_t r, int64_t c) const { return {data + r * row + c * column, row, column}; }
};

// c = a b in the plain order, lanes along the columns of b.
template <class T, class Sum>
void multiply_plain(int64_t m, int64_t n, int64_t k, View<T> a, View<T> b, T* c, int64_t c_row) {
  constexpr int64_t kColumns = 64;
  Sum sums[kColumns];
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j0 = 0; j0 < n; j0 += kColumns) {
      const int64_t count = std::min(kColumns, n - j0);
      std::fill_n(sums, count, Sum(0));
      for (int64_t l = 0; l < k; ++l) {
        const Sum value = Sum(a.data[i * a.row + l * a.column]);
        const T* row = b.data + l * b.row + j0 * b.column;
        if (b.column == 1) {
          for (int64_t j = 0; j < count; ++j) sums[j] += value * Sum(row[j]);
        } else {
          for (int64_t j = 0; j < count; ++j) sums[j] += value * Sum(row[j * b.column]);
        }
      }
      for (int64_t j = 0; j < count; ++j) c[i * c_row + j0 + j] = T(sums[j]);
    }
  }
}

void multiply_boolean(int64_t m, int64_t n, int64_t k, View<uint8_t> a, View<uint8_t> b, uint8_t* c, int64_t c_row) {
  for (int64_t i = 0; i < m; ++i) {
    std::fill_n(c + i * c_row, n, uint8_t(0));
    for (int64_t l = 0; l < k; ++l) {
      if (!a.data[i * a.row + l * a.column]) continue;
      for (int64_t j = 0; j < n; ++j) c[i * c_row + j] |= uint8_t(b.data[l * b.row + j * b.column] != 0);
    }
  }
}

void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, const float* a, int lda, const float* b, int ldb, float* c,
          int ldc) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
}
void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, const double* a, int lda, const double* b, int ldb, double* c,
          int ldc) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
}

// OpenBLAS wants one unit stride and a leading dimension of at least the other extent; anything else (broadcast, negative, both strided) is
// copied row by row first.
template <class T>
struct Operand {
  const T* data;
  int leading;
  CBLAS_TRANSPOSE transpose;
};
template <class T>
bool as_operand(View<T> v, int64_t rows, int64_t columns, Operand<T>& out) {
  const bool fits = std::abs(v.row) <= INT_MAX && std::abs(v.column) <= INT_MAX;
  if (fits && (v.column == 1 || columns == 1) && (v.row >= columns || rows == 1)) {
    out = {v.data, int(rows == 1 ? std::max<int64_t>(columns, 1) : v.row), CblasNoTrans};
    return true;
  }
  if (fits && (v.row == 1 || rows == 1) && (v.column >= rows || columns == 1)) {
    out = {v.data, int(columns == 1 ? std::max<int64_t>(rows, 1) : v.column), CblasTrans};
    return true;
  }
  return false;
}
template <class T>
Operand<T> pack(View<T> v, int64_t rows, int64_t columns, ScratchUse use) {
  Operand<T> out;
  if (as_operand(v, rows, columns, out)) return out;
  T* to = scratch<T>(use, rows * columns);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) to[r * columns + c] = v.data[r * v.row + c * v.column];
  }
  return {to, int(columns), CblasNoTrans};
}

template <class T>
void multiply_blas(int64_t m, int64_t n, int64_t k, View<T> a, View<T> b, T* c, int64_t c_row) {
  if (k > INT_MAX || c_row > INT_MAX)
    fail(Status::unsupported, "a matrix product of inner size ", k, " and row stride ", c_row, " exceeds 2^31 - 1");
  const Operand<T> left = pack(a, m, k, ScratchUse::packed), right = pack(b, k, n, ScratchUse::tile);
  gemm(left.transpose, right.transpose, int(m), int(n), int(k), left.data, left.leading, right.data, right.leading, c,
       int(std::max(c_row, n)));
}

template <class T, class Multiply>
void run(ThreadPool& pool, const MatmulArgs& args, int64_t tile, Multiply&& multiply) {
  if (args.m <= 0 || args.n <= 0 || args.batch <= 0) return;
  // Enough tiles for all threads, none smaller than OpenBLAS likes.
  int64_t rows = std::min(args.m, tile), columns = std::min(args.n, tile);
  auto count = [&] { return args.batch * ((args.m + rows - 1) / rows) * ((args.n + columns - 1) / columns); };
  while (count() < 2 * pool.size() && std::max(rows, columns) > 64 && rows * columns * std::max<int64_t>(args.k, 1) > (1 << 18)) {
    (rows >= columns ? rows : columns) = ((rows >= columns ? rows : columns) / 2 + 15) / 16 * 16;
  }
  const int64_t row_tiles = (args.m + rows - 1) / rows, column_tiles = (args.n + columns - 1) / columns;
  const int64_t tile_work = rows * columns * std::max<int64_t>(args.k, 1);
  pool.parallel_for(count(), std::max<int64_t>(1, (1 << 15) / tile_work), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t item = i / (row_tiles * column_tiles), row = i / column_tiles % row_tiles * rows, column = i % column_tiles * columns;
      const T* a = static_cast<const T*>(args.a) + (args.a_offsets ? args.a_offsets[item] : 0);
      const T* b = static_cast<const T*>(args.b) + (args.b_offsets ? args.b_offsets[item] : 0);
      T* c = static_cast<T*>(args.c) + (args.c_offsets ? args.c_offsets[item] : 0) + row * args.c_row + column;
      const int64_t m = std::min(rows, args.m - row), n = std::min(columns, args.n - column);
      if (args.k <= 0) {
        for (int64_t r = 0; r < m; ++r) std::fill_n(c + r * args.c_row, n, T(0));
        continue;
      }
      multiply(m, n, args.k, View<T>{a + row * args.a_row, args.a_row, args.a_col},
               View<T>{b + column * args.b_col, args.b_row, args.b_col}, c, args.c_row);
    }
  });
}

template <class T>
void run_float(ThreadPool& pool, const MatmulArgs& args) {
  run<T>(pool, args, kTile, [](int64_t m, int64_t n, int64_t k, View<T> a, View<T> b, T* c, int64_t c_row) {
    if (m * n * k <= kSmallWork) {
      multiply_plain<T, T>(m, n, k, a, b, c, c_row);
    } else {
      multiply_blas<T>(m, n, k, a, b, c, c_row);
    }
  });
}

void run_f32(ThreadPool& pool, const MatmulArgs& args, const Isa& isa) {
  if (args.m > kThinRows && args.n > kThinColumns && args.k > 0 && args.batch > 0 && args.m * args.n * args.k > kSmallWork)
    return gemm(pool, args, isa);
  run_float<float>(pool, args);
  for (int64_t i = 0; i < args.batch; ++i)
    finish_rows(args, static_cast<float*>(args.c) + (args.c_offsets ? args.c_offsets[i] : 0), 0, args.m, 0, args.n, isa);
}

template <class T>
void run_integer(ThreadPool& pool, const MatmulArgs& args) {
  run<T>(pool, args, 64, multiply_plain<T, uint64_t>);  // unsigned: wraps around
}

}  // namespace

void matmul(ThreadPool& pool, const MatmulArgs& args, const Isa& isa) {
  switch (args.dtype) {
    case DType::boolean: return run<uint8_t>(pool, args, 64, multiply_boolean);
    case DType::u8: return run_integer<uint8_t>(pool, args);
    case DType::i8: return run_integer<int8_t>(pool, args);
    case DType::u16: return run_integer<uint16_t>(pool, args);
    case DType::i16: return run_integer<int16_t>(pool, args);
    case DType::u32: return run_integer<uint32_t>(pool, args);
    case DType::i32: return run_integer<int32_t>(pool, args);
    case DType::u64: return run_integer<uint64_t>(pool, args);
    case DType::i64: return run_integer<int64_t>(pool, args);
    case DType::f32: return run_f32(pool, args, isa);
    case DType::bf16:
      if (!brain_gemm_kernel(isa)) break;
      if (args.m > 0 && args.n > 0 && args.batch > 0) gemm(pool, args, isa);
      return;
    case DType::f64: return run_float<double>(pool, args);
    default: break;
  }
  fail(Status::unsupported, "matmul takes integers, float32 and float64, not ", name_of(args.dtype), ": convert first");
}

}  // namespace mlxc::cpu
