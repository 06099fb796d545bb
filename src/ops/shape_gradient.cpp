// Gradients of what rearranges: every element's cotangent goes back to where the element came from.
#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/indexing.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/views.h"

namespace mlxc {
namespace {

Array zeros_like(const Array& x) { return full(x.device(), x.shape(), 0, x.dtype()); }

}  // namespace

Arrays Reshape::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return {reshape(cotangents[0], inputs[0].shape())};
}

Arrays Transpose::vjp(const Arrays&, const Arrays&, const Arrays& cotangents) const {
  Dims inverse = axes;
  for (int i = 0; i < axes.rank(); ++i) inverse[int(axes[i])] = i;
  return {transpose(cotangents[0], inverse)};
}

Arrays Slice::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return {apply(Update(start, step), {zeros_like(inputs[0]), cotangents[0]})};
}

Arrays Update::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array &g = cotangents[0], &values = inputs[1];
  return {apply(Update(start, step), {g, zeros_like(values)}), apply(Slice(start, values.shape(), step), {g})};
}

Arrays Broadcast::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Shape& shape = inputs[0].shape();
  const int shift = to.rank() - shape.rank();
  Dims axes;
  for (int axis = 0; axis < to.rank(); ++axis)
    if (axis < shift || shape[axis - shift] != to[axis]) axes.push_back(axis);
  const Array& g = cotangents[0];
  return {reshape(axes.rank() ? reduce(ReduceOp::sum, g, axes, false) : g, shape)};
}

Arrays Concatenate::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  Arrays results;
  int64_t at = 0;
  for (const Array& input : inputs) {
    results.push_back(slice_axis(cotangents[0], axis, at, at + input.dim(axis)));
    at += input.dim(axis);
  }
  return results;
}

// Elements that several windows see gather from all of them, one place in the windows after the other.
Arrays Windows::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array &x = inputs[0], &g = cotangents[0];
  const int axes = kernel.rank(), first = x.rank() - axes;
  Shape count = x.shape();
  for (int i = 0; i < axes; ++i) count[first + i] = g.dim(first + i);
  Dims start = Dims::filled(x.rank(), 0), step = Dims::filled(x.rank(), 1);
  bool apart = true;  // no element is in two windows
  for (int i = 0; i < axes; ++i) apart &= dilation[i] * (kernel[i] - 1) < stride[i];
  Array sum = zeros_like(x);
  for (int64_t place = 0, places = element_count(kernel); place < places; ++place) {
    Array part = g;
    int64_t rest = place;
    for (int i = axes - 1; i >= 0; --i) {
      const int64_t at = rest % kernel[i];
      rest /= kernel[i];
      part = slice_axis(part, x.rank() + i, at, at + 1);
      start[first + i] = at * dilation[i], step[first + i] = stride[i];
    }
    part = reshape(part, count);
    sum = apply(Update(start, step), {sum, apart ? part : apply(Slice(start, count, step), {sum}) + part});
  }
  return {sum};
}

Arrays AsStrided::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array &x = inputs[0], numbers = reshape(arange(x.device(), 0, double(x.size()), 1, DType::i64), x.shape());
  const Array from = as_strided(numbers, to, strides, offset);
  return {reshape(scatter(ScatterOp::add, flatten(zeros_like(x)), from, cotangents[0]), x.shape())};
}

}  // namespace mlxc
