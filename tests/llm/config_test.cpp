#include "llm/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/quote.h"
#include "support/mutate.h"

namespace mlxc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ModelConfig parse(const Json& config) { return ModelConfig::parse(JsonObject(config, "config.json")); }
ModelConfig parse(const char* text) { return ModelConfig::parse(JsonObject::parse(text, "config.json")); }

// Distance in units of the last place: both are positive.
int32_t ulps(float a, int32_t bits) { return std::abs(std::bit_cast<int32_t>(a) - bits); }

TEST(ModelConfig, AgreesWithTransformersOnDefaultsLayersAndFrequencies) {
  const Json cases = read_json(MLXC_TEST_DATA "/models/configs.json");
  ASSERT_GT(cases.size(), 30u);
  int64_t frequencies = 0, different = 0;
  for (const Json& row : cases) {
    SCOPED_TRACE(row["name"].get<std::string>());
    const ModelConfig c = parse(row["config"]);
    const Json& e = row["expected"];
    EXPECT_EQ(c.vocabulary, e["vocab_size"]);
    EXPECT_EQ(c.hidden, e["hidden_size"]);
    EXPECT_EQ(c.intermediate, e["intermediate_size"]);
    EXPECT_EQ(c.heads, e["num_attention_heads"]);
    EXPECT_EQ(c.kv_heads, e["num_key_value_heads"]);
    EXPECT_EQ(c.head_dim, e["head_dim"]);
    EXPECT_EQ(c.context, e["max_position_embeddings"]);
    EXPECT_EQ(c.norm_eps, e["rms_norm_eps"].get<float>());
    EXPECT_EQ(c.tied_head, e["tie_word_embeddings"].get<bool>());
    EXPECT_EQ(c.logit_cap, e["final_logit_softcapping"].is_null() ? 0.0f : e["final_logit_softcapping"].get<float>());
    const double scalar = e["query_pre_attn_scalar"].is_null() ? double(c.head_dim) : e["query_pre_attn_scalar"].get<double>();
    EXPECT_EQ(c.attention_scale, float(std::pow(scalar, -0.5)));
    const Json& eos = e["eos_token_id"];
    const auto stops = eos.is_null()    ? std::vector<int32_t>{}
                       : eos.is_array() ? eos.get<std::vector<int32_t>>()
                                        : std::vector<int32_t>{eos.get<int32_t>()};
    EXPECT_EQ(c.stop_tokens, stops);

    ASSERT_EQ(c.layers.size(), e["layer_types"].size());
    for (size_t i = 0; i < c.layers.size(); ++i) {
      EXPECT_EQ(c.layers[i].window, e["windows"][i]) << "layer " << i;
      const Json& rope = e["ropes"][e["layer_types"][i].get<std::string>()];
      const RopeFrequencies ours = rope_frequencies(c.ropes[size_t(c.layers[i].rope)], c.head_dim, "config.json");
      EXPECT_EQ(ours.attention_factor, rope["attention_factor"].get<float>()) << "layer " << i;
      ASSERT_EQ(ours.inverse.size(), rope["frequency_bits"].size()) << "layer " << i;
      for (size_t k = 0; k < ours.inverse.size(); ++k) {
        const int32_t bits = rope["frequency_bits"][k];
        ++frequencies, different += ulps(ours.inverse[k], bits) != 0;
        EXPECT_LE(ulps(ours.inverse[k], bits), 2) << "layer " << i << ", frequency " << k;
      }
    }
  }
  // The two implementations of powf round a few values to different neighbours, and a reciprocal doubles the distance at most.
  EXPECT_LT(double(different), 0.02 * double(frequencies));
}

TEST(ModelConfig, TakesTheFamilyFromTheArchitectureWhenModelTypeIsMissing) {
  EXPECT_EQ(parse(R"({"architectures": ["Qwen3ForCausalLM"]})").family, Family::qwen3);
  EXPECT_EQ(parse(R"({"architectures": ["BertModel"]})").family, Family::bert);
  EXPECT_EQ(parse(R"({"architectures": ["Gemma3ForConditionalGeneration"]})").family, Family::gemma3);
}

