// Elementwise chains as GLSL: one statement a step, in the arithmetic of kernels/arithmetic.glsl.
#include <limits>
#include <string>
#include <vector>

#include "backend/vulkan/elementwise_glsl.h"
#include "graph/pass_ops.h"
#include "ops/elementwise.h"
#include "ops/normalization.h"

namespace mlxc::vulkan {
namespace {

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

// Functions of math.glsl that a float32 operation is a call of; nullptr: see below.
const char* f32_function(UnaryOp op) {
  using enum UnaryOp;
  switch (op) {
    case exp: return "exp_f32";
    case expm1: return "expm1_f32";
    case log: return "log_f32";
    case log1p: return "log1p_f32";
    case log2: return "log2_f32";
    case log10: return "log10_f32";
    case sqrt: return "sqrt_f32";
    case sin: return "sin_f32";
    case cos: return "cos_f32";
    case tan: return "tan_f32";
    case asin: return "asin_f32";
    case acos: return "acos_f32";
    case atan: return "atan_f32";
    case sinh: return "sinh_f32";
    case cosh: return "cosh_f32";
    case tanh: return "tanh_f32";
    case asinh: return "asinh_f32";
    case acosh: return "acosh_f32";
    case atanh: return "atanh_f32";
    case erf: return "erf_f32";
    case erfinv: return "erfinv_f32";
    case sigmoid: return "sigmoid_f32";
    case silu: return "silu_f32";
    case gelu_tanh: return "gelu_tanh_f32";
    case gelu_erf: return "gelu_erf_f32";
    case gelu_erf_slope: return "gelu_erf_slope_f32";
    default: return nullptr;
  }
}

double flops_of(const FusedStep& step) {
  if (step.primitive && step.primitive->code() == OpCode::dropout) return 40;
  if (!step.primitive || step.primitive->code() != OpCode::unary) return 1;
  return f32_function(as<Unary>(*step.primitive).op) ? 20 : 1;
}

class Chain {
 public:
  Chain(const Emitter& emitter, const LaunchPlan& chain) : emitter_(emitter), chain_(chain), fused_(as<Fused>(*chain.primitive)) {}

  ElementwiseBody body() {
    for (int i = 0; i < fused_.inputs; ++i) add(cat("x", i), chain_.inputs[size_t(i)].type.dtype);
    for (const FusedStep& step : fused_.steps) {
      body_.used.push_back(step.dtype);
      body_.flops += flops_of(step);
      if (step.primitive)
        lower_step(step);
      else
        constant(step);
    }
    body_.code += cat("  ", value_type(types_.back()), " result = ", names_.back(), ";\n");
    body_.name = "fused";
    return std::move(body_);
  }

 private:
  void add(std::string name, DType dtype) {
    names_.push_back(std::move(name));
    types_.push_back(dtype);
  }

  void constant(const FusedStep& step) {
    add(cat("c", body_.constants.size()), step.dtype);
    body_.constants.emplace_back(step.dtype, constant_bits(step.constant, step.dtype));
  }

  // Every result is `precise`: what a chain computes must not depend on how its steps are joined.
  void lower_step(const FusedStep& step) {
    std::string extra;  // a parameter
    if (step.primitive->code() == OpCode::dropout) {
      extra = cat("c", body_.constants.size());
      body_.constants.emplace_back(DType::f32, constant_bits(as<Dropout>(*step.primitive).probability, DType::f32));
    }
    const std::string value = expression(step, extra), name = cat("s", names_.size());
    const char* type = value_type(step.dtype);
    const bool rounds = is_float(step.dtype);
    body_.code += cat("  ", rounds ? "precise " : "", type, " ", name, " = ", value, ";\n");
    if (is_half(step.dtype)) body_.code += cat("  ", name, " = round_", suffix(step.dtype), "(", name, ");\n");
    add(name, step.dtype);
  }

