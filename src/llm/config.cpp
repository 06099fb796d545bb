#include "llm/config.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/checked.h"
#include "base/file.h"
#include "base/log.h"
#include "base/quote.h"

namespace mlxc {
namespace {

// What transformers 5.23 assumes where a config leaves a field out (class defaults of the family's config).
struct Defaults {
  Family family;
  std::string_view class_prefix;  // of architecture names
  int64_t vocabulary, hidden, intermediate, layers, heads;
  int64_t kv_heads;  // 0: as heads
  int64_t head_dim;  // 0: hidden / heads
  int64_t context;
  std::string_view activation;
  bool tied;
  int64_t window;         // 0: none
  int32_t bos, eos, pad;  // -1: none
};
constexpr Defaults kDefaults[] = {
    {Family::qwen3, "Qwen3", 151936, 4096, 22016, 32, 32, 32, 128, 32768, "silu", false, 4096, -1, -1, -1},
    {Family::qwen2, "Qwen2", 151936, 4096, 22016, 32, 32, 32, 0, 32768, "silu", false, 4096, -1, -1, -1},
    {Family::llama, "Llama", 32000, 4096, 11008, 32, 32, 0, 0, 2048, "silu", false, 0, 1, 2, -1},
    {Family::mistral, "Mistral", 32000, 4096, 14336, 32, 32, 8, 0, 4096 * 32, "silu", false, 4096, 1, 2, -1},
    {Family::gemma3, "Gemma3", 262208, 2304, 9216, 26, 8, 4, 256, 131072, "gelu_pytorch_tanh", true, 4096, 2, 1, 0},
    {Family::bert, "Bert", 30522, 768, 3072, 12, 12, 0, 0, 512, "gelu", true, 0, -1, -1, 0},
};
constexpr double kGemmaThetaFull = 1e6, kGemmaThetaSliding = 1e4, kTheta = 1e4;
constexpr int64_t kGemmaPattern = 6;  // every sixth layer sees the whole context
constexpr std::string_view kSupported = "supported are qwen3, qwen2, llama, mistral, gemma3 (gemma3_text) and bert";

constexpr int64_t kMost = std::numeric_limits<int32_t>::max();  // token ids and positions are int32
constexpr int64_t kMostWidth = int64_t(1) << 24, kMostLayers = 10'000, kMostHeads = 65'536, kMostHeadDim = 1024;
constexpr double kLeast = 1e-30, kLargest = 1e30;  // of factors and epsilons: float32 holds them and their reciprocals

bool stated(const JsonObject& file, const std::string& key) { return file.json().contains(key); }
bool stated_null(const JsonObject& file, const std::string& key) { return stated(file, key) && !file.has(key); }

int64_t count(const JsonObject& file, const std::string& key, int64_t fallback, int64_t most) {
  const int64_t value = file.get<int64_t>(key, fallback);
  if (value < 1 || value > most) fail(Status::format, file.where(), ": ", key, " is ", value, ", expected 1 to ", most);
  return value;
}

double positive(const JsonObject& file, const std::string& key, std::optional<double> fallback = std::nullopt) {
  const double value = fallback ? file.get<double>(key, *fallback) : file.get<double>(key);
  if (!(value >= kLeast && value <= kLargest)) {
    fail(Status::format, file.where(), ": ", key, " is ", value, ", expected a number above 0, from ", kLeast, " to ", kLargest);
  }
  return value;
}

std::optional<double> maybe_positive(const JsonObject& file, const std::string& key) {
  return file.has(key) ? std::optional(positive(file, key)) : std::nullopt;
}

const Defaults& family_of(const JsonObject& file, const std::string& architecture) {
  const std::string type = file.get<std::string>("model_type", "");
  for (const Defaults& defaults : kDefaults) {
    const bool by_type = type == name_of(defaults.family) || (type == "gemma3_text" && defaults.family == Family::gemma3);
    const std::string_view rest = architecture.starts_with(defaults.class_prefix)
                                      ? std::string_view(architecture).substr(defaults.class_prefix.size())
                                      : std::string_view();
    const bool by_class = rest.starts_with("For") || rest.starts_with("Model");
    if (type.empty() ? by_class : by_type) {
      // A classifier's folder has another head: run as a language model it would give nonsense without an error.
      const bool generates = rest == "ForCausalLM" || rest == "Model" || rest == "TextModel" || rest == "ForConditionalGeneration";
      if (!architecture.empty() && defaults.family != Family::bert && !generates) {
        fail(Status::unsupported, file.where(), ": architecture ", quote(architecture), " is not supported; for model_type ",
             name_of(defaults.family), " it is ", defaults.class_prefix, "ForCausalLM");
      }
      return defaults;
    }
  }
  if (type.empty() && architecture.empty())
    fail(Status::format, file.where(), ": neither model_type nor architectures says which family this is");
  fail(Status::unsupported, file.where(), ": model family ", quote(type.empty() ? architecture : type), " is not supported; ", kSupported);
}

UnaryOp activation_of(const std::string& name, const JsonObject& file) {
  if (name == "silu" || name == "swish") return UnaryOp::silu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new" || name == "gelu_fast") return UnaryOp::gelu_tanh;
  if (name == "gelu" || name == "gelu_python") return UnaryOp::gelu_erf;
  if (name == "relu") return UnaryOp::relu;
  fail(Status::unsupported, file.where(), ": activation ", quote(name),
       " is not supported; supported are silu, gelu, gelu_pytorch_tanh, relu");
}

RopeParameters read_rope(const JsonObject& rope, const JsonObject& file, double theta, int64_t context) {
  RopeParameters p;
  p.type = rope_type(rope.get<std::string>("rope_type", rope.get<std::string>("type", "default")), rope.where());
  p.theta = positive(rope, "rope_theta", theta);
  const double part = rope.get<double>("partial_rotary_factor", file.get<double>("partial_rotary_factor", 1));
  if (part != 1) fail(Status::unsupported, rope.where(), ": partial_rotary_factor ", part, " is not supported, only 1");
  if (p.type == RopeType::standard) return p;
  // A length beside the rope parameters counts before one inside them, and without either the model's context does.
  p.original_context =
      positive(file, "original_max_position_embeddings", positive(rope, "original_max_position_embeddings", double(context)));
  if (p.type == RopeType::yarn) {
    p.factor = positive(rope, "factor", double(context) / p.original_context);
    if (p.theta == 1) fail(Status::format, rope.where(), ": rope_theta is 1, which yarn cannot scale");
    p.attention_factor = maybe_positive(rope, "attention_factor");
    p.mscale = rope.maybe<double>("mscale"), p.mscale_all_dim = rope.maybe<double>("mscale_all_dim");
    if (rope.get<double>("beta_fast", 0) != 0) p.beta_fast = positive(rope, "beta_fast");
    if (rope.get<double>("beta_slow", 0) != 0) p.beta_slow = positive(rope, "beta_slow");
    p.truncate = rope.get<bool>("truncate", true);
    return p;
  }
  p.factor = positive(rope, "factor");
  if (p.type == RopeType::llama3) {
    p.low_frequency_factor = positive(rope, "low_freq_factor"), p.high_frequency_factor = positive(rope, "high_freq_factor");
    if (p.high_frequency_factor <= p.low_frequency_factor) {
      fail(Status::format, rope.where(), ": high_freq_factor ", p.high_frequency_factor, " is not above low_freq_factor ",
           p.low_frequency_factor);
    }
  }
  return p;
}

// Parameters of the two layer types: [0] full attention, [1] sliding attention.
std::vector<RopeParameters> read_ropes(const JsonObject& file, int64_t context) {
  const double theta = positive(file, "rope_theta", kTheta);
  JsonObject rope(Json::object(), file.where());
  for (const char* key : {"rope_parameters", "rope_scaling"}) {  // the older spelling wins where both are given
    if (auto found = file.maybe_object(key); found && !found->json().empty()) rope = *found;
  }
  const auto full = rope.has("full_attention") ? rope.maybe_object("full_attention") : rope;
  const auto sliding = rope.has("sliding_attention") ? rope.maybe_object("sliding_attention") : full;
  return {read_rope(*full, file, theta, context), read_rope(*sliding, file, theta, context)};
}

std::vector<RopeParameters> read_gemma_ropes(const JsonObject& file, int64_t context) {
  Json full = Json::object(), sliding = Json::object();
  std::string where = file.where();
  if (auto parameters = file.maybe_object("rope_parameters")) {
    where = parameters->where();
    if (auto found = parameters->maybe_object("full_attention")) full = found->json();
    if (auto found = parameters->maybe_object("sliding_attention")) sliding = found->json();
  }
  if (auto scaling = file.maybe_object("rope_scaling")) {  // the older spelling is about the full layers
    if (scaling->has("type")) full.erase("rope_type");
    full.update(scaling->json());
  }
  return {read_rope(JsonObject(std::move(full), where), file, positive(file, "rope_theta", kGemmaThetaFull), context),
          read_rope(JsonObject(std::move(sliding), where), file, positive(file, "rope_local_base_freq", kGemmaThetaSliding), context)};
}

// The window of sliding layers; 0 where the config has none.
int64_t read_window(const JsonObject& file, const Defaults& defaults) {
  const bool qwen = defaults.family == Family::qwen2 || defaults.family == Family::qwen3;
  if (qwen && !file.get<bool>("use_sliding_window", false)) return 0;
  if (defaults.window == 0 || stated_null(file, "sliding_window")) return 0;
  return count(file, "sliding_window", defaults.window, kMost);
}

std::vector<LayerConfig> read_layers(const JsonObject& file, const Defaults& defaults, int64_t layers) {
  const int64_t window = read_window(file, defaults);
  const LayerConfig full{0, 0}, sliding{window, 1};
  const bool by_layer = defaults.family == Family::gemma3 || defaults.family == Family::qwen2 || defaults.family == Family::qwen3;
  if (!by_layer) return std::vector<LayerConfig>(size_t(layers), window > 0 ? sliding : full);

  std::vector<LayerConfig> result;
  if (file.has("layer_types")) {
    for (const std::string& type : file.get<std::vector<std::string>>("layer_types")) {
      if (type != "full_attention" && type != "sliding_attention" && type != "attention") {
        fail(Status::unsupported, file.where(), ": layer type ", quote(type),
             " is not supported; supported are full_attention, sliding_attention");
      }
      result.push_back(type == "sliding_attention" ? sliding : full);
    }
    if (int64_t(result.size()) != layers) {
      fail(Status::format, file.where(), ": layer_types has ", result.size(), " entries, expected num_hidden_layers = ", layers);
    }
  } else if (defaults.family == Family::gemma3) {
    const int64_t pattern = count(file, "sliding_window_pattern", kGemmaPattern, kMost);
    for (int64_t i = 0; i < layers; ++i) result.push_back((i + 1) % pattern == 0 ? full : sliding);
  } else {
    const int64_t first_sliding = window > 0 ? file.get<int64_t>("max_window_layers", 28) : layers;
    for (int64_t i = 0; i < layers; ++i) result.push_back(i >= first_sliding ? sliding : full);
  }
  const bool slides = std::any_of(result.begin(), result.end(), [](const LayerConfig& layer) { return layer.rope == 1; });
  if (slides && window == 0) fail(Status::format, file.where(), ": layers of type sliding_attention need a sliding_window");
  return result;
}

// One id, or a list of them. Ids outside of the vocabulary never occur and are dropped (Llama 2 has "pad_token_id": -1).
std::vector<int32_t> token_ids(const JsonObject& file, const std::string& key, int64_t vocabulary) {
  std::vector<int64_t> ids;
  if (const Json* value = file.find(key)) {
    if (value->is_array())
      ids = file.get<std::vector<int64_t>>(key);
    else
      ids.push_back(file.get<int64_t>(key));
  }
  std::vector<int32_t> result;
  for (int64_t id : ids) {
    if (id >= 0 && id < vocabulary && std::find(result.begin(), result.end(), id) == result.end()) result.push_back(int32_t(id));
  }
  return result;
}

std::optional<int32_t> token_id(const JsonObject& file, const std::string& key, int64_t vocabulary) {
  const auto ids = token_ids(file, key, vocabulary);
  return ids.empty() ? std::nullopt : std::optional(ids[0]);
}

void read_tokens(const JsonObject& file, const JsonObject& text, const Defaults& defaults, ModelConfig& c) {
  auto place = [&](const char* key) -> const JsonObject& { return stated(file, key) ? file : text; };
  auto fallback = [&](const char* key, int32_t id) { return !stated(place(key), key) && id >= 0 ? std::optional(id) : std::nullopt; };
  c.stop_tokens = token_ids(place("eos_token_id"), "eos_token_id", c.vocabulary);
  if (auto id = fallback("eos_token_id", defaults.eos)) c.stop_tokens = {*id};
  c.bos_token = token_id(place("bos_token_id"), "bos_token_id", c.vocabulary);
  if (auto id = fallback("bos_token_id", defaults.bos)) c.bos_token = id;
  c.pad_token = token_id(place("pad_token_id"), "pad_token_id", c.vocabulary);
  if (auto id = fallback("pad_token_id", defaults.pad)) c.pad_token = id;
}

void read_sizes(const JsonObject& file, const Defaults& defaults, ModelConfig& c) {
  c.vocabulary = count(file, "vocab_size", defaults.vocabulary, kMost);
  c.hidden = count(file, "hidden_size", defaults.hidden, kMostWidth);
  c.intermediate = count(file, "intermediate_size", defaults.intermediate, kMostWidth);
  c.heads = count(file, "num_attention_heads", defaults.heads, kMostHeads);
  c.context = count(file, "max_position_embeddings", defaults.context, kMost);
  const bool encoder = defaults.family == Family::bert;
  const bool as_heads = defaults.kv_heads == 0 || stated_null(file, "num_key_value_heads");
  c.kv_heads = encoder ? c.heads : count(file, "num_key_value_heads", as_heads ? c.heads : defaults.kv_heads, kMostHeads);
  if (c.heads % c.kv_heads != 0) {
    fail(Status::format, file.where(), ": num_attention_heads ", c.heads, " is not a multiple of num_key_value_heads ", c.kv_heads);
  }
  const bool divided = defaults.head_dim == 0 || stated_null(file, "head_dim");
  if (encoder || (divided && !file.has("head_dim"))) {
    if (c.hidden % c.heads != 0)
      fail(Status::format, file.where(), ": hidden_size ", c.hidden, " is not a multiple of num_attention_heads ", c.heads);
    c.head_dim = c.hidden / c.heads;
  } else {
    c.head_dim = count(file, "head_dim", defaults.head_dim, kMostHeadDim);
  }
  if (c.head_dim % 2 != 0 || c.head_dim > kMostHeadDim) {
    fail(Status::format, file.where(), ": head_dim is ", c.head_dim, ", expected an even number up to ", kMostHeadDim);
  }
}

// Fields that change the mathematics and that nothing here computes.
void refuse_unsupported(const JsonObject& file, const Defaults& defaults) {
  if (auto quantization = file.maybe_object("quantization_config")) {
    fail(Status::unsupported, file.where(), ": quantization ", quote(quantization->get<std::string>("quant_method", "unknown")),
         " is not supported; supported are checkpoints in float32, float16 and bfloat16");
  }
  if (file.has("use_bidirectional_attention") && file.get<bool>("use_bidirectional_attention")) {
    fail(Status::unsupported, file.where(), ": use_bidirectional_attention is not supported");
  }
  if (defaults.family != Family::bert) return;
  const std::string position = file.get<std::string>("position_embedding_type", "absolute");
  if (position != "absolute") {
    fail(Status::unsupported, file.where(), ": position_embedding_type ", quote(position), " is not supported, only absolute");
  }
  if (file.get<bool>("is_decoder", false))
    fail(Status::unsupported, file.where(), ": a bert decoder (is_decoder) is not supported, only encoders");
}

}  // namespace

std::string_view name_of(Family family) {
  constexpr std::string_view kNames[] = {"qwen3", "qwen2", "llama", "mistral", "gemma3", "bert"};
  return kNames[size_t(family)];
}

ModelConfig ModelConfig::parse(const JsonObject& file) {
  ModelConfig c;
  if (file.has("architectures")) {
    const auto names = file.get<std::vector<std::string>>("architectures");
    if (!names.empty()) c.architecture = names[0];
  }
  const Defaults& defaults = family_of(file, c.architecture);
  c.family = defaults.family;
  // A multimodal folder nests its language model; vision and projector are left aside.
  const JsonObject text = c.family == Family::gemma3 && file.has("text_config") ? file.object("text_config") : file;
  refuse_unsupported(file, defaults);
  refuse_unsupported(text, defaults);
  read_sizes(text, defaults, c);
  read_tokens(file, text, defaults, c);
  const bool gemma = c.family == Family::gemma3, encoder = c.family == Family::bert;

  const int64_t layers = count(text, "num_hidden_layers", defaults.layers, kMostLayers);
  c.layers = read_layers(text, defaults, layers);
  if (!encoder) c.ropes = gemma ? read_gemma_ropes(text, c.context) : read_ropes(text, c.context);

  c.activation = activation_of(text.get<std::string>(gemma ? "hidden_activation" : "hidden_act", std::string(defaults.activation)), text);
  c.norm_eps = float(encoder ? positive(text, "layer_norm_eps", 1e-12) : positive(text, "rms_norm_eps", 1e-6));
  // The outer level decides on tying, as transformers does: the head belongs to the whole model.
  c.tied_head = file.get<bool>("tie_word_embeddings", defaults.tied);
  c.attention_bias = c.family == Family::qwen2 || encoder;
  if (c.family == Family::llama || c.family == Family::qwen3 || gemma) c.attention_bias = text.get<bool>("attention_bias", false);
  c.mlp_bias = encoder || (c.family == Family::llama && text.get<bool>("mlp_bias", false));
  const double scalar = gemma ? positive(text, "query_pre_attn_scalar", 256) : double(c.head_dim);
  c.attention_scale = float(1 / std::sqrt(scalar));
  // transformers reads this field of Gemma 3 and leaves attention scores uncapped; published models have none.
  if (gemma && text.has("attn_logit_softcapping")) log(LogLevel::warning, text.where(), ": attn_logit_softcapping has no effect on gemma3");
  if (gemma) c.logit_cap = float(maybe_positive(text, "final_logit_softcapping").value_or(0));
  if (encoder) c.token_types = count(text, "type_vocab_size", 2, kMostWidth);
  checked_mul(checked_mul(c.vocabulary, c.hidden, "the embedding table's size"), int64_t(4), "the embedding table's size");
  return c;
}

FolderConfig FolderConfig::read(const std::string& folder) {
  FolderConfig result;
  ModelConfig& c = result.model;
  c = ModelConfig::parse(JsonObject::read(folder + "/config.json", {.bytes = int64_t(16) << 20}));
  ModelInfo& info = result.info;
  info.family = name_of(c.family);
  info.architecture = c.architecture;
  info.path = folder;
  info.causal = c.family != Family::bert;
  info.vocabulary = c.vocabulary, info.hidden = c.hidden, info.layers = int64_t(c.layers.size()), info.heads = c.heads;
  info.kv_heads = c.kv_heads, info.head_dim = c.head_dim, info.context = c.context;
  info.stop_tokens = c.stop_tokens, info.bos_token = c.bos_token, info.pad_token = c.pad_token;
  info.pooling = info.causal ? Pooling::last : Pooling::mean;
  const std::string generation = folder + "/generation_config.json";
  if (file_exists(generation)) read_generation_config(JsonObject::read(generation, {.bytes = int64_t(16) << 20}), info);
  read_embedding_config(folder, info);
  return result;
}

void read_generation_config(const JsonObject& file, ModelInfo& info) {
  for (int32_t id : token_ids(file, "eos_token_id", info.vocabulary)) {
    if (std::find(info.stop_tokens.begin(), info.stop_tokens.end(), id) == info.stop_tokens.end()) info.stop_tokens.push_back(id);
  }
  if (auto id = token_id(file, "bos_token_id", info.vocabulary)) info.bos_token = id;
  if (auto id = token_id(file, "pad_token_id", info.vocabulary)) info.pad_token = id;
  info.temperature = file.maybe<float>("temperature");
  info.top_p = file.maybe<float>("top_p");
  info.min_p = file.maybe<float>("min_p");
  info.repetition_penalty = file.maybe<float>("repetition_penalty");
  info.top_k = file.maybe<int64_t>("top_k");
  if (file.has("do_sample") && !file.get<bool>("do_sample")) info.temperature = 0;
}

}  // namespace mlxc
