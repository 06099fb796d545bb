// What training has kernels of its own for: losses, gradients, updates of parameters.
#include <string>

#include "backend/vulkan/attention.h"
#include "backend/vulkan/elementwise_glsl.h"
#include "backend/vulkan/reduce_glsl.h"
#include "backend/vulkan/strided.h"
#include "ops/adam.h"
#include "ops/batch_norm.h"
#include "ops/pool.h"
#include "ops/transformer.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kThreads = 256;
constexpr int64_t kMost = most_elements(1);

// Whether all operands from `first` on can be read and written in fours.
bool all_wide(const LaunchPlan& plan, size_t first = 0) {
  for (size_t i = first; i < plan.places.size(); ++i)
    if (!lies_in(plan, i, 16)) return false;
  return true;
}

// kernels/cross_entropy.comp
void lower_cross_entropy(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const bool gradient = plan.primitive->code() == OpCode::cross_entropy_gradient;
  const int64_t classes = plan.inputs[0].type.shape.back(), rows = element_count(plan.inputs[1].type.shape);
  if (rows == 0 || (classes == 0 && gradient)) return;
  if (!fits_int(classes) || !fits_int(rows)) no_kernel(plan);
  const Team team = team_of(e.caps(), divide_up(classes, 4), rows);
  const bool wide = classes % 4 == 0 && all_wide(plan);
  std::vector<Argument> arguments{read(e.input(0)), read(e.input(1))};
  if (gradient)
    arguments.insert(arguments.end(), {read(e.input(2)), read(e.input(3)), write(e.output(0))});
  else
    arguments.insert(arguments.end(), {write(e.output(1)), write(e.output(0)), write(e.output(0))});
  const double elements = double(rows) * double(classes);
  e.dispatch({gradient ? "cross_entropy.gradient" : "cross_entropy.rows", {team.threads, team.lanes, wide}, team.subgroup},
             e.row(divide_up(rows, team.count())), std::move(arguments), Words().u(rows).u(classes), {30 * elements, 8 * elements});
}

// kernels/norm_gradient.comp
void lower_norm_gradient(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const auto& op = as<NormGradient>(*plan.primitive);
  const int64_t dim = plan.inputs[0].type.shape.back(), rows = dim ? element_count(plan.inputs[0].type.shape) / dim : 0;
  const uint32_t weight = float_type(plan.inputs[1].type.dtype);
  constexpr int64_t kHeld = 16;  // pieces of a row that a lane keeps
  const Team team = team_of(e.caps(), divide_up(dim, 4), rows);
  if (dim == 0 || weight == kNoFloat || !fits_int(dim) || !fits_int(rows) || divide_up(dim, 4) > kHeld * team.lanes) no_kernel(plan);
  const int64_t groups = std::clamp<int64_t>(2 * int64_t(e.caps().multiprocessors), 16, 512),
                teams = std::max<int64_t>(1, std::min(rows, groups * team.count())), bytes = teams * dim * 4;
  const Ref weights = e.scratch(bytes), biases = op.centered ? e.scratch(bytes) : weights;
  const double elements = double(rows) * double(dim);
  e.dispatch({op.centered ? "norm_gradient.layer" : "norm_gradient.rms",
              {team.threads, team.lanes, uint32_t(dim), weight, dim % 4 == 0 && all_wide(plan)},
              team.subgroup},
             e.row(divide_up(teams, team.count())),
             {read(e.input(0)), read(e.input(1)), read(e.input(2)), write(e.output(0)), write(weights), write(biases)},
             Words().u(rows).u(teams).f(op.eps).f(op.weight_offset), {20 * elements, 12 * elements});
  const ReduceShape columns{.outer = 1, .count = teams, .inner = dim, .stride = teams * dim};
  emit_reduce(e, Reduction::sum, DType::f32, DType::f32, columns, weights, e.output(1));
  if (op.centered) emit_reduce(e, Reduction::sum, DType::f32, DType::f32, columns, biases, e.output(2));
}

constexpr int64_t kWholeChannel = 16384;  // elements that one workgroup goes through three times in less than a dispatch takes

