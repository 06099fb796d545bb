#include "nn/lora.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "base/quote.h"
#include "graph/function.h"
#include "io/safetensors.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"

namespace mlxc::nn {
namespace {

constexpr const char* kConfigFile = "/adapter_config.json";
constexpr const char* kWeightsFile = "/adapter_model.safetensors";
constexpr std::string_view kPrefix = "base_model.model.";  // PEFT's wrapper around the model
constexpr const char* kLanguageModel = "CAUSAL_LM";        // PEFT's task_type
constexpr int64_t kMostRank = 65'536;

// What a config may say of PEFT's additions to LoRA while it means the plain one: absent, null, false, 0, or empty.
bool is_off(const Json* value) {
  return !value || value->is_null() || *value == Json(false) || *value == Json(0) ||
         ((value->is_object() || value->is_array()) && value->empty());
}

void refuse_additions(const JsonObject& file) {
  for (const char* key : {"use_dora", "fan_in_fan_out", "lora_bias", "modules_to_save", "layer_replication", "use_qalora", "use_bdlora",
                          "alora_invocation_tokens", "trainable_token_indices", "target_parameters"})
    if (!is_off(file.find(key)))
      fail(Status::unsupported, file.where(), ": ", key, " is not supported, only low-rank matrices of Linear layers are");
  if (const std::string bias = file.get<std::string>("bias", "none"); bias != "none")
    fail(Status::unsupported, file.where(), ": trained biases (bias ", quote(bias), ") are not supported, only \"none\"");
}

template <class T>
std::map<std::string, T> read_pattern(const JsonObject& file, const std::string& key) {
  std::map<std::string, T> result;
  const auto object = file.maybe_object(key);
  if (!object) return result;
  for (const auto& [name, value] : object->json().items()) {
    if (name.find_first_of("^$*+?()[]{}|\\") != name.npos)
      fail(Status::unsupported, file.where(), ": ", key, " has the regular expression ", quote(name), "; only names are supported");
    result.emplace(name, object->get<T>(name));
  }
  return result;
}

LoraConfig read_config(const JsonObject& file) {
  const std::string type = file.get<std::string>("peft_type");
  if (type != "LORA") fail(Status::unsupported, file.where(), ": adapters of type ", quote(type), " are not supported, only LORA");
  refuse_additions(file);
  LoraConfig config;
  config.rank = file.get<int64_t>("r", 8);
  config.alpha = file.get<double>("lora_alpha", 8);
  config.dropout = file.get<double>("lora_dropout", 0);
  config.rank_stabilized = file.get<bool>("use_rslora", false);
  config.ranks = read_pattern<int64_t>(file, "rank_pattern");
  config.alphas = read_pattern<double>(file, "alpha_pattern");
  const Json* targets = file.find("target_modules");
  if (targets && *targets == Json(LoraConfig::kAllLinear)) {
    config.targets = {LoraConfig::kAllLinear};
  } else if (targets && targets->is_string()) {
    config.targets.clear(), config.whole_names = true;  // a regular expression: what it means are the linears that have matrices
  } else if (targets) {
    config.targets = file.get<std::vector<std::string>>("target_modules");
  }
  try {
    config.check();
  } catch (const Error& error) {
    fail(Status::format, file.where(), ": ", error.what());
  }
  return config;
}

// A regular expression for these names and no others. Ends of names would fit containers too: "1" is the end of "0.1".
template <class Linears>
std::string expression_of(const Linears& linears) {
  std::string expression;
  for (const auto& [name, pair] : linears) {
    if (!expression.empty()) expression += '|';
    for (char c : name) {
      if (std::string_view("\\^$.*+?()[]{}|").find(c) != std::string_view::npos) expression += '\\';
      expression += c;
    }
  }
  return expression;
}

// "base_model.model.NAME.lora_A.weight" -> NAME and which of the two it is. Older files say "lora_A.default.weight".
struct Place {
  std::string linear;
  bool is_b;
};
Place place_of(const std::string& tensor, const std::string& where) {
  std::string_view name = tensor;
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  for (std::string_view end : {"lora_A.weight", "lora_A.default.weight", "lora_B.weight", "lora_B.default.weight"})
    if (auto linear = around(name, end)) return {*std::move(linear), end[5] == 'B'};
  fail(Status::unsupported, where, ": tensor ", quote(tensor),
       " is no low-rank matrix of a Linear layer (NAME.lora_A.weight, NAME.lora_B.weight)");
}

std::string sizes(const Array& array) { return to_string(array.shape()); }

void check_pair(const std::string& linear, const Adapter::Matrices& pair, const std::string& where) {
  for (const Array* matrix : {&pair.a, &pair.b}) {
    const char* name = matrix == &pair.a ? "lora_A" : "lora_B";
    if (!*matrix) fail(Status::format, where, ": ", quote(linear), " has no ", name);
    if (matrix->rank() != 2)
      fail(Status::format, where, ": ", name, " of ", quote(linear), " has shape ", sizes(*matrix), ", expected two axes");
  }
  if (pair.a.dim(0) != pair.b.dim(1) || pair.a.dim(0) < 1)
    fail(Status::format, where, ": lora_A ", sizes(pair.a), " and lora_B ", sizes(pair.b), " of ", quote(linear), " differ in their rank");
}

// Against the weight beside which they stand, where that is known.
void check_sizes(const std::string& linear, const Adapter::Matrices& pair, const std::optional<Shape>& weight) {
  if (!weight) return;
  if (weight->rank() != 2)
    fail(Status::format, "the adapter is of another model: it adapts ", quote(linear), ", whose weight ", to_string(*weight),
         " is no matrix here");
  const int64_t out = (*weight)[0], in = (*weight)[1];
  if (pair.a.dim(1) != in || pair.b.dim(0) != out)
    fail(Status::format, "the adapter's matrices of ", quote(linear), " are ", sizes(pair.a), " and ", sizes(pair.b), ", for a weight [",
         out, ", ", in, "] they are [rank, ", in, "] and [", out, ", rank]");
}

}  // namespace

bool has_end(std::string_view name, std::string_view end) {
  return name.ends_with(end) && (name.size() == end.size() || (name.size() > end.size() && name[name.size() - end.size() - 1] == '.'));
}

std::string inside(std::string_view linear, std::string_view name) { return linear.empty() ? std::string(name) : cat(linear, ".", name); }

std::optional<std::string> around(std::string_view name, std::string_view end) {
  if (!has_end(name, end)) return std::nullopt;
  return std::string(name.substr(0, name.size() - std::min(name.size(), end.size() + 1)));
}

void LoraConfig::check() const {
  auto check_rank = [](int64_t rank) {
    if (rank < 1 || rank > kMostRank) fail(Status::invalid_argument, "the rank of an adapter is ", rank, ", expected 1 to ", kMostRank);
  };
  auto check_alpha = [](double alpha) {
    if (!std::isfinite(alpha)) fail(Status::invalid_argument, "lora_alpha is ", alpha, ", expected a finite number");
  };
  check_rank(rank), check_alpha(alpha);
  for (const auto& [name, other] : ranks) check_rank(other);
  for (const auto& [name, other] : alphas) check_alpha(other);
  if (!(dropout >= 0 && dropout < 1)) fail(Status::invalid_argument, "lora_dropout is ", dropout, ", expected 0 up to 1");
}

bool LoraConfig::targets_linear(std::string_view name) const {
  if (whole_names) return std::find(targets.begin(), targets.end(), name) != targets.end();
  return std::any_of(targets.begin(), targets.end(),
                     [&](const std::string& target) { return target == kAllLinear ? !has_end(name, "lm_head") : has_end(name, target); });
}

int64_t LoraConfig::rank_of(std::string_view name) const {
  for (const auto& [end, other] : ranks)
    if (has_end(name, end)) return other;
  return rank;
}

double LoraConfig::scale_of(std::string_view name, int64_t rank) const {
  double numerator = alpha;
  for (const auto& [end, other] : alphas)
    if (has_end(name, end)) numerator = other;
  return numerator / (rank_stabilized ? std::sqrt(double(rank)) : double(rank));
}

Adapter Adapter::load(Device& device, const std::string& folder) {
  Adapter adapter;
  const JsonObject file = JsonObject::read(folder + kConfigFile, {.bytes = int64_t(16) << 20});
  adapter.config = read_config(file);
  adapter.base_model = file.get<std::string>("base_model_name_or_path", "");
  adapter.language_model = file.get<std::string>("task_type", "") == kLanguageModel;
  const auto weights = SafetensorsFile::open(folder + kWeightsFile, LoadMode::copied);
  const std::string where = "adapter_model.safetensors";
  for (const SafetensorsFile::Tensor& tensor : weights->tensors()) {
    // PEFT puts the untouched weight of an adapted head beside the matrices.
    if (tensor.name.ends_with(".base_layer.weight")) continue;
    const Place place = place_of(tensor.name, where);
    const DType dtype = tensor.dtype();
    if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16)
      fail(Status::unsupported, where, ": tensor ", quote(tensor.name), " is ", name_of(dtype),
           "; supported are float32, float16 and bfloat16");
    Matrices& pair = adapter.linears[place.linear];
    (place.is_b ? pair.b : pair.a) = Array::from_data(device, tensor.bytes.data(), Shape(std::span<const int64_t>(tensor.shape)), dtype);
  }
  if (adapter.linears.empty()) fail(Status::format, where, " has no low-rank matrices");
  for (const auto& [linear, pair] : adapter.linears) {
    check_pair(linear, pair, where);
    if (adapter.config.whole_names) adapter.config.targets.push_back(linear);
  }
  return adapter;
}

