#include "backend/vulkan/program.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "backend/vulkan/pipelines.h"

namespace mlxc::vulkan {
namespace {

class ProgramEmitter final : public Emitter {
 public:
  ProgramEmitter(const Capabilities& caps, LoweredProgram& program, const Formats& formats)
      : caps_(caps), program_(program), formats_(formats) {
    place_handovers();
  }

  void lower_launch(int launch) {
    launch_ = launch;
    pieces_.clear();
    scratch_ = handed_bytes_;  // the rest is one region, reused by every launch
    gives_ = handover(&ProductPair::giver);
    takes_ = handover(&ProductPair::taker);
    for (const Joined& joined : formats_.joined)
      if (joined.launch == launch) return;
    const size_t dispatches = program_.dispatches.size();
    const size_t table = program_.table.size(), verdicts = program_.verdicts.size(), repeats = program_.repeats.size();
    const int64_t counters = program_.counter_bytes;
    try {
      lower(*this);
    } catch (const Error& error) {
      if (error.status() != Status::unsupported) throw;
      program_.reasons[size_t(launch)] = error.what();
      program_.dispatches.resize(dispatches);
      program_.table.resize(table);
      program_.verdicts.resize(verdicts);
      program_.repeats.resize(repeats);
      program_.counter_bytes = counters;
      return;
    }
    program_.scratch_bytes = std::max(program_.scratch_bytes, scratch_);
    for (const Ahead& ahead : formats_.ahead)
      if (ahead.launch == launch) touch(ahead);
  }

  const Capabilities& caps() const override { return caps_; }
  const LaunchPlan& plan() const override { return program_.launches[size_t(launch_)]; }

  int fragments(size_t operand) const override {
    const size_t buffer = size_t(plan().places[operand].buffer);
    return buffer < formats_.fragments.size() ? formats_.fragments[buffer] : 0;
  }
  const Handover* gives() const override { return gives_ ? &*gives_ : nullptr; }
  const Handover* takes() const override { return takes_ ? &*takes_ : nullptr; }
  const LaunchPlan* joined() const override {
    const int joined = program_.joined[size_t(launch_)];
    return joined < 0 ? nullptr : &program_.launches[size_t(joined)];
  }

  Ref scratch(int64_t bytes) override {
    const int64_t at = round_up(scratch_, kScratchAlignment);
    scratch_ = at + bytes;
    return piece(Ref::Kind::scratch, at, bytes);
  }
  Ref counters(int64_t bytes) override {
    const int64_t at = round_up(program_.counter_bytes, kCounterAlignment);
    program_.counter_bytes = at + bytes;
    return piece(Ref::Kind::counters, at, bytes);
  }
  Ref verdict(std::function<std::string(uint32_t)> describe) override {
    const Ref word = counters(4);
    program_.verdicts.push_back({launch_, program_.counter_bytes - 4, std::move(describe)});
    return word;
  }
  void repeat(const Ref& word, int most, std::string complaint, const std::function<void()>& body) override {
    const size_t begin = program_.dispatches.size();
    body();
    program_.repeats.push_back(
        {begin, program_.dispatches.size(), pieces_.at(size_t(word.index)).at + word.offset, most, std::move(complaint)});
  }
  Ref table(const void* data, int64_t bytes) override {
    const size_t at = size_t(round_up(int64_t(program_.table.size()), kTableAlignment));
    program_.table.resize(at + size_t(bytes));
    if (bytes) std::memcpy(program_.table.data() + at, data, size_t(bytes));
    return piece(Ref::Kind::table, int64_t(at), bytes);
  }

  void dispatch(Kernel kernel, Grid groups, std::vector<Argument> arguments, const Words& words, Work work) override {
    if (!groups.x || !groups.y || !groups.z) return;
    const size_t bytes = arguments.size() * 8 + words.list().size() * 4;
    if (bytes > kPushBytes)
      fail(Status::internal, "kernel ", kernel.module, " gets ", bytes, " bytes of arguments, at most ", kPushBytes, " are possible");
    if (groups.x > caps_.max_groups[0] || groups.y > caps_.max_groups[1] || groups.z > caps_.max_groups[2])
      fail(Status::unsupported, "kernel ", kernel.module, " needs ", groups.x, " x ", groups.y, " x ", groups.z,
           " workgroups, more than this device runs");
    Dispatch dispatch{launch_, 0, groups, {}, words.list(), work};
    for (const Argument& argument : arguments) {
      dispatch.targets.push_back(target(argument, kernel.module));
      if (work.bytes <= 0) dispatch.work.bytes += double(dispatch.targets.back().end - dispatch.targets.back().begin);
    }
    const auto [found, added] = kernels_.try_emplace(kernel, int(program_.kernels.size()));
    if (added) program_.kernels.push_back(std::move(kernel));
    dispatch.kernel = found->second;
    program_.dispatches.push_back(std::move(dispatch));
  }

 private:
  struct Piece {
    int64_t at, bytes;
  };

