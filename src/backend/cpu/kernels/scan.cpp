// Running results: a column at a time where the axis is the innermost one, else whole rows at a time.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/typed.h"

namespace mlxc::cpu {
namespace {

template <class T>
using Sum = std::conditional_t<std::is_floating_point_v<Computed<T>>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

template <class V>
V neutral(ScanOp op) {
  constexpr bool kFloat = std::is_floating_point_v<V>;
  switch (op) {
    case ScanOp::prod: return V(1);
    case ScanOp::max:
    case ScanOp::logsumexp: return kFloat ? V(-std::numeric_limits<double>::infinity()) : std::numeric_limits<V>::lowest();
    case ScanOp::min: return kFloat ? V(std::numeric_limits<double>::infinity()) : std::numeric_limits<V>::max();
    default: return V(0);
  }
}

template <class V>
V step(ScanOp op, V total, V x) {
  constexpr bool kFloat = std::is_floating_point_v<V>;
  switch (op) {
    case ScanOp::max: return total != total || total > x ? total : x;
    case ScanOp::min: return total != total || total < x ? total : x;
    case ScanOp::logsumexp: {
      const double a = double(total), b = double(x);
      if (std::isnan(a) || std::isnan(b)) return V(a + b);
      const double high = std::max(a, b);
      return V(std::isinf(high) ? high : high + std::log1p(std::exp(std::min(a, b) - high)));
    }
    case ScanOp::prod:
      if constexpr (kFloat) return total * x;
      else return V(uint64_t(total) * uint64_t(x));
    default:
      if constexpr (kFloat) return total + x;
      else return V(uint64_t(total) + uint64_t(x));
  }
}

}  // namespace

void scan(ThreadPool& pool, const ScanArgs& args) {
  constexpr int64_t kBlock = 256;  // columns that advance together
  const int64_t blocks = (args.inner + kBlock - 1) / kBlock;
  with_type(args.dtype, [&]<class T>(T) {
    using V = Sum<T>;
    pool.parallel_for(args.outer * blocks, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, args.count * std::min(args.inner, kBlock))), [&](int64_t begin, int64_t end, int) {
      V totals[kBlock];
      for (int64_t i = begin; i < end; ++i) {
        const int64_t column = i % blocks * kBlock, n = std::min(kBlock, args.inner - column), start = i / blocks * args.count * args.inner + column;
        std::fill_n(totals, n, neutral<V>(args.op));
        for (int64_t k = 0; k < args.count; ++k) {
          const int64_t at = start + (args.reverse ? args.count - 1 - k : k) * args.inner;
          const T* x = static_cast<const T*>(args.x) + at;
          T* y = static_cast<T*>(args.y) + at;
          for (int64_t j = 0; j < n; ++j) {
            const V before = totals[j];
            totals[j] = step<V>(args.op, before, V(Computed<T>(x[j])));
            y[j] = T(Computed<T>(args.exclusive ? before : totals[j]));
          }
        }
      }
    });
  });
}

}  // namespace mlxc::cpu
