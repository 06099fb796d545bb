// BERT (Devlin et al. 2019) as an encoder for sentence embeddings: MiniLM, BGE, E5. Learned positions, norms after each half of a layer.
#include "llm/families/families.h"
#include "nn/modules.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

class BertLayer {
 public:
  BertLayer(const Scope& at, const ModelConfig& config)
      : attention_(at / "attention" / "self", config.hidden, config.heads),
        attention_out_(at / "attention" / "output", {{"dense", config.hidden}}, config.hidden, true),
        attention_norm_(at / "attention" / "output" / "LayerNorm", config.hidden, config.norm_eps),
        up_(at / "intermediate", {{"dense", config.intermediate}}, config.hidden, true),
        activation_(config.activation),
        down_(at / "output", {{"dense", config.hidden}}, config.intermediate, true),
        norm_(at / "output" / "LayerNorm", config.hidden, config.norm_eps) {}

  Array forward(const Array& x, const Array& starts) const {
    const Array h = attention_norm_(x + attention_out_(attention_(x, starts)));
    return norm_(h + down_(unary(activation_, up_(h))));
  }

 private:
  nn::BidirectionalAttention attention_;
  nn::Linear attention_out_;
  nn::LayerNorm attention_norm_;
  nn::Linear up_;
  UnaryOp activation_;
  nn::Linear down_;
  nn::LayerNorm norm_;
};

Scope find_body(const Scope& at) {
  constexpr std::string_view kProbe = "embeddings.word_embeddings.weight";
  return !at.has(kProbe) && (at / "bert").has(kProbe) ? at / "bert" : at;
}

class Bert final : public Model {
 public:
  Bert(const ModelConfig& config, const Scope& at) : Bert(find_body(at), config) {}

  StepOutputs step(const StepInputs&) const override {
    fail(Status::unsupported, "model family bert is an encoder: it embeds text, it does not generate");
  }

  Array encode(const Array& tokens, const Array& positions, const Array& starts) const override {
    Array x = norm_(words_(tokens) + token_type_ + positions_(positions));
    for (const BertLayer& layer : layers_) x = layer.forward(x, starts);
    return x;
  }

 private:
  Bert(const Scope& body, const ModelConfig& config)
      : words_(body / "embeddings" / "word_embeddings", config.vocabulary, config.hidden),
        positions_(body / "embeddings" / "position_embeddings", config.context, config.hidden),
        // Every token is of type 0: one row serves them all.
        token_type_(cast(
            slice_axis(nn::Embedding(body / "embeddings" / "token_type_embeddings", config.token_types, config.hidden).table(), 0, 0, 1),
            DType::f32)),
        norm_(body / "embeddings" / "LayerNorm", config.hidden, config.norm_eps) {
    for (size_t i = 0; i < config.layers.size(); ++i) layers_.emplace_back(body / "encoder" / "layer" / i, config);
  }

  nn::Embedding words_, positions_;
  Array token_type_;
  nn::LayerNorm norm_;
  std::vector<BertLayer> layers_;
};

}  // namespace

std::shared_ptr<Model> make_bert(const ModelConfig& config, const Scope& at) { return std::make_shared<Bert>(config, at); }

}  // namespace mlxc