  std::string expression(const FusedStep& step, const std::string& extra) const {
    auto name = [&](int i) { return names_[size_t(step.arguments[size_t(i)])]; };
    auto type = [&](int i) { return types_[size_t(step.arguments[size_t(i)])]; };
    switch (step.primitive->code()) {
      case OpCode::unary: return unary(as<Unary>(*step.primitive).op, type(0), name(0));
      case OpCode::binary: return binary(as<Binary>(*step.primitive).op, type(0), name(0), name(1));
      case OpCode::select: return cat("truth(", name(0), ") ? ", name(1), " : ", name(2));
      case OpCode::dropout:
        return cat("philox_unit(", name(1), ", ", name(2), ", at) >= ", extra, " ? ", name(0), " : ", value_type(step.dtype), "(0)");
      case OpCode::cast: return convert_expression(type(0), step.dtype, name(0));
      default: no_kernel(emitter_.plan());
    }
  }

  std::string unary(UnaryOp op, DType dtype, const std::string& x) const {
    using enum UnaryOp;
    const std::string type = value_type(dtype);
    const bool f64 = dtype == DType::f64, floating = is_float(dtype), boolean = dtype == DType::boolean;
    switch (op) {  // of every dtype
      case logical_not: return cat("uint(!truth(", x, "))");
      case isnan: return floating ? cat("uint(is_nan(", x, "))") : "0u";
      case isinf: return floating ? cat("uint(is_inf(", x, "))") : "0u";
      case isfinite: return floating ? cat("uint(is_finite(", x, "))") : "1u";
      default: break;
    }
    if (boolean) {
      if (op == abs || op == square) return x;
      if (op == bitwise_not) return cat("uint(!truth(", x, "))");
    } else if (floating) {
      if (const char* function = f64 ? nullptr : f32_function(op)) return cat(function, "(", x, ")");
      switch (op) {
        case abs: return f64 ? cat("abs(", x, ")") : cat("magnitude(", x, ")");
        case negative: return f64 ? cat("-", x) : cat("uintBitsToFloat(floatBitsToUint(", x, ") ^ 0x80000000u)");
        case sqrt: return cat("sqrt(", x, ")");
        case rsqrt: return f64 ? cat("1.0lf / sqrt(", x, ")") : cat("divide_f32(1.0, sqrt_f32(", x, "))");
        case reciprocal: return f64 ? cat("1.0lf / ", x) : cat("divide_f32(1.0, ", x, ")");
        case square: return cat(x, " * ", x);
        case floor: return cat("floor(", x, ")");
        case ceil: return cat("ceil(", x, ")");
        case trunc: return cat("trunc(", x, ")");
        case round: return cat("roundEven(", x, ")");
        case sign: return cat("sign_of(", x, ")");
        case relu: return cat("relu(", x, ")");
        default: break;
      }
    } else {
      const std::string wrap = cat("wrap_", suffix(dtype), "(");
      switch (op) {
        case abs: return is_signed(dtype) ? cat(wrap, x, " < ", type, "(0) ? negative(", x, ") : ", x, ")") : x;
        case negative: return cat(wrap, is_signed(dtype) ? cat("negative(", x, ")") : cat(type, "(0) - ", x), ")");
        case square: return cat(wrap, x, " * ", x, ")");
        case floor:
        case ceil:
        case trunc:
        case round: return x;
        case sign: return cat("sign_of(", x, ")");
        case relu: return cat("relu(", x, ")");
        case bitwise_not: return cat(wrap, "~", x, ")");
        default: break;
      }
    }
    no_kernel(emitter_.plan());
  }

