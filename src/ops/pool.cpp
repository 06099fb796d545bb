#include "ops/pool.h"

#include <limits>

#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/spatial.h"
#include "ops/views.h"

namespace mlxc {
namespace {

// max of nothing: what padding must not beat.
double lowest(DType dtype) {
  switch (dtype) {
    case DType::i8: return -128;
    case DType::i16: return -32768;
    case DType::i32: return -2147483648.0;
    case DType::i64: return -9223372036854775808.0;
    default: return is_float(dtype) ? -std::numeric_limits<double>::infinity() : 0;
  }
}

PoolShape checked_pool(const Array& x, const PoolShape& shape, const char* what) {
  const int axes = x.rank() - 2;
  if (axes < 1 || axes > 3)
    fail(Status::invalid_argument, what, ": ", to_string(x.shape()), " needs a batch, channels and one to three spatial axes");
  PoolShape pool;
  pool.kernel = spatial::values_or(shape.kernel, axes, 0, 1, "the kernel");
  pool.stride = shape.stride.rank() ? spatial::values_or(shape.stride, axes, 1, 1, "the stride") : pool.kernel;
  pool.padding = spatial::values_or(shape.padding, axes, 0, 0, "the padding");
  pool.dilation = spatial::values_or(shape.dilation, axes, 1, 1, "the dilation");
  for (int i = 0; i < axes; ++i)
    if (pool.padding[i] * 2 > pool.kernel[i])
      fail(Status::invalid_argument, what, ": padding ", pool.padding[i], " is more than half the kernel ", pool.kernel[i]);
  return pool;
}

// The places of a window come first, so that the reduction goes over whole arrays instead of a few neighbours at a time.
Array places_first(const Array& padded, const PoolShape& pool) {
  const Array cut = windows(padded, pool.kernel, pool.stride, pool.dilation);
  Dims order;
  for (int i = 0; i < pool.kernel.rank(); ++i) order.push_back(padded.rank() + i);
  for (int i = 0; i < padded.rank(); ++i) order.push_back(i);
  return transpose(cut, order);
}

Array over_windows(ReduceOp op, const Array& padded, const PoolShape& pool) {
  Dims places;
  for (int i = 0; i < pool.kernel.rank(); ++i) places.push_back(i);
  return reduce(op, places_first(padded, pool), places, false);
}

// How many elements of each window are no padding, shaped [1, 1, m...].
Array inside(const Array& x, const PoolShape& pool) {
  Shape one = x.shape();
  one[0] = one[1] = 1;
  return over_windows(ReduceOp::sum, spatial::pad(full(x.device(), one, 1, x.dtype()), pool.padding, 0), pool);
}

// [places, N, C, m...]: 1 where the window's largest element is, the first of equal ones, else 0. Floats number the places, which every
// device has.
Array places_of_maximum(const Array& cut, const Shape& out, DType dtype) {
  const int64_t places = cut.size() / std::max<int64_t>(element_count(out), 1);
  Shape flat{places}, column{places};
  for (int64_t n : out) flat.push_back(n), column.push_back(1);
  const Array values = reshape(cut, flat), largest = reduce(ReduceOp::max, values, {0}, true);
  const Array found = binary(BinaryOp::logical_or, binary(BinaryOp::equal, values, largest), unary(UnaryOp::isnan, values));
  const Array number = reshape(arange(cut.device(), 0, double(places), 1, dtype), column);
  const Array first = reduce(ReduceOp::min, where(found, number, scalar_like(values, double(places))), {0}, true);
  return cast(binary(BinaryOp::equal, first, number), dtype);
}

}  // namespace

std::vector<TensorType> Pool::infer(TensorTypes inputs) const {
  const Shape& x = inputs[0].shape;
  Shape out{x[0], x[1]};
  for (int i = 0; i < x.rank() - 2; ++i)
    out.push_back(spatial::window_count(x[2 + i], shape.kernel[i], shape.stride[i], shape.padding[i], shape.dilation[i]));
  return {{out, inputs[0].dtype}};
}

std::vector<TensorType> PoolGradient::infer(TensorTypes inputs) const {
  Shape out{inputs[0].shape[0], inputs[0].shape[1]};
  for (int64_t n : size) out.push_back(n);
  return {{out, inputs[0].dtype}};
}

Arrays Pool::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array& x = inputs[0];
  const PoolGradient back(op, shape, Dims(std::span<const int64_t>(x.shape().begin() + 2, size_t(x.rank() - 2))));
  if (op != PoolOp::max) return {apply(back, {cotangents[0]})};
  const Array g = apply(back, {cotangents[0], x});
  return picks ? Arrays{Array(), g} : Arrays{g};
}

