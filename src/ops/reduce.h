// Reductions over axes, and row-wise softmax.
#pragma once

#include "graph/array.h"

namespace mlxc {

// variance: the population's; deviation: its square root
enum class ReduceOp : uint8_t { sum, mean, prod, max, min, any, all, logsumexp, variance, deviation };
std::string_view name_of(ReduceOp op);

struct Reduce : PrimitiveBase<Reduce, OpCode::reduce> {  // axes sorted and adjacent; keeps reduced axes as 1 when keepdims
  static constexpr std::string_view kName = "reduce";
  Reduce(ReduceOp op, Dims axes, bool keepdims) : op(op), axes(axes), keepdims(keepdims) {}
  ReduceOp op;
  Dims axes;
  bool keepdims;
  std::string_view name() const override { return name_of(op); }
  auto fields() const { return std::tie(op, axes, keepdims); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  Arrays compose(const Arrays& inputs) const override;  // of variance and deviation, for devices without them
};

inline size_t hash_of(const std::vector<ReduceOp>& ops) {
  size_t seed = ops.size();
  for (ReduceOp op : ops) hash_combine(seed, size_t(op));
  return seed;
}

// Several reductions of one input over the same axes: what a pattern makes of them, so that the input is read once.
struct Reductions : PrimitiveBase<Reductions, OpCode::reductions> {
  static constexpr std::string_view kName = "reductions";
  Reductions(std::vector<ReduceOp> ops, Dims axes, bool keepdims) : ops(std::move(ops)), axes(axes), keepdims(keepdims) {}
  std::vector<ReduceOp> ops;
  Dims axes;
  bool keepdims;
  auto fields() const { return std::tie(ops, axes, keepdims); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
};

struct ArgReduce : PrimitiveBase<ArgReduce, OpCode::arg_reduce> {  // argmax or argmin over one axis, first winner, int64
  static constexpr std::string_view kName = "arg_reduce";
  ArgReduce(bool max, int axis, bool keepdims) : max(max), axis(axis), keepdims(keepdims) {}
  bool max;
  int axis;
  bool keepdims;
  auto fields() const { return std::tie(max, axis, keepdims); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
};

// The k largest of the last axis, largest first, equal ones by index; a NaN counts as larger than any number.
// Input float32 [..., n], k <= n; outputs values [..., k] float32 and indices [..., k] int32.
struct TopK : PrimitiveBase<TopK, OpCode::top_k> {
  static constexpr std::string_view kName = "top_k";
  explicit TopK(int64_t k) : k(k) {}
  int64_t k;
  auto fields() const { return std::tie(k); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

struct Softmax : PrimitiveBase<Softmax, OpCode::softmax> {  // over the last axis, float32 inside
  static constexpr std::string_view kName = "softmax";
  explicit Softmax(bool log) : log(log) {}
  bool log;
  auto fields() const { return std::tie(log); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs[0]}; }
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

Array reduce(ReduceOp op, const Array& x, const Dims& axes, bool keepdims);  // empty axes: all of them
Array argmax(const Array& x, int axis, bool keepdims);
Array argmin(const Array& x, int axis, bool keepdims);
struct TopValues {
  Array values, indices;
};
TopValues top_k(const Array& x, int64_t k);
Array softmax(const Array& x, int axis);
Array log_softmax(const Array& x, int axis);

}  // namespace mlxc
