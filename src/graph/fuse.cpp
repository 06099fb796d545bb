#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "graph/graph.h"
#include "graph/pass_ops.h"

namespace mlxc {
namespace {

class Fuser {
 public:
  Fuser(const Graph& graph, Device::FusionLimits limits) : graph_(graph), limits_(limits), absorbed_(graph.operations.size()) {
    limits_.steps = std::max(limits_.steps, 1);
    limits_.inputs = std::max(limits_.inputs, 3);
    consumers_.resize(graph.values.size());
    for (size_t i = 0; i < graph.operations.size(); ++i)
      for (int input : graph.operations[i].inputs) consumers_[size_t(input)].push_back(int(i));
    for (int output : graph.outputs) consumers_[size_t(output)].push_back(-1);
  }

  Graph run() {
    std::vector<std::optional<GraphOperation>> rewritten(graph_.operations.size());
    for (int i = int(graph_.operations.size()) - 1; i >= 0; --i) {
      if (absorbed_[size_t(i)]) continue;
      rewritten[size_t(i)] = operation(i).primitive->is_elementwise() ? fuse_into(i) : operation(i);
    }
    return compact(rewritten);
  }

 private:
  const GraphOperation& operation(int index) const { return graph_.operations[size_t(index)]; }
  const GraphValue& value(int index) const { return graph_.values[size_t(index)]; }

  // The value of a fill that reaches here directly or through other shapes of it.
  const double* constant(int index) const {
    int producer = value(index).operation;
    auto is = [&](OpCode code) { return operation(producer).primitive->code() == code; };
    while (producer >= 0 && (is(OpCode::broadcast) || is(OpCode::reshape) || is(OpCode::transpose)))
      producer = value(operation(producer).inputs[0]).operation;
    return producer < 0 ? nullptr : operation(producer).primitive->constant();
  }

  size_t count_inputs(const std::set<int>& group) const {
    std::set<int> outside;
    for (int member : group)
      for (int input : operation(member).inputs)
        if (!group.count(value(input).operation) && !constant(input)) outside.insert(input);
    return outside.size();
  }

  // Takes in producers whose every consumer is in the group already, so that nothing is computed twice or stored for others.
  GraphOperation fuse_into(int root) {
    std::set<int> group{root};
    const Shape& shape = value(operation(root).outputs[0]).type.shape;
    for (bool grown = true; grown && int(group.size()) < limits_.steps;) {
      grown = false;
      for (auto member = group.rbegin(); member != group.rend() && !grown; ++member) {
        for (int input : operation(*member).inputs) {
          int producer = value(input).operation;
          if (producer < 0 || group.count(producer) || !operation(producer).primitive->is_elementwise() ||
              !(value(input).type.shape == shape))
            continue;
          const std::vector<int>& users = consumers_[size_t(input)];
          if (!std::all_of(users.begin(), users.end(), [&](int user) { return group.count(user) > 0; })) continue;
          group.insert(producer);
          if (count_inputs(group) <= size_t(limits_.inputs)) {
            grown = true;
            break;
          }
          group.erase(producer);
        }
      }
    }
    std::map<int, int> operand;  // value -> operand of the fused operation
    GraphOperation fused;
    for (int member : group)
      for (int input : operation(member).inputs)
        if (!group.count(value(input).operation) && !constant(input) && operand.emplace(input, int(fused.inputs.size())).second)
          fused.inputs.push_back(input);
    int inputs = int(fused.inputs.size());
    std::vector<FusedStep> steps;
    for (int member : group) {  // ascending, hence topological
      FusedStep step{operation(member).primitive, {-1, -1, -1}, value(operation(member).outputs[0]).type.dtype, 0};
      for (size_t i = 0; i < operation(member).inputs.size(); ++i) {
        int input = operation(member).inputs[i];
        if (!operand.count(input)) {  // a constant: everything else is an input or an earlier step
          operand[input] = inputs + int(steps.size());
          steps.push_back({nullptr, {-1, -1, -1}, value(input).type.dtype, *constant(input)});
        }
        step.arguments[i] = operand[input];
      }
      operand[operation(member).outputs[0]] = inputs + int(steps.size());
      steps.push_back(std::move(step));
      if (member != root) absorbed_[size_t(member)] = true;
    }
    fused.primitive = std::make_shared<const Fused>(inputs, std::move(steps), shape);
    fused.outputs = operation(root).outputs;
    return fused;
  }

  // Drops operations that nothing needs any more and renumbers.
  Graph compact(std::vector<std::optional<GraphOperation>>& rewritten) const {
    std::vector<bool> needed(graph_.values.size());
    for (int output : graph_.outputs) needed[size_t(output)] = true;
    for (size_t i = rewritten.size(); i-- > 0;) {
      if (!rewritten[i]) continue;
      const std::vector<int>& outputs = rewritten[i]->outputs;
      if (std::none_of(outputs.begin(), outputs.end(), [&](int output) { return needed[size_t(output)]; }))
        rewritten[i].reset();
      else
        for (int input : rewritten[i]->inputs) needed[size_t(input)] = true;
    }
    Graph result = graph_;
    result.operations.clear();
    for (std::optional<GraphOperation>& operation : rewritten) {
      if (!operation) continue;
      for (int output : operation->outputs) result.values[size_t(output)].operation = int(result.operations.size());
      result.operations.push_back(std::move(*operation));
    }
    return result;
  }

  const Graph& graph_;
  Device::FusionLimits limits_;
  std::vector<bool> absorbed_;
  std::vector<std::vector<int>> consumers_;
};

}  // namespace

Graph fuse(const Graph& graph, Device::FusionLimits limits) { return Fuser(graph, limits).run(); }

}  // namespace mlxc
