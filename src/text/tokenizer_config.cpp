#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace mlxc {
namespace {

constexpr int64_t kMaxFile = int64_t{64} << 20;

// "<s>" or {"content": "<s>", ...}
std::optional<std::string> token_name(const JsonObject& config, const char* key) {
  const Json* value = config.find(key);
  if (!value) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  return config.object(key).get<std::string>("content");
}

// One template, or a list of named ones of which "default" counts.
std::optional<std::string> find_template(const JsonObject& config) {
  const Json* value = config.find("chat_template");
  if (!value) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  std::optional<std::string> found;
  for (const JsonObject& entry : config.objects("chat_template")) {
    if (entry.get<std::string>("name") == "default") found = entry.get<std::string>("template");
  }
  return found;
}

void read_names(const JsonObject& config, TokenizerConfig& out) {
  auto fill = [&](std::optional<std::string>& name, const char* key) {
    if (!name) name = token_name(config, key);
  };
  fill(out.bos_token, "bos_token");
  fill(out.eos_token, "eos_token");
  fill(out.unk_token, "unk_token");
  fill(out.pad_token, "pad_token");
}

}  // namespace

TokenizerConfig TokenizerConfig::load_folder(const std::string& folder) {
  TokenizerConfig out;
  JsonLimits limits;
  limits.bytes = kMaxFile;
  if (std::string path = folder + "/tokenizer_config.json"; file_exists(path)) {
    JsonObject config = JsonObject::read(path, limits);
    read_names(config, out);
    out.add_bos_token = config.maybe<bool>("add_bos_token");
    out.add_eos_token = config.maybe<bool>("add_eos_token");
    out.chat_template = find_template(config);
  }
  if (std::string path = folder + "/special_tokens_map.json"; file_exists(path)) read_names(JsonObject::read(path, limits), out);
  if (std::string path = folder + "/chat_template.jinja"; file_exists(path)) {
    std::string text = read_file(path, kMaxFile);
    if (!text::utf8_valid(text)) fail(Status::format, path, ": not valid UTF-8");
    out.chat_template = std::move(text);
  }
  return out;
}

}  // namespace mlxc
