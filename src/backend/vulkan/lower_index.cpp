// Operations that write at positions, order, accumulate, or draw.
#include <algorithm>
#include <bit>
#include <string>

#include "backend/vulkan/elementwise_glsl.h"
#include "ops/indexing.h"
#include "ops/random.h"
#include "ops/scan.h"
#include "ops/sort.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kThreads = 256;

// The updated output lies where input 0 lies.
void lower_update(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const auto& op = as<Update>(*plan.primitive);
  const Shape& count = plan.inputs[1].type.shape;
  if (element_count(count) == 0) return;
  Strided to = strided_output(emitter, 0);
  int64_t offset = 0;
  for (int axis = 0; axis < count.rank(); ++axis) {
    offset += op.start[axis] * to.strides[size_t(axis)];
    to.strides[size_t(axis)] *= op.step[axis];
  }
  offset *= size_of(to.dtype);
  to.ref = to.ref.at(offset, to.ref.bytes - offset);
  emit_copy(emitter, dims(count), strided_input(emitter, 1), to);
}

// ---- sorting
// -------------------------------------------------------------------------------------------------------------------------------

enum class SortOutput : uint32_t { keys = 0, values = 1, places_64 = 2, places_32 = 3 };

uint32_t infinity_of(DType dtype) {
  switch (dtype) {
    case DType::f16: return 0x7c00;
    case DType::bf16: return 0x7f80;
    case DType::f32: return 0x7f800000;
    case DType::f64: return 0x7ff00000;
    default: return 0;
  }
}

// x: [rows, n] without gaps. kernels/sort.comp.
void emit_sort(Emitter& emitter, DType dtype, int64_t rows, int64_t n, bool descending, const Ref& x, const Ref& out, SortOutput wanted) {
  constexpr int64_t kEntries = 1024;                           // of a workgroup of the first pass
  if (rows * n > most_elements(8)) no_kernel(emitter.plan());  // places have 64 bits
  const int64_t item = size_of(dtype), key = item == 8 ? 8 : 4;
  const int64_t block = std::min<int64_t>(kEntries, int64_t(std::bit_ceil(uint64_t(std::max<int64_t>(n, 2)))));
  struct Pair {
    Ref keys, places;
  };
  Pair from{out, out}, to{out, out};  // the only pass of short rows touches neither
  auto room = [&] { return Pair{emitter.scratch(rows * n * key), emitter.scratch(rows * n * 4)}; };
  if (n > block) to = room();
  if (n > 2 * block) from = room();
  auto pass = [&](const char* kind, int64_t groups, int64_t run, bool last) {
    const uint32_t output = uint32_t(last ? wanted : SortOutput::keys);
    emitter.dispatch({cat("sort.", kind, item), {is_signed(dtype), infinity_of(dtype), descending, output, uint32_t(block)}},
                     emitter.row(groups),
                     {read(x), write(last ? out : to.keys), read(from.keys), read(from.places), write(to.keys), write(to.places)},
                     Words().u(rows).u(n).u(run), {.flops = double(rows * n) * 64, .bytes = double(rows * n * (item + key + 4))});
    std::swap(from, to);
  };
  pass("block", divide_up(rows * divide_up(n, block), kEntries / block), 0, n <= block);
  for (int64_t run = block; run < n; run *= 2) pass("merge", divide_up(rows * n, kThreads), run, 2 * run >= n);
}

void lower_sort(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const auto& op = as<Sort>(*plan.primitive);
  const TensorType& x = plan.inputs[0].type;
  const int64_t count = element_count(x.shape);
  if (count == 0) return;
  const int64_t n = x.shape.back();
  emit_sort(emitter, x.dtype, count / n, n, op.descending, emitter.input(0), emitter.output(0),
            op.indices ? SortOutput::places_64 : SortOutput::values);
}

// ---- scatter
// -------------------------------------------------------------------------------------------------------------------------------

// How two values become one, as GLSL of a and b; empty: the second replaces the first.
std::string combine_expression(ScatterOp op, DType dtype) {
  const char* text = "";
  switch (op) {
    case ScatterOp::set: return text;
    case ScatterOp::add: text = "a + b"; break;
    case ScatterOp::multiply: text = "a * b"; break;
    case ScatterOp::minimum: text = "minimum(a, b)"; break;
    case ScatterOp::maximum: text = "maximum(a, b)"; break;
  }
  if (dtype == DType::f16 || dtype == DType::bf16) return cat("round_", suffix(dtype), "(", text, ")");
  return is_float(dtype) || dtype == DType::boolean ? text : cat("wrap_", suffix(dtype), "(", text, ")");
}

