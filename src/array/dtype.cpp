#include "array/dtype.h"

#include <array>
#include <cmath>

#include "base/error.h"

namespace mlxc {
namespace {

struct Traits {
  int64_t size;
  std::string_view name;
};
constexpr std::array<Traits, kDTypeCount> kTraits{{{1, "bool"},
                                                   {1, "uint8"},
                                                   {1, "int8"},
                                                   {2, "uint16"},
                                                   {2, "int16"},
                                                   {4, "uint32"},
                                                   {4, "int32"},
                                                   {8, "uint64"},
                                                   {8, "int64"},
                                                   {2, "float16"},
                                                   {2, "bfloat16"},
                                                   {4, "float32"},
                                                   {8, "float64"}}};

const Traits& traits(DType dtype) {
  auto index = size_t(dtype);
  if (index >= kTraits.size()) fail(Status::invalid_argument, "unknown dtype ", int32_t(dtype));
  return kTraits[index];
}

}  // namespace

int64_t size_of(DType dtype) { return traits(dtype).size; }
std::string_view name_of(DType dtype) { return traits(dtype).name; }
bool is_float(DType dtype) { return dtype >= DType::f16; }
bool is_integer(DType dtype) { return dtype != DType::boolean && dtype < DType::f16; }
bool is_signed(DType dtype) {
  return is_float(dtype) || dtype == DType::i8 || dtype == DType::i16 || dtype == DType::i32 || dtype == DType::i64;
}

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a == DType::boolean) return b;
  if (b == DType::boolean) return a;
  if (is_float(a) != is_float(b)) return is_float(a) ? a : b;
  if (is_float(a)) {
    if (size_of(a) == size_of(b)) return DType::f32;  // f16 with bf16
    return size_of(a) > size_of(b) ? a : b;
  }
  if (is_signed(a) == is_signed(b)) return size_of(a) > size_of(b) ? a : b;
  DType u = is_signed(a) ? b : a, s = is_signed(a) ? a : b;
  if (size_of(s) > size_of(u)) return s;
  switch (size_of(u)) {
    case 1: return DType::i16;
    case 2: return DType::i32;
    case 4: return DType::i64;
    default: return DType::f64;  // uint64 with a signed integer, as NumPy
  }
}

float16::float16(float value) {
  uint32_t u = std::bit_cast<uint32_t>(value);
  uint32_t sign = (u >> 16) & 0x8000u, magnitude = u & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    bits = uint16_t(sign | 0x7e00u);
  } else if (magnitude >= 0x477ff000u) {  // rounds to 65520 or more: infinity
    bits = uint16_t(sign | 0x7c00u);
  } else if (magnitude < 0x38800000u) {  // subnormal: let the float adder round at 2^-24
    float rounded = std::bit_cast<float>(magnitude) + 0.5f;
    bits = uint16_t(sign | (std::bit_cast<uint32_t>(rounded) - 0x3f000000u));
  } else {
    uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    bits = uint16_t(sign | ((rounded - 0x38000000u) >> 13));
  }
}

float16::operator float() const {
  uint32_t sign = uint32_t(bits & 0x8000u) << 16, exponent = (bits >> 10) & 0x1fu, mantissa = bits & 0x3ffu;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent == 0) {
    float magnitude = float(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

}  // namespace mlxc
