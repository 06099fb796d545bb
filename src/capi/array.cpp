#include "mlxc/array.h"

#include <cmath>
#include <span>

#include "capi/array_arguments.h"
#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/indexing.h"
#include "ops/matmul.h"
#include "ops/numeric.h"
#include "ops/shape_ops.h"
#include "ops/statistics.h"
#include "ops/views.h"

namespace mlxc::capi {

DType dtype_of(int32_t dtype) { return DType(in_range(dtype, 0, kDTypeCount - 1, "dtype")); }

namespace {

// In the order of the numbers that the header pins: primitive operations first, then composed ones.
template <UnaryOp op>
Array primitive(const Array& x) {
  return unary(op, x);
}
template <BinaryOp op>
Array primitive(const Array& a, const Array& b) {
  return binary(op, a, b);
}
using U = UnaryOp;
constexpr Array (*kUnary[])(const Array&) = {
    primitive<U::abs>,
    primitive<U::negative>,
    primitive<U::exp>,
    primitive<U::expm1>,
    primitive<U::log>,
    primitive<U::log1p>,
    primitive<U::log2>,
    primitive<U::log10>,
    primitive<U::sqrt>,
    primitive<U::rsqrt>,
    primitive<U::square>,
    primitive<U::reciprocal>,
    primitive<U::sin>,
    primitive<U::cos>,
    primitive<U::tan>,
    primitive<U::asin>,
    primitive<U::acos>,
    primitive<U::atan>,
    primitive<U::sinh>,
    primitive<U::cosh>,
    primitive<U::tanh>,
    primitive<U::asinh>,
    primitive<U::acosh>,
    primitive<U::atanh>,
    primitive<U::floor>,
    primitive<U::ceil>,
    primitive<U::trunc>,
    primitive<U::round>,
    primitive<U::sign>,
    primitive<U::erf>,
    primitive<U::sigmoid>,
    primitive<U::silu>,
    primitive<U::gelu_tanh>,
    primitive<U::gelu_erf>,
    primitive<U::relu>,
    primitive<U::logical_not>,
    primitive<U::bitwise_not>,
    primitive<U::isnan>,
    primitive<U::isinf>,
    primitive<U::isfinite>,
    primitive<U::erfinv>,
    degrees,
    radians,
    signbit,
    is_positive_infinity,
    is_negative_infinity,
};
using B = BinaryOp;
constexpr Array (*kBinary[])(const Array&, const Array&) = {
    primitive<B::add>,
    primitive<B::subtract>,
    primitive<B::multiply>,
    primitive<B::divide>,
    primitive<B::floor_divide>,
    primitive<B::remainder>,
    primitive<B::power>,
    primitive<B::minimum>,
    primitive<B::maximum>,
    primitive<B::atan2>,
    primitive<B::hypot>,
    primitive<B::logaddexp>,
    primitive<B::equal>,
    primitive<B::not_equal>,
    primitive<B::less>,
    primitive<B::less_equal>,
    primitive<B::greater>,
    primitive<B::greater_equal>,
    primitive<B::logical_and>,
    primitive<B::logical_or>,
    primitive<B::logical_xor>,
    primitive<B::bitwise_and>,
    primitive<B::bitwise_or>,
    primitive<B::bitwise_xor>,
    primitive<B::shift_left>,
    primitive<B::shift_right>,
    copysign,
    nextafter,
    truncated_divide,
    truncated_remainder,
    logaddexp2,
};
template <ReduceOp op>
Array primitive(const Array& x, const Dims& axes, bool keepdims) {
  return reduce(op, x, axes, keepdims);
}
using R = ReduceOp;
constexpr Array (*kReduce[])(const Array&, const Dims&, bool) = {
    primitive<R::sum>, primitive<R::mean>, primitive<R::prod>,      primitive<R::max>, primitive<R::min>,
    primitive<R::any>, primitive<R::all>,  primitive<R::logsumexp>, count_nonzero,
};

size_t checked_bytes(const Shape& shape, DType dtype) {
  int64_t count = element_count(shape);
  if (count > INT64_MAX / size_of(dtype))
    fail(Status::invalid_argument, "an array of shape ", to_string(shape), " is larger than the address space");
  return size_t(count * size_of(dtype));
}

void check_bytes(size_t bytes, const Shape& shape, DType dtype) {
  if (size_t expected = checked_bytes(shape, dtype); bytes != expected)
    fail(Status::invalid_argument, bytes, " bytes are given, shape ", to_string(shape), " of ", name_of(dtype), " has ", expected);
}

// One element as a slice of every axis.
Bounds place_of(const Array& x, const int64_t* index, int32_t rank) {
  if (rank != x.rank()) fail(Status::invalid_argument, "an index of ", rank, " axes is given, the array has ", x.rank());
  Bounds bounds{shape_of(index, rank, "index"), Dims(), Dims::filled(rank, 1)};
  for (int axis = 0; axis < rank; ++axis) {
    const int64_t n = x.dim(axis);
    if (bounds.start[axis] < -n || bounds.start[axis] >= n)
      fail(Status::invalid_argument, "index ", bounds.start[axis], " on an axis of ", n);
    if (bounds.start[axis] < 0) bounds.start[axis] += n;
    bounds.stop.push_back(bounds.start[axis] + 1);
  }
  return bounds;
}
Array element_of(const Array& x, const int64_t* index, int32_t rank) {
  const Bounds place = place_of(x, index, rank);
  return reshape(slice(x, place.start, place.stop, place.step), {});
}

// The caller's memory: released once, when the last user is gone. Making this releases it too when there is no memory for it.
std::shared_ptr<const void> keeper_of(const void* data, void (*release)(void*), void* user_data) {
  return {data, [release, user_data](const void*) {
            if (release) release(user_data);
          }};
}

}  // namespace

extern "C" {

const char* mlxc_dtype_name(int32_t dtype) { return dtype >= 0 && dtype < kDTypeCount ? name_of(DType(dtype)).data() : "unknown"; }

size_t mlxc_dtype_size(int32_t dtype) { return dtype >= 0 && dtype < kDTypeCount ? size_t(size_of(DType(dtype))) : 0; }

mlxc_status mlxc_array_new(mlxc_array** out, mlxc_device* device, const void* data, size_t bytes, const int64_t* shape, int32_t rank,
                           int32_t dtype, mlxc_error* error) {
  return make(out, error, [&] {
    Shape dims = checked_shape(shape, rank);
    check_bytes(bytes, dims, dtype_of(dtype));
    if (bytes > 0) require(data, "data");
    return Array::from_data(device_of(device), data, dims, dtype_of(dtype));
  });
}

mlxc_status mlxc_array_new_borrowed(mlxc_array** out, mlxc_device* device, const void* data, size_t bytes, const int64_t* shape,
                                    int32_t rank, int32_t dtype, void (*release)(void* user_data), void* user_data, mlxc_error* error) {
  return guard(error, [&] {
    // Made first: whatever fails afterwards, the memory is released.
    auto keeper = keeper_of(data, release, user_data);
    clear(out, "out");
    DType type = dtype_of(dtype);
    Shape dims = checked_shape(shape, rank);
    check_bytes(bytes, dims, type);
    if (bytes > 0) require(data, "data");
    if (reinterpret_cast<uintptr_t>(data) % size_t(size_of(type)) != 0)
      fail(Status::invalid_argument, "the data is not aligned to its elements of ", size_of(type), " bytes");
    auto storage = std::make_shared<Storage>(const_cast<void*>(data), bytes, std::move(keeper));
    put_array(out, Array::from_storage(device_of(device), std::move(storage), dims, type));
  });
}

mlxc_status mlxc_array_full(mlxc_array** out, mlxc_device* device, double value, const int64_t* shape, int32_t rank, int32_t dtype,
                            mlxc_error* error) {
  return make(out, error, [&] {
    Shape dims = checked_shape(shape, rank);
    checked_bytes(dims, dtype_of(dtype));
    return full(device_of(device), dims, value, dtype_of(dtype));
  });
}

mlxc_status mlxc_array_arange(mlxc_array** out, mlxc_device* device, double start, double stop, double step, int32_t dtype,
                              mlxc_error* error) {
  return make(out, error, [&] {
    double count = (stop - start) / step;
    if (!std::isfinite(count) || count > 1e15)
      fail(Status::invalid_argument, "a range from ", start, " to ", stop, " by ", step, " has no sensible length");
    return arange(device_of(device), start, stop, step, dtype_of(dtype));
  });
}

mlxc_status mlxc_array_linspace(mlxc_array** out, mlxc_device* device, double start, double stop, int64_t count, int32_t endpoint,
                                int32_t dtype, mlxc_error* error) {
  return make(out, error, [&] { return linspace(device_of(device), start, stop, count, flag_of(endpoint, "endpoint"), dtype_of(dtype)); });
}

mlxc_status mlxc_array_eye(mlxc_array** out, mlxc_device* device, int64_t rows, int64_t columns, int64_t k, int32_t dtype,
                           mlxc_error* error) {
  return make(out, error, [&] { return eye(device_of(device), rows, columns, k, dtype_of(dtype)); });
}

mlxc_status mlxc_array_placeholder(mlxc_array** out, mlxc_device* device, const int64_t* shape, int32_t rank, int32_t dtype,
                                   mlxc_error* error) {
  return make(out, error, [&] {
    Shape dims = checked_shape(shape, rank);
    checked_bytes(dims, dtype_of(dtype));
    return Array::placeholder(device_of(device), dims, dtype_of(dtype));
  });
}

mlxc_status mlxc_array_copy(mlxc_array** out, mlxc_array* array, mlxc_error* error) {
  return make(out, error, [&] { return *get(array); });
}

mlxc_status mlxc_array_clone(mlxc_array** out, mlxc_array* x, mlxc_error* error) {
  return make(out, error, [&] { return contiguous(*get(x)); });
}

mlxc_status mlxc_array_to_device(mlxc_array** out, mlxc_array* x, mlxc_device* device, mlxc_error* error) {
  return make(out, error, [&] { return to_device(*get(x), device_of(device)); });
}

void mlxc_array_free(mlxc_array* array) { take(array); }

mlxc_status mlxc_array_dtype(mlxc_array* array, int32_t* dtype, mlxc_error* error) {
  return guard(error, [&] { *require(dtype, "dtype") = int32_t(get(array)->dtype()); });
}

mlxc_status mlxc_array_shape(mlxc_array* array, int64_t* shape, int64_t capacity, int64_t* needed, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(array);
    give_list(std::span(object->shape().data(), size_t(object->rank())), shape, capacity, needed);
  });
}

