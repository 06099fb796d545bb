// Work in order: submitting command buffers, and waiting for them without ever hanging.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "backend/vulkan/api.h"

namespace mlxc::vulkan {

// The compute queue of a device. Each submission has a number, which the timeline semaphore reaches when it is done.
// Threads: any. A command buffer starts with barrier_before and ends with barrier_after, so that submissions see each other's writes.
class Queue {
 public:
  using Clock = std::chrono::steady_clock;

  // software: the device computes with the host's cores, so waiting must not take one of them.
  Queue(const DeviceApi& api, Health& health, VkDevice device, uint32_t family, bool software);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  uint32_t family() const { return family_; }
  // The submission's number. The command buffers must stay until it is done.
  uint64_t submit(std::span<const VkCommandBuffer> commands);
  // Whether it is done. False: cancel was set first, or the deadline has passed; the work goes on then, and so must live what it uses.
  // A submission that takes longer than any does (two minutes; an hour in software) counts as a lost device.
  bool wait(uint64_t submission, const std::atomic<bool>* cancel = nullptr, std::optional<Clock::time_point> deadline = {});
  bool done(uint64_t submission);
  // For ways out: waits for all submissions, whatever has failed, as long as that can end. Nothing of theirs is in use afterwards,
  // or the device's memory is given up (Health::abandoned).
  void settle() noexcept;

 private:
  uint64_t value();

  const DeviceApi& api_;
  Health& health_;
  const VkDevice device_;
  const uint32_t family_;
  const bool software_;
  VkQueue queue_ = VK_NULL_HANDLE;
  VkSemaphore timeline_ = VK_NULL_HANDLE;
  std::mutex mutex_;  // of the VkQueue and of submitted_
  uint64_t submitted_ = 0;
  std::atomic<uint64_t> reached_{0};  // at least this far
  std::atomic<bool> quick_{false};    // whether the last wait was short enough to spin through the next
};

// Everything submitted before is seen by what follows: compute, transfers and host writes.
void barrier_before(const DeviceApi& api, VkCommandBuffer commands);
// What the commands wrote is seen by the host, once the submission is done.
void barrier_after(const DeviceApi& api, VkCommandBuffer commands);

}  // namespace mlxc::vulkan
