// Matrix products: NumPy's matmul, and the linear layer on weights as checkpoints store them.
#pragma once

#include "array/operations.h"
#include "graph/array.h"

namespace mlxc {

// The activation of a gated product, activation(x W_0^T) * (x W_1^T), or behind a product.
enum class Gate : uint8_t { none, silu, gelu_tanh, gelu_erf, relu };

// Dropout behind a product's activation: the result times `scale`, then ops/normalization.h's Dropout. Two more inputs at the end: the
// halves of the key, a number each.
struct ProductDrop {
  bool on = false;
  float probability = 0, scale = 1;
  explicit operator bool() const { return on; }
  auto fields() const { return std::tie(on, probability, scale); }
};

// a [..., m, k], b [..., k, n], batch dimensions already broadcast. Patterns join to products of float32:
//   bias        one more input of n elements, added to every row
//   activation  behind that
//   drop        behind that
//   rounds      bfloat16 inputs give a bfloat16 result, rounded once; without it float32
struct Matmul : PrimitiveBase<Matmul, OpCode::matmul> {
  static constexpr std::string_view kName = "matmul";
  bool bias = false;
  Gate activation = Gate::none;
  bool rounds = false;
  ProductDrop drop;
  auto fields() const { return std::tuple_cat(std::tie(bias, activation, rounds), drop.fields()); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  std::vector<std::string_view> parts() const override;
  double work(TensorTypes inputs, TensorTypes outputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// x [..., k] float32 times the transposes of one to four weights [n_i, k] (f32, f16 or bf16): outputs [..., n_i] float32.
// Several weights share one pass over x (q, k, v; gate, up). Patterns join what stands around a product to it:
//   norm      x goes through rms_norm first            (one more input: its weight [k])
//   gate      two weights give one output, gated
//   residual  is added to the only output              (one more input, shaped like the output)
//   activation  behind the bias of the only output, without gate or residual
//   drop      behind that
// Inputs: x, weights, biases [n_i] when has_bias, the norm's weight, the residual, the halves of the key.
struct Linear : PrimitiveBase<Linear, OpCode::linear> {
  static constexpr std::string_view kName = "linear";
  Linear(int weights, bool has_bias, Precision precision) : weights(weights), has_bias(has_bias), precision(precision) {}
  int weights;
  bool has_bias;
  Precision precision;
  bool norm = false;
  float norm_eps = 0, norm_offset = 0;  // as RmsNorm's
  Gate gate = Gate::none;
  bool residual = false;
  Gate activation = Gate::none;
  ProductDrop drop;

  size_t bias_input(int i) const { return 1 + size_t(weights) + size_t(i); }
  size_t norm_input() const { return 1 + size_t(weights) * (has_bias ? 2 : 1); }
  size_t residual_input() const { return norm_input() + (norm ? 1 : 0); }
  auto fields() const {
    return std::tuple_cat(std::tie(weights, has_bias, precision, norm, norm_eps, norm_offset, gate, residual, activation), drop.fields());
  }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  std::vector<std::string_view> parts() const override;
  double work(TensorTypes inputs, TensorTypes outputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

Array matmul(const Array& a, const Array& b);
std::vector<Array> linear(const Array& x, const std::vector<Array>& weights, const std::vector<Array>& biases, Precision precision);

}  // namespace mlxc
