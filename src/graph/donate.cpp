#include <algorithm>
#include <unordered_map>

#include "graph/graph.h"
#include "graph/pass_ops.h"

namespace mlxc {
namespace {

// Whether a value is seen through views of another one.
bool is_view_of(const Graph& graph, int value, int source) {
  for (;;) {
    if (value == source) return true;
    const int producer = graph.values[size_t(value)].operation;
    if (producer < 0 || !graph.operations[size_t(producer)].primitive->is_view()) return false;
    value = graph.operations[size_t(producer)].inputs[0];
  }
}

// The operation with operand `place` as its first one, which its result replaces.
void update_operand(GraphOperation& operation, size_t place) {
  auto updating = std::make_shared<Fused>(as<Fused>(*operation.primitive));
  updating->in_place = true;
  for (FusedStep& step : updating->steps)
    for (int& argument : step.arguments)
      if (argument == 0)
        argument = int(place);
      else if (argument == int(place))
        argument = 0;
  std::swap(operation.inputs[0], operation.inputs[place]);
  operation.primitive = std::move(updating);
}

}  // namespace

void donate_inputs(TracedGraph& traced, const std::vector<NodePtr>& outputs) {
  const std::vector<GraphOperation>& operations = traced.graph.operations;
  const auto updates = [](const GraphOperation& operation) { return operation.primitive->updates() > 0; };
  if (std::none_of(operations.begin(), operations.end(), updates)) return;
  // After a failure the same arrays can be evaluated again.
  if (std::any_of(operations.begin(), operations.end(), [](const GraphOperation& operation) { return operation.primitive->can_fail(); }))
    return;
  // Every node that is part of this evaluation, the ones that need others first.
  struct Holder {
    long inside = 0;  // references from inputs of these nodes
    bool is_output = false;
    bool vanishes = true;  // nobody will ask for its inputs again
  };
  std::unordered_map<const Node*, Holder> holders;
  std::vector<const Node*> order;
  for (const NodePtr& node : outputs) {
    holders[node.get()].is_output = true;
    order.push_back(node.get());
  }
  for (size_t i = 0; i < order.size(); ++i)
    if (!order[i]->evaluated())
      for (const Array& input : order[i]->inputs()) {
        if (holders.find(input.node().get()) == holders.end()) order.push_back(input.node().get());
        ++holders[input.node().get()].inside;
      }
  std::sort(order.begin(), order.end(), [](const Node* a, const Node* b) { return a->number() > b->number(); });
  std::unordered_map<const Node*, std::vector<size_t>> leaves;  // an evaluated node may be several: one an output that is read
  for (size_t i = 0; i < traced.leaves.size(); ++i) leaves[traced.leaves[i].node().get()].push_back(i);
  for (const Node* node : order) {
    Holder& holder = holders.at(node);
    const auto found = leaves.find(node);
    if (found != leaves.end()) {
      for (const size_t i : found->second) {
        const Array& array = traced.leaves[i];
        const bool alone = array.node().use_count() == holder.inside + long(found->second.size()) && array.storage().use_count() == 1;
        if (holder.vanishes && alone && !array.requires_grad() && array.storage()->writable())
          traced.graph.donated.push_back(traced.graph.inputs[i]);
      }
      continue;
    }
    if (node->evaluated()) continue;
    holder.vanishes &= !node->keeps_history();
    for (const Array& input : node->inputs()) {
      Holder& source = holders.at(input.node().get());
      source.vanishes &= holder.vanishes && (source.is_output || input.node()->evaluated() || input.node().use_count() == source.inside);
    }
  }
  std::sort(traced.graph.donated.begin(), traced.graph.donated.end());
}

void donate_states(Graph& graph) {
  for (const StatePair& state : graph.states) {
    const int old_value = graph.inputs[size_t(state.input)], new_value = graph.outputs[size_t(state.output)];
    const int producer = graph.values[size_t(new_value)].operation;
    if (producer < 0 || !(graph.values[size_t(old_value)].type == graph.values[size_t(new_value)].type)) continue;
    GraphOperation& operation = graph.operations[size_t(producer)];
    if (operation.primitive->code() != OpCode::fused || as<Fused>(*operation.primitive).in_place) continue;
    const auto views =
        std::count_if(operation.inputs.begin(), operation.inputs.end(), [&](int input) { return is_view_of(graph, input, old_value); });
    const auto found = std::find(operation.inputs.begin(), operation.inputs.end(), old_value);
    if (views == 1 && found != operation.inputs.end()) update_operand(operation, size_t(found - operation.inputs.begin()));
  }
}

}  // namespace mlxc
