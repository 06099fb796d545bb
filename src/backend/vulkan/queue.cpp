#include "backend/vulkan/queue.h"

#include <thread>

#include "base/log.h"

namespace mlxc::vulkan {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Waking from vkWaitSemaphores costs three times what polling does (45 against 14 us on an H200), so short waits are spun through.
constexpr auto kSpin = milliseconds(1), kQuick = milliseconds(10);
constexpr auto kSlice = milliseconds(2);  // between two looks at the caller's wish to stop
constexpr auto kNeverEnds = seconds(120), kNeverEndsInSoftware = seconds(3600);

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

uint64_t nanoseconds_of(Queue::Clock::duration time) { return uint64_t(std::chrono::nanoseconds(time).count()); }

}  // namespace

Queue::Queue(const DeviceApi& api, Health& health, VkDevice device, uint32_t family, bool software)
    : api_(api), health_(health), device_(device), family_(family), software_(software) {
  api_.vkGetDeviceQueue(device_, family_, 0, &queue_);
  VkSemaphoreTypeCreateInfo type{};
  type.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO;
  type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
  VkSemaphoreCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO;
  info.pNext = &type;
  api_.vkCreateSemaphore(device_, &info, nullptr, &timeline_);
}

Queue::~Queue() {
  settle();
  if (!health_.abandoned()) api_.vkDestroySemaphore(device_, timeline_, nullptr);
}

uint64_t Queue::submit(std::span<const VkCommandBuffer> commands) {
  std::lock_guard lock(mutex_);
  const uint64_t next = submitted_ + 1;
  VkTimelineSemaphoreSubmitInfo values{};
  values.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO;
  values.signalSemaphoreValueCount = 1;
  values.pSignalSemaphoreValues = &next;
  VkSubmitInfo info{};
  info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  info.pNext = &values;
  info.commandBufferCount = uint32_t(commands.size());
  info.pCommandBuffers = commands.data();
  info.signalSemaphoreCount = 1;
  info.pSignalSemaphores = &timeline_;
  api_.vkQueueSubmit(queue_, 1, &info, VK_NULL_HANDLE);
  submitted_ = next;
  return next;
}

uint64_t Queue::value() {
  uint64_t value = 0;
  api_.vkGetSemaphoreCounterValue(device_, timeline_, &value);
  uint64_t known = reached_.load(std::memory_order_relaxed);
  while (known < value && !reached_.compare_exchange_weak(known, value, std::memory_order_release)) {
  }
  return value;
}

bool Queue::done(uint64_t submission) { return reached_.load(std::memory_order_acquire) >= submission || value() >= submission; }

bool Queue::wait(uint64_t submission, const std::atomic<bool>* cancel, std::optional<Clock::time_point> deadline) {
  const auto start = Clock::now();
  const auto spin = software_                                ? Clock::duration(0)
                    : quick_.load(std::memory_order_relaxed) ? Clock::duration(kQuick)
                                                             : Clock::duration(kSpin);
  for (int polls = 0;; ++polls) {
    if (done(submission)) {
      quick_.store(Clock::now() - start < kQuick, std::memory_order_relaxed);
      return true;
    }
    if (cancel && cancel->load(std::memory_order_relaxed)) return false;
    const auto now = Clock::now();
    if (deadline && now >= *deadline) return false;
    if (now - start < spin) {
      pause();
      continue;
    }
    if (now - start > (software_ ? kNeverEndsInSoftware : kNeverEnds)) {
      health_.abandon("a submission did not finish");
      health_.fail_lost("vkWaitSemaphores");
    }
    auto slice = Clock::duration(kSlice);
    if (deadline) slice = std::min(slice, *deadline - now);
    VkSemaphoreWaitInfo info{};
    info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO;
    info.semaphoreCount = 1;
    info.pSemaphores = &timeline_;
    info.pValues = &submission;
    api_.vkWaitSemaphores(device_, &info, nanoseconds_of(slice));
  }
}

void Queue::settle() noexcept {
  uint64_t last;
  {
    std::lock_guard lock(mutex_);
    last = submitted_;
  }
  if (!timeline_ || health_.abandoned()) return;
  // Past the latch: a call may have failed although the device still works, and a device that is really lost says so at once.
  const auto start = Clock::now();
  for (;;) {
    uint64_t value = 0;
    if (!api_.vkGetSemaphoreCounterValue.unchecked(device_, timeline_, &value) || value >= last) return;
    if (Clock::now() - start > (software_ ? kNeverEndsInSoftware : kNeverEnds)) return health_.abandon("submissions did not finish");
    std::this_thread::sleep_for(microseconds(200));
  }
}

void barrier_before(const DeviceApi& api, VkCommandBuffer commands) {
  VkMemoryBarrier barrier{};
  barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
  barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask =
      VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  constexpr VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  api.vkCmdPipelineBarrier(commands, stages, stages, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void barrier_after(const DeviceApi& api, VkCommandBuffer commands) {
  VkMemoryBarrier barrier{};
  barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
  barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
  api.vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0,
                           1, &barrier, 0, nullptr, 0, nullptr);
}

}  // namespace mlxc::vulkan
