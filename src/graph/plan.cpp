#include <algorithm>
#include <unordered_set>

#include "graph/pass_ops.h"
#include "graph/program.h"

namespace mlxc {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kSharedGroupBytes = 16 << 20;  // of a buffer that is not overwritten by launches beside its last reader

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Gives each block of a set of lifetimes an offset so that blocks alive together do not overlap: first fit over a list of free gaps.
class ArenaLayout {
 public:
  size_t take(size_t bytes) {
    bytes = aligned(bytes);
    size_t best = gaps_.size();
    for (size_t i = 0; i < gaps_.size(); ++i)
      if (gaps_[i].bytes >= bytes && (best == gaps_.size() || gaps_[i].bytes < gaps_[best].bytes)) best = i;
    if (best == gaps_.size()) {
      if (!gaps_.empty() && gaps_.back().offset + gaps_.back().bytes == end_) {  // grow the gap at the end
        size_t offset = gaps_.back().offset;
        gaps_.pop_back();
        end_ = offset + bytes;
        return offset;
      }
      end_ += bytes;
      return end_ - bytes;
    }
    size_t offset = gaps_[best].offset;
    gaps_[best].offset += bytes;
    gaps_[best].bytes -= bytes;
    if (!gaps_[best].bytes) gaps_.erase(gaps_.begin() + long(best));
    return offset;
  }

  void give(size_t offset, size_t bytes) {
    bytes = aligned(bytes);
    auto next = std::find_if(gaps_.begin(), gaps_.end(), [&](const Gap& gap) { return gap.offset > offset; });
    next = gaps_.insert(next, {offset, bytes});
    if (auto after = next + 1; after != gaps_.end() && next->offset + next->bytes == after->offset) {
      next->bytes += after->bytes;
      next = gaps_.erase(after) - 1;
    }
    if (next != gaps_.begin() && (next - 1)->offset + (next - 1)->bytes == next->offset) {
      (next - 1)->bytes += next->bytes;
      gaps_.erase(next);
    }
  }

  size_t bytes() const { return end_; }

 private:
  struct Gap {
    size_t offset, bytes;
  };
  std::vector<Gap> gaps_;  // sorted by offset
  size_t end_ = 0;
};

bool has_updates(const Graph& graph) {
  return std::any_of(graph.operations.begin(), graph.operations.end(),
                     [](const GraphOperation& operation) { return operation.primitive->updates() > 0; });
}

}  // namespace

class Planner {
 public:
  explicit Planner(const Graph& traced)
      : graph_(fuse(rewrite(expand(traced), traced.device->patterns()), traced.device->fusion_limits())),
        program_(std::make_shared<Program>()) {
    if (!graph_.states.empty()) {
      Graph in_place = graph_;
      donate_states(in_place);
      if (has_updates(in_place) && order(in_place)) {
        graph_ = std::move(in_place);
        return;
      }
    }
    // New values of states that need each other's old ones are computed beside those. Other updates in such a circle are reported, or
    // copied where they are of no state.
    if (has_updates(graph_) || graph_.device->side_by_side()) order(graph_);
  }

  std::shared_ptr<const Program> run() {
    find_last_uses();
    place_inputs();
    for (size_t i = 0; i < graph_.operations.size(); ++i) plan_operation(int(i));
    copy_states();
    place_outputs();
    assign_arena();
    program_->device_ = graph_.device;
    program_->device_given_up_ = graph_.device->given_up();
    program_->launches_ = int(launches_.size());
    CompilePlan plan{std::move(launches_), {}, graph_.reason};
    for (const Program::Buffer& buffer : program_->buffers_) plan.temporary.push_back(buffer.kind == Kind::temporary);
    program_->executable_ = graph_.device->compile(std::move(plan));
    program_->scratch_bytes_ = program_->executable_->scratch_bytes();
    return program_;
  }

 private:
  using Kind = Program::Kind;
  struct Place {
    int buffer = -1;
    Layout layout;
  };

  const TensorType& type(int value) const { return graph_.values[size_t(value)].type; }
  const Place& place(int value) const { return places_[size_t(value)]; }
  void set_place(int value, const Place& at) {
    places_[size_t(value)] = at;
    int& last = last_read_[size_t(at.buffer)];
    last = std::max(last, last_reader_[size_t(value)]);
  }

  int new_buffer(Kind kind, size_t bytes, int input = -1) {
    program_->buffers_.push_back({kind, input, bytes, 0, MemoryUse::device});
    // In launches; a buffer that is only ever read from outside has no lifetime of its own.
    first_use_.push_back(int(launches_.size()));
    last_use_.push_back(int(launches_.size()));
    last_read_.push_back(-1);
    return int(program_->buffers_.size()) - 1;
  }

  Place new_place(const TensorType& type) {
    return {new_buffer(Kind::temporary, size_t(byte_count(type))), {contiguous_strides(type.shape), 0}};
  }

