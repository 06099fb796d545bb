#include "backend/vulkan/reduce_glsl.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "graph/pass_ops.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kThreads = 256;
constexpr int64_t kMost = most_elements(1);
constexpr int64_t kArgumentBytes = 128, kFixedBytes = 2 * 8 + 6 * 4;  // of the push constants; of those, what every reduction has
constexpr int64_t kValueBytes = 60;                                   // of a thread, in 16 KiB of shared memory

int64_t up_to_power(int64_t value, int64_t most) {
  return std::min<int64_t>(most, int64_t(std::bit_ceil(uint64_t(std::max<int64_t>(value, 1)))));
}

// What keeps the device's memory busy: a few workgroups a multiprocessor.
int64_t wanted_groups(const Capabilities& caps) { return std::clamp<int64_t>(4 * int64_t(caps.multiprocessors), 32, 1024); }

// What a thread keeps of the elements it has seen, for one reduction: the members v<n> of Value and, by operation, s<n>, c<n> or i<n>. Of
// logsumexp: maximum and sum of exp(x - maximum). Of variance: mean of x - base, sum of squared differences from it and count, combined as
// in T. F. Chan, G. H. Golub, R. J. LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances (1979). `base` is
// the first element of all: of numbers far from zero but near each other, differences keep all digits.
class Accumulator {
 public:
  Accumulator(Reduction op, DType dtype, DType result, size_t number)
      : op_(op == Reduction::deviation ? Reduction::variance : op), dtype_(dtype), n_(std::to_string(number)), type_(value_type(dtype)) {
    if ((op == Reduction::sum || op == Reduction::product) && !is_float(dtype))
      type_ = value_type(result);  // 64 bits, which wrap
    else if (op == Reduction::any || op == Reduction::all)
      type_ = "uint";
  }

  bool serves(Reduction op) const {
    return op == op_ || (op == Reduction::deviation && op_ == Reduction::variance) || (is_float(dtype_) && is_sum(op) && is_sum(op_));
  }
  int64_t item() const {
    return type_ == "double" || type_ == "int64_t" || type_ == "uint64_t" ? 8 : 4;
  }  // bytes; the other members take 4 or as many
  int64_t bytes() const { return op_ == Reduction::variance ? 3 * item() : item() + (has_pair() || is_arg() ? 4 : 0); }
  bool takes_blocks() const { return op_ == Reduction::variance; }

  std::string members() const {
    if (op_ == Reduction::variance) return cat(" ", type_, " v", n_, ", s", n_, ", c", n_, ";");
    return cat(" ", type_, " v", n_, ";", has_pair() ? cat(" float s", n_, ";") : is_arg() ? cat(" uint i", n_, ";") : "");
  }

  // Values of the members, in their order.
  std::string identity() const {
    if (op_ == Reduction::variance) return cat(type_, "(0), ", type_, "(0), ", type_, "(0)");
    return cat(lowest(), has_pair() ? ", 0.0" : is_arg() ? ", 0xffffffffu" : "");
  }
  std::string lift() const {
    if (op_ == Reduction::variance) return cat("x - base, ", type_, "(0), ", type_, "(1)");
    if (has_pair()) return "is_nan(x) ? -kInfinity : x, is_nan(x) ? x : 1.0";
    if (is_arg()) return "x, index";
    if (op_ == Reduction::any || op_ == Reduction::all) return "uint(truth(x))";
    if (type_ == value_type(dtype_)) return "x";
    return cat(type_, is_signed(dtype_) ? "(widened(x))" : "(uint64_t(x))");
  }

