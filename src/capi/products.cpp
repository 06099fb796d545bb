#include "mlxc/products.h"

#include "capi/array_arguments.h"
#include "ops/products.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_array_outer(mlxc_array** out, mlxc_array* a, mlxc_array* b, mlxc_error* error) {
  return make(out, error, [&] { return outer(*get(a), *get(b)); });
}

mlxc_status mlxc_array_inner(mlxc_array** out, mlxc_array* a, mlxc_array* b, mlxc_error* error) {
  return make(out, error, [&] { return inner(*get(a), *get(b)); });
}

mlxc_status mlxc_array_vecdot(mlxc_array** out, mlxc_array* a, mlxc_array* b, int32_t axis, mlxc_error* error) {
  return make(out, error, [&] { return vecdot(*get(a), *get(b), axis); });
}

mlxc_status mlxc_array_tensordot(mlxc_array** out, mlxc_array* a, mlxc_array* b, const int32_t* a_axes, const int32_t* b_axes,
                                 int32_t axis_count, mlxc_error* error) {
  return make(out, error,
              [&] { return tensordot(*get(a), *get(b), axes_of(a_axes, axis_count, "a_axes"), axes_of(b_axes, axis_count, "b_axes")); });
}

mlxc_status mlxc_array_kron(mlxc_array** out, mlxc_array* a, mlxc_array* b, mlxc_error* error) {
  return make(out, error, [&] { return kron(*get(a), *get(b)); });
}

mlxc_status mlxc_array_addmm(mlxc_array** out, mlxc_array* c, mlxc_array* a, mlxc_array* b, double alpha, double beta, mlxc_error* error) {
  return make(out, error, [&] { return addmm(*get(c), *get(a), *get(b), alpha, beta); });
}

mlxc_status mlxc_array_einsum(mlxc_array** out, const char* equation, size_t bytes, mlxc_array* const* operands, int64_t count,
                              mlxc_error* error) {
  return make(out, error, [&] { return einsum(text_of(equation, bytes, "equation"), arrays_of(operands, count, "operands")); });
}

}  // extern "C"
}  // namespace mlxc::capi