  void place_inputs() {
    places_.resize(graph_.values.size());
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      int value = graph_.inputs[i];
      set_place(value, {new_buffer(Kind::input, 0, int(i)), {graph_.values[size_t(value)].strides, 0}});
    }
    for (const StatePair& state : graph_.states) state_buffers_.push_back(place(graph_.inputs[size_t(state.input)]).buffer);
    program_->state_inputs_ = {};
    for (const StatePair& state : graph_.states) program_->state_inputs_.push_back(state.input);
  }

  // For every value: the last operation that reads it or a view of it; past the end for outputs.
  void find_last_uses() {
    last_reader_.assign(graph_.values.size(), -1);
    for (int output : graph_.outputs) last_reader_[size_t(output)] = int(graph_.operations.size());
    for (size_t i = graph_.operations.size(); i-- > 0;) {
      const GraphOperation& operation = graph_.operations[i];
      int reader = operation.primitive->is_view() ? std::max(int(i), last_reader_[size_t(operation.outputs[0])]) : int(i);
      for (int input : operation.inputs) last_reader_[size_t(input)] = std::max(last_reader_[size_t(input)], reader);
    }
  }

  OperandType operand(const TensorType& type, const Place& at) const { return {type, at.layout.strides}; }

  void launch(PrimitivePtr primitive, const std::vector<std::pair<TensorType, Place>>& inputs,
              const std::vector<std::pair<TensorType, Place>>& outputs) {
    bool empty = true;
    for (const auto& [type, at] : outputs) empty &= element_count(type.shape) == 0;
    if (empty) return;
    LaunchPlan plan;
    plan.primitive = std::move(primitive);
    int index = int(launches_.size());
    auto add = [&](const auto& list, std::vector<OperandType>& types) {
      for (const auto& [type, at] : list) {
        types.push_back(operand(type, at));
        plan.places.push_back({at.buffer, at.layout.offset * size_of(type.dtype)});
        last_use_[size_t(at.buffer)] = index;
      }
    };
    add(inputs, plan.inputs);
    add(outputs, plan.outputs);
    launches_.push_back(std::move(plan));
  }

  Place copy(const TensorType& type, const Place& from) {
    Place to = new_place(type);
    launch(std::make_shared<const Copy>(), {{type, from}}, {{type, to}});
    return to;
  }

  void plan_operation(int index) {
    const GraphOperation& operation = graph_.operations[size_t(index)];
    const Primitive& primitive = *operation.primitive;
    if (primitive.is_view()) return plan_view(operation);

    std::vector<std::pair<TensorType, Place>> inputs, outputs;
    for (size_t i = 0; i < operation.inputs.size(); ++i) {
      int value = operation.inputs[i];
      Place at = place(value);
      const bool updated = int(i) < primitive.updates();
      if (updated) at = plan_update(index, int(i), at);
      // What is updated in place is no operand of its own update beside that: x[1:] = x[:-1] reads x as it was.
      const bool overwritten = std::any_of(inputs.begin(), inputs.begin() + std::min<long>(long(i), primitive.updates()),
                                           [&](const std::pair<TensorType, Place>& update) { return update.second.buffer == at.buffer; });
      if (overwritten || (!updated && !graph_.device->accepts_layout(primitive, i, operand(type(value), at)))) at = copy(type(value), at);
      inputs.emplace_back(type(value), at);
    }
    for (size_t i = 0; i < operation.outputs.size(); ++i) {
      int value = operation.outputs[i];
      set_place(value, int(i) < primitive.updates() ? inputs[i].second : new_place(type(value)));
      outputs.emplace_back(type(value), place(value));
    }
    launch(operation.primitive, inputs, outputs);
  }

  void plan_view(const GraphOperation& operation) {
    int from = operation.inputs[0], to = operation.outputs[0];
    Layout layout;
    Place source = place(from);
    if (!operation.primitive->view(type(from), source.layout, &layout)) {
      source = copy(type(from), source);
      operation.primitive->view(type(from), source.layout, &layout);
    }
    set_place(to, {source.buffer, layout});
  }

  // Where an updated operand goes: its own buffer when nobody needs the old value, else a copy.
  Place plan_update(int index, int input, const Place& at) {
    int value = graph_.operations[size_t(index)].inputs[size_t(input)];
    const Program::Buffer& buffer = program_->buffers_[size_t(at.buffer)];
    bool state = std::find(state_buffers_.begin(), state_buffers_.end(), at.buffer) != state_buffers_.end();
    const bool donated = buffer.kind == Kind::input && std::find(graph_.donated.begin(), graph_.donated.end(),
                                                                 graph_.inputs[size_t(buffer.input)]) != graph_.donated.end();
    bool ours = buffer.kind == Kind::temporary || state || donated;
    const bool free = last_read_[size_t(at.buffer)] <= index;
    if (ours && free && is_contiguous(type(value).shape, at.layout.strides)) return at;
    return copy(type(value), at);
  }

  bool is_read(int value) const {
    for (const GraphOperation& operation : graph_.operations)
      if (std::find(operation.inputs.begin(), operation.inputs.end(), value) != operation.inputs.end()) return true;
    return false;
  }

  void place_outputs() {
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      const int value = graph_.outputs[i];
      const bool for_host = int(i) < graph_.host_outputs && !graph_.device->reads_host_memory();
      // What kernels read again stays near them: the host gets a copy.
      const Place at = for_host && is_read(value) ? copy(type(value), place(value)) : place(value);
      Program::Buffer& buffer = program_->buffers_[size_t(at.buffer)];
      if (buffer.kind == Kind::temporary) buffer.kind = Kind::owned;
      if (for_host) buffer.use = MemoryUse::readback;
      program_->outputs_.push_back({at.buffer, at.layout, type(value).shape});
    }
    for (const StatePair& state : graph_.states) {
      int old_value = graph_.inputs[size_t(state.input)], new_value = graph_.outputs[size_t(state.output)];
      if (place(old_value).buffer != place(new_value).buffer || !(type(old_value) == type(new_value)))
        fail(Status::invalid_argument, "output ", state.output, " cannot take over the buffer of state input ", state.input,
             ": the old value is still needed after its update, or the output is no update of it");
    }
  }

  // A new value of a state that was computed elsewhere goes home when nobody reads the old one any more.
  void copy_states() {
    for (const StatePair& state : graph_.states) {
      const int old_value = graph_.inputs[size_t(state.input)], new_value = graph_.outputs[size_t(state.output)];
      const int producer = graph_.values[size_t(new_value)].operation;
      if (producer < 0 || !(type(old_value) == type(new_value)) || place(new_value).buffer == place(old_value).buffer) continue;
      const bool update = graph_.operations[size_t(producer)].primitive->updates() > 0;
      const bool old_is_output = std::any_of(graph_.outputs.begin(), graph_.outputs.end(),
                                             [&](int output) { return place(output).buffer == place(old_value).buffer; });
      if (update || old_is_output || program_->buffers_[size_t(place(new_value).buffer)].kind != Kind::temporary) continue;
      launch(std::make_shared<const Copy>(), {{type(new_value), place(new_value)}}, {{type(old_value), place(old_value)}});
      set_place(new_value, place(old_value));
    }
  }

  // For each launch the last one of those that run side by side with it: what nobody needs any more is not overwritten before that, or the
  // device would wait. Where nothing runs side by side: each its own.
  std::vector<int> group_ends() const {
    std::vector<int> ends(launches_.size());
    std::unordered_set<int> read, written;
    size_t first = 0;
    for (size_t i = 0; i < launches_.size(); ++i) {
      const LaunchPlan& launch = launches_[i];
      bool waits = !graph_.device->side_by_side();
      for (size_t k = 0; k < launch.places.size() && !waits; ++k) {
        const int buffer = launch.places[k].buffer;
        waits = written.contains(buffer) || (writes(launch, k) && read.contains(buffer));
      }
      if (waits) {
        std::fill(ends.begin() + long(first), ends.begin() + long(i), int(i) - 1);
        first = i;
        read.clear();
        written.clear();
      }
      for (size_t k = 0; k < launch.places.size(); ++k) (writes(launch, k) ? written : read).insert(launch.places[k].buffer);
    }
    std::fill(ends.begin() + long(first), ends.end(), int(launches_.size()) - 1);
    return ends;
  }

  static bool writes(const LaunchPlan& launch, size_t place) {
    return place >= launch.inputs.size() || place < size_t(launch.primitive->updates());
  }

  void assign_arena() {
    for (size_t i = 0; i + 1 < launches_.size(); ++i) {
      if (!graph_.device->joins(launches_[i], launches_[i + 1])) continue;
      for (size_t input = 0; input < launches_[i].inputs.size(); ++input) {
        int& last = last_use_[size_t(launches_[i].places[input].buffer)];
        last = std::max(last, int(i) + 1);
      }
    }
    const std::vector<int> ends = group_ends();
    ArenaLayout arena;
    std::vector<std::vector<int>> starting(launches_.size() + 1), ending(launches_.size() + 1);
    for (size_t i = 0; i < program_->buffers_.size(); ++i) {
      if (program_->buffers_[i].kind != Kind::temporary) continue;
      starting[size_t(first_use_[i])].push_back(int(i));
      const bool shared = program_->buffers_[i].bytes <= kSharedGroupBytes && size_t(last_use_[i]) < ends.size();
      ending[size_t(shared ? ends[size_t(last_use_[i])] : last_use_[i])].push_back(int(i));
    }
    for (size_t step = 0; step < starting.size(); ++step) {
      for (int index : starting[step]) program_->buffers_[size_t(index)].offset = arena.take(program_->buffers_[size_t(index)].bytes);
      for (int index : ending[step]) arena.give(program_->buffers_[size_t(index)].offset, program_->buffers_[size_t(index)].bytes);
    }
    program_->temporary_bytes_ = arena.bytes();
  }

  Graph graph_;
  std::shared_ptr<Program> program_;
  std::vector<Place> places_;
  std::vector<int> last_reader_;  // of each value, an operation
  std::vector<int> last_read_;    // of each buffer: the last reader of all values in it
  std::vector<int> state_buffers_;
  std::vector<int> first_use_, last_use_;  // of buffers, in launches
  std::vector<LaunchPlan> launches_;
};

std::shared_ptr<const Program> Program::plan(const Graph& graph) { return Planner(graph).run(); }

}  // namespace mlxc