  // Statements that set r's members from a's and b's; follows: all of b comes after all of a.
  std::string combine(bool follows) const {
    const std::string v = cat("v", n_), s = cat("s", n_), i = cat("i", n_), c = cat("c", n_);
    switch (op_) {
      case Reduction::product: return cat("  r.", v, " = a.", v, " * b.", v, ";\n");
      case Reduction::any: return cat("  r.", v, " = a.", v, " | b.", v, ";\n");
      case Reduction::all: return cat("  r.", v, " = a.", v, " & b.", v, ";\n");
      case Reduction::variance:
        return cat("  {\n    ", type_, " n = a.", c, " + b.", c, ", part = b.", c, " / max(n, ", type_, "(1)), apart = b.", v, " - a.", v,
                   ";\n    r.", v, " = a.", v, " + apart * part;\n    r.", s, " = a.", s, " + b.", s, " + apart * apart * (a.", c,
                   " * part);\n    r.", c, " = n;\n  }\n");
      case Reduction::logsumexp:
      case Reduction::exponentials:
        return cat("  if (a.", v, " == b.", v, ") {\n    r.", s, " = a.", s, " + b.", s, ";\n  } else if (a.", v, " > b.", v, ") {\n    r.",
                   s, " = a.", s, " + b.", s, " * exp_f32(b.", v, " - a.", v, ");\n  } else {\n    r.", v, " = b.", v, ";\n    r.", s,
                   " = b.", s, " + a.", s, " * exp_f32(a.", v, " - b.", v, ");\n  }\n");
      case Reduction::maximum:
      case Reduction::minimum:
      case Reduction::arg_maximum:
      case Reduction::arg_minimum: break;
      default: return cat("  r.", v, " = a.", v, " + b.", v, ";\n");
    }
    const char* order = seeks_most() ? " > " : " < ";
    std::string text = cat("  {\n    bool beats = b.", v, order, "a.", v, ";\n");
    if (is_float(dtype_)) {  // NaN stays
      text = cat("  {\n    bool nan_a = is_nan(a.", v, "), nan_b = is_nan(b.", v, "), beats = !nan_a && (nan_b || b.", v, order, "a.", v,
                 ");\n");
    }
    if (is_arg() && follows) {  // of equal ones the first counts, which is there already
      text += cat("    if (a.", i, " == 0xffffffffu) beats = true;\n");
    } else if (is_arg()) {
      text += cat("    bool same = ", is_float(dtype_) ? "(nan_a && nan_b) || " : "", "a.", v, " == b.", v, ";\n    if (same && b.", i,
                  " < a.", i, ") beats = true;\n");
    }
    return cat(text, "    r.", v, " = beats ? b.", v, " : a.", v, ";\n",
               is_arg() ? cat("    r.", i, " = beats ? b.", i, " : a.", i, ";\n") : "", "  }\n");
  }

  // Sets v's members from `count` elements x, with one division for all of them.
  std::string take_block(int64_t count) const {
    std::string sum;
    for (int64_t e = 0; e < count; ++e) sum += cat(e ? " + d[" : "d[", e, "]");
    const std::string each = cat("    [[unroll]] for (int e = 0; e < ", count, "; ++e) ");
    return cat("  {\n    ", type_, " d[", count, "], spread = ", type_, "(0);\n", each, "d[e] = x[e] - base;\n    ", type_, " mean = (",
               sum, ") * ", type_, "(", 1.0 / double(count), ");\n", each,
               "spread += (d[e] - mean) * (d[e] - mean);\n    Value a = v, b = identity(), r = v;\n    b.v", n_, " = mean, b.s", n_,
               " = spread, b.c", n_, " = ", type_, "(", count, ");\n", combine(false), "    v = r;\n  }\n");
  }

  // Stores the result of `op`, which this serves, to `out`.
  std::string finish(Reduction op, DType result, const std::string& out) const {
    const std::string store = cat("  store_", suffix(result), "(", out, ", at, "), v = cat("value.v", n_), s = cat("value.s", n_);
    auto shared_out = [&](const std::string& x) {
      return dtype_ == DType::f64 ? cat(x, " / double(count)") : cat("divide_f32(", x, ", float(count))");
    };
    switch (op) {
      case Reduction::mean: return cat(store, shared_out(v), ");\n");
      case Reduction::variance: return cat(store, shared_out(s), ");\n");
      case Reduction::deviation: return cat(store, dtype_ == DType::f64 ? "sqrt(" : "sqrt_f32(", shared_out(s), "));\n");
      case Reduction::logsumexp: return cat(store, "is_inf(", v, ") && !is_nan(", s, ") ? ", v, " : ", v, " + log_f32(", s, "));\n");
      case Reduction::exponentials: return cat("  U32x2(", out, ").v[at] = floatBitsToUint(vec2(", v, ", ", s, "));\n");
      case Reduction::arg_maximum:
      case Reduction::arg_minimum: return cat("  U32x2(", out, ").v[at] = uvec2(value.i", n_, ", 0u);\n");
      default: return cat(store, v, ");\n");
    }
  }