mlxc_status mlxc_array_eval(mlxc_array* const* arrays, int64_t count, mlxc_error* error) {
  return guard(error, [&] { eval(arrays_of(arrays, count)); });
}

mlxc_status mlxc_array_read(mlxc_array* array, void* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(array);
    auto bytes = size_t(object->bytes());
    if (needed) *needed = bytes;
    if (capacity < bytes) fail(Status::buffer_too_small, "the buffer has ", capacity, " bytes, ", bytes, " are needed");
    if (bytes > 0) require(buffer, "buffer");
    read(*object, buffer, bytes);
  });
}

mlxc_status mlxc_array_peek(mlxc_array* array, const void** data, size_t* bytes, mlxc_error* error) {
  return guard(error, [&] {
    clear(data, "data");
    clear(bytes, "bytes");
    auto object = get(array);
    eval({*object});
    if (!object->contiguous())
      fail(Status::unsupported, "the elements of this view are not in row-major order; read it, or peek at mlxc_array_contiguous");
    if (!object->storage()->data())
      fail(Status::unsupported, "the array lies in the memory of ", object->device().name(), ", which the host does not see; read it");
    *data = object->data();
    *bytes = size_t(object->bytes());
  });
}

mlxc_status mlxc_array_get(mlxc_array* array, const int64_t* index, int32_t rank, void* value, size_t bytes, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(array);
    check_bytes(bytes, Shape(), object->dtype());
    const Array one = element_of(*object, index, rank);
    read(one, require(value, "value"), bytes);
  });
}

