#include "backend/vulkan/vulkan_device.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include "backend/vulkan/attention.h"
#include "backend/vulkan/context.h"
#include "backend/vulkan/executable.h"
#include "backend/vulkan/fragments.h"
#include "backend/vulkan/instance.h"
#include "backend/vulkan/lower.h"
#include "backend/vulkan/memory.h"
#include "backend/vulkan/open.h"
#include "backend/vulkan/reduce_glsl.h"
#include "backend/vulkan/transfer.h"
#include "base/log.h"
#include "ops/patterns.h"

namespace mlxc {
namespace vulkan {
namespace {

class VulkanDevice final : public OpenDevice {
 public:
  VulkanDevice(std::string name, std::shared_ptr<Context> context, std::shared_ptr<Allocator> allocator, Device& fallback)
      : OpenDevice(std::move(allocator)),
        name_(std::move(name)),
        live_(std::make_shared<Live>(std::move(context), *this, fallback)),
        caps_(live_->context->caps),
        description_(summary(caps_)) {
    const char* wanted = std::getenv("MLXC_VULKAN_PROFILE");
    if (wanted && std::string_view(wanted) == "1") profile()->time(Timing::kernels);
  }

  std::string name() const override { return name_; }
  std::string description() const override { return description_; }
  int64_t memory_bytes() const override { return caps_.memory_bytes; }

  // The queue is one; streams only keep runs apart.
  std::unique_ptr<Stream> new_stream(int) override { return std::make_unique<Stream>(); }
  Stream& default_stream() override { return stream_; }

  bool accepts_layout(const Primitive& primitive, size_t input, const OperandType& operand) const override {
    return accepts_operand(primitive, input, operand);
  }
  bool joins(const LaunchPlan& first, const LaunchPlan& second) const override {
    return joins_rotation(first, second, caps_) || joins_reduction(first, second);
  }
  bool may_join(const Primitive& first, const Primitive& second) const override {
    switch (second.code()) {
      case OpCode::paged_attention: return first.code() == OpCode::rope_kv_write;
      case OpCode::reduce:
      case OpCode::arg_reduce:
      case OpCode::reductions: return first.code() == OpCode::fused;
      default: return false;
    }
  }
  bool side_by_side() const override { return true; }
  bool claims(const Primitive& primitive, TensorTypes inputs) const override {
    switch (primitive.code()) {
      case OpCode::linalg: return lowers_linalg(primitive);
      case OpCode::convolution:
      case OpCode::convolution_input:
      case OpCode::convolution_weight: return lowers_convolution(primitive, inputs);
      case OpCode::batch_norm:
      case OpCode::batch_norm_gradient: return lowers_batch_norm(inputs[0]);
      case OpCode::attention:
      case OpCode::attention_gradient: return false;
      default: return true;
    }
  }
  std::unique_ptr<Executable> compile(CompilePlan plan) override {
    const auto live = this->live("compile");
    if (live->context->health.lost()) live->context->health.fail_lost("compile");
    return make_executable(live->parts, plan);
  }
  std::span<const Pattern* const> patterns() const override {
    static const Pattern* const all[] = {&patterns::rope_kv_write(),      &patterns::norm_residual(),    &patterns::gated_linear(),
                                         &patterns::linear_residual(),    &patterns::norm_linear(),      &patterns::matmul_bias(),
                                         &patterns::product_activation(), &patterns::product_dropout(),  &patterns::convolution_relu(),
                                         &patterns::batch_norm_relu(),    &patterns::batch_norm_gated(), &patterns::reductions()};
    return all;
  }
  FusionLimits fusion_limits() const override { return {32, 8}; }
  bool runs_source() const override { return true; }
  void compile_source(const LaunchPlan& launch) override {
    const Kernel kernel = custom_kernel(launch);
    try {
      const Pipelines::Result result = live("compile")->parts->pipelines.get({&kernel, 1})[0];
      if (!result.pipeline) fail(Status::unsupported, "kernel ", kernel.module, ": ", result.reason);
    } catch (const Error& error) {
      if (error.status() != Status::internal) throw;
      fail(Status::invalid_argument, error.what());
    }
  }

  double speed() const override {
    return caps_.software ? 1e10 : caps_.coopmat_f16 || caps_.coopmat_bf16 ? 1e14 : 5e10 * caps_.multiprocessors;
  }
  bool reads_host_memory() const override { return false; }
  bool reads_stale_slots() const override { return false; }
  void write(Storage& to, int64_t offset, const void* from, size_t bytes) override {
    live("write")->transfer.write(to, offset, from, bytes);
  }
  void read(const Storage& from, int64_t offset, void* to, size_t bytes) override { live("read")->transfer.read(from, offset, to, bytes); }
  void copy(Storage& to, int64_t to_offset, const Storage& from, int64_t from_offset, size_t bytes) override {
    live("copy")->transfer.copy(to, to_offset, from, from_offset, bytes);
  }
  void clear(Storage& at, int64_t offset, size_t bytes) override { live("clear")->transfer.clear(at, offset, bytes); }