 private:
  static bool is_sum(Reduction op) { return op == Reduction::sum || op == Reduction::mean; }
  bool is_arg() const { return op_ == Reduction::arg_maximum || op_ == Reduction::arg_minimum; }
  bool has_pair() const { return op_ == Reduction::logsumexp || op_ == Reduction::exponentials; }
  bool seeks_most() const { return op_ == Reduction::maximum || op_ == Reduction::arg_maximum; }

  std::string lowest() const {
    switch (op_) {
      case Reduction::product: return cat(type_, "(1)");
      case Reduction::all: return "1u";
      case Reduction::logsumexp:
      case Reduction::exponentials: return "-kInfinity";
      case Reduction::maximum:
      case Reduction::minimum:
      case Reduction::arg_maximum:
      case Reduction::arg_minimum: break;
      default: return cat(type_, "(0)");
    }
    const bool most = seeks_most();
    if (is_float(dtype_)) return cat(type_, most ? "(-kInfinity)" : "(kInfinity)");
    switch (dtype_) {  // 32 bits are as good for narrower integers
      case DType::i64: return most ? "packInt2x32(ivec2(0, int(0x80000000u)))" : "packInt2x32(ivec2(-1, 0x7fffffff))";
      case DType::u64: return most ? "uint64_t(0)" : "packUint2x32(uvec2(0xffffffffu))";
      default: return is_signed(dtype_) ? (most ? "int(0x80000000u)" : "0x7fffffff") : (most ? "0u" : "0xffffffffu");
    }
  }

  Reduction op_;
  DType dtype_;
  std::string n_, type_;
};

std::vector<Accumulator> accumulators_for(DType dtype, const std::vector<ReduceTarget>& targets) {
  std::vector<Accumulator> all;
  for (const ReduceTarget& target : targets)
    if (std::none_of(all.begin(), all.end(), [&](const Accumulator& each) { return each.serves(target.op); }))
      all.emplace_back(target.op, dtype, target.result, all.size());
  return all;
}

int64_t value_alignment(const std::vector<Accumulator>& all) {
  int64_t most = 4;
  for (const Accumulator& each : all) most = std::max(most, each.item());
  return most;
}
// No less than what Value takes, with the gaps between its members and behind it.
int64_t value_bytes(const std::vector<Accumulator>& all) {
  int64_t bytes = 0;
  for (const Accumulator& each : all) bytes += round_up(each.bytes(), value_alignment(all));
  return bytes;
}

// The text that kernels/reduce.glsl wants, and the arguments of a dispatch.
class Reducer {
 public:
  Reducer(Emitter& emitter, const ReduceInput& input, const ReduceShape& shape, std::vector<ReduceTarget> targets)
      : emitter_(emitter),
        input_(input),
        shape_(shape),
        targets_(std::move(targets)),
        accumulators_(accumulators_for(input.dtype, targets_)) {
    for (const ReduceInput::Operand& operand : input.operands)
      if (!operand.one) per_ = std::min(per_, 16 / size_of(operand.dtype));
  }

  void dispatch() {
    if (shape_.inner == 1)
      dispatch_rows();
    else
      dispatch_columns();
  }

 private:
  void dispatch_rows() {
    int64_t lanes = up_to_power(divide_up(shape_.count, 2 * per_), kThreads), parts = 1, part = std::max<int64_t>(shape_.count, 1);
    const int64_t wanted = wanted_groups(emitter_.caps()), step = kThreads * per_;  // one load of each thread
    const int64_t furthest = most_elements(widest_) / step * step;                  // of a part: pieces are counted from its beginning
    if (lanes == kThreads && (shape_.outer < wanted || shape_.count > furthest)) {
      const int64_t least = step * 4;  // worth a workgroup
      parts = std::clamp<int64_t>(shape_.count / least, 1, std::max<int64_t>(1, wanted / shape_.outer));
      part = std::min(divide_up(divide_up(shape_.count, parts), step) * step, furthest);
      parts = divide_up(shape_.count, part);
    }
    run({"reduce_rows", {uint32_t(lanes)}, 0, text("reduce_rows.glsl", per_, 1)}, divide_up(shape_.outer * parts, kThreads / lanes), parts,
        shape_.outer, Words().u(shape_.outer).u(shape_.count).u(shape_.stride).u(parts).u(part));
  }

