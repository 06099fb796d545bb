// Conversions between all thirteen element types.
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "backend/cpu/kernels/isa.h"

namespace mlxc::cpu {
namespace {

// Element types in the order of DType; boolean is a byte of its own kind.
enum class Boolean : uint8_t { no = 0, yes = 1 };
template <int Type>
using Element = std::tuple_element_t<size_t(Type), std::tuple<Boolean, uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, uint64_t,
                                                              int64_t, float16, bfloat16, float, double>>;

// To odd, so that rounding the result to 16 bits equals rounding the double once.
float round_to_odd(double value) {
  const float near = float(value);
  if (double(near) == value || std::isnan(value) || std::isinf(near)) return near;
  uint32_t bits = std::bit_cast<uint32_t>(near);
  if (std::abs(double(near)) > std::abs(value)) --bits;
  return std::bit_cast<float>(bits | 1u);
}

template <class To, class From>
To convert_one(From value) {
  if constexpr (std::is_same_v<From, To>) {
    return value;
  } else if constexpr (std::is_same_v<From, float16> || std::is_same_v<From, bfloat16>) {
    return convert_one<To>(float(value));
  } else if constexpr (std::is_same_v<From, Boolean>) {
    return convert_one<To>(uint8_t(value != Boolean::no));
  } else if constexpr (std::is_same_v<To, Boolean>) {
    return value != From(0) ? Boolean::yes : Boolean::no;
  } else if constexpr (std::is_same_v<To, float16> || std::is_same_v<To, bfloat16>) {
    return To(std::is_same_v<From, float> ? float(value) : round_to_odd(double(value)));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // Truncates and saturates. The limits as floats: the lowest is exact, the one past the highest is a power of two.
    constexpr From low = From(std::numeric_limits<To>::min()), past = From(uint64_t(std::numeric_limits<To>::max() / 2 + 1)) * 2;
    if (!(value >= low)) return value < low ? std::numeric_limits<To>::min() : To(0);  // NaN gives 0
    return value >= past ? std::numeric_limits<To>::max() : To(value);
  } else {
    return To(value);
  }
}

template <int From, int To>
void convert_all(const void* in, void* out, int64_t n) {
  auto* from = static_cast<const Element<From>*>(in);
  auto* to = static_cast<Element<To>*>(out);
  for (int64_t i = 0; i < n; ++i) to[i] = convert_one<Element<To>>(from[i]);
}

template <int From, size_t... To>
constexpr std::array<ConvertFn, kDTypeCount> row(std::index_sequence<To...>) {
  return {&convert_all<From, int(To)>...};
}
template <size_t... From>
constexpr std::array<std::array<ConvertFn, kDTypeCount>, kDTypeCount> table(std::index_sequence<From...>) {
  return {row<int(From)>(std::make_index_sequence<kDTypeCount>())...};
}
constexpr auto kTable = table(std::make_index_sequence<kDTypeCount>());

}  // namespace

ConvertFn convert_function(DType from, DType to, const Isa& isa) {
  if (from == DType::f16 && to == DType::f32) return isa.elementwise->half_to_float;
  if (from == DType::bf16 && to == DType::f32) return isa.elementwise->brain_to_float;
  if (from == DType::f32 && to == DType::f16) return isa.elementwise->float_to_half;
  if (from == DType::f32 && to == DType::bf16) return isa.elementwise->float_to_brain;
  return kTable[size_t(from)][size_t(to)];
}

void convert(ThreadPool& pool, const void* in, DType from, void* out, DType to, int64_t n, const Isa& isa) {
  ConvertFn function = convert_function(from, to, isa);
  pool.parallel_for(n, 32768, [&](int64_t begin, int64_t end, int) {
    function(static_cast<const std::byte*>(in) + begin * size_of(from), static_cast<std::byte*>(out) + begin * size_of(to), end - begin);
  });
}

}  // namespace mlxc::cpu
