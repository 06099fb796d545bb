#include "ops/convolution.h"

#include <cmath>
#include <limits>

#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/indexing.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/views.h"

namespace mlxc {
namespace {

Dims values_or(const Dims& given, int axes, int64_t otherwise, int64_t least, const char* name) {
  const Dims values = given.rank() ? given : Dims::filled(axes, otherwise);
  if (values.rank() != axes) fail(Status::invalid_argument, name, " has ", values.rank(), " values for ", axes, " spatial axes");
  for (int64_t value : values)
    if (value < least) fail(Status::invalid_argument, name, " is ", value, ", expected at least ", least);
  return values;
}

int spatial_axes(const Array& x, const Array& weight, const char* what) {
  const int axes = x.rank() - 2;
  if (axes < 1 || axes > 3 || weight.rank() != x.rank())
    fail(Status::invalid_argument, what, ": x ", to_string(x.shape()), " and weight ", to_string(weight.shape()),
         " need a batch, channels and one to three spatial axes");
  return axes;
}

// Of x [N, C, n...]: `width` elements of `value` on both sides of each spatial axis.
Array pad_spatial(const Array& x, const Dims& width, double value) {
  Dims around = Dims::filled(2, 0);
  for (int64_t w : width) around.push_back(w);
  return pad(x, around, around, PadMode::constant, value);
}

int64_t product_of(const Shape& shape, int from, int to) {
  int64_t product = 1;
  for (int i = from; i < to; ++i) product *= shape[i];
  return product;
}

Array add_bias(const Array& y, const Array& bias) {
  if (!bias) return y;
  if (!(bias.shape() == Shape{y.dim(1)}))
    fail(Status::invalid_argument, "convolution: a bias of shape ", to_string(bias.shape()), " for ", y.dim(1), " channels");
  Shape shape = Dims::filled(y.rank(), 1);
  shape[1] = y.dim(1);
  return y + reshape(bias, shape);
}

// x [N, C, n...] already padded.
Array correlate(const Array& x, const Array& weight, const Dims& stride, const Dims& dilation, int64_t groups) {
  const int axes = x.rank() - 2;
  const int64_t batch = x.dim(0), channels = x.dim(1), filters = weight.dim(0);
  if (groups < 1 || channels % groups || filters % groups || weight.dim(1) != channels / groups)
    fail(Status::invalid_argument, "convolution: weight ", to_string(weight.shape()), " does not take ", channels, " channels in ", groups,
         " groups");
  Dims kernel;
  for (int i = 0; i < axes; ++i) kernel.push_back(weight.dim(2 + i));
  const Array cut = windows(x, kernel, stride, dilation);  // [N, C, m..., k...]
  Dims order{0, 1};
  for (int i = 0; i < axes; ++i) order.push_back(2 + axes + i);
  for (int i = 0; i < axes; ++i) order.push_back(2 + i);
  const int64_t places = product_of(cut.shape(), 2, 2 + axes), taps = product_of(cut.shape(), 2 + axes, cut.rank());
  const Array columns = reshape(transpose(cut, order), {batch, groups, channels / groups * taps, places});
  const Array filter = reshape(weight, {1, groups, filters / groups, channels / groups * taps});
  Shape result{batch, filters};
  for (int i = 0; i < axes; ++i) result.push_back(cut.dim(2 + i));
  return reshape(matmul(filter, columns), result);
}

// max of nothing: what padding must not beat.
double lowest(DType dtype) {
  switch (dtype) {
    case DType::i8:
      return -128;
    case DType::i16:
      return -32768;
    case DType::i32:
      return -2147483648.0;
    case DType::i64:
      return -9223372036854775808.0;
    default:
      return is_float(dtype) ? -std::numeric_limits<double>::infinity() : 0;
  }
}

struct Pool {
  Dims kernel, stride, padding, dilation;
};
Pool checked_pool(const Array& x, const PoolShape& shape, const char* what) {
  const int axes = x.rank() - 2;
  if (axes < 1 || axes > 3)
    fail(Status::invalid_argument, what, ": ", to_string(x.shape()), " needs a batch, channels and one to three spatial axes");
  Pool pool;
  pool.kernel = values_or(shape.kernel, axes, 0, 1, "the kernel");
  pool.stride = shape.stride.rank() ? values_or(shape.stride, axes, 1, 1, "the stride") : pool.kernel;
  pool.padding = values_or(shape.padding, axes, 0, 0, "the padding");
  pool.dilation = values_or(shape.dilation, axes, 1, 1, "the dilation");
  for (int i = 0; i < axes; ++i)
    if (pool.padding[i] * 2 > pool.kernel[i])
      fail(Status::invalid_argument, what, ": padding ", pool.padding[i], " is more than half the kernel ", pool.kernel[i]);
  return pool;
}

// The places of a window come first, so that the reduction goes over whole arrays instead of a few neighbours at a time.
Array over_windows(ReduceOp op, const Array& padded, const Pool& pool) {
  const Array cut = windows(padded, pool.kernel, pool.stride, pool.dilation);
  Dims order, places;
  for (int i = 0; i < pool.kernel.rank(); ++i) order.push_back(padded.rank() + i), places.push_back(i);
  for (int i = 0; i < padded.rank(); ++i) order.push_back(i);
  return reduce(op, transpose(cut, order), places, false);
}

}  // namespace

Array convolution(const Array& x, const Array& weight, const Array& bias, const ConvolutionShape& shape) {
  const int axes = spatial_axes(x, weight, "convolution");
  const Dims stride = values_or(shape.stride, axes, 1, 1, "the stride"), dilation = values_or(shape.dilation, axes, 1, 1, "the dilation");
  const Dims padding = values_or(shape.padding, axes, 0, 0, "the padding");
  return add_bias(correlate(pad_spatial(x, padding, 0), weight, stride, dilation, shape.groups), bias);
}

Array transposed_convolution(const Array& x, const Array& weight, const Array& bias, const ConvolutionShape& shape,
                             const Dims& output_padding) {
  const int axes = spatial_axes(x, weight, "transposed convolution");
  const Dims stride = values_or(shape.stride, axes, 1, 1, "the stride"), dilation = values_or(shape.dilation, axes, 1, 1, "the dilation");
  const Dims padding = values_or(shape.padding, axes, 0, 0, "the padding"),
             extra = values_or(output_padding, axes, 0, 0, "the output padding");
  const int64_t groups = shape.groups, channels = x.dim(1);
  if (groups < 1 || channels % groups || weight.dim(0) != channels)
    fail(Status::invalid_argument, "transposed convolution: weight ", to_string(weight.shape()), " does not take ", channels,
         " channels in ", groups, " groups");
  // x spread out by the stride, with a border of dilation (k - 1) - padding, under the flipped kernel with its channels exchanged.
  Shape spread = x.shape();
  Dims start = Dims::filled(x.rank(), 0), step = Dims::filled(x.rank(), 1), stop = x.shape(), crop = start, crop_stop, flipped,
       ones = Dims::filled(axes, 1);
  crop_stop = x.shape();
  for (int i = 0; i < axes; ++i) {
    const int axis = 2 + i;
    if (extra[i] >= std::max(stride[i], dilation[i]))
      fail(Status::invalid_argument, "transposed convolution: output padding ", extra[i], " is not less than the stride ", stride[i]);
    const int64_t reach = dilation[i] * (weight.dim(axis) - 1), border = reach - padding[i], span = (x.dim(axis) - 1) * stride[i] + 1;
    if (x.dim(axis) < 1 || span + 2 * border + extra[i] < reach + 1)
      fail(Status::invalid_argument, "transposed convolution: padding ", padding[i], " leaves nothing of an axis of ", x.dim(axis));
    start[axis] = std::max<int64_t>(border, 0);
    spread[axis] = span + 2 * start[axis] + extra[i];
    step[axis] = stride[i];
    stop[axis] = start[axis] + span;
    crop[axis] = std::max<int64_t>(-border, 0);  // a border below zero cuts off instead
    crop_stop[axis] = spread[axis] - crop[axis];
    flipped.push_back(axis);
  }
  crop_stop[0] = x.dim(0);
  crop_stop[1] = channels;
  Array zeros = slice_update(full(x.device(), spread, 0, x.dtype()), x, start, stop, step);
  zeros = slice(zeros, crop, crop_stop, Dims::filled(x.rank(), 1));
  // [C, O / groups, k] -> [O, C / groups, k]
  const int64_t filters = weight.dim(1) * groups;
  Shape grouped{groups, channels / groups, weight.dim(1)}, exchanged{filters, channels / groups};
  for (int i = 0; i < axes; ++i) {
    grouped.push_back(weight.dim(2 + i));
    exchanged.push_back(weight.dim(2 + i));
  }
  const Array turned = reshape(swap_axes(reshape(flip(weight, flipped), grouped), 1, 2), exchanged);
  return add_bias(correlate(zeros, turned, ones, dilation, groups), bias);
}

Array max_pool(const Array& x, const PoolShape& shape) {
  const Pool pool = checked_pool(x, shape, "max_pool");
  return over_windows(ReduceOp::max, pad_spatial(x, pool.padding, lowest(x.dtype())), pool);
}

Array average_pool(const Array& x, const PoolShape& shape, bool count_padding) {
  const Pool pool = checked_pool(x, shape, "average_pool");
  const Array values = is_float(x.dtype()) ? x : cast(x, DType::f32);
  const Array sums = over_windows(count_padding ? ReduceOp::mean : ReduceOp::sum, pad_spatial(values, pool.padding, 0), pool);
  if (count_padding) return sums;
  Shape one = x.shape();
  one[0] = one[1] = 1;
  const Array counts = over_windows(ReduceOp::sum, pad_spatial(full(x.device(), one, 1, values.dtype()), pool.padding, 0), pool);
  return binary(BinaryOp::divide, sums, counts);
}

}  // namespace mlxc
