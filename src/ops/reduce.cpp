#include "ops/reduce.h"

#include <array>

#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/numeric.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

Shape reduced_shape(const Shape& shape, const Dims& axes, bool keepdims) {
  Shape result;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
    if (!reduced)
      result.push_back(shape[axis]);
    else if (keepdims)
      result.push_back(1);
  }
  return result;
}

// Functions meet shapes that nobody checked when they were captured.
void expect_elements(const TensorType& x, const TensorType& result, std::string_view name) {
  if (element_count(x.shape) == 0 && element_count(result.shape) > 0)
    fail(Status::invalid_argument, name, " of an empty axis has no value");
}

// Backends reduce one run of neighbouring axes; runs follow each other from the last one on. Keeps the axes.
Array reduce_runs(ReduceOp op, const Array& x, const Dims& axes) {
  int first = axes.rank() - 1;
  while (first > 0 && axes[first - 1] + 1 == axes[first]) --first;
  if (first <= 0) return apply(Reduce(op, axes, true), {x});
  Dims run, rest;
  for (int i = 0; i < axes.rank(); ++i) (i < first ? rest : run).push_back(axes[i]);
  if (op == ReduceOp::deviation) return power_or_zero(reduce_runs(ReduceOp::variance, x, axes), 0.5);
  if (op == ReduceOp::variance) {  // the mean of the runs' variances, and the variance of their means
    const Array means = apply(Reduce(ReduceOp::mean, run, true), {x}), variances = apply(Reduce(ReduceOp::variance, run, true), {x});
    return reduce_runs(ReduceOp::mean, variances, rest) + reduce_runs(ReduceOp::variance, means, rest);
  }
  return reduce_runs(op, apply(Reduce(op, run, true), {x}), rest);
}

Array arg_reduce(bool max, const Array& x, int axis, bool keepdims) {
  axis = normalize_axis(axis, x.rank());
  if (x.dim(axis) == 0) fail(Status::invalid_argument, max ? "argmax" : "argmin", " of an empty axis");
  return apply(ArgReduce(max, axis, keepdims), {x});
}

Array row_softmax(const Array& x, int axis, bool log) {
  axis = normalize_axis(axis, x.rank());
  Array values = is_float(x.dtype()) ? x : cast(x, DType::f32);
  DType dtype = values.dtype();
  if (dtype == DType::f64) {  // the kernel is float32 inside
    if (x.size() == 0) return values;
    const Array most = stop_gradient(reduce(ReduceOp::max, values, {axis}, true));  // an infinite one leaves NaN everywhere
    const Array apart = values - most, logarithm = apart - reduce(ReduceOp::logsumexp, apart, {axis}, true);
    return log ? logarithm : unary(UnaryOp::exp, logarithm);
  }
  values = cast(values, DType::f32);
  if (axis == x.rank() - 1) return cast(apply(Softmax(log), {values}), dtype);
  Dims axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i == axis ? x.rank() - 1 : i == x.rank() - 1 ? axis : i);
  return cast(transpose(apply(Softmax(log), {transpose(values, axes)}), axes), dtype);
}

}  // namespace

std::string_view name_of(ReduceOp op) {
  static constexpr std::array<std::string_view, 10> names{"sum", "mean", "prod",      "max",      "min",
                                                          "any", "all",  "logsumexp", "variance", "deviation"};
  if (size_t(op) >= names.size()) fail(Status::invalid_argument, "unknown reduction ", int(op));
  return names[size_t(op)];
}

std::vector<TensorType> Reduce::infer(TensorTypes inputs) const {
  DType dtype = inputs[0].dtype;
  if (op == ReduceOp::any || op == ReduceOp::all)
    dtype = DType::boolean;
  else if ((op == ReduceOp::sum || op == ReduceOp::prod) && !is_float(dtype))
    dtype = is_signed(dtype) || dtype == DType::boolean ? DType::i64 : DType::u64;
  const TensorType result{reduced_shape(inputs[0].shape, axes, keepdims), dtype};
  if (op == ReduceOp::max || op == ReduceOp::min) expect_elements(inputs[0], result, name());
  return {result};
}

