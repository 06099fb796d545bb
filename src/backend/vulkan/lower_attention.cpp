// Attention over pages and inside sequences (kernels/attention*.comp), and means of segments.
#include <bit>

#include "backend/vulkan/attention.h"
#include "ops/matmul.h"
#include "ops/transformer.h"

namespace mlxc::vulkan {
namespace {

struct Problem {
  int64_t tokens, q_heads, kv_heads, dim;
  int64_t q_stride, k_stride = 0, v_stride = 0;
  DType q_type = DType::f32, kv_type, out_type;
  float scale, softcap = 0;
  int64_t window = 0;
  int64_t table_rows = 0, table_width = 0, pages = 0;
  bool dense = false;
  bool wide = false;  // rows can be read 16 bytes at a time

  int64_t group() const { return q_heads / kv_heads; }
  double flops(double context) const { return 4.0 * double(tokens) * double(q_heads) * double(dim) * context; }
};

uint32_t power_of_two_below(int64_t value) { return std::bit_floor(uint32_t(std::max<int64_t>(value, 1))); }

// Up to this many tokens every token is a workgroup's own, and its context is split.
constexpr int64_t kMostSingleTokens = 64;

// The dispatch in float32 arithmetic: constants of kernels/attention.comp, and how work is dealt out.
struct Shape32 {
  uint32_t threads, heads, tokens, lanes, groups, passes, scratch, team;
  int64_t splits = 1, least_pages = 1;
  int64_t head_chunks = 1, tiles = 1;
  uint32_t rows() const { return heads * tokens; }
  int64_t problems(const Problem& problem) const { return tiles * head_chunks * problem.kv_heads; }
};

Shape32 shape_of(const Problem& problem, const Capabilities& caps) {
  // A CPU that plays a GPU wants few threads and little code.
  const uint32_t most_rows = caps.software ? 4 : 8, most_threads = caps.software ? 32 : 128;
  constexpr uint32_t kMostScratch = 2400;  // floats: what is left of 16 KiB serves several workgroups side by side
  const int64_t elements = problem.kv_type == DType::f32 ? 4 : 8;
  Shape32 shape{};
  shape.heads = uint32_t(std::min<int64_t>(problem.group(), most_rows));
  shape.head_chunks = divide_up(problem.group(), shape.heads);
  const bool single = !problem.dense && problem.tokens <= kMostSingleTokens;
  shape.tokens = single ? 1 : most_rows / shape.heads;
  shape.tiles = divide_up(problem.tokens, shape.tokens);
  shape.lanes = uint32_t(divide_up(problem.dim, elements));
  const uint32_t subgroup = std::max(1u, caps.subgroup_size);
  shape.groups = std::min(power_of_two_below(most_threads / shape.lanes), uint32_t(kPageSlots));
  shape.threads = uint32_t(divide_up(std::max(shape.lanes * shape.groups, 32u), subgroup)) * subgroup;
  shape.passes = caps.software ? 2 : 4;
  auto floats = [&] { return shape.rows() * shape.lanes * (shape.groups * shape.passes + 2); };
  while (shape.passes > 1 && (shape.groups * shape.passes > uint32_t(kPageSlots) || floats() > kMostScratch)) shape.passes /= 2;
  while (shape.groups > 1 && floats() > kMostScratch) shape.groups /= 2;
  shape.scratch = std::max(floats(), shape.groups * shape.lanes * uint32_t(elements));
  shape.team = caps.subgroup_control ? subgroup : 0;

  if (!single) {  // `splits` workgroups share the sequences of a tile
    shape.splits = problem.dense || problem.tokens <= problem.table_rows ? shape.tokens : std::min(shape.tokens, 2u);
  } else if (problem.table_width > 1) {
    const int64_t processors = std::max(1u, caps.multiprocessors), problems = shape.problems(problem);
    const int64_t most = std::max<int64_t>(1, shape.scratch / (2 * shape.rows()));  // what the joining workgroup holds
    shape.splits = std::clamp<int64_t>(16 * processors / problems, 1, std::min<int64_t>({problem.table_width, most, 128}));
    shape.least_pages = problems >= 2 * processors ? 4 : 2 * problems >= processors ? 2 : 1;
  }
  return shape;
}

Words words_of(const Problem& problem, int64_t splits, int64_t least_pages) {
  Words words;
  words.u(problem.tokens)
      .u(problem.kv_heads)
      .u(problem.group())
      .u(problem.q_stride)
      .u(problem.table_rows)
      .u(problem.table_width)
      .u(problem.pages);
  words.u(problem.window).u(splits).u(least_pages).f(problem.scale).f(problem.softcap).u(problem.k_stride).u(problem.v_stride);
  return words;
}

// What of the contexts a dispatch is likely to read: half of what the table has room for, once for each run of tokens.
Work work_of(const Problem& problem) {
  const double context = problem.dense ? double(std::min<int64_t>(problem.tokens, 512)) : double(problem.table_width * kPageSlots) / 2;
  const double seen = problem.window > 0 ? std::min(context, double(problem.window)) : context;
  const double row = double(problem.kv_heads * problem.dim * size_of(problem.kv_type));
  const double readers = double(std::min<int64_t>(problem.tokens, std::max<int64_t>(1, problem.table_rows)));
  return {problem.flops(std::min(seen, 8192.0)),
          8.0 * double(problem.tokens * problem.q_heads * problem.dim) + 2 * row * readers * std::min(seen, 8192.0)};
}

void emit_float(Emitter& e, const Problem& problem, std::vector<Argument> arguments) {
  const Shape32 shape = shape_of(problem, e.caps());
  const uint32_t most_threads = std::min(e.caps().workgroup_invocations, kMostSubgroups * std::max(1u, e.caps().subgroup_size));
  if (shape.threads > most_threads || problem.dim > 2048) no_kernel(e.plan());
  const int64_t problems = shape.problems(problem);
  const bool splits = shape.tokens == 1 && shape.splits > 1;
  const int64_t padded = divide_up(problem.dim, 4) * 4, part_floats = shape.heads * padded + divide_up(2 * shape.heads, 4) * 4;
  arguments.push_back(splits ? update(e.scratch(problems * shape.splits * part_floats * 4)) : arguments[0]);
  arguments.push_back(splits ? update(e.counters(problems * 4)) : arguments[0]);
  Kernel kernel{problem.dense ? "attention.dense" : "attention.paged",
                {shape.threads, float_type(problem.kv_type), uint32_t(problem.dim), shape.heads, shape.tokens, shape.lanes, shape.groups,
                 shape.passes, problem.wide, float_type(problem.out_type), shape.team, shape.scratch},
                shape.team};
  e.dispatch(std::move(kernel), e.row(problems * shape.splits), std::move(arguments), words_of(problem, shape.splits, shape.least_pages),
             work_of(problem));
}

// ---- tensor cores: kernels/attention_fragments.comp, or attention_coop.comp where the layout of fragments is unknown ----

constexpr int64_t kCoopRows = 64;

bool takes_fragments(int64_t dim, const Capabilities& caps) {
  const int64_t keys = dim > 128 ? 32 : 64, pieces = dim / 8;
  const int64_t bytes = keys * 16 * ((divide_up(pieces, 4) | 1) * 4 + (pieces | 1)) + 8 * 16 + kCoopRows * 8;
  return caps.fragment_layout && bytes <= int64_t(caps.shared_bytes);
}

// attention_coop.comp rounds scores as matrices.
bool takes_rounded(int64_t dim, DType type, const Capabilities& caps) {
  constexpr int64_t kKeys = 32, kScores = 4 * 80 * 16;
  const int64_t bytes = 2 * kKeys * (dim / 8 + 1) * 16 + kScores + kCoopRows * 24 + kKeys * 4;
  return bytes <= int64_t(caps.shared_bytes) && (type == DType::f16 ? caps.coopmat_f16_sums : caps.coopmat_bf16_sums);
}

bool coop_takes(const Problem& problem, Precision precision, const Capabilities& caps) {
  const bool type = problem.kv_type == DType::f16 ? caps.coopmat_f16 : problem.kv_type == DType::bf16 && caps.coopmat_bf16;
  const bool subgroup = caps.subgroup_control ? caps.min_subgroup <= 32 && 32 <= caps.max_subgroup : caps.subgroup_size == 32;
  constexpr int64_t kDims[] = {64, 80, 96, 128, 256};
  return type && subgroup && problem.wide && precision == Precision::native && problem.tokens > kMostSingleTokens &&
         problem.group() <= kCoopRows && std::find(std::begin(kDims), std::end(kDims), problem.dim) != std::end(kDims) &&
         (takes_fragments(problem.dim, caps) || takes_rounded(problem.dim, problem.kv_type, caps));
}

void emit_coop(Emitter& e, const Problem& problem, std::vector<Argument> arguments) {
  const int64_t tokens = kCoopRows / problem.group(), problems = divide_up(problem.tokens, tokens) * problem.kv_heads;
  // How many workgroups share the sequences of a tile: where every token may be one of its own, as many as there are tokens.
  const int64_t splits = std::min<int64_t>(tokens, problem.tokens <= problem.table_rows ? tokens : 2);
  arguments.push_back(arguments[0]);
  arguments.push_back(arguments[0]);
  Kernel kernel{cat(takes_fragments(problem.dim, e.caps()) ? "attention_fragments." : "attention_coop.",
                    problem.kv_type == DType::f16 ? "f16_" : "bf16_", problem.dim),
                {uint32_t(problem.group()), float_type(problem.out_type), problem.softcap > 0, float_type(problem.q_type)},
                e.caps().subgroup_control ? 32u : 0u};
  e.dispatch(std::move(kernel), e.row(problems * splits), std::move(arguments), words_of(problem, splits, 1), work_of(problem));
}

void check_sizes(const LaunchPlan& plan, const Problem& problem) {
  const bool types = float_type(problem.kv_type) != kNoFloat && float_type(problem.out_type) != kNoFloat;
  const bool sizes = fits_int(problem.tokens * problem.q_heads) && fits_int(problem.q_heads * problem.dim) && fits_int(problem.q_stride) &&
                     fits_int(problem.k_stride) && fits_int(problem.v_stride) && fits_int(problem.kv_heads * kPageSlots * problem.dim) &&
                     fits_int(problem.table_width * kPageSlots) && fits_int(problem.table_rows) && fits_int(problem.pages) &&
                     fits_int(problem.pages * problem.kv_heads);
  if (!types || !sizes || problem.dim == 0) no_kernel(plan);
}

Problem paged_problem(const LaunchPlan& plan) {
  const auto& op = as<PagedAttention>(*plan.primitive);
  const Shape &q = plan.inputs[0].type.shape, &pages = plan.inputs[1].type.shape, &table = plan.inputs[3].type.shape;
  Problem problem{.tokens = q[0],
                  .q_heads = q[1],
                  .kv_heads = pages[1],
                  .dim = q[2],
                  .q_stride = plan.inputs[0].strides[0],
                  .q_type = plan.inputs[0].type.dtype,
                  .kv_type = plan.inputs[1].type.dtype,
                  .out_type = plan.outputs[0].type.dtype,
                  .scale = op.scale,
                  .softcap = op.softcap};
  problem.window = std::clamp<int64_t>(op.window, 0, INT32_MAX / 2);
  problem.table_width = table[1];
  problem.pages = pages[0];
  problem.table_rows = table[1] > 0 && pages[0] > 0 ? table[0] : 0;  // no page, no sequence
  problem.wide = problem.dim % (problem.kv_type == DType::f32 ? 4 : 8) == 0 &&
                 problem.q_stride % (problem.q_type == DType::f32 ? 4 : 8) == 0 && lies_in(plan, 0, 16) && lies_in(plan, 1, 16) &&
                 lies_in(plan, 2, 16) && lies_in(plan, 6, 16);
  return problem;
}

void lower_paged(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const Problem problem = paged_problem(plan);
  check_sizes(plan, problem);
  std::vector<Argument> arguments{read(e.input(0)), read(e.input(1)), read(e.input(2)),  read(e.input(3)),
                                  read(e.input(4)), read(e.input(5)), write(e.output(0))};
  if (coop_takes(problem, Precision(as<PagedAttention>(*plan.primitive).precision), e.caps()))
    return emit_coop(e, problem, std::move(arguments));
  if (problem.q_type != DType::f32) no_kernel(plan);
  emit_float(e, problem, std::move(arguments));
}

void lower_dense(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const Shape &q = plan.inputs[0].type.shape, &k = plan.inputs[1].type.shape;
  Problem problem{.tokens = q[0],
                  .q_heads = q[1],
                  .kv_heads = k[1],
                  .dim = q[2],
                  .q_stride = plan.inputs[0].strides[0],
                  .k_stride = plan.inputs[1].strides[0],
                  .v_stride = plan.inputs[2].strides[0],
                  .kv_type = DType::f32,
                  .out_type = plan.outputs[0].type.dtype,
                  .scale = as<DenseAttention>(*plan.primitive).scale};
  problem.dense = true;
  problem.table_rows = plan.inputs[3].type.shape[0] - 1;
  check_sizes(plan, problem);
  problem.wide = problem.dim % 4 == 0 && problem.q_stride % 4 == 0 && problem.k_stride % 4 == 0 && problem.v_stride % 4 == 0;
  for (size_t i : {0, 1, 2, 4}) problem.wide = problem.wide && lies_in(plan, i, 16);
  const Argument starts = read(e.input(3));
  emit_float(e, problem, {read(e.input(0)), read(e.input(1)), read(e.input(2)), starts, starts, starts, write(e.output(0))});
}

void lower_segment_mean(Emitter& e) {
  const LaunchPlan& plan = e.plan();
  const int64_t segments = plan.outputs[0].type.shape[0], width = plan.outputs[0].type.shape[1], rows = plan.inputs[0].type.shape[0];
  if (!fits_int(segments) || !fits_int(width) || !fits_int(rows)) no_kernel(plan);
  const double elements = double(rows) * double(width);
  e.dispatch({"segment", {}}, e.row(segments * divide_up(width, 64)), {read(e.input(0)), read(e.input(1)), write(e.output(0))},
             Words().u(segments).u(width).u(rows), {elements, 4 * elements});
}

}  // namespace

bool takes_16_bit_queries(const LaunchPlan& attention, const Capabilities& caps) {
  constexpr float kLeastScale = 1e-6f;  // masked scores are scaled too, and stay far below the others
  const auto& op = as<PagedAttention>(*attention.primitive);
  return op.scale >= kLeastScale && !takes_decode_attention(attention, caps) &&
         coop_takes(paged_problem(attention), Precision(op.precision), caps);
}

void lower_attention(Emitter& e) {
  switch (e.plan().primitive->code()) {
    case OpCode::paged_attention: return lower_decode_attention(e) ? void() : lower_paged(e);
    case OpCode::dense_attention: return lower_dense(e);
    default: return lower_segment_mean(e);
  }
}

}  // namespace mlxc::vulkan
