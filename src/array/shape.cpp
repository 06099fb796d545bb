#include "array/shape.h"

#include "base/checked.h"

namespace mlxc {

int64_t element_count(const Shape& shape) {
  // A zero dimension makes the product zero whatever the others are, but each partial product must still fit.
  int64_t count = 1;
  bool empty = false;
  for (int64_t dim : shape) {
    if (dim < 0) fail(Status::invalid_argument, "shape ", to_string(shape), " has a negative dimension");
    if (dim == 0)
      empty = true;
    else
      count = checked_mul(count, dim, "the number of elements");
  }
  return empty ? 0 : count;
}

Strides contiguous_strides(const Shape& shape) {
  Strides strides = Dims::filled(shape.rank(), 1);
  for (int axis = shape.rank() - 2; axis >= 0; --axis) strides[axis] = strides[axis + 1] * std::max<int64_t>(shape[axis + 1], 1);
  return strides;
}

bool is_contiguous(const Shape& shape, const Strides& strides) {
  int64_t expected = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    if (shape[axis] == 0) return true;
    if (shape[axis] != 1 && strides[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  int rank = std::max(a.rank(), b.rank());
  Shape result = Dims::filled(rank, 1);
  for (int axis = 0; axis < rank; ++axis) {
    int ia = axis - (rank - a.rank()), ib = axis - (rank - b.rank());
    int64_t da = ia >= 0 ? a[ia] : 1, db = ib >= 0 ? b[ib] : 1;
    if (da != db && da != 1 && db != 1)
      fail(Status::invalid_argument, "shapes ", to_string(a), " and ", to_string(b), " cannot be broadcast together");
    result[axis] = da == 1 ? db : da;
  }
  return result;
}

int normalize_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) fail(Status::invalid_argument, "axis ", axis, " is out of range for an array of ", rank, " dimensions");
  return int(axis < 0 ? axis + rank : axis);
}

std::string to_string(const Dims& dims) {
  std::string text = "[";
  for (int axis = 0; axis < dims.rank(); ++axis) text += (axis ? ", " : "") + std::to_string(dims[axis]);
  return text + "]";
}

bool reshape_strides(const Shape& from, const Strides& strides, const Shape& to, Strides* result) {
  if (is_contiguous(from, strides) || element_count(from) == 0) {
    *result = contiguous_strides(to);
    return true;
  }
  // Walk both shapes in groups of equal element count; inside a group the old axes must be mergeable into one.
  *result = Dims::filled(to.rank(), 0);
  int i = 0, j = 0;
  while (i < from.rank() || j < to.rank()) {
    int first_i = i, first_j = j;
    int64_t old_count = i < from.rank() ? from[i++] : 1, new_count = j < to.rank() ? to[j++] : 1;
    while (old_count != new_count) {
      if (old_count < new_count)
        old_count *= from[i++];
      else
        new_count *= to[j++];
    }
    while (i < from.rank() && from[i] == 1) ++i;
    while (j < to.rank() && to[j] == 1) ++j;
    int64_t inner = 1;
    bool started = false;
    int64_t expected = 0;
    for (int axis = i - 1; axis >= first_i; --axis) {
      if (from[axis] == 1) continue;
      if (!started) {
        inner = strides[axis];
        started = true;
      } else if (strides[axis] != expected) {
        return false;
      }
      expected = strides[axis] * from[axis];
    }
    int64_t stride = inner;
    for (int axis = j - 1; axis >= first_j; --axis) {
      (*result)[axis] = stride;
      stride *= to[axis];
    }
  }
  return true;
}

}  // namespace mlxc
