// Convolutions and their gradients as products in tiles: kernels/convolution.comp.
#include <algorithm>

#include "backend/vulkan/attention.h"
#include "backend/vulkan/reduce_glsl.h"
#include "ops/convolution.h"

namespace mlxc::vulkan {
namespace {

// A convolution, or one of its gradients, by what the forward one calls its arrays.
struct Geometry {
  const ConvolutionWindow& window;
  Shape x, weight, y;

  int64_t size(const Shape& shape) const {  // elements of an image's channel
    int64_t product = 1;
    for (int axis = 2; axis < shape.rank(); ++axis) product *= shape[axis];
    return product;
  }
  int64_t images() const { return x[0]; }
  int64_t channels() const { return x[1] / window.groups; }  // of a group, as filters
  int64_t filters() const { return y[1] / window.groups; }
  int64_t taps() const { return channels() * size(weight); }  // of one filter
};

Geometry geometry_of(const Primitive& primitive, TensorTypes inputs) {
  const Shape result = primitive.infer(inputs)[0].shape;
  switch (primitive.code()) {
    case OpCode::convolution: return {as<Convolution>(primitive).window, inputs[0].shape, inputs[1].shape, result};
    case OpCode::convolution_input: return {as<ConvolutionInput>(primitive).window, result, inputs[1].shape, inputs[0].shape};
    default: return {as<ConvolutionWeight>(primitive).window, inputs[0].shape, result, inputs[1].shape};
  }
}

// The product: results [m, n], each a sum of k.
struct Sides {
  const char* name;
  int64_t m, n, k;
  bool bias, relu = false;
};
Sides sides_of(const Primitive& primitive, const Geometry& g) {
  switch (primitive.code()) {
    case OpCode::convolution: {
      const auto& op = as<Convolution>(primitive);
      return {"forward", g.filters(), g.images() * g.size(g.y), g.taps(), op.has_bias, op.relu};
    }
    case OpCode::convolution_input: {
      const auto& op = as<ConvolutionInput>(primitive);
      return {"input", g.channels(), g.images() * g.size(g.x), g.filters() * g.size(g.weight), op.has_bias};
    }
    default: {
      const auto& op = as<ConvolutionWeight>(primitive);
      return {"weight", g.filters(), g.taps() + op.has_bias, g.images() * g.size(g.y), op.has_bias};
    }
  }
}

std::vector<uint32_t> window_constants(const Geometry& g) {
  std::vector<uint32_t> constants;
  const int axes = g.x.rank() - 2;
  auto append = [&](auto&& value_of, uint32_t missing) {
    constants.insert(constants.end(), size_t(3 - axes), missing);
    for (int axis = 0; axis < axes; ++axis) constants.push_back(uint32_t(value_of(axis)));
  };
  for (const Shape* shape : {&g.x, &g.y, &g.weight}) append([&](int axis) { return (*shape)[2 + axis]; }, 1);
  append([&](int axis) { return g.window.stride[axis]; }, 1);
  append([&](int axis) { return g.window.padding[axis]; }, 0);
  append([&](int axis) { return g.window.dilation[axis]; }, 1);
  constants.insert(constants.end(), {uint32_t(g.channels()), uint32_t(g.filters())});
  return constants;
}

}  // namespace

bool lowers_convolution(const Primitive& primitive, TensorTypes inputs) {
  const Geometry g = geometry_of(primitive, inputs);
  if (inputs[0].dtype != DType::f32) return false;
  for (const Shape* shape : {&g.x, &g.weight, &g.y}) {
    const int64_t count = element_count(*shape);
    if (count == 0 || count > most_elements(4)) return false;
  }
  // Coordinates are signed in the kernel, with padding and under the furthest tap.
  for (int axis = 0; axis < g.x.rank() - 2; ++axis)
    if (!fits_int(g.x[2 + axis] + 2 * g.window.padding[axis] + g.window.stride[axis])) return false;
  return true;
}

void lower_convolution(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const Primitive& primitive = *plan.primitive;
  const std::vector<TensorType> inputs{plan.inputs[0].type, plan.inputs[1].type};
  const Geometry g = geometry_of(primitive, inputs);
  const Sides sides = sides_of(primitive, g);
  const bool weight = primitive.code() == OpCode::convolution_weight, input = primitive.code() == OpCode::convolution_input;
  const int64_t groups = g.window.groups, wanted = std::max<int64_t>(e.caps().multiprocessors, 16);
  auto tiles_of = [&](int64_t tile) { return divide_up(sides.m, tile) * divide_up(sides.n, tile) * groups; };

  // Sums over all images are long and the results few: parts of the sums fill the device, and are added then.
  constexpr int64_t kWorth = 64;  // terms of a part
  const bool large =
      sides.m > 32 && sides.n > 32 && (tiles_of(64) >= wanted || (weight && tiles_of(64) * (sides.k / kWorth) >= 2 * wanted));
  const bool direct = !weight && sides.m <= 4;
  const int64_t tile = large ? 64 : 32, step = large ? 16 : 32, tiles = tiles_of(tile);  // step: DEPTH * SLICES of the kernel
  const int64_t most_parts = weight ? std::clamp<int64_t>(2 * wanted / tiles, 1, std::max<int64_t>(sides.k / kWorth, 1)) : 1;
  const int64_t part = round_up(divide_up(sides.k, most_parts), step), parts = divide_up(sides.k, part);

  const int64_t weights = element_count(g.weight), filters = g.filters() * groups;
  const Ref none = e.input(0), bias_operand = !sides.bias ? none : weight ? e.output(1) : e.input(2);
  const Ref weight_sums = parts > 1 ? e.scratch(parts * weights * 4) : e.output(0);
  const Ref bias_sums = parts > 1 && sides.bias ? e.scratch(parts * filters * 4) : bias_operand;
  const Argument x = input ? write(e.output(0)) : read(e.input(0)), w = weight ? write(weight_sums) : read(e.input(1)),
                 y = weight  ? read(e.input(1))
                     : input ? read(e.input(0))
                             : write(e.output(0)),
                 b = weight && sides.bias ? write(bias_sums) : read(bias_operand);

  std::vector<uint32_t> constants = window_constants(g);
  constants.insert(constants.end(), {sides.bias, sides.relu});
  const double work = double(groups) * double(sides.m) * double(sides.n) * double(sides.k);
  const int64_t count = direct ? groups * sides.m * sides.n : tiles * parts;
  e.dispatch({direct ? cat("convolution.", sides.name, "_direct") : cat("convolution.", sides.name, "_", tile), constants},
             e.row(direct ? divide_up(count, 256) : count), {x, w, y, b},
             Words().u(g.images()).u(groups).u(divide_up(sides.m, tile)).u(divide_up(sides.n, tile)).u(count).u(part),
             {.flops = 2 * work, .bytes = 4 * double(element_count(g.x) + weights * parts + element_count(g.y))});
  if (parts == 1) return;
  auto add_up = [&](const Ref& sums, int64_t count, const Ref& to) {
    emit_reduce(e, Reduction::sum, DType::f32, DType::f32, {.outer = 1, .count = parts, .inner = count, .stride = parts * count}, sums, to);
  };
  add_up(weight_sums, weights, e.output(0));
  if (sides.bias) add_up(bias_sums, filters, bias_operand);
}

}  // namespace mlxc::vulkan
