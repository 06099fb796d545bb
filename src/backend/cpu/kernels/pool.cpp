// Drives pools: planes shared out over threads, each row of results gathered from the rows of its window tap by tap.
#include "backend/cpu/kernels/pool.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kForkElements = 1 << 15;

template <class T>
const PoolRows<T>& rows_of(const Isa& isa) {
  if constexpr (sizeof(T) == 4)
    return *isa.pool_f32;
  else
    return *isa.pool_f64;
}

// The results of one axis that a tap finds inside the image: [begin, end), and where the first of them looks.
struct Span {
  int64_t begin, end, at;
};
Span span_of(const PoolArgs& a, int axis, int64_t tap) {
  const int64_t shift = tap * a.dilation[axis] - a.padding[axis], stride = a.stride[axis];
  const int64_t begin = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  const int64_t last = a.size[axis] - 1 - shift;
  return {begin, last < 0 ? begin : std::max(begin, std::min(a.out[axis], last / stride + 1)), begin * stride + shift};
}

int64_t elements(const int64_t (&size)[3]) { return size[0] * size[1] * size[2]; }

// body(row_x, tap number, span of the last axis) for every tap that sees something of the results (i0, i1).
template <class Body>
void over_taps(const PoolArgs& a, int64_t i0, int64_t i1, Body&& body) {
  for (int64_t t0 = 0; t0 < a.kernel[0]; ++t0) {
    const int64_t at0 = i0 * a.stride[0] + t0 * a.dilation[0] - a.padding[0];
    if (at0 < 0 || at0 >= a.size[0]) continue;
    for (int64_t t1 = 0; t1 < a.kernel[1]; ++t1) {
      const int64_t at1 = i1 * a.stride[1] + t1 * a.dilation[1] - a.padding[1];
      if (at1 < 0 || at1 >= a.size[1]) continue;
      for (int64_t t2 = 0; t2 < a.kernel[2]; ++t2) {
        const Span span = span_of(a, 2, t2);
        if (span.begin < span.end)
          body((at0 * a.size[1] + at1) * a.size[2] + span.at, int32_t((t0 * a.kernel[1] + t1) * a.kernel[2] + t2), span);
      }
    }
  }
}

// How many taps of an axis lie inside for result i.
int64_t taps_inside(const PoolArgs& a, int axis, int64_t i) {
  int64_t count = 0;
  for (int64_t t = 0; t < a.kernel[axis]; ++t) {
    const int64_t at = i * a.stride[axis] + t * a.dilation[axis] - a.padding[axis];
    count += at >= 0 && at < a.size[axis];
  }
  return count;
}

// What the sum of a window is multiplied with.
template <class T>
void weights_of_row(const PoolArgs& a, int64_t i0, int64_t i1, const int64_t* inside, T* weights) {
  const int64_t outer = a.op == PoolOp::mean ? a.kernel[0] * a.kernel[1] : taps_inside(a, 0, i0) * taps_inside(a, 1, i1);
  for (int64_t j = 0; j < a.out[2]; ++j) weights[j] = T(1) / T(outer * (a.op == PoolOp::mean ? a.kernel[2] : inside[j]));
}

// 2 x 2 windows side by side, without padding.
bool halves(const PoolArgs& a) {
  bool all = a.op == PoolOp::max && a.dtype == DType::f32 && !a.other && a.size[0] == 1 && a.kernel[0] == 1;
  for (int i : {1, 2}) all &= a.kernel[i] == 2 && a.stride[i] == 2 && a.dilation[i] == 1 && a.padding[i] == 0;
  return all;
}

template <class T>
struct Buffers {
  T* values;
  int32_t* places;
  int64_t* inside;
  explicit Buffers(const PoolArgs& a) {
    const int64_t n = (a.out[2] + 15) / 16 * 16;
    auto* bytes = scratch<std::byte>(ScratchUse::tile, n * int64_t(sizeof(int64_t) + sizeof(T) + sizeof(int32_t)));
    inside = reinterpret_cast<int64_t*>(bytes);
    values = reinterpret_cast<T*>(inside + n);
    places = reinterpret_cast<int32_t*>(values + n);
    for (int64_t j = 0; j < a.out[2]; ++j) inside[j] = a.op == PoolOp::mean_of_inside ? taps_inside(a, 2, j) : 0;
  }
};

template <class T>
void find_places(const PoolArgs& a, const PoolRows<T>& rows, const T* x, int64_t i0, int64_t i1, const Buffers<T>& b) {
  std::fill_n(b.values, a.out[2], -std::numeric_limits<T>::infinity());
  std::fill_n(b.places, a.out[2], -1);
  over_taps(a, i0, i1, [&](int64_t at, int32_t tap, const Span& span) {
    rows.larger_place(b.values + span.begin, b.places + span.begin, x + at, a.stride[2], span.end - span.begin, tap);
  });
}