// The order of the indices first: equal ones then stand side by side, in the order in which they came.
void lower_scatter(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const TensorType& x = plan.inputs[0].type;
  const int64_t rows = x.shape[0], width = rows ? element_count(x.shape) / rows : 0, n = plan.inputs[1].type.shape[0];
  if (width == 0 || n == 0) return;
  if (std::max(n, rows) * width > most_elements(size_of(x.dtype))) no_kernel(plan);
  const Ref order = emitter.scratch(n * 4);
  emit_sort(emitter, DType::i64, 1, n, false, emitter.input(1), order, SortOutput::places_32);
  std::string text = glsl_head(emitter, {x.dtype}, "arithmetic.glsl");
  const std::string combined = combine_expression(as<Scatter>(*plan.primitive).op, x.dtype);
  text += cat("#define INPUT ", suffix(x.dtype), "\n#define VALUE ", value_type(x.dtype), "\n");
  if (combined.empty())
    text += "#define SET\n";
  else
    text += cat("VALUE COMBINE(VALUE a, VALUE b) {\n  precise VALUE v = ", combined, ";\n  return v;\n}\n");
  text += "#include \"scatter.glsl\"\n";
  const Divisor divisor(width);
  emitter.dispatch({.module = "scatter", .constants = {}, .subgroup = 0, .source = text}, emitter.row(divide_up(n * width, kThreads)),
                   {update(emitter.output(0)), read(emitter.input(1)), read(order), read(emitter.input(2))},
                   Words().u(n).u(rows).u(width).u(divisor.multiplier).u(divisor.shift),
                   {.bytes = double(n * width * 3 * size_of(x.dtype))});
}

// ---- scan
// ----------------------------------------------------------------------------------------------------------------------------------

// What kernels/scan.glsl asks for. Sums and products of floats are float64 inside, as on the CPU.
std::string scan_head(Emitter& emitter, ScanOp op, DType dtype) {
  const bool floating = is_float(dtype), sums = op == ScanOp::sum || op == ScanOp::prod;
  if (op == ScanOp::logsumexp) no_kernel(emitter.plan());
  const DType inside = floating && sums ? DType::f64 : dtype;
  const std::string value = value_type(inside);
  std::string identity = op == ScanOp::prod ? "1" : "0", step;
  switch (op) {
    case ScanOp::sum: step = "a + b"; break;
    case ScanOp::prod: step = "a * b"; break;
    case ScanOp::max:
    case ScanOp::min: {
      const bool most = op == ScanOp::max;
      step = most ? "maximum(a, b)" : "minimum(a, b)";
      if (floating)
        identity = most ? "-kInfinity" : "kInfinity";
      else if (dtype == DType::boolean)
        identity = most ? "0" : "1";
      else if (dtype == DType::i64)
        identity = most ? "packInt2x32(ivec2(0, int(0x80000000u)))" : "packInt2x32(ivec2(-1, 0x7fffffff))";
      else if (dtype == DType::u64)
        identity = most ? "0" : "packUint2x32(uvec2(0xffffffffu))";
      else if (is_signed(dtype))
        identity = cat(most ? "-" : "", (int64_t{1} << (8 * size_of(dtype) - 1)) - 1, most ? " - 1" : "");
      else
        identity = most ? "0" : "0xffffffffu";  // as good for narrower ones
      break;
    }
    default: break;
  }
  return cat(glsl_head(emitter, {dtype, inside}, "arithmetic.glsl"), "#define VALUE ", value, "\n#define VALUE_ALIGN ",
             std::max<int64_t>(4, size_of(inside)), "\n#define IDENTITY ", value, "(", identity,
             ")\nVALUE STEP(VALUE a, VALUE b) { return ", step, "; }\n#define LOADED(address, i) VALUE(load_", suffix(dtype),
             "(address, i))\nvoid STORED(uvec2 address, uint i, VALUE v) { store_", suffix(dtype), "(address, i, ",
             inside == dtype ? std::string("v") : convert_expression(inside, dtype, "v"), "); }\n");
}