  // Beside what was dispatched last: it waits for nothing and nothing has to wait for it, so its ranges are empty. See kernels/touch.comp.
  void touch(const Ahead& ahead) {
    constexpr size_t kRanges = 6;
    constexpr int64_t kPageBytes = 2 << 20;
    for (size_t first = 0; first < ahead.weights.size(); first += kRanges) {
      Dispatch dispatch{launch_, 0, {}, {{Ref::Kind::counters, 0, 0, 0, 0, Access::read}}, {}, {}};
      int64_t pages = 0;
      for (size_t i = first; i < first + kRanges; ++i) {
        const auto& [launch, operand] = ahead.weights[std::min(i, ahead.weights.size() - 1)];
        const LaunchPlan& reader = program_.launches[size_t(launch)];
        const OperandPlace& place = reader.places[operand];
        const int64_t count = i < ahead.weights.size() ? (extent_of(reader.inputs[operand]).end + kPageBytes - 1) / kPageBytes : 0;
        dispatch.targets.push_back(
            {Ref::Kind::operand, place.buffer, place.offset_bytes, place.offset_bytes, place.offset_bytes, Access::read});
        dispatch.words.push_back(uint32_t(count));
        pages += count;
      }
      if (!program_.counter_bytes) program_.counter_bytes = kCounterAlignment;  // the sink, that nothing is written to
      dispatch.groups = {uint32_t((pages + 31) / 32), 1, 1};
      const Kernel kernel{"touch", {}};
      const auto [found, added] = kernels_.try_emplace(kernel, int(program_.kernels.size()));
      if (added) program_.kernels.push_back(kernel);
      dispatch.kernel = found->second;
      program_.dispatches.push_back(std::move(dispatch));
    }
  }

  // What is handed over lies at the start of the scratch memory from its giver to its taker; then the place is free for others.
  void place_handovers() {
    struct Slot {
      int64_t bytes;
      int busy_until;
    };
    std::vector<Slot> slots;
    std::vector<size_t> slot_of;
    std::vector<size_t> order(formats_.pairs.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return formats_.pairs[a].giver < formats_.pairs[b].giver; });
    slot_of.resize(order.size());
    for (size_t i : order) {
      const ProductPair& pair = formats_.pairs[i];
      auto slot = std::find_if(slots.begin(), slots.end(), [&](const Slot& other) { return other.busy_until < pair.giver; });
      if (slot == slots.end()) slot = slots.insert(slots.end(), {0, 0});
      *slot = {std::max(slot->bytes, values_bytes(pair) + squares_bytes(pair)), pair.taker};
      slot_of[i] = size_t(slot - slots.begin());
    }
    std::vector<int64_t> starts;
    for (const Slot& slot : slots) {
      starts.push_back(handed_bytes_);
      handed_bytes_ += slot.bytes;
    }
    for (size_t slot : slot_of) handed_at_.push_back(starts[slot]);
    program_.scratch_bytes = handed_bytes_;
  }
  static int64_t values_bytes(const ProductPair& pair) { return round_up(fragment_bytes(pair.blocks, pair.k), kScratchAlignment); }
  static int64_t squares_bytes(const ProductPair& pair) { return round_up(pair.tokens * pair.groups * 4, kScratchAlignment); }

  std::optional<Handover> handover(int ProductPair::*end) {
    for (size_t i = 0; i < formats_.pairs.size(); ++i) {
      const ProductPair& pair = formats_.pairs[i];
      if (pair.*end != launch_) continue;
      const Ref values = piece(Ref::Kind::scratch, handed_at_[i], values_bytes(pair));
      const Ref squares = piece(Ref::Kind::scratch, handed_at_[i] + values_bytes(pair), squares_bytes(pair));
      return Handover{values, squares, pair.groups, pair.norm_offset};
    }
    return {};
  }

  Ref piece(Ref::Kind kind, int64_t at, int64_t bytes) {
    pieces_.push_back({at, bytes});
    return {kind, int(pieces_.size()) - 1, 0, bytes};
  }

  Target target(const Argument& argument, const std::string& kernel) const {
    const Ref& ref = argument.ref;
    if (ref.kind != Ref::Kind::operand) {
      const Piece& piece = pieces_.at(size_t(ref.index));
      if (ref.offset < 0 || ref.offset + ref.bytes > piece.bytes)
        fail(Status::internal, "kernel ", kernel, " would touch bytes ", ref.offset, " to ", ref.offset + ref.bytes, " of ", piece.bytes);
      return {ref.kind, 0, piece.at + ref.offset, piece.at + ref.offset, piece.at + ref.offset + ref.bytes, argument.access};
    }
    const LaunchPlan& launch = plan();
    const size_t index = size_t(ref.index);
    const OperandPlace& place = launch.places.at(index);
    const OperandType& operand = index < launch.inputs.size() ? launch.inputs[index] : launch.outputs[index - launch.inputs.size()];
    const int64_t at = place.offset_bytes + ref.offset;
    return {ref.kind, place.buffer, at, at + extent_of(operand).begin, at + ref.bytes, argument.access};  // negative strides reach below
  }

  const Capabilities& caps_;
  LoweredProgram& program_;
  const Formats& formats_;
  std::vector<int64_t> handed_at_;  // by pair
  int64_t handed_bytes_ = 0;
  int launch_ = 0;
  int64_t scratch_ = 0;
  std::optional<Handover> gives_, takes_;
  std::vector<Piece> pieces_;  // of this launch
  std::unordered_map<Kernel, int, KernelHash> kernels_;
};

}  // namespace

LoweredProgram lower_program(std::vector<LaunchPlan> launches, const Capabilities& caps, std::vector<std::string> unavailable,
                             const Formats& formats) {
  LoweredProgram program;
  program.launches = std::move(launches);
  program.reasons = std::move(unavailable);
  program.reasons.resize(program.launches.size());
  program.joined.assign(program.launches.size(), -1);
  for (const Joined& joined : formats.joined) program.joined[size_t(joined.by)] = joined.launch;
  ProgramEmitter emitter(caps, program, formats);
  for (size_t i = 0; i < program.launches.size(); ++i)
    if (program.reasons[i].empty()) emitter.lower_launch(int(i));
  return program;
}

}  // namespace mlxc::vulkan