void Adapter::save(const std::string& folder) const {
  if (linears.empty()) fail(Status::invalid_argument, "the adapter has no matrices yet: no Linear that it targets has been met");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(Status::io, cat("cannot make the folder ", quote(folder, 200), ": ", error.message()), error.value());

  SafetensorsWriter writer;
  std::vector<std::vector<std::byte>> bytes;
  auto add = [&](const std::string& name, const Array& matrix) {
    bytes.emplace_back(size_t(matrix.bytes()));
    read(matrix, bytes.back().data(), bytes.back().size());
    writer.add(cat(kPrefix, name), matrix.dtype(), {matrix.shape().begin(), matrix.shape().end()}, bytes.back());
  };
  std::vector<std::string> targets = config.targets;  // PEFT knows "all-linear" before training only
  if (std::find(targets.begin(), targets.end(), LoraConfig::kAllLinear) != targets.end()) {
    targets.clear();
    for (const auto& [linear, pair] : linears) targets.push_back(linear.substr(linear.rfind('.') + 1));
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  }
  for (const auto& [linear, pair] : linears) add(inside(linear, "lora_A.weight"), pair.a), add(inside(linear, "lora_B.weight"), pair.b);
  writer.set_metadata("format", "pt");
  writer.write(folder + kWeightsFile);

  const Json json = {{"peft_type", "LORA"},
                     {"task_type", language_model ? Json(kLanguageModel) : Json()},
                     {"base_model_name_or_path", base_model.empty() ? Json() : Json(base_model)},
                     {"r", config.rank},
                     {"lora_alpha", config.alpha},
                     {"lora_dropout", config.dropout},
                     {"use_rslora", config.rank_stabilized},
                     {"rank_pattern", config.ranks},
                     {"alpha_pattern", config.alphas},
                     {"target_modules", language_model && !config.whole_names ? Json(targets) : Json(expression_of(linears))},
                     {"bias", "none"},
                     {"fan_in_fan_out", false},
                     {"init_lora_weights", true},
                     {"modules_to_save", nullptr},
                     {"inference_mode", true}};
  AtomicFileWriter file(folder + kConfigFile);
  file.write(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  file.commit();
}

void Adapter::fit(const TensorSource& source, std::span<const std::string_view> bodies) {
  auto is_there = [&](const std::string& linear) { return source.has(inside(linear, "weight")); };
  std::map<std::string, Matrices> fitted;
  for (const auto& [linear, pair] : linears) {
    std::optional<std::string> name;
    if (is_there(linear)) name = linear;
    for (std::string_view from : bodies) {
      if (name || !(from.empty() || linear.starts_with(cat(from, ".")))) continue;
      for (std::string_view to : bodies)
        if (std::string other = inside(to, std::string_view(linear).substr(from.empty() ? 0 : from.size() + 1)); !name && is_there(other))
          name = std::move(other);
    }
    if (!name && has_end(linear, "lm_head")) name = linear;  // tied to the embedding table
    if (!name) fail(Status::format, "the adapter is of another model: it adapts ", quote(linear), ", which this one has not");
    check_sizes(*name, pair, source.shape_of(inside(*name, "weight")));
    fitted.emplace(*std::move(name), pair);
  }
  linears = std::move(fitted);
}

LowRank Adapter::low_rank(const std::string& linear, int64_t in, int64_t out) const {
  auto found = linears.find(linear);
  if (found == linears.end()) return {};
  const auto& [a, b] = found->second;
  check_sizes(linear, found->second, Shape{out, in});
  return {a, b, config.scale_of(linear, a.dim(0)), config.dropout, {}};
}

Array Adapter::merged(const std::string& linear, const Array& weight) const {
  auto found = linears.find(linear);
  if (found == linears.end()) return weight;
  check_sizes(linear, found->second, weight.shape());
  const LowRank low = low_rank(linear, weight.dim(1), weight.dim(0));
  auto wide = [](const Array& x) { return cast(x, DType::f32); };
  return cast(wide(weight) + matmul(wide(low.b) * low.scale, wide(low.a)), weight.dtype());
}

}  // namespace mlxc::nn
