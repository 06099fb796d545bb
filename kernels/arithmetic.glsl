// Steps of elementwise chains that are not one operator: comparisons and extremes that see NaN, integer division and powers, conversions.
// Integers wrap around; dividing by zero gives zero; a shift by the width or more gives what shifting bit by bit would.
#ifndef MLXC_ARITHMETIC_GLSL
#define MLXC_ARITHMETIC_GLSL

#include "elements.glsl"

// Narrow integers live in 32 bits; these bring results back into range.
uint wrap_bool(uint x) { return x; }
uint wrap_u8(uint x) { return x & 0xffu; }
int wrap_i8(int x) { return bitfieldExtract(x, 0, 8); }
uint wrap_u16(uint x) { return x & 0xffffu; }
int wrap_i16(int x) { return bitfieldExtract(x, 0, 16); }
#define wrap_u32(x) (x)
#define wrap_i32(x) (x)
#define wrap_u64(x) (x)
#define wrap_i64(x) (x)

#define FLOAT_FUNCTIONS(T)                                                      \
  T minimum(T a, T b) { return a < b || is_nan(a) ? a : b; }                    \
  T maximum(T a, T b) { return a > b || is_nan(a) ? a : b; }                    \
  T sign_of(T x) { return x > T(0) ? T(1) : (x < T(0) ? T(-1) : (is_nan(x) ? x : T(0))); } \
  T relu(T x) { return is_nan(x) || x > T(0) ? x : T(0); }                      \
  bool differs(T a, T b) { return is_nan(a) || is_nan(b) || a != b; }           \
  bool is_at_most(T a, T b) { return !is_nan(a) && !is_nan(b) && a <= b; }      \
  bool is_less(T a, T b) { return !is_nan(a) && !is_nan(b) && a < b; }          \
  bool is_same(T a, T b) { return !is_nan(a) && !is_nan(b) && a == b; }
FLOAT_FUNCTIONS(float)
bool truth(float x) { return magnitude_bits(x) != 0u; }
bool truth(uint x) { return x != 0u; }
bool truth(int x) { return x != 0; }
#ifdef HAS_FLOAT64
FLOAT_FUNCTIONS(double)
bool truth(double x) { return differs(x, 0.0lf); }
#endif

#define UNSIGNED_FUNCTIONS(T)                                                   \
  T minimum(T a, T b) { return a < b ? a : b; }                                 \
  T maximum(T a, T b) { return a > b ? a : b; }                                 \
  T sign_of(T x) { return x > T(0) ? T(1) : T(0); }                             \
  T relu(T x) { return x; }                                                     \
  T floor_divide(T a, T b) { return b == T(0) ? T(0) : a / b; }                 \
  T remainder(T a, T b) { return b == T(0) ? T(0) : a % b; }                    \
  T power(T a, T b) {                                                           \
    T result = T(1);                                                            \
    for (; b != T(0); b >>= 1) {                                                \
      if ((b & T(1)) != T(0)) result *= a;                                      \
      a *= a;                                                                   \
    }                                                                           \
    return result;                                                              \
  }                                                                             \
  T shift_left(T a, T b, uint bits) { return b < T(bits) ? a << b : T(0); }     \
  T shift_right(T a, T b, uint bits) { return b < T(bits) ? a >> b : T(0); }
#define SIGNED_FUNCTIONS(T, U)                                                  \
  T minimum(T a, T b) { return a < b ? a : b; }                                 \
  T maximum(T a, T b) { return a > b ? a : b; }                                 \
  T sign_of(T x) { return x > T(0) ? T(1) : (x < T(0) ? T(-1) : T(0)); }        \
  T relu(T x) { return x < T(0) ? T(0) : x; }                                   \
  T negative(T x) { return T(U(0) - U(x)); }                                    \
  T floor_divide(T a, T b) { /* operators on negative numbers promise little */ \
    if (b == T(0)) return T(0);                                                 \
    U ua = a < T(0) ? U(0) - U(a) : U(a), ub = b < T(0) ? U(0) - U(b) : U(b);   \
    U q = ua / ub;                                                              \
    if ((a < T(0)) == (b < T(0))) return T(q);                                  \
    return T(U(0) - (q * ub != ua ? q + U(1) : q));                             \
  }                                                                             \
  T remainder(T a, T b) { return b == T(0) ? T(0) : T(U(a) - U(floor_divide(a, b)) * U(b)); } \
  T power(T a, T b) {                                                           \
    if (b < T(0)) return a == T(1) ? T(1) : (a == T(-1) ? ((b & T(1)) != T(0) ? T(-1) : T(1)) : T(0)); \
    return T(power(U(a), U(b)));                                                \
  }                                                                             \
  T shift_left(T a, T b, uint bits) { return b >= T(0) && b < T(bits) ? T(U(a) << U(b)) : T(0); }      \
  T shift_right(T a, T b, uint bits) { return b >= T(0) && b < T(bits) ? a >> b : (a < T(0) ? T(-1) : T(0)); }