void emit_scan_rows(Emitter& emitter, const std::string& head, int64_t rows, int64_t count, int64_t value_bytes, bool reverse,
                    bool exclusive, const Ref& x, const Ref& y) {
  const int64_t lanes = std::min<int64_t>(kThreads, int64_t(std::bit_ceil(uint64_t(divide_up(count, 4)))));
  const int64_t wanted = std::clamp<int64_t>(4 * int64_t(emitter.caps().multiprocessors), 16, 1024);
  int64_t parts = 1, part = count;
  if (lanes == kThreads && rows < wanted) {
    const int64_t least = 4 * 4 * kThreads;  // worth a workgroup
    part = divide_up(divide_up(count, std::clamp<int64_t>(count / least, 1, std::max<int64_t>(1, wanted / rows))), least) * least;
    parts = divide_up(count, part);
  }
  const std::string text = cat(head, "#include \"scan.glsl\"\n");
  const Ref totals = parts > 1 ? emitter.scratch(rows * parts * value_bytes) : y;
  const Grid grid = emitter.row(divide_up(rows * parts, kThreads / lanes));
  const Words words = Words().u(rows).u(count).u(parts).u(part);
  auto kernel = [&](bool only_totals) {
    return Kernel{.module = "scan", .constants = {uint32_t(lanes), reverse, exclusive, only_totals}, .subgroup = 0, .source = text};
  };
  const double bytes = double(x.bytes);
  if (parts > 1) emitter.dispatch(kernel(true), grid, {read(x), read(x), write(totals)}, words, {.bytes = bytes});
  emitter.dispatch(kernel(false), grid, {read(x), write(y), read(totals)}, words, {.bytes = 2 * bytes});
}

void lower_scan(Emitter& emitter) {
  constexpr int64_t kFewColumns = 4096;  // too few threads: the columns are made rows first
  const LaunchPlan& plan = emitter.plan();
  const auto& op = as<Scan>(*plan.primitive);
  const TensorType& type = plan.inputs[0].type;
  const int64_t count = type.shape[op.axis];
  int64_t outer = 1, inner = 1;
  for (int axis = 0; axis < type.shape.rank(); ++axis)
    if (axis != op.axis) (axis < op.axis ? outer : inner) *= type.shape[axis];
  if (outer * count * inner == 0) return;
  if (outer * count * inner > most_elements(size_of(type.dtype))) no_kernel(plan);
  const std::string head = scan_head(emitter, op.op, type.dtype);
  const Ref x = emitter.input(0), y = emitter.output(0);
  const int64_t item = size_of(type.dtype);
  if (inner == 1) return emit_scan_rows(emitter, head, outer, count, 8, op.reverse, op.exclusive, x, y);
  if (outer * inner < kFewColumns && count > 256) {
    const Ref rows = emitter.scratch(outer * count * inner * item), results = emitter.scratch(outer * count * inner * item);
    const Strided turned{rows, type.dtype, {inner * count, 1, count}}, back{results, type.dtype, {inner * count, 1, count}};
    emit_copy(emitter, {outer, count, inner}, dense(x, type.dtype, {outer, count, inner}), turned);
    emit_scan_rows(emitter, head, outer * inner, count, 8, op.reverse, op.exclusive, rows, results);
    return emit_copy(emitter, {outer, count, inner}, back, dense(y, type.dtype, {outer, count, inner}));
  }
  emitter.dispatch({.module = "scan_columns",
                    .constants = {op.reverse, op.exclusive},
                    .subgroup = 0,
                    .source = cat(head, "#include \"scan_columns.glsl\"\n")},
                   emitter.row(divide_up(outer * inner, 64)), {read(x), write(y)}, Words().u(outer).u(count).u(inner),
                   {.bytes = double(2 * x.bytes)});
}

// ---- random bits
// ---------------------------------------------------------------------------------------------------------------------------

void lower_random_bits(Emitter& emitter) {
  const int64_t count = element_count(emitter.plan().outputs[0].type.shape);
  constexpr int64_t kWords = int64_t{1} << 30;  // of a dispatch
  for (int64_t first = 0; first < count; first += kWords) {
    const int64_t some = std::min(kWords, count - first), block = first / 4;
    emitter.dispatch({"philox", {}}, emitter.row(divide_up(some, 4 * kThreads)),
                     {read(emitter.input(0)), write(emitter.output(0).at(first * 4, some * 4))},
                     Words().u(some).u(as<RandomBits>(*emitter.plan().primitive).purpose).wide(block),
                     {.flops = double(some) * 30, .bytes = double(some * 4)});
  }
}

}  // namespace

void lower_index_op(Emitter& emitter) {
  switch (emitter.plan().primitive->code()) {
    case OpCode::update: return lower_update(emitter);
    case OpCode::scatter: return lower_scatter(emitter);
    case OpCode::sort: return lower_sort(emitter);
    case OpCode::scan: return lower_scan(emitter);
    case OpCode::random_bits: return lower_random_bits(emitter);
    default: no_kernel(emitter.plan());
  }
}

}  // namespace mlxc::vulkan
