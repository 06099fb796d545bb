#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph/graph.h"

namespace mlxc {

size_t hash_operation(const Primitive& primitive, const std::vector<int>& inputs) {
  size_t seed = primitive.hash();
  for (int input : inputs) hash_combine(seed, size_t(input));
  return seed;
}

namespace {

class Tracer {
 public:
  TracedGraph run(const std::vector<Array>& outputs, const std::vector<Array>& inputs, std::vector<StatePair> states) {
    for (const Array& input : inputs) add_leaf(input);
    for (const Array& output : outputs) visit(output);
    // In the order in which they were built: a gradient's parts follow each other as soon as they can, which keeps few values alive.
    std::sort(nodes_.begin(), nodes_.end(), [](const NodePtr& a, const NodePtr& b) { return a->number() < b->number(); });
    for (const NodePtr& node : nodes_) add_operation(node);
    for (const Array& output : outputs) graph_.outputs.push_back(value_of(output));
    graph_.states = std::move(states);
    return {std::move(graph_), std::move(leaves_)};
  }

 private:
  int value_of(const Array& array) const { return values_.at(array); }

  void use_device(const Array& array) {
    if (!graph_.device) graph_.device = &array.device();
    if (graph_.device != &array.device())
      fail(Status::invalid_argument, "arrays of devices ", graph_.device->name(), " and ", array.device().name(),
           " cannot be in one graph");
  }

  void add_leaf(const Array& array) {
    use_device(array);
    if (!values_.emplace(array, int(graph_.values.size())).second) fail(Status::invalid_argument, "an array is given as input twice");
    graph_.inputs.push_back(int(graph_.values.size()));
    graph_.values.push_back({array.type(), -1, array.evaluated() ? array.layout().strides : contiguous_strides(array.shape())});
    leaves_.push_back(array);
  }

  // Collects leaves and operations, without recursion: a chain of a million operations is an ordinary graph.
  void visit(const Array& root) {
    Arrays open{root};
    while (!open.empty()) {
      const Array array = std::move(open.back());
      open.pop_back();
      const Node& node = *array.node();
      if (values_.count(array)) continue;
      if (node.evaluated()) {
        add_leaf(array);
      } else if (node.is_leaf()) {
        fail(Status::invalid_argument, "the outputs depend on a placeholder of shape ", to_string(array.shape()), " that is not an input");
      } else if (seen_.insert(&node).second) {
        nodes_.push_back(array.node());
        open.insert(open.end(), node.inputs().rbegin(), node.inputs().rend());
      }
    }
  }

  void add_operation(const NodePtr& pointer) {
    const Node& node = *pointer;
    std::vector<int> inputs;
    for (const Array& input : node.inputs()) inputs.push_back(value_of(input));
    if (node.primitive().is_mark()) {
      for (uint32_t i = 0; i < node.outputs().size(); ++i) values_.emplace(Array(pointer, i), inputs[i]);
      return;
    }
    size_t hash = hash_operation(node.primitive(), inputs);
    int found = -1;
    for (auto [it, end] = known_.equal_range(hash); it != end; ++it) {
      const GraphOperation& other = graph_.operations[size_t(it->second)];
      if (other.inputs == inputs && other.primitive->code() == node.primitive().code() && other.primitive->equals(node.primitive()))
        found = it->second;
    }
    if (found < 0) {
      found = int(graph_.operations.size());
      GraphOperation operation{node.primitive_ptr(), std::move(inputs), {}};
      for (const Node::Output& output : node.outputs()) {
        operation.outputs.push_back(int(graph_.values.size()));
        graph_.values.push_back({output.type, found, {}});
      }
      if (!graph_.device) graph_.device = &node.device();
      graph_.operations.push_back(std::move(operation));
      known_.emplace(hash, found);
    }
    for (uint32_t i = 0; i < node.outputs().size(); ++i) values_.emplace(Array(pointer, i), graph_.operations[size_t(found)].outputs[i]);
  }

