// Views beyond slices: elements of another type, any strides, sliding windows. None of them moves data.
#pragma once

#include "graph/array.h"

namespace mlxc {

struct Bitcast : PrimitiveBase<Bitcast, OpCode::bitcast> {  // the same bytes as another type of the same size
  static constexpr std::string_view kName = "bitcast";
  explicit Bitcast(DType to) : to(to) {}
  DType to;
  auto fields() const { return std::tie(to); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  bool is_view() const override { return true; }
  bool view(const TensorType&, const Layout& layout, Layout* result) const override {
    *result = layout;
    return true;
  }
};

// Element i of the result is element offset + sum(i * strides) of the input in row-major order. Elements may be seen more than once.
struct AsStrided : PrimitiveBase<AsStrided, OpCode::as_strided> {
  static constexpr std::string_view kName = "as_strided";
  AsStrided(Shape to, Strides strides, int64_t offset) : to(to), strides(strides), offset(offset) {}
  Shape to;
  Strides strides;
  int64_t offset;
  auto fields() const { return std::tie(to, strides, offset); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_view() const override { return true; }
  bool view(const TensorType& input, const Layout& layout, Layout* result) const override;
};

// Sliding windows over the last axes: [..., n_i, ...] -> [..., count_i, ..., kernel_i, ...], where window w of axis i has the elements
// w * stride_i + j * dilation_i, j < kernel_i, and count_i = (n_i - dilation_i * (kernel_i - 1) - 1) / stride_i + 1.
struct Windows : PrimitiveBase<Windows, OpCode::windows> {
  static constexpr std::string_view kName = "windows";
  Windows(Dims kernel, Dims stride, Dims dilation) : kernel(kernel), stride(stride), dilation(dilation) {}
  Dims kernel, stride, dilation;
  auto fields() const { return std::tie(kernel, stride, dilation); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_view() const override { return true; }
  bool view(const TensorType& input, const Layout& layout, Layout* result) const override;
};

Array bitcast(const Array& x, DType to);
Array as_strided(const Array& x, const Shape& shape, const Strides& strides, int64_t offset);
Array windows(const Array& x, const Dims& kernel, const Dims& stride, const Dims& dilation);

}  // namespace mlxc
