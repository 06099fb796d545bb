#include "ops/convolution.h"

#include "base/checked.h"
#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/indexing.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/spatial.h"
#include "ops/views.h"

namespace mlxc {
namespace {

int checked_axes(const Array& x, const Array& weight, const char* what) {
  const int axes = x.rank() - 2;
  if (axes < 1 || axes > 3 || weight.rank() != x.rank())
    fail(Status::invalid_argument, what, ": x ", to_string(x.shape()), " and weight ", to_string(weight.shape()),
         " need a batch, channels and one to three spatial axes");
  return axes;
}

ConvolutionWindow checked_window(const ConvolutionShape& shape, int axes) {
  return {spatial::values_or(shape.stride, axes, 1, 1, "the stride"), spatial::values_or(shape.padding, axes, 0, 0, "the padding"),
          spatial::values_or(shape.dilation, axes, 1, 1, "the dilation"), shape.groups};
}

void check_bias(const Array& bias, int64_t channels) {
  if (bias && !(bias.shape() == Shape{channels}))
    fail(Status::invalid_argument, "convolution: a bias of shape ", to_string(bias.shape()), " for ", channels, " channels");
}

void check_channels(const Shape& weight, int64_t channels, int64_t groups) {
  if (groups < 1 || channels % groups || weight[0] % groups || weight[1] != channels / groups)
    fail(Status::invalid_argument, "convolution: weight ", to_string(weight), " does not take ", channels, " channels in ", groups,
         " groups");
}

int64_t product_of(const Shape& shape, int from, int to) {
  int64_t product = 1;
  for (int i = from; i < to; ++i) product *= shape[i];
  return product;
}

Array add_bias(const Array& y, const Array& bias) { return bias ? y + spatial::per_channel(bias, y.rank()) : y; }

// Sliding windows (a view) times a matrix: x [N, C, n...] already padded.
Array correlate(const Array& x, const Array& weight, const Dims& stride, const Dims& dilation, int64_t groups) {
  const int axes = x.rank() - 2;
  const int64_t batch = x.dim(0), channels = x.dim(1), filters = weight.dim(0);
  Dims kernel;
  for (int i = 0; i < axes; ++i) kernel.push_back(weight.dim(2 + i));
  const Array cut = windows(x, kernel, stride, dilation);  // [N, C, m..., k...]
  Dims order{0, 1};
  for (int i = 0; i < axes; ++i) order.push_back(2 + axes + i);
  for (int i = 0; i < axes; ++i) order.push_back(2 + i);
  const int64_t places = product_of(cut.shape(), 2, 2 + axes), taps = product_of(cut.shape(), 2 + axes, cut.rank());
  const Array columns = reshape(transpose(cut, order), {batch, groups, channels / groups * taps, places});
  const Array filter = reshape(weight, {1, groups, filters / groups, channels / groups * taps});
  Shape result{batch, filters};
  for (int i = 0; i < axes; ++i) result.push_back(cut.dim(2 + i));
  return reshape(matmul(filter, columns), result);
}

// g spread out by the stride, with a border of dilation (k - 1) - padding, under the flipped kernel with its channels exchanged.
Array correlate_transposed(const Array& g, const Array& weight, const ConvolutionWindow& window, const Dims& size) {
  const int axes = g.rank() - 2;
  const int64_t groups = window.groups, channels = g.dim(1);
  Shape spread = g.shape();
  Dims start = Dims::filled(g.rank(), 0), step = Dims::filled(g.rank(), 1), stop = g.shape(), crop = start, flipped;
  Dims crop_stop = g.shape();
  for (int i = 0; i < axes; ++i) {
    const int axis = 2 + i;
    const int64_t reach = window.dilation[i] * (weight.dim(axis) - 1), border = reach - window.padding[i],
                  span = (g.dim(axis) - 1) * window.stride[i] + 1;
    const int64_t extra = size[i] - (span + 2 * border - reach);
    start[axis] = std::max<int64_t>(border, 0);
    spread[axis] = span + 2 * start[axis] + extra;
    step[axis] = window.stride[i];
    stop[axis] = start[axis] + span;
    crop[axis] = std::max<int64_t>(-border, 0);  // a border below zero cuts off instead
    crop_stop[axis] = spread[axis] - crop[axis];
    flipped.push_back(axis);
  }
  Array zeros = slice_update(full(g.device(), spread, 0, g.dtype()), g, start, stop, step);
  zeros = slice(zeros, crop, crop_stop, Dims::filled(g.rank(), 1));
  // [O, C / groups, k] -> [C, O / groups, k]
  Shape grouped{groups, channels / groups, weight.dim(1)}, exchanged{weight.dim(1) * groups, channels / groups};
  for (int i = 0; i < axes; ++i) {
    grouped.push_back(weight.dim(2 + i));
    exchanged.push_back(weight.dim(2 + i));
  }
  const Array turned = reshape(swap_axes(reshape(flip(weight, flipped), grouped), 1, 2), exchanged);
  return correlate(zeros, turned, Dims::filled(axes, 1), window.dilation, groups);
}

Arrays with_bias(Arrays inputs, const Array& bias) {
  if (bias) inputs.push_back(bias);
  return inputs;
}

// What convolutions compute in: integers and empty arrays take the composed way.
DType inner_type(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16 ? DType::f32 : dtype; }

}  // namespace

// ---- shapes ---------------------------------------------------------------------------------------------------------------------------

std::vector<TensorType> Convolution::infer(TensorTypes inputs) const {
  const Shape &x = inputs[0].shape, &weight = inputs[1].shape;
  check_channels(weight, x[1], window.groups);
  Shape shape{x[0], weight[0]};
  for (int i = 0; i < x.rank() - 2; ++i)
    shape.push_back(spatial::window_count(x[2 + i], weight[2 + i], window.stride[i], window.padding[i], window.dilation[i]));
  return {{shape, inputs[0].dtype}};
}

std::vector<TensorType> ConvolutionInput::infer(TensorTypes inputs) const {
  const Shape &g = inputs[0].shape, &weight = inputs[1].shape;
  if (weight[0] != g[1])
    fail(Status::invalid_argument, "transposed convolution: weight ", to_string(weight), " does not take ", g[1], " channels");
  Shape shape{g[0], weight[1] * window.groups};
  for (int64_t n : size) shape.push_back(n);
  return {{shape, inputs[0].dtype}};
}

std::vector<TensorType> ConvolutionWeight::infer(TensorTypes inputs) const {
  const Shape &x = inputs[0].shape, &g = inputs[1].shape;
  Shape shape{g[1], x[1] / window.groups};
  for (int64_t k : kernel) shape.push_back(k);
  std::vector<TensorType> outputs{{shape, inputs[0].dtype}};
  if (has_bias) outputs.push_back({Shape{g[1]}, inputs[0].dtype});
  return outputs;
}

// ---- gradients ------------------------------------------------------------------------------------------------------------------------

namespace {

Dims spatial_sizes(const Array& x) { return Dims(std::span<const int64_t>(x.shape().begin() + 2, size_t(x.rank() - 2))); }

}  // namespace

Arrays Convolution::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  const Array &x = inputs[0], &weight = inputs[1];
  const Array g = relu ? cotangents[0] * cast(binary(BinaryOp::greater, outputs[0], scalar_like(outputs[0], 0)), x.dtype()) : cotangents[0];
  Arrays results{apply(ConvolutionInput(window, spatial_sizes(x), false), {g, weight})};
  const Arrays weights = apply_all(std::make_shared<const ConvolutionWeight>(window, spatial_sizes(weight), has_bias), {x, g});
  results.insert(results.end(), weights.begin(), weights.end());
  return results;
}

