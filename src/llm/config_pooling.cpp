// How a sentence-transformers folder turns token vectors into one: modules.json and the files that it names.
#include <algorithm>

#include "base/file.h"
#include "base/quote.h"
#include "llm/config.h"

namespace mlxc {
namespace {

constexpr std::string_view kSupported = "supported are cls, mean and lasttoken";

struct PoolingKey {
  const char* key;        // older files: a flag for each mode
  std::string_view mode;  // newer files: one name
};
constexpr PoolingKey kKeys[] = {
    {"pooling_mode_cls_token", "cls"},
    {"pooling_mode_mean_tokens", "mean"},
    {"pooling_mode_lasttoken", "lasttoken"},
    {"pooling_mode_max_tokens", "max"},
    {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
    {"pooling_mode_weightedmean_tokens", "weightedmean"},
};

Pooling read_pooling(const JsonObject& file) {
  std::vector<std::string> modes;
  if (file.has("pooling_mode")) {
    modes.push_back(file.get<std::string>("pooling_mode"));
  } else {
    for (const PoolingKey& flag : kKeys) {
      if (file.get<bool>(flag.key, false)) modes.emplace_back(flag.mode);
    }
  }
  if (modes.empty()) return Pooling::mean;
  if (modes.size() > 1) {
    fail(Status::unsupported, file.where(), ": several pooling modes at once (", modes[0], ", ", modes[1], ") are not supported; ",
         kSupported, ", one of them");
  }
  if (modes[0] == "mean") return Pooling::mean;
  if (modes[0] == "cls") return Pooling::cls;
  if (modes[0] == "lasttoken") return Pooling::last;
  fail(Status::unsupported, file.where(), ": pooling mode ", quote(modes[0]), " is not supported; ", kSupported);
}

// A module's folder is a plain name, so that modules.json cannot point out of the model's folder.
std::string module_folder(const JsonObject& module, const std::string& folder) {
  const std::string path = module.get<std::string>("path", "");
  if (path.empty()) return folder;
  if (path == "." || path == ".." || path.find_first_of(std::string_view("/\\\0", 3)) != path.npos) {
    fail(Status::format, module.where(), ": path ", quote(path), " is not the name of a folder beside modules.json");
  }
  return folder + "/" + path;
}

}  // namespace

void read_embedding_config(const std::string& folder, ModelInfo& info) {
  constexpr JsonLimits kLimits{.bytes = int64_t(1) << 20};
  if (const std::string path = folder + "/sentence_bert_config.json"; file_exists(path)) {
    const auto most = JsonObject::read(path, kLimits).maybe<int64_t>("max_seq_length");
    if (most && *most < 1) fail(Status::format, "sentence_bert_config.json: max_seq_length is ", *most, ", expected at least 1");
    if (most) info.max_embedding_tokens = std::min(*most, info.context);
  }
  if (!file_exists(folder + "/modules.json")) {
    if (const std::string path = folder + "/1_Pooling/config.json"; file_exists(path))
      info.pooling = read_pooling(JsonObject::read(path, kLimits));
    return;
  }
  Json list = Json::object();
  list["modules"] = read_json(folder + "/modules.json", kLimits);
  for (const JsonObject& module : JsonObject(std::move(list), "modules.json").objects("modules")) {
    const std::string type = module.get<std::string>("type");
    const std::string name = type.substr(type.rfind('.') + 1);  // "sentence_transformers.models.Pooling"
    const std::string where = module_folder(module, folder);
    if (name == "Pooling") {
      info.pooling = read_pooling(JsonObject::read(where + "/config.json", kLimits));
    } else if (name == "Normalize") {
      info.normalize_embeddings = true;
    } else if (name != "Transformer") {
      fail(Status::unsupported, module.where(), ": module type ", quote(type),
           " is not supported; supported are Transformer, Pooling, Normalize");
    }
  }
}

}  // namespace mlxc
