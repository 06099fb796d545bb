// Rows of pools: loops that the compiler vectorises for the usual strides.
#pragma once

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/simd.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

// body(j, at): result j and its place `at` in the image's row.
template <class Body>
MLXC_INLINE void over_row(int64_t stride, int64_t n, Body&& body) {
  if (stride == 1) {
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) body(j, j);
  } else if (stride == 2) {
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) body(j, 2 * j);
  } else {
    for (int64_t j = 0; j < n; ++j) body(j, stride * j);
  }
}

template <class T>
void pool_larger(T* best, const T* x, int64_t stride, int64_t n) {
  over_row(
      stride, n, [=](int64_t j, int64_t at) __attribute__((always_inline)) {
        const T value = x[at], old = best[j];
        best[j] = (value > old) | (value != value) ? value : old;
      });
}

template <class T>
void pool_larger_place(T* best, int32_t* place, const T* x, int64_t stride, int64_t n, int32_t tap) {
  over_row(
      stride, n, [=](int64_t j, int64_t at) __attribute__((always_inline)) {
        const T value = x[at], old = best[j];
        const bool wins = (value > old) | ((value != value) & (old == old)) | (place[j] < 0);
        best[j] = wins ? value : old;
        place[j] = wins ? tap : place[j];
      });
}

template <class T>
void pool_add(T* sum, const T* x, int64_t stride, int64_t n) {
  over_row(
      stride, n, [=](int64_t j, int64_t at) __attribute__((always_inline)) { sum[j] += x[at]; });
}

template <class T>
void pool_spread(T* dx, const T* g, int64_t stride, int64_t n) {
  over_row(
      stride, n, [=](int64_t j, int64_t at) __attribute__((always_inline)) { dx[at] += g[j]; });
}

template <class T>
void pool_spread_place(T* dx, const T* g, const int32_t* place, int64_t stride, int64_t n, int32_t tap) {
  over_row(
      stride, n, [=](int64_t j, int64_t at) __attribute__((always_inline)) { dx[at] += place[j] == tap ? g[j] : T(0); });
}

template <class T>
constexpr PoolRows<T> kPoolRows{pool_larger<T>, pool_larger_place<T>, pool_add<T>, pool_spread<T>, pool_spread_place<T>};

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
