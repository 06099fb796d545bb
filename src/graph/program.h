// A planned graph: launches recorded by the device, with buffers assigned by lifetime.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "graph/graph.h"

namespace mlxc {

class Program {
 public:
  // Fuses, assigns buffers and records. Throws Error(invalid_argument) when a state's old value is still needed after its update,
  // and what Device::compile throws.
  static std::shared_ptr<const Program> plan(const Graph& graph);

  struct Result {
    StoragePtr storage;
    Layout layout;
  };
  // The program with its arguments and memory for everything else. The inputs' storages outlive it.
  struct Bound {
    StoragePtr temporaries;
    std::vector<StoragePtr> owned;
    std::vector<Binding> bindings;
    std::vector<Result> results;  // their values come with the first run
  };
  // inputs: evaluated arrays laid out as the graph's inputs say. Threads: any.
  Bound bind(const std::vector<Array>& inputs) const;
  // Threads: any, each with a stream and a Bound of its own.
  void run(const Bound& bound, const RunOptions& options) const;
  std::vector<Result> run(const std::vector<Array>& inputs, const RunOptions& options) const;

  // Whether its device is no more.
  bool useless() const { return device_given_up_->load(std::memory_order_relaxed); }
  const Shape& output_shape(size_t index) const { return outputs_[index].shape; }
  int launches() const { return launches_; }
  size_t temporary_bytes() const { return temporary_bytes_ + scratch_bytes_; }

 private:
  void check_states(const std::vector<Array>& inputs) const;

  friend class Planner;
  enum class Kind { input, temporary, owned };
  struct Buffer {
    Kind kind;
    int input;  // Kind::input: which
    size_t bytes;
    size_t offset;  // Kind::temporary: in the block that all temporaries share
    MemoryUse use;  // Kind::owned
  };
  struct Output {
    int buffer;
    Layout layout;  // offset in elements from the binding
    Shape shape;
  };

  Device* device_ = nullptr;
  std::shared_ptr<const std::atomic<bool>> device_given_up_;
  std::unique_ptr<Executable> executable_;
  std::vector<Buffer> buffers_;
  std::vector<Output> outputs_;
  std::vector<int> state_inputs_;
  size_t temporary_bytes_ = 0, scratch_bytes_ = 0;
  int launches_ = 0;
};

// Finds the program of a graph with the same structure, or plans it. Bounded: least recently used goes first, and those of devices that are
// no more go with the next that is planned. Threads: any.
std::shared_ptr<const Program> find_program(const Graph& graph);

}  // namespace mlxc
