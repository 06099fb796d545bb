// The seam: what the graph needs of a device. Implemented by cpu/ and null/ (and Vulkan later); graph/ sees nothing else of them.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "array/storage.h"
#include "graph/primitive.h"

namespace mlxc {

// A concrete operand of a launch: types and strides are known when a program is planned, the address when it runs.
struct OperandType {
  TensorType type;
  Strides strides;  // elements
  bool operator==(const OperandType&) const = default;
};

// One node as the backend sees it.
struct LaunchPlan {
  PrimitivePtr primitive;
  std::vector<OperandType> inputs, outputs;
};

// A compiled launch. Addresses arrive in the order inputs, outputs; each already includes the operand's offset.
class Launch {
 public:
  virtual ~Launch() = default;
  virtual void run(std::span<std::byte* const> operands) = 0;
};

class Device {
 public:
  explicit Device(std::shared_ptr<Allocator> allocator) : allocator_(std::move(allocator)) {}
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  virtual std::string name() const = 0;         // "cpu", "vulkan:0"
  virtual std::string description() const = 0;  // the hardware's own name and the kernels chosen
  virtual int64_t memory_bytes() const = 0;     // what the device has in all
  virtual int threads() const { return 1; }

  // Compiles one node; throws Error(unsupported) naming op and dtype when there is no kernel.
  virtual std::unique_ptr<Launch> lower(const LaunchPlan& plan) = 0;
  // How many elementwise steps and inputs one fused launch may hold; 0 steps turns fusion off.
  struct FusionLimits {
    int steps = 0;
    int inputs = 0;
  };
  virtual FusionLimits fusion_limits() const { return {}; }

  Allocator& allocator() const { return *allocator_; }
  std::mutex& eval_lock() { return eval_lock_; }  // one lazy evaluation at a time

 private:
  std::shared_ptr<Allocator> allocator_;
  std::mutex eval_lock_;
};

}  // namespace mlxc