TEST(ModelConfig, NullHeadCountsAndSizesFollowFromTheOthers) {
  const ModelConfig c =
      parse(R"({"model_type": "qwen3", "head_dim": null, "num_key_value_heads": null, "hidden_size": 64, "num_attention_heads": 4})");
  EXPECT_EQ(c.head_dim, 16);
  EXPECT_EQ(c.kv_heads, 4);
}

TEST(ModelConfig, MultimodalGemmaTiesAndStopsAsTheOuterLevelSays) {
  const ModelConfig c = parse(R"({"model_type": "gemma3", "tie_word_embeddings": false, "eos_token_id": [1, 106],
                                  "text_config": {"tie_word_embeddings": true, "num_hidden_layers": 2, "eos_token_id": 7}})");
  EXPECT_FALSE(c.tied_head);
  EXPECT_THAT(c.stop_tokens, ElementsAre(1, 106));
}

TEST(ModelConfig, AnExplicitNullMeansNoStopTokenAndAMissingOneTheDefault) {
  EXPECT_THAT(parse(R"({"model_type": "llama", "eos_token_id": null})").stop_tokens, ElementsAre());
  EXPECT_THAT(parse(R"({"model_type": "llama"})").stop_tokens, ElementsAre(2));
  EXPECT_FALSE(parse(R"({"model_type": "llama", "pad_token_id": -1})").pad_token);
}

TEST(ModelConfig, ReadsAnEncoder) {
  const ModelConfig c =
      parse(R"({"model_type": "bert", "hidden_size": 384, "num_attention_heads": 12, "num_hidden_layers": 6, "intermediate_size": 1536})");
  EXPECT_EQ(c.head_dim, 32);
  EXPECT_EQ(c.norm_eps, 1e-12f);
  EXPECT_EQ(c.activation, UnaryOp::gelu_erf);
  EXPECT_EQ(c.token_types, 2);
  EXPECT_EQ(c.context, 512);
}

struct Hostile {
  const char* name;
  const char* config;
  Status status;
  const char* says;  // part of the message
};

