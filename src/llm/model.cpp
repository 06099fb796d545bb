#include "llm/model.h"

#include <algorithm>

#include "base/log.h"
#include "llm/config.h"
#include "llm/families/families.h"
#include "nn/lora.h"
#include "nn/weights.h"

namespace mlxc {
namespace {

using Make = std::shared_ptr<Model> (*)(const ModelConfig&, const Scope&);

Make maker_of(Family family) {
  switch (family) {
    case Family::qwen3: return make_qwen3;
    case Family::qwen2: return make_qwen2;
    case Family::llama: return make_llama;
    case Family::mistral: return make_mistral;
    case Family::gemma3: return make_gemma3;
    case Family::bert: return make_bert;
  }
  fail(Status::internal, "model family ", int(family), " has no constructor");
}

}  // namespace

std::shared_ptr<Model> build_model(const ModelConfig& config, const Scope& at) { return maker_of(config.family)(config, at); }

Array Model::logits(const Array&) const { fail(Status::unsupported, "model family ", info_.family, " has no logits to train"); }

std::shared_ptr<Model> Model::load(Device& device, const std::string& folder, const LoadOptions& options) {
  if (options.context < 0) fail(Status::invalid_argument, "context is ", options.context, ", expected 0 (the model's own) or more");
  FolderConfig config = FolderConfig::read(folder);
  Weights weights(device, folder, options.copy_weights ? LoadMode::copied : LoadMode::mapped, options.precision, options.progress);
  std::shared_ptr<Model> model;
  if (options.adapter.empty()) {
    model = build_model(config.model, Scope(weights, ""));
  } else {
    nn::Adapter adapter = nn::Adapter::load(device, options.adapter);
    adapter.fit(weights, kBodies);
    nn::AdaptedSource adapted(weights, adapter);
    model = build_model(config.model, Scope(adapted, ""));
  }
  weights.finish();

  ModelInfo& info = model->info_;
  info = std::move(config.info);
  info.adapter = options.adapter;
  if (options.context > 0) info.context = std::min(info.context, options.context);
  const WeightTotals totals = weights.totals();
  info.parameters = totals.parameters, info.weight_bytes = totals.bytes, info.weight_dtype = totals.dtype;
  model->device_ = &device;
  model->precision_ = options.precision;
  model->weights_ = weights.store();
  log(LogLevel::info, "loaded ", info.family, " from ", folder, ": ", info.parameters, " parameters, ", info.weight_bytes, " bytes");
  return model;
}

}  // namespace mlxc
