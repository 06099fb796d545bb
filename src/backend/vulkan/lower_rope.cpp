// rope, kv_write and both in one: kernels/rope.comp.
#include <bit>
#include <optional>

#include "backend/vulkan/attention.h"
#include "ops/transformer.h"

namespace mlxc::vulkan {
namespace {

// The operands by what they are; inputs by index, -1 where there is none.
struct Rotation {
  int q = -1, k = -1, v = -1, positions, frequencies = -1, table = -1, sequences = -1, q_weight = -1, k_weight = -1;
  int k_pages = -1, v_pages = -1, out_q = -1;  // outputs
  float factor = 1, eps = 0, offset = 0;
  bool norm = false;
};

Rotation rotation_of(const Primitive& primitive) {
  switch (primitive.code()) {
    case OpCode::rope: return {.q = 0, .positions = 1, .frequencies = 2, .out_q = 0, .factor = as<Rope>(primitive).attention_factor};
    case OpCode::kv_write: return {.k = 2, .v = 3, .positions = 6, .table = 4, .sequences = 5, .k_pages = 0, .v_pages = 1};
    default: break;
  }
  const auto& op = as<RopeKvWrite>(primitive);
  Rotation all{
      .q = 2, .k = 3, .v = 4, .positions = 5, .frequencies = 6, .table = 7, .sequences = 8, .k_pages = 0, .v_pages = 1, .out_q = 2};
  all.factor = op.attention_factor;
  if (op.head_norm) all.norm = true, all.eps = op.norm_eps, all.offset = op.norm_offset, all.q_weight = 9, all.k_weight = 10;
  return all;
}

}  // namespace

void lower_rope(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const Rotation use = rotation_of(*plan.primitive);
  const OperandType& heads = plan.inputs[size_t(use.q >= 0 ? use.q : use.k)];
  const int64_t tokens = heads.type.shape[0], dim = heads.type.shape[2];
  const int64_t q_heads = use.q >= 0 ? heads.type.shape[1] : 0, kv_heads = use.k >= 0 ? plan.inputs[size_t(use.k)].type.shape[1] : 0;
  const int64_t rotary = use.frequencies >= 0 ? 2 * plan.inputs[size_t(use.frequencies)].type.shape[0] : 0;
  const uint32_t page = use.k_pages >= 0 ? float_type(plan.outputs[size_t(use.k_pages)].type.dtype) : 0;
  auto weight_type = [&](int input) { return input >= 0 ? float_type(plan.inputs[size_t(input)].type.dtype) : 0; };
  const uint32_t in_type = float_type(heads.type.dtype),
                 out_type = use.out_q >= 0 ? float_type(plan.outputs[size_t(use.out_q)].type.dtype) : 0;
  const uint32_t q_weight = weight_type(use.q_weight), k_weight = weight_type(use.k_weight);

  // Pairs of elements at a time where everything lies that way.
  bool wide = dim % 4 == 0 && rotary % 4 == 0, fits = fits_int(tokens * (q_heads + 2 * kv_heads)) &&
                                                      fits_int(dim * std::max<int64_t>(kv_heads, 1) * kPageSlots) &&
                                                      fits_int(q_heads * dim);
  auto stride_of = [&](int input, int axis) -> int64_t {
    if (input < 0) return 0;
    const int64_t stride = plan.inputs[size_t(input)].strides[axis];
    wide = wide && stride % 2 == 0 && lies_in(plan, size_t(input), 8);
    fits = fits && fits_int(stride);
    return stride;
  };
  const int64_t q_stride = stride_of(use.q, 0), q_head_stride = stride_of(use.q, 1), k_stride = stride_of(use.k, 0),
                v_stride = stride_of(use.v, 0);
  for (size_t i = 0; i < plan.outputs.size(); ++i) wide = wide && lies_in(plan, plan.inputs.size() + i, 8);
  if (page == kNoFloat || in_type == kNoFloat || out_type == kNoFloat || q_weight == kNoFloat || k_weight == kNoFloat || !fits)
    no_kernel(plan);

  const int64_t rows = tokens * (q_heads + 2 * kv_heads);
  // Prompts: heads that share a token's angles, as long as all teams together fill the device.
  const int64_t enough = 16 * std::max<int64_t>(1, e.caps().multiprocessors);
  int64_t run = 4;
  while (run > 1 && (rows < run * enough || q_heads % run != 0 || kv_heads % run != 0)) run /= 2;
  const int64_t items = rows / run;
  const Team team = team_of(e.caps(), (dim + 3) / 4, items);
  Kernel kernel{"rope",
                {team.threads, team.lanes, uint32_t(dim), uint32_t(rotary), uint32_t(q_heads), uint32_t(kv_heads), page, use.norm, q_weight,
                 k_weight, std::bit_cast<uint32_t>(use.eps), std::bit_cast<uint32_t>(use.offset), std::bit_cast<uint32_t>(use.factor), wide,
                 uint32_t(run), in_type, out_type},
                team.subgroup};
  // What is missing is not touched: any address will do.
  const Ref positions = e.input(size_t(use.positions));
  auto in = [&](int input) { return read(input >= 0 ? e.input(size_t(input)) : positions); };
  auto page_argument = [&](int output) { return output >= 0 ? update(e.output(size_t(output))) : read(positions); };
  int64_t table_rows = 0, table_width = 0, pages = 0;
  if (use.table >= 0) {
    table_rows = plan.inputs[size_t(use.table)].type.shape[0];
    table_width = plan.inputs[size_t(use.table)].type.shape[1];
    pages = plan.outputs[size_t(use.k_pages)].type.shape[0];
  }
  const double elements = double(rows) * double(dim);
  e.dispatch(std::move(kernel), e.row((items + team.count() - 1) / team.count()),
             {in(use.q), in(use.k), in(use.v), read(positions), in(use.frequencies), in(use.table), in(use.sequences), in(use.q_weight),
              in(use.k_weight), page_argument(use.k_pages), page_argument(use.v_pages),
              use.out_q >= 0 ? write(e.output(size_t(use.out_q))) : read(positions)},
             Words().u(tokens).u(q_stride).u(q_head_stride).u(k_stride).u(v_stride).u(table_rows).u(table_width).u(pages),
             {20 * elements, 8 * elements});
}

}  // namespace mlxc::vulkan
