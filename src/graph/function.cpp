#include <condition_variable>
#include <unordered_set>

#include "graph/counters.h"
#include "graph/dot.h"
#include "graph/function_state.h"
#include "graph/marks.h"

namespace mlxc {

AtomicGraphCounters& counters() {
  static AtomicGraphCounters counters;
  return counters;
}

GraphCounters graph_counters() { return {counters().plans.load(), counters().runs.load(), counters().launches.load()}; }

namespace {

// Nodes whose values some thread is computing. The device's lock is free meanwhile: whoever would reach one of them in a graph waits, since
// its inputs may be overwritten by then (donate_inputs).
class NodesInFlight {
 public:
  // Waits while `busy` says so of any of them, with `lock` open. False: it never did.
  template <class Busy>
  bool wait(std::unique_lock<std::mutex>& lock, Busy&& busy) {
    const auto any = [&] { return std::any_of(all_.begin(), all_.end(), busy); };
    std::unique_lock mine(mutex_);
    if (!any()) return false;
    lock.unlock();
    changed_.wait(mine, [&] { return !any(); });
    mine.unlock();
    lock.lock();
    return true;
  }
  bool empty() const {
    std::lock_guard mine(mutex_);
    return all_.empty();
  }
  void add(const std::vector<NodePtr>& nodes) {
    std::lock_guard mine(mutex_);
    for (const NodePtr& node : nodes) all_.insert(node.get());
  }
  void remove(const std::vector<NodePtr>& nodes) {
    {
      std::lock_guard mine(mutex_);
      for (const NodePtr& node : nodes) all_.erase(node.get());
    }
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<const Node*> all_;
};

NodesInFlight& nodes_in_flight() {
  static NodesInFlight* nodes = new NodesInFlight;  // never destroyed: threads may still evaluate at exit
  return *nodes;
}

// *begun: inputs may have been overwritten.
std::vector<Program::Result> run_traced(TracedGraph& traced, const RunOptions& options, bool* begun) {
  Graph& graph = traced.graph;
  Device& home = *graph.device;
  const Placement placement = place(graph);
  move_graph(graph, placement);
  const std::shared_ptr<const Program> program = find_program(graph);
  if (placement.device == &home) {
    Program::Bound bound = program->bind(traced.leaves);
    *begun = true;
    program->run(bound, options);
    return std::move(bound.results);
  }
  return run_away(*program, *placement.device, home, traced.leaves, output_types(graph), options);
}

// What evaluating these nodes would compute.
std::unordered_set<const Node*> unevaluated_below(const std::vector<NodePtr>& nodes) {
  std::unordered_set<const Node*> all;
  std::vector<const Node*> open;
  open.reserve(nodes.size());
  for (const NodePtr& node : nodes) open.push_back(node.get());
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (node->evaluated() || !all.insert(node).second) continue;
    for (const Array& input : node->inputs()) open.push_back(input.node().get());
  }
  return all;
}

// The nodes behind the arrays that have no values yet, each once.
std::vector<NodePtr> unevaluated(const std::vector<Array>& arrays) {
  std::vector<NodePtr> nodes;
  std::unordered_set<const Node*> seen;
  for (const Array& array : arrays)
    if (!array.evaluated() && seen.insert(array.node().get()).second) nodes.push_back(array.node());
  return nodes;
}

}  // namespace

std::unique_lock<std::mutex> hold_histories(Device& device) {
  std::unique_lock lock(device.eval_lock());
  while (nodes_in_flight().wait(lock, [&](const Node* node) { return &node->device() == &device; })) {
  }
  return lock;
}

void eval(const std::vector<Array>& arrays, const RunOptions& options) {
  Device* device = nullptr;
  for (const Array& array : arrays) {
    if (!array) fail(Status::invalid_argument, "an array to evaluate is missing");
    if (array.evaluated()) continue;
    if (array.node()->is_leaf())
      fail(Status::invalid_argument, "a placeholder of shape ", to_string(array.shape()), " has no value of its own");
    if (device && device != &array.device())
      fail(Status::invalid_argument, "arrays of devices ", device->name(), " and ", array.device().name(), " cannot be evaluated together");
    device = &array.device();
  }
  if (!device) return;

  std::unique_lock lock(device->eval_lock());
  std::vector<NodePtr> nodes = unevaluated(arrays);
  while (!nodes_in_flight().empty()) {
    const std::unordered_set<const Node*> needed = unevaluated_below(nodes);
    if (!nodes_in_flight().wait(lock, [&](const Node* node) { return needed.count(node) > 0; })) break;
    nodes = unevaluated(arrays);
  }
  if (nodes.empty()) return;
  // Evaluating one output of a node evaluates them all: a node has its data or it has not.
  std::vector<Array> outputs;
  for (const NodePtr& node : nodes)
    for (uint32_t i = 0; i < node->outputs().size(); ++i) outputs.emplace_back(node, i);
  TracedGraph traced = trace(outputs, {}, {});
  outputs.clear();                                    // only the nodes' own holders count
  if (!options.cancel) donate_inputs(traced, nodes);  // what was cancelled can be evaluated again
  struct InFlight {
    explicit InFlight(const std::vector<NodePtr>& nodes) : nodes(nodes) { nodes_in_flight().add(nodes); }
    ~InFlight() { nodes_in_flight().remove(nodes); }
    const std::vector<NodePtr>& nodes;
  } in_flight(nodes);
  lock.unlock();
  std::vector<Program::Result> results;
  bool begun = false;
  try {
    results = run_traced(traced, options, &begun);
  } catch (...) {
    lock.lock();
    for (size_t i = 0; begun && i < traced.leaves.size(); ++i)
      if (const auto& donated = traced.graph.donated; std::binary_search(donated.begin(), donated.end(), traced.graph.inputs[i]))
        traced.leaves[i].node()->lose_data();
    throw;
  }
  lock.lock();
  size_t next = 0;
  for (const NodePtr& node : nodes) {
    std::vector<StoragePtr> storages;
    std::vector<Layout> layouts;
    for (size_t i = 0; i < node->outputs().size(); ++i, ++next) {
      storages.push_back(std::move(results[next].storage));
      layouts.push_back(results[next].layout);
    }
    node->attach(std::move(storages), std::move(layouts));
  }
}

Function Function::capture(const std::vector<Array>& inputs, std::vector<Array> outputs, std::vector<StatePair> states, int host_outputs) {
  if (outputs.empty()) fail(Status::invalid_argument, "a function needs at least one output");
  for (const Array& array : inputs)
    if (!array) fail(Status::invalid_argument, "an input array is missing");
  for (const Array& array : outputs)
    if (!array) fail(Status::invalid_argument, "an output array is missing");
  for (const StatePair& state : states) {
    if (state.input < 0 || state.input >= int(inputs.size()) || state.output < 0 || state.output >= int(outputs.size()))
      fail(Status::invalid_argument, "state pair (", state.input, ", ", state.output, ") names an input or output that is not there");
  }
  Function function;
  function.state_ = std::make_shared<FunctionState>();
  FunctionState& state = *function.state_;
  state.device = &outputs[0].device();
  std::unique_lock lock = hold_histories(*state.device);
  TracedGraph traced = trace(outputs, inputs, std::move(states));
  lock.unlock();
  state.graph = std::move(traced.graph);
  state.graph.host_outputs = host_outputs;
  state.constants.assign(traced.leaves.begin() + long(inputs.size()), traced.leaves.end());
  for (const Array& input : inputs) state.types.push_back(input.type());
  state.variant_for(inputs);  // plan now, so that errors show here
  return function;
}

void Function::check(const std::vector<Array>& inputs) const {
  if (!state_) fail(Status::invalid_argument, "the function has not been captured");
  const FunctionState& state = *state_;
  if (inputs.size() != state.types.size())
    fail(Status::invalid_argument, "the function takes ", state.types.size(), " inputs, ", inputs.size(), " were given");
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]) fail(Status::invalid_argument, "input ", i, " is missing");
    if (inputs[i].dtype() != state.types[i].dtype)
      fail(Status::invalid_argument, "input ", i, " has dtype ", name_of(inputs[i].dtype()), ", the function was captured with ",
           name_of(state.types[i].dtype));
    if (inputs[i].rank() != state.types[i].shape.rank())  // operations rely on it
      fail(Status::invalid_argument, "input ", i, " has shape ", to_string(inputs[i].shape()), ", the function was captured with ",
           to_string(state.types[i].shape), ": the number of axes is fixed");
    if (&inputs[i].device() != state.device) fail(Status::invalid_argument, "input ", i, " lies on device ", inputs[i].device().name());
  }
}