const Hostile kHostile[] = {
    {"NotAnObject", R"([1, 2])", Status::format, "expected an object"},
    {"Truncated", R"({"model_type": "llama", )", Status::format, "not valid JSON"},
    {"Empty", R"({})", Status::format, "model_type"},
    {"UnknownFamily", R"({"model_type": "xlm-roberta"})", Status::unsupported, "'xlm-roberta' is not supported; supported are qwen3"},
    {"UnknownArchitecture", R"({"architectures": ["MambaForCausalLM"]})", Status::unsupported, "'MambaForCausalLM'"},
    {"Classifier", R"({"model_type": "qwen2", "architectures": ["Qwen2ForSequenceClassification"]})", Status::unsupported,
     "Qwen2ForSequenceClassification"},
    {"FamilyOfWrongType", R"({"model_type": 3})", Status::format, "model_type"},
    {"ArchitecturesOfWrongType", R"({"architectures": "LlamaForCausalLM"})", Status::format, "architectures"},
    {"ZeroHeads", R"({"model_type": "llama", "num_attention_heads": 0})", Status::format, "num_attention_heads is 0"},
    {"NegativeLayers", R"({"model_type": "llama", "num_hidden_layers": -1})", Status::format, "num_hidden_layers is -1"},
    {"TooManyLayers", R"({"model_type": "llama", "num_hidden_layers": 10001})", Status::format, "10001, expected 1 to 10000"},
    {"FractionalHidden", R"({"model_type": "llama", "hidden_size": 64.5})", Status::format, "hidden_size"},
    {"HugeHidden", R"({"model_type": "llama", "hidden_size": 4611686018427387904})", Status::format, "hidden_size"},
    {"HiddenPast64Bits", R"({"model_type": "llama", "hidden_size": 1e30})", Status::format, "hidden_size"},
    {"VocabularyZero", R"({"model_type": "llama", "vocab_size": 0})", Status::format, "vocab_size is 0"},
    {"VocabularyAString", R"({"model_type": "llama", "vocab_size": "32000"})", Status::format, "vocab_size"},
    {"OddHeadDim", R"({"model_type": "llama", "head_dim": 63})", Status::format, "head_dim is 63, expected an even number"},
    {"HugeHeadDim", R"({"model_type": "qwen3", "head_dim": 2048})", Status::format, "head_dim is 2048"},
    {"HugeDerivedHeadDim", R"({"model_type": "llama", "hidden_size": 8192, "num_attention_heads": 2})", Status::format, "head_dim is 4096"},
    {"HiddenNotDivisible", R"({"model_type": "llama", "hidden_size": 100, "num_attention_heads": 3})", Status::format, "not a multiple"},
    {"GroupsNotDivisible", R"({"model_type": "llama", "num_attention_heads": 8, "num_key_value_heads": 3})", Status::format,
     "num_key_value_heads 3"},
    {"ZeroEpsilon", R"({"model_type": "llama", "rms_norm_eps": 0})", Status::format, "rms_norm_eps is 0"},
    {"EpsilonBelowFloat32", R"({"model_type": "llama", "rms_norm_eps": 1e-60})", Status::format, "rms_norm_eps is 1e-60"},
    {"EpsilonNotANumber", R"({"model_type": "llama", "rms_norm_eps": NaN})", Status::format, "rms_norm_eps"},
    {"InfiniteTheta", R"({"model_type": "llama", "rope_theta": Infinity})", Status::format, "rope_theta"},
    {"NegativeTheta", R"({"model_type": "llama", "rope_theta": -10000})", Status::format, "rope_theta"},
    {"ZeroRopeFactor", R"({"model_type": "llama", "rope_scaling": {"type": "linear", "factor": 0}})", Status::format, "factor is 0"},
    {"MissingRopeFactor", R"({"model_type": "llama", "rope_scaling": {"type": "linear"}})", Status::format, "\"factor\" is missing"},
    {"DynamicRope", R"({"model_type": "llama", "rope_scaling": {"type": "dynamic", "factor": 2}})", Status::unsupported, "'dynamic'"},
    {"LongRope", R"({"model_type": "llama", "rope_parameters": {"rope_type": "longrope", "short_factor": [1], "long_factor": [1]}})",
     Status::unsupported, "'longrope'"},
    {"RopeScalingAString", R"({"model_type": "llama", "rope_scaling": "linear"})", Status::format, "rope_scaling"},
    {"PartialRotary", R"({"model_type": "llama", "partial_rotary_factor": 0.5})", Status::unsupported, "partial_rotary_factor 0.5"},
    {"Llama3BordersSwapped",
     R"({"model_type": "llama", "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}})",
     Status::format, "high_freq_factor"},
    {"YarnOfThetaOne", R"({"model_type": "llama", "rope_theta": 1, "rope_scaling": {"rope_type": "yarn", "factor": 4}})", Status::format,
     "rope_theta is 1"},
    {"UnknownActivation", R"({"model_type": "llama", "hidden_act": "xielu"})", Status::unsupported,
     "'xielu' is not supported; supported are silu"},
    {"UnknownLayerType", R"({"model_type": "qwen3", "num_hidden_layers": 1, "layer_types": ["linear_attention"]})", Status::unsupported,
     "linear_attention"},
    {"TooFewLayerTypes", R"({"model_type": "qwen3", "num_hidden_layers": 2, "layer_types": ["full_attention"]})", Status::format,
     "layer_types has 1 entries"},
    {"SlidingWithoutWindow", R"({"model_type": "qwen3", "num_hidden_layers": 1, "layer_types": ["sliding_attention"]})", Status::format,
     "sliding_window"},
    {"ZeroWindow", R"({"model_type": "mistral", "sliding_window": 0})", Status::format, "sliding_window is 0"},
    {"ZeroPattern", R"({"model_type": "gemma3_text", "sliding_window_pattern": 0})", Status::format, "sliding_window_pattern is 0"},
    {"TextConfigAList", R"({"model_type": "gemma3", "text_config": []})", Status::format, "text_config"},
    {"ZeroQueryScalar", R"({"model_type": "gemma3_text", "query_pre_attn_scalar": 0})", Status::format, "query_pre_attn_scalar is 0"},
    {"LogitCapPastFloat32", R"({"model_type": "gemma3_text", "final_logit_softcapping": 1e300})", Status::format,
     "final_logit_softcapping"},
    {"NegativeLogitCap", R"({"model_type": "gemma3_text", "final_logit_softcapping": -30})", Status::format, "final_logit_softcapping"},
    {"BidirectionalGemma", R"({"model_type": "gemma3_text", "use_bidirectional_attention": true})", Status::unsupported,
     "use_bidirectional_attention"},
    {"Quantized", R"({"model_type": "llama", "quantization_config": {"quant_method": "gptq"}})", Status::unsupported, "'gptq'"},
    {"RelativePositions", R"({"model_type": "bert", "position_embedding_type": "relative_key"})", Status::unsupported, "relative_key"},
    {"BertDecoder", R"({"model_type": "bert", "is_decoder": true})", Status::unsupported, "is_decoder"},
    {"StopTokenAString", R"({"model_type": "llama", "eos_token_id": "</s>"})", Status::format, "eos_token_id"},
};