// kernels/batch_norm.comp
void lower_batch_norm(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const bool gradient = plan.primitive->code() == OpCode::batch_norm_gradient;
  const auto* backward = gradient ? &as<BatchNormGradient>(*plan.primitive) : nullptr;
  const auto* forward = gradient ? nullptr : &as<BatchNorm>(*plan.primitive);
  const bool affine = gradient ? backward->affine : forward->affine;
  const Shape& x = plan.inputs[0].type.shape;
  const int64_t channels = x[1], count = element_count(x) / channels, size = count / x[0];
  const bool wide = size % 4 == 0 && all_wide(plan);
  const int64_t units = wide ? count / 4 : count, unit_size = wide ? size / 4 : size;

  // A workgroup a channel; of large channels one a part, in two dispatches.
  const int64_t wanted = 2 * std::max<int64_t>(e.caps().multiprocessors, 8);
  int64_t parts = 1;
  if (count > kWholeChannel)
    parts = std::clamp<int64_t>(std::max(divide_up(count, kWholeChannel), std::min(divide_up(wanted, channels), count / 4096)), 2, 256);
  const int64_t part = divide_up(units, parts);
  const Argument x_in = read(e.input(0)), weight = affine ? read(e.input(gradient ? 4 : 1)) : x_in;
  std::vector<Argument> arguments{x_in, weight, parts > 1 ? update(e.scratch(channels * parts * 8)) : x_in};
  if (gradient) {
    const Argument g = read(e.input(3)), gate = backward->gated ? read(e.input(plan.inputs.size() - 1)) : g, dx = write(e.output(0));
    arguments.insert(arguments.end(),
                     {read(e.input(1)), read(e.input(2)), g, gate, dx, affine ? write(e.output(1)) : dx, affine ? write(e.output(2)) : dx});
  } else {
    const Argument bias = affine ? read(e.input(2)) : x_in;
    arguments.insert(arguments.end(), {bias, write(e.output(0)), write(e.output(1)), write(e.output(2))});
  }
  const Divisor image(unit_size);
  Words words;
  words.u(channels).u(units).u(unit_size).u(image.multiplier).u(image.shift).u(parts).u(part);
  words.f(float(gradient ? backward->eps : forward->eps));
  const uint32_t most = std::min(e.caps().workgroup_invocations, kMostSubgroups * std::max(1u, e.caps().subgroup_size));
  const uint32_t threads = std::min(parts > 1 ? 256u : 512u, std::bit_floor(most));
  const double elements = double(element_count(x));
  auto dispatch = [&](const char* role) {
    e.dispatch({cat(gradient ? "batch_norm.gradient_" : "batch_norm.forward_", role),
                {threads, threads, wide, affine, gradient ? backward->gated : forward->relu}},
               e.row(channels * parts), arguments, words, {.flops = 10 * elements, .bytes = (gradient ? 12 : 8) * elements});
  };
  if (parts == 1) return dispatch("whole");
  dispatch("sums");
  dispatch("apply");
}