// inputs: evaluated and contiguous.
PreparedCall Function::bind(const std::vector<Array>& inputs, size_t wanted) const {
  FunctionState& state = *state_;
  PreparedCall call;
  call.state_ = std::make_shared<PreparedState>();
  PreparedState& prepared = *call.state_;
  prepared.function = state_;
  prepared.inputs = inputs;
  prepared.wanted = wanted;
  {
    std::lock_guard lock(state.mutex);
    const FunctionState::Variant& variant = state.variant_for(inputs);
    prepared.program = variant.program;
    prepared.device = variant.device;
    prepared.inputs.insert(prepared.inputs.end(), variant.constants.begin(), variant.constants.end());
    if (variant.device != state.device) prepared.away = variant.outputs;
  }
  if (prepared.device == state.device) {
    prepared.bound = prepared.program->bind(prepared.inputs);
    prepared.give(prepared.bound.results);
  }
  return call;
}

void PreparedState::give(const std::vector<Program::Result>& results) {
  const Graph& graph = function->graph;
  outputs.clear();
  for (size_t i = 0; i < std::min(results.size(), wanted); ++i)
    outputs.push_back(Array::from_result(*function->device, results[i].storage, program->output_shape(i),
                                         graph.values[size_t(graph.outputs[i])].type.dtype, results[i].layout));
}

