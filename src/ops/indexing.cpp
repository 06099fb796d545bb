#include "ops/indexing.h"

#include "graph/function.h"
#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

void check_indices(const Array& indices, const char* what) {
  if (!is_integer(indices.dtype())) fail(Status::invalid_argument, what, ": indices are integers, not ", name_of(indices.dtype()));
}

// int64 without negative values where those counted from the end.
Array positive(const Array& indices, int64_t size) {
  const Array wide = cast(indices, DType::i64);
  return is_signed(indices.dtype()) ? where(binary(BinaryOp::less, wide, scalar_like(wide, 0)), wide + double(size), wide) : wide;
}

// -1 (out of range for any table) where an index is outside [0, size).
Array in_range(const Array& index, int64_t size, const Array& flat) {
  const Array low = binary(BinaryOp::less, index, scalar_like(index, 0)),
              high = binary(BinaryOp::greater_equal, index, scalar_like(index, double(size)));
  return where(binary(BinaryOp::logical_or, low, high), scalar_like(flat, -1), flat);
}

// Positions in the flattened x of what take_along_axis reads.
Array positions_along(const Shape& shape, const Array& indices, int axis) {
  int64_t inner = 1;
  Array flat;
  const Array index = positive(indices, shape[axis]);
  for (int i = shape.rank() - 1; i >= 0; --i) {
    Array term;
    if (i == axis) {
      term = index * double(inner);
    } else {
      Shape place = Dims::filled(shape.rank(), 1);
      place[i] = shape[i];
      term = reshape(arange(indices.device(), 0, double(shape[i]), 1, DType::i64) * double(inner), place);
    }
    flat = flat ? flat + term : term;
    inner *= shape[i];
  }
  return in_range(index, shape[axis], flat);
}

// Positions in the rows of x with its first axes flattened.
Array positions_of(const Array& x, const std::vector<Array>& indices, const char* what) {
  if (indices.empty() || int(indices.size()) > x.rank())
    fail(Status::invalid_argument, what, ": ", indices.size(), " index arrays for ", x.rank(), " axes");
  Array flat, outside;
  for (size_t i = 0; i < indices.size(); ++i) {
    check_indices(indices[i], what);
    const int64_t size = x.dim(int(i));
    const Array index = positive(indices[i], size);
    const Array bad = binary(BinaryOp::logical_or, binary(BinaryOp::less, index, scalar_like(index, 0)),
                             binary(BinaryOp::greater_equal, index, scalar_like(index, double(size))));
    outside = outside ? binary(BinaryOp::logical_or, outside, bad) : bad;
    flat = flat ? flat * double(size) + index : index;
  }
  return where(outside, scalar_like(flat, -1), flat);
}

// x with its first `axes` axes as one.
Array rows_of(const Array& x, size_t axes) {
  Shape shape;
  int64_t rows = 1;
  for (int i = 0; i < int(axes); ++i) rows *= x.dim(i);
  shape.push_back(rows);
  for (int i = int(axes); i < x.rank(); ++i) shape.push_back(x.dim(i));
  return reshape(x, shape);
}

// Rows at checked positions; negative ones are dropped.
Array scatter_rows(ScatterOp op, const Array& x, const Array& at, const Array& values) {
  if (x.dtype() == DType::boolean && op != ScatterOp::set) fail(Status::invalid_argument, "scatter: booleans can be set only");
  Shape target = at.shape(), rows = x.shape();
  for (int i = 1; i < x.rank(); ++i) target.push_back(x.dim(i));
  rows[0] = at.size();
  return apply(Scatter(op), {x, flatten(at), reshape(broadcast_to(cast(values, x.dtype()), target), rows)});
}

void check_along(const Array& x, const Array& indices, int axis, const char* what) {
  check_indices(indices, what);
  bool fits = indices.rank() == x.rank();
  for (int i = 0; fits && i < x.rank(); ++i) fits = i == axis || indices.dim(i) == x.dim(i) || indices.dim(i) == 1;
  if (!fits)
    fail(Status::invalid_argument, what, ": indices ", to_string(indices.shape()), " do not fit ", to_string(x.shape()), " along axis ",
         axis);
}

}  // namespace

std::vector<TensorType> Update::infer(TensorTypes inputs) const {
  const Shape &shape = inputs[0].shape, &count = inputs[1].shape;
  if (count.rank() != shape.rank() || start.rank() != shape.rank() || inputs[0].dtype != inputs[1].dtype)
    fail(Status::invalid_argument, "slice_update: ", name_of(inputs[1].dtype), " ", to_string(count), " does not fit ",
         name_of(inputs[0].dtype), " ", to_string(shape));
  for (int i = 0; i < shape.rank(); ++i) {
    const int64_t last = start[i] + (count[i] - 1) * step[i];
    if (count[i] > 0 && (start[i] < 0 || last < 0 || start[i] >= shape[i] || last >= shape[i]))
      fail(Status::invalid_argument, "slice_update: elements ", start[i], " to ", last, " of an axis of ", shape[i]);
  }
  return {inputs[0]};
}