TEST(ModelConfig, RefusesHostileFiles) {
  for (const Hostile& hostile : kHostile) {
    SCOPED_TRACE(hostile.name);
    try {
      parse(hostile.config);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), hostile.status) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(hostile.says));
    }
  }
}

// What a damaged config does: it parses into sane numbers, or it is refused with a readable message.
Status use(const std::string& text) {
  try {
    const ModelConfig c = ModelConfig::parse(JsonObject::parse(text, "config.json"));
    EXPECT_LE(c.layers.size(), 10'000u);
    EXPECT_TRUE(c.head_dim > 0 && c.head_dim <= 1024 && c.kv_heads > 0 && c.heads % c.kv_heads == 0 && c.vocabulary > 0 && c.context > 0);
    for (const RopeParameters& rope : c.ropes) {
      for (float inverse : rope_frequencies(rope, c.head_dim, "config.json").inverse) EXPECT_TRUE(std::isfinite(inverse));
    }
    return Status::ok;
  } catch (const Error& error) {
    const std::string_view message = error.what();
    EXPECT_EQ(printable(message, message.size()), message) << "not plain text";
    return error.status();
  }
}

TEST(ModelConfig, SurvivesEveryTruncation) {
  for (const Json& row : read_json(MLXC_TEST_DATA "/models/configs.json")) {
    const std::string text = row["config"].dump();
    for (size_t length = 0; length < text.size(); ++length)
      ASSERT_EQ(use(text.substr(0, length)), Status::format) << text.substr(0, length);
  }
}

TEST(ModelConfig, SurvivesRandomDamage) {
  const Json cases = read_json(MLXC_TEST_DATA "/models/configs.json");
  test::Mutator mutate(3);
  int accepted = 0, refused = 0;
  for (int i = 0, count = test::mutation_count(2000); i < count; ++i) {
    const std::string text = mutate(cases[size_t(i) % cases.size()]["config"].dump());
    SCOPED_TRACE(text);
    const Status status = use(text);
    ASSERT_TRUE(status == Status::ok || status == Status::format || status == Status::unsupported) << int(status);
    ++(status == Status::ok ? accepted : refused);
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(accepted, 0);
}

// Frequencies are made from numbers that parse() found good one by one.
TEST(RopeFrequencies, AreCheckedAfterTheyAreMade) {
  const ModelConfig c = parse(R"({"model_type": "llama", "rope_theta": 1e30})");
  RopeParameters yarn;
  yarn.type = RopeType::yarn, yarn.factor = 1e-300, yarn.original_context = 1e300;
  EXPECT_THROW(rope_frequencies(yarn, 64, "config.json"), Error);
  for (float inverse : rope_frequencies(c.ropes[0], c.head_dim, "config.json").inverse) EXPECT_TRUE(std::isfinite(inverse));
}

class FolderConfigTest : public testing::Test {
 protected:
  FolderConfigTest() {
    folder_ = testing::TempDir() + "/mlxc_folder_config";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/1_Pooling");
  }
  ~FolderConfigTest() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }
  std::string folder_;
};

TEST_F(FolderConfigTest, JoinsStopTokensAndReadsSamplingDefaults) {
  write("config.json", R"({"model_type": "llama", "eos_token_id": 2})");
  write("generation_config.json", R"({"eos_token_id": [2, 5, 40000], "temperature": 0.6, "top_p": 0.9, "top_k": 20, "min_p": null})");
  const ModelInfo info = FolderConfig::read(folder_).info;
  EXPECT_THAT(info.stop_tokens, ElementsAre(2, 5));
  EXPECT_EQ(info.temperature, 0.6f);
  EXPECT_EQ(info.top_p, 0.9f);
  EXPECT_EQ(info.top_k, 20);
  EXPECT_FALSE(info.min_p);
}

TEST_F(FolderConfigTest, ReadsThePoolingOfASentenceEncoder) {
  write("config.json", R"({"model_type": "bert"})");
  write("sentence_bert_config.json", R"({"max_seq_length": 256})");
  write(
      "modules.json",
      R"([{"path": "", "type": "sentence_transformers.models.Transformer"}, {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                            {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])");
  write("1_Pooling/config.json", R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})");
  ModelInfo info = FolderConfig::read(folder_).info;
  EXPECT_EQ(info.pooling, Pooling::cls);
  EXPECT_TRUE(info.normalize_embeddings);
  EXPECT_EQ(info.max_embedding_tokens, 256);
  EXPECT_FALSE(info.causal);

  write("1_Pooling/config.json", R"({"pooling_mode": "lasttoken"})");
  EXPECT_EQ(FolderConfig::read(folder_).info.pooling, Pooling::last);
}

