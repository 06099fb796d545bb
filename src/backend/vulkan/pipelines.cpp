#include "backend/vulkan/pipelines.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "backend/vulkan/instance.h"
#include "backend/vulkan/module_needs.h"
#include "backend/vulkan/modules.h"
#include "backend/vulkan/program.h"
#include "base/log.h"
#include "base/thread_pool.h"

namespace mlxc::vulkan {
namespace {

constexpr size_t kMostOnDisk = size_t{256} << 20;
constexpr size_t kMostPipelines = 4096;  // what programs use stays beyond that
constexpr int kMostThreads = 16;
constexpr double kWorthSaving = 0.1;  // seconds of making pipelines

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string hex(std::span<const uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (uint8_t byte : bytes) text += {kDigits[byte >> 4], kDigits[byte & 15]};
  return text;
}

}  // namespace

size_t KernelHash::operator()(const Kernel& kernel) const {
  size_t seed = std::hash<std::string>{}(kernel.module);
  for (uint32_t constant : kernel.constants) hash_combine(seed, constant);
  hash_combine(seed, kernel.subgroup);
  hash_combine(seed, std::hash<std::string>{}(kernel.source));
  return seed;
}

bool is_cache_of(std::span<const std::byte> data, uint32_t vendor, uint32_t device, const uint8_t* uuid) {
  VkPipelineCacheHeaderVersionOne header;
  if (data.size() < sizeof header) return false;
  std::memcpy(&header, data.data(), sizeof header);
  return header.headerSize >= sizeof header && header.headerSize <= data.size() &&
         header.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE && header.vendorID == vendor && header.deviceID == device &&
         std::memcmp(header.pipelineCacheUUID, uuid, VK_UUID_SIZE) == 0;
}

Pipelines::Pipelines(std::shared_ptr<Context> context, std::shared_ptr<const DiskCache> disk)
    : context_(std::move(context)), disk_(std::move(disk)), jit_(disk_) {
  const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, uint32_t(kPushBytes)};
  VkPipelineLayoutCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
  info.pushConstantRangeCount = 1;
  info.pPushConstantRanges = &range;
  VkPipelineLayout layout = VK_NULL_HANDLE;
  context_->api.vkCreatePipelineLayout(context_->device, &info, nullptr, &layout);
  layout_ = {*context_, context_->api.vkDestroyPipelineLayout, layout};
  open_cache();
}

Pipelines::~Pipelines() { save(); }

// Everything that decides whether a driver's data is still right.
std::string Pipelines::identity() const {
  const Capabilities& caps = context_->caps;
  return cat("pipelines 1, ", caps.name, ", ", caps.driver, ", vendor ", caps.vendor, ", device ", caps.device, ", driver version ",
             caps.driver_version, ", api ", caps.api_version, ", driver ", hex(caps.driver_uuid), ", device ", hex(caps.device_uuid),
             ", kernels ", modules_checksum());
}

void Pipelines::open_cache() {
  std::vector<std::byte> data;
  if (disk_) data = disk_->load("pipelines", identity(), kMostOnDisk);
  const VkPhysicalDeviceProperties properties = properties_of(context_->instance_api, context_->physical);
  if (!data.empty() && !is_cache_of(data, properties.vendorID, properties.deviceID, properties.pipelineCacheUUID)) {
    log(LogLevel::warning, "the cache of pipelines of ", context_->caps.name, " is ignored: another driver made it");
    data.clear();
  }
  found_on_disk_ = !data.empty();
  VkPipelineCacheCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
  info.initialDataSize = data.size();
  info.pInitialData = data.data();
  VkPipelineCache cache = VK_NULL_HANDLE;
  context_->api.vkCreatePipelineCache(context_->device, &info, nullptr, &cache);
  cache_ = {*context_, context_->api.vkDestroyPipelineCache, cache};
}

