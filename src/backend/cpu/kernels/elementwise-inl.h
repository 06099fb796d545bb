// Elementwise functions over tiles: float32 in vectors, float64 and integers in loops that the compiler vectorises for this instruction
// set.
#pragma once

#include "backend/cpu/kernels/double-inl.h"
#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/pairs-inl.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

template <int... I>
struct Indices {};
template <int N, int... I>
struct CountTo : CountTo<N - 1, N - 1, I...> {};
template <int... I>
struct CountTo<0, I...> {
  using type = Indices<I...>;
};

// ---- unary, float32 ------------------------------------------------------------------------------------------------------------------

template <UnaryOp op>
MLXC_INLINE F apply(F x) {
  using enum UnaryOp;
  if constexpr (op == abs) return magnitude(x);
  if constexpr (op == negative) return -x;
  if constexpr (op == exp) return MLXC_ISA::exp(x);
  if constexpr (op == expm1) return MLXC_ISA::expm1(x);
  if constexpr (op == log) return MLXC_ISA::log(x);
  if constexpr (op == log1p) return MLXC_ISA::log1p(x);
  if constexpr (op == log2) return MLXC_ISA::log2(x);
  if constexpr (op == log10) return MLXC_ISA::log10(x);
  if constexpr (op == sqrt) return MLXC_ISA::sqrt(x);
  if constexpr (op == rsqrt) return 1.0f / MLXC_ISA::sqrt(x);
  if constexpr (op == square) return x * x;
  if constexpr (op == sin) return x == 0.0f ? x : sin_cos_any(x).sine;  // keeps the sign of zero
  if constexpr (op == cos) return sin_cos_any(x).cosine;
  if constexpr (op == tan) return x == 0.0f ? x : MLXC_ISA::tan(x);
  if constexpr (op == asin) return MLXC_ISA::asin(x);
  if constexpr (op == acos) return MLXC_ISA::acos(x);
  if constexpr (op == atan) return MLXC_ISA::atan(x);
  if constexpr (op == sinh) return MLXC_ISA::sinh(x);
  if constexpr (op == cosh) return MLXC_ISA::cosh(x);
  if constexpr (op == tanh) return MLXC_ISA::tanh(x);
  if constexpr (op == asinh) return MLXC_ISA::asinh(x);
  if constexpr (op == acosh) return MLXC_ISA::acosh(x);
  if constexpr (op == atanh) return MLXC_ISA::atanh(x);
  if constexpr (op == floor) return MLXC_ISA::floor(x);
  if constexpr (op == ceil) return MLXC_ISA::ceil(x);
  if constexpr (op == trunc) return MLXC_ISA::trunc(x);
  if constexpr (op == round) return round_even(x);
  if constexpr (op == sign) return x > 0.0f ? splat(1.0f) : (x < 0.0f ? splat(-1.0f) : x + 0.0f);  // -0 gives 0
  if constexpr (op == reciprocal) return 1.0f / x;
  if constexpr (op == erf) return MLXC_ISA::erf(x);
  if constexpr (op == erfinv) return MLXC_ISA::erfinv(x);
  if constexpr (op == sigmoid) return MLXC_ISA::sigmoid(x);
  if constexpr (op == silu) return MLXC_ISA::silu(x);
  if constexpr (op == gelu_tanh) return MLXC_ISA::gelu_tanh(x);
  if constexpr (op == gelu_erf) return MLXC_ISA::gelu_erf(x);
  if constexpr (op == gelu_erf_slope) return MLXC_ISA::gelu_erf_slope(x);
  if constexpr (op == relu) return x < 0.0f ? zero() : x;
  if constexpr (op == bitwise_not) return x;  // not in the table
  return x;                                   // the operations of integers and booleans: no table sends floats here
}

