#include "backend/vulkan/host_step.h"

#include "backend/vulkan/lower.h"

namespace mlxc::vulkan {

bool HostStep::can_move(const Primitive& primitive) {
  switch (primitive.code()) {
    case OpCode::kv_write:
    case OpCode::rope_kv_write:
    case OpCode::paged_attention:
    case OpCode::custom: return false;
    default: return true;
  }
}

HostStep::HostStep(const LaunchPlan& launch, Device& device, Device& fallback) : device_(device), fallback_(fallback) {
  CompilePlan plan;
  plan.launches.push_back(launch);
  std::vector<OperandPlace>& places = plan.launches[0].places;
  const size_t inputs = launch.inputs.size();
  for (size_t i = 0; i < places.size(); ++i) {
    const OperandType& operand = i < inputs ? launch.inputs[i] : launch.outputs[i - inputs];
    const Extent extent = extent_of(operand);
    const Piece piece{places[i].buffer, places[i].offset_bytes + extent.begin, extent.end - extent.begin, false, false};
    size_t at = 0;  // an updated output is its input: one piece for both
    while (at < pieces_.size() &&
           !(pieces_[at].buffer == piece.buffer && pieces_[at].offset == piece.offset && pieces_[at].bytes == piece.bytes))
      ++at;
    if (at == pieces_.size()) pieces_.push_back(piece);
    const bool whole = i >= inputs && is_contiguous(operand.type.shape, operand.strides);
    pieces_[at].read |= !whole;
    pieces_[at].written |= i >= inputs;
    places[i] = {int(at), -extent.begin};
  }
  plan.temporary.assign(pieces_.size(), false);
  executable_ = fallback_.compile(std::move(plan));
}

void HostStep::run(Stream& stream, std::span<const Binding> buffers, const std::atomic<bool>* cancel) const {
  std::vector<StoragePtr> storages;
  std::vector<Binding> bindings;
  auto bind = [&](size_t bytes) {
    storages.push_back(fallback_.allocator().allocate(bytes));
    bindings.push_back({storages.back().get(), 0});
  };
  for (const Piece& piece : pieces_) {
    bind(size_t(piece.bytes));
    const Binding& from = buffers[size_t(piece.buffer)];
    if (piece.read) device_.read(*from.storage, from.offset_bytes + piece.offset, storages.back()->data(), size_t(piece.bytes));
  }
  if (const size_t scratch = executable_->scratch_bytes()) bind(scratch);
  executable_->run(stream, bindings, cancel);
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (!pieces_[i].written) continue;
    const Binding& to = buffers[size_t(pieces_[i].buffer)];
    device_.write(*to.storage, to.offset_bytes + pieces_[i].offset, storages[i]->data(), size_t(pieces_[i].bytes));
  }
}

}  // namespace mlxc::vulkan