  void dispatch_columns() {
    const int64_t wide = per_ == 4 && shape_.inner % 4 == 0 ? 4 : 1, across = shape_.inner / wide;
    const int64_t rows = up_to_power(shape_.count, kThreads / up_to_power(across, wide == 4 ? 32 : 64)),
                  columns = up_to_power(across, kThreads / rows);
    const int64_t blocks = divide_up(across, columns), outers = divide_up(shape_.outer, kThreads / (rows * columns));
    int64_t part = std::max<int64_t>(shape_.count, 1),
            parts = std::clamp<int64_t>(wanted_groups(emitter_.caps()) / (blocks * outers), 1, divide_up(part, 8 * rows));
    if (parts > 1) part = round_up(divide_up(part, parts), 8 * rows);
    part = std::min(part, most_elements(widest_) / shape_.inner);  // an index reaches all of it
    parts = divide_up(std::max<int64_t>(shape_.count, 1), part);
    run({"reduce_columns", {uint32_t(columns), uint32_t(rows)}, 0, text("reduce_columns.glsl", 8, wide)}, blocks * outers * parts, parts,
        blocks * outers, Words().u(shape_.outer).u(shape_.count).u(shape_.inner).u(blocks).u(parts).u(part));
  }

  // joins: results, or groups of them, that the parts of are counted for.
  void run(Kernel kernel, int64_t groups, int64_t parts, int64_t joins, Words words) {
    std::vector<Argument> arguments;
    double bytes = 0;
    for (const ReduceInput::Operand& operand : input_.operands) {
      arguments.push_back(read(operand.ref));
      bytes += double(operand.ref.bytes);
    }
    for (const ReduceTarget& target : targets_) arguments.push_back(write(target.out));
    Ref partials = targets_[0].out, counters = partials;  // not touched
    if (parts > 1) {
      partials = emitter_.scratch(shape_.outer * shape_.inner * parts * value_bytes(accumulators_));
      counters = emitter_.counters(joins * 4);
    }
    arguments.insert(arguments.end(), {update(partials), update(counters)});
    for (const auto& constant : input_.body.constants) words.u(int64_t(constant.second & 0xffffffff));
    const double elements = double(shape_.outer) * double(shape_.count) * double(shape_.inner);
    emitter_.dispatch(std::move(kernel), emitter_.row(groups), std::move(arguments), words,
                      {.flops = elements * input_.body.flops, .bytes = bytes});
  }

  // ---- the text
  // --------------------------------------------------------------------------------------------------------------------------

  // block: elements that a thread has at hand at once; wide: neighbouring ones that are one load in reduce_columns.glsl.
  std::string text(const char* kernel, int64_t block, int64_t wide) const {
    std::vector<DType> dtypes = input_.body.used;
    for (const ReduceInput::Operand& operand : input_.operands) dtypes.push_back(operand.dtype);
    for (const ReduceTarget& target : targets_)
      if (target.op != Reduction::exponentials && target.op != Reduction::arg_maximum &&
          target.op != Reduction::arg_minimum)  // those are written as words
        dtypes.push_back(target.result);
    return cat(glsl_head(emitter_, dtypes, "arithmetic.glsl"), "#define PER ", per_, "\n#define WIDE ", wide, "\n#define OUTS ",
               targets_.size(), "\n#define VALUE_ALIGN ", value_alignment(accumulators_), "\n#define VALUE ", value_type(input_.dtype),
               "\n", value_text(block), element_text(), "#include \"", kernel, "\"\n");
  }

