#include "ops/random.h"

#include <cmath>

#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/sort.h"

namespace mlxc {

std::vector<TensorType> RandomBits::infer(TensorTypes inputs) const {
  if (!(inputs[0].shape == Shape{2}) || inputs[0].dtype != DType::u32)
    fail(Status::invalid_argument, "a random key is uint32 [2], not ", name_of(inputs[0].dtype), " ", to_string(inputs[0].shape));
  for (int64_t dim : shape)
    if (dim < 0) fail(Status::invalid_argument, "random numbers of shape ", to_string(shape));
  element_count(shape);
  return {{shape, DType::u32}};
}

namespace random {
namespace {

Array shifted(const Array& x, int by) { return binary(BinaryOp::shift_right, x, scalar_like(x, by)); }

// Two words as one uint64, the first one low.
Array wide_bits(const Array& key, const Shape& shape) {
  Shape pairs = shape;
  pairs.push_back(2);
  const std::vector<Array> halves = unstack(cast(bits(key, pairs), DType::u64), -1);
  return halves[0] + binary(BinaryOp::shift_left, halves[1], scalar_like(halves[1], 32));
}

DType checked_float(DType dtype, const char* what) {
  if (!is_float(dtype)) fail(Status::invalid_argument, what, " numbers are floats, not ", name_of(dtype));
  return dtype;
}

// (2 k + 1 - 2^bits) / 2^bits: every value exact, symmetric, never -1 or 1. 16-bit types are rounded from float32.
Array symmetric(const Array& key, const Shape& shape, DType dtype) {
  if (dtype == DType::f64) {
    const Array k = cast(shifted(wide_bits(key, shape), 12), DType::i64);  // 52 bits
    return cast(k * 2.0 + (1 - std::ldexp(1.0, 52)), DType::f64) * std::ldexp(1.0, -52);
  }
  const Array k = cast(shifted(bits(key, shape), 9), DType::i32);  // 23 bits
  return cast(k * 2.0 + (1 - std::ldexp(1.0, 23)), DType::f32) * std::ldexp(1.0, -23);
}

DType wide_type(DType dtype) { return dtype == DType::f64 ? DType::f64 : DType::f32; }

}  // namespace

Array key(Device& device, uint64_t seed) {
  return Array::from_vector<uint32_t>(device, {uint32_t(seed), uint32_t(seed >> 32)}, {2}, DType::u32);
}

Array split(const Array& key, int64_t count) {
  if (count < 0) fail(Status::invalid_argument, "split: ", count, " keys");
  return apply(RandomBits({count, 2}, 1), {key});
}

Array bits(const Array& key, const Shape& shape) { return apply(RandomBits(shape, 0), {key}); }

Array uniform(const Array& key, const Shape& shape, DType dtype, double low, double high) {
  checked_float(dtype, "uniform");
  if (!std::isfinite(low) || !std::isfinite(high) || low > high) fail(Status::invalid_argument, "uniform: from ", low, " to ", high);
  Array unit;
  if (dtype == DType::f64)
    unit = cast(shifted(wide_bits(key, shape), 11), DType::f64) * std::ldexp(1.0, -53);
  else {
    const int digits = dtype == DType::f16 ? 11 : dtype == DType::bf16 ? 8 : 24;
    unit = cast(shifted(bits(key, shape), 32 - digits), DType::f32) * std::ldexp(1.0, -digits);
  }
  if (low == 0 && high == 1) return cast(unit, dtype);
  return cast(unit * (high - low) + low, dtype);
}

Array normal(const Array& key, const Shape& shape, DType dtype, double mean, double deviation) {
  checked_float(dtype, "normal");
  return cast(unary(UnaryOp::erfinv, symmetric(key, shape, dtype)) * (std::sqrt(2.0) * deviation) + mean, dtype);
}

Array truncated_normal(const Array& key, const Shape& shape, DType dtype, double low, double high) {
  checked_float(dtype, "normal");
  if (!(low < high)) fail(Status::invalid_argument, "truncated_normal: from ", low, " to ", high);
  const double a = std::erf(low / std::sqrt(2.0)), b = std::erf(high / std::sqrt(2.0));
  const Array u = symmetric(key, shape, dtype) * ((b - a) / 2) + (a + b) / 2;
  const Array x = unary(UnaryOp::erfinv, u) * std::sqrt(2.0);
  return cast(binary(BinaryOp::minimum, binary(BinaryOp::maximum, x, scalar_like(x, low)), scalar_like(x, high)), dtype);
}

Array integers(const Array& key, const Shape& shape, int64_t low, int64_t high, DType dtype) {
  if (!is_integer(dtype)) fail(Status::invalid_argument, "random integers have an integer dtype, not ", name_of(dtype));
  const int64_t bits_of = 8 * size_of(dtype);
  const int64_t most = bits_of == 64 ? INT64_MAX : is_signed(dtype) ? (int64_t{1} << (bits_of - 1)) - 1 : (int64_t{1} << bits_of) - 1;
  const int64_t least = is_signed(dtype) ? -most - 1 : 0;
  if (low >= high || low < least || high - 1 > most)
    fail(Status::invalid_argument, "random integers of ", name_of(dtype), " from ", low, " to ", high);
  auto exact = [&](int64_t value) { return Array::from_vector<int64_t>(key.device(), {value}, {}, DType::i64); };
  const uint64_t range = uint64_t(high) - uint64_t(low);
  const Array span = cast(exact(int64_t(range)), DType::u64);
  const Array draw = range <= (uint64_t{1} << 32) ? shifted(cast(bits(key, shape), DType::u64) * span, 32)
                                                  : binary(BinaryOp::remainder, wide_bits(key, shape), span);
  return cast(cast(draw, DType::i64) + exact(low), dtype);
}

Array bernoulli(const Array& key, const Shape& shape, const Array& probability) {
  const DType dtype = wide_type(probability.dtype());
  return binary(BinaryOp::less, uniform(key, shape, dtype), broadcast_to(cast(probability, dtype), shape));
}

Array categorical(const Array& key, const Array& logits, int axis, int64_t count) {
  axis = normalize_axis(axis, logits.rank());
  const DType dtype = wide_type(logits.dtype());
  Array rows = expand_dims(move_axes(cast(logits, dtype), {axis}, {-1}), -2);
  Shape shape = rows.shape();
  shape[shape.rank() - 2] = count;
  const Array u = (symmetric(key, shape, dtype) + 1.0) * 0.5;
  const Array gumbel = unary(UnaryOp::negative, unary(UnaryOp::log, unary(UnaryOp::negative, unary(UnaryOp::log, u))));
  return argmax(rows + gumbel, -1, false);
}

Array permutation(const Array& key, int64_t count) {
  if (count < 0) fail(Status::invalid_argument, "a permutation of ", count);
  return argsort(wide_bits(key, {count}), 0);
}

}  // namespace random
}  // namespace mlxc
