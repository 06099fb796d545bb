// What Engine::create puts together, for those who bring a runner of their own.
#pragma once

#include <memory>

#include "llm/engine.h"
#include "llm/scheduler.h"

namespace mlxc {

// page_bytes: of a page over all layers. memory_bytes: of the device, 0 = unknown.
SchedulerLimits limits_for(const ModelInfo& model, int64_t page_bytes, int64_t memory_bytes, const EngineOptions& options,
                           double speed = 5e10);

std::shared_ptr<Engine> make_engine(std::shared_ptr<Model> model, std::shared_ptr<const Tokenizer> tokenizer,
                                    std::unique_ptr<Runner> runner, const SchedulerLimits& limits);

}  // namespace mlxc
