#include "ops/sort.h"

#include <numeric>

#include "graph/function.h"
#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/indexing.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

Array sorted_along(const Array& x, int axis, bool descending, bool indices) {
  axis = normalize_axis(axis, x.rank());
  const int last = x.rank() - 1;
  return swap_axes(apply(Sort(descending, indices), {swap_axes(x, axis, last)}), axis, last);
}

template <class T>
std::vector<T> values_of(const Array& x) {
  std::vector<T> values(size_t(x.size()));
  read(x, values.data(), values.size() * sizeof(T));
  return values;
}

}  // namespace

std::vector<TensorType> Sort::infer(TensorTypes inputs) const {
  if (inputs[0].shape.rank() < 1) fail(Status::invalid_argument, name(), ": a scalar has no axis to sort along");
  return {{inputs[0].shape, indices ? DType::i64 : inputs[0].dtype}};
}

Array sort(const Array& x, int axis, bool descending) { return sorted_along(x, axis, descending, false); }
Array argsort(const Array& x, int axis, bool descending) { return sorted_along(x, axis, descending, true); }

Ordered top_k(const Array& x, int64_t k, int axis, bool largest) {
  axis = normalize_axis(axis, x.rank());
  if (k < 0 || k > x.dim(axis)) fail(Status::invalid_argument, "top_k: k is ", k, ", expected 0 to ", x.dim(axis));
  if (x.dtype() == DType::f32 && largest && k > 0 && axis == x.rank() - 1) {
    const TopValues top = top_k(x, k);
    return {top.values, cast(top.indices, DType::i64)};
  }
  const Array indices = slice_axis(argsort(x, axis, largest), axis, 0, k);
  return {take_along_axis(x, indices, axis), indices};
}

Array median(const Array& x, const Dims& axes, bool keepdims) {
  Dims reduced;
  for (int64_t axis : axes) reduced.push_back(normalize_axis(axis, x.rank()));
  if (axes.rank() == 0)
    for (int axis = 0; axis < x.rank(); ++axis) reduced.push_back(axis);
  Dims order;
  Shape shape, result;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto times = std::count(reduced.begin(), reduced.end(), axis);
    if (times > 1) fail(Status::invalid_argument, "median: axis ", axis, " is given twice");
    if (times == 0) {
      order.push_back(axis);
      shape.push_back(x.dim(axis));
    }
    if (times == 0 || keepdims) result.push_back(times ? 1 : x.dim(axis));
  }
  int64_t count = 1;
  for (int64_t axis : reduced) {
    order.push_back(axis);
    count *= x.dim(int(axis));
  }
  if (count == 0) fail(Status::invalid_argument, "median of no elements");
  shape.push_back(count);
  const Array values = is_float(x.dtype()) ? x : cast(x, DType::f32);
  const Array row = sort(reshape(transpose(values, order), shape), -1);
  const Array low = slice_axis(row, -1, (count - 1) / 2, (count - 1) / 2 + 1), high = slice_axis(row, -1, count / 2, count / 2 + 1),
              last = slice_axis(row, -1, count - 1, count);
  // A NaN anywhere is in the last place, and wins.
  return reshape(where(unary(UnaryOp::isnan, last), last, low * 0.5 + high * 0.5), result);
}

Array searchsorted(const Array& sorted, const Array& values, bool right) {
  if (sorted.rank() != 1)
    fail(Status::invalid_argument, "searchsorted: the sorted array has the shape ", to_string(sorted.shape()), ", expected one axis");
  const DType dtype = promote(sorted.dtype(), values.dtype());
  // Sorted together, a value's place less its rank among the values is the number of elements before it. The sort is stable: of equals,
  // what comes first in the joined array.
  const Array a = cast(sorted, dtype), b = flatten(cast(values, dtype));
  const int64_t n = a.size(), m = b.size();
  if (n == 0) return full(values.device(), values.shape(), 0, DType::i64);
  const Array order = argsort(right ? concatenate({a, b}, 0) : concatenate({b, a}, 0), 0);
  const Array places = scatter(ScatterOp::set, full(values.device(), {n + m}, 0, DType::i64), order,
                               arange(values.device(), 0, double(n + m), 1, DType::i64));
  const Array of_values = right ? slice_axis(places, 0, n, n + m) : slice_axis(places, 0, 0, m);
  const Array rank = scatter(ScatterOp::set, full(values.device(), {m}, 0, DType::i64), argsort(b, 0),
                             arange(values.device(), 0, double(m), 1, DType::i64));
  return reshape(of_values - rank, values.shape());
}

Unique unique(const Array& x) {
  const Array flat = flatten(x);
  const int64_t n = flat.size();
  const Array order = argsort(flat, 0), sorted = take(flat, order, flat.dtype());
  Array first = full(x.device(), {n}, 1, DType::boolean);
  if (n > 1)
    first = concatenate({full(x.device(), {1}, 1, DType::boolean),
                         binary(BinaryOp::not_equal, slice_axis(sorted, 0, 1, n), slice_axis(sorted, 0, 0, n - 1))},
                        0);
  eval({order, first});
  const auto flags = values_of<uint8_t>(first);
  const auto places = values_of<int64_t>(order);
  std::vector<int64_t> indices, counts, inverse(static_cast<size_t>(n));
  for (size_t i = 0; i < flags.size(); ++i) {
    if (flags[i]) {
      indices.push_back(places[i]);
      counts.push_back(0);
    }
    ++counts.back();
    inverse[size_t(places[i])] = int64_t(counts.size()) - 1;
  }
  auto array = [&](const std::vector<int64_t>& values, const Shape& shape) {
    return Array::from_vector<int64_t>(x.device(), values, shape, DType::i64);
  };
  const Shape found{int64_t(indices.size())};
  const Array at = array(indices, found);
  return {take(flat, at, flat.dtype()), at, array(inverse, x.shape()), array(counts, found)};
}

}  // namespace mlxc
