#include "ops/statistics.h"

#include "ops/arrange.h"
#include "ops/elementwise.h"
#include "ops/numeric.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

Array arg_all(const Array& x, bool max, bool keepdims) {
  const Array index = max ? argmax(flatten(x), 0, false) : argmin(flatten(x), 0, false);
  return keepdims ? reshape(index, Dims::filled(x.rank(), 1)) : index;
}

Array widened(const Array& x) { return x.dtype() == DType::f64 ? x : cast(x, DType::f32); }

Array wide_variance(const Array& x, const Dims& axes, double correction, bool keepdims) {
  const Array spread = reduce(ReduceOp::variance, widened(x), axes, keepdims);
  if (correction == 0) return spread;
  const double count = double(x.size()) / double(std::max<int64_t>(spread.size(), 1));
  return spread * (count / std::max(count - correction, 0.0));
}

DType result_type(const Array& x) { return is_float(x.dtype()) ? x.dtype() : DType::f32; }

}  // namespace

Array variance(const Array& x, const Dims& axes, double correction, bool keepdims) {
  return cast(wide_variance(x, axes, correction, keepdims), result_type(x));
}

Array standard_deviation(const Array& x, const Dims& axes, double correction, bool keepdims) {
  const Array root = correction == 0 ? reduce(ReduceOp::deviation, widened(x), axes, keepdims)
                                     : power_or_zero(wide_variance(x, axes, correction, keepdims), 0.5);
  return cast(root, result_type(x));
}

Array count_nonzero(const Array& x, const Dims& axes, bool keepdims) {
  return reduce(ReduceOp::sum, cast(x, DType::boolean), axes, keepdims);
}

Array reduce(ReduceOp op, const Array& x, const Dims& axes, bool keepdims, DType dtype) {
  return cast(reduce(op, cast(x, dtype), axes, keepdims), dtype);
}

Array argmax(const Array& x, bool keepdims) { return arg_all(x, true, keepdims); }
Array argmin(const Array& x, bool keepdims) { return arg_all(x, false, keepdims); }

}  // namespace mlxc
