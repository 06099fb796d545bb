// From a planned program to recorded commands: what VulkanDevice::compile calls.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "backend/backend.h"
#include "backend/vulkan/context.h"
#include "backend/vulkan/host_step.h"
#include "backend/vulkan/pipelines.h"
#include "backend/vulkan/profile.h"

namespace mlxc::vulkan {

// What the programs of one device share. Threads: any.
class ProgramParts {
 public:
  ProgramParts(std::shared_ptr<Context> context, Device& device, Device& fallback);

  const std::shared_ptr<Context> context;
  Device& device;
  Device& fallback;
  Pipelines pipelines;
  Profile& profile;  // the device's

  // Log lines that are worth saying once.
  void log_once(const std::string& message);
  // Submissions take so many times what Rates says; learnt from those that are long enough to tell.
  double slowness() const { return slowness_.load(std::memory_order_relaxed); }
  void learn(double slowness);
  // One at a time: they share the fallback's stream.
  void run_on_host(const HostStep& step, std::span<const Binding> buffers, const std::atomic<bool>* cancel);

 private:
  std::atomic<double> slowness_{1};
  std::atomic<bool> learnt_{false};
  std::mutex host_mutex_;
  std::unique_ptr<Stream> host_stream_;
  std::mutex mutex_;
  std::set<std::string> logged_;
};

// One per device, made with it; programs keep it, and with it the context, alive.
// `device` reads and writes storages for launches that run on `fallback`; both outlive every program.
std::shared_ptr<ProgramParts> make_program_parts(std::shared_ptr<Context> context, Device& device, Device& fallback);

// Lowers every launch, makes the pipelines in parallel. A launch without a kernel here runs on the fallback device, which the log, the
// profile and program_counters() show; with MLXC_VULKAN_FALLBACK=0 it is an error. Throws Error(unsupported) when neither has a kernel.
std::unique_ptr<Executable> make_executable(std::shared_ptr<ProgramParts> parts, const CompilePlan& plan);

}  // namespace mlxc::vulkan