// kernels/pool.glsl
void lower_pool(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const bool gradient = plan.primitive->code() == OpCode::pool_gradient;
  const PoolOp op = gradient ? as<PoolGradient>(*plan.primitive).op : as<Pool>(*plan.primitive).op;
  const PoolShape& shape = gradient ? as<PoolGradient>(*plan.primitive).shape : as<Pool>(*plan.primitive).shape;
  const bool picks = !gradient && as<Pool>(*plan.primitive).picks;
  const DType dtype = plan.outputs[0].type.dtype;
  const Shape &x = (gradient ? plan.outputs : plan.inputs)[0].type.shape, &y = (gradient ? plan.inputs : plan.outputs)[0].type.shape;
  const int64_t count = element_count(plan.outputs[0].type.shape);
  if (count == 0) return;
  if (element_count(x) > kMost || element_count(y) > kMost) no_kernel(plan);
  Words words;
  words.u(count);
  const int missing = 3 - (x.rank() - 2);  // axes in front that have one element
  for (const Shape* sizes : {&x, &y})
    for (int axis = 0; axis < 3; ++axis) words.u(axis < missing ? 1 : (*sizes)[2 + axis - missing]);
  // What windows look like is written into the kernel: its loops have few and known turns.
  std::string windows;
  auto constant = [&](const char* name, const Dims& list, int64_t otherwise) {
    windows += cat("const uint ", name, "[3] = uint[](");
    for (int axis = 0; axis < 3; ++axis) {
      const int64_t value = axis < missing ? otherwise : list[axis - missing];
      if (!fits_int(value)) no_kernel(plan);
      windows += cat(axis ? ", " : "", value, "u");
    }
    windows += ");\n";
  };
  constant("kKernel", shape.kernel, 1);
  constant("kStride", shape.stride, 1);
  constant("kPadding", shape.padding, 0);
  constant("kDilation", shape.dilation, 1);
  int64_t taps = 1;
  for (int64_t n : shape.kernel) taps *= n;
  constexpr int64_t kUnrolled = 16;
  const std::string place = cat("(address_of(a, i, ", size_of(dtype), "u), 0u");  // further than an index reaches
  const std::string text = cat(glsl_head(e, {dtype}, "arithmetic.glsl"), windows, "#define VALUE ", value_type(dtype),
                               "\n#define LOAD(a, i) load_", suffix(dtype), place, ")\n#define STORE(a, i, x) store_", suffix(dtype), place,
                               ", x)\n#define UNROLL ", taps <= kUnrolled ? "[[unroll]]" : "[[dont_unroll]]", "\n#define GRADIENT ",
                               int(gradient), "\n#define MAXIMUM ", int(op == PoolOp::max), "\n#define PICKS ", int(picks),
                               "\n#define INSIDE ", op == PoolOp::mean_of_inside ? "true" : "false", "\n#include \"pool.glsl\"\n");
  e.dispatch({.module = "pool", .constants = {}, .subgroup = 0, .source = text}, e.row(divide_up(count, kThreads)),
             {read(e.input(0)), read(e.input(plan.inputs.size() > 1 ? 1 : 0)), write(e.output(0))}, words,
             {.flops = double(count) * double(taps), .bytes = double((element_count(x) + element_count(y)) * size_of(dtype))});
}

// kernels/adam.comp
void lower_adam(Emitter& e) {
  constexpr int64_t kEach = 4;
  const LaunchPlan& plan = e.plan();
  const auto& op = as<AdamUpdate>(*plan.primitive);
  const int64_t count = element_count(plan.inputs[0].type.shape);
  if (count == 0) return;
  if (count > kMost) no_kernel(plan);
  e.dispatch({"adam", {all_wide(plan, plan.inputs.size()) && lies_in(plan, 3, 16)}}, e.row(divide_up(count, kThreads * kEach)),
             {update(e.output(0)), update(e.output(1)), update(e.output(2)), read(e.input(3)), read(e.input(4)), read(e.input(5)),
              read(e.input(6))},
             Words().u(count).f(float(op.beta1)).f(float(1 - op.beta1)).f(float(op.beta2)).f(float(1 - op.beta2)).f(float(op.eps)),
             {.flops = 40 * double(count), .bytes = 28 * double(count)});
}

}  // namespace

// Where an image's channel is short, reductions over columns read memory better.
bool lowers_batch_norm(const TensorType& x) {
  constexpr int64_t kShort = 8;  // elements: what memory gives at a time
  const int64_t count = element_count(x.shape);
  return x.dtype == DType::f32 && count > 0 && count <= most_elements(4) && count / (x.shape[0] * x.shape[1]) >= kShort;
}

void lower_training_op(Emitter& emitter) {
  switch (emitter.plan().primitive->code()) {
    case OpCode::pool:
    case OpCode::pool_gradient: return lower_pool(emitter);
    case OpCode::batch_norm:
    case OpCode::batch_norm_gradient: return lower_batch_norm(emitter);
    case OpCode::norm_gradient: return lower_norm_gradient(emitter);
    case OpCode::cross_entropy:
    case OpCode::cross_entropy_gradient: return lower_cross_entropy(emitter);
    case OpCode::adam: return lower_adam(emitter);
    default: no_kernel(emitter.plan());
  }
}

}  // namespace mlxc::vulkan
