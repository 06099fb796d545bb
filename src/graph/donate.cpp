#include <algorithm>

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
