// Orders: sort, argsort, the largest k, and what follows from them.
#pragma once

#include "graph/array.h"

namespace mlxc {

// The last axis in order, stable. A NaN counts as larger than any number, so it is last (first when descending).
// Output: the values, or with `indices` where they came from (int64).
struct Sort : PrimitiveBase<Sort, OpCode::sort> {
  static constexpr std::string_view kName = "sort";
  Sort(bool descending, bool indices) : descending(descending), indices(indices) {}
  bool descending, indices;
  std::string_view name() const override { return indices ? "argsort" : "sort"; }
  auto fields() const { return std::tie(descending, indices); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

Array sort(const Array& x, int axis, bool descending = false);
Array argsort(const Array& x, int axis, bool descending = false);
struct Ordered {
  Array values, indices;  // indices int64
};
Ordered top_k(const Array& x, int64_t k, int axis, bool largest = true);  // sorted
// Between the two middle values their mean; NaN where there is one. No axes: over all.
Array median(const Array& x, const Dims& axes, bool keepdims);
// For each value the place in the ascending 1-d array where it would go: before equal ones, or (right) after. int64.
Array searchsorted(const Array& sorted, const Array& values, bool right);
// The different values of x, ascending; where each first stands in the flattened x; which one each element is (x's shape); how often it
// occurs. NaNs are all different. Evaluates: the shape depends on the values.
struct Unique {
  Array values, indices, inverse, counts;
};
Unique unique(const Array& x);

}  // namespace mlxc