  Graph graph_;
  std::vector<Array> leaves_;
  std::unordered_map<Array, int, ArrayHash> values_;
  std::vector<NodePtr> nodes_;
  std::unordered_set<const Node*> seen_;
  std::unordered_multimap<size_t, int> known_;
};

}  // namespace

TracedGraph trace(const std::vector<Array>& outputs, const std::vector<Array>& inputs, std::vector<StatePair> states) {
  return Tracer().run(outputs, inputs, std::move(states));
}

namespace {

bool stretches(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  for (int i = 0; i < from.rank(); ++i)
    if (int64_t dim = from[from.rank() - 1 - i]; dim != 1 && dim != to[to.rank() - 1 - i]) return false;
  return true;
}

// Fits the operands that are stretched for this operation, and for no other reason, to what all operands give together now.
void stretch_operands(const Graph& captured, Graph& graph, const GraphOperation& operation, std::vector<bool>& anew) {
  auto stretch_of = [&](int value) {
    const int producer = graph.values[size_t(value)].operation;
    return producer >= 0 && graph.operations[size_t(producer)].primitive->stretched_to(Shape()) ? &graph.operations[size_t(producer)]
                                                                                                : nullptr;
  };
  Shape before, joint;
  for (int input : operation.inputs) {
    const GraphOperation* stretch = stretch_of(input);
    const size_t source = size_t(stretch ? stretch->inputs[0] : input);
    before = broadcast_shapes(before, captured.values[source].type.shape);
    joint = broadcast_shapes(joint, graph.values[source].type.shape);
  }
  if (!(before == captured.values[size_t(operation.inputs[0])].type.shape)) return;  // the caller asked for more
  for (int input : operation.inputs) {
    GraphOperation* stretch = stretch_of(input);
    if (!stretch || anew[size_t(input)]) continue;
    stretch->primitive = stretch->primitive->stretched_to(joint);
    graph.values[size_t(input)].type.shape = joint;
    anew[size_t(input)] = true;
  }
}

}  // namespace

std::vector<TensorType> operand_types(const Graph& graph, const GraphOperation& operation) {
  std::vector<TensorType> types;
  for (int input : operation.inputs) types.push_back(graph.values[size_t(input)].type);
  return types;
}

Graph reinfer(const Graph& graph, const std::vector<TensorType>& input_types) {
  Graph result = graph;
  for (size_t i = 0; i < input_types.size(); ++i) {
    GraphValue& value = result.values[size_t(graph.inputs[i])];
    value.type = input_types[i];
    value.strides = contiguous_strides(value.type.shape);
  }
  std::vector<bool> anew(result.values.size());
  for (GraphOperation& operation : result.operations) {
    // What does not fit its captured shape any more waits for the operation that it was stretched for.
    const GraphValue& source = result.values[size_t(operation.inputs.empty() ? operation.outputs[0] : operation.inputs[0])];
    GraphValue& stretched = result.values[size_t(operation.outputs[0])];
    if (operation.primitive->stretched_to(Shape()) && !stretches(source.type.shape, stretched.type.shape)) continue;
    if (operation.primitive->is_elementwise()) stretch_operands(graph, result, operation, anew);
    const std::vector<TensorType> outputs = operation.primitive->infer(operand_types(result, operation));
    for (size_t i = 0; i < outputs.size(); ++i) result.values[size_t(operation.outputs[i])].type = outputs[i];
  }
  // One that nothing fitted anew says so itself.
  for (const GraphOperation& operation : result.operations)
    if (operation.primitive->stretched_to(Shape()))
      operation.primitive->infer(std::vector{result.values[size_t(operation.inputs[0])].type});
  return result;
}

size_t Graph::hash() const {
  size_t seed = size_t(device->id());
  for (const GraphOperation& operation : operations) hash_combine(seed, hash_operation(*operation.primitive, operation.inputs));
  for (int input : inputs) {
    hash_combine(seed, hash_of(values[size_t(input)].type.shape));
    hash_combine(seed, hash_of(values[size_t(input)].type.dtype));
  }
  for (int output : outputs) hash_combine(seed, size_t(output));
  for (int input : donated) hash_combine(seed, size_t(input));
  return seed;
}

bool Graph::same_structure(const Graph& other) const {
  if (device->id() != other.device->id() || inputs != other.inputs || outputs != other.outputs ||
      operations.size() != other.operations.size() || values.size() != other.values.size() || states != other.states ||
      host_outputs != other.host_outputs || donated != other.donated || reason != other.reason)
    return false;
  for (int input : inputs) {
    const GraphValue &a = values[size_t(input)], &b = other.values[size_t(input)];
    if (!(a.type == b.type) || !(a.strides == b.strides)) return false;
  }
  for (size_t i = 0; i < operations.size(); ++i) {
    const GraphOperation &a = operations[i], &b = other.operations[i];
    if (a.inputs != b.inputs || a.primitive->code() != b.primitive->code() || !a.primitive->equals(*b.primitive)) return false;
  }
  return true;
}

}  // namespace mlxc
