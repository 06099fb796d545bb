#include "ops/patterns.h"

#include "ops/batch_norm.h"
#include "ops/convolution.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/transformer.h"

namespace mlxc::patterns {
namespace {

template <class Op>
const Op* is(const GraphOperation& operation) {
  return operation.primitive->code() == Op::kCode ? static_cast<const Op*>(operation.primitive.get()) : nullptr;
}

bool is_binary(const GraphOperation& operation, BinaryOp op) {
  const auto* binary = is<Binary>(operation);
  return binary && binary->op == op;
}

// The number behind a value that is the same everywhere; -1 where it is not.
int spread_number(const GraphIndex& graph, int value) {
  const int from = graph.producer(value);
  if (from < 0 || !is<Broadcast>(graph.operation(from))) return -1;
  const int source = graph.operation(from).inputs[0];
  return element_count(graph.type(source).shape) == 1 ? source : -1;
}
const double* constant(const GraphIndex& graph, int value) {
  const int number = spread_number(graph, value), from = number < 0 ? -1 : graph.producer(number);
  return from < 0 ? nullptr : graph.operation(from).primitive->constant();
}

class NormLinear final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& product = graph.operation(at);
    const auto* linear = is<Linear>(product);
    if (!linear || linear->norm) return {};
    const auto* norm = graph.alone<RmsNorm>(product.inputs[0]);
    if (!norm || norm->residual) return {};
    const int before = graph.producer(product.inputs[0]);
    const GraphOperation& source = graph.operation(before);
    auto joined = std::make_shared<Linear>(*linear);
    joined->norm = true;
    joined->norm_eps = norm->eps;
    joined->norm_offset = norm->weight_offset;
    std::vector<int> inputs = product.inputs;
    inputs[0] = source.inputs[0];
    inputs.insert(inputs.begin() + long(joined->norm_input()), source.inputs[1]);
    return Rewrite{{before, at}, {std::move(joined), std::move(inputs), product.outputs}};
  }
};

Gate gate_of(UnaryOp op) {
  switch (op) {
    case UnaryOp::silu: return Gate::silu;
    case UnaryOp::gelu_tanh: return Gate::gelu_tanh;
    case UnaryOp::gelu_erf: return Gate::gelu_erf;
    case UnaryOp::relu: return Gate::relu;
    default: return Gate::none;
  }
}

class GatedLinear final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& product = graph.operation(at);
    if (!is_binary(product, BinaryOp::multiply)) return {};
    for (int side : {0, 1}) {
      const int gated = product.inputs[size_t(side)], plain = product.inputs[size_t(1 - side)];
      const auto* activation = graph.alone<Unary>(gated);
      const auto* linear = graph.alone<Linear>(plain);
      if (!activation || !linear || linear->weights != 2 || linear->residual || linear->gate != Gate::none) continue;
      const int activating = graph.producer(gated), multiplying = graph.producer(plain);
      const GraphOperation& source = graph.operation(multiplying);
      const int gate_value = graph.operation(activating).inputs[0];
      if (gate_of(activation->op) == Gate::none || source.outputs[0] != gate_value || source.outputs[1] != plain ||
          !graph.alone<Linear>(gate_value))
        continue;
      if (!(graph.type(gate_value) == graph.type(plain))) continue;
      auto joined = std::make_shared<Linear>(*linear);
      joined->gate = gate_of(activation->op);
      return Rewrite{{multiplying, activating, at}, {std::move(joined), source.inputs, product.outputs}};
    }
    return {};
  }
};

// x + residual or residual + x, where x comes from an Op that nobody else reads and that `joinable` takes.
template <class Op, class Joinable>
std::optional<Rewrite> join_addition(const GraphIndex& graph, int at, const Joinable& joinable) {
  const GraphOperation& sum = graph.operation(at);
  if (!is_binary(sum, BinaryOp::add)) return {};
  for (int side : {0, 1}) {
    const int value = sum.inputs[size_t(side)], residual = sum.inputs[size_t(1 - side)];
    const auto* op = graph.alone<Op>(value);
    if (!op || op->residual || value == residual || !joinable(*op) || !(graph.type(value) == graph.type(residual))) continue;
    const int before = graph.producer(value);
    auto joined = std::make_shared<Op>(*op);
    joined->residual = true;
    std::vector<int> inputs = graph.operation(before).inputs;
    inputs.push_back(residual);
    return Rewrite{{before, at}, {std::move(joined), std::move(inputs), sum.outputs}};
  }
  return {};
}

