// Scattered rows. Threads share out the destination, and each goes through all indices: no two write the same row, and the order stays.
#include <algorithm>
#include <cstring>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/typed.h"

namespace mlxc::cpu {
namespace {

template <class V>
V combine(ScatterOp op, V a, V b) {
  switch (op) {
    case ScatterOp::add:
      if constexpr (std::is_integral_v<V>)
        return V(uint64_t(a) + uint64_t(b));
      else
        return a + b;
    case ScatterOp::multiply:
      if constexpr (std::is_integral_v<V>)
        return V(uint64_t(a) * uint64_t(b));
      else
        return a * b;
    case ScatterOp::minimum: return a != a || a < b ? a : b;
    case ScatterOp::maximum: return a != a || a > b ? a : b;
    default: return b;
  }
}

}  // namespace

void scatter_rows(ThreadPool& pool, ScatterOp op, DType dtype, void* x, int64_t rows, int64_t width, const int64_t* indices, int64_t count,
                  const void* values) {
  if (rows <= 0 || width <= 0 || count <= 0) return;
  // As many shares as threads: each reads all the indices.
  const bool small = count * width < 32768;
  const int64_t shares = small ? 1 : std::min<int64_t>(pool.size(), rows), share = (rows + shares - 1) / shares;
  with_type(dtype, [&]<class T>(T) {
    pool.parallel_for(shares, 1, [&](int64_t begin, int64_t end, int) {
      const int64_t low = begin * share, high = std::min(rows, end * share);
      for (int64_t i = 0; i < count; ++i) {
        if (indices[i] < low || indices[i] >= high) continue;
        T* to = static_cast<T*>(x) + indices[i] * width;
        const T* from = static_cast<const T*>(values) + i * width;
        if (op == ScatterOp::set) {
          std::memcpy(to, from, size_t(width) * sizeof(T));
        } else {
          for (int64_t j = 0; j < width; ++j) to[j] = T(combine<Computed<T>>(op, Computed<T>(to[j]), Computed<T>(from[j])));
        }
      }
    });
  });
}

}  // namespace mlxc::cpu
