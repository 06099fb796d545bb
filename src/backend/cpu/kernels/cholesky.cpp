// Left-looking: what all columns before a block take from it is one product with a long sum, and tiles above the diagonal are not computed.
// Inside a block the same by halves, down to columns whose triangle LAPACK factors and whose other rows are multiplied by the triangle's
// inverse, which costs twice the operations of a solution and runs at ten times its speed.
#include "backend/cpu/kernels/cholesky.h"

#include <algorithm>
#include <functional>

#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"

extern "C" void spotrf_(const char*, const int*, float*, const int*, int*, size_t);

namespace mlxc::cpu {
namespace {

constexpr int64_t kBlock = 384;     // columns that look left together
constexpr int64_t kTriangle = 48;   // columns that LAPACK gets
constexpr int64_t kDepth = 512;     // of a part of a sum, as in gemm.cpp
constexpr int64_t kBlockRows = 96;  // a task's

class Factor {
 public:
  Factor(ThreadPool& pool, int64_t n, float* a) : pool_(pool), kernel_(gemm_kernel(best_isa())), n_(n), a_(a) {}

  int run() {
    for (int64_t first = 0; first < n_; first += kBlock) {
      const int64_t width = std::min(kBlock, n_ - first);
      subtract(first, width, 0, first);
      if (const int info = block(first, width)) return info;
    }
    return 0;
  }

 private:
  float* at(int64_t row, int64_t column) const { return a_ + row * n_ + column; }

  int block(int64_t first, int64_t width) {
    if (width <= kTriangle) return triangle(first, width);
    const int64_t half = (width / 2 + kTriangle - 1) / kTriangle * kTriangle;
    if (const int info = block(first, half)) return info;
    subtract(first + half, width - half, first, half);
    return block(first + half, width - half);
  }

  int triangle(int64_t first, int64_t width) {
    const int order = int(width), leading = int(n_);
    int info = 0;
    spotrf_("U", &order, at(first, first), &leading, &info, 1);  // the lower triangle by rows is the upper one by columns
    if (info) return int(first) + info;
    invert(first, width);
    // Rows below: x L^T = b, x = b (L^-1)^T. A task has its rows packed before it writes them.
    product(first + width, first, width, first, width, {inverse_, width, 1}, false);
    return 0;
  }

  void invert(int64_t first, int64_t width) {
    std::fill_n(inverse_, width * width, 0.0f);
    for (int64_t i = 0; i < width; ++i) {
      const float* l = at(first + i, first);
      float* to = inverse_ + i * width;
      for (int64_t k = 0; k < i; ++k)
        for (int64_t j = 0; j <= k; ++j) to[j] -= l[k] * inverse_[k * width + j];
      for (int64_t j = 0; j < i; ++j) to[j] /= l[i];
      to[i] = 1 / l[i];
    }
  }

  // a[column.., column..] -= a[column.., sum..] a[column.., sum..]^T, `width` columns of it, sums of `count`.
  void subtract(int64_t column, int64_t width, int64_t sum, int64_t count) {
    for (int64_t part = 0; part < count; part += kDepth)
      product(column, column, width, sum + part, std::min(kDepth, count - part), {at(column, sum + part), n_, 1}, true);
  }

  // a[row.., column..] (-)= a[row.., sum..] right^T: all rows from `row` on, `width` columns.
  void product(int64_t row, int64_t column, int64_t width, int64_t sum, int64_t k, const GemmOperand<float>& right, bool subtracts) {
    if (row == n_) return;
    const int64_t tile_rows = kernel_.rows, tile_columns = kernel_.columns, blocks = (n_ - row + kBlockRows - 1) / kBlockRows;
    const int64_t padded = (width + tile_columns - 1) / tile_columns * tile_columns;
    float* panels = scratch<float>(ScratchUse::shared, padded * k);
    kernel_.pack_columns(right, width, k, panels);
    if (subtracts) std::transform(panels, panels + padded * k, panels, std::negate<>());
    pool_.parallel_for(blocks, 1, [&](int64_t begin, int64_t end, int) {
      float* packed = scratch<float>(ScratchUse::packed, kBlockRows * k);
      for (int64_t first = row + begin * kBlockRows; first < std::min(n_, row + end * kBlockRows); first += kBlockRows) {
        const int64_t m = std::min(kBlockRows, n_ - first);
        kernel_.pack_rows({at(first, sum), n_, 1}, m, k, packed);
        for (int64_t j = 0; j < width; j += tile_columns)
          for (int64_t i = 0; i < m; i += tile_rows)
            if (column + j < first + i + tile_rows)
              kernel_.tile(packed + i * k, panels + j * k, k, at(first + i, column + j), n_, std::min(tile_rows, m - i),
                           std::min(tile_columns, width - j), subtracts);
      }
    });
  }

  ThreadPool& pool_;
  const GemmKernel& kernel_;
  const int64_t n_;
  float* const a_;
  float inverse_[kTriangle * kTriangle];
};

}  // namespace

int cholesky_lower(ThreadPool& pool, int n, float* a) { return Factor(pool, n, a).run(); }

}  // namespace mlxc::cpu
