// Attention of whole sequences, as training computes it: every query and key at hand, nothing paged.
#pragma once

#include "graph/array.h"

namespace mlxc {

// softmax(scale q k^T) v of float32 q [batch, queries, heads, dim] and k, v [batch, keys, kv_heads, dim]; heads / kv_heads queries share a
// key. causal: the last query sees all keys, the one before it all but the last, ...; of those it sees the last `window` only (0: all).
// softcap > 0: scores become softcap * tanh(score / softcap).
// Outputs: y like q, and the logarithm of each softmax's denominator [batch, heads, queries], from which gradients compute it again
// (Dao 2023, FlashAttention-2).
struct Attention : PrimitiveBase<Attention, OpCode::attention> {
  static constexpr std::string_view kName = "attention";
  Attention(float scale, bool causal, int64_t window, float softcap) : scale(scale), causal(causal), window(window), softcap(softcap) {}
  float scale;
  bool causal;
  int64_t window;
  float softcap;
  auto fields() const { return std::tie(scale, causal, window, softcap); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  double work(TensorTypes inputs, TensorTypes outputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// Inputs: q, k, v, both outputs, the cotangent of y. Outputs: the gradients of q, k and v.
struct AttentionGradient : PrimitiveBase<AttentionGradient, OpCode::attention_gradient> {
  static constexpr std::string_view kName = "attention_gradient";
  explicit AttentionGradient(const Attention& of) : of(of) {}
  Attention of;
  auto fields() const { return std::tie(of.scale, of.causal, of.window, of.softcap); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs[0], inputs[1], inputs[2]}; }
  double work(TensorTypes inputs, TensorTypes outputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// q [batch, queries, heads, dim], k and v [batch, keys, kv_heads, dim], float32.
Array sequence_attention(const Array& q, const Array& k, const Array& v, float scale, bool causal, int64_t window = 0, float softcap = 0);

// softmax(q k^T * scale + mask) v over [..., length, dim]; a boolean mask keeps where true, a float one is added. scale 0: 1 / sqrt(dim).
Array attention(const Array& q, const Array& k, const Array& v, const Array& mask, double scale, bool causal);

}  // namespace mlxc
