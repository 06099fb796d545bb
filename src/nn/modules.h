// The parts that models are made of. A module holds its weights and builds the graph of its formula; families put modules together.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "nn/scope.h"
#include "ops/elementwise.h"
#include "ops/transformer.h"

namespace mlxc::nn {

// One to four products of one input in one pass over it: y_i = x W_i^T (+ b_i), weights [out, in] as checkpoints store them.
class Linear {
 public:
  struct Part {
    std::string_view name;
    int64_t out;
  };
  Linear() = default;
  Linear(const Scope& at, std::initializer_list<Part> parts, int64_t in, bool bias);
  // The same weights under another name: a head tied to the embedding table.
  Linear(Array weight, Precision precision) : weights_{std::move(weight)}, precision_(precision) {}

  std::vector<Array> all(const Array& x) const { return linear(x, weights_, biases_, precision_); }
  Array operator()(const Array& x) const { return all(x)[0]; }

 private:
  std::vector<Array> weights_, biases_;
  Precision precision_ = Precision::native;
};

class RmsNorm {
 public:
  RmsNorm(const Scope& at, int64_t size, float eps, float weight_offset = 0)
      : weight_(at.tensor("weight", {size}, {Initializer::Kind::constant, 1 - double(weight_offset)})), eps_(eps), weight_offset_(weight_offset) {}
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

// What every layer of one step sees: where each token of the flat list stands, and the pages of keys and values that layers rewrite.
struct Step {
  Array positions, sequences, page_table;
  std::vector<KvPages> pages;  // one a layer
};

// Causal attention over the pages of each token's sequence, with grouped queries.
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
  Array operator()(const Array& x, Step& step) const;

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
