#include "ops/shape_ops.h"

#include <numeric>

#include "base/checked.h"
#include "graph/pass_ops.h"
#include "ops/elementwise.h"

namespace mlxc {

Shape Reshape::resolved(const Shape& from) const {
  Shape shape = to;
  bool taken[kMaxRank] = {};
  int64_t known = 1, left = 1;
  int open = -1;
  for (int i = 0; i < to.rank(); ++i) {
    if (to[i] >= 0)
      known = checked_mul(known, to[i], "the number of elements");
    else if (to[i] == -1)
      open = i;
    else {
      const int axis = int(-2 - to[i]);
      if (axis >= from.rank() || taken[axis])
        fail(Status::internal, "reshape: axis ", axis, " of ", to_string(from), " is not there, or taken twice");
      taken[axis] = true;
      shape[i] = from[axis];
    }
  }
  if (open >= 0) {
    for (int axis = 0; axis < from.rank(); ++axis)
      if (!taken[axis]) left *= from[axis];
    shape[open] = known == 0 ? -1 : left / known;
  }
  if ((open >= 0 && (known == 0 || left % known)) || element_count(shape) != element_count(from))
    fail(Status::invalid_argument, "reshape: ", to_string(from), " has ", element_count(from), " elements and does not fill ",
         to_string(shape));
  return shape;
}

std::vector<TensorType> Reshape::infer(TensorTypes inputs) const { return {{resolved(inputs[0].shape), inputs[0].dtype}}; }
bool Reshape::view(const TensorType& input, const Layout& layout, Layout* result) const {
  result->offset = layout.offset;
  return reshape_strides(input.shape, layout.strides, resolved(input.shape), &result->strides);
}

std::vector<TensorType> Transpose::infer(TensorTypes inputs) const {
  const Shape& shape = inputs[0].shape;
  bool seen[kMaxRank] = {};
  bool valid = axes.rank() == shape.rank();
  for (int i = 0; valid && i < axes.rank(); ++i) {
    valid = axes[i] >= 0 && axes[i] < shape.rank() && !seen[axes[i]];
    if (valid) seen[axes[i]] = true;
  }
  if (!valid) fail(Status::invalid_argument, "transpose: ", to_string(axes), " is no permutation of the axes of ", to_string(shape));
  Shape result = shape;
  for (int i = 0; i < axes.rank(); ++i) result[i] = shape[int(axes[i])];
  return {{result, inputs[0].dtype}};
}
bool Transpose::view(const TensorType&, const Layout& layout, Layout* result) const {
  *result = layout;
  for (int i = 0; i < axes.rank(); ++i) result->strides[i] = layout.strides[int(axes[i])];
  return true;
}

std::vector<TensorType> Slice::infer(TensorTypes inputs) const {
  if (count.rank() != inputs[0].shape.rank())
    fail(Status::invalid_argument, "slice: ", count.rank(), " ranges for the shape ", to_string(inputs[0].shape));
  for (int i = 0; i < count.rank(); ++i) {
    int64_t last = start[i] + (count[i] - 1) * step[i];
    if (count[i] > 0 && (start[i] < 0 || last < 0 || start[i] >= inputs[0].shape[i] || last >= inputs[0].shape[i]))
      fail(Status::invalid_argument, "slice: elements ", start[i], " to ", last, " of an axis of ", inputs[0].shape[i]);
  }
  return {{count, inputs[0].dtype}};
}
bool Slice::view(const TensorType&, const Layout& layout, Layout* result) const {
  *result = layout;
  for (int i = 0; i < count.rank(); ++i) {
    if (count[i] > 0) result->offset += start[i] * layout.strides[i];
    result->strides[i] = layout.strides[i] * step[i];
  }
  return true;
}

std::vector<TensorType> Broadcast::infer(TensorTypes inputs) const {
  if (!(broadcast_shapes(inputs[0].shape, to) == to))
    fail(Status::invalid_argument, "broadcast: ", to_string(inputs[0].shape), " does not fit ", to_string(to));
  return {{to, inputs[0].dtype}};
}
bool Broadcast::view(const TensorType& input, const Layout& layout, Layout* result) const {
  result->offset = layout.offset;
  result->strides = Dims::filled(to.rank(), 0);
  int shift = to.rank() - input.shape.rank();
  for (int i = 0; i < input.shape.rank(); ++i)
    if (input.shape[i] != 1) result->strides[i + shift] = layout.strides[i];
  return true;
}

std::vector<TensorType> Concatenate::infer(TensorTypes inputs) const {
  TensorType result = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    Shape expected = inputs[i].shape;
    if (expected.rank() == result.shape.rank()) expected[axis] = result.shape[axis];
    if (!(expected == result.shape))
      fail(Status::invalid_argument, "concatenate along axis ", axis, ": shapes ", to_string(inputs[0].shape), " and ",
           to_string(inputs[i].shape), " do not fit");
    result.shape[axis] = checked_add(result.shape[axis], inputs[i].shape[axis], "the concatenated axis");
  }
  return {result};
}