  std::string binary(BinaryOp op, DType dtype, const std::string& a, const std::string& b) const {
    using enum BinaryOp;
    switch (op) {  // of every dtype
      case equal: return compare(dtype, a, "==", b, "is_same");
      case not_equal: return compare(dtype, a, "!=", b, "differs");
      case less: return compare(dtype, a, "<", b, "is_less");
      case less_equal: return compare(dtype, a, "<=", b, "is_at_most");
      case greater: return compare(dtype, b, "<", a, "is_less");
      case greater_equal: return compare(dtype, b, "<=", a, "is_at_most");
      case logical_and: return cat("uint(truth(", a, ") && truth(", b, "))");
      case logical_or: return cat("uint(truth(", a, ") || truth(", b, "))");
      case logical_xor: return cat("uint(truth(", a, ") != truth(", b, "))");
      default: break;
    }
    if (dtype == DType::boolean) {  // sum is or, product is and
      switch (op) {
        case add:
        case maximum:
        case bitwise_or: return cat(a, " | ", b);
        case multiply:
        case minimum:
        case bitwise_and: return cat(a, " & ", b);
        case bitwise_xor: return cat(a, " ^ ", b);
        default: no_kernel(emitter_.plan());
      }
    }
    return is_float(dtype) ? float_binary(op, dtype, a, b) : integer_binary(op, dtype, a, b);
  }

  std::string float_binary(BinaryOp op, DType dtype, const std::string& a, const std::string& b) const {
    using enum BinaryOp;
    const bool f64 = dtype == DType::f64;
    auto call = [&](const char* function) { return cat(function, "(", a, ", ", b, ")"); };
    switch (op) {
      case add: return cat(a, " + ", b);
      case subtract: return cat(a, " - ", b);
      case multiply: return cat(a, " * ", b);
      case divide: return f64 ? cat(a, " / ", b) : call("divide_f32");
      case minimum: return call("minimum");
      case maximum: return call("maximum");
      default: break;
    }
    if (!f64) {
      switch (op) {
        case floor_divide: return call("floor_divide_f32");
        case remainder: return call("remainder_f32");
        case power: return call("power_f32");
        case atan2: return call("atan2_f32");
        case hypot: return call("hypot_f32");
        case logaddexp: return call("logaddexp_f32");
        default: break;
      }
    }
    no_kernel(emitter_.plan());
  }

  std::string integer_binary(BinaryOp op, DType dtype, const std::string& a, const std::string& b) const {
    using enum BinaryOp;
    const std::string wrap = cat("wrap_", suffix(dtype), "(");
    auto call = [&](const char* function) { return cat(wrap, function, "(", a, ", ", b, "))"); };
    auto infix = [&](const char* operation) { return cat(wrap, a, " ", operation, " ", b, ")"); };
    auto shift = [&](const char* function) { return cat(wrap, function, "(", a, ", ", b, ", ", size_of(dtype) * 8, "u))"); };
    switch (op) {
      case add: return infix("+");
      case subtract: return infix("-");
      case multiply: return infix("*");
      case bitwise_and: return infix("&");
      case bitwise_or: return infix("|");
      case bitwise_xor: return infix("^");
      case minimum: return call("minimum");
      case maximum: return call("maximum");
      case floor_divide: return call("floor_divide");
      case remainder: return call("remainder");
      case power: return call("power");
      case shift_left: return shift("shift_left");
      case shift_right: return shift("shift_right");
      default: no_kernel(emitter_.plan());
    }
  }

  static std::string compare(DType dtype, const std::string& a, const char* operation, const std::string& b, const char* function) {
    if (is_float(dtype)) return cat("uint(", function, "(", a, ", ", b, "))");
    return cat("uint(", a, " ", operation, " ", b, ")");
  }

  const Emitter& emitter_;
  const LaunchPlan& chain_;
  const Fused& fused_;
  ElementwiseBody body_;
  std::vector<std::string> names_;
  std::vector<DType> types_;
};

}  // namespace

ElementwiseBody chain_body(const Emitter& emitter, const LaunchPlan& chain) { return Chain(emitter, chain).body(); }

void lower_fused(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  std::vector<Strided> inputs;
  for (size_t i = 0; i < plan.inputs.size(); ++i) inputs.push_back(strided_input(emitter, i));
  emit_elementwise(emitter, chain_body(emitter, plan), dims(plan.outputs[0].type.shape), std::move(inputs), strided_output(emitter, 0));
}

}  // namespace mlxc::vulkan
