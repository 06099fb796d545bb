// One launch at a time on the Vulkan device of this machine, with memory around it that must stay as it is.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/open.h"
#include "backend/vulkan/program.h"
#include "backend/vulkan/vulkan_device.h"

namespace mlxc::vulkan {

class TestDevice {
 public:
  // The first device that is available, hardware before software; null where there is none. `disable`: features to do without.
  static std::unique_ptr<TestDevice> open(const std::string& disable = "") {
    DeviceOptions options = DeviceOptions::from_environment();
    options.disable += (options.disable.empty() || disable.empty() ? "" : ",") + disable;
    const VulkanDevices& list = list_vulkan_devices();
    for (bool software : {false, true})
      for (size_t i = 0; i < list.devices.size(); ++i)
        if (list.devices[i].reason.empty() && list.devices[i].software == software)
          return std::unique_ptr<TestDevice>(new TestDevice(open_device(i, cpu_device(), {options, {}})));
    return nullptr;
  }

  Device& device() { return *device_; }
  const Capabilities& caps() { return device_->context()->caps; }

  // data: of every operand, inputs then outputs; outputs come back in it. Gives what went wrong: no kernel, elements not written, bytes
  // written past the end.
  // keeps: outputs begin as `data` has them, for what updates them.
  std::vector<std::string> run(const LaunchPlan& plan, std::vector<std::vector<std::byte>>& data, bool keeps = false) {
    constexpr size_t kGuard = 512;
    const std::byte poison{0xff};  // a NaN in every float type
    const LoweredProgram lowered = lower_program({plan}, caps(), {});
    // With features switched off by the environment, what has no kernel any more shows that it runs on the CPU instead.
    if (!lowered.reasons[0].empty() && !std::getenv("MLXC_VULKAN_DISABLE")) return {"no kernel: " + lowered.reasons[0]};
    const auto executable = device_->compile({{plan}, std::vector<bool>(plan.places.size(), false)});
    std::vector<StoragePtr> storages;
    std::vector<Binding> bindings;
    for (size_t i = 0; i < data.size(); ++i) {
      std::vector<std::byte> bytes = keeps || i < plan.inputs.size() ? data[i] : std::vector<std::byte>(data[i].size(), poison);
      bytes.resize(bytes.size() + kGuard, poison);
      storages.push_back(device_->allocator().allocate(bytes.size()));
      device_->write(*storages.back(), 0, bytes.data(), bytes.size());
      bindings.push_back({storages.back().get(), 0});
    }
    if (const size_t bytes = executable->scratch_bytes()) {
      const std::vector<std::byte> garbage(bytes, poison);
      storages.push_back(device_->allocator().allocate(bytes));
      device_->write(*storages.back(), 0, garbage.data(), bytes);
      bindings.push_back({storages.back().get(), 0});
    }
    executable->run(device_->default_stream(), bindings, nullptr);
    std::vector<std::string> trouble;
    for (size_t i = 0; i < data.size(); ++i) {
      std::vector<std::byte> bytes(data[i].size() + kGuard);
      device_->read(*storages[i], 0, bytes.data(), bytes.size());
      if (std::any_of(bytes.begin() + long(data[i].size()), bytes.end(), [&](std::byte b) { return b != poison; }))
        trouble.push_back(cat("operand ", i, " was written past its end"));
      bytes.resize(data[i].size());
      if (i >= plan.inputs.size())
        data[i] = std::move(bytes);
      else if (bytes != data[i])
        trouble.push_back(cat("input ", i, " was changed"));
    }
    return trouble;
  }

 private:
  explicit TestDevice(std::unique_ptr<OpenDevice> device) : device_(std::move(device)) {}
  std::unique_ptr<OpenDevice> device_;
};

}  // namespace mlxc::vulkan
