// Linear layers, norms, rotary positions and attention.
#include <cstring>
#include <vector>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/lower.h"
#include "ops/matmul.h"
#include "ops/transformer.h"

namespace mlxc::cpu {
namespace {

float* floats(std::byte* data) { return reinterpret_cast<float*>(data); }
const int32_t* ints(const std::byte* data) { return reinterpret_cast<const int32_t*>(data); }

static_assert(mlxc::kPageSlots == cpu::kPageSlots);

LaunchPtr lower_linear(const LaunchPlan& plan) {
  const auto& op = as<mlxc::Linear>(*plan.primitive);
  LinearArgs base;
  if (!uniform_rows(plan.inputs[0], &base.t, &base.x_stride)) no_kernel(plan);
  base.k = plan.inputs[0].type.shape.back();
  base.precision = op.precision == mlxc::Precision::high ? Precision::high : Precision::native;
  base.gated = op.gate != Gate::none;
  std::vector<LinearOutput> outputs(static_cast<size_t>(op.weights));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const TensorType& weight = plan.inputs[1 + i].type;
    outputs[i].weight_dtype = weight.dtype;
    outputs[i].n = outputs[i].y_stride = weight.shape[0];
    outputs[i].weight_stride = weight.shape[0] > 1 ? plan.inputs[1 + i].strides[0] : base.k;
    outputs[i].weight_step = base.k > 1 ? plan.inputs[1 + i].strides[1] : 1;
    if (op.has_bias) outputs[i].bias_dtype = plan.inputs[op.bias_input(int(i))].type.dtype;
  }
  outputs[0].activation = activation_of(op.gate != Gate::none ? op.gate : op.activation);
  outputs[0].drop = {.probability = op.drop.probability, .scale = op.drop.scale};
  if (op.residual) outputs[0].residual_stride = outputs[0].n;
  // No pattern of the CPU's: of a device whose kernel did not come about. The rows are normed beside it.
  NormArgs norm;
  if (op.norm) {
    norm.x_stride = base.x_stride;
    norm.tokens = base.t;
    norm.dim = norm.y_stride = base.x_stride = base.k;
    norm.weight_dtype = plan.inputs[op.norm_input()].type.dtype;
    norm.eps = op.norm_eps;
    norm.weight_offset = op.norm_offset;
  }
  return make_launch([base, norm, outputs, op, first_output = plan.inputs.size()](ThreadPool& pool, std::byte* const* operands) {
    LinearOutput bound[4];
    const size_t count = outputs.size();
    for (size_t i = 0; i < count; ++i) {
      bound[i] = outputs[i];
      bound[i].weight = operands[1 + i];
      if (op.has_bias) bound[i].bias = operands[op.bias_input(int(i))];
      if (i == 0 || !base.gated) bound[i].y = floats(operands[first_output + i]);
    }
    if (op.residual) bound[0].residual = floats(operands[op.residual_input()]);
    if (op.drop) bind_key(bound[0].drop, operands + first_output - 2, bound[0].y);
    LinearArgs args = base;
    args.x = floats(operands[0]);
    args.outputs = {bound, count};
    std::vector<float> normed(op.norm ? size_t(norm.tokens * norm.dim) : 0);
    if (op.norm) {
      NormArgs rows = norm;
      rows.x = args.x;
      rows.weight = operands[op.norm_input()];
      rows.y = normed.data();
      rms_norm(pool, rows);
      args.x = normed.data();
    }
    linear(pool, args);
  });
}

LaunchPtr lower_norm(const LaunchPlan& plan) {
  NormArgs base;
  const OperandType& x = plan.inputs[0];
  base.dim = x.type.shape.back();
  if (uniform_rows(x, &base.tokens, &base.x_stride)) {
    base.y_stride = base.dim;
  } else {  // [tokens, heads, dim] cut out of wider rows
    base.tokens = x.type.shape[0];
    base.heads = x.type.shape[1];
    base.x_stride = x.strides[0];
    base.x_head_stride = x.strides[1];
    base.y_stride = base.heads * base.dim;
    base.y_head_stride = base.dim;
  }
  base.weight_dtype = plan.inputs[1].type.dtype;
  if (plan.primitive->code() == OpCode::rms_norm) {
    const auto& op = as<RmsNorm>(*plan.primitive);
    base.eps = op.eps;
    base.weight_offset = op.weight_offset;
    return make_launch([base, residual = op.residual](ThreadPool& pool, std::byte* const* operands) {
      NormArgs args = base;
      args.x = floats(operands[0]);
      args.weight = operands[1];
      args.y = floats(operands[residual ? 3 : 2]);
      rms_norm(pool, args);
      if (!residual) return;
      const float* more = floats(operands[2]);  // no pattern of the CPU's: of a device whose kernel did not come about
      pool.parallel_for(args.tokens * args.heads * args.dim, 1 << 14, [&](int64_t begin, int64_t end, int) {
        for (int64_t i = begin; i < end; ++i) args.y[i] += more[i];
      });
    });
  }
  base.eps = as<LayerNorm>(*plan.primitive).eps;
  base.bias_dtype = plan.inputs[2].type.dtype;
  return make_launch([base](ThreadPool& pool, std::byte* const* operands) {
    NormArgs args = base;
    args.x = floats(operands[0]);
    args.weight = operands[1];
    args.bias = operands[2];
    args.y = floats(operands[3]);
    layer_norm(pool, args);
  });
}

LaunchPtr lower_rope(const LaunchPlan& plan) {
  RopeArgs base;
  const OperandType& x = plan.inputs[0];
  base.tokens = x.type.shape[0];
  base.heads = x.type.shape[1];
  base.head_dim = x.type.shape[2];
  base.x_stride = x.strides[0];
  base.x_head_stride = x.strides[1];
  base.y_stride = base.heads * base.head_dim;
  base.y_head_stride = base.head_dim;
  base.rotary = plan.inputs[2].type.shape[0] * 2;
  base.factor = as<Rope>(*plan.primitive).attention_factor;
  return make_launch([base](ThreadPool& pool, std::byte* const* operands) {
    RopeArgs args = base;
    args.x = floats(operands[0]);
    args.positions = ints(operands[1]);
    args.inverse_frequencies = floats(operands[2]);
    args.y = floats(operands[3]);
    rope(pool, args);
  });
}

// No pattern of the CPU's: of a device whose kernel did not come about. The operations that it joins, one after the other.
LaunchPtr lower_rope_kv_write(const LaunchPlan& plan) {
  const auto& op = as<RopeKvWrite>(*plan.primitive);
  const OperandType &q = plan.inputs[2], &k = plan.inputs[3], &v = plan.inputs[4];
  const auto norm_of = [&](const OperandType& x, size_t weight) {
    NormArgs norm;
    norm.tokens = x.type.shape[0];
    norm.heads = x.type.shape[1];
    norm.dim = norm.x_head_stride = norm.y_head_stride = x.type.shape[2];
    norm.x_stride = x.strides[0];
    norm.y_stride = norm.heads * norm.dim;
    norm.eps = op.norm_eps;
    norm.weight_offset = op.norm_offset;
    if (op.head_norm) norm.weight_dtype = plan.inputs[weight].type.dtype;
    return norm;
  };
  const auto rope_of = [&](const OperandType& x) {
    RopeArgs rope;
    rope.tokens = x.type.shape[0];
    rope.heads = x.type.shape[1];
    rope.head_dim = rope.x_head_stride = rope.y_head_stride = x.type.shape[2];
    rope.y_stride = rope.heads * rope.head_dim;
    rope.x_stride = op.head_norm ? rope.y_stride : x.strides[0];
    rope.rotary = plan.inputs[6].type.shape[0] * 2;
    rope.factor = op.attention_factor;
    return rope;
  };
  KvWriteArgs write;
  write.layout = page_layout(plan.inputs[0].type);
  write.tokens = k.type.shape[0];
  write.k_stride = k.type.shape[1] * k.type.shape[2];
  write.v_stride = v.strides[0];
  write.page_table_stride = plan.inputs[7].type.shape[1];
  return make_launch([=, norms = op.head_norm, q_norm = norm_of(q, 9), k_norm = norm_of(k, 10), q_rope = rope_of(q), k_rope = rope_of(k),
                      outputs = plan.inputs.size()](ThreadPool& pool, std::byte* const* operands) {
    std::vector<float> normed, rotated(size_t(write.tokens * write.k_stride));
    const auto rotate = [&](NormArgs norm, RopeArgs rotation, const std::byte* x, const std::byte* weight, float* to) {
      rotation.x = reinterpret_cast<const float*>(x);
      if (norms) {
        normed.resize(size_t(norm.tokens * norm.y_stride));
        norm.x = rotation.x;
        norm.weight = weight;
        norm.y = normed.data();
        rms_norm(pool, norm);
        rotation.x = normed.data();
      }
      rotation.positions = ints(operands[5]);
      rotation.inverse_frequencies = floats(operands[6]);
      rotation.y = to;
      rope(pool, rotation);
    };
    rotate(q_norm, q_rope, operands[2], norms ? operands[9] : nullptr, floats(operands[outputs + 2]));
    rotate(k_norm, k_rope, operands[3], norms ? operands[10] : nullptr, rotated.data());
    KvWriteArgs args = write;
    args.k = rotated.data();
    args.v = floats(operands[4]);
    args.page_table = ints(operands[7]);
    args.sequences = ints(operands[8]);
    args.positions = ints(operands[5]);
    args.k_pages = operands[outputs];
    args.v_pages = operands[outputs + 1];
    kv_write(pool, args);
  });
}

LaunchPtr lower_kv_write(const LaunchPlan& plan) {
  KvWriteArgs base;
  base.layout = page_layout(plan.inputs[0].type);
  base.tokens = plan.inputs[2].type.shape[0];
  base.k_stride = plan.inputs[2].strides[0];
  base.v_stride = plan.inputs[3].strides[0];
  base.page_table_stride = plan.inputs[4].type.shape[1];
  return make_launch([base](ThreadPool& pool, std::byte* const* operands) {
    KvWriteArgs args = base;
    args.k = floats(operands[2]);
    args.v = floats(operands[3]);
    args.page_table = ints(operands[4]);
    args.sequences = ints(operands[5]);
    args.positions = ints(operands[6]);
    args.k_pages = operands[7];
    args.v_pages = operands[8];
    kv_write(pool, args);
  });
}

LaunchPtr lower_paged_attention(const LaunchPlan& plan) {
  const auto& op = as<PagedAttention>(*plan.primitive);
  AttentionArgs base;
  const Shape& q = plan.inputs[0].type.shape;
  base.layout = page_layout(plan.inputs[1].type);
  base.tokens = q[0];
  base.q_heads = q[1];
  base.q_stride = plan.inputs[0].strides[0];
  base.out_stride = q[1] * q[2];
  base.page_table_stride = plan.inputs[3].type.shape[1];
  base.scale = op.scale;
  base.softcap = op.softcap;
  base.window = op.window;
  return make_launch([base](ThreadPool& pool, std::byte* const* operands) {
    AttentionArgs args = base;
    args.q = floats(operands[0]);
    args.k_pages = operands[1];
    args.v_pages = operands[2];
    args.page_table = ints(operands[3]);
    args.sequences = ints(operands[4]);
    args.positions = ints(operands[5]);
    args.out = floats(operands[6]);
    attention(pool, args);
  });
}

LaunchPtr lower_dense_attention(const LaunchPlan& plan) {
  DenseAttentionArgs base;
  const Shape &q = plan.inputs[0].type.shape, &k = plan.inputs[1].type.shape;
  base.q_stride = plan.inputs[0].strides[0];
  base.k_stride = plan.inputs[1].strides[0];
  base.v_stride = plan.inputs[2].strides[0];
  base.q_heads = q[1];
  base.kv_heads = k[1];
  base.head_dim = q[2];
  base.scale = as<DenseAttention>(*plan.primitive).scale;
  base.out_stride = q[1] * q[2];
  size_t starts = size_t(plan.inputs[3].type.shape[0]);
  return make_launch([base, starts](ThreadPool& pool, std::byte* const* operands) {
    DenseAttentionArgs args = base;
    args.q = floats(operands[0]);
    args.k = floats(operands[1]);
    args.v = floats(operands[2]);
    args.offsets = {ints(operands[3]), starts};
    args.out = floats(operands[4]);
    attention_dense(pool, args);
  });
}

LaunchPtr lower_segment_mean(const LaunchPlan& plan) {
  int64_t segments = plan.outputs[0].type.shape[0], width = plan.outputs[0].type.shape[1], rows = plan.inputs[0].type.shape[0];
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    const float* x = floats(operands[0]);
    const int32_t* starts = ints(operands[1]);
    float* out = floats(operands[2]);
    pool.parallel_for(segments, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t s = begin; s < end; ++s) {
        float* mean = out + s * width;
        std::memset(mean, 0, size_t(width) * sizeof(float));
        int64_t first = std::clamp<int64_t>(starts[s], 0, rows), last = std::clamp<int64_t>(starts[s + 1], first, rows);
        for (int64_t row = first; row < last; ++row)
          for (int64_t i = 0; i < width; ++i) mean[i] += x[row * width + i];
        float scale = last > first ? 1.0f / float(last - first) : 0.0f;
        for (int64_t i = 0; i < width; ++i) mean[i] *= scale;
      }
    });
  });
}

}  // namespace

