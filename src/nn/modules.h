// The parts that models are made of. A module holds its weights and builds the graph of its formula; families put modules together.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "nn/scope.h"
#include "ops/elementwise.h"
#include "ops/transformer.h"

namespace mlxc::nn {

// One to four products of one input in one pass over it: y_i = x W_i^T (+ b_i), weights [out, in] as checkpoints store them; and what the
// source of the weights adapts them by.
class Linear {
 public:
  struct Part {
    std::string_view name;
    int64_t out;
  };
  Linear() = default;
  Linear(const Scope& at, std::initializer_list<Part> parts, int64_t in, bool bias);
  // The same weights under another name: a head tied to the embedding table.
  Linear(Array weight, Precision precision, LowRank low_rank = {})
      : weights_{std::move(weight)}, low_ranks_{std::move(low_rank)}, precision_(precision) {}

  std::vector<Array> all(const Array& x) const;
  Array operator()(const Array& x) const { return all(x)[0]; }

  // Serving promises that a row's result does not depend on the rows beside it, at precision high. Modules do not, and products of float32
  // weights need no rounding to be fast: the order of their sums is free.
  void let_rows_share_order();

 private:
  std::vector<Array> weights_, biases_;
  std::vector<LowRank> low_ranks_;  // one a weight
  Precision precision_ = Precision::native;
};

class RmsNorm {
 public:
  RmsNorm(const Scope& at, int64_t size, float eps, float weight_offset = 0)
      : weight_(at.tensor("weight", {size}, {Initializer::Kind::constant, 1 - double(weight_offset)})),
        eps_(eps),
        weight_offset_(weight_offset) {}
  Array operator()(const Array& x) const { return rms_norm(x, weight_, eps_, weight_offset_); }

 private:
  Array weight_;
  float eps_, weight_offset_;
};

class LayerNorm {
 public:
  LayerNorm(const Scope& at, int64_t size, float eps);
  Array operator()(const Array& x) const { return layer_norm(x, weight_, bias_, eps_); }

 private:
  Array weight_, bias_;
  float eps_;
};

class Embedding {
 public:
  Embedding(const Scope& at, int64_t count, int64_t size) : table_(at.tensor("weight", {count, size}, {Initializer::Kind::normal, 1})) {}
  Array operator()(const Array& indices) const;  // [indices..., size] float32
  const Array& table() const { return table_; }

 private:
  Array table_;
};

// Rotary positions: layers with the same parameters share one.
class Rotary {
 public:
  Rotary(Device& device, const std::vector<float>& inverse_frequencies, float attention_factor);
  Array operator()(const Array& x, const Array& positions) const { return rope(x, positions, inverse_frequencies_, attention_factor_); }

 private:
  Array inverse_frequencies_;
  float attention_factor_;
};

// down(activation(gate(x)) * up(x)), Shazeer 2020.
class GatedMlp {
 public:
  GatedMlp(const Scope& at, int64_t hidden, int64_t intermediate, UnaryOp activation, bool bias = false)
      : gate_up_(at, {{"gate_proj", intermediate}, {"up_proj", intermediate}}, hidden, bias),
        down_(at, {{"down_proj", hidden}}, intermediate, bias),
        activation_(activation) {}
  Array operator()(const Array& x) const;

 private:
  Linear gate_up_, down_;
  UnaryOp activation_;
};

// One forward pass over a flat list of T tokens: where each stands in its sequence, and what it can look back to. A family is written once
// and does not see the difference.
class Step {
 public:
  explicit Step(Array positions) : positions(std::move(positions)) {}
  virtual ~Step() = default;
  // q [T, heads, head_dim], k and v [T, kv_heads, head_dim] of a layer, rotated -> [T, heads, head_dim].
  virtual Array attend(size_t layer, const Array& q, const Array& k, const Array& v, const AttentionShape& shape, Precision precision) = 0;

  const Array positions;
};

// Serving: each token looks into the pages of its sequence, which every layer rewrites with its keys and values. No gradients.
class PagedStep final : public Step {
 public:
  // single_tokens: no two tokens are of one sequence.
  PagedStep(const Array& positions, Array sequences, Array page_table, std::vector<KvPages> pages, bool single_tokens)
      : Step(positions),
        pages(std::move(pages)),
        sequences_(std::move(sequences)),
        page_table_(std::move(page_table)),
        single_tokens_(single_tokens) {}
  Array attend(size_t layer, const Array& q, const Array& k, const Array& v, const AttentionShape& shape, Precision precision) override;

  std::vector<KvPages> pages;  // one a layer

 private:
  Array sequences_, page_table_;
  bool single_tokens_;
};

// Training: `count` whole sequences of `length` tokens each, one after another. Differentiable.
class SequencesStep final : public Step {
 public:
  SequencesStep(Device& device, int64_t count, int64_t length);
  Array attend(size_t layer, const Array& q, const Array& k, const Array& v, const AttentionShape& shape, Precision precision) override;

 private:
  int64_t count_, length_;
};

// Causal attention with grouped queries.
class Attention {
 public:
  struct Sizes {
    int64_t hidden, heads, kv_heads, head_dim;
  };
  struct Options {
    bool bias = false;  // of q, k and v
    bool output_bias = false;
    bool head_norm = false;  // RMS norm of each head of q and k before the rotation (Qwen 3, Gemma 3)
    float head_norm_eps = 1e-6f, head_norm_offset = 0;
    AttentionShape shape;
  };
  Attention(const Scope& at, size_t layer, const Sizes& sizes, const Rotary& rotary, const Options& options);
  Array operator()(const Array& x, Step& step) const { return out(heads(x, step)); }
  // Its two halves. Tokens meet in the first only: [T, heads * head_dim]; the second takes each row by itself.
  Array heads(const Array& x, Step& step) const;
  Array out(const Array& heads) const { return out_(heads); }

 private:
  size_t layer_;
  Sizes sizes_;
  Linear qkv_, out_;
  std::vector<RmsNorm> head_norms_;  // of q, of k; or none
  Rotary rotary_;
  AttentionShape shape_;
  Precision precision_;
};

// Attention of every token of a sequence to every other, for encoders.
class BidirectionalAttention {
 public:
  BidirectionalAttention(const Scope& at, int64_t hidden, int64_t heads)
      : qkv_(at, {{"query", hidden}, {"key", hidden}, {"value", hidden}}, hidden, true), heads_(heads), head_dim_(hidden / heads) {}
  Array operator()(const Array& x, const Array& starts) const;

 private:
  Linear qkv_;
  int64_t heads_, head_dim_;
};

}  // namespace mlxc::nn
