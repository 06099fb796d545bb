// From a dtype at run time to a C++ type: body is called with a value of the type that the dtype is stored as.
#pragma once

#include <cstdint>
#include <type_traits>

#include "array/dtype.h"

namespace mlxc::cpu {

template <class Body>
auto with_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::boolean:
    case DType::u8: return body(uint8_t());
    case DType::i8: return body(int8_t());
    case DType::u16: return body(uint16_t());
    case DType::i16: return body(int16_t());
    case DType::u32: return body(uint32_t());
    case DType::i32: return body(int32_t());
    case DType::u64: return body(uint64_t());
    case DType::i64: return body(int64_t());
    case DType::f16: return body(float16());
    case DType::bf16: return body(bfloat16());
    case DType::f64: return body(double());
    default: return body(float());
  }
}

// What a stored type is computed in: itself, or float32 for 16-bit floats.
template <class T>
inline constexpr bool kIsHalf = std::is_same_v<T, float16> || std::is_same_v<T, bfloat16>;
template <class T>
using Computed = std::conditional_t<kIsHalf<T>, float, T>;

}  // namespace mlxc::cpu