template <UnaryOp op, bool FromMemory>
void unary_f32(const void* in, void* out, int64_t n) {
  const auto* x = static_cast<const float*>(in);
  if constexpr (gives_boolean(op)) {
    auto* y = static_cast<uint8_t*>(out);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
      const float a = __builtin_fabsf(x[i]);
      if constexpr (op == UnaryOp::logical_not) y[i] = x[i] == 0;
      if constexpr (op == UnaryOp::isnan) y[i] = a != a;
      if constexpr (op == UnaryOp::isinf) y[i] = a == kInfinity;
      if constexpr (op == UnaryOp::isfinite) y[i] = a < kInfinity;
    }
  } else {
    auto* y = static_cast<float*>(out);
    over(
        n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
          if constexpr (FromMemory) {
            fetch_ahead(x + i);
            fetch_ahead(y + i);
          }
          store_n(y + i, apply<op>(load_n(x + i, count)), count);
        });
  }
}

// ---- binary ---------------------------------------------------------------------------------------------------------------------------

template <class T>
constexpr bool kIsFloat = T(0.5) != T(0);
template <class T>
constexpr bool kIsSigned = T(-1) < T(0);

template <int Bytes>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using type = uint8_t;
};
template <>
struct UnsignedOf<2> {
  using type = uint16_t;
};
template <>
struct UnsignedOf<4> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<8> {
  using type = uint64_t;
};

template <class T>
MLXC_INLINE T float_modulo(T a, T b) {
  return sizeof(T) == 4 ? T(__builtin_fmodf(float(a), float(b))) : T(__builtin_fmod(double(a), double(b)));
}

template <class T>
MLXC_INLINE T float_remainder(T a, T b) {  // sign of the divisor, as Python
  T r = float_modulo(a, b);
  if (r != 0) {
    if ((b < 0) != (r < 0)) r += b;
    return r;
  }
  return r == 0 ? T(__builtin_copysign(0.0, double(b))) : r;
}

template <BinaryOp op, class T>
MLXC_INLINE T compute(T a, T b) {
  using enum BinaryOp;
  using Wide = typename UnsignedOf<sizeof(T)>::type;
  if constexpr (kIsFloat<T>) {
    if constexpr (op == add) return a + b;
    if constexpr (op == subtract) return a - b;
    if constexpr (op == multiply) return a * b;
    if constexpr (op == divide) return a / b;
    if constexpr (op == minimum) return a < b || a != a ? a : b;
    if constexpr (op == maximum) return a > b || a != a ? a : b;
    if constexpr (op == remainder) return float_remainder(a, b);
    if constexpr (op == floor_divide) {
      if (b == 0) return a / b;
      const T r = float_modulo(a, b);
      T quotient = (a - r) / b;
      if (r != 0 && (b < 0) != (r < 0)) quotient -= 1;  // also where b is infinite
      T whole = T(__builtin_floor(double(quotient)));
      if (quotient - whole > T(0.5)) whole += 1;
      return quotient != 0 ? whole : T(__builtin_copysign(0.0, double(a / b)));
    }
  } else {  // wraps around, as NumPy; division by zero gives zero
    if constexpr (op == add) return T(Wide(a) + Wide(b));
    if constexpr (op == subtract) return T(Wide(a) - Wide(b));
    if constexpr (op == multiply) return T(uint64_t(a) * uint64_t(b));
    if constexpr (op == minimum) return a < b ? a : b;
    if constexpr (op == maximum) return a > b ? a : b;
    if constexpr (op == bitwise_and) return a & b;
    if constexpr (op == bitwise_or) return a | b;
    if constexpr (op == bitwise_xor) return a ^ b;
    if constexpr (op == shift_left) return uint64_t(b) < sizeof(T) * 8 ? T(Wide(uint64_t(Wide(a)) << uint64_t(b))) : T(0);
    if constexpr (op == shift_right) return uint64_t(b) < sizeof(T) * 8 ? T(a >> b) : (kIsSigned<T> && a < 0 ? T(-1) : T(0));
    if constexpr (op == floor_divide || op == remainder) {
      if (b == 0) return 0;
      if (kIsSigned<T> && b == T(-1)) return op == remainder ? T(0) : T(Wide(0) - Wide(a));
      T quotient = a / b, rest = a % b;
      if (rest != 0 && (rest < 0) != (b < 0)) {
        --quotient;
        rest += b;
      }
      return op == remainder ? rest : quotient;
    }
    if constexpr (op == power) {
      if (kIsSigned<T> && b < 0) return a == 1 ? T(1) : a == T(-1) ? (b % 2 ? T(-1) : T(1)) : T(0);
      uint64_t result = 1, base = uint64_t(a);
      for (uint64_t e = uint64_t(b); e; e >>= 1) {
        if (e & 1) result *= base;
        base *= base;
      }
      return T(result);
    }
  }
}

