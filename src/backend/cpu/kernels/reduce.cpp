// Reductions. A row is cut into runs of kRun elements; each run gives a partial result (floats through the vector kernels), and partials
// are combined in order, in double. Long rows are shared out in parts of fixed length, so the result does not depend on the thread count.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"
#include "base/error.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kRun = 4096;
constexpr int64_t kPart = 1 << 16;  // a multiple of kRun
constexpr int64_t kPiece = 1024;    // of a run that is added up as it is produced
static_assert(kPart % kRun == 0 && kRun % kPiece == 0 && kPiece % SumLanes::kCount == 0);
constexpr int64_t kForkElements = 1 << 15;
constexpr size_t kMostTargets = 8;  // of one pass

// What each operation keeps: sum, prod, mean: value. Extremes: value and index. logsumexp: value = sum of exp(x - shift). variance: value =
// sum of squared differences from shift = mean of `count` elements.
template <class Value>
struct Partial {
  Value value{};
  double shift = 0;
  int64_t index = 0;
  int64_t count = 0;
};

template <class T>
struct ValueOf {  // integers keep their bits: sums wrap, extremes are exact
  using type = std::conditional_t<std::is_floating_point_v<T>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;
};

bool is_extreme(ReduceOp op) { return op == ReduceOp::max || op == ReduceOp::min || op == ReduceOp::argmax || op == ReduceOp::argmin; }

template <class Value>
bool is_nan(Value v) {
  return v != v;
}

// Whether b, which comes later, takes the place of a.
template <class Value>
bool beats(ReduceOp op, Value b, Value a) {
  if (is_nan(a)) return false;
  if (is_nan(b)) return true;
  return op == ReduceOp::max || op == ReduceOp::argmax ? b > a : b < a;
}

template <class Value>
Value wrapping(Value a, Value b, bool product) {
  if constexpr (std::is_floating_point_v<Value>)
    return product ? a * b : a + b;
  else
    return Value(product ? uint64_t(a) * uint64_t(b) : uint64_t(a) + uint64_t(b));
}

template <class Value>
void combine(ReduceOp op, Partial<Value>& a, const Partial<Value>& b) {
  if (b.count == 0) return;
  if (a.count == 0) {
    a = b;
    return;
  }
  switch (op) {
    case ReduceOp::prod: a.value = wrapping(a.value, b.value, true); break;
    case ReduceOp::all: a.value = a.value != 0 && b.value != 0; break;
    case ReduceOp::any: a.value = a.value != 0 || b.value != 0; break;
    case ReduceOp::logsumexp: {
      const double shift = std::max(a.shift, b.shift);
      if (!std::isinf(shift))
        a.value = Value(double(a.value) * std::exp(a.shift - shift) + double(b.value) * std::exp(b.shift - shift));
      else
        a.value = Value(double(a.value) + double(b.value));
      a.shift = shift;
      break;
    }
    case ReduceOp::variance:
    case ReduceOp::deviation: {
      const double delta = b.shift - a.shift, all = double(a.count + b.count);
      a.value = Value(double(a.value) + double(b.value) + delta * delta * double(a.count) * double(b.count) / all);
      a.shift += delta * double(b.count) / all;
      break;
    }
    default:
      if (is_extreme(op)) {
        if (beats(op, b.value, a.value)) {
          a.value = b.value;
          a.index = b.index;
        }
      } else {
        a.value = wrapping(a.value, b.value, false);
      }
  }
  a.count += b.count;
}

// exp(x - shift) where the shift is infinite: +inf counts its own occurrences, -inf has none.
double shifted_exp(double x, double shift) {
  return std::isinf(shift) ? (std::isnan(x) ? x : double(x == shift && x > 0)) : std::exp(x - shift);
}

