// Attention of single tokens over 16-bit pages (kernels/attention_decode.comp).
#include <bit>
#include <optional>

#include "backend/vulkan/attention.h"
#include "ops/transformer.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kMostTokens = 64;   // of a launch, as the kernel has it; more are a prompt's
constexpr int64_t kMostSums = 16384;  // bytes: more keep workgroups from running side by side
constexpr int64_t kMostParts = 128;   // of a context
constexpr int64_t kPagesOfAPart = 8;  // at least: joining parts costs as much as reading so many

// How the query heads of one kv head are dealt out.
struct DecodeShape {
  int64_t heads, depth, teams;
};

// What a workgroup shares: sums, maxima and totals; where parts begin, and who arrived.
int64_t shared_bytes(int64_t teams, int64_t heads, int64_t dim) { return teams * heads * (dim + 2) * 4 + (kMostTokens + 2) * 4; }

std::optional<DecodeShape> decode_shape(const LaunchPlan& plan, const Capabilities& caps) {
  const OperandType &q = plan.inputs[0], &pages = plan.inputs[1], &table = plan.inputs[3];
  const int64_t tokens = q.type.shape[0], dim = q.type.shape[2], kv_heads = pages.type.shape[1], group = q.type.shape[1] / kv_heads;
  const uint32_t team = caps.subgroup_size;
  const bool halves = pages.type.dtype == DType::f16 || pages.type.dtype == DType::bf16;
  const bool subgroups = caps.subgroup_control || caps.min_subgroup == caps.max_subgroup;
  if (tokens == 0 || tokens > kMostTokens || !halves || !subgroups) return {};
  if (!std::has_single_bit(uint64_t(dim)) || dim < 64 || dim > int64_t(team) * 8) return {};
  if (table.type.shape[0] == 0 || table.type.shape[1] == 0 || pages.type.shape[0] == 0) return {};
  if (q.strides[0] % 4 != 0 || !lies_in(plan, 0, 16) || !lies_in(plan, 1, 16) || !lies_in(plan, 2, 16)) return {};
  if (!fits_int(q.strides[0]) || !fits_int(kv_heads * kPageSlots * dim) || !fits_int(table.type.shape[1] * kPageSlots)) return {};

  const int64_t heads = std::min<int64_t>(int64_t(std::bit_ceil(uint64_t(group))), 8);
  int64_t depth = heads == 8 ? 2 : 4;
  while (depth > 1 && depth * team / (dim / 8) > kPageSlots) depth /= 2;
  int64_t teams = std::max<int64_t>(1, 256 / team);
  auto too_large = [&] { return teams * heads * dim * 4 > kMostSums || shared_bytes(teams, heads, dim) > int64_t(caps.shared_bytes); };
  while (teams > 1 && (too_large() || teams * team > caps.workgroup_invocations)) teams /= 2;
  if (too_large() || teams * depth * team / (dim / 8) < 1) return {};
  return DecodeShape{heads, depth, teams};
}

}  // namespace

bool takes_decode_attention(const LaunchPlan& plan, const Capabilities& caps) { return decode_shape(plan, caps).has_value(); }

bool joins_rotation(const LaunchPlan& rotation, const LaunchPlan& attention, const Capabilities& caps) {
  if (rotation.primitive->code() != OpCode::rope_kv_write || attention.primitive->code() != OpCode::paged_attention) return false;
  const auto& op = as<RopeKvWrite>(*rotation.primitive);
  if (!as<PagedAttention>(*attention.primitive).single_tokens || !decode_shape(attention, caps)) return false;
  const int64_t dim = rotation.inputs[2].type.shape[2];
  if (2 * rotation.inputs[6].type.shape[0] != dim) return false;  // all of it rotates
  if (rotation.inputs[2].type.shape[1] > 1 && rotation.inputs[2].strides[1] != dim) return false;
  for (size_t i : {2, 3, 4})
    if (rotation.inputs[i].strides[0] % 4 != 0 || !fits_int(rotation.inputs[i].strides[0]) || !lies_in(rotation, i, 16)) return false;
  if (!lies_in(rotation, 6, 16)) return false;
  if (op.head_norm)
    for (size_t i : {9, 10})
      if (float_type(rotation.inputs[i].type.dtype) == kNoFloat || !lies_in(rotation, i, 16)) return false;
  return true;
}

