#include "graph/array.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "backend/backend.h"
#include "graph/function.h"
#include "graph/marks.h"

namespace mlxc {
namespace {

NodePtr leaf(Device& device, Shape shape, DType dtype) {
  return std::make_shared<Node>(device, nullptr, std::vector<Array>{}, std::vector<TensorType>{{shape, dtype}});
}

// Copies a strided array to row-major order, innermost axis last.
void gather_strided(const std::byte* from, std::byte* to, const Shape& shape, const Strides& strides, int64_t item) {
  int rank = shape.rank();
  int64_t inner = rank ? shape[rank - 1] : 1, inner_stride = rank ? strides[rank - 1] : 1;
  int64_t outer = inner ? element_count(shape) / inner : 0;
  Dims index = Dims::filled(rank, 0);
  int64_t position = 0;
  for (int64_t row = 0; row < outer; ++row) {
    if (inner_stride == 1) {
      std::memcpy(to, from + position * item, size_t(inner * item));
      to += inner * item;
    } else {
      for (int64_t i = 0; i < inner; ++i, to += item) std::memcpy(to, from + (position + i * inner_stride) * item, size_t(item));
    }
    for (int axis = rank - 2; axis >= 0; --axis) {
      position += strides[axis];
      if (++index[axis] < shape[axis]) break;
      position -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace

int64_t byte_count(const TensorType& type) {
  int64_t bytes;
  if (__builtin_mul_overflow(element_count(type.shape), size_of(type.dtype), &bytes))
    fail(Status::out_of_memory, "an array of shape ", to_string(type.shape), " and dtype ", name_of(type.dtype),
         " exceeds the address space");
  return bytes;
}

Array Array::from_storage(Device& device, StoragePtr storage, Shape shape, DType dtype, int64_t offset) {
  int64_t bytes = (element_count(shape) + offset) * size_of(dtype);
  if (!storage->writable() && !device.reads_host_memory()) {  // the device takes a copy of what somebody else owns
    StoragePtr copy = device.allocator().allocate(size_t(std::max<int64_t>(bytes, 0)));
    if (bytes > 0 && size_t(bytes) <= storage->bytes()) device.write(*copy, 0, storage->data(), size_t(bytes));
    storage = std::move(copy);
  }
  if (offset < 0 || size_t(bytes) > storage->bytes())
    fail(Status::invalid_argument, "an array of shape ", to_string(shape), " and dtype ", name_of(dtype), " does not fit a storage of ",
         storage->bytes(), " bytes");
  NodePtr node = leaf(device, shape, dtype);
  node->attach({std::move(storage)}, {{contiguous_strides(shape), offset}});
  return Array(std::move(node), 0);
}

Array Array::from_result(Device& device, StoragePtr storage, Shape shape, DType dtype, Layout layout) {
  NodePtr node = leaf(device, shape, dtype);
  node->attach({std::move(storage)}, {layout});
  return Array(std::move(node), 0);
}

Array Array::from_data(Device& device, const void* data, Shape shape, DType dtype) {
  Array array = allocate(device, shape, dtype);
  device.write(*array.storage(), 0, data, size_t(array.bytes()));
  return array;
}

Array Array::allocate(Device& device, Shape shape, DType dtype, MemoryUse use) {
  return from_storage(device, device.allocator().allocate(size_t(byte_count({shape, dtype})), use), shape, dtype);
}

Array Array::placeholder(Device& device, Shape shape, DType dtype) { return Array(leaf(device, shape, dtype), 0); }

const TensorType& Array::type() const { return node_->output(output_).type; }
Device& Array::device() const { return node_->device(); }
void Array::set_requires_grad(bool requires_grad) const { node_->requires_grad_.store(requires_grad, std::memory_order_relaxed); }
bool Array::requires_grad() const { return node_->requires_grad_.load(std::memory_order_relaxed); }
bool Array::evaluated() const { return node_->evaluated(); }

const StoragePtr& Array::storage() const {
  if (!evaluated()) fail(Status::internal, "the array has not been evaluated");
  const StoragePtr& storage = node_->output(output_).storage;
  if (!storage)
    fail(Status::internal, "an update that took over the memory of an array of shape ", to_string(shape()),
         " failed before: its values are lost");
  return storage;
}

const Layout& Array::layout() const {
  if (!evaluated()) fail(Status::internal, "the array has not been evaluated");
  return node_->output(output_).layout;
}

void read(const Array& array, void* out, size_t bytes) {
  if (bytes != size_t(array.bytes())) fail(Status::invalid_argument, "the array has ", array.bytes(), " bytes, the destination ", bytes);
  eval({array});
  if (!bytes) return;
  const int64_t item = size_of(array.dtype());
  const Layout& layout = array.layout();
  if (array.contiguous()) return array.device().read(*array.storage(), layout.offset * item, out, bytes);
  if (array.storage()->data())
    return gather_strided(static_cast<std::byte*>(array.data()), static_cast<std::byte*>(out), array.shape(), layout.strides, item);
  std::vector<std::byte> all(array.storage()->bytes());  // the elements lie anywhere in it
  array.device().read(*array.storage(), 0, all.data(), all.size());
  gather_strided(all.data() + layout.offset * item, static_cast<std::byte*>(out), array.shape(), layout.strides, item);
}

std::atomic<uint64_t> Node::made_{0};

Node::Node(Device& device, PrimitivePtr primitive, std::vector<Array> inputs, std::vector<TensorType> outputs)
    : device_(device), primitive_(std::move(primitive)), inputs_(std::move(inputs)) {
  outputs_.reserve(outputs.size());
  for (TensorType& type : outputs) outputs_.push_back({std::move(type), nullptr, {}});
  if (primitive_ && primitive_->code() == OpCode::stop_gradient) return;
  for (const Array& input : inputs_) keeps_history_ |= input.node_->keeps_history_ || input.requires_grad();
}

// A long chain of nodes that only we hold would otherwise be destroyed by recursion, one stack frame a node.
void Node::release(std::vector<Array> history) {
  std::vector<NodePtr> pending;
  auto take = [&](std::vector<Array>& inputs) {
    for (Array& input : inputs)
      if (input.node_.use_count() == 1) pending.push_back(std::move(input.node_));
    inputs.clear();
  };
  take(history);
  while (!pending.empty()) {
    NodePtr node = std::move(pending.back());
    pending.pop_back();
    take(node->inputs_);
  }
}

Node::~Node() { release(std::move(inputs_)); }

void Node::attach(std::vector<StoragePtr> storages, std::vector<Layout> layouts) {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    outputs_[i].storage = std::move(storages[i]);
    outputs_[i].layout = layouts[i];
  }
  evaluated_.store(true, std::memory_order_release);
  if (keeps_history_) return;
  history_dropped_ = !inputs_.empty();
  release(std::exchange(inputs_, {}));
}

void Node::lose_data() {
  for (Output& output : outputs_) output.storage.reset();
}

Arrays Primitive::vjp(const Arrays&, const Arrays&, const Arrays&) const {
  fail(Status::unsupported, name(), " has no gradient; stop_gradient around it makes it a constant");
}
Arrays Primitive::compose(const Arrays&) const { return {}; }

std::vector<Array> apply_all(PrimitivePtr primitive, std::vector<Array> inputs, Device* device) {
  std::vector<TensorType> types;
  types.reserve(inputs.size());
  for (const Array& input : inputs) {
    if (!input) fail(Status::invalid_argument, primitive->name(), ": an input array is missing");
    if (!device) device = &input.device();
    if (&input.device() != device)
      fail(Status::invalid_argument, primitive->name(), ": arrays of devices ", device->name(), " and ", input.device().name(),
           " cannot be mixed");
    types.push_back(input.type());
  }
  std::vector<TensorType> outputs = primitive->infer(types);
  auto node = std::make_shared<Node>(*device, std::move(primitive), std::move(inputs), std::move(outputs));
  std::vector<Array> results;
  for (uint32_t i = 0; i < node->outputs().size(); ++i) results.emplace_back(node, i);
  return results;
}

}  // namespace mlxc
