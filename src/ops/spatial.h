// What operations over [N, C, n...] share: values of channels, one value a spatial axis, padding around, how many windows fit.
#pragma once

#include "base/checked.h"
#include "ops/arrange.h"
#include "ops/shape_ops.h"

namespace mlxc::spatial {

inline Dims values_or(const Dims& given, int axes, int64_t otherwise, int64_t least, const char* name) {
  const Dims values = given.rank() ? given : Dims::filled(axes, otherwise);
  if (values.rank() != axes) fail(Status::invalid_argument, name, " has ", values.rank(), " values for ", axes, " spatial axes");
  for (int64_t value : values)
    if (value < least) fail(Status::invalid_argument, name, " is ", value, ", expected at least ", least);
  return values;
}

inline Dims all_but_channels(int rank) {
  Dims axes{0};
  for (int axis = 2; axis < rank; ++axis) axes.push_back(axis);
  return axes;
}

// A value a channel [C], shaped to broadcast over arrays of this rank.
inline Array per_channel(const Array& values, int rank) {
  Shape shape = Dims::filled(rank, 1);
  shape[1] = values.dim(0);
  return reshape(values, shape);
}

// `width` elements of `value` on both sides of each spatial axis.
inline Array pad(const Array& x, const Dims& width, double value) {
  Dims around = Dims::filled(2, 0);
  for (int64_t w : width) around.push_back(w);
  return mlxc::pad(x, around, around, PadMode::constant, value);
}

// Windows of `kernel` elements on an axis of `size`.
inline int64_t window_count(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  const int64_t padded = checked_add(size, checked_mul(padding, int64_t{2}, "the padding"), "the padding"),
                reach = checked_add(checked_mul(kernel - 1, dilation, "a window's reach"), int64_t{1}, "a window's reach");
  if (kernel < 1) fail(Status::invalid_argument, "windows: the kernel has ", kernel, " elements, expected at least 1");
  if (reach > padded) fail(Status::invalid_argument, "windows: a kernel that reaches over ", reach, " elements on an axis of ", padded);
  return (padded - reach) / stride + 1;
}

}  // namespace mlxc::spatial
