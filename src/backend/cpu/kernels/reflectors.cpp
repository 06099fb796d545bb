// Blocks of reflectors are 1 - V T V^T. A part of c that stays in a core's cache takes all blocks, one after the other, as three products
// each; LAPACK's larfb takes all of c through one block, with copies and triangular products on one thread between.
#include "backend/cpu/kernels/reflectors.h"

#include <cblas.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include "backend/cpu/kernels/scratch.h"

namespace mlxc::cpu {
namespace {

constexpr int kBlock = 128;  // reflectors
constexpr int kPart = 256;   // columns or rows of c

// A column-major matrix, or the transpose of one.
template <class T>
struct View {
  const T* data;
  int stride;
  bool turned = false;
  View transposed() const { return {data, stride, !turned}; }
};

// c [m, n] = alpha a b + beta c, sums of k, on this thread.
template <class T>
void product(int m, int n, int k, T alpha, View<T> a, View<T> b, T beta, T* c, int ldc) {
  const auto ta = a.turned ? CblasTrans : CblasNoTrans, tb = b.turned ? CblasTrans : CblasNoTrans;
  if constexpr (std::is_same_v<T, float>)
    cblas_sgemm(CblasColMajor, ta, tb, m, n, k, alpha, a.data, a.stride, b.data, b.stride, beta, c, ldc);
  else
    cblas_dgemm(CblasColMajor, ta, tb, m, n, k, alpha, a.data, a.stride, b.data, b.stride, beta, c, ldc);
}

template <class T>
class Blocks {
 public:
  Blocks(ThreadPool& pool, const Reflectors<T>& reflectors, int length)
      : reflectors_(reflectors), length_(length), count_((reflectors.k + kBlock - 1) / kBlock) {
    tops_.resize(size_t(count_) * kBlock * kBlock);
    factors_.resize(tops_.size());
    pool.parallel_for(count_, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t block = begin; block < end; ++block) prepare(int(block));
    });
  }

  // c, `wide` columns of a left product or rows of a right one, through all blocks.
  void multiply(bool left, bool transposed, int wide, T* c, int ldc) const {
    T* sums = scratch<T>(ScratchUse::packed, 2 * kBlock * kPart);
    T* turned = sums + kBlock * kPart;
    for (int i = 0; i < count_; ++i) {
      const int block = left == transposed ? i : count_ - 1 - i, first = block * kBlock, width = width_of(block),
                rest = length_ - first - width;
      const View<T> top{&tops_[size_t(block) * kBlock * kBlock], kBlock}, body = body_of(block);
      View<T> factor{&factors_[size_t(block) * kBlock * kBlock], kBlock, transposed};
      if (left) {
        T *c1 = c + first, *c2 = c1 + width;
        product<T>(width, wide, width, 1, top.transposed(), {c1, ldc}, 0, sums, kBlock);
        product<T>(width, wide, rest, 1, body.transposed(), {c2, ldc}, 1, sums, kBlock);
        product<T>(width, wide, width, 1, factor, {sums, kBlock}, 0, turned, kBlock);
        product<T>(width, wide, width, -1, top, {turned, kBlock}, 1, c1, ldc);
        product<T>(rest, wide, width, -1, body, {turned, kBlock}, 1, c2, ldc);
      } else {
        T *c1 = c + int64_t(first) * ldc, *c2 = c1 + int64_t(width) * ldc;
        product<T>(wide, width, width, 1, {c1, ldc}, top, 0, sums, kPart);
        product<T>(wide, width, rest, 1, {c2, ldc}, body, 1, sums, kPart);
        product<T>(wide, width, width, 1, {sums, kPart}, factor, 0, turned, kPart);
        product<T>(wide, width, width, -1, {turned, kPart}, top.transposed(), 1, c1, ldc);
        product<T>(wide, rest, width, -1, {turned, kPart}, body.transposed(), 1, c2, ldc);
      }
    }
  }

 private:
  int width_of(int block) const { return std::min(kBlock, reflectors_.k - block * kBlock); }

  // The rows of V below its triangle.
  View<T> body_of(int block) const {
    const int64_t first = block * kBlock, below = first + width_of(block), lda = reflectors_.lda;
    return reflectors_.in_rows ? View<T>{reflectors_.a + below * lda + first, reflectors_.lda, true}
                               : View<T>{reflectors_.a + first * lda + below, reflectors_.lda};
  }

  // The triangle on top of V with what is not stored, and T: column i of it is -tau_i T V^T v_i.
  void prepare(int block) {
    const int64_t first = block * kBlock, width = width_of(block), lda = reflectors_.lda;
    T* top = &tops_[size_t(block) * kBlock * kBlock];
    T* factor = &factors_[size_t(block) * kBlock * kBlock];
    for (int64_t j = 0; j < width; ++j) {
      top[j * kBlock + j] = 1;
      for (int64_t i = j + 1; i < width; ++i)
        top[j * kBlock + i] = reflectors_.a[reflectors_.in_rows ? (first + i) * lda + first + j : (first + j) * lda + first + i];
    }
    const View<T> triangle{top, kBlock}, body = body_of(block);
    product<T>(int(width), int(width), int(width), 1, triangle.transposed(), triangle, 0, factor, kBlock);
    product<T>(int(width), int(width), int(length_ - first - width), 1, body.transposed(), body, 1, factor, kBlock);
    for (int64_t i = 0; i < width; ++i) {
      T* column = factor + i * kBlock;
      if constexpr (std::is_same_v<T, float>)
        cblas_strmv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, int(i), factor, kBlock, column, 1);
      else
        cblas_dtrmv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, int(i), factor, kBlock, column, 1);
      const T tau = reflectors_.tau[first + i];
      for (int64_t j = 0; j < i; ++j) column[j] *= -tau;
      column[i] = tau;
      std::fill(column + i + 1, column + width, T(0));
    }
  }

  const Reflectors<T> reflectors_;
  const int length_, count_;
  std::vector<T> tops_, factors_;  // [count][kBlock][kBlock]
};

}  // namespace

template <class T>
void multiply_reflectors(ThreadPool& pool, const Reflectors<T>& reflectors, bool left, bool transposed, int m, int n, T* c, int ldc) {
  const Blocks<T> blocks(pool, reflectors, left ? m : n);
  const int64_t across = left ? n : m;
  pool.parallel_for((across + kPart - 1) / kPart, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = part * kPart;
      blocks.multiply(left, transposed, int(std::min<int64_t>(kPart, across - first)), c + first * (left ? ldc : 1), ldc);
    }
  });
}
template void multiply_reflectors(ThreadPool&, const Reflectors<float>&, bool, bool, int, int, float*, int);
template void multiply_reflectors(ThreadPool&, const Reflectors<double>&, bool, bool, int, int, double*, int);

}  // namespace mlxc::cpu
