// The skeleton that causal families share: embedding, blocks, final norm, head. A family is its block and a few words.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "llm/config.h"
#include "nn/modules.h"

namespace mlxc {

// A block in two halves, so that the last one finishes only the tokens whose output is wanted.
class Block {
 public:
  virtual ~Block() = default;
  virtual Array attend(const Array& x, nn::Step& step) const = 0;      // where tokens meet: nn::Attention::heads
  virtual Array finish(const Array& x, const Array& heads) const = 0;  // row by row
  Array forward(const Array& x, nn::Step& step) const { return finish(x, attend(x, step)); }
};

// The parts of a causal model, by the names that published folders use. Lives while a model is built.
class DecoderParts {
 public:
  DecoderParts(const ModelConfig& config, const Scope& at);

  const ModelConfig& config() const { return config_; }
  size_t layers() const { return config_.layers.size(); }
  Scope layer(size_t i) const { return body_ / "layers" / i; }
  // options.shape is filled in from the config.
  nn::Attention attention(size_t i, nn::Attention::Options options);
  nn::Embedding embedding() const;
  nn::RmsNorm norm(float weight_offset) const { return {body_ / "norm", config_.hidden, config_.norm_eps, weight_offset}; }
  nn::Linear head(const nn::Embedding& embedding) const;

 private:
  const nn::Rotary& rotary(size_t i);

  const ModelConfig& config_;
  Scope body_, head_;
  std::vector<std::optional<nn::Rotary>> rotaries_;
};

class Decoder final : public Model {
 public:
  struct Style {
    float embedding_scale = 1;
    float norm_offset = 0;  // added to the final norm's weight
  };
  Decoder(const DecoderParts& parts, std::vector<std::unique_ptr<Block>> blocks, const Style& style);

  StepOutputs step(const StepInputs& inputs) const override;
  Array encode(const Array& tokens, const Array& positions, const Array& starts) const override;
  Array logits(const Array& tokens) const override;

 private:
  // What goes into the final norm: of all tokens, or of these rows.
  Array body(const Array& tokens, nn::Step& step, const Array& rows = {}) const;
  Array head(const Array& hidden) const;

  Style style_;
  float logit_cap_;
  nn::Embedding embedding_;
  std::vector<std::unique_ptr<Block>> blocks_;
  nn::RmsNorm norm_;
  nn::Linear head_;
};

// h = x + attention(norm(x)); h + mlp(norm(h)): Llama, and Qwen and Mistral after it.
class PreNormBlock : public Block {
 public:
  PreNormBlock(const Scope& at, const ModelConfig& config, nn::Attention attention)
      : norm_in_(at / "input_layernorm", config.hidden, config.norm_eps),
        attention_(std::move(attention)),
        norm_post_(at / "post_attention_layernorm", config.hidden, config.norm_eps),
        mlp_(at / "mlp", config.hidden, config.intermediate, config.activation, config.mlp_bias) {}

  Array attend(const Array& x, nn::Step& step) const override { return attention_.heads(norm_in_(x), step); }
  Array finish(const Array& x, const Array& heads) const override {
    const Array h = x + attention_.out(heads);
    return h + mlp_(norm_post_(h));
  }

 private:
  nn::RmsNorm norm_in_;
  nn::Attention attention_;
  nn::RmsNorm norm_post_;
  nn::GatedMlp mlp_;
};

// A model of such blocks, all with the same attention options.
std::shared_ptr<Model> make_pre_norm_decoder(const ModelConfig& config, const Scope& at, const nn::Attention::Options& options);

}  // namespace mlxc