TEST_F(FolderConfigTest, RefusesWhatItCannotPool) {
  struct Case {
    const char *modules, *pooling;
    Status status;
  };
  const std::string pooling_module = R"([{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])";
  const Case cases[] = {
      {R"([{"path": "../1_Pooling", "type": "sentence_transformers.models.Pooling"}])", "{}", Status::format},
      {R"([{"path": "..", "type": "sentence_transformers.models.Pooling"}])", "{}", Status::format},
      {R"([{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}])", "{}", Status::unsupported},
      {R"([{"path": "nowhere", "type": "sentence_transformers.models.Pooling"}])", "{}", Status::not_found},
      {R"({"path": "1_Pooling"})", "{}", Status::format},
      {pooling_module.c_str(), R"({"pooling_mode_max_tokens": true})", Status::unsupported},
      {pooling_module.c_str(), R"({"pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": true})", Status::unsupported},
      {pooling_module.c_str(), R"({"pooling_mode_mean_tokens": 1})", Status::format},
  };
  write("config.json", R"({"model_type": "bert"})");
  for (const Case& wrong : cases) {
    SCOPED_TRACE(cat(wrong.modules, " ", wrong.pooling));
    write("modules.json", wrong.modules);
    write("1_Pooling/config.json", wrong.pooling);
    try {
      FolderConfig::read(folder_);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), wrong.status) << error.what();
    }
  }
}

TEST_F(FolderConfigTest, NamesTheFileThatIsMissing) {
  try {
    FolderConfig::read(folder_);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::not_found);
    EXPECT_THAT(error.what(), HasSubstr("config.json"));
  }
}

}  // namespace
}  // namespace mlxc
