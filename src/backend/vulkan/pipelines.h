// Compute pipelines by kernel: each made once, several at a time, remembered on disk.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "backend/vulkan/context.h"
#include "backend/vulkan/disk_cache.h"
#include "backend/vulkan/jit.h"
#include "backend/vulkan/lower.h"

namespace mlxc::vulkan {

struct KernelHash {
  size_t operator()(const Kernel& kernel) const;
};

// Threads: any.
class Pipelines {
 public:
  using Pipeline = std::shared_ptr<const Owned<VkPipeline>>;
  struct Result {
    Pipeline pipeline;   // null: the driver did not make it
    std::string reason;  // then
  };

  Pipelines(std::shared_ptr<Context> context, std::shared_ptr<const DiskCache> disk);
  ~Pipelines();  // saves what is new
  Pipelines(const Pipelines&) = delete;
  Pipelines& operator=(const Pipelines&) = delete;

  // The same for all: 128 bytes of push constants, no descriptors.
  VkPipelineLayout layout() const { return layout_.get(); }
  // In the order of `kernels`; what is missing is made in parallel. Throws Error(internal) for an unknown module or GLSL that does not
  // compile, Error(device_lost); everything else a driver may refuse is a Result without pipeline.
  std::vector<Result> get(std::span<const Kernel> kernels);
  // Writes the caches if anything was made since.
  void save() noexcept;

  int made() const;  // pipelines made so far, from the disk's cache or not
  bool found_on_disk() const { return found_on_disk_; }
  const Jit& jit() const { return jit_; }

 private:
  struct Entry {
    bool done = false;
    Result result;
    std::exception_ptr error;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  void find_or_make(std::span<const Kernel> kernels, std::vector<EntryPtr>& wanted);
  void make(const Kernel& kernel, Entry& entry);
  Pipeline create(const Kernel& kernel);
  void open_cache();
  std::string identity() const;
  void save_if_costly(double seconds);
  void drop_unused();

  const std::shared_ptr<Context> context_;
  const std::shared_ptr<const DiskCache> disk_;
  Jit jit_;
  Owned<VkPipelineLayout> layout_;
  Owned<VkPipelineCache> cache_;
  bool found_on_disk_ = false;

  mutable std::mutex mutex_;
  std::condition_variable finished_;
  std::unordered_map<Kernel, EntryPtr, KernelHash> entries_;
  int made_ = 0, saved_ = 0;
  double unsaved_seconds_ = 0;  // spent on making what is not saved yet
};

// Whether a VkPipelineCache's data was made by this very driver: Vulkan leaves the check to us.
bool is_cache_of(std::span<const std::byte> data, uint32_t vendor, uint32_t device, const uint8_t* uuid);

}  // namespace mlxc::vulkan
