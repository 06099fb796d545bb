// Element types and the 16-bit float conversions.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace mlxc {

// Values are part of the C ABI (MLXC_DTYPE_...): pinned.
enum class DType : int32_t {
  boolean = 0,
  u8 = 1,
  i8 = 2,
  u16 = 3,
  i16 = 4,
  u32 = 5,
  i32 = 6,
  u64 = 7,
  i64 = 8,
  f16 = 9,
  bf16 = 10,
  f32 = 11,
  f64 = 12
};
inline constexpr int kDTypeCount = 13;

int64_t size_of(DType dtype);           // bytes per element
std::string_view name_of(DType dtype);  // "bool", "uint8", ..., "bfloat16", "float32", "float64"
bool is_float(DType dtype);
bool is_integer(DType dtype);  // signed or unsigned, not boolean
bool is_signed(DType dtype);   // signed integers and floats
// Array API / NumPy promotion; two 16-bit float kinds give f32; integer with float gives the float.
DType promote(DType a, DType b);

struct bfloat16 {
  uint16_t bits;
  bfloat16() = default;
  explicit bfloat16(float value) : bits(round(value)) {}
  explicit operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }

 private:
  static uint16_t round(float value) {  // to nearest, ties to even; NaN stays NaN
    uint32_t u = std::bit_cast<uint32_t>(value);
    if ((u & 0x7fffffffu) > 0x7f800000u) return uint16_t((u >> 16) | 0x40u);
    return uint16_t((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
};

struct float16 {
  uint16_t bits;
  float16() = default;
  explicit float16(float value);
  explicit operator float() const;
};

}  // namespace mlxc
