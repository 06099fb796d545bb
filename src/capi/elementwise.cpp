#include "mlxc/elementwise.h"

#include <cmath>

#include "capi/array_arguments.h"
#include "ops/numeric.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_array_clip(mlxc_array** out, mlxc_array* x, mlxc_array* low, mlxc_array* high, mlxc_error* error) {
  return make(out, error, [&] { return clip(*get(x), optional_array(low), optional_array(high)); });
}

mlxc_status mlxc_array_nan_to_num(mlxc_array** out, mlxc_array* x, double nan, const double* positive_infinity,
                                  const double* negative_infinity, mlxc_error* error) {
  return make(out, error, [&] { return nan_to_num(*get(x), nan, positive_infinity, negative_infinity); });
}

mlxc_status mlxc_array_isclose(mlxc_array** out, mlxc_array* a, mlxc_array* b, double relative, double absolute, int32_t equal_nan,
                               mlxc_error* error) {
  return make(out, error, [&] { return isclose(*get(a), *get(b), relative, absolute, flag_of(equal_nan, "equal_nan")); });
}

mlxc_status mlxc_array_allclose(mlxc_array** out, mlxc_array* a, mlxc_array* b, double relative, double absolute, int32_t equal_nan,
                                mlxc_error* error) {
  return make(out, error, [&] { return allclose(*get(a), *get(b), relative, absolute, flag_of(equal_nan, "equal_nan")); });
}

mlxc_status mlxc_array_equal(mlxc_array** out, mlxc_array* a, mlxc_array* b, int32_t equal_nan, mlxc_error* error) {
  return make(out, error, [&] { return array_equal(*get(a), *get(b), flag_of(equal_nan, "equal_nan")); });
}

mlxc_status mlxc_array_activation(mlxc_array** out, int32_t op, mlxc_array* x, double parameter, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    const ActivationOp code = operation_upto(ActivationOp::step, op, "op");
    return activation(code, *object, std::isnan(parameter) ? default_parameter(code) : parameter);
  });
}

}  // extern "C"
}  // namespace mlxc::capi
