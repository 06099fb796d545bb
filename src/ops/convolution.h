// Convolutions over [batch, channels, spatial...], as PyTorch lays them out, with their two gradients as operations of their own. One to
// three spatial axes.
#pragma once

#include "graph/array.h"

namespace mlxc {

struct ConvolutionShape {  // one value a spatial axis each; empty: ones (padding: zeros)
  Dims stride, padding, dilation;
  int64_t groups = 1;
};

// x [N, C, n...], weight [O, C / groups, k...] -> [N, O, m...], m = (n + 2 padding - dilation (k - 1) - 1) / stride + 1. The weight is not
// flipped (cross-correlation). One to three spatial axes. bias [O] may be missing.
Array convolution(const Array& x, const Array& weight, const Array& bias, const ConvolutionShape& shape);
// The gradient of a convolution as an operation of its own: x [N, C, n...], weight [C, O / groups, k...] -> [N, O, m...],
// m = (n - 1) stride - 2 padding + dilation (k - 1) + 1 + output_padding.
Array transposed_convolution(const Array& x, const Array& weight, const Array& bias, const ConvolutionShape& shape,
                             const Dims& output_padding);

// The window of a convolution: every list has one value a spatial axis.
struct ConvolutionWindow {
  Dims stride, padding, dilation;
  int64_t groups = 1;
  auto fields() const { return std::tie(stride, padding, dilation, groups); }
};

// y of x [N, C, n...], weight [O, C / groups, k...] and, if has_bias, bias [O]; float32 or float64. A pattern joins the relu behind it.
struct Convolution : PrimitiveBase<Convolution, OpCode::convolution> {
  static constexpr std::string_view kName = "convolution";
  Convolution(ConvolutionWindow window, bool has_bias) : window(std::move(window)), has_bias(has_bias) {}
  ConvolutionWindow window;
  bool has_bias;
  bool relu = false;
  auto fields() const { return std::tuple_cat(window.fields(), std::tie(has_bias, relu)); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  Arrays compose(const Arrays& inputs) const override;
};

// The gradient for x, whose spatial axes have `size`, of g [N, O, m...] and weight; with a bias [C] it is a transposed convolution.
struct ConvolutionInput : PrimitiveBase<ConvolutionInput, OpCode::convolution_input> {
  static constexpr std::string_view kName = "convolution_input";
  ConvolutionInput(ConvolutionWindow window, Dims size, bool has_bias) : window(std::move(window)), size(size), has_bias(has_bias) {}
  ConvolutionWindow window;
  Dims size;
  bool has_bias;
  auto fields() const { return std::tuple_cat(window.fields(), std::tie(size, has_bias)); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  Arrays compose(const Arrays& inputs) const override;
};

// The gradient for the weight, of x and g; with has_bias a second output, the sum of g over all but the channels [O].
struct ConvolutionWeight : PrimitiveBase<ConvolutionWeight, OpCode::convolution_weight> {
  static constexpr std::string_view kName = "convolution_weight";
  ConvolutionWeight(ConvolutionWindow window, Dims kernel, bool has_bias) : window(std::move(window)), kernel(kernel), has_bias(has_bias) {}
  ConvolutionWindow window;
  Dims kernel;
  bool has_bias;
  auto fields() const { return std::tuple_cat(window.fields(), std::tie(kernel, has_bias)); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  Arrays compose(const Arrays& inputs) const override;
};

}  // namespace mlxc
