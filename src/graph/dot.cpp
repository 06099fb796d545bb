#include "graph/dot.h"

#include <unordered_set>

namespace mlxc {
namespace {

std::string label(const TensorType& type) { return cat(name_of(type.dtype), " ", to_string(type.shape)); }

}  // namespace

std::string graph_to_dot(const Graph& graph) {
  std::string text = "digraph mlxc {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  for (int input : graph.inputs)
    text += cat("  v", input, " [shape=ellipse, label=\"input\\n", label(graph.values[size_t(input)].type), "\"];\n");
  for (size_t i = 0; i < graph.operations.size(); ++i) {
    const GraphOperation& operation = graph.operations[i];
    text +=
        cat("  o", i, " [label=\"", operation.primitive->name(), "\\n", label(graph.values[size_t(operation.outputs[0])].type), "\"];\n");
    for (int input : operation.inputs) {
      int producer = graph.values[size_t(input)].operation;
      text += producer < 0 ? cat("  v", input, " -> o", i, ";\n") : cat("  o", producer, " -> o", i, ";\n");
    }
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    int output = graph.outputs[i], producer = graph.values[size_t(output)].operation;
    text += cat("  r", i, " [shape=ellipse, label=\"output ", i, "\"];\n");
    text += producer < 0 ? cat("  v", output, " -> r", i, ";\n") : cat("  o", producer, " -> r", i, ";\n");
  }
  return text + "}\n";
}

Graph trace_for_drawing(const std::vector<Array>& outputs) {
  std::vector<Array> placeholders, stack = outputs;
  std::unordered_set<const Node*> seen;
  while (!stack.empty()) {
    Array array = stack.back();
    stack.pop_back();
    if (!array) fail(Status::invalid_argument, "an array to draw is missing");
    const Node& node = *array.node();
    if (!seen.insert(&node).second || node.evaluated()) continue;
    if (node.is_leaf()) placeholders.push_back(array);
    for (const Array& input : node.inputs()) stack.push_back(input);
  }
  return trace(outputs, placeholders, {}).graph;
}

}  // namespace mlxc