// known_sum: of this run's floats, once somebody computed it.
template <class T>
Partial<typename ValueOf<T>::type> run_partial(ReduceOp op, const T* x, int64_t n, int64_t start, const Isa& isa,
                                               std::optional<double>& known_sum) {
  using Value = typename ValueOf<T>::type;
  constexpr bool kVector = std::is_same_v<T, float>;
  Partial<Value> p{.index = start, .count = n};
  auto sum = [&] {
    if constexpr (kVector) {
      if (!known_sum) known_sum = double(isa.sum(x, n));
      return *known_sum;
    }
    Value parts[4] = {};
    for (int64_t i = 0; i < n; ++i) parts[i % 4] = wrapping(parts[i % 4], Value(x[i]), false);
    return double(0) + double(parts[0]) + double(parts[1]) + double(parts[2]) + double(parts[3]);
  };
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::mean:
      if constexpr (std::is_floating_point_v<T>) {
        p.value = sum();
      } else {
        for (int64_t i = 0; i < n; ++i) p.value = wrapping(p.value, Value(x[i]), false);
      }
      break;
    case ReduceOp::prod:
      p.value = 1;
      for (int64_t i = 0; i < n; ++i) p.value = wrapping(p.value, Value(x[i]), true);
      break;
    case ReduceOp::all:
    case ReduceOp::any: {
      const bool all = op == ReduceOp::all;
      p.value = all;
      for (int64_t i = 0; i < n; ++i) {
        if ((x[i] != 0) != all) p.value = !all;
      }
      break;
    }
    case ReduceOp::logsumexp: {
      double shift;
      if constexpr (kVector) {
        shift = isa.maximum(x, n);
      } else {
        shift = double(x[0]);
        for (int64_t i = 1; i < n; ++i) shift = beats(ReduceOp::max, double(x[i]), shift) ? double(x[i]) : shift;
      }
      p.shift = shift;
      double total = 0;
      if (kVector && std::isfinite(shift)) {
        if constexpr (kVector) total = isa.exponentials(x, n, float(shift));
      } else {
        for (int64_t i = 0; i < n; ++i) total += shifted_exp(double(x[i]), shift);
      }
      p.value = Value(total);
      break;
    }
    case ReduceOp::variance:
    case ReduceOp::deviation: {
      p.shift = sum() / double(n);
      double squares = 0;
      if constexpr (kVector) {
        // The sum was rounded, and so is the mean: what the differences from it add up to tells by how much.
        const float mean = float(p.shift);
        const Deviations apart = isa.deviations(x, n, mean);
        p.shift = double(mean) + double(apart.sum) / double(n);
        squares = double(apart.squares) - double(apart.sum) * double(apart.sum) / double(n);
      } else {
        for (int64_t i = 0; i < n; ++i) squares += (double(x[i]) - p.shift) * (double(x[i]) - p.shift);
      }
      p.value = Value(squares);
      break;
    }
    default:  // extremes
      if constexpr (kVector) {
        const bool most = op == ReduceOp::max || op == ReduceOp::argmax;
        const float best = most ? isa.maximum(x, n) : isa.minimum(x, n);
        p.value = best;
        if (op == ReduceOp::argmax || op == ReduceOp::argmin) p.index = start + isa.find(x, n, best);
      } else {
        p.value = Value(x[0]);
        for (int64_t i = 1; i < n; ++i) {
          if (beats(op, Value(x[i]), p.value)) {
            p.value = Value(x[i]);
            p.index = start + i;
          }
        }
      }
  }
  return p;
}

template <class T>
constexpr DType kTypeOf = std::is_same_v<T, float> ? DType::f32 : DType::f64;

// One row of the input: a run of it as contiguous T, gathered or converted when it does not lie so.
template <class T>
struct Row {
  const std::byte* base;
  int64_t stride;
  DType dtype;
  bool converts;  // T is float or double and dtype another
  decltype(ReduceArgs::produce) produce = nullptr;
  int64_t first = 0;  // of the row, for produce

  const T* run(int64_t start, int64_t n, T* buffer, const Isa& isa) const {
    if (produce) {
      (*produce)(first + start, n, buffer);
      return buffer;
    }
    const int64_t size = size_of(dtype);
    const std::byte* from = base + start * stride * size;
    if (stride == 1 && !converts) return reinterpret_cast<const T*>(from);
    alignas(8) std::byte gathered[kRun * 8];
    std::byte* to = converts ? gathered : reinterpret_cast<std::byte*>(buffer);
    if (stride != 1) {
      gather(from, to, size, n);
      from = to;
    }
    if (converts) convert_function(dtype, kTypeOf<T>, isa)(from, buffer, n);
    return buffer;
  }

  void gather(const std::byte* from, std::byte* to, int64_t size, int64_t n) const {
    auto copy = [&]<class U>(U) {
      for (int64_t i = 0; i < n; ++i) reinterpret_cast<U*>(to)[i] = reinterpret_cast<const U*>(from)[i * stride];
    };
    switch (size) {
      case 1: return copy(uint8_t());
      case 2: return copy(uint16_t());
      case 4: return copy(uint32_t());
      default: return copy(uint64_t());
    }
  }
};