KvLayout page_layout(const TensorType& pages) { return {pages.dtype, pages.shape[1], pages.shape[3]}; }

// Heads at any strides in attention; a transposed weight, as the gradient of a linear layer multiplies by it.
bool accepts_layout(const Primitive& primitive, size_t input, const OperandType& operand) {
  if (primitive.code() == OpCode::attention || primitive.code() == OpCode::attention_gradient)
    return input < 3 && last_axis_contiguous(operand);
  if (primitive.code() != OpCode::linear || input != 1) return false;
  const auto& op = as<mlxc::Linear>(primitive);
  return op.weights == 1 && !op.has_bias && !op.norm && op.precision == mlxc::Precision::native && takes_any_step(operand.type.dtype) &&
         operand.type.shape[0] > 1 && operand.strides[0] == 1;
}

LaunchPtr lower_transformer_op(const LaunchPlan& plan) {
  switch (plan.primitive->code()) {
    case OpCode::linear: return lower_linear(plan);
    case OpCode::rms_norm:
    case OpCode::layer_norm: return lower_norm(plan);
    case OpCode::rope: return lower_rope(plan);
    case OpCode::kv_write: return lower_kv_write(plan);
    case OpCode::rope_kv_write: return lower_rope_kv_write(plan);
    case OpCode::paged_attention: return lower_paged_attention(plan);
    case OpCode::dense_attention: return lower_dense_attention(plan);
    case OpCode::segment_pool: return lower_segment_mean(plan);
    default: no_kernel(plan);
  }
}

}  // namespace mlxc::cpu
