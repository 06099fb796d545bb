// From a planned program to recorded commands: what VulkanDevice::compile calls.
#pragma once

#include <memory>

#include "backend/backend.h"

namespace mlxc::vulkan {

class Context;
struct ProgramParts;  // what the programs of one device share: pipelines, profile, rates

// One per device, made with it; programs keep it, and with it the context, alive.
// `device` reads and writes storages for launches that run on `fallback`; both outlive every program.
std::shared_ptr<ProgramParts> make_program_parts(std::shared_ptr<Context> context, Device& device, Device& fallback);

// Lowers every launch, makes the pipelines in parallel. A launch without a kernel here runs on the fallback device.
// Throws Error(unsupported) when neither has one.
std::unique_ptr<Executable> make_executable(std::shared_ptr<ProgramParts> parts, CompilePlan plan);

}  // namespace mlxc::vulkan