using Targets = std::span<const ReduceTarget>;
template <class T>
using Partials = std::array<Partial<typename ValueOf<T>::type>, kMostTargets>;

template <class T>
void combine_all(Targets targets, Partials<T>& a, const Partials<T>& b) {
  for (size_t i = 0; i < targets.size(); ++i) combine(targets[i].op, a[i], b[i]);
}

// The sum of a run that is produced, as one of all its values would be, piece by piece: a run would take half of a first-level cache.
double produced_sum(const Row<float>& row, int64_t start, int64_t n, float* piece, const Isa& isa) {
  SumLanes lanes;
  for (int64_t i = 0; i < n; i += kPiece) {
    const int64_t count = std::min(kPiece, n - i);
    isa.add_to_lanes(lanes, row.run(start + i, count, piece, isa), count);
  }
  return double(isa.sum_of_lanes(lanes));
}

// Every run is read from memory once, by the first target.
template <class T>
Partials<T> range_partial(Targets targets, const Row<T>& row, int64_t begin, int64_t end, const Isa& isa) {
  alignas(64) T buffer[kRun];
  Partials<T> all;
  const bool sums = std::ranges::all_of(targets, [](const ReduceTarget& t) { return t.op == ReduceOp::sum || t.op == ReduceOp::mean; });
  for (int64_t i = begin; i < end; i += kRun) {
    const int64_t n = std::min(kRun, end - i);
    std::optional<double> sum;
    const T* run = nullptr;
    if constexpr (std::is_same_v<T, float>) {
      if (sums && row.produce) sum = produced_sum(row, i, n, buffer, isa);
    }
    if (!sum) run = row.run(i, n, buffer, isa);
    for (size_t t = 0; t < targets.size(); ++t) combine(targets[t].op, all[t], run_partial(targets[t].op, run, n, i, isa, sum));
  }
  return all;
}

template <class Value>
void write_result(const ReduceArgs& args, const ReduceTarget& target, const Partial<Value>& p, int64_t at) {
  auto put = [&](auto value) {
    switch (reduce_result(target.op, args.dtype)) {
      case DType::boolean: static_cast<uint8_t*>(target.out)[at] = value != 0; break;
      case DType::u8: static_cast<uint8_t*>(target.out)[at] = uint8_t(value); break;
      case DType::i8: static_cast<int8_t*>(target.out)[at] = int8_t(value); break;
      case DType::u16: static_cast<uint16_t*>(target.out)[at] = uint16_t(value); break;
      case DType::i16: static_cast<int16_t*>(target.out)[at] = int16_t(value); break;
      case DType::u32: static_cast<uint32_t*>(target.out)[at] = uint32_t(value); break;
      case DType::i32: static_cast<int32_t*>(target.out)[at] = int32_t(value); break;
      case DType::u64: static_cast<uint64_t*>(target.out)[at] = uint64_t(value); break;
      case DType::i64: static_cast<int64_t*>(target.out)[at] = int64_t(value); break;
      case DType::f16: static_cast<float16*>(target.out)[at] = float16(float(value)); break;
      case DType::bf16: static_cast<bfloat16*>(target.out)[at] = bfloat16(float(value)); break;
      case DType::f32: static_cast<float*>(target.out)[at] = float(value); break;
      case DType::f64: static_cast<double*>(target.out)[at] = double(value); break;
    }
  };
  switch (target.op) {
    case ReduceOp::argmax:
    case ReduceOp::argmin: return put(p.index);
    case ReduceOp::mean: return put(double(p.value) / double(args.count));
    case ReduceOp::variance: return put(double(p.value) / (double(args.count) - args.correction));
    case ReduceOp::deviation: return put(std::sqrt(double(p.value) / (double(args.count) - args.correction)));
    case ReduceOp::logsumexp:
      if (p.count == 0) return put(-std::numeric_limits<double>::infinity());
      return put(std::isinf(p.shift) && p.value == p.value ? p.shift : p.shift + std::log(double(p.value)));
    default: return put(p.value);
  }
}