  std::string value_text(int64_t block) const {
    std::string members, identity, lift, combine, follow, fold, blocks, finish;
    for (const Accumulator& each : accumulators_) {
      members += each.members();
      identity += cat(identity.empty() ? "" : ", ", each.identity());
      lift += cat(lift.empty() ? "" : ", ", each.lift());
      combine += each.combine(false);
      follow += each.combine(true);
      if (each.takes_blocks())
        blocks += each.take_block(block);
      else
        fold += each.combine(true);
    }
    for (size_t i = 0; i < targets_.size(); ++i)
      for (const Accumulator& each : accumulators_)
        if (each.serves(targets_[i].op)) finish += each.finish(targets_[i].op, targets_[i].result, cat("out_[", i, "]"));
    if (!fold.empty())
      fold = cat("  [[unroll]] for (int e = 0; e < ", block,
                 "; ++e) {\n  Value a = v, b = lift(x[e], base, index + uint(e) * step), r = v;\n", fold, "  v = r;\n  }\n");
    return cat("struct Value {", members, " };\nValue identity() { return Value(", identity,
               "); }\nValue lift(VALUE x, VALUE base, uint index) { return Value(", lift,
               "); }\nValue combine(Value a, Value b) {\n  Value r = a;\n", combine,
               "  return r;\n}\nValue follow(Value a, Value b) {\n  Value r = a;\n", follow, "  return r;\n}\nValue fold(Value v, VALUE x[",
               block, "], VALUE base, uint index, uint step) {\n", fold, blocks,
               "  return v;\n}\nvoid finish(uvec2 out_[OUTS], uint at, Value value, uint count) {\n", finish, "}\n");
  }

  // How elements are found: Row, Words and the functions over them that kernels/reduce.glsl names.
  std::string element_text() const {
    std::string arguments, row, words, make_row, advance, phase, values, singles, load, unpack, constants, parameters;
    for (size_t i = 0; i < input_.operands.size(); ++i) {
      const auto& [ref, dtype, one] = input_.operands[i];
      const char* separator = i ? ", " : "";
      const std::string name = cat("a", i);
      const int64_t item = size_of(dtype), bytes = per_ * item;
      arguments += cat(" uvec2 ", name, ";");
      if (one) {
        row += cat(" ", value_type(dtype), " ", name, ";");
        make_row += cat(separator, "load_", suffix(dtype), "(args.", name, ", 0u)");
        values += cat("  ", value_type(dtype), " x", i, " = row.", name, ";\n");
        continue;
      }
      row += cat(" uvec2 ", name, ";");
      make_row += cat(separator, "row_address(args.", name, ", row, length, ", item, "u)");
      advance += cat("  row.", name, " = address_of(row.", name, ", by, ", item, "u);\n");
      phase += cat(phase.empty() ? "  uint past = " : "  if (past != ", "(row.", name, ".x & ", bytes - 1, "u) / ", item, "u",
                   phase.empty() ? ";\n" : ") return PER;\n");
      parameters += cat(", ", value_type(dtype), " x", i);
      singles += cat(", load_", suffix(dtype), "(row.", name, ", at)");
      words += cat(bytes == 16 ? " uvec4 w" : bytes == 8 ? " uvec2 w" : " uint w", i, ";");
      load += cat(load.empty() ? "" : ", ", wide_type(bytes), "(row.", name, ").v[piece]");
    }
    for (size_t i = 0; i < input_.body.constants.size(); ++i) {
      const auto& [dtype, bits] = input_.body.constants[i];
      const char* type = value_type(dtype);
      row += cat(" ", type, " c", i, ";");
      make_row += cat(", ", is_float(dtype) ? "uintBitsToFloat" : type, "(args.constants[", i, "])");
      values += cat("  ", type, " c", i, " = row.c", i, ";\n");
    }
    for (int64_t e = 0; e < per_; ++e) {
      std::string call;
      for (size_t i = 0; i < input_.operands.size(); ++i)
        if (!input_.operands[i].one) call += cat(", ", unpack_expression(input_.operands[i].dtype, per_, e, cat("words.w", i)));
      unpack += cat("  x[", e, "] = compute(row", call, ");\n");
    }
    const size_t held = input_.body.constants.size();
    return cat("#define OPERANDS", arguments, "\n#define CONSTANTS", held ? cat(" uint constants[", held, "];") : "", "\nstruct Row {", row,
               " };\nstruct Words {", words, " };\n#define ROW(row, length) Row(", make_row, ")\nRow advanced(Row row, uint by) {\n",
               advance, "  return row;\n}\nuint phase(Row row) {\n", phase, "  return past;\n}\nVALUE compute(Row row", parameters, ") {\n",
               values, input_.body.code.empty() ? "  VALUE result = x0;\n" : input_.body.code,
               "  return result;\n}\nVALUE element(Row row, uint at) { return compute(row", singles,
               "); }\nWords load_words(Row row, uint piece) { return Words(", load,
               "); }\nvoid unpack_words(Row row, Words words, out VALUE x[PER]) {\n", unpack, "}\n");
  }

