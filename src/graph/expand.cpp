#include <algorithm>
#include <optional>

#include "graph/graph.h"

namespace mlxc {
namespace {

// The composition of one operation, over placeholders for its inputs.
std::optional<Graph> composition(const Graph& graph, const GraphOperation& operation) {
  Arrays inputs;
  for (int input : operation.inputs) {
    const TensorType& type = graph.values[size_t(input)].type;
    inputs.push_back(Array::placeholder(*graph.device, type.shape, type.dtype));
  }
  const Arrays outputs = operation.primitive->compose(inputs);
  if (outputs.empty()) return {};
  TracedGraph traced = trace(outputs, inputs, {});
  if (traced.graph.inputs.size() != inputs.size())
    fail(Status::internal, operation.primitive->name(), ": its composition reaches arrays beyond its inputs");
  return std::move(traced.graph);
}

void append(Graph& graph, GraphOperation operation) {
  for (int output : operation.outputs) graph.values[size_t(output)].operation = int(graph.operations.size());
  graph.operations.push_back(std::move(operation));
}

// `part` computes the outputs of `whole` from its inputs.
void splice(Graph& graph, const GraphOperation& whole, Graph& part) {
  std::vector<int> value(part.values.size(), -1);
  for (size_t i = 0; i < part.inputs.size(); ++i) value[size_t(part.inputs[i])] = whole.inputs[i];
  for (size_t i = 0; i < part.outputs.size(); ++i) {
    int& at = value[size_t(part.outputs[i])];
    if (at >= 0) fail(Status::internal, whole.primitive->name(), ": two outputs of its composition are one value");
    at = whole.outputs[i];
  }
  for (size_t i = 0; i < value.size(); ++i)
    if (value[i] < 0) {
      value[i] = int(graph.values.size());
      graph.values.push_back({part.values[i].type, -1, {}});
    }
  for (GraphOperation& operation : part.operations) {
    for (int& input : operation.inputs) input = value[size_t(input)];
    for (int& output : operation.outputs) output = value[size_t(output)];
    append(graph, std::move(operation));
  }
}

}  // namespace

Graph expand(const Graph& graph) {
  const auto stays = [&](const GraphOperation& operation) { return graph.device->claims(*operation.primitive); };
  if (std::all_of(graph.operations.begin(), graph.operations.end(), stays)) return graph;
  Graph result = graph;
  result.operations.clear();
  for (const GraphOperation& operation : graph.operations) {
    std::optional<Graph> part = stays(operation) ? std::nullopt : composition(graph, operation);
    if (part)
      splice(result, operation, *part);
    else
      append(result, operation);
  }
  return result;
}

}  // namespace mlxc
