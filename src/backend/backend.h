// The seam: what the graph needs of a device. Implemented by cpu/ and null/; graph/ sees nothing else of them.
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

// A concrete operand of a launch: types and strides are known when a program is planned, the buffer when it runs.
struct OperandType {
  TensorType type;
  Strides strides;  // elements
};
struct OperandPlace {
  int buffer;            // index into the buffers bound at run time
  int64_t offset_bytes;  // from the start of the binding
};

// One operation with everything but addresses. Updated outputs lie where their inputs lie, or where those were copied to.
struct LaunchPlan {
  PrimitivePtr primitive;
  std::vector<OperandType> inputs, outputs;
  std::vector<OperandPlace> places;  // inputs, then outputs
};

struct Binding {
  Storage* storage;
  int64_t offset_bytes;
};

// What a run may use of a device: CPU threads, or a queue. One run at a time uses a stream.
class Stream {
 public:
  virtual ~Stream() = default;
};

struct RunOptions {
  Stream* stream = nullptr;                   // nullptr: the device's own
  const std::atomic<bool>* cancel = nullptr;  // polled between launches: Error(cancelled) when set. States may then be half updated.
};

// A recorded sequence of launches. Immutable: several streams may run it at once with bindings of their own.
class Executable {
 public:
  virtual ~Executable() = default;
  // Returns when the results are readable.
  virtual void run(Stream& stream, std::span<const Binding> buffers, const std::atomic<bool>* cancel) const = 0;
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

  // threads: CPU threads of the stream, 0 = as many as the process may use.
  virtual std::unique_ptr<Stream> new_stream(int threads) = 0;
  virtual Stream& default_stream() = 0;

  // Whether the kernel behind an operation reads this input as it lies; if not, the planner makes a row-major copy first.
  virtual bool accepts_layout(const Primitive& primitive, size_t input, const OperandType& operand) const = 0;
  // Records launches; throws Error(unsupported) naming operation and dtype when there is no kernel.
  virtual std::unique_ptr<Executable> compile(std::vector<LaunchPlan> launches) = 0;
  // How many elementwise steps and inputs one fused launch may hold; 0 steps turns fusion off.
  struct FusionLimits {
    int steps = 0;
    int inputs = 0;
  };
  virtual FusionLimits fusion_limits() const { return {}; }

  uint64_t id() const { return id_; }  // never reused in this process, unlike an address
  Allocator& allocator() const { return *allocator_; }
  std::mutex& eval_lock() { return eval_lock_; }  // one lazy evaluation at a time

 private:
  static uint64_t next_id() {
    static std::atomic<uint64_t> last{0};
    return ++last;
  }

  const uint64_t id_ = next_id();
  std::shared_ptr<Allocator> allocator_;
  std::mutex eval_lock_;
};

}  // namespace mlxc
