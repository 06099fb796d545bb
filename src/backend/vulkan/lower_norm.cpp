// rms_norm and layer_norm: kernels/norm.comp.
#include "backend/vulkan/attention.h"
#include "ops/transformer.h"

namespace mlxc::vulkan {

uint32_t float_type(DType dtype) {
  switch (dtype) {
    case DType::f32: return 0;
    case DType::f16: return 1;
    case DType::bf16: return 2;
    default: return kNoFloat;
  }
}

bool lies_in(const LaunchPlan& plan, size_t operand, int64_t bytes) { return plan.places[operand].offset_bytes % bytes == 0; }

bool fits_int(int64_t value) { return value > -(int64_t{1} << 29) && value < (int64_t{1} << 29); }

Team team_of(const Capabilities& caps, int64_t units, int64_t rows) {
  constexpr uint32_t kMostThreads = 512;
  const uint32_t subgroup = caps.subgroup_size;
  // A subgroup holds its row in registers as long as that is a few values a lane.
  if (caps.subgroup_control && units <= 8 * int64_t(subgroup)) {
    const uint32_t teams = rows > 4 * int64_t(std::max(1u, caps.multiprocessors)) ? 128 / std::min(128u, subgroup) : 1;
    return {teams * subgroup, subgroup, subgroup};
  }
  const uint32_t most = std::min({kMostThreads, caps.workgroup_invocations, kMostSubgroups * std::max(1u, subgroup)});
  uint32_t threads = 32;
  while (2 * threads <= most && 2 * int64_t(threads) < units) threads *= 2;
  return {threads, threads, 0};
}

void lower_norm(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const OperandType& x = plan.inputs[0];
  const bool rms = plan.primitive->code() == OpCode::rms_norm;
  const bool residual = rms && as<RmsNorm>(*plan.primitive).residual;
  const int64_t dim = x.type.shape.back();
  int64_t tokens, heads = 1, x_stride, x_head_stride = 0;
  if (!uniform_rows(x, &tokens, &x_stride)) {  // [tokens, heads, dim] cut out of wider rows
    tokens = x.type.shape[0];
    heads = x.type.shape[1];
    x_stride = x.strides[0];
    x_head_stride = x.strides[1];
  }
  const int64_t rows = tokens * heads;
  const uint32_t weight = float_type(plan.inputs[1].type.dtype), out = float_type(plan.outputs[0].type.dtype);
  const uint32_t bias = rms ? 0 : float_type(plan.inputs[2].type.dtype);
  if (weight == kNoFloat || out == kNoFloat || bias == kNoFloat || !fits_int(x_stride) || !fits_int(x_head_stride) || !fits_int(dim) ||
      !fits_int(rows))
    no_kernel(plan);

  const bool wide_x = dim % 4 == 0 && x_stride % 4 == 0 && x_head_stride % 4 == 0 && lies_in(plan, 0, 16);
  bool wide = dim % 4 == 0;
  for (size_t i = 1; i < plan.places.size(); ++i) wide = wide && lies_in(plan, i, 16);
  const Team team = team_of(e.caps(), (dim + 3) / 4, rows);
  Kernel kernel{
      rms ? "norm.rms" : "norm.layer", {team.threads, team.lanes, uint32_t(dim), weight, out, wide_x, wide, residual, bias}, team.subgroup};

  float eps, offset = 0;
  if (rms) {
    const auto& op = as<RmsNorm>(*plan.primitive);
    eps = op.eps;
    offset = op.weight_offset;
  } else {
    eps = as<LayerNorm>(*plan.primitive).eps;
  }
  std::vector<Argument> arguments{read(e.input(0)), read(e.input(1)), read(e.input(plan.inputs.size() > 2 ? 2 : 1)), write(e.output(0))};
  const double elements = double(rows) * double(dim);
  e.dispatch(std::move(kernel), e.row((rows + team.count() - 1) / team.count()), std::move(arguments),
             Words().u(rows).u(heads).u(x_stride).u(x_head_stride).f(eps).f(offset),
             {6 * elements, elements * double(4 + size_of(plan.outputs[0].type.dtype) + (residual ? 4 : 0))});
}

}  // namespace mlxc::vulkan