std::vector<TensorType> Take::infer(TensorTypes inputs) const {
  if (inputs[0].shape.rank() < 1) fail(Status::invalid_argument, "take: the table has no axis to take from");
  if (inputs[1].dtype != DType::i32 && inputs[1].dtype != DType::i64)
    fail(Status::invalid_argument, "take: indices are int32 or int64, not ", name_of(inputs[1].dtype));
  Shape shape = inputs[1].shape;
  for (int i = 1; i < inputs[0].shape.rank(); ++i) shape.push_back(inputs[0].shape[i]);
  return {{shape, to}};
}

Array reshape(const Array& x, const Shape& to) {
  if (std::count(to.begin(), to.end(), -1) > 1)
    fail(Status::invalid_argument, "reshape: ", to_string(to), " leaves more than one dimension open");
  for (int64_t dim : to)
    if (dim < -1) fail(Status::invalid_argument, "reshape: ", to_string(to), " has a negative dimension");
  return reshape_by_axes(x, to);
}

Shape all_axes(const Array& x) {
  Shape shape;
  for (int axis = 0; axis < x.rank(); ++axis) shape.push_back(same_as(axis));
  return shape;
}

Array reshape_by_axes(const Array& x, const Shape& to) {
  const Reshape op(to);
  return op.resolved(x.shape()) == x.shape() ? x : apply(op, {x});
}

Array transpose(const Array& x, const Dims& axes) {
  Dims positive = axes;
  for (int i = 0; i < axes.rank(); ++i) positive[i] = normalize_axis(axes[i], x.rank());
  return apply(Transpose(positive), {x});
}

Array transpose(const Array& x) {
  Dims axes;
  for (int i = x.rank(); i-- > 0;) axes.push_back(i);
  return apply(Transpose(axes), {x});
}

Array slice(const Array& x, const Dims& start, const Dims& stop, const Dims& step) {
  if (start.rank() != x.rank() || stop.rank() != x.rank() || step.rank() != x.rank())
    fail(Status::invalid_argument, "slice: an array of ", x.rank(), " dimensions needs as many starts, stops and steps");
  Dims first = start, count = start;
  for (int i = 0; i < x.rank(); ++i) {
    int64_t dim = x.shape()[i], by = step[i];
    if (by == 0 || by == INT64_MIN) fail(Status::invalid_argument, "slice: step ", by, " on axis ", i);
    auto clip = [&](int64_t at) {  // as Python's slice.indices
      if (at < 0) at = at < -dim ? -1 : at + dim;
      return by > 0 ? std::clamp<int64_t>(at, 0, dim) : std::clamp<int64_t>(at, -1, dim - 1);
    };
    int64_t low = clip(start[i]), high = clip(stop[i]);
    first[i] = low;
    count[i] = by > 0 ? (high > low ? (high - low - 1) / by + 1 : 0) : (low > high ? (low - high - 1) / -by + 1 : 0);
    if (count[i] == 0) first[i] = 0;
  }
  return apply(Slice(first, count, step), {x});
}

Array slice_axis(const Array& x, int axis, int64_t start, int64_t stop) {
  Dims from = Dims::filled(x.rank(), 0), to = x.shape(), by = Dims::filled(x.rank(), 1);
  axis = normalize_axis(axis, x.rank());
  from[axis] = start;
  to[axis] = stop;
  return slice(x, from, to, by);
}

Array broadcast_to(const Array& x, const Shape& shape) { return x.shape() == shape ? x : apply(Broadcast(shape), {x}); }

Array expand_dims(const Array& x, int axis) {
  Shape shape = all_axes(x);
  shape.insert(normalize_axis(axis, x.rank() + 1), 1);
  return reshape_by_axes(x, shape);
}

Array squeeze(const Array& x, int axis) {
  axis = normalize_axis(axis, x.rank());
  if (x.dim(axis) != 1) fail(Status::invalid_argument, "squeeze: axis ", axis, " of ", to_string(x.shape()), " is not 1");
  Shape shape = all_axes(x);
  shape.erase(axis);
  return reshape_by_axes(x, shape);
}

Array contiguous(const Array& x) { return apply(Copy(), {x}); }

Array concatenate(const std::vector<Array>& parts, int axis) {
  if (parts.empty()) fail(Status::invalid_argument, "concatenate needs at least one array");
  DType dtype = parts[0].dtype();
  for (const Array& part : parts) dtype = promote(dtype, part.dtype());
  std::vector<Array> inputs;
  for (const Array& part : parts) inputs.push_back(cast(part, dtype));
  return apply(Concatenate(normalize_axis(axis, parts[0].rank())), std::move(inputs));
}

Array take(const Array& x, const Array& indices, DType to) { return apply(Take(to), {x, indices}); }

}  // namespace mlxc
