#include "nn/modules.h"

#include <algorithm>
#include <cmath>

#include "ops/attention.h"
#include "ops/creation.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::nn {
namespace {

Array split_heads(const Array& x, int64_t heads, int64_t head_dim) { return reshape(x, {x.dim(0), heads, head_dim}); }
Array join_heads(const Array& x) { return reshape(x, {x.dim(0), x.dim(1) * x.dim(2)}); }

// Checkpoints converted from the first TensorFlow releases say gamma and beta.
Array norm_tensor(const Scope& at, std::string_view name, std::string_view old_name, int64_t size, double initial) {
  return at.tensor(!at.has(name) && at.has(old_name) ? old_name : name, {size}, {Initializer::Kind::constant, initial});
}

}  // namespace

Linear::Linear(const Scope& at, std::initializer_list<Part> parts, int64_t in, bool bias) : precision_(at.precision()) {
  const Initializer initial{Initializer::Kind::uniform, 1 / std::sqrt(double(std::max<int64_t>(in, 1)))};  // as PyTorch's
  for (const Part& part : parts) weights_.push_back((at / part.name).tensor("weight", {part.out, in}, initial));
  for (const Part& part : parts) low_ranks_.push_back((at / part.name).low_rank(in, part.out));
  if (!bias) return;
  for (const Part& part : parts) biases_.push_back((at / part.name).tensor("bias", {part.out}, initial));
}

void Linear::let_rows_share_order() {
  if (std::all_of(weights_.begin(), weights_.end(), [](const Array& weight) { return weight.dtype() == DType::f32; }))
    precision_ = Precision::native;
}

std::vector<Array> Linear::all(const Array& x) const {
  std::vector<Array> results = linear(x, weights_, biases_, precision_);
  for (size_t i = 0; i < low_ranks_.size(); ++i) {
    const LowRank& low = low_ranks_[i];
    if (!low) continue;
    const Array narrow = linear(low.key ? dropout(x, low.key, low.dropout) : x, {low.a}, {}, precision_)[0];
    results[i] = results[i] + linear(narrow * low.scale, {low.b}, {}, precision_)[0];
  }
  return results;
}

LayerNorm::LayerNorm(const Scope& at, int64_t size, float eps)
    : weight_(norm_tensor(at, "weight", "gamma", size, 1)), bias_(norm_tensor(at, "bias", "beta", size, 0)), eps_(eps) {}

Array Embedding::operator()(const Array& indices) const { return take(table_, indices, DType::f32); }

Rotary::Rotary(Device& device, const std::vector<float>& inverse_frequencies, float attention_factor)
    : inverse_frequencies_(Array::from_vector(device, inverse_frequencies, {int64_t(inverse_frequencies.size())}, DType::f32)),
      attention_factor_(attention_factor) {}

Array GatedMlp::operator()(const Array& x) const {
  const std::vector<Array> parts = gate_up_.all(x);
  return down_(unary(activation_, parts[0]) * parts[1]);
}

Attention::Attention(const Scope& at, size_t layer, const Sizes& sizes, const Rotary& rotary, const Options& options)
    : layer_(layer),
      sizes_(sizes),
      qkv_(at,
           {{"q_proj", sizes.heads * sizes.head_dim},
            {"k_proj", sizes.kv_heads * sizes.head_dim},
            {"v_proj", sizes.kv_heads * sizes.head_dim}},
           sizes.hidden, options.bias),
      out_(at, {{"o_proj", sizes.hidden}}, sizes.heads * sizes.head_dim, options.output_bias),
      rotary_(rotary),
      shape_(options.shape),
      precision_(at.precision()) {
  if (!options.head_norm) return;
  for (const char* name : {"q_norm", "k_norm"})
    head_norms_.emplace_back(at / name, sizes.head_dim, options.head_norm_eps, options.head_norm_offset);
}

Array Attention::heads(const Array& x, Step& step) const {
  const std::vector<Array> parts = qkv_.all(x);
  Array q = split_heads(parts[0], sizes_.heads, sizes_.head_dim);
  Array k = split_heads(parts[1], sizes_.kv_heads, sizes_.head_dim);
  const Array v = split_heads(parts[2], sizes_.kv_heads, sizes_.head_dim);
  if (!head_norms_.empty()) q = head_norms_[0](q), k = head_norms_[1](k);
  q = rotary_(q, step.positions), k = rotary_(k, step.positions);

  return join_heads(step.attend(layer_, q, k, v, shape_, precision_));
}

Array PagedStep::attend(size_t layer, const Array& q, const Array& k, const Array& v, const AttentionShape& shape, Precision precision) {
  KvPages& own = pages.at(layer);
  own = kv_write(own, k, v, page_table_, sequences_, positions);
  return paged_attention(q, own.keys, own.values, page_table_, sequences_, positions, shape, uint8_t(precision), single_tokens_);
}

SequencesStep::SequencesStep(Device& device, int64_t count, int64_t length)
    : Step(reshape(broadcast_to(arange(device, 0, double(length), 1, DType::i32), {count, length}), {count * length})),
      count_(count),
      length_(length) {}

Array SequencesStep::attend(size_t, const Array& q, const Array& k, const Array& v, const AttentionShape& shape, Precision) {
  auto by_sequence = [&](const Array& x) { return reshape(x, {count_, length_, x.dim(1), x.dim(2)}); };
  const Array queries = by_sequence(q), keys = by_sequence(k), values = by_sequence(v);
  return reshape(sequence_attention(queries, keys, values, shape.scale, true, shape.window, shape.softcap), q.shape());
}

Array BidirectionalAttention::operator()(const Array& x, const Array& starts) const {
  const std::vector<Array> parts = qkv_.all(x);
  auto heads = [&](const Array& part) { return split_heads(part, heads_, head_dim_); };
  return join_heads(dense_attention(heads(parts[0]), heads(parts[1]), heads(parts[2]), starts, float(1 / std::sqrt(double(head_dim_)))));
}

}  // namespace mlxc::nn
