// Matrix products: NumPy's matmul, and the linear layer on weights as checkpoints store them.
#pragma once

#include "graph/array.h"

namespace mlxc {

// high: activations stay float32. native: products may round their inputs to the weights' 16-bit type; accumulation is float32 in both.
enum class Precision : uint8_t { native = 0, high = 1 };

struct Matmul : PrimitiveBase<Matmul, OpCode::matmul> {  // a [..., m, k], b [..., k, n], batch dimensions already broadcast
  static constexpr std::string_view kName = "matmul";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
};

// x [..., k] float32 times the transposes of one to four weights [n_i, k] (f32, f16 or bf16): outputs [..., n_i] float32.
// Several weights share one pass over x (q, k, v; gate, up). Inputs: x, weights, then biases [n_i] when has_bias.
struct Linear : PrimitiveBase<Linear, OpCode::linear> {
  static constexpr std::string_view kName = "linear";
  Linear(int weights, bool has_bias, Precision precision) : weights(weights), has_bias(has_bias), precision(precision) {}
  int weights;
  bool has_bias;
  Precision precision;
  auto fields() const { return std::tie(weights, has_bias, precision); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
};

Array matmul(const Array& a, const Array& b);
std::vector<Array> linear(const Array& x, const std::vector<Array>& weights, const std::vector<Array>& biases, Precision precision);

}  // namespace mlxc