template <class T>
void reduce_rows(ThreadPool& pool, const ReduceArgs& args, Targets targets, const Isa& isa) {
  const int64_t outputs = args.outer * args.inner, size = size_of(args.dtype);
  const bool converts = std::is_floating_point_v<T> && kTypeOf<T> != args.dtype;
  auto row_of = [&](int64_t i) {
    const int64_t offset = i / args.inner * args.outer_stride + i % args.inner * args.inner_stride;
    if (args.produce) return Row<T>{nullptr, 1, args.dtype, false, args.produce, i * args.count};
    return Row<T>{static_cast<const std::byte*>(args.x) + offset * size, args.count_stride, args.dtype, converts};
  };
  auto write = [&](const Partials<T>& all, int64_t at) {
    for (size_t t = 0; t < targets.size(); ++t) write_result(args, targets[t], all[t], at);
  };
  if (args.count == 0) {
    Partials<T> nothing;
    for (size_t t = 0; t < targets.size(); ++t)
      if (targets[t].op == ReduceOp::prod || targets[t].op == ReduceOp::all) nothing[t].value = 1;
    for (int64_t i = 0; i < outputs; ++i) write(nothing, i);
    return;
  }
  const int64_t parts = (args.count + kPart - 1) / kPart;
  if (parts == 1 || outputs >= 4 * pool.size()) {
    // In parts here too: a row's result must not depend on how many rows there are.
    pool.parallel_for(outputs, std::max<int64_t>(1, kForkElements / args.count), [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        Partials<T> all;
        for (int64_t part = 0; part < parts; ++part)
          combine_all<T>(targets, all, range_partial(targets, row_of(i), part * kPart, std::min(args.count, (part + 1) * kPart), isa));
        write(all, i);
      }
    });
    return;
  }
  auto* partials = scratch<Partials<T>>(ScratchUse::shared, outputs * parts);
  pool.parallel_for(outputs * parts, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t start = i % parts * kPart;
      partials[i] = range_partial(targets, row_of(i / parts), start, std::min(args.count, start + kPart), isa);
    }
  });
  for (int64_t i = 0; i < outputs; ++i) {
    Partials<T> all;
    for (int64_t part = 0; part < parts; ++part) combine_all<T>(targets, all, partials[i * parts + part]);
    write(all, i);
  }
}

// float32 over an outer axis: whole rows are added (or compared) to a row of results, lanes along `inner`. Parts of the rows, whose size
// their number alone decides, are tasks of their own.
class Columns {
 public:
  Columns(const ReduceArgs& args, const Isa& isa) : args_(args) {
    adds_ = args.op == ReduceOp::sum || args.op == ReduceOp::mean;
    const BinaryOp op = adds_ ? BinaryOp::add : args.op == ReduceOp::max ? BinaryOp::maximum : BinaryOp::minimum;
    join_ = binary_function(op, DType::f32, isa, Operands::in_memory);
    rows_ = std::max(kLeastRows, (args.count / kMostParts + kRun) / kRun * kRun);
    parts_ = (args.count + rows_ - 1) / rows_;
    blocks_ = (args.inner + kColumns - 1) / kColumns;
    wide_ = std::min(kColumns, args.inner);
  }

  void run(ThreadPool& pool) const {
    const int64_t pieces = args_.outer * blocks_;
    const int64_t grain = std::max<int64_t>(1, kForkElements / (std::min(rows_, args_.count) * wide_));
    double* totals = parts_ > 1 ? scratch<double>(ScratchUse::shared, pieces * parts_ * wide_) : nullptr;
    pool.parallel_for(pieces * parts_, grain, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        double own[kColumns];
        reduce_part(i / parts_, i % parts_, totals ? totals + i * wide_ : own);
        if (!totals) write(i, own);
      }
    });
    if (!totals) return;
    pool.parallel_for(pieces, std::max<int64_t>(1, kForkElements / (parts_ * wide_)), [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        double* all = totals + i * parts_ * wide_;
        for (int64_t part = 1; part < parts_; ++part) join(all + part * wide_, all, width(i));
        write(i, all);
      }
    });
  }

 private:
  static constexpr int64_t kColumns = 1024, kRun = 64;  // rows joined in float before they go to double
  static constexpr int64_t kLeastRows = 512, kMostParts = 64;

  int64_t column(int64_t piece) const { return piece % blocks_ * kColumns; }
  int64_t width(int64_t piece) const { return std::min(kColumns, args_.inner - column(piece)); }

  void reduce_part(int64_t piece, int64_t part, double* totals) const {
    const int64_t n = width(piece), first = part * rows_, last = std::min(args_.count, first + rows_);
    const float* x = static_cast<const float*>(args_.x) + piece / blocks_ * args_.outer_stride + column(piece);
    alignas(64) float run[kColumns];
    if (adds_) {
      std::fill_n(totals, n, 0.0);
    } else {
      std::copy_n(x + first * args_.count_stride, n, totals);
    }
    for (int64_t r0 = first; r0 < last; r0 += kRun) {
      std::copy_n(x + r0 * args_.count_stride, n, run);
      for (int64_t r = r0 + 1; r < std::min(last, r0 + kRun); ++r) join_(run, 1, x + r * args_.count_stride, 1, run, n);
      join(run, totals, n);
    }
  }

  // Of extremes the earlier one stays where both are equal, and a NaN always.
  template <class T>
  void join(const T* more, double* totals, int64_t n) const {
    if (adds_) {
      for (int64_t c = 0; c < n; ++c) totals[c] += double(more[c]);
    } else {
      for (int64_t c = 0; c < n; ++c) totals[c] = beats(args_.op, double(more[c]), totals[c]) ? double(more[c]) : totals[c];
    }
  }

  void write(int64_t piece, const double* totals) const {
    float* out = static_cast<float*>(args_.out) + piece / blocks_ * args_.inner + column(piece);
    const double divisor = args_.op == ReduceOp::mean ? double(args_.count) : 1;
    for (int64_t c = 0; c < width(piece); ++c) out[c] = float(totals[c] / divisor);
  }

  const ReduceArgs& args_;
  bool adds_;
  BinaryFn join_;
  int64_t rows_, parts_, blocks_;
  int64_t wide_;  // columns of the widest piece
};

}  // namespace

