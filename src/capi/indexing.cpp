#include "mlxc/indexing.h"

#include "capi/array_arguments.h"
#include "ops/indexing.h"
#include "ops/sort.h"

namespace mlxc::capi {
namespace {

ScatterOp scatter_op(int32_t op) { return operation_upto(ScatterOp::maximum, op, "op"); }

}  // namespace

extern "C" {

mlxc_status mlxc_array_take_axis(mlxc_array** out, mlxc_array* x, mlxc_array* indices, int32_t axis, mlxc_error* error) {
  return make(out, error, [&] { return take_axis(*get(x), *get(indices), axis); });
}

mlxc_status mlxc_array_take_along_axis(mlxc_array** out, mlxc_array* x, mlxc_array* indices, int32_t axis, mlxc_error* error) {
  return make(out, error, [&] { return take_along_axis(*get(x), *get(indices), axis); });
}

mlxc_status mlxc_array_put_along_axis(mlxc_array** out, int32_t op, mlxc_array* x, mlxc_array* indices, mlxc_array* values, int32_t axis,
                                      mlxc_error* error) {
  return make(out, error, [&] { return put_along_axis(scatter_op(op), *get(x), *get(indices), *get(values), axis); });
}

mlxc_status mlxc_array_gather(mlxc_array** out, mlxc_array* x, mlxc_array* const* indices, int64_t count, mlxc_error* error) {
  return make(out, error, [&] { return gather(*get(x), arrays_of(indices, count, "indices")); });
}

mlxc_status mlxc_array_scatter(mlxc_array** out, int32_t op, mlxc_array* x, mlxc_array* const* indices, int64_t count, mlxc_array* values,
                               mlxc_error* error) {
  return make(out, error, [&] { return scatter(scatter_op(op), *get(x), arrays_of(indices, count, "indices"), *get(values)); });
}

mlxc_status mlxc_array_update(mlxc_array** out, mlxc_array* x, mlxc_array* values, const int64_t* start, const int64_t* stop,
                              const int64_t* step, int32_t rank, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    auto part = get(values);
    const Bounds bounds = bounds_of(*object, start, stop, step, rank);
    return slice_update(*object, *part, bounds.start, bounds.stop, bounds.step);
  });
}

mlxc_status mlxc_array_nonzero(mlxc_array** outputs, int64_t output_count, mlxc_array* x, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(outputs, output_count);
    put_list(outputs, output_count, nonzero(*get(x)));
  });
}

mlxc_status mlxc_array_searchsorted(mlxc_array** out, mlxc_array* sorted, mlxc_array* values, int32_t right, mlxc_error* error) {
  return make(out, error, [&] { return searchsorted(*get(sorted), *get(values), flag_of(right, "right")); });
}

mlxc_status mlxc_array_sort(mlxc_array** out, mlxc_array* x, int32_t axis, int32_t descending, mlxc_error* error) {
  return make(out, error, [&] { return sort(*get(x), axis, flag_of(descending, "descending")); });
}

mlxc_status mlxc_array_argsort(mlxc_array** out, mlxc_array* x, int32_t axis, int32_t descending, mlxc_error* error) {
  return make(out, error, [&] { return argsort(*get(x), axis, flag_of(descending, "descending")); });
}

mlxc_status mlxc_array_topk(mlxc_array** values, mlxc_array** indices, mlxc_array* x, int64_t k, int32_t axis, int32_t largest,
                            mlxc_error* error) {
  return guard(error, [&] {
    clear_wanted({values, indices});
    require(values, "values");
    const Ordered top = top_k(*get(x), k, axis, flag_of(largest, "largest"));
    put_all({{values, top.values}, {indices, top.indices}});
  });
}

mlxc_status mlxc_array_unique(mlxc_array** values, mlxc_array** indices, mlxc_array** inverse, mlxc_array** counts, mlxc_array* x,
                              mlxc_error* error) {
  return guard(error, [&] {
    clear_wanted({values, indices, inverse, counts});
    require(values, "values");
    const Unique found = unique(*get(x));
    put_all({{values, found.values}, {indices, found.indices}, {inverse, found.inverse}, {counts, found.counts}});
  });
}

}  // extern "C"
}  // namespace mlxc::capi
