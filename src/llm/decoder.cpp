#include "llm/decoder.h"

#include "ops/shape_ops.h"

namespace mlxc {
namespace {

constexpr std::string_view kTable = "embed_tokens";

// Where the language model lies among a checkpoint's tensors: alone, inside a multimodal model (as now, as first released), or bare.
Scope find_body(Weights& weights) {
  constexpr std::string_view kBodies[] = {"model", "model.language_model", "language_model.model", ""};
  for (std::string_view name : kBodies) {
    Scope body(weights, std::string(name));
    if ((body / kTable).has("weight") || (body / "norm").has("weight")) return body;
  }
  return {weights, "model"};  // the missing tensor is named when it is asked for
}

std::string find_head(const Weights& weights) {
  const std::string plain = "lm_head", nested = "language_model.lm_head";
  return !weights.has(plain + ".weight") && weights.has(nested + ".weight") ? nested : plain;
}

}  // namespace

DecoderParts::DecoderParts(const ModelConfig& config, Weights& weights)
    : config_(config), weights_(weights), body_(find_body(weights)), head_(find_head(weights)), rotaries_(config.ropes.size()) {}

const nn::Rotary& DecoderParts::rotary(size_t i) {
  const size_t kind = size_t(config_.layers[i].rope);
  if (!rotaries_[kind]) {
    const RopeFrequencies frequencies = rope_frequencies(config_.ropes[kind], config_.head_dim, "config.json");
    rotaries_[kind].emplace(weights_.device(), frequencies.inverse, frequencies.attention_factor);
  }
  return *rotaries_[kind];
}

nn::Attention DecoderParts::attention(size_t i, nn::Attention::Options options) {
  options.shape = {.scale = config_.attention_scale, .window = config_.layers[i].window, .softcap = 0};
  const nn::Attention::Sizes sizes{config_.hidden, config_.heads, config_.kv_heads, config_.head_dim};
  return {layer(i) / "self_attn", i, sizes, rotary(i), options};
}

nn::Embedding DecoderParts::embedding() const {
  const Scope table = body_ / kTable;
  const bool only_head = config_.tied_head && !table.has("weight") && weights_.has(head_ + ".weight");
  return {only_head ? Scope(weights_, head_) : table, config_.vocabulary, config_.hidden};
}

// A config may say "tied" while the checkpoint holds a head of its own: as in transformers the head counts where it differs.
nn::Linear DecoderParts::head(const nn::Embedding& embedding) const {
  const std::string weight = head_ + ".weight", table = (body_ / kTable / "weight").name();
  const bool one = config_.tied_head && (!weights_.has(weight) || !weights_.has(table) || weights_.equal(weight, table));
  return {one ? embedding.table() : weights_.tensor(weight, {config_.vocabulary, config_.hidden}), weights_.precision()};
}

Decoder::Decoder(const DecoderParts& parts, std::vector<std::unique_ptr<Block>> blocks, const Style& style)
    : style_(style),
      logit_cap_(parts.config().logit_cap),
      embedding_(parts.embedding()),
      blocks_(std::move(blocks)),
      norm_(parts.norm(style.norm_offset)),
      head_(parts.head(embedding_)) {}

StepOutputs Decoder::step(const StepInputs& inputs) const {
  nn::Step step{inputs.positions, inputs.sequences, inputs.page_table, {}};
  for (size_t i = 0; i < blocks_.size(); ++i) step.pages.push_back({inputs.keys.at(i), inputs.values.at(i)});

  Array x = embedding_(inputs.tokens);
  if (style_.embedding_scale != 1) x = x * style_.embedding_scale;
  for (const auto& block : blocks_) x = block->forward(x, step);

  StepOutputs outputs;
  outputs.hidden = norm_(take(x, inputs.output_rows, DType::f32));  // only the rows asked for cost a head
  outputs.logits = head_(outputs.hidden);
  if (logit_cap_ > 0) outputs.logits = unary(UnaryOp::tanh, outputs.logits / scalar_like(outputs.logits, logit_cap_)) * logit_cap_;
  for (const KvPages& pages : step.pages) {
    outputs.keys.push_back(pages.keys);
    outputs.values.push_back(pages.values);
  }
  return outputs;
}

Array Decoder::encode(const Array&, const Array&, const Array&) const {
  fail(Status::unsupported, "model family ", info_.family, " generates token by token: its hidden states come from step()");
}

std::shared_ptr<Model> make_pre_norm_decoder(const ModelConfig& config, Weights& weights, const nn::Attention::Options& options) {
  DecoderParts parts(config, weights);
  std::vector<std::unique_ptr<Block>> blocks;
  for (size_t i = 0; i < parts.layers(); ++i)
    blocks.push_back(std::make_unique<PreNormBlock>(parts.layer(i), config, parts.attention(i, options)));
  return std::make_shared<Decoder>(parts, std::move(blocks), Decoder::Style{});
}

}  // namespace mlxc