std::vector<TensorType> Reductions::infer(TensorTypes inputs) const {
  std::vector<TensorType> outputs;
  for (ReduceOp op : ops) outputs.push_back(Reduce(op, axes, keepdims).infer(inputs)[0]);
  return outputs;
}

Arrays Reduce::compose(const Arrays& inputs) const {
  const Array& x = inputs[0];
  if (op == ReduceOp::deviation) return {power_or_zero(apply(Reduce(ReduceOp::variance, axes, keepdims), {x}), 0.5)};
  if (op != ReduceOp::variance) return {};
  const Array mean = apply(Reduce(ReduceOp::mean, axes, true), {x});
  return {apply(Reduce(ReduceOp::mean, axes, keepdims), {unary(UnaryOp::square, x - mean)})};
}

std::vector<TensorType> ArgReduce::infer(TensorTypes inputs) const {
  const TensorType result{reduced_shape(inputs[0].shape, {axis}, keepdims), DType::i64};
  expect_elements(inputs[0], result, max ? "argmax" : "argmin");
  return {result};
}

Array reduce(ReduceOp op, const Array& x, const Dims& axes, bool keepdims) {
  name_of(op);
  Dims sorted;
  for (int64_t axis : axes) sorted.push_back(normalize_axis(axis, x.rank()));
  std::sort(&sorted[0], &sorted[0] + sorted.rank());
  for (int i = 1; i < sorted.rank(); ++i)
    if (sorted[i] == sorted[i - 1]) fail(Status::invalid_argument, name_of(op), ": axis ", sorted[i], " is given twice");
  if (axes.rank() == 0)
    for (int axis = 0; axis < x.rank(); ++axis) sorted.push_back(axis);
  Array values = x;
  const bool fractional = op == ReduceOp::mean || op >= ReduceOp::logsumexp;
  if (fractional && !is_float(x.dtype())) values = cast(x, DType::f32);
  if (op == ReduceOp::max || op == ReduceOp::min) {
    for (int64_t axis : sorted)
      if (x.dim(int(axis)) == 0) fail(Status::invalid_argument, name_of(op), " of an empty axis has no value");
  }
  const bool adjacent = sorted.rank() == 0 || sorted.back() - sorted[0] + 1 == sorted.rank();
  if (adjacent) return apply(Reduce(op, sorted, keepdims), {values});
  const DType dtype = values.dtype();
  const bool narrow = dtype == DType::f16 || dtype == DType::bf16;  // rounded once, not after every run
  Array result = reduce_runs(op, narrow ? cast(values, DType::f32) : values, sorted);
  if (narrow && is_float(result.dtype())) result = cast(result, dtype);  // any and all stay boolean
  return keepdims ? result : reshape(result, reduced_shape(x.shape(), sorted, false));
}

Array argmax(const Array& x, int axis, bool keepdims) { return arg_reduce(true, x, axis, keepdims); }
Array argmin(const Array& x, int axis, bool keepdims) { return arg_reduce(false, x, axis, keepdims); }

std::vector<TensorType> TopK::infer(TensorTypes inputs) const {
  const TensorType& x = inputs[0];
  if (x.dtype != DType::f32 || x.shape.rank() == 0)
    fail(Status::invalid_argument, "top_k takes float32 with at least one axis, not ", name_of(x.dtype), " ", to_string(x.shape));
  if (k < 1 || k > x.shape.back()) fail(Status::invalid_argument, "top_k: k is ", k, ", expected 1 to ", x.shape.back());
  Shape shape = x.shape;
  shape.back() = k;
  return {{shape, DType::f32}, {shape, DType::i32}};
}

TopValues top_k(const Array& x, int64_t k) {
  std::vector<Array> results = apply_all(std::make_shared<const TopK>(k), {x});
  return {results[0], results[1]};
}

Array softmax(const Array& x, int axis) { return row_softmax(x, axis, false); }
Array log_softmax(const Array& x, int axis) { return row_softmax(x, axis, true); }

}  // namespace mlxc