mlxc_status mlxc_array_set(mlxc_array** out, mlxc_array* x, const int64_t* index, int32_t rank, const void* value, size_t bytes,
                           mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    check_bytes(bytes, Shape(), object->dtype());
    const Bounds place = place_of(*object, index, rank);
    const Array one = Array::from_data(object->device(), require(value, "value"), Shape(), object->dtype());
    return slice_update(*object, one, place.start, place.stop, place.step);
  });
}

mlxc_status mlxc_array_dot(mlxc_array* const* arrays, int64_t count, char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return guard(error, [&] { give_text(to_dot(arrays_of(arrays, count)), buffer, capacity, needed); });
}

mlxc_status mlxc_array_unary(mlxc_array** out, int32_t op, mlxc_array* x, mlxc_error* error) {
  return make(out, error, [&] { return operation(kUnary, op, "op")(*get(x)); });
}

mlxc_status mlxc_array_binary(mlxc_array** out, int32_t op, mlxc_array* a, mlxc_array* b, mlxc_error* error) {
  return make(out, error, [&] { return operation(kBinary, op, "op")(*get(a), *get(b)); });
}

mlxc_status mlxc_array_binary_scalar(mlxc_array** out, int32_t op, mlxc_array* a, double b, mlxc_error* error) {
  return make(out, error, [&] {
    auto left = get(a);
    return operation(kBinary, op, "op")(*left, scalar_like(*left, b));
  });
}

