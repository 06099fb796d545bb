// Slow, obvious references in float64, and the layouts every operation is tried in.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "graph/function.h"
#include "ops/elementwise.h"
#include "ops/shape_ops.h"
#include "test_device.h"

namespace mlxc::test {

// Values in logical, row-major order.
struct Reference {
  Shape shape;
  std::vector<double> values;
  double at(const Dims& index) const {
    int64_t flat = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) flat = flat * shape[axis] + index[axis];
    return values[size_t(flat)];
  }
};

// Calls body(index) for every index of the shape in row-major order.
inline void for_each_index(const Shape& shape, const std::function<void(const Dims&)>& body) {
  int64_t count = element_count(shape);
  Dims index = Dims::filled(shape.rank(), 0);
  for (int64_t i = 0; i < count; ++i) {
    body(index);
    for (int axis = shape.rank() - 1; axis >= 0 && ++index[axis] == shape[axis]; --axis) index[axis] = 0;
  }
}

inline Array make(const std::vector<double>& values, const Shape& shape, DType dtype) {
  Array wide = Array::from_vector<double>(test::device(), values, shape, DType::f64);
  Array array = cast(wide, dtype);
  eval({array});
  return array;
}

inline Reference fetch(const Array& array) {
  Reference result{array.shape(), std::vector<double>(size_t(array.size()))};
  read(cast(array, DType::f64), result.values.data(), result.values.size() * sizeof(double));
  return result;
}

enum class Lay { contiguous, transposed, every_second, reversed, broadcast };
inline const std::vector<Lay> kLayouts{Lay::contiguous, Lay::transposed, Lay::every_second, Lay::reversed, Lay::broadcast};

// An array of this shape whose data lies in the given way, filled by draw(); its elements as float64 come back in `expected`.
inline Array arrange(const Shape& shape, DType dtype, Lay lay, const std::function<double()>& draw, Reference* expected) {
  int rank = shape.rank();
  Shape base = shape;
  if (rank && lay == Lay::transposed) std::reverse(&base[0], &base[0] + rank);
  if (rank && lay == Lay::every_second) base[rank - 1] = shape[rank - 1] * 2;
  if (rank && lay == Lay::broadcast) base[0] = 1;
  std::vector<double> values(size_t(element_count(base)));
  for (double& value : values) value = draw();
  Array array = make(values, base, dtype);
  if (rank && lay == Lay::transposed) array = transpose(array);
  if (rank && lay == Lay::every_second) {
    Dims step = Dims::filled(rank, 1);
    step[rank - 1] = 2;
    array = slice(array, Dims::filled(rank, 0), base, step);
  }
  if (rank && lay == Lay::reversed) array = slice(array, Dims::filled(rank, -1), Dims::filled(rank, INT64_MIN), Dims::filled(rank, -1));
  if (rank && lay == Lay::broadcast) array = broadcast_to(array, shape);
  eval({array});
  *expected = fetch(array);
  return array;
}

// Half a unit in the last place of the type, relative to the value.
inline double unit(DType dtype) {
  switch (dtype) {
    case DType::f16: return 1.0 / 2048;
    case DType::bf16: return 1.0 / 256;
    case DType::f32: return std::ldexp(1.0, -24);
    case DType::f64: return std::ldexp(1.0, -53);
    default: return 0;
  }
}

// NaN equals NaN, infinities must agree; else |actual - expected| <= tolerance * max(|expected|, floor).
inline ::testing::AssertionResult near(const Reference& actual, const Reference& expected, double tolerance, double floor) {
  if (!(actual.shape == expected.shape))
    return ::testing::AssertionFailure() << "shape " << to_string(actual.shape) << ", expected " << to_string(expected.shape);
  for (size_t i = 0; i < expected.values.size(); ++i) {
    double a = actual.values[i], e = expected.values[i];
    if ((std::isnan(a) && std::isnan(e)) || a == e) continue;
    if (!(std::abs(a - e) <= tolerance * std::max(std::abs(e), floor)))
      return ::testing::AssertionFailure() << "element " << i << " is " << a << ", expected " << e;
  }
  return ::testing::AssertionSuccess();
}

inline const std::vector<Shape> kShapes{{}, {0}, {1}, {7}, {3, 5}, {2, 0, 3}, {2, 3, 4}, {1031}, {3, 700}};

}  // namespace mlxc::test
