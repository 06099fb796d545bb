// The fused forms a transformer is made of. Activations are float32; weights and caches may be 16-bit.
#pragma once

#include "graph/array.h"

namespace mlxc {

// Positions of a sequence that one page of its keys or values holds. How a page is laid out inside is the backend's own affair:
// pages are copied, shared or moved as a whole, and read only by paged_attention.
inline constexpr int kPageSlots = 64;

// y = x / sqrt(mean(x^2) + eps) * (weight + weight_offset) over the last axis (Zhang & Sennrich 2019; Gemma adds 1 to its weight).
// Inputs: x, weight, and a residual shaped like x that is added to the result when a pattern joined the addition.
struct RmsNorm : PrimitiveBase<RmsNorm, OpCode::rms_norm> {
  static constexpr std::string_view kName = "rms_norm";
  RmsNorm(float eps, float weight_offset) : eps(eps), weight_offset(weight_offset) {}
  float eps, weight_offset;
  bool residual = false;
  auto fields() const { return std::tie(eps, weight_offset, residual); }
  std::vector<std::string_view> parts() const override {
    return residual ? std::vector<std::string_view>{kName, "add"} : std::vector<std::string_view>{kName};
  }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

struct LayerNorm : PrimitiveBase<LayerNorm, OpCode::layer_norm> {  // x, weight, bias (Ba et al. 2016)
  static constexpr std::string_view kName = "layer_norm";
  explicit LayerNorm(float eps) : eps(eps) {}
  float eps;
  auto fields() const { return std::tie(eps); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// What RmsNorm and, when `centered`, LayerNorm pass on. Inputs: x, weight, the cotangent of y. Outputs in float32: dx, the weight's
// gradient, that of LayerNorm's bias.
struct NormGradient : PrimitiveBase<NormGradient, OpCode::norm_gradient> {
  static constexpr std::string_view kName = "norm_gradient";
  NormGradient(bool centered, float eps, float weight_offset) : centered(centered), eps(eps), weight_offset(weight_offset) {}
  bool centered;
  float eps, weight_offset;
  auto fields() const { return std::tie(centered, eps, weight_offset); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// Rotary position embedding (Su et al. 2021), half-split pairing: x [T, H, D], positions [T] int32, inverse frequencies [R/2] float32
// (rotates the first R of D); cos and sin are multiplied by `attention_factor` (yarn).
struct Rope : PrimitiveBase<Rope, OpCode::rope> {
  static constexpr std::string_view kName = "rope";
  explicit Rope(float attention_factor) : attention_factor(attention_factor) {}
  float attention_factor;
  auto fields() const { return std::tie(attention_factor); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// Update of k_pages and v_pages [P, H, kPageSlots, D] (f32, f16 or bf16) with k and v [T, H, D] float32. Position p of sequence s lies in
// page page_table[s][p / kPageSlots], slot p % kPageSlots; sequences[t] = -1 writes nothing. Inputs: k_pages, v_pages, k, v, page_table [S,
// M] int32, sequences [T] int32, positions [T] int32. Outputs: the new k_pages, v_pages.
struct KvWrite : PrimitiveBase<KvWrite, OpCode::kv_write> {
  static constexpr std::string_view kName = "kv_write";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  int updates() const override { return 2; }
};

// What stands between the products and the attention of a layer, in one: the norms of q's and k's heads (when head_norm), both rotations
// and KvWrite. Inputs: k_pages, v_pages, q [T, Hq, D], k and v [T, H, D], positions, inverse frequencies, page_table, sequences, then the
// norms' weights of q and of k [D]. Outputs: the new k_pages and v_pages, the rotated q. Only a pattern makes it.
struct RopeKvWrite : PrimitiveBase<RopeKvWrite, OpCode::rope_kv_write> {
  static constexpr std::string_view kName = "rope_kv_write";
  float attention_factor = 1;
  bool head_norm = false;
  float norm_eps = 0, norm_offset = 0;  // as RmsNorm's
  auto fields() const { return std::tie(attention_factor, head_norm, norm_eps, norm_offset); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs[0], inputs[1], inputs[2]}; }
  std::vector<std::string_view> parts() const override {
    return head_norm ? std::vector<std::string_view>{"rms_norm", "rope", "rms_norm", "rope", "kv_write"}
                     : std::vector<std::string_view>{"rope", "rope", "kv_write"};
  }
  int updates() const override { return 2; }
};

// Causal attention of a flat list of tokens over paged keys and values.
// Inputs: q [T, Hq, D], k_pages and v_pages [P, H, kPageSlots, D], page_table [S, M] int32, sequences [T] int32 (row of the table; -1 =
// padding, output row zero), positions [T] int32. Tokens of a sequence are consecutive. Output [T, Hq, D]. window 0 = none, else a token
// sees the last `window` positions including its own; softcap 0 = none, else scores become softcap * tanh(score / softcap).
struct PagedAttention : PrimitiveBase<PagedAttention, OpCode::paged_attention> {
  static constexpr std::string_view kName = "paged_attention";
  PagedAttention(float scale, int64_t window, float softcap, uint8_t precision, bool single_tokens = false)
      : scale(scale), window(window), softcap(softcap), precision(precision), single_tokens(single_tokens) {}
  float scale;
  int64_t window;
  float softcap;
  uint8_t precision;   // Precision: native may use 16-bit dot products
  bool single_tokens;  // no two tokens are of one sequence: a promise, from which backends may gain
  auto fields() const { return std::tie(scale, window, softcap, precision, single_tokens); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
};

// Bidirectional attention inside each sequence of a flat list: q, k, v [T, H, D], starts [S + 1] int32 (cumulative lengths). Encoders use
// it.
struct DenseAttention : PrimitiveBase<DenseAttention, OpCode::dense_attention> {
  static constexpr std::string_view kName = "dense_attention";
  explicit DenseAttention(float scale) : scale(scale) {}
  float scale;
  auto fields() const { return std::tie(scale); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// Mean of each sequence's rows: x [T, H], starts [S + 1] int32 -> [S, H].
struct SegmentPool : PrimitiveBase<SegmentPool, OpCode::segment_pool> {
  static constexpr std::string_view kName = "segment_mean";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

Array rms_norm(const Array& x, const Array& weight, float eps, float weight_offset = 0);
Array layer_norm(const Array& x, const Array& weight, const Array& bias, float eps);
Array rope(const Array& x, const Array& positions, const Array& inverse_frequencies, float attention_factor = 1);
struct KvPages {
  Array keys, values;
};
KvPages kv_write(const KvPages& pages, const Array& k, const Array& v, const Array& page_table, const Array& sequences,
                 const Array& positions);
struct AttentionShape {
  float scale = 1;
  int64_t window = 0;
  float softcap = 0;
};
Array paged_attention(const Array& q, const Array& k_pages, const Array& v_pages, const Array& page_table, const Array& sequences,
                      const Array& positions, const AttentionShape& shape, uint8_t precision, bool single_tokens = false);
Array dense_attention(const Array& q, const Array& k, const Array& v, const Array& starts, float scale);
Array segment_mean(const Array& x, const Array& starts);

}  // namespace mlxc