DType reduce_result(ReduceOp op, DType dtype) {
  switch (op) {
    case ReduceOp::argmax:
    case ReduceOp::argmin: return DType::i64;
    case ReduceOp::all:
    case ReduceOp::any: return DType::boolean;
    case ReduceOp::sum:
    case ReduceOp::prod: return is_float(dtype) ? dtype : dtype == DType::boolean || is_signed(dtype) ? DType::i64 : DType::u64;
    case ReduceOp::mean:
    case ReduceOp::variance:
    case ReduceOp::deviation:
    case ReduceOp::logsumexp: return is_float(dtype) ? dtype : DType::f64;
    default: return dtype;
  }
}

void reduce(ThreadPool& pool, const ReduceArgs& args, const Isa& isa) {
  if (args.outer <= 0 || args.inner <= 0) return;
  if (args.count == 0 && is_extreme(args.op))
    fail(Status::invalid_argument, "the maximum or minimum of no elements does not exist: an axis of size 0 was reduced");
  const bool columns = args.op == ReduceOp::sum || args.op == ReduceOp::mean || args.op == ReduceOp::max || args.op == ReduceOp::min;
  if (args.dtype == DType::f32 && columns && args.inner > 1 && args.inner_stride == 1 && args.count > 0)
    return Columns(args, isa).run(pool);
  const bool fractional = is_float(reduce_result(args.op, DType::i32));
  const ReduceTarget target{args.op, args.out};
  const Targets targets(&target, 1);
  if (fractional && !is_float(args.dtype)) return reduce_rows<double>(pool, args, targets, isa);
  switch (args.dtype) {
    case DType::boolean:
    case DType::u8: return reduce_rows<uint8_t>(pool, args, targets, isa);
    case DType::i8: return reduce_rows<int8_t>(pool, args, targets, isa);
    case DType::u16: return reduce_rows<uint16_t>(pool, args, targets, isa);
    case DType::i16: return reduce_rows<int16_t>(pool, args, targets, isa);
    case DType::u32: return reduce_rows<uint32_t>(pool, args, targets, isa);
    case DType::i32: return reduce_rows<int32_t>(pool, args, targets, isa);
    case DType::u64: return reduce_rows<uint64_t>(pool, args, targets, isa);
    case DType::i64: return reduce_rows<int64_t>(pool, args, targets, isa);
    case DType::f64: return reduce_rows<double>(pool, args, targets, isa);
    default: return reduce_rows<float>(pool, args, targets, isa);
  }
}

void reduce_together(ThreadPool& pool, const ReduceArgs& args, std::span<const ReduceTarget> targets, const Isa& isa) {
  const bool rows = args.inner == 1 && args.outer > 0 && args.count > 0 && is_float(args.dtype);
  if (!rows || targets.size() > kMostTargets) {
    for (const ReduceTarget& target : targets) {
      ReduceArgs one = args;
      one.op = target.op;
      one.out = target.out;
      reduce(pool, one, isa);
    }
    return;
  }
  args.dtype == DType::f64 ? reduce_rows<double>(pool, args, targets, isa) : reduce_rows<float>(pool, args, targets, isa);
}

}  // namespace mlxc::cpu