// wanted: receives their entries. Those that nobody has asked for are made by this call, those that others are making may not be done.
void Pipelines::find_or_make(std::span<const Kernel> kernels, std::vector<EntryPtr>& wanted) {
  std::vector<size_t> missing;  // that this call makes
  wanted.reserve(kernels.size());
  missing.reserve(kernels.size());
  // Others wait for what this call has promised to make: it is done in the end, whatever fails.
  struct Promise {
    ~Promise() {
      std::lock_guard lock(pipelines.mutex_);
      for (size_t i : missing)
        if (!std::exchange(wanted[i]->done, true)) wanted[i]->result.reason = "it was not made";
      pipelines.finished_.notify_all();
    }
    Pipelines& pipelines;
    const std::vector<EntryPtr>& wanted;
    const std::vector<size_t>& missing;
  } const promise{*this, wanted, missing};
  {
    std::lock_guard lock(mutex_);
    if (entries_.size() > kMostPipelines) drop_unused();
    for (size_t i = 0; i < kernels.size(); ++i) {
      const auto [entry, added] = entries_.try_emplace(kernels[i], std::make_shared<Entry>());
      if (added) missing.push_back(i);
      wanted.push_back(entry->second);
    }
  }
  const auto start = std::chrono::steady_clock::now();
  auto make_range = [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) make(kernels[missing[size_t(i)]], *wanted[missing[size_t(i)]]);
  };
  const int threads = std::min({int(missing.size()), available_cores(), kMostThreads});
  std::optional<ThreadPool> pool;
  try {
    if (threads > 1) pool.emplace(threads);
  } catch (const Error& error) {  // then this one makes them all
    log(LogLevel::warning, "kernels are made one after another: ", error.what());
  }
  if (pool)
    pool->parallel_for(int64_t(missing.size()), 1, make_range);
  else
    make_range(0, int64_t(missing.size()), 0);
  if (!missing.empty()) save_if_costly(seconds_since(start));
}

std::vector<Pipelines::Result> Pipelines::get(std::span<const Kernel> kernels) {
  std::vector<EntryPtr> wanted;
  find_or_make(kernels, wanted);
  std::vector<Result> results;
  std::unique_lock lock(mutex_);
  for (size_t i = 0; i < wanted.size(); ++i) {
    finished_.wait(lock, [&] { return wanted[i]->done; });
    if (!wanted[i]->result.pipeline) {  // the next one to ask tries again
      if (auto found = entries_.find(kernels[i]); found != entries_.end() && found->second == wanted[i]) entries_.erase(found);
    }
  }
  for (const EntryPtr& entry : wanted) {
    if (entry->error) std::rethrow_exception(entry->error);
    results.push_back(entry->result);
  }
  return results;
}

void Pipelines::make(const Kernel& kernel, Entry& entry) {
  Result result;
  std::exception_ptr error;
  try {
    result.pipeline = create(kernel);
  } catch (const Error& failure) {
    // A kernel that is wrong, or a lost device, is everybody's affair; what else a driver refuses can run elsewhere.
    const bool refused = failure.status() == Status::unsupported || failure.status() == Status::out_of_memory || failure.native() != 0;
    if (!refused || failure.status() == Status::device_lost) error = std::current_exception();
    result.reason = failure.what();
  } catch (...) {
    error = std::current_exception();
  }
  std::lock_guard lock(mutex_);
  made_ += result.pipeline != nullptr;
  entry.result = std::move(result);
  entry.error = error;
  entry.done = true;
  finished_.notify_all();
}

