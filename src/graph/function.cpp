#include "graph/function_state.h"

#include "graph/counters.h"
#include "graph/dot.h"
#include "graph/program.h"

namespace mlxc {

AtomicGraphCounters& counters() {
  static AtomicGraphCounters counters;
  return counters;
}

GraphCounters graph_counters() { return {counters().plans.load(), counters().runs.load(), counters().launches.load()}; }

void eval(const std::vector<Array>& arrays, const RunOptions& options) {
  std::vector<Array> pending;
  Device* device = nullptr;
  for (const Array& array : arrays) {
    if (!array) fail(Status::invalid_argument, "an array to evaluate is missing");
    if (array.evaluated()) continue;
    if (array.node()->is_leaf()) fail(Status::invalid_argument, "a placeholder of shape ", to_string(array.shape()), " has no value of its own");
    if (device && device != &array.device())
      fail(Status::invalid_argument, "arrays of devices ", device->name(), " and ", array.device().name(), " cannot be evaluated together");
    device = &array.device();
    pending.push_back(array);
  }
  if (pending.empty()) return;

  std::lock_guard lock(device->eval_lock());
  // Evaluating one output of a node evaluates them all: a node has its data or it has not.
  std::vector<NodePtr> nodes;
  std::vector<Array> outputs;
  for (const Array& array : pending) {
    if (array.evaluated() || std::find(nodes.begin(), nodes.end(), array.node()) != nodes.end()) continue;
    nodes.push_back(array.node());
    for (uint32_t i = 0; i < array.node()->outputs().size(); ++i) outputs.emplace_back(array.node(), i);
  }
  if (nodes.empty()) return;
  TracedGraph traced = trace(outputs, {}, {});
  outputs.clear();  // only the nodes' own holders count
  pending.clear();
  donate_inputs(traced, nodes);
  std::vector<Program::Result> results = find_program(traced.graph)->run(traced.leaves, options);
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

Function Function::capture(std::vector<Array> inputs, std::vector<Array> outputs, std::vector<StatePair> states, int host_outputs) {
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
  std::unique_lock lock(state.device->eval_lock());
  TracedGraph traced = trace(outputs, inputs, std::move(states));
  lock.unlock();
  state.graph = std::move(traced.graph);
  state.graph.host_outputs = host_outputs;
  state.constants.assign(traced.leaves.begin() + long(inputs.size()), traced.leaves.end());
  for (const Array& input : inputs) state.types.push_back(input.type());
  state.program_for(inputs);  // plan now, so that errors show here
  return function;
}

std::vector<Array> Function::run(const std::vector<Array>& inputs, const RunOptions& options) const {
  if (!state_) fail(Status::invalid_argument, "the function has not been captured");
  FunctionState& state = *state_;
  if (inputs.size() != state.types.size()) fail(Status::invalid_argument, "the function takes ", state.types.size(), " inputs, ", inputs.size(), " were given");
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]) fail(Status::invalid_argument, "input ", i, " is missing");
    if (inputs[i].dtype() != state.types[i].dtype)
      fail(Status::invalid_argument, "input ", i, " has dtype ", name_of(inputs[i].dtype()), ", the function was captured with ", name_of(state.types[i].dtype));
    if (&inputs[i].device() != state.device) fail(Status::invalid_argument, "input ", i, " lies on device ", inputs[i].device().name());
  }
  eval(inputs, options);
  std::lock_guard lock(state.mutex);
  std::vector<Array> all = inputs;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].contiguous()) continue;
    for (const StatePair& pair : state.graph.states)
      if (pair.input == int(i)) fail(Status::invalid_argument, "state input ", i, " must be contiguous");
    std::vector<std::byte> packed(size_t(all[i].bytes()));
    read(all[i], packed.data(), packed.size());
    all[i] = Array::from_data(*state.device, packed.data(), all[i].shape(), all[i].dtype());
  }
  const Program& program = state.program_for(inputs);
  all.insert(all.end(), state.constants.begin(), state.constants.end());
  std::vector<Program::Result> results = program.run(all, options);
  std::vector<Array> outputs;
  for (size_t i = 0; i < results.size(); ++i) {
    const TensorType& captured = state.graph.values[size_t(state.graph.outputs[i])].type;
    outputs.push_back(Array::from_result(*state.device, std::move(results[i].storage), program.output_shape(i), captured.dtype, results[i].layout));
  }
  return outputs;
}

int Function::launches() const { return state_ ? state_->variants.front().program->launches() : 0; }

std::string Function::dot() const { return state_ ? graph_to_dot(state_->graph) : std::string(); }

std::string to_dot(const std::vector<Array>& arrays) {
  if (arrays.empty() || !arrays[0]) fail(Status::invalid_argument, "there is no array to draw");
  std::lock_guard lock(arrays[0].device().eval_lock());
  return graph_to_dot(trace_for_drawing(arrays));
}

}  // namespace mlxc
