#include "mlxc/linalg.h"

#include "capi/array_arguments.h"
#include "ops/linalg.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_linalg_cholesky(mlxc_array** out, mlxc_array* x, int32_t upper, mlxc_error* error) {
  return make(out, error, [&] { return linalg::cholesky(*get(x), flag_of(upper, "upper")); });
}

mlxc_status mlxc_linalg_qr(mlxc_array** q, mlxc_array** r, mlxc_array* x, int32_t complete, mlxc_error* error) {
  return guard(error, [&] {
    clear_wanted({q, r});
    require(q, "q");
    require(r, "r");
    const linalg::QR parts = linalg::qr(*get(x), flag_of(complete, "complete"));
    put_all({{q, parts.q}, {r, parts.r}});
  });
}

mlxc_status mlxc_linalg_svd(mlxc_array** u, mlxc_array** s, mlxc_array** vh, mlxc_array* x, int32_t full, mlxc_error* error) {
  return guard(error, [&] {
    clear_wanted({u, s, vh});
    require(s, "s");
    auto object = get(x);
    const bool square = flag_of(full, "full");
    if (!u && !vh) return put_array(s, linalg::singular_values(*object));
    const linalg::SVD parts = linalg::svd(*object, square);
    put_all({{u, parts.u}, {s, parts.s}, {vh, parts.vh}});
  });
}

mlxc_status mlxc_linalg_eigh(mlxc_array** values, mlxc_array** vectors, mlxc_array* x, mlxc_error* error) {
  return guard(error, [&] {
    clear_wanted({values, vectors});
    require(values, "values");
    auto object = get(x);
    if (!vectors) return put_array(values, linalg::eigvalsh(*object));
    const linalg::Eigen parts = linalg::eigh(*object);
    put_all({{values, parts.values}, {vectors, parts.vectors}});
  });
}

mlxc_status mlxc_linalg_solve(mlxc_array** out, mlxc_array* a, mlxc_array* b, mlxc_error* error) {
  return make(out, error, [&] { return linalg::solve(*get(a), *get(b)); });
}

mlxc_status mlxc_linalg_triangular_solve(mlxc_array** out, mlxc_array* a, mlxc_array* b, int32_t upper, int32_t unit, int32_t transposed,
                                         mlxc_error* error) {
  return make(out, error, [&] {
    auto matrix = get(a);
    auto right = get(b);
    return linalg::triangular_solve(*matrix, *right, flag_of(upper, "upper"), flag_of(unit, "unit"), flag_of(transposed, "transposed"));
  });
}

mlxc_status mlxc_linalg_inverse(mlxc_array** out, mlxc_array* x, mlxc_error* error) {
  return make(out, error, [&] { return linalg::inverse(*get(x)); });
}

mlxc_status mlxc_linalg_determinant(mlxc_array** out, mlxc_array* x, mlxc_error* error) {
  return make(out, error, [&] { return linalg::determinant(*get(x)); });
}

mlxc_status mlxc_linalg_slogdet(mlxc_array** sign, mlxc_array** log, mlxc_array* x, mlxc_error* error) {
  return guard(error, [&] {
    clear_wanted({sign, log});
    require(sign, "sign");
    require(log, "log");
    const linalg::SignLog parts = linalg::slogdet(*get(x));
    put_all({{sign, parts.sign}, {log, parts.log}});
  });
}

mlxc_status mlxc_linalg_pseudo_inverse(mlxc_array** out, mlxc_array* x, double tolerance, mlxc_error* error) {
  return make(out, error, [&] { return linalg::pseudo_inverse(*get(x), tolerance); });
}

mlxc_status mlxc_linalg_least_squares(mlxc_array** out, mlxc_array* a, mlxc_array* b, double tolerance, mlxc_error* error) {
  return make(out, error, [&] { return linalg::least_squares(*get(a), *get(b), tolerance); });
}

mlxc_status mlxc_linalg_matrix_rank(mlxc_array** out, mlxc_array* x, double tolerance, mlxc_error* error) {
  return make(out, error, [&] { return linalg::matrix_rank(*get(x), tolerance); });
}

mlxc_status mlxc_linalg_matrix_power(mlxc_array** out, mlxc_array* x, int64_t power, mlxc_error* error) {
  return make(out, error, [&] { return linalg::matrix_power(*get(x), power); });
}

mlxc_status mlxc_linalg_cross(mlxc_array** out, mlxc_array* a, mlxc_array* b, int32_t axis, mlxc_error* error) {
  return make(out, error, [&] { return linalg::cross(*get(a), *get(b), axis); });
}

mlxc_status mlxc_linalg_vector_norm(mlxc_array** out, mlxc_array* x, double p, const int32_t* axes, int32_t axis_count, int32_t keepdims,
                                    mlxc_error* error) {
  return make(out, error, [&] { return linalg::vector_norm(*get(x), p, axes_of(axes, axis_count), flag_of(keepdims, "keepdims")); });
}

mlxc_status mlxc_linalg_matrix_norm(mlxc_array** out, mlxc_array* x, int32_t kind, double p, int32_t keepdims, mlxc_error* error) {
  return make(out, error, [&] {
    return linalg::matrix_norm(*get(x), operation_upto(linalg::MatrixNorm::p, kind, "kind"), p, flag_of(keepdims, "keepdims"));
  });
}

}  // extern "C"
}  // namespace mlxc::capi