class LinearResidual final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    return join_addition<Linear>(
        graph, at, [](const Linear& linear) { return linear.weights == 1 && linear.activation == Gate::none && !linear.drop; });
  }
};

class NormResidual final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    return join_addition<RmsNorm>(graph, at, [](const RmsNorm&) { return true; });
  }
};

// The operation that rotates a value, and the norm of its heads if there is one that only the rotation reads.
struct Rotation {
  int rope = -1, norm = -1;
  const Rope* op = nullptr;
  const RmsNorm* head_norm = nullptr;
  int source(const GraphIndex& graph) const { return graph.operation(norm >= 0 ? norm : rope).inputs[0]; }
};

std::optional<Rotation> rotation_of(const GraphIndex& graph, int rope) {
  Rotation found{rope, -1, is<Rope>(graph.operation(rope)), nullptr};
  if (!found.op) return {};
  const int before = graph.operation(rope).inputs[0];
  const auto* norm = graph.alone<RmsNorm>(before);
  if (norm && !norm->residual && graph.type(before).shape.rank() == 3) found.norm = graph.producer(before), found.head_norm = norm;
  return found;
}

class RopeWrite final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& write = graph.operation(at);
    if (!is<KvWrite>(write) || !graph.alone<Rope>(write.inputs[2])) return {};
    const auto k = rotation_of(graph, graph.producer(write.inputs[2]));
    if (!k) return {};
    const GraphOperation& k_rope = graph.operation(k->rope);
    // The queries of this layer: rotated alike, and read by the attention over these pages.
    for (int i = 0; i < int(graph.graph().operations.size()); ++i) {
      const GraphOperation& attention = graph.operation(i);
      if (!is<PagedAttention>(attention) || attention.inputs[1] != write.outputs[0] || !graph.alone<Rope>(attention.inputs[0])) continue;
      const auto q = rotation_of(graph, graph.producer(attention.inputs[0]));
      if (!q || !q->op->equals(*k->op) || !q->head_norm != !k->head_norm) continue;
      if (q->head_norm && !q->head_norm->equals(*k->head_norm)) continue;
      const GraphOperation& q_rope = graph.operation(q->rope);
      if (q_rope.inputs[1] != k_rope.inputs[1] || q_rope.inputs[2] != k_rope.inputs[2] || k_rope.inputs[1] != write.inputs[6]) continue;
      auto joined = std::make_shared<RopeKvWrite>();
      joined->attention_factor = k->op->attention_factor;
      std::vector<int> inputs{write.inputs[0], write.inputs[1],  q->source(graph), k->source(graph), write.inputs[3],
                              write.inputs[6], k_rope.inputs[2], write.inputs[4],  write.inputs[5]};
      std::vector<int> removed{q->rope, k->rope, at};
      if (k->head_norm) {
        joined->head_norm = true;
        joined->norm_eps = k->head_norm->eps;
        joined->norm_offset = k->head_norm->weight_offset;
        for (const auto& rotation : {*q, *k}) {
          inputs.push_back(graph.operation(rotation.norm).inputs[1]);
          removed.push_back(rotation.norm);
        }
      }
      return Rewrite{std::move(removed), {std::move(joined), std::move(inputs), {write.outputs[0], write.outputs[1], q_rope.outputs[0]}}};
    }
    return {};
  }
};

class MatmulBrain final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& product = graph.operation(at);
    if (!is<Matmul>(product) || graph.type(product.outputs[0]).dtype != DType::f32) return {};
    std::vector<int> inputs = product.inputs;
    for (int side : {0, 1}) {
      const int source = graph.producer(product.inputs[size_t(side)]);
      if (source < 0 || !is<Cast>(graph.operation(source))) return {};
      inputs[size_t(side)] = graph.operation(source).inputs[0];
      if (graph.type(inputs[size_t(side)]).dtype != DType::bf16) return {};
    }
    return Rewrite{{at}, {product.primitive, std::move(inputs), product.outputs}};
  }
};

class RoundedMatmul final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& rounding = graph.operation(at);
    if (!is<Cast>(rounding) || graph.type(rounding.outputs[0]).dtype != DType::bf16) return {};
    const int product = rounding.inputs[0], before = graph.producer(product);
    const auto* matmul = graph.alone<Matmul>(product);
    if (!matmul || matmul->drop || graph.type(graph.operation(before).inputs[0]).dtype != DType::bf16) return {};
    auto joined = std::make_shared<Matmul>(*matmul);
    joined->rounds = true;
    return Rewrite{{before, at}, {std::move(joined), graph.operation(before).inputs, rounding.outputs}};
  }
};

