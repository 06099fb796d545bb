#include "backend/vulkan/reduce_glsl.h"

#include <algorithm>
#include <bit>

namespace mlxc::vulkan {
namespace {

constexpr int64_t kThreads = 256;
constexpr int64_t kMost = (int64_t{1} << 31) - 4096;

int64_t up_to_power(int64_t value, int64_t most) { return std::min<int64_t>(most, int64_t(std::bit_ceil(uint64_t(std::max<int64_t>(value, 1))))); }
int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// What keeps the device's memory busy: a few workgroups a multiprocessor.
int64_t wanted_groups(const Capabilities& caps) { return std::clamp<int64_t>(4 * int64_t(caps.multiprocessors), 32, 1024); }

// The text that kernels/reduce.glsl wants.
class Text {
 public:
  Text(const Emitter& emitter, Reduction op, DType dtype, DType result) : op_(op), dtype_(dtype), result_(result) {
    value_ = value_type(dtype);
    std::vector<DType> dtypes{dtype, result};
    if ((op == Reduction::sum || op == Reduction::product) && !is_float(dtype)) {
      value_ = value_type(result);  // 64 bits, which wrap
    } else if (op == Reduction::any || op == Reduction::all) {
      value_ = "uint";
    } else if (op == Reduction::exponentials || is_arg()) {
      dtypes.pop_back();            // results are written as words
    }
    if (dtype == DType::f64 && (op == Reduction::logsumexp || op == Reduction::exponentials)) no_kernel(emitter.plan());
    text_ = cat(glsl_head(emitter, dtypes, "arithmetic.glsl"), "#define INPUT ", suffix(dtype), "\n#define VALUE ", value_type(dtype), "\n#define ITEM ",
                size_of(dtype), "\n", "struct Value { ", value_, " v;", has_pair() ? " float s;" : is_arg() ? " uint i;" : "", " };\n");
    text_ += cat("Value identity() { return Value(", identity(), has_pair() ? ", 0.0" : is_arg() ? ", 0xffffffffu" : "", "); }\n");
    text_ += cat("Value lift(", value_type(dtype), " x, uint index) { return ", lift(), "; }\n");
    text_ += cat("Value combine(Value a, Value b) {\n", combine(), "}\n");
    text_ += cat("Value follow(Value a, Value b) {\n", follow(), "}\n");
    text_ += cat("void finish(uvec2 out_, uint at, Value value, uint count) {\n", finish(), "}\n");
  }

  // wide: elements of a load in reduce_columns.glsl.
  std::string with(const char* kernel, int64_t wide = 1) const { return cat(text_, "#define WIDE ", wide, "\n#include \"", kernel, "\"\n"); }
  int64_t value_bytes() const { return (value_ == "double" || value_ == "int64_t" || value_ == "uint64_t" ? 8 : 4) + (has_pair() || is_arg() ? 4 : 0); }

 private:
  bool is_arg() const { return op_ == Reduction::arg_maximum || op_ == Reduction::arg_minimum; }
  bool has_pair() const { return op_ == Reduction::logsumexp || op_ == Reduction::exponentials; }
  bool seeks_most() const { return op_ == Reduction::maximum || op_ == Reduction::arg_maximum; }

  std::string identity() const {
    switch (op_) {
      case Reduction::product: return cat(value_, "(1)");
      case Reduction::all: return "1u";
      case Reduction::logsumexp:
      case Reduction::exponentials: return "-kInfinity";
      case Reduction::maximum:
      case Reduction::minimum:
      case Reduction::arg_maximum:
      case Reduction::arg_minimum: break;
      default: return cat(value_, "(0)");
    }
    const bool most = seeks_most();
    if (is_float(dtype_)) return cat(value_, most ? "(-kInfinity)" : "(kInfinity)");
    switch (dtype_) {  // 32 bits are as good for narrower integers
      case DType::i64: return most ? "packInt2x32(ivec2(0, int(0x80000000u)))" : "packInt2x32(ivec2(-1, 0x7fffffff))";
      case DType::u64: return most ? "uint64_t(0)" : "packUint2x32(uvec2(0xffffffffu))";
      default: return is_signed(dtype_) ? (most ? "int(0x80000000u)" : "0x7fffffff") : (most ? "0u" : "0xffffffffu");
    }
  }

  std::string lift() const {
    if (has_pair()) return "is_nan(x) ? Value(-kInfinity, x) : Value(x, 1.0)";
    if (is_arg()) return "Value(x, index)";
    if (op_ == Reduction::any || op_ == Reduction::all) return "Value(uint(truth(x)))";
    if (value_ == value_type(dtype_)) return "Value(x)";
    return cat("Value(", value_, is_signed(dtype_) ? "(int64_t(x)))" : "(uint64_t(x)))");
  }

  std::string combine() const {
    switch (op_) {
      case Reduction::product: return "  return Value(a.v * b.v);\n";
      case Reduction::any: return "  return Value(a.v | b.v);\n";
      case Reduction::all: return "  return Value(a.v & b.v);\n";
      case Reduction::logsumexp:
      case Reduction::exponentials:
        return "  if (a.v == b.v) return Value(a.v, a.s + b.s);\n"
               "  if (a.v > b.v) return Value(a.v, a.s + b.s * exp_f32(b.v - a.v));\n"
               "  return Value(b.v, b.s + a.s * exp_f32(a.v - b.v));\n";
      case Reduction::maximum:
      case Reduction::minimum:
      case Reduction::arg_maximum:
      case Reduction::arg_minimum: break;
      default: return "  return Value(a.v + b.v);\n";
    }
    const char* order = seeks_most() ? ">" : "<";
    std::string text = cat("  bool beats = b.v ", order, " a.v;\n");
    if (is_float(dtype_)) text = cat("  bool nan_a = is_nan(a.v), nan_b = is_nan(b.v), beats = !nan_a && (nan_b || b.v ", order, " a.v);\n");  // NaN stays
    if (is_arg()) text += cat("  bool same = ", is_float(dtype_) ? "(nan_a && nan_b) || " : "", "a.v == b.v;\n  if (same && b.i < a.i) beats = true;\n");
    return cat(text, "  if (beats) return b;\n  return a;\n");
  }

