#include "llm/decoder.h"

#include <cmath>

#include "llm/families/families.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

constexpr std::string_view kTable = "embed_tokens";

Scope find_body(const Scope& at) {
  for (std::string_view name : kBodies) {
    Scope body = at / name;
    if ((body / kTable).has("weight") || (body / "norm").has("weight")) return body;
  }
  return at / "model";  // the missing tensor is named when it is asked for
}

Scope find_head(const Scope& at) {
  const Scope plain = at / "lm_head", nested = at / "language_model" / "lm_head";
  return !plain.has("weight") && nested.has("weight") ? nested : plain;
}

}  // namespace

DecoderParts::DecoderParts(const ModelConfig& config, const Scope& at)
    : config_(config), body_(find_body(at)), head_(find_head(at)), rotaries_(config.ropes.size()) {}

const nn::Rotary& DecoderParts::rotary(size_t i) {
  const size_t kind = size_t(config_.layers[i].rope);
  if (!rotaries_[kind]) {
    const RopeFrequencies frequencies = rope_frequencies(config_.ropes[kind], config_.head_dim, "config.json");
    rotaries_[kind].emplace(body_.device(), frequencies.inverse, frequencies.attention_factor);
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
  const bool only_head = config_.tied_head && !table.has("weight") && head_.has("weight");
  return {only_head ? head_ : table, config_.vocabulary, config_.hidden};
}

// A config may say "tied" while the checkpoint holds a head of its own: as in transformers the head counts where it differs.
nn::Linear DecoderParts::head(const nn::Embedding& embedding) const {
  const Scope table = body_ / kTable;
  auto weight_of = [](const Scope& at) { return (at / "weight").name(); };
  const bool one =
      config_.tied_head && (!head_.has("weight") || !table.has("weight") || head_.source().equal(weight_of(head_), weight_of(table)));
  const Initializer initial{Initializer::Kind::uniform, 1 / std::sqrt(double(config_.hidden))};
  return {one ? embedding.table() : head_.tensor("weight", {config_.vocabulary, config_.hidden}, initial), head_.precision(),
          head_.low_rank(config_.hidden, config_.vocabulary)};
}

Decoder::Decoder(const DecoderParts& parts, std::vector<std::unique_ptr<Block>> blocks, const Style& style)
    : style_(style),
      logit_cap_(parts.config().logit_cap),
      embedding_(parts.embedding()),
      blocks_(std::move(blocks)),
      norm_(parts.norm(style.norm_offset)),
      head_(parts.head(embedding_)) {}

StepOutputs Decoder::step(const StepInputs& inputs) const {
  std::vector<KvPages> pages;
  for (size_t i = 0; i < blocks_.size(); ++i) pages.push_back({inputs.keys.at(i), inputs.values.at(i)});
  nn::PagedStep step(inputs.positions, inputs.sequences, inputs.page_table, std::move(pages), inputs.single_tokens);

  StepOutputs outputs;
  outputs.hidden = norm_(body(inputs.tokens, step, inputs.output_rows));
  outputs.logits = head(outputs.hidden);
  for (const KvPages& written : step.pages) {
    outputs.keys.push_back(written.keys);
    outputs.values.push_back(written.values);
  }
  return outputs;
}

Array Decoder::logits(const Array& tokens) const {
  if (tokens.rank() != 2)
    fail(Status::invalid_argument, "a language model takes token ids [sequences, length], not ", to_string(tokens.shape()));
  nn::SequencesStep step(tokens.device(), tokens.dim(0), tokens.dim(1));
  const Array rows = head(norm_(body(reshape(tokens, {tokens.size()}), step)));
  return reshape(rows, {tokens.dim(0), tokens.dim(1), rows.dim(1)});
}

Array Decoder::body(const Array& tokens, nn::Step& step, const Array& rows) const {
  Array x = embedding_(tokens);
  if (style_.embedding_scale != 1) x = x * style_.embedding_scale;
  if (!rows) {
    for (const auto& block : blocks_) x = block->forward(x, step);
    return x;
  }
  for (size_t i = 0; i + 1 < blocks_.size(); ++i) x = blocks_[i]->forward(x, step);
  const Block& last = *blocks_.back();
  const Array heads = last.attend(x, step);
  return last.finish(take(x, rows, x.dtype()), take(heads, rows, heads.dtype()));
}

Array Decoder::head(const Array& hidden) const {
  const Array logits = head_(hidden);
  return logit_cap_ > 0 ? unary(UnaryOp::tanh, logits / scalar_like(logits, logit_cap_)) * logit_cap_ : logits;
}

Array Decoder::encode(const Array&, const Array&, const Array&) const {
  fail(Status::unsupported, "model family ", info_.family, " generates token by token: its hidden states come from step()");
}

std::shared_ptr<Model> make_pre_norm_decoder(const ModelConfig& config, const Scope& at, const nn::Attention::Options& options) {
  DecoderParts parts(config, at);
  std::vector<std::unique_ptr<Block>> blocks;
  for (size_t i = 0; i < parts.layers(); ++i)
    blocks.push_back(std::make_unique<PreNormBlock>(parts.layer(i), config, parts.attention(i, options)));
  return std::make_shared<Decoder>(parts, std::move(blocks), Decoder::Style{});
}

}  // namespace mlxc