bool lower_decode_attention(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const Capabilities& caps = e.caps();
  const std::optional<DecodeShape> shape = decode_shape(plan, caps);
  if (!shape) return false;
  const auto [heads, depth, teams] = *shape;
  const auto& op = as<PagedAttention>(*plan.primitive);
  const OperandType &q = plan.inputs[0], &pages = plan.inputs[1], &table = plan.inputs[3];
  const int64_t tokens = q.type.shape[0], dim = q.type.shape[2], kv_heads = pages.type.shape[1], group = q.type.shape[1] / kv_heads;
  const uint32_t team = caps.subgroup_size;
  const int64_t problems = tokens * kv_heads * divide_up(group, heads), width = table.type.shape[1];
  const int64_t processors = std::max(1u, caps.multiprocessors);
  const int64_t least = problems >= 2 * processors ? 2 * kPagesOfAPart : kPagesOfAPart;
  const int64_t most = std::min(kMostParts, teams * dim / 2);  // what the joining workgroup holds
  const int64_t splits = std::clamp<int64_t>(16 * processors / problems, 1, std::min(divide_up(width, least), most));
  // A rotation done here: its inputs come after attention's own, and the pages are written.
  const LaunchPlan* rotation = e.joined();
  const auto* turn = rotation ? &as<RopeKvWrite>(*rotation->primitive) : nullptr;
  std::vector<Argument> arguments{read(e.input(turn ? 6 : 0))};
  for (size_t i = 1; i < 6; ++i) arguments.push_back(turn && i <= 2 ? update(e.input(i)) : read(e.input(i)));
  arguments.push_back(write(e.output(0)));
  arguments.push_back(splits > 1 ? update(e.scratch(problems * splits * (heads * dim + 2 * heads) * 4)) : arguments[0]);
  arguments.push_back(splits > 1 ? update(e.counters(problems * 4)) : arguments[0]);
  for (size_t i = 7; i < 10; ++i) arguments.push_back(turn ? read(e.input(i)) : arguments[0]);
  for (size_t i = 10; i < 12; ++i) arguments.push_back(turn && turn->head_norm ? read(e.input(i)) : arguments[0]);
  Words words;
  words.u(tokens | splits << 8 | least << 16).u(table.type.shape[0]).u(width).u(pages.type.shape[0]);
  auto stride = [&](size_t input) { return uint32_t(turn ? rotation->inputs[input].strides[0] : 0); };
  auto type = [&](size_t input) { return turn && turn->head_norm ? float_type(rotation->inputs[input].type.dtype) : 0u; };
  auto bits = [](float value) { return std::bit_cast<uint32_t>(value); };
  Kernel kernel{"attention_decode",
                {uint32_t(teams * team),
                 float_type(pages.type.dtype),
                 uint32_t(dim),
                 uint32_t(heads),
                 uint32_t(depth),
                 team,
                 float_type(plan.outputs[0].type.dtype),
                 uint32_t(e.fragments(plan.inputs.size())),
                 uint32_t(kv_heads),
                 uint32_t(group),
                 uint32_t(std::clamp<int64_t>(op.window, 0, INT32_MAX / 2)),
                 bits(op.scale),
                 bits(op.softcap),
                 turn ? stride(2) : uint32_t(q.strides[0]),
                 stride(3),
                 stride(4),
                 turn != nullptr,
                 turn && turn->head_norm,
                 type(9),
                 type(10),
                 bits(turn ? turn->norm_eps : 0),
                 bits(turn ? turn->norm_offset : 0),
                 bits(turn ? turn->attention_factor : 1)},
                caps.subgroup_control ? team : 0u};
  const double context = 1024;              // a guess: how long contexts are is known when it runs
  const int64_t resident = processors * 2;  // workgroups that the device runs at once, about
  e.dispatch(std::move(kernel), e.row(std::min(problems * splits, resident)), std::move(arguments), words,
             {4 * double(tokens * q.type.shape[1] * dim) * context, 4 * double(tokens * kv_heads * dim) * context});
  return true;
}

}  // namespace mlxc::vulkan
