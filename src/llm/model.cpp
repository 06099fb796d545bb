#include "llm/model.h"

#include <algorithm>

#include "base/log.h"
#include "llm/config.h"
#include "llm/families/families.h"

namespace mlxc {
namespace {

std::shared_ptr<Model> make(const ModelConfig& config, Weights& weights) {
  switch (config.family) {
    case Family::qwen3:
      return make_qwen3(config, weights);
    case Family::qwen2:
      return make_qwen2(config, weights);
    case Family::llama:
      return make_llama(config, weights);
    case Family::mistral:
      return make_mistral(config, weights);
    case Family::gemma3:
      return make_gemma3(config, weights);
    case Family::bert:
      return make_bert(config, weights);
  }
  fail(Status::internal, "model family ", int(config.family), " has no constructor");
}

}  // namespace

std::shared_ptr<Model> Model::load(Device& device, const std::string& folder, const LoadOptions& options) {
  if (options.context < 0) fail(Status::invalid_argument, "context is ", options.context, ", expected 0 (the model's own) or more");
  FolderConfig config = FolderConfig::read(folder);
  Weights weights(device, folder, options.copy_weights ? LoadMode::copied : LoadMode::mapped, options.precision, options.progress);
  std::shared_ptr<Model> model = make(config.model, weights);
  weights.finish();

  ModelInfo& info = model->info_;
  info = std::move(config.info);
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