Pipelines::Pipeline Pipelines::create(const Kernel& kernel) {
  Jit::Words compiled;
  std::span<const uint32_t> words;
  if (!kernel.source.empty()) {
    compiled = jit_.get(kernel.module, kernel.source);
    words = *compiled;
  } else if (const Module* module = find_module(kernel.module)) {
    words = module->words;
  } else {
    fail(Status::internal, "there is no kernel module ", kernel.module);
  }
  const Context& context = *context_;
  if (const std::string lacking = what_it_lacks(context.caps, needs_of(words, kernel.constants)); !lacking.empty())
    fail(Status::unsupported, "kernel ", kernel.module, " needs ", lacking, " (", context.caps.name, ")");

  VkShaderModuleCreateInfo module_info{};
  module_info.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
  module_info.codeSize = words.size_bytes();
  module_info.pCode = words.data();
  VkShaderModule shader = VK_NULL_HANDLE;
  context.api.vkCreateShaderModule(context.device, &module_info, nullptr, &shader);
  const Owned<VkShaderModule> module(context, context.api.vkDestroyShaderModule, shader);

  std::vector<VkSpecializationMapEntry> entries;
  for (uint32_t i = 0; i < kernel.constants.size(); ++i) entries.push_back({i, i * 4, 4});
  const VkSpecializationInfo constants{uint32_t(entries.size()), entries.data(), kernel.constants.size() * 4, kernel.constants.data()};
  VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup{};
  subgroup.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO;
  subgroup.requiredSubgroupSize = kernel.subgroup ? kernel.subgroup : context.subgroup;
  VkComputePipelineCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
  info.layout = layout();
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.module = shader;
  info.stage.pName = "main";
  info.stage.pSpecializationInfo = &constants;
  if (subgroup.requiredSubgroupSize && context.caps.subgroup_control) {
    if (subgroup.requiredSubgroupSize < context.caps.min_subgroup || subgroup.requiredSubgroupSize > context.caps.max_subgroup)
      fail(Status::unsupported, "kernel ", kernel.module, " needs subgroups of ", subgroup.requiredSubgroupSize, ", which ",
           context.caps.name, " lacks");
    info.stage.pNext = &subgroup;
    if (kernel.subgroup) info.stage.flags |= VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
  } else if (kernel.subgroup && kernel.subgroup != context.caps.subgroup_size) {
    fail(Status::unsupported, "kernel ", kernel.module, " needs subgroups of ", kernel.subgroup, ", those of ", context.caps.name, " have ",
         context.caps.subgroup_size);
  }
  VkPipeline pipeline = VK_NULL_HANDLE;
  context.api.vkCreateComputePipelines(context.device, cache_.get(), 1, &info, nullptr, &pipeline);
  context.label(VK_OBJECT_TYPE_PIPELINE, reinterpret_cast<uint64_t>(pipeline), kernel.module.c_str());
  return std::make_shared<const Owned<VkPipeline>>(context, context.api.vkDestroyPipeline, pipeline);
}

void Pipelines::drop_unused() {
  std::erase_if(entries_, [](const auto& item) {
    return item.second.use_count() == 1 && item.second->done && item.second->result.pipeline.use_count() == 1;
  });
}

void Pipelines::save_if_costly(double seconds) {
  {
    std::lock_guard lock(mutex_);
    unsaved_seconds_ += seconds;
    if (unsaved_seconds_ < kWorthSaving) return;
  }
  save();
}

void Pipelines::save() noexcept {
  if (!disk_ || context_->health.lost()) return;
  {
    std::lock_guard lock(mutex_);
    if (saved_ == made_) return;
    saved_ = made_;
    unsaved_seconds_ = 0;
  }
  jit_.save();
  try {
    size_t bytes = 0;
    if (context_->api.vkGetPipelineCacheData.attempt(context_->device, cache_.get(), &bytes, nullptr) != Status::ok || bytes > kMostOnDisk)
      return;
    std::vector<std::byte> data(bytes);
    if (context_->api.vkGetPipelineCacheData.attempt(context_->device, cache_.get(), &bytes, data.data()) != Status::ok) return;
    data.resize(bytes);  // VK_INCOMPLETE leaves a valid part
    disk_->store("pipelines", identity(), data);
  } catch (...) {  // no memory: not kept
  }
}

int Pipelines::made() const {
  std::lock_guard lock(mutex_);
  return made_;
}

}  // namespace mlxc::vulkan