template <class T>
void pool_plane(const PoolArgs& a, const PoolRows<T>& rows, const T* x, const T* other, T* y, const Buffers<T>& b) {
  for (int64_t i0 = 0; i0 < a.out[0]; ++i0)
    for (int64_t i1 = 0; i1 < a.out[1]; ++i1, y += a.out[2]) {
      if (other) {
        find_places(a, rows, x, i0, i1, b);
        over_taps(a, i0, i1, [&](int64_t at, int32_t tap, const Span& span) {
          for (int64_t j = span.begin; j < span.end; ++j)
            if (b.places[j] == tap) y[j] = other[at + (j - span.begin) * a.stride[2]];
        });
        continue;
      }
      const bool largest = a.op == PoolOp::max;
      std::fill_n(y, a.out[2], largest ? -std::numeric_limits<T>::infinity() : T(0));
      over_taps(a, i0, i1, [&](int64_t at, int32_t, const Span& span) {
        (largest ? rows.larger : rows.add)(y + span.begin, x + at, a.stride[2], span.end - span.begin);
      });
      if (largest) continue;
      weights_of_row(a, i0, i1, b.inside, b.values);
      for (int64_t j = 0; j < a.out[2]; ++j) y[j] *= b.values[j];
    }
}

template <class T>
void gradient_plane(const PoolArgs& a, const PoolRows<T>& rows, const T* x, const T* g, T* dx, const Buffers<T>& b) {
  std::fill_n(dx, elements(a.size), T(0));
  for (int64_t i0 = 0; i0 < a.out[0]; ++i0)
    for (int64_t i1 = 0; i1 < a.out[1]; ++i1, g += a.out[2]) {
      if (a.op == PoolOp::max) {
        find_places(a, rows, x, i0, i1, b);
        over_taps(a, i0, i1, [&](int64_t at, int32_t tap, const Span& span) {
          rows.spread_place(dx + at, g + span.begin, b.places + span.begin, a.stride[2], span.end - span.begin, tap);
        });
        continue;
      }
      weights_of_row(a, i0, i1, b.inside, b.values);
      for (int64_t j = 0; j < a.out[2]; ++j) b.values[j] *= g[j];
      over_taps(a, i0, i1, [&](int64_t at, int32_t, const Span& span) {
        rows.spread(dx + at, b.values + span.begin, a.stride[2], span.end - span.begin);
      });
    }
}

template <class T, class Plane>
void over_planes(ThreadPool& threads, const PoolArgs& a, Plane&& plane) {
  const int64_t work = elements(a.out) * elements(a.kernel);
  threads.parallel_for(a.planes, std::max<int64_t>(1, kForkElements / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end, int) {
    const Buffers<T> buffers(a);
    for (int64_t i = begin; i < end; ++i) plane(i * elements(a.size), i * elements(a.out), buffers);
  });
}

template <class T>
void run_pool(ThreadPool& threads, const PoolArgs& a, const Isa& isa) {
  const auto *x = static_cast<const T*>(a.x), *other = static_cast<const T*>(a.other);
  over_planes<T>(threads, a, [&](int64_t in, int64_t out, const Buffers<T>& buffers) {
    pool_plane(a, rows_of<T>(isa), x + in, other ? other + in : nullptr, static_cast<T*>(a.y) + out, buffers);
  });
}

template <class T>
void run_gradient(ThreadPool& threads, const PoolArgs& a, const Isa& isa) {
  const auto* x = static_cast<const T*>(a.x);
  over_planes<T>(threads, a, [&](int64_t in, int64_t out, const Buffers<T>& buffers) {
    gradient_plane(a, rows_of<T>(isa), x ? x + in : nullptr, static_cast<const T*>(a.y) + out, static_cast<T*>(a.dx) + in, buffers);
  });
}

}  // namespace

void pool(ThreadPool& threads, const PoolArgs& args, const Isa& isa) {
  if (halves(args)) {
    const auto* x = static_cast<const float*>(args.x);
    return over_planes<float>(threads, args, [&](int64_t in, int64_t out, const Buffers<float>&) {
      halving_pool(isa).largest(x + in, args.size[2], static_cast<float*>(args.y) + out, args.out[1], args.out[2]);
    });
  }
  args.dtype == DType::f64 ? run_pool<double>(threads, args, isa) : run_pool<float>(threads, args, isa);
}
void pool_gradient(ThreadPool& threads, const PoolArgs& args, const Isa& isa) {
  if (halves(args)) {
    const auto *x = static_cast<const float*>(args.x), *g = static_cast<const float*>(args.y);
    return over_planes<float>(threads, args, [&](int64_t in, int64_t out, const Buffers<float>&) {
      float* dx = static_cast<float*>(args.dx) + in;
      if (args.size[1] % 2 || args.size[2] % 2) std::fill_n(dx, elements(args.size), 0.0f);
      halving_pool(isa).gradient(x + in, args.size[2], g + out, dx, args.out[1], args.out[2]);
    });
  }
  args.dtype == DType::f64 ? run_gradient<double>(threads, args, isa) : run_gradient<float>(threads, args, isa);
}

}  // namespace mlxc::cpu
