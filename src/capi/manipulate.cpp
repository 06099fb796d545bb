#include "mlxc/manipulate.h"

#include "capi/array_arguments.h"
#include "ops/arrange.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_array_stack(mlxc_array** out, mlxc_array* const* arrays, int64_t count, int32_t axis, mlxc_error* error) {
  return make(out, error, [&] { return stack(arrays_of(arrays, count), axis); });
}

mlxc_status mlxc_array_split(mlxc_array** outputs, int64_t output_count, mlxc_array* x, const int64_t* points, int64_t point_count,
                             int32_t axis, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(outputs, output_count);
    auto object = get(x);
    auto places = list_of(points, point_count, "points", kMaxItems);
    put_list(outputs, output_count, split(*object, std::vector<int64_t>(places.begin(), places.end()), axis));
  });
}

mlxc_status mlxc_array_pad(mlxc_array** out, mlxc_array* x, const int64_t* before, const int64_t* after, int32_t rank, int32_t mode,
                           double value, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    return pad(*object, shape_of(before, rank, "before"), shape_of(after, rank, "after"), operation_upto(PadMode::wrap, mode, "mode"),
               value);
  });
}

mlxc_status mlxc_array_repeat(mlxc_array** out, mlxc_array* x, const int64_t* counts, int64_t count, int32_t axis, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    auto times = list_of(counts, count, "counts");
    return repeat(*object, std::vector<int64_t>(times.begin(), times.end()), axis);
  });
}

mlxc_status mlxc_array_tile(mlxc_array** out, mlxc_array* x, const int64_t* repeats, int32_t rank, mlxc_error* error) {
  return make(out, error, [&] { return tile(*get(x), shape_of(repeats, rank, "repeats")); });
}

mlxc_status mlxc_array_roll(mlxc_array** out, mlxc_array* x, const int64_t* shifts, const int32_t* axes, int32_t axis_count,
                            mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    return roll(*object, shape_of(shifts, axis_count == 0 ? 1 : axis_count, "shifts"), axes_of(axes, axis_count));
  });
}

mlxc_status mlxc_array_flip(mlxc_array** out, mlxc_array* x, const int32_t* axes, int32_t axis_count, mlxc_error* error) {
  return make(out, error, [&] { return flip(*get(x), axes_of(axes, axis_count)); });
}

mlxc_status mlxc_array_swap_axes(mlxc_array** out, mlxc_array* x, int32_t a, int32_t b, mlxc_error* error) {
  return make(out, error, [&] { return swap_axes(*get(x), a, b); });
}

mlxc_status mlxc_array_move_axes(mlxc_array** out, mlxc_array* x, const int32_t* from, const int32_t* to, int32_t axis_count,
                                 mlxc_error* error) {
  return make(out, error, [&] { return move_axes(*get(x), axes_of(from, axis_count, "from"), axes_of(to, axis_count, "to")); });
}

mlxc_status mlxc_array_expand_dims(mlxc_array** out, mlxc_array* x, const int32_t* axes, int32_t axis_count, mlxc_error* error) {
  return make(out, error, [&] { return expand_dims(*get(x), axes_of(axes, axis_count)); });
}

mlxc_status mlxc_array_squeeze(mlxc_array** out, mlxc_array* x, const int32_t* axes, int32_t axis_count, mlxc_error* error) {
  return make(out, error, [&] { return squeeze(*get(x), axes_of(axes, axis_count)); });
}

mlxc_status mlxc_array_diagonal(mlxc_array** out, mlxc_array* x, int64_t k, mlxc_error* error) {
  return make(out, error, [&] { return diagonal(*get(x), k); });
}

mlxc_status mlxc_array_triangle(mlxc_array** out, mlxc_array* x, int64_t k, int32_t upper, mlxc_error* error) {
  return make(out, error, [&] { return triangle(*get(x), k, flag_of(upper, "upper")); });
}

}  // extern "C"
}  // namespace mlxc::capi