  // Of equal ones the first counts, which is there already.
  std::string follow() const {
    if (!is_arg()) return "  return combine(a, b);\n";
    const char* order = seeks_most() ? ">" : "<";
    const std::string beats = is_float(dtype_) ? cat("!is_nan(a.v) && (is_nan(b.v) || b.v ", order, " a.v)") : cat("b.v ", order, " a.v");
    return cat("  bool beats = a.i == 0xffffffffu || (", beats, ");\n  return Value(beats ? b.v : a.v, beats ? b.i : a.i);\n");
  }

  std::string finish() const {
    const std::string store = cat("  store_", suffix(result_), "(out_, at, ");
    switch (op_) {
      case Reduction::mean: return cat(store, dtype_ == DType::f64 ? "value.v / double(count));\n" : "divide_f32(value.v, float(count)));\n");
      case Reduction::logsumexp: return cat(store, "is_inf(value.v) && !is_nan(value.s) ? value.v : value.v + log_f32(value.s));\n");
      case Reduction::exponentials: return "  U32x2(out_).v[at] = floatBitsToUint(vec2(value.v, value.s));\n";
      case Reduction::arg_maximum:
      case Reduction::arg_minimum: return "  U32x2(out_).v[at] = uvec2(value.i, 0u);\n";
      default: return cat(store, "value.v);\n");
    }
  }

  Reduction op_;
  DType dtype_, result_;
  std::string value_, text_;
};

void emit_rows(Emitter& emitter, const Text& text, DType dtype, const ReduceShape& shape, const Ref& x, const Ref& out) {
  const int64_t per = 16 / size_of(dtype);
  int64_t lanes = up_to_power(divide_up(shape.count, 2 * per), kThreads), parts = 1, part = std::max<int64_t>(shape.count, 1);
  const int64_t wanted = wanted_groups(emitter.caps());
  if (lanes == kThreads && shape.outer < wanted) {
    const int64_t step = kThreads * per, least = step * 4;  // one load of each thread; worth a workgroup
    parts = std::clamp<int64_t>(shape.count / least, 1, std::max<int64_t>(1, wanted / shape.outer));
    part = divide_up(divide_up(shape.count, parts), step) * step;
    parts = divide_up(shape.count, part);
  }
  Ref partials = out, counters = out;  // not touched
  if (parts > 1) {
    partials = emitter.scratch(shape.outer * parts * text.value_bytes());
    counters = emitter.counters(shape.outer * 4);
  }
  emitter.dispatch({"reduce_rows", {uint32_t(lanes)}, 0, text.with("reduce_rows.glsl")}, emitter.row(divide_up(shape.outer * parts, kThreads / lanes)),
                   {read(x), write(out), update(partials), update(counters)},
                   Words().u(shape.outer).u(shape.count).u(shape.stride).u(parts).u(part), {.flops = double(shape.outer * shape.count), .bytes = double(x.bytes)});
}

void emit_columns(Emitter& emitter, const Text& text, DType dtype, const ReduceShape& shape, const Ref& x, const Ref& out) {
  const int64_t wide = size_of(dtype) == 4 && shape.inner % 4 == 0 ? 4 : 1, across = shape.inner / wide;
  const int64_t rows = up_to_power(shape.count, kThreads / up_to_power(across, wide == 4 ? 32 : 64)), columns = up_to_power(across, kThreads / rows);
  const int64_t blocks = divide_up(across, columns), outers = divide_up(shape.outer, kThreads / (rows * columns));
  int64_t part = std::max<int64_t>(shape.count, 1), parts = std::clamp<int64_t>(wanted_groups(emitter.caps()) / (blocks * outers), 1, divide_up(part, 8 * rows));
  part = divide_up(part, parts);
  parts = divide_up(std::max<int64_t>(shape.count, 1), part);
  const int64_t results = shape.outer * shape.inner;
  Ref partials = out, counters = out;  // not touched
  if (parts > 1) {
    partials = emitter.scratch(parts * results * text.value_bytes());
    counters = emitter.counters(blocks * outers * 4);
  }
  emitter.dispatch({"reduce_columns", {uint32_t(columns), uint32_t(rows)}, 0, text.with("reduce_columns.glsl", wide)}, emitter.row(blocks * outers * parts),
                   {read(x), write(out), update(partials), update(counters)}, Words().u(shape.outer).u(shape.count).u(shape.inner).u(blocks).u(parts).u(part),
                   {.flops = double(results * shape.count), .bytes = double(x.bytes)});
}

}  // namespace

void emit_reduce(Emitter& emitter, Reduction op, DType dtype, DType result, const ReduceShape& shape, const Ref& x, const Ref& out) {
  if (shape.outer == 0 || shape.inner == 0) return;
  if (shape.count > kMost || shape.outer * shape.inner > kMost || (shape.inner > 1 && shape.count * shape.inner > kMost) || shape.stride > kMost)
    fail(Status::unsupported, "a reduction of ", shape.outer, " x ", shape.count, " x ", shape.inner, " elements has no kernel on this Vulkan device: more than 2^31");
  const Text text(emitter, op, dtype, result);
  if (shape.inner == 1) emit_rows(emitter, text, dtype, shape, x, out);
  else emit_columns(emitter, text, dtype, shape, x, out);
}

}  // namespace mlxc::vulkan