Arrays ConvolutionInput::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array &g = inputs[0], &weight = inputs[1], &h = cotangents[0];
  // Where output padding is a stride or more, another window fits behind the last one of g.
  const Array all = apply(Convolution(window, false), {h, weight});
  Dims none = Dims::filled(g.rank(), 0), beyond = none;
  for (int axis = 2; axis < g.rank(); ++axis) beyond[axis] = all.dim(axis) - g.dim(axis);
  const Array wanted = beyond == none ? all : slice(all, none, g.shape(), Dims::filled(g.rank(), 1));
  Arrays results{wanted, apply(ConvolutionWeight(window, spatial_sizes(weight), false), {h, pad(g, none, beyond)})};
  if (has_bias) results.push_back(reduce(ReduceOp::sum, h, spatial::all_but_channels(h.rank()), false));
  return results;
}

Arrays ConvolutionWeight::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array &x = inputs[0], &g = inputs[1];
  Arrays results(2);
  if (const Array& v = cotangents[0]) {
    results[0] = apply(ConvolutionInput(window, spatial_sizes(x), false), {g, v});
    results[1] = apply(Convolution(window, false), {x, v});
  }
  if (has_bias && cotangents[1]) {
    const Array everywhere = broadcast_to(spatial::per_channel(cotangents[1], g.rank()), g.shape());
    results[1] = results[1] ? results[1] + everywhere : everywhere;
  }
  return results;
}

