// Convolutions and pools over [batch, channels, spatial...], as PyTorch lays them out: sliding windows (a view) times a matrix.
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

// Over windows of the spatial axes. Padding counts as -infinity for the maximum, and for the average as zero: as elements of the mean when
// `count_padding`, else left out of it.
struct PoolShape {
  Dims kernel, stride, padding, dilation;  // empty stride: the kernel
};
Array max_pool(const Array& x, const PoolShape& shape);
Array average_pool(const Array& x, const PoolShape& shape, bool count_padding);

}  // namespace mlxc