class MatmulBias final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& sum = graph.operation(at);
    if (!is_binary(sum, BinaryOp::add)) return {};
    for (int side : {0, 1}) {
      const int product = sum.inputs[size_t(side)], spread = sum.inputs[size_t(1 - side)];
      const auto* matmul = graph.alone<Matmul>(product);
      const int source = graph.producer(spread);
      if (!matmul || matmul->bias || matmul->drop || matmul->activation != Gate::none || graph.type(product).dtype != DType::f32 ||
          source < 0)
        continue;
      const GraphOperation& broadcast = graph.operation(source);
      if (!is<Broadcast>(broadcast)) continue;
      const TensorType& bias = graph.type(broadcast.inputs[0]);
      const int64_t columns = graph.type(product).shape.back();
      if (bias.dtype != DType::f32 || bias.shape.rank() == 0 || bias.shape.back() != columns || element_count(bias.shape) != columns)
        continue;
      const int before = graph.producer(product);
      auto joined = std::make_shared<Matmul>(*matmul);
      joined->bias = true;
      std::vector<int> inputs = graph.operation(before).inputs;
      inputs.push_back(broadcast.inputs[0]);
      return Rewrite{{before, at}, {std::move(joined), std::move(inputs), sum.outputs}};
    }
    return {};
  }
};

class ProductActivation final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& activation = graph.operation(at);
    const auto* unary = is<Unary>(activation);
    if (!unary || gate_of(unary->op) == Gate::none) return {};
    const int product = activation.inputs[0], before = graph.producer(product);
    if (graph.type(product).dtype != DType::f32) return {};
    PrimitivePtr joined;
    if (const auto* matmul = graph.alone<Matmul>(product); matmul && matmul->activation == Gate::none && !matmul->drop) {
      auto with = std::make_shared<Matmul>(*matmul);
      with->activation = gate_of(unary->op);
      joined = std::move(with);
    }
    if (const auto* linear = graph.alone<Linear>(product); linear && linear->weights == 1 && linear->gate == Gate::none &&
                                                           !linear->residual && linear->activation == Gate::none && !linear->drop) {
      auto with = std::make_shared<Linear>(*linear);
      with->activation = gate_of(unary->op);
      joined = std::move(with);
    }
    if (!joined) return {};
    return Rewrite{{before, at}, {std::move(joined), graph.operation(before).inputs, activation.outputs}};
  }
};

class ProductDropout final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& operation = graph.operation(at);
    const auto* dropout = is<Dropout>(operation);
    if (!dropout) return {};
    const int scaled = operation.inputs[0], before = graph.producer(scaled);
    if (before < 0 || graph.only_consumer(scaled) < 0 || !is_binary(graph.operation(before), BinaryOp::multiply)) return {};
    const std::vector<int>& factors = graph.operation(before).inputs;
    const double* scale = constant(graph, factors[1]);
    const int low = spread_number(graph, operation.inputs[1]), high = spread_number(graph, operation.inputs[2]);
    if (!scale || low < 0 || high < 0 || graph.type(factors[0]).dtype != DType::f32) return {};
    PrimitivePtr joined;
    auto with = [&](auto product) {
      product.drop = {true, dropout->probability, float(*scale)};
      joined = std::make_shared<decltype(product)>(product);
    };
    if (const auto* matmul = graph.alone<Matmul>(factors[0]); matmul && !matmul->drop) with(*matmul);
    if (const auto* linear = graph.alone<Linear>(factors[0]);
        linear && linear->weights == 1 && linear->gate == Gate::none && !linear->residual && !linear->drop)
      with(*linear);
    if (!joined) return {};
    const int product = graph.producer(factors[0]);
    std::vector<int> inputs = graph.operation(product).inputs;
    inputs.insert(inputs.end(), {low, high});
    return Rewrite{{product, before, at}, {std::move(joined), std::move(inputs), operation.outputs}};
  }
};

// relu of the first output of an Op that nobody else reads.
template <class Op>
class JoinedRelu final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& activation = graph.operation(at);
    const auto* unary = is<Unary>(activation);
    if (!unary || unary->op != UnaryOp::relu) return {};
    const auto* op = graph.alone<Op>(activation.inputs[0]);
    const int before = graph.producer(activation.inputs[0]);
    if (!op || op->relu || graph.operation(before).outputs[0] != activation.inputs[0]) return {};
    auto joined = std::make_shared<Op>(*op);
    joined->relu = true;
    std::vector<int> outputs = graph.operation(before).outputs;
    outputs[0] = activation.outputs[0];
    return Rewrite{{before, at}, {std::move(joined), graph.operation(before).inputs, std::move(outputs)}};
  }
};