mlxc_status mlxc_array_where(mlxc_array** out, mlxc_array* condition, mlxc_array* a, mlxc_array* b, mlxc_error* error) {
  return make(out, error, [&] { return where(*get(condition), *get(a), *get(b)); });
}

mlxc_status mlxc_array_cast(mlxc_array** out, mlxc_array* x, int32_t dtype, mlxc_error* error) {
  return make(out, error, [&] { return cast(*get(x), dtype_of(dtype)); });
}

mlxc_status mlxc_array_matmul(mlxc_array** out, mlxc_array* a, mlxc_array* b, mlxc_error* error) {
  return make(out, error, [&] { return matmul(*get(a), *get(b)); });
}

mlxc_status mlxc_array_softmax(mlxc_array** out, mlxc_array* x, int32_t axis, int32_t log, mlxc_error* error) {
  return make(out, error, [&] { return flag_of(log, "log") ? log_softmax(*get(x), axis) : softmax(*get(x), axis); });
}

mlxc_status mlxc_array_reduce(mlxc_array** out, int32_t op, mlxc_array* x, const int32_t* axes, int32_t axis_count, int32_t keepdims,
                              mlxc_error* error) {
  return make(out, error, [&] { return operation(kReduce, op, "op")(*get(x), axes_of(axes, axis_count), flag_of(keepdims, "keepdims")); });
}

mlxc_status mlxc_array_argmax(mlxc_array** out, mlxc_array* x, int32_t axis, int32_t keepdims, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    const bool keep = flag_of(keepdims, "keepdims");
    return axis == MLXC_AXIS_ALL ? argmax(*object, keep) : argmax(*object, axis, keep);
  });
}

mlxc_status mlxc_array_argmin(mlxc_array** out, mlxc_array* x, int32_t axis, int32_t keepdims, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    const bool keep = flag_of(keepdims, "keepdims");
    return axis == MLXC_AXIS_ALL ? argmin(*object, keep) : argmin(*object, axis, keep);
  });
}

mlxc_status mlxc_array_reshape(mlxc_array** out, mlxc_array* x, const int64_t* shape, int32_t rank, mlxc_error* error) {
  return make(out, error, [&] { return reshape(*get(x), shape_of(shape, rank)); });
}

mlxc_status mlxc_array_transpose(mlxc_array** out, mlxc_array* x, const int32_t* axes, int32_t axis_count, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    Dims order = axes_of(axes, axis_count);
    return order.rank() == 0 ? transpose(*object) : transpose(*object, order);
  });
}

mlxc_status mlxc_array_slice(mlxc_array** out, mlxc_array* x, const int64_t* start, const int64_t* stop, const int64_t* step, int32_t rank,
                             mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    const Bounds bounds = bounds_of(*object, start, stop, step, rank);
    return slice(*object, bounds.start, bounds.stop, bounds.step);
  });
}

mlxc_status mlxc_array_broadcast(mlxc_array** out, mlxc_array* x, const int64_t* shape, int32_t rank, mlxc_error* error) {
  return make(out, error, [&] { return broadcast_to(*get(x), checked_shape(shape, rank)); });
}

mlxc_status mlxc_array_as_strided(mlxc_array** out, mlxc_array* x, const int64_t* shape, const int64_t* strides, int32_t rank,
                                  int64_t offset, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    return as_strided(*object, checked_shape(shape, rank), shape_of(strides, rank, "strides"), offset);
  });
}

mlxc_status mlxc_array_bitcast(mlxc_array** out, mlxc_array* x, int32_t dtype, mlxc_error* error) {
  return make(out, error, [&] { return bitcast(*get(x), dtype_of(dtype)); });
}

mlxc_status mlxc_array_contiguous(mlxc_array** out, mlxc_array* x, mlxc_error* error) {
  return make(out, error, [&] { return contiguous(*get(x)); });
}

mlxc_status mlxc_array_concatenate(mlxc_array** out, mlxc_array* const* arrays, int64_t count, int32_t axis, mlxc_error* error) {
  return make(out, error, [&] {
    auto parts = arrays_of(arrays, count);
    if (parts.empty()) fail(Status::invalid_argument, "nothing to concatenate: count is 0");
    return concatenate(parts, axis);
  });
}

mlxc_status mlxc_array_take(mlxc_array** out, mlxc_array* x, mlxc_array* indices, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    return take(*object, *get(indices), object->dtype());
  });
}

}  // extern "C"
}  // namespace mlxc::capi
