// What config.json and the files beside it say about a model, after transformers' defaults and with every number checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "llm/model.h"
#include "llm/rope_scaling.h"
#include "ops/elementwise.h"

namespace mlxc {

enum class Family : uint8_t { qwen3, qwen2, llama, mistral, gemma3, bert };
std::string_view name_of(Family family);

struct LayerConfig {
  int64_t window = 0;  // 0: the whole context
  int rope = 0;        // index into ModelConfig::ropes
};

struct ModelConfig {
  Family family = Family::llama;
  std::string architecture;  // as published
  int64_t vocabulary = 0, hidden = 0, intermediate = 0, heads = 0, kv_heads = 0, head_dim = 0;
  int64_t context = 0;  // max_position_embeddings
  float norm_eps = 1e-6f;
  UnaryOp activation = UnaryOp::silu;
  bool tied_head = false;  // logits come from the embedding table
  bool attention_bias = false, mlp_bias = false;
  float attention_scale = 1;
  float logit_cap = 0;  // > 0: logits become cap * tanh(logit / cap)
  std::vector<LayerConfig> layers;
  std::vector<RopeParameters> ropes;
  int64_t token_types = 0;  // bert
  std::vector<int32_t> stop_tokens;
  std::optional<int32_t> bos_token, pad_token;

  // Error(unsupported) names a family, activation, rope type or option and lists what is supported; Error(format) names a key
  // that is missing, of the wrong type or out of range.
  static ModelConfig parse(const JsonObject& file);
};

// Everything a folder's JSON files say: config.json, generation_config.json, modules.json and the pooling config.
struct FolderConfig {
  ModelConfig model;
  ModelInfo info;  // without parameters, weight_bytes and weight_dtype, which the weights tell

  static FolderConfig read(const std::string& folder);
};

// The sampling defaults and stop tokens of generation_config.json go into `info`.
void read_generation_config(const JsonObject& file, ModelInfo& info);
// modules.json, the pooling module's config.json and sentence_bert_config.json, as sentence-transformers writes them.
void read_embedding_config(const std::string& folder, ModelInfo& info);

}  // namespace mlxc
