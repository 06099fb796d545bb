// Array: a counted reference to one output of a node. Lazy: it has a shape and a dtype at once, and data after eval.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "array/storage.h"
#include "graph/primitive.h"

namespace mlxc {

class Device;
class Node;
using NodePtr = std::shared_ptr<Node>;

class Array {
 public:
  Array() = default;
  Array(NodePtr node, uint32_t output) : node_(std::move(node)), output_(output) {}

  // A leaf over existing data: row-major, `offset` elements into the storage.
  static Array from_storage(Device& device, StoragePtr storage, Shape shape, DType dtype, int64_t offset = 0);
  // A leaf over a result of a program, of any layout.
  static Array from_result(Device& device, StoragePtr storage, Shape shape, DType dtype, Layout layout);
  // A leaf holding a copy of `data` (element_count(shape) elements, row-major).
  static Array from_data(Device& device, const void* data, Shape shape, DType dtype);
  template <class T>
  static Array from_vector(Device& device, const std::vector<T>& values, Shape shape, DType dtype) {
    return from_data(device, values.data(), std::move(shape), dtype);
  }
  // A leaf of uninitialised memory.
  static Array allocate(Device& device, Shape shape, DType dtype, MemoryUse use = MemoryUse::device);
  // A leaf without data: an input to capture a Function over.
  static Array placeholder(Device& device, Shape shape, DType dtype);

  explicit operator bool() const { return node_ != nullptr; }
  const TensorType& type() const;
  const Shape& shape() const { return type().shape; }
  int rank() const { return shape().rank(); }
  int64_t dim(int axis) const { return shape()[axis < 0 ? axis + rank() : axis]; }
  DType dtype() const { return type().dtype; }
  int64_t size() const { return element_count(shape()); }
  int64_t bytes() const { return byte_count(type()); }
  Device& device() const;

  bool evaluated() const;
  // After eval: where the data lies. Throws Error(internal) before, and where it was lost.
  const StoragePtr& storage() const;
  const Layout& layout() const;
  bool contiguous() const { return is_contiguous(shape(), layout().strides); }
  // First element, for storage that the host sees (on the CPU all; else what was allocated for upload or readback). Strided unless
  // contiguous().
  void* data() const { return storage()->data() + layout().offset * size_of(dtype()); }
  template <class T>
  T* data_as() const {
    return static_cast<T*>(data());
  }

  // Evaluating an array drops what it was computed from, unless that reaches an array marked so. Marks what is built from now on.
  void set_requires_grad(bool requires_grad) const;
  bool requires_grad() const;

  const NodePtr& node() const { return node_; }
  uint32_t output() const { return output_; }
  bool operator==(const Array&) const = default;  // same node and output, not same values

 private:
  friend class Node;
  NodePtr node_;
  uint32_t output_ = 0;
};

// Copies the elements to `out` in row-major order, evaluating first.
void read(const Array& array, void* out, size_t bytes);

class Node {
 public:
  struct Output {
    TensorType type;
    StoragePtr storage;  // set by eval
    Layout layout;
  };

  Node(Device& device, PrimitivePtr primitive, std::vector<Array> inputs, std::vector<TensorType> outputs);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Device& device() const { return device_; }
  bool is_leaf() const { return primitive_ == nullptr; }
  const Primitive& primitive() const { return *primitive_; }
  const PrimitivePtr& primitive_ptr() const { return primitive_; }
  const std::vector<Array>& inputs() const { return inputs_; }
  const std::vector<Output>& outputs() const { return outputs_; }
  const Output& output(uint32_t index) const { return outputs_[index]; }
  bool evaluated() const { return evaluated_.load(std::memory_order_acquire); }
  // Called once, under the device's eval lock: attaches the data and drops the history, unless a gradient may ask for it.
  void attach(std::vector<StoragePtr> storages, std::vector<Layout> layouts);
  // An update that was to take the memory over failed on the way: the values are gone.
  void lose_data();
  bool history_dropped() const { return history_dropped_; }
  bool keeps_history() const { return keeps_history_; }
  uint64_t number() const { return number_; }  // nodes made later have larger ones, and so have those that need this one

 private:
  friend class Array;
  static void release(std::vector<Array> history);

  static std::atomic<uint64_t> made_;

  const uint64_t number_ = made_.fetch_add(1, std::memory_order_relaxed);
  Device& device_;
  PrimitivePtr primitive_;
  std::vector<Array> inputs_;
  std::vector<Output> outputs_;
  std::atomic<bool> evaluated_{false};
  std::atomic<bool> requires_grad_{false};
  bool keeps_history_ = false;  // an input requires a gradient, directly or through its own inputs
  bool history_dropped_ = false;
};

// Equal arrays are one output of one node.
struct ArrayHash {
  size_t operator()(const Array& array) const {
    size_t seed = std::hash<const void*>{}(array.node().get());
    hash_combine(seed, array.output());
    return seed;
  }
};

// Builds a node: infers types, checks that all inputs share a device. The builders of ops/ call this.
std::vector<Array> apply_all(PrimitivePtr primitive, std::vector<Array> inputs, Device* device = nullptr);
template <class Op>
Array apply(Op op, std::vector<Array> inputs) {
  return apply_all(std::make_shared<const Op>(std::move(op)), std::move(inputs))[0];
}

}  // namespace mlxc
