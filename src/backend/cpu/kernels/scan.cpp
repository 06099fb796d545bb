// Running results: a column at a time where the axis is the innermost one, else whole rows at a time.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/typed.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kBlock = 256;  // columns that advance together

template <class T>
using Sum = std::conditional_t<std::is_floating_point_v<Computed<T>>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

template <class T>
Sum<T> neutral(const ScanArgs& args) {
  using V = Sum<T>;
  constexpr bool kFloat = std::is_floating_point_v<V>;
  constexpr V kInfinity = kFloat ? V(std::numeric_limits<double>::infinity()) : V(std::numeric_limits<Computed<T>>::max());
  switch (args.op) {
    case ScanOp::prod: return V(1);
    case ScanOp::max:
    case ScanOp::logsumexp: return kFloat ? -kInfinity : V(std::numeric_limits<Computed<T>>::lowest());
    case ScanOp::min: return args.dtype == DType::boolean ? V(1) : kInfinity;
    default: return V(0);
  }
}

template <ScanOp op, class V>
V step(V total, V x) {
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
      if constexpr (kFloat)
        return total * x;
      else
        return V(uint64_t(total) * uint64_t(x));
    default:
      if constexpr (kFloat)
        return total + x;
      else
        return V(uint64_t(total) + uint64_t(x));
  }
}

// body is called with a std::integral_constant of the operation.
template <class Body>
void with_op(ScanOp op, Body&& body) {
  using enum ScanOp;
  switch (op) {
    case sum: return body(std::integral_constant<ScanOp, sum>());
    case prod: return body(std::integral_constant<ScanOp, prod>());
    case max: return body(std::integral_constant<ScanOp, max>());
    case min: return body(std::integral_constant<ScanOp, min>());
    case logsumexp: return body(std::integral_constant<ScanOp, logsumexp>());
  }
}

// One row: elements side by side, from the first or from the last.
template <ScanOp op, class T>
void scan_row(const ScanArgs& args, const T* x, T* y) {
  auto total = neutral<T>(args);
  for (int64_t k = 0; k < args.count; ++k) {
    const int64_t i = args.reverse ? args.count - 1 - k : k;
    const auto before = total;
    total = step<op, Sum<T>>(before, Sum<T>(Computed<T>(x[i])));
    y[i] = T(Computed<T>(args.exclusive ? before : total));
  }
}

// Columns side by side: a row of them at a time.
template <ScanOp op, class T>
void scan_columns(const ScanArgs& args, const T* x, T* y, int64_t columns) {
  Sum<T> totals[kBlock];
  std::fill_n(totals, columns, neutral<T>(args));
  for (int64_t k = 0; k < args.count; ++k) {
    const int64_t at = (args.reverse ? args.count - 1 - k : k) * args.inner;
    for (int64_t j = 0; j < columns; ++j) {
      const auto before = totals[j];
      totals[j] = step<op, Sum<T>>(before, Sum<T>(Computed<T>(x[at + j])));
      y[at + j] = T(Computed<T>(args.exclusive ? before : totals[j]));
    }
  }
}

}  // namespace

void scan(ThreadPool& pool, const ScanArgs& args) {
  const int64_t blocks = (args.inner + kBlock - 1) / kBlock;
  const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, args.count * std::min(args.inner, kBlock)));
  with_type(args.dtype, [&]<class T>(T) {
    with_op(args.op, [&]<ScanOp op>(std::integral_constant<ScanOp, op>) {
      pool.parallel_for(args.outer * blocks, grain, [&](int64_t begin, int64_t end, int) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t column = i % blocks * kBlock, start = i / blocks * args.count * args.inner + column;
          const T* x = static_cast<const T*>(args.x) + start;
          T* y = static_cast<T*>(args.y) + start;
          if (args.inner == 1)
            scan_row<op>(args, x, y);
          else
            scan_columns<op>(args, x, y, std::min(kBlock, args.inner - column));
        }
      });
    });
  });
}

}  // namespace mlxc::cpu
