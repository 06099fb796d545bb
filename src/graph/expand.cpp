#include <algorithm>
#include <optional>
#include <unordered_map>

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

// The expanded graph, grown operation by operation. What several compositions compute alike, as that of a gradient does with that of the
// forward operation, is there once.
class Expansion {
 public:
  explicit Expansion(const Graph& graph) : graph_(graph) { graph_.operations.clear(); }

  void append(GraphOperation operation) {
    for (int output : operation.outputs) graph_.values[size_t(output)].operation = int(graph_.operations.size());
    graph_.operations.push_back(std::move(operation));
  }

  // `part` computes the outputs of `whole` from its inputs.
  void splice(const GraphOperation& whole, const Graph& part) {
    std::vector<int> value(part.values.size(), -1), output(part.values.size(), -1);
    for (size_t i = 0; i < part.inputs.size(); ++i) value[size_t(part.inputs[i])] = whole.inputs[i];
    for (size_t i = 0; i < part.outputs.size(); ++i) {
      int& at = output[size_t(part.outputs[i])];
      if (at >= 0 || value[size_t(part.outputs[i])] >= 0)
        fail(Status::internal, whole.primitive->name(), ": two outputs of its composition are one value");
      at = whole.outputs[i];
    }
    for (const GraphOperation& inside : part.operations) {
      GraphOperation operation{inside.primitive, {}, {}};
      for (int input : inside.inputs) operation.inputs.push_back(value[size_t(input)]);
      const bool ends = std::any_of(inside.outputs.begin(), inside.outputs.end(), [&](int i) { return output[size_t(i)] >= 0; });
      const size_t hash = hash_operation(*operation.primitive, operation.inputs);
      const GraphOperation* same = ends ? nullptr : find(operation, hash);
      for (size_t i = 0; i < inside.outputs.size(); ++i) {
        const size_t at = size_t(inside.outputs[i]);
        if (!same) operation.outputs.push_back(output[at] >= 0 ? output[at] : add_value(part.values[at].type));
        value[at] = same ? same->outputs[i] : operation.outputs.back();
      }
      if (same) continue;
      if (operation.primitive->updates() == 0) known_.emplace(hash, graph_.operations.size());
      append(std::move(operation));
    }
  }

  Graph take() { return std::move(graph_); }

 private:
  int add_value(const TensorType& type) {
    graph_.values.push_back({type, -1, {}});
    return int(graph_.values.size()) - 1;
  }

  const GraphOperation* find(const GraphOperation& operation, size_t hash) const {
    for (auto [it, end] = known_.equal_range(hash); it != end; ++it) {
      const GraphOperation& other = graph_.operations[it->second];
      if (other.inputs == operation.inputs && other.primitive->code() == operation.primitive->code() &&
          other.primitive->equals(*operation.primitive))
        return &other;
    }
    return nullptr;
  }

  Graph graph_;
  std::unordered_multimap<size_t, size_t> known_;  // operations of compositions by their hash
};

}  // namespace

Graph expand(const Graph& graph) {
  const auto stays = [&](const GraphOperation& operation) {
    return graph.device->claims(*operation.primitive, operand_types(graph, operation));
  };
  if (std::all_of(graph.operations.begin(), graph.operations.end(), stays)) return graph;
  Expansion expansion(graph);
  for (const GraphOperation& operation : graph.operations) {
    const std::optional<Graph> part = stays(operation) ? std::nullopt : composition(graph, operation);
    if (part)
      expansion.splice(operation, *part);
    else
      expansion.append(operation);
  }
  return expansion.take();
}

}  // namespace mlxc
