// Reductions made of others.
#pragma once

#include "ops/reduce.h"

namespace mlxc {

// Sum of squared differences from the mean over (count - correction); NaN or infinity where that is not positive. Integers give float32,
// 16-bit floats are computed in float32.
Array variance(const Array& x, const Dims& axes, double correction, bool keepdims);
Array standard_deviation(const Array& x, const Dims& axes, double correction, bool keepdims);
Array count_nonzero(const Array& x, const Dims& axes, bool keepdims);  // int64
// As reduce(), in and as `dtype`: the elements are converted first.
Array reduce(ReduceOp op, const Array& x, const Dims& axes, bool keepdims, DType dtype);
// Over all elements, as an index into the flattened array; keepdims keeps every axis as 1.
Array argmax(const Array& x, bool keepdims);
Array argmin(const Array& x, bool keepdims);

}  // namespace mlxc