template <BinaryOp op, class T>
MLXC_INLINE uint8_t compare(T a, T b) {
  using enum BinaryOp;
  if constexpr (op == equal) return a == b;
  if constexpr (op == not_equal) return a != b;
  if constexpr (op == less) return a < b;
  if constexpr (op == less_equal) return a <= b;
  if constexpr (op == greater) return a > b;
  if constexpr (op == greater_equal) return a >= b;
  if constexpr (op == logical_and) return (a != 0) & (b != 0);
  if constexpr (op == logical_or) return (a != 0) | (b != 0);
  if constexpr (op == logical_xor) return (a != 0) ^ (b != 0);
}

// ivdep: out may be one of the inputs, but then element by element.
template <BinaryOp op, class T, bool FromMemory>
void binary(const void* left, int64_t left_step, const void* right, int64_t right_step, void* out, int64_t n) {
  const auto* a = static_cast<const T*>(left);
  const auto* b = static_cast<const T*>(right);
  auto loop = [&](auto* y, auto&& f) __attribute__((always_inline)) {
    auto each = [&](auto&& element, auto... operands) __attribute__((always_inline)) {
      constexpr int64_t kLine = 64 / sizeof(T);
      int64_t i = 0;
      if constexpr (FromMemory) {
        for (; i + kLine <= n; i += kLine) {
          (fetch_ahead(operands + i), ...);
          fetch_ahead(y + i);
#pragma GCC ivdep
#pragma GCC unroll 1  // as a loop it becomes vectors, unrolled it would stay single elements
          for (int64_t j = 0; j < kLine; ++j) y[i + j] = element(i + j);
        }
      }
#pragma GCC ivdep
      for (; i < n; ++i) y[i] = element(i);
    };
    if (left_step && right_step) {
      each(
          [&](int64_t i) __attribute__((always_inline)) { return f(a[i], b[i]); }, a, b);
    } else if (left_step) {
      each(
          [&, value = *b ](int64_t i) __attribute__((always_inline)) { return f(a[i], value); }, a);
    } else if (right_step) {
      each(
          [&, value = *a ](int64_t i) __attribute__((always_inline)) { return f(value, b[i]); }, b);
    } else if (n > 0) {
      const auto value = f(*a, *b);
      for (int64_t i = 0; i < n; ++i) y[i] = value;
    }
  };
  if constexpr (gives_boolean(op)) {
    loop(
        static_cast<uint8_t*>(out), [](T x, T y) __attribute__((always_inline)) { return compare<op, T>(x, y); });
  } else {
    loop(
        static_cast<T*>(out), [](T x, T y) __attribute__((always_inline)) { return compute<op, T>(x, y); });
  }
}

// float32 functions of two arguments that have a vector form.
template <BinaryOp op>
MLXC_INLINE F compute_vector(F a, F b) {
  using enum BinaryOp;
  if constexpr (op == power) return MLXC_ISA::power(a, b);
  if constexpr (op == atan2) return MLXC_ISA::atan2(a, b);
  if constexpr (op == hypot) return MLXC_ISA::hypot(a, b);
  if constexpr (op == logaddexp) return MLXC_ISA::logaddexp(a, b);
}
template <BinaryOp op, bool FromMemory>
void binary_vector(const void* left, int64_t left_step, const void* right, int64_t right_step, void* out, int64_t n) {
  const auto* a = static_cast<const float*>(left);
  const auto* b = static_cast<const float*>(right);
  auto* y = static_cast<float*>(out);
  if (n <= 0) return;
  const F first_a = splat(*a), first_b = splat(*b);
  over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        if constexpr (FromMemory) {
          fetch_ahead(a + i * left_step);
          fetch_ahead(b + i * right_step);
          fetch_ahead(y + i);
        }
        store_n(y + i, compute_vector<op>(left_step ? load_n(a + i, count) : first_a, right_step ? load_n(b + i, count) : first_b), count);
      });
}