  bool lost() const override {
    std::lock_guard lock(mutex_);
    return !live_ || live_->context->health.lost();
  }
  std::shared_ptr<Context> context() override { return live("context")->context; }
  void retire() override {
    std::shared_ptr<Live> gone;
    {
      std::lock_guard lock(mutex_);
      gone = std::move(live_);
    }
    gone.reset();
    give_up();
    allocator().set_cache_limit(0);
    allocator().release_cache();
  }

 private:
  // What it lets go of when it is lost; programs and storages keep of it what they need.
  struct Live {
    Live(std::shared_ptr<Context> context_of, Device& device, Device& fallback)
        : context(std::move(context_of)),
          transfer(context, device.allocator().shared_from_this()),
          parts(make_program_parts(context, device, fallback)) {
      probe_fragments(*context, parts->pipelines, device.allocator());
      transfer.use_kernels(parts->pipelines);
    }
    const std::shared_ptr<Context> context;
    Transfer transfer;
    const std::shared_ptr<ProgramParts> parts;
  };
  std::shared_ptr<Live> live(const char* function) const {
    std::lock_guard lock(mutex_);
    if (!live_) Health::fail_retired(function);
    return live_;
  }

  const std::string name_;
  mutable std::mutex mutex_;
  std::shared_ptr<Live> live_;
  const Capabilities caps_;
  const std::string description_;
  Stream stream_;
};

// A device is opened once. Arrays, programs and models refer to it without counting, so it stays, even when it is lost: then nothing of the
// driver is left once they are freed, and a new one takes its name.
struct Registry {
  std::mutex mutex;
  std::map<size_t, std::unique_ptr<OpenDevice>> open;
  std::vector<std::unique_ptr<OpenDevice>> retired;
};
Registry& registry() {
  static Registry* registry = new Registry;
  return *registry;
}

bool software_wanted() {
  const char* text = std::getenv("MLXC_VULKAN_SOFTWARE");
  return text && *text && std::string_view(text) != "0";
}

}  // namespace

std::unique_ptr<OpenDevice> open_device(size_t index, Device& fallback, const OpenOptions& options) {
  const std::shared_ptr<const Instance> instance = Instance::process();
  const std::string name = cat("vulkan:", index);
  if (index >= instance->devices().size())
    fail(Status::not_found, "there is no device \"", name, "\"; Vulkan shows ", instance->devices().size(), " here");
  const PhysicalDevice& physical = instance->devices()[index];
  if (!physical.reason.empty())
    fail(Status::unsupported, "device \"", name, "\" (", physical.caps.name, ") is not available: ", physical.reason);
  auto context = std::make_shared<Context>(instance, physical, options.device);
  auto allocator =
      std::make_shared<Allocator>(std::make_unique<VulkanMemorySource>(context, options.budget ? options.budget : driver_budget(context)),
                                  size_t(context->caps.memory_bytes / 4));
  auto device = std::make_unique<VulkanDevice>(name, context, std::move(allocator), fallback);
  log(LogLevel::info, "opened ", name, ": ", device->description());
  return device;
}

}  // namespace vulkan

const VulkanDevices& list_vulkan_devices() {
  static const VulkanDevices list = [] {
    VulkanDevices list;
    try {
      const auto instance = vulkan::Instance::process();
      for (const vulkan::PhysicalDevice& device : instance->devices()) {
        VulkanDeviceInfo info;
        info.name = cat("vulkan:", list.devices.size());
        info.description = device.reason.empty() ? vulkan::summary(device.caps) : device.caps.name;
        info.reason = device.reason;
        info.software = device.caps.software;
        info.automatic = device.reason.empty() && (!device.caps.software || vulkan::software_wanted());
        info.memory_bytes = device.caps.memory_bytes;
        list.devices.push_back(std::move(info));
      }
      if (list.devices.empty()) list.reason = "the Vulkan loader knows no driver with a device; install the driver of the hardware";
    } catch (const std::exception& error) {
      list.reason = error.what();
    }
    return list;
  }();
  return list;
}

int64_t vulkan_memory_left(size_t index) {
  const auto instance = vulkan::Instance::process();
  const vulkan::PhysicalDevice& device = instance->devices().at(index);
  const vulkan::HeapBudget heap =
      vulkan::heap_budget(instance->api(), device.handle, device.memory, device.caps.memory_budget, device.caps.memory_heap);
  return std::max<int64_t>(0, heap.budget - heap.usage);
}

std::vector<Device*> open_vulkan_devices() {
  vulkan::Registry& registry = vulkan::registry();
  std::lock_guard lock(registry.mutex);
  std::vector<Device*> devices;
  for (const auto& [index, device] : registry.open)
    if (device) devices.push_back(device.get());
  for (const auto& device : registry.retired) devices.push_back(device.get());
  return devices;
}

Device& vulkan_device(size_t index, Device& fallback) {
  vulkan::Registry& registry = vulkan::registry();
  std::lock_guard lock(registry.mutex);
  std::unique_ptr<vulkan::OpenDevice>& device = registry.open[index];
  if (device && device->lost()) {
    device->retire();
    registry.retired.push_back(std::move(device));
    device = nullptr;
  }
  if (!device) device = vulkan::open_device(index, fallback, {vulkan::DeviceOptions::from_environment(), {}});
  return *device;
}

}  // namespace mlxc
