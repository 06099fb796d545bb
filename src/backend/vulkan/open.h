// Opening a device with options of its own, beside those of the process: for tests.
#pragma once

#include <memory>

#include "backend/backend.h"
#include "backend/vulkan/context.h"
#include "backend/vulkan/memory.h"
#include "backend/vulkan/profile.h"

namespace mlxc::vulkan {

class OpenDevice : public Device {
 public:
  using Device::Device;
  bool lost() const override = 0;
  virtual std::shared_ptr<Context> context() = 0;
  // Gives back what a lost device holds. What others have of it keeps the driver's device until they are freed.
  virtual void retire() = 0;
};

struct OpenOptions {
  DeviceOptions device;
  BudgetQuestion budget;  // empty: the driver's
};

// Programs in the cache refer to their device: keep it as long as the process.
std::unique_ptr<OpenDevice> open_device(size_t index, Device& fallback, const OpenOptions& options);

}  // namespace mlxc::vulkan
