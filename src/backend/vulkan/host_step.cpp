#include "backend/vulkan/host_step.h"

#include <algorithm>
#include <cstring>

#include "backend/vulkan/lower.h"
#include "ops/transformer.h"

namespace mlxc::vulkan {

bool HostStep::can_move(const Primitive& primitive) { return primitive.code() != OpCode::custom; }

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
  paged_ = pages_of(launch, places);
  if (paged_) {
    if (!paged_->attends)  // pages as they were before their update
      for (size_t i : {0, 1}) pieces_[size_t(places[i].buffer)].pages = true;
    for (size_t i : {paged_->keys, paged_->values}) pieces_[i].pages = true;
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
    if (piece.read && !piece.pages)
      device_.read(*from.storage, from.offset_bytes + piece.offset, storages.back()->data(), size_t(piece.bytes));
  }
  std::vector<int64_t> slots;
  if (paged_) {
    slots = reach(bindings);
    fetch_pages(slots, buffers, bindings);
  }
  if (const size_t scratch = executable_->scratch_bytes()) bind(scratch);
  executable_->run(stream, bindings, cancel);
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (!pieces_[i].written || pieces_[i].pages) continue;
    const Binding& to = buffers[size_t(pieces_[i].buffer)];
    device_.write(*to.storage, to.offset_bytes + pieces_[i].offset, storages[i]->data(), size_t(pieces_[i].bytes));
  }
  if (paged_ && !paged_->attends) return_pages(slots, buffers, bindings);
}

std::optional<HostStep::Pages> HostStep::pages_of(const LaunchPlan& launch, const std::vector<OperandPlace>& places) const {
  struct Operands {
    size_t keys, table, sequences, positions;  // values follow keys
  } at;
  const OpCode code = launch.primitive->code();
  const size_t outputs = launch.inputs.size();
  switch (code) {  // what is updated lies where the outputs are
    case OpCode::kv_write: at = {outputs, 4, 5, 6}; break;
    case OpCode::rope_kv_write: at = {outputs, 7, 8, 5}; break;
    case OpCode::paged_attention: at = {1, 3, 4, 5}; break;
    default: return {};
  }
  const auto piece = [&](size_t operand) { return size_t(places[operand].buffer); };
  const Shape& table = launch.inputs[at.table].type.shape;
  return Pages{.keys = piece(at.keys),
               .values = piece(at.keys + 1),
               .table = piece(at.table),
               .sequences = piece(at.sequences),
               .positions = piece(at.positions),
               .type = launch.inputs[code == OpCode::paged_attention ? 1 : 0].type,
               .tokens = element_count(launch.inputs[at.positions].type.shape),
               .table_rows = table[0],
               .table_width = table[1],
               .attends = code == OpCode::paged_attention};
}

// Of every page the slots up to the last one that a token reaches; 0: the page stays where it is. What reaches beyond the table or the
// pages becomes padding for the fallback, as it is for this device's kernels.
std::vector<int64_t> HostStep::reach(std::span<const Binding> bindings) const {
  const auto ints = [&](size_t piece) { return reinterpret_cast<int32_t*>(bindings[piece].storage->data()); };
  const int32_t *table = ints(paged_->table), *positions = ints(paged_->positions);
  int32_t* sequences = ints(paged_->sequences);
  std::vector<int64_t> slots(size_t(paged_->type.shape[0]));
  for (int64_t t = 0; t < paged_->tokens; ++t) {
    if (sequences[t] < 0) continue;
    const int64_t last = positions[t] / kPageSlots, first = paged_->attends ? 0 : last;
    const auto exists = [&](int32_t page) { return page >= 0 && page < int64_t(slots.size()); };
    const bool in_table = sequences[t] < paged_->table_rows && positions[t] >= 0 && last < paged_->table_width;
    const int32_t* row = in_table ? table + sequences[t] * paged_->table_width : nullptr;
    if (!in_table || !std::all_of(row + first, row + last + 1, exists)) {
      sequences[t] = -1;
      continue;
    }
    for (int64_t i = first; i <= last; ++i)
      slots[size_t(row[i])] = std::max(slots[size_t(row[i])], i < last ? int64_t(kPageSlots) : positions[t] % kPageSlots + 1);
  }
  return slots;
}

void HostStep::fetch_pages(std::span<const int64_t> slots, std::span<const Binding> buffers, std::span<const Binding> bindings) const {
  const Shape& shape = paged_->type.shape;
  const size_t bytes = Device::page_bytes(paged_->type), row = size_t(shape[3] * size_of(paged_->type.dtype));
  std::vector<std::byte> plain(bytes);
  for (size_t index : {paged_->keys, paged_->values}) {
    const Binding& from = buffers[size_t(pieces_[index].buffer)];
    for (size_t page = 0; page < slots.size(); ++page) {
      if (slots[page] == 0) continue;
      device_.read(*from.storage, from.offset_bytes + pieces_[index].offset + int64_t(page * bytes), plain.data(), bytes);
      // The fallback may read slots that no token has reached (Device::reads_stale_slots): not what lies there by chance.
      if (paged_->attends)
        for (int64_t head = 0; head < shape[1]; ++head)
          std::memset(&plain[0] + size_t(head * kPageSlots + slots[page]) * row, 0, size_t(kPageSlots - slots[page]) * row);
      fallback_.page_from_plain(index == paged_->keys, paged_->type, plain.data(), bindings[index].storage->data() + page * bytes);
    }
  }
}

void HostStep::return_pages(std::span<const int64_t> slots, std::span<const Binding> buffers, std::span<const Binding> bindings) const {
  const size_t bytes = Device::page_bytes(paged_->type);
  std::vector<std::byte> plain(bytes);
  for (size_t index : {paged_->keys, paged_->values}) {
    const Binding& to = buffers[size_t(pieces_[index].buffer)];
    for (size_t page = 0; page < slots.size(); ++page) {
      if (slots[page] == 0) continue;
      fallback_.page_to_plain(index == paged_->keys, paged_->type, bindings[index].storage->data() + page * bytes, plain.data());
      device_.write(*to.storage, to.offset_bytes + pieces_[index].offset + int64_t(page * bytes), plain.data(), bytes);
    }
  }
}

}  // namespace mlxc::vulkan
