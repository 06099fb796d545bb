#include "mlxc/array.h"

#include <cmath>
#include <span>

#include "capi/objects.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::capi {

DType dtype_of(int32_t dtype) { return DType(in_range(dtype, 0, kDTypeCount - 1, "dtype")); }

namespace {

// In the order of the numbers that the header pins.
constexpr UnaryOp kUnary[] = {
    UnaryOp::abs,         UnaryOp::negative,    UnaryOp::exp,     UnaryOp::expm1,  UnaryOp::log,        UnaryOp::log1p,    UnaryOp::log2,
    UnaryOp::log10,       UnaryOp::sqrt,        UnaryOp::rsqrt,   UnaryOp::square, UnaryOp::reciprocal, UnaryOp::sin,      UnaryOp::cos,
    UnaryOp::tan,         UnaryOp::asin,        UnaryOp::acos,    UnaryOp::atan,   UnaryOp::sinh,       UnaryOp::cosh,     UnaryOp::tanh,
    UnaryOp::asinh,       UnaryOp::acosh,       UnaryOp::atanh,   UnaryOp::floor,  UnaryOp::ceil,       UnaryOp::trunc,    UnaryOp::round,
    UnaryOp::sign,        UnaryOp::erf,         UnaryOp::sigmoid, UnaryOp::silu,   UnaryOp::gelu_tanh,  UnaryOp::gelu_erf, UnaryOp::relu,
    UnaryOp::logical_not, UnaryOp::bitwise_not, UnaryOp::isnan,   UnaryOp::isinf,  UnaryOp::isfinite,
};
constexpr BinaryOp kBinary[] = {
    BinaryOp::add,         BinaryOp::subtract,    BinaryOp::multiply,      BinaryOp::divide,      BinaryOp::floor_divide,
    BinaryOp::remainder,   BinaryOp::power,       BinaryOp::minimum,       BinaryOp::maximum,     BinaryOp::atan2,
    BinaryOp::hypot,       BinaryOp::logaddexp,   BinaryOp::equal,         BinaryOp::not_equal,   BinaryOp::less,
    BinaryOp::less_equal,  BinaryOp::greater,     BinaryOp::greater_equal, BinaryOp::logical_and, BinaryOp::logical_or,
    BinaryOp::logical_xor, BinaryOp::bitwise_and, BinaryOp::bitwise_or,    BinaryOp::bitwise_xor, BinaryOp::shift_left,
    BinaryOp::shift_right,
};
constexpr ReduceOp kReduce[] = {
    ReduceOp::sum, ReduceOp::mean, ReduceOp::prod, ReduceOp::max, ReduceOp::min, ReduceOp::any, ReduceOp::all, ReduceOp::logsumexp,
};

template <class Op, size_t N>
Op operation(const Op (&table)[N], int32_t number, const char* name) {
  return table[in_range(number, 0, int64_t(N) - 1, name)];
}

Shape shape_of(const int64_t* dims, int32_t rank, const char* name = "shape") { return Shape(list_of(dims, rank, name, kMaxRank)); }

Dims axes_of(const int32_t* axes, int32_t count) {
  Dims dims;
  for (int32_t axis : list_of(axes, count, "axes", kMaxRank)) dims.push_back(axis);
  return dims;
}

std::vector<Array> arrays_of(mlxc_array* const* arrays, int64_t count) {
  std::vector<Array> result;
  for (mlxc_array* array : list_of(arrays, count, "arrays", kMaxItems)) result.push_back(*get(array));
  return result;
}

// Sizes are never negative; -1 has a meaning in reshape only.
Shape checked_shape(const int64_t* dims, int32_t rank) {
  Shape shape = shape_of(dims, rank);
  for (int64_t dim : shape)
    if (dim < 0) fail(Status::invalid_argument, "a dimension of the shape ", to_string(shape), " is negative");
  element_count(shape);  // overflow
  return shape;
}

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

// Runs `build` and gives its array to the caller.
template <class Build>
mlxc_status make(mlxc_array** out, mlxc_error* error, Build build) {
  return guard(error, [&] {
    clear(out, "out");
    put_array(out, build());
  });
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
    *data = object->data();
    *bytes = size_t(object->bytes());
  });
}

mlxc_status mlxc_array_dot(mlxc_array* const* arrays, int64_t count, char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return guard(error, [&] { give_text(to_dot(arrays_of(arrays, count)), buffer, capacity, needed); });
}

mlxc_status mlxc_array_unary(mlxc_array** out, int32_t op, mlxc_array* x, mlxc_error* error) {
  return make(out, error, [&] { return unary(operation(kUnary, op, "op"), *get(x)); });
}

mlxc_status mlxc_array_binary(mlxc_array** out, int32_t op, mlxc_array* a, mlxc_array* b, mlxc_error* error) {
  return make(out, error, [&] { return binary(operation(kBinary, op, "op"), *get(a), *get(b)); });
}

mlxc_status mlxc_array_binary_scalar(mlxc_array** out, int32_t op, mlxc_array* a, double b, mlxc_error* error) {
  return make(out, error, [&] {
    auto left = get(a);
    return binary(operation(kBinary, op, "op"), *left, scalar_like(*left, b));
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
  return make(out, error,
              [&] { return reduce(operation(kReduce, op, "op"), *get(x), axes_of(axes, axis_count), flag_of(keepdims, "keepdims")); });
}

mlxc_status mlxc_array_argmax(mlxc_array** out, mlxc_array* x, int32_t axis, int32_t keepdims, mlxc_error* error) {
  return make(out, error, [&] { return argmax(*get(x), axis, flag_of(keepdims, "keepdims")); });
}

mlxc_status mlxc_array_argmin(mlxc_array** out, mlxc_array* x, int32_t axis, int32_t keepdims, mlxc_error* error) {
  return make(out, error, [&] { return argmin(*get(x), axis, flag_of(keepdims, "keepdims")); });
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
    if (rank != object->rank()) fail(Status::invalid_argument, "bounds of ", rank, " axes are given, the array has ", object->rank());
    Dims steps = step ? shape_of(step, rank, "step") : Dims::filled(rank, 1);
    return slice(*object, shape_of(start, rank, "start"), shape_of(stop, rank, "stop"), steps);
  });
}

mlxc_status mlxc_array_broadcast(mlxc_array** out, mlxc_array* x, const int64_t* shape, int32_t rank, mlxc_error* error) {
  return make(out, error, [&] { return broadcast_to(*get(x), checked_shape(shape, rank)); });
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
