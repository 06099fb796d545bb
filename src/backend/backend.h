// The seam: what the graph needs of a device. Implemented by cpu/ and null/; graph/ sees nothing else of them.
#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "array/storage.h"
#include "base/profile.h"
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

// What a device compiles.
struct CompilePlan {
  std::vector<LaunchPlan> launches;
  std::vector<bool> temporary;  // by buffer: nothing but these launches sees it
  std::string reason = {};      // why on this device, for profiles; empty: it was asked for
};

class Pattern;  // graph/pattern.h

// What a run may use of a device: CPU threads, or a queue. One run at a time uses a stream.
class Stream {
 public:
  virtual ~Stream() = default;
};

struct RunOptions {
  Stream* stream = nullptr;                   // nullptr: the device's own
  const std::atomic<bool>* cancel = nullptr;  // polled between launches: Error(cancelled) when set. States may then be half updated.
};

// A recorded sequence of launches. Several streams may run it at once with bindings of their own.
class Executable {
 public:
  virtual ~Executable() = default;
  // Memory beyond the planned buffers that one run needs: bound after them, as the last binding.
  virtual size_t scratch_bytes() const { return 0; }
  // Returns when the results are readable.
  virtual void run(Stream& stream, std::span<const Binding> buffers, const std::atomic<bool>* cancel) const = 0;
};

class Device {
 public:
  explicit Device(std::shared_ptr<Allocator> allocator) : allocator_(std::move(allocator)) {}
  virtual ~Device() { give_up(); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  virtual std::string name() const = 0;         // "cpu", "vulkan:0"
  virtual std::string description() const = 0;  // the hardware's own name and the kernels chosen
  virtual int64_t memory_bytes() const = 0;     // what the device has in all

  // threads: CPU threads of the stream, 0 = as many as the process may use.
  virtual std::unique_ptr<Stream> new_stream(int threads) = 0;
  virtual Stream& default_stream() = 0;

  // Work in pieces that do not depend on each other: calls body(piece, stream) for each of [0, count), side by side where the device can.
  // Returns when all are done; the first exception is rethrown. Threads: any.
  using Piece = std::function<void(int64_t piece, Stream& stream)>;
  virtual void run_pieces(int64_t count, const Piece& body) {
    for (int64_t i = 0; i < count; ++i) body(i, default_stream());
  }
  // About how many bytes a piece should touch, so that they stay near what computes it.
  virtual size_t piece_bytes() const { return size_t{64} << 20; }

  // Whether the kernel behind an operation reads this input as it lies; if not, the planner makes a row-major copy first.
  virtual bool accepts_layout(const Primitive& primitive, size_t input, const OperandType& operand) const = 0;
  // Whether it may do a launch together with the one right after it: what the first reads then stays as it is until the second is done.
  virtual bool joins(const LaunchPlan& first, const LaunchPlan& second) const {
    (void)first, (void)second;
    return false;
  }
  // Whether it might for an operation that reads what the first one computes: the planner then keeps the two together.
  virtual bool may_join(const Primitive& first, const Primitive& second) const {
    (void)first, (void)second;
    return false;
  }
  // Whether launches that do not wait for each other run at the same time.
  virtual bool side_by_side() const { return false; }
  // Whether the device has a kernel of its own for an operation that has a composition too, for inputs like these; if not, the planner
  // puts that in its place.
  virtual bool claims(const Primitive& primitive, TensorTypes inputs) const {
    (void)primitive, (void)inputs;
    return true;
  }
  // Records launches; throws Error(unsupported) naming operation and dtype when there is no kernel.
  virtual std::unique_ptr<Executable> compile(CompilePlan plan) = 0;
  // Groups of operations that this device has one kernel for, tried in this order before elementwise fusion.
  virtual std::span<const Pattern* const> patterns() const { return {}; }
  // Whether it runs kernels from source (ops/custom.h).
  virtual bool runs_source() const { return false; }
  // Compiles such a kernel for these operands, so that its mistakes show before anything runs: Error(invalid_argument) with the compiler's
  // message, Error(unsupported).
  virtual void compile_source(const LaunchPlan&) {}
  // How many elementwise steps and inputs one fused launch may hold; 0 steps turns fusion off.
  struct FusionLimits {
    int steps = 0;
    int inputs = 0;
  };
  virtual FusionLimits fusion_limits() const { return {}; }

  // About how many multiply-adds a second it does, to a power of ten: work is cut by it into pieces that cancelling can wait for.
  virtual double speed() const { return 5e10; }
  // Whether kernels read memory that is not the allocator's: a mapped file, a caller's buffer.
  virtual bool reads_host_memory() const { return true; }
  // Whether paged_attention reads slots that no position of the sequence has reached: fresh pages must then be cleared.
  virtual bool reads_stale_slots() const { return true; }
  // One page of keys or values on the host, between its plain order [heads, kPageSlots, head_dim], as the shape of `pages` has it, and that
  // which this device's kernels read: so that one device can stand in for another. `from` and `to` do not overlap.
  virtual void page_from_plain(bool /*keys*/, const TensorType& pages, const std::byte* from, std::byte* to) const {
    std::memcpy(to, from, page_bytes(pages));
  }
  virtual void page_to_plain(bool /*keys*/, const TensorType& pages, const std::byte* from, std::byte* to) const {
    std::memcpy(to, from, page_bytes(pages));
  }
  // Between host memory and a storage of this device, and inside the device; offsets in bytes. Return when done. Ranges do not overlap.
  virtual void write(Storage& to, int64_t offset, const void* from, size_t bytes) {
    if (bytes) std::memcpy(to.data() + offset, from, bytes);
  }
  virtual void read(const Storage& from, int64_t offset, void* to, size_t bytes) {
    if (bytes) std::memcpy(to, from.data() + offset, bytes);
  }
  virtual void copy(Storage& to, int64_t to_offset, const Storage& from, int64_t from_offset, size_t bytes) {
    if (bytes) std::memcpy(to.data() + to_offset, from.data() + from_offset, bytes);
  }
  virtual void clear(Storage& at, int64_t offset, size_t bytes) {
    if (bytes) std::memset(at.data() + offset, 0, bytes);
  }

  // Whether the hardware stopped answering: what it held is gone, and it computes no more.
  virtual bool lost() const { return false; }
  // Becomes true when programs of it are of no more use: it is gone, or lost and given up. Outlives the device.
  std::shared_ptr<const std::atomic<bool>> given_up() const { return given_up_; }
  uint64_t id() const { return id_; }  // never reused in this process, unlike an address
  Allocator& allocator() const { return *allocator_; }
  // Where its time goes. Executables may outlive the device and keep it.
  const std::shared_ptr<Profile>& profile() const { return profile_; }
  std::mutex& eval_lock() { return eval_lock_; }  // one lazy evaluation at a time

  // Of one page of [pages, heads, kPageSlots, head_dim].
  static size_t page_bytes(const TensorType& pages) {
    return size_t(pages.shape[1] * pages.shape[2] * pages.shape[3] * size_of(pages.dtype));
  }

 protected:
  void give_up() { given_up_->store(true, std::memory_order_relaxed); }

 private:
  static uint64_t next_id() {
    static std::atomic<uint64_t> last{0};
    return ++last;
  }

  const uint64_t id_ = next_id();
  const std::shared_ptr<std::atomic<bool>> given_up_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<Allocator> allocator_;
  const std::shared_ptr<Profile> profile_ = std::make_shared<Profile>();
  std::mutex eval_lock_;
};

}  // namespace mlxc
