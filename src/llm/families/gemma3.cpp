// Gemma 3 (Gemma Team 2025), the text model: embeddings scaled by sqrt(hidden), norms before and after each half of a block with
// weights stored as their distance from 1, five sliding layers to one full layer, each kind with its own rotary base.
#include <cmath>

#include "llm/decoder.h"
#include "llm/families/families.h"

namespace mlxc {
namespace {

constexpr float kNormOffset = 1;

class Gemma3Block final : public Block {
 public:
  Gemma3Block(const Scope& at, const ModelConfig& config, nn::Attention attention)
      : norm_in_(at / "input_layernorm", config.hidden, config.norm_eps, kNormOffset),
        attention_(std::move(attention)),
        norm_attended_(at / "post_attention_layernorm", config.hidden, config.norm_eps, kNormOffset),
        norm_mlp_in_(at / "pre_feedforward_layernorm", config.hidden, config.norm_eps, kNormOffset),
        mlp_(at / "mlp", config.hidden, config.intermediate, config.activation),
        norm_mlp_out_(at / "post_feedforward_layernorm", config.hidden, config.norm_eps, kNormOffset) {}

  Array attend(const Array& x, nn::Step& step) const override { return attention_.heads(norm_in_(x), step); }
  Array finish(const Array& x, const Array& heads) const override {
    const Array h = x + norm_attended_(attention_.out(heads));
    return h + norm_mlp_out_(mlp_(norm_mlp_in_(h)));
  }

 private:
  nn::RmsNorm norm_in_;
  nn::Attention attention_;
  nn::RmsNorm norm_attended_, norm_mlp_in_;
  nn::GatedMlp mlp_;
  nn::RmsNorm norm_mlp_out_;
};

}  // namespace

std::shared_ptr<Model> make_gemma3(const ModelConfig& config, const Scope& at) {
  nn::Attention::Options options;
  options.bias = options.output_bias = config.attention_bias;
  options.head_norm = true;
  options.head_norm_eps = config.norm_eps;
  options.head_norm_offset = kNormOffset;

  DecoderParts parts(config, at);
  std::vector<std::unique_ptr<Block>> blocks;
  for (size_t i = 0; i < parts.layers(); ++i)
    blocks.push_back(std::make_unique<Gemma3Block>(parts.layer(i), config, parts.attention(i, options)));
  const Decoder::Style style{.embedding_scale = float(std::sqrt(double(config.hidden))), .norm_offset = kNormOffset};
  return std::make_shared<Decoder>(parts, std::move(blocks), style);
}

}  // namespace mlxc
