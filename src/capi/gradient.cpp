#include "mlxc/gradient.h"

#include "capi/array_arguments.h"
#include "ops/gradient.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_grad(mlxc_array** gradients, mlxc_array* const* outputs, int64_t output_count, mlxc_array* const* wrt, int64_t wrt_count,
                      mlxc_array* const* cotangents, int64_t cotangent_count, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(gradients, wrt_count);
    put_list(gradients, wrt_count,
             grad(arrays_of(outputs, output_count, "outputs"), arrays_of(wrt, wrt_count, "wrt"),
                  arrays_of(cotangents, cotangent_count, "cotangents")));
  });
}

mlxc_status mlxc_array_set_requires_grad(mlxc_array* array, int32_t requires_grad, mlxc_error* error) {
  return guard(error, [&] { get(array)->set_requires_grad(flag_of(requires_grad, "requires_grad")); });
}

mlxc_status mlxc_array_requires_grad(mlxc_array* array, int32_t* requires_grad, mlxc_error* error) {
  return guard(error, [&] {
    clear(requires_grad, "requires_grad");
    *requires_grad = get(array)->requires_grad();
  });
}

mlxc_status mlxc_stop_gradient(mlxc_array** out, mlxc_array* x, mlxc_error* error) {
  return make(out, error, [&] { return stop_gradient(*get(x)); });
}

mlxc_status mlxc_checkpoint(mlxc_array** marked, mlxc_array* const* outputs, int64_t output_count, mlxc_array* const* inputs,
                            int64_t input_count, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(marked, output_count);
    put_list(marked, output_count, checkpoint(arrays_of(outputs, output_count, "outputs"), arrays_of(inputs, input_count, "inputs")));
  });
}

}  // extern "C"
}  // namespace mlxc::capi