  Emitter& emitter_;
  const ReduceInput& input_;
  const ReduceShape& shape_;
  std::vector<ReduceTarget> targets_;
  std::vector<Accumulator> accumulators_;
  int64_t widest_ = 1;  // bytes of an element
  int64_t per_ = 16;    // elements of a load of up to 16 bytes
};

}  // namespace

void emit_reductions(Emitter& emitter, const ReduceInput& input, const ReduceShape& shape, const std::vector<ReduceTarget>& targets) {
  if (shape.outer == 0 || shape.inner == 0) return;
  if (shape.count > kMost || shape.outer * shape.inner > most_elements(8) || (shape.inner > 1 && shape.count * shape.inner > kMost) ||
      shape.stride > kMost)
    fail(Status::unsupported, "a reduction of ", shape.outer, " x ", shape.count, " x ", shape.inner,
         " elements has no kernel on this Vulkan device: more than 2^31");
  for (const ReduceTarget& target : targets)
    if (input.dtype == DType::f64 && (target.op == Reduction::logsumexp || target.op == Reduction::exponentials)) no_kernel(emitter.plan());
  const auto room = size_t(kArgumentBytes - kFixedBytes) / 8 - input.operands.size() - divide_up(int64_t(input.body.constants.size()), 2);
  std::vector<ReduceTarget> some;  // of a dispatch
  for (size_t i = 0; i < targets.size(); ++i) {
    some.push_back(targets[i]);
    if (some.size() > 1 && (some.size() > room || value_bytes(accumulators_for(input.dtype, some)) > kValueBytes)) {
      some.pop_back();
      Reducer(emitter, input, shape, std::exchange(some, {targets[i]})).dispatch();
    }
  }
  Reducer(emitter, input, shape, some).dispatch();
}

void emit_reduce(Emitter& emitter, Reduction op, DType dtype, DType result, const ReduceShape& shape, const Ref& x, const Ref& out) {
  emit_reductions(emitter, {dtype, {{x, dtype}}}, shape, {{op, result, out}});
}

bool is_one(const OperandType& operand) {
  for (int64_t stride : operand.strides)
    if (stride) return false;
  return true;
}

bool joins_reduction(const LaunchPlan& chain, const LaunchPlan& reduction) {
  const OpCode code = reduction.primitive->code();
  if (chain.primitive->code() != OpCode::fused || (code != OpCode::reduce && code != OpCode::reductions && code != OpCode::arg_reduce))
    return false;
  const OperandType &made = chain.outputs[0], &taken = reduction.inputs[0];
  auto dense = [](const OperandType& operand) { return is_contiguous(operand.type.shape, operand.strides); };
  auto floats = [](DType dtype) { return is_float(dtype) && dtype != DType::f64; };
  if (!(made.type == taken.type) || !dense(made) || !dense(taken) || !floats(made.type.dtype)) return false;
  bool any_dense = false;
  for (const OperandType& input : chain.inputs) {
    if (!floats(input.type.dtype) || (!is_one(input) && !dense(input))) return false;
    any_dense = any_dense || (dense(input) && !is_one(input));
  }
  int64_t constants = 0;
  for (const FusedStep& step : as<Fused>(*chain.primitive).steps) {
    if (size_of(step.dtype) == 8 || (step.primitive && step.primitive->code() == OpCode::dropout)) return false;
    constants += !step.primitive;
  }
  return any_dense && 8 * int64_t(chain.inputs.size() + reduction.outputs.size()) + 4 * constants + kFixedBytes <= kArgumentBytes;
}

}  // namespace mlxc::vulkan