UNSIGNED_FUNCTIONS(uint)
SIGNED_FUNCTIONS(int, uint)
#ifdef HAS_INT64
bool truth(uint64_t x) { return x != uint64_t(0); }
bool truth(int64_t x) { return x != int64_t(0); }
UNSIGNED_FUNCTIONS(uint64_t)
SIGNED_FUNCTIONS(int64_t, uint64_t)
#endif

// ---- conversions: truncate, and saturate from floats; NaN gives 0 ---------------------------------------------------------------------------

int float_to_i32(float x, int low, int high) {
  if (is_nan(x)) return 0;
  return x >= float(high) ? high : (x <= float(low) ? low : int(x));  // float(high) of 2^31 - 1 is 2^31
}
uint float_to_u32(float x, uint high) {
  if (is_nan(x) || x <= 0.0) return 0u;
  return x >= float(high) ? high : uint(x);
}

// An integer as the float that a 16-bit type rounds like the integer itself: what float32 cannot hold leaves its trace in the last bit.
float odd_float(uint x) {
  if (x < 0x01000000u) return float(x);
  int shift = findMSB(x) - 23;
  uint kept = (x >> shift) | ((x & ((1u << shift) - 1u)) != 0u ? 1u : 0u);
  return float(kept) * power_of_two_f32(shift);
}
float odd_float(int x) { return x < 0 ? -odd_float(0u - uint(x)) : odd_float(uint(x)); }

#ifdef HAS_INT64
float odd_float(uint64_t x) {
  uvec2 w = unpackUint2x32(x);
  if (w.y == 0u) return odd_float(w.x);
  int shift = findMSB(w.y) + 1;
  uint kept = shift == 32 ? w.y : (w.y << (32 - shift)) | (w.x >> shift);
  uint lost = shift == 32 ? w.x : w.x & ((1u << shift) - 1u);
  return odd_float(kept | (lost != 0u ? 1u : 0u)) * power_of_two_f32(shift);
}
float odd_float(int64_t x) { return x < int64_t(0) ? -odd_float(uint64_t(0) - uint64_t(x)) : odd_float(uint64_t(x)); }

int64_t float_to_i64(float x) {
  if (is_nan(x)) return int64_t(0);
  if (magnitude(x) < 9.2233720368547758e18) return int64_t(x);
  return packInt2x32(x < 0.0 ? ivec2(0, int(0x80000000u)) : ivec2(-1, 0x7fffffff));
}
uint64_t float_to_u64(float x) {
  if (is_nan(x) || x <= 0.0) return uint64_t(0);
  return x < 1.8446744073709552e19 ? uint64_t(x) : packUint2x32(uvec2(0xffffffffu));
}
#endif

#ifdef HAS_FLOAT64
int double_to_i32(double x, int low, int high) {
  if (is_nan(x)) return 0;
  return x >= double(high) ? high : (x <= double(low) ? low : int(x));
}
uint double_to_u32(double x, uint high) {
  if (is_nan(x) || x <= 0.0lf) return 0u;
  return x >= double(high) ? high : uint(x);
}
float odd_float(double x) {
  float near = float(x);
  if (!is_finite(near) || !is_finite(x) || double(near) == x) return near;
  uint bits = floatBitsToUint(near);
  if (abs(double(near)) > abs(x)) --bits;
  return uintBitsToFloat(bits | 1u);
}
#ifdef HAS_INT64
int64_t double_to_i64(double x) {
  if (is_nan(x)) return int64_t(0);
  if (abs(x) < 9223372036854775808.0lf) return int64_t(x);
  return packInt2x32(x < 0.0lf ? ivec2(0, int(0x80000000u)) : ivec2(-1, 0x7fffffff));
}
uint64_t double_to_u64(double x) {
  if (is_nan(x) || x <= 0.0lf) return uint64_t(0);
  return x < 18446744073709551616.0lf ? uint64_t(x) : packUint2x32(uvec2(0xffffffffu));
}
#endif
#endif

#endif