// ---- compositions ---------------------------------------------------------------------------------------------------------------------

Arrays Convolution::compose(const Arrays& inputs) const {
  const Array padded = spatial::pad(inputs[0], window.padding, 0);
  const Array y = add_bias(correlate(padded, inputs[1], window.stride, window.dilation, window.groups), has_bias ? inputs[2] : Array());
  return {relu ? unary(UnaryOp::relu, y) : y};
}

Arrays ConvolutionInput::compose(const Arrays& inputs) const {
  return {add_bias(correlate_transposed(inputs[0], inputs[1], window, size), has_bias ? inputs[2] : Array())};
}

// The result is linear in x: what the weight was does not matter.
Arrays ConvolutionWeight::compose(const Arrays& inputs) const {
  const Array &x = inputs[0], &g = inputs[1];
  Shape shape{g.dim(1), x.dim(1) / window.groups};
  for (int64_t k : kernel) shape.push_back(k);
  const Convolution forward(window, false);
  Arrays results{vjp_of_composition(forward, {x, full(x.device(), shape, 0, x.dtype())}, {g})[1]};
  if (has_bias) results.push_back(reduce(ReduceOp::sum, g, spatial::all_but_channels(g.rank()), false));
  return results;
}

// ---- builders -------------------------------------------------------------------------------------------------------------------------

Array convolution(const Array& x, const Array& weight, const Array& bias, const ConvolutionShape& shape) {
  const int axes = checked_axes(x, weight, "convolution");
  const ConvolutionWindow window = checked_window(shape, axes);
  check_channels(weight.shape(), x.dim(1), window.groups);
  check_bias(bias, weight.dim(0));
  const DType product = promote(x.dtype(), weight.dtype()), dtype = bias ? promote(product, bias.dtype()) : product;
  const Convolution op(window, bool(bias));
  if (!is_float(product)) return op.compose(with_bias({x, weight}, bias))[0];
  const DType inner = inner_type(dtype);
  return cast(apply(op, with_bias({cast(x, inner), cast(weight, inner)}, bias ? cast(bias, inner) : bias)), dtype);
}

Array transposed_convolution(const Array& x, const Array& weight, const Array& bias, const ConvolutionShape& shape,
                             const Dims& output_padding) {
  const int axes = checked_axes(x, weight, "transposed convolution");
  const ConvolutionWindow window = checked_window(shape, axes);
  const Dims extra = spatial::values_or(output_padding, axes, 0, 0, "the output padding");
  const int64_t groups = shape.groups, channels = x.dim(1);
  if (groups < 1 || channels % groups || weight.dim(0) != channels)
    fail(Status::invalid_argument, "transposed convolution: weight ", to_string(weight.shape()), " does not take ", channels,
         " channels in ", groups, " groups");
  check_bias(bias, weight.dim(1) * groups);
  Dims size;
  for (int i = 0; i < axes; ++i) {
    constexpr const char* kSize = "the size of a transposed convolution";
    const int64_t n = x.dim(2 + i), reach = checked_mul(window.dilation[i], std::max<int64_t>(weight.dim(2 + i) - 1, 0), kSize);
    if (extra[i] >= std::max(window.stride[i], window.dilation[i]))
      fail(Status::invalid_argument, "transposed convolution: output padding ", extra[i], " is not less than the stride ",
           window.stride[i]);
    const int64_t span = checked_add(checked_mul(std::max<int64_t>(n - 1, 0), window.stride[i], kSize), 1 + extra[i], kSize);
    size.push_back(checked_add(span, reach, kSize) - checked_mul(window.padding[i], int64_t(2), kSize));
    if (n < 1 || weight.dim(2 + i) < 1 || size.back() < 1)
      fail(Status::invalid_argument, "transposed convolution: padding ", window.padding[i], " leaves nothing of an axis of ", n);
    checked_add(size.back(), reach, kSize);  // as the composition pads it
  }
  const DType product = promote(x.dtype(), weight.dtype()), dtype = bias ? promote(product, bias.dtype()) : product;
  const ConvolutionInput op(window, size, bool(bias));
  if (!is_float(product)) return op.compose(with_bias({x, weight}, bias))[0];
  const DType inner = inner_type(dtype);
  return cast(apply(op, with_bias({cast(x, inner), cast(weight, inner)}, bias ? cast(bias, inner) : bias)), dtype);
}

}  // namespace mlxc