const std::vector<Array>& PreparedCall::run(const RunOptions& options) const {
  PreparedState& state = *state_;
  std::lock_guard lock(state.function->mutex);
  if (state.device == state.function->device)
    state.program->run(state.bound, options);
  else
    state.give(run_away(*state.program, *state.device, *state.function->device, state.inputs, state.away, options));
  return state.outputs;
}

PreparedCall Function::prepare(const std::vector<Array>& inputs) const {
  check(inputs);
  eval(inputs);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].contiguous()) fail(Status::invalid_argument, "input ", i, " of a prepared call must be contiguous");
  return bind(inputs);
}

std::vector<Array> Function::run(const std::vector<Array>& inputs, const RunOptions& options, size_t wanted) const {
  check(inputs);
  eval(inputs, options);
  if (std::ranges::all_of(inputs, [](const Array& input) { return input.contiguous(); })) return bind(inputs, wanted).run(options);
  std::vector<Array> packed = inputs;
  for (size_t i = 0; i < packed.size(); ++i) {
    if (packed[i].contiguous()) continue;
    for (const StatePair& pair : state_->graph.states)
      if (pair.input == int(i)) fail(Status::invalid_argument, "state input ", i, " must be contiguous");
    std::vector<std::byte> bytes(size_t(packed[i].bytes()));
    read(packed[i], bytes.data(), bytes.size());
    packed[i] = Array::from_data(*state_->device, bytes.data(), packed[i].shape(), packed[i].dtype());
  }
  return bind(packed, wanted).run(options);
}

int Function::launches() const { return state_ ? state_->variants.front().program->launches() : 0; }

std::string Function::dot() const { return state_ ? graph_to_dot(state_->graph) : std::string(); }

std::string to_dot(const std::vector<Array>& arrays) {
  if (arrays.empty() || !arrays[0]) fail(Status::invalid_argument, "there is no array to draw");
  std::lock_guard lock(arrays[0].device().eval_lock());
  return graph_to_dot(trace_for_drawing(arrays));
}

}  // namespace mlxc
