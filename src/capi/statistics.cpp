#include "mlxc/statistics.h"

#include "capi/array_arguments.h"
#include "ops/scan.h"
#include "ops/sort.h"
#include "ops/statistics.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_array_reduce_as(mlxc_array** out, int32_t op, mlxc_array* x, const int32_t* axes, int32_t axis_count, int32_t keepdims,
                                 int32_t dtype, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    return reduce(operation_upto(ReduceOp::logsumexp, op, "op"), *object, axes_of(axes, axis_count), flag_of(keepdims, "keepdims"),
                  dtype_of(dtype));
  });
}

mlxc_status mlxc_array_variance(mlxc_array** out, mlxc_array* x, const int32_t* axes, int32_t axis_count, double correction,
                                int32_t keepdims, int32_t root, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    auto function = flag_of(root, "root") ? standard_deviation : variance;
    return function(*object, axes_of(axes, axis_count), correction, flag_of(keepdims, "keepdims"));
  });
}

mlxc_status mlxc_array_median(mlxc_array** out, mlxc_array* x, const int32_t* axes, int32_t axis_count, int32_t keepdims,
                              mlxc_error* error) {
  return make(out, error, [&] { return median(*get(x), axes_of(axes, axis_count), flag_of(keepdims, "keepdims")); });
}

mlxc_status mlxc_array_scan(mlxc_array** out, int32_t op, mlxc_array* x, int32_t axis, int32_t reverse, int32_t exclusive,
                            mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    return scan(operation_upto(ScanOp::logsumexp, op, "op"), *object, axis, flag_of(reverse, "reverse"), flag_of(exclusive, "exclusive"));
  });
}

}  // extern "C"
}  // namespace mlxc::capi