std::vector<TensorType> Scatter::infer(TensorTypes inputs) const {
  const Shape &shape = inputs[0].shape, &values = inputs[2].shape;
  bool fits = shape.rank() >= 1 && inputs[1].shape.rank() == 1 && values.rank() == shape.rank() && values[0] == inputs[1].shape[0];
  for (int i = 1; fits && i < shape.rank(); ++i) fits = values[i] == shape[i];
  if (!fits)
    fail(Status::invalid_argument, "scatter: values ", to_string(values), " at ", to_string(inputs[1].shape), " indices do not fit ",
         to_string(shape));
  if (inputs[1].dtype != DType::i64 || inputs[0].dtype != inputs[2].dtype)
    fail(Status::invalid_argument, "scatter: indices are int64 and values have the array's dtype, not ", name_of(inputs[1].dtype), " and ",
         name_of(inputs[2].dtype));
  return {inputs[0]};
}

Array slice_update(const Array& x, const Array& values, const Dims& start, const Dims& stop, const Dims& step) {
  const Array part = slice(x, start, stop, step);  // for its rules; nobody reads it
  const auto& bounds = as<Slice>(part.node()->primitive());
  return apply(Update(bounds.start, bounds.step), {x, broadcast_to(cast(values, x.dtype()), part.shape())});
}

Array scatter(ScatterOp op, const Array& x, const Array& indices, const Array& values) {
  check_indices(indices, "scatter");
  if (x.rank() < 1) fail(Status::invalid_argument, "scatter: a scalar has no rows");
  return scatter_rows(op, x, positive(indices, x.dim(0)), values);
}

Array take_axis(const Array& x, const Array& indices, int axis) {
  check_indices(indices, "take");
  axis = normalize_axis(axis, x.rank());
  const Array index = positive(indices, x.dim(axis));
  if (axis == 0) return take(x, index, x.dtype());
  Dims from, to;  // [axis, before..., after...] -> [before..., indices..., after...]
  for (int i = 0; i < indices.rank(); ++i) {
    from.push_back(i);
    to.push_back(axis + i);
  }
  const Array rows = take(move_axes(x, {axis}, {0}), index, x.dtype());
  return from.rank() ? move_axes(rows, from, to) : rows;
}

Array take_along_axis(const Array& x, const Array& indices, int axis) {
  axis = normalize_axis(axis, x.rank());
  check_along(x, indices, axis, "take_along_axis");
  return take(flatten(x), positions_along(x.shape(), indices, axis), x.dtype());
}

Array put_along_axis(ScatterOp op, const Array& x, const Array& indices, const Array& values, int axis) {
  axis = normalize_axis(axis, x.rank());
  check_along(x, indices, axis, "put_along_axis");
  const Array at = positions_along(x.shape(), indices, axis);
  return reshape(scatter_rows(op, flatten(x), at, broadcast_to(values, at.shape())), x.shape());
}

Array gather(const Array& x, const std::vector<Array>& indices) {
  const Array at = positions_of(x, indices, "gather");
  return take(rows_of(x, indices.size()), at, x.dtype());
}

Array scatter(ScatterOp op, const Array& x, const std::vector<Array>& indices, const Array& values) {
  const Array at = positions_of(x, indices, "scatter");
  return reshape(scatter_rows(op, rows_of(x, indices.size()), at, values), x.shape());
}

std::vector<Array> nonzero(const Array& x) {
  if (x.rank() == 0) fail(Status::invalid_argument, "nonzero: a scalar has no coordinates; reshape it to [1]");
  std::vector<uint8_t> flags(size_t(x.size()));
  read(cast(x, DType::boolean), flags.data(), flags.size());
  std::vector<std::vector<int64_t>> found(size_t(x.rank()));
  const Strides strides = contiguous_strides(x.shape());
  for (size_t i = 0; i < flags.size(); ++i) {
    if (!flags[i]) continue;
    for (int axis = 0; axis < x.rank(); ++axis) found[size_t(axis)].push_back(int64_t(i) / strides[axis] % x.dim(axis));
  }
  std::vector<Array> result;
  for (const auto& axis : found) result.push_back(Array::from_vector<int64_t>(x.device(), axis, {int64_t(axis.size())}, DType::i64));
  return result;
}

}  // namespace mlxc