template <BinaryOp op, class T, bool FromMemory>
constexpr BinaryFn binary_entry() {
  using enum BinaryOp;
  if constexpr (kIsFloat<T>) {
    if constexpr (op >= bitwise_and) return nullptr;
    if constexpr (op == power || op == atan2 || op == hypot || op == logaddexp) {
      if constexpr (sizeof(T) == 4) return binary_vector<op, FromMemory>;
      return nullptr;  // float64: the C library's
    }
  } else {
    if constexpr (op == divide || op == atan2 || op == hypot || op == logaddexp) return nullptr;
  }
  if constexpr (!(kIsFloat<T> && (op >= bitwise_and || op == power || op == atan2 || op == hypot || op == logaddexp)) &&
                !(!kIsFloat<T> && (op == divide || op == atan2 || op == hypot || op == logaddexp))) {
    return binary<op, T, FromMemory>;
  }
}

template <class T, bool FromMemory, class Index>
struct BinaryTable;
template <class T, bool FromMemory, int... I>
struct BinaryTable<T, FromMemory, Indices<I...>> {
  static constexpr BinaryFn entries[] = {binary_entry<BinaryOp(I), T, FromMemory>()...};
};
template <class T, bool FromMemory = false>
constexpr const BinaryFn* binary_table() {
  return BinaryTable<T, FromMemory, CountTo<kBinaryOpCount>::type>::entries;
}

template <bool FromMemory, class Index>
struct UnaryTable;
template <bool FromMemory, int... I>
struct UnaryTable<FromMemory, Indices<I...>> {
  static constexpr UnaryFn entries[] = {
      (UnaryOp(I) == UnaryOp::bitwise_not ? nullptr : unary_f32 < UnaryOp(I), FromMemory && !gives_boolean(UnaryOp(I)) >)...};
};
template <bool FromMemory>
constexpr const UnaryFn* unary_table() {
  return UnaryTable<FromMemory, CountTo<kUnaryOpCount>::type>::entries;
}

// ---- 16-bit conversions
// -------------------------------------------------------------------------------------------------------------------

template <class From, class To>
void convert_vector(const void* in, void* out, int64_t n) {
  over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        store_n(static_cast<To*>(out) + i, load_n(static_cast<const From*>(in) + i, count), count);
      });
}

template <class T>
void where(const uint8_t* condition, int64_t condition_step, const void* left, int64_t left_step, const void* right, int64_t right_step,
           void* out, int64_t n) {
  const auto* a = static_cast<const T*>(left);
  const auto* b = static_cast<const T*>(right);
  auto* y = static_cast<T*>(out);
  if (condition_step && left_step && right_step) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = condition[i] ? a[i] : b[i];
  } else if (condition_step && left_step && n > 0) {
    const T value = *b;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = condition[i] ? a[i] : value;
  } else if (condition_step && right_step && n > 0) {
    const T value = *a;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = condition[i] ? value : b[i];
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = condition[i * condition_step] ? a[i * left_step] : b[i * right_step];
  }
}

constexpr ElementwiseTable elementwise_table() {
  return {
      .unary_f32 = {unary_table<false>(), unary_table<true>()},
      .binary_f32 = {binary_table<float>(), binary_table<float, true>()},
      .binary_f64 = {binary_table<double>(), binary_table<double, true>()},
      .pair_f32 = {PairTable<false>::entries, PairTable<true>::entries},
      .half_to_float = convert_vector<Half, float>,
      .brain_to_float = convert_vector<Brain, float>,
      .float_to_half = convert_vector<float, Half>,
      .float_to_brain = convert_vector<float, Brain>,
      .where = {where<uint8_t>, where<uint16_t>, where<uint32_t>, where<uint64_t>},
  };
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