Arrays PoolGradient::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array& h = cotangents[0];
  return {op == PoolOp::max ? apply(Pool(op, shape, true), {inputs[1], h}) : apply(Pool(op, shape), {h})};
}

Arrays Pool::compose(const Arrays& inputs) const {
  const Array& x = inputs[0];
  if (op == PoolOp::max) {
    const Array padded = spatial::pad(x, shape.padding, lowest(x.dtype()));
    if (!picks) return {over_windows(ReduceOp::max, padded, shape)};
    const Shape out = infer(std::vector<TensorType>{x.type()})[0].shape;
    const Array hit = places_of_maximum(places_first(padded, shape), out, x.dtype());
    const Array values = places_first(spatial::pad(inputs[1], shape.padding, 0), shape);
    return {reduce(ReduceOp::sum, where(cast(hit, DType::boolean), reshape(values, hit.shape()), scalar_like(x, 0)), {0}, false)};
  }
  const Array padded = spatial::pad(x, shape.padding, 0);
  if (op == PoolOp::mean) return {over_windows(ReduceOp::mean, padded, shape)};
  return {over_windows(ReduceOp::sum, padded, shape) / inside(x, shape)};
}

Arrays PoolGradient::compose(const Arrays& inputs) const {
  const Array& g = inputs[0];
  Shape like{g.dim(0), g.dim(1)};
  for (int64_t n : size) like.push_back(n);
  const Array zeros = full(g.device(), like, 0, g.dtype());
  if (op != PoolOp::max) return {vjp_of_composition(Pool(op, shape), {zeros}, {g})[0]};
  // A sum of windows that are zero but at one place spreads g to that place.
  const Array cut = places_first(spatial::pad(inputs[1], shape.padding, lowest(g.dtype())), shape);
  const Array hit = places_of_maximum(cut, g.shape(), g.dtype());
  Dims order;
  for (int i = 0; i < g.rank(); ++i) order.push_back(size.rank() + i);
  for (int i = 0; i < size.rank(); ++i) order.push_back(i);
  const Array spread = Windows(shape.kernel, shape.stride, shape.dilation)
                           .vjp({spatial::pad(zeros, shape.padding, 0)}, {}, {transpose(reshape(hit * g, cut.shape()), order)})[0];
  Dims start{0, 0}, stop{g.dim(0), g.dim(1)};
  for (int i = 0; i < size.rank(); ++i) start.push_back(shape.padding[i]), stop.push_back(shape.padding[i] + size[i]);
  return {slice(spread, start, stop, Dims::filled(start.rank(), 1))};
}

Array max_pool(const Array& x, const PoolShape& shape) {
  const Pool op(PoolOp::max, checked_pool(x, shape, "max_pool"));
  if (!is_float(x.dtype())) return op.compose({x})[0];
  const DType inner = x.dtype() == DType::f64 ? DType::f64 : DType::f32;
  return cast(apply(op, {cast(x, inner)}), x.dtype());
}

Array average_pool(const Array& x, const PoolShape& shape, bool count_padding) {
  const Pool op(count_padding ? PoolOp::mean : PoolOp::mean_of_inside, checked_pool(x, shape, "average_pool"));
  const DType inner = x.dtype() == DType::f64 ? DType::f64 : DType::f32;
  return cast(apply(op, {cast(x, inner)}), is_float(x.dtype()) ? x.dtype() : inner);
}

}  // namespace mlxc