class BatchNormGated final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const GraphOperation& gradient = graph.operation(at);
    const auto* op = is<BatchNormGradient>(gradient);
    if (!op || op->gated) return {};
    const auto* product = graph.alone<Binary>(gradient.inputs[3]);
    if (!product || product->op != BinaryOp::multiply) return {};
    const int multiplying = graph.producer(gradient.inputs[3]);
    for (size_t side : {0u, 1u}) {
      const int gate = graph.operation(multiplying).inputs[side], g = graph.operation(multiplying).inputs[1 - side];
      if (!graph.alone<Cast>(gate)) continue;
      const int casting = graph.producer(gate), condition = graph.operation(casting).inputs[0];
      const auto* greater = graph.alone<Binary>(condition);
      if (!greater || greater->op != BinaryOp::greater) continue;
      const int comparing = graph.producer(condition);
      const GraphOperation& comparison = graph.operation(comparing);
      const double* bound = constant(graph, comparison.inputs[1]);
      if (!bound || *bound != 0 || !(graph.type(comparison.inputs[0]) == graph.type(gradient.inputs[0])) ||
          !(graph.type(g) == graph.type(gradient.inputs[0])))
        continue;
      auto joined = std::make_shared<BatchNormGradient>(*op);
      joined->gated = true;
      std::vector<int> inputs = gradient.inputs;
      inputs[3] = g;
      inputs.push_back(comparison.inputs[0]);
      return Rewrite{{comparing, casting, multiplying, at}, {std::move(joined), std::move(inputs), gradient.outputs}};
    }
    return {};
  }
};

class JoinedReductions final : public Pattern {
  std::optional<Rewrite> match(const GraphIndex& graph, int at) const override {
    const auto* first = joinable(graph, at);
    if (!first) return {};
    const int input = graph.operation(at).inputs[0];
    std::vector<int> removed, outputs;
    std::vector<ReduceOp> ops;
    for (int reader : graph.consumers(input)) {
      const auto* reduce = reader >= 0 ? joinable(graph, reader) : nullptr;
      if (!reduce || !(reduce->axes == first->axes) || reduce->keepdims != first->keepdims || removed.size() == kMost) continue;
      removed.push_back(reader);
      ops.push_back(reduce->op);
      outputs.push_back(graph.operation(reader).outputs[0]);
    }
    if (removed.size() < 2) return {};
    auto joined = std::make_shared<Reductions>(std::move(ops), first->axes, first->keepdims);
    return Rewrite{std::move(removed), {std::move(joined), {input}, std::move(outputs)}};
  }

  static const Reduce* joinable(const GraphIndex& graph, int at) {
    const auto* reduce = is<Reduce>(graph.operation(at));
    return reduce && is_float(graph.type(graph.operation(at).inputs[0]).dtype) ? reduce : nullptr;
  }
  static constexpr size_t kMost = 8;
};

}  // namespace

const Pattern& norm_linear() {
  static const NormLinear pattern;
  return pattern;
}
const Pattern& gated_linear() {
  static const GatedLinear pattern;
  return pattern;
}
const Pattern& linear_residual() {
  static const LinearResidual pattern;
  return pattern;
}
const Pattern& norm_residual() {
  static const NormResidual pattern;
  return pattern;
}
const Pattern& rope_kv_write() {
  static const RopeWrite pattern;
  return pattern;
}

const Pattern& matmul_brain() {
  static const MatmulBrain pattern;
  return pattern;
}
const Pattern& rounded_matmul() {
  static const RoundedMatmul pattern;
  return pattern;
}
const Pattern& matmul_bias() {
  static const MatmulBias pattern;
  return pattern;
}
const Pattern& product_activation() {
  static const ProductActivation pattern;
  return pattern;
}
const Pattern& reductions() {
  static const JoinedReductions pattern;
  return pattern;
}
const Pattern& product_dropout() {
  static const ProductDropout pattern;
  return pattern;
}
const Pattern& batch_norm_relu() {
  static const JoinedRelu<BatchNorm> pattern;
  return pattern;
}
const Pattern& batch_norm_gated() {
  static const BatchNormGated pattern;
  return pattern;
}
const Pattern& convolution_relu() {
  static const JoinedRelu<Convolution> pattern;
  return pattern;
}

}  // namespace mlxc::patterns
