// Patterns: groups of operations that a device has one kernel for. A device lists those it claims (Device::patterns).
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace mlxc {

// A graph with the questions that patterns ask of it.
class GraphIndex {
 public:
  explicit GraphIndex(const Graph& graph);

  const Graph& graph() const { return graph_; }
  const GraphOperation& operation(int index) const { return graph_.operations[size_t(index)]; }
  const TensorType& type(int value) const { return graph_.values[size_t(value)].type; }
  // The operation behind a value, -1 for inputs.
  int producer(int value) const { return graph_.values[size_t(value)].operation; }
  // The operation that alone needs a value, -1 when there are several or the value is an output of the graph.
  int only_consumer(int value) const;
  // The operations that need a value; -1 for outputs of the graph.
  const std::vector<int>& consumers(int value) const { return consumers_[size_t(value)]; }
  // The producer if it has this code and nobody else needs the value, else null.
  template <class Op>
  const Op* alone(int value) const {
    const int from = producer(value);
    if (from < 0 || only_consumer(value) < 0 || operation(from).primitive->code() != Op::kCode) return nullptr;
    return static_cast<const Op*>(operation(from).primitive.get());
  }

 private:
  friend class Rewriter;
  const Graph& graph_;
  std::vector<std::vector<int>> consumers_;  // of each value; -1: the outside
};

// `operation` takes the place of the `removed` ones. Its outputs are values of the graph that those produced.
struct Rewrite {
  std::vector<int> removed;
  GraphOperation operation;
};

class Pattern {
 public:
  virtual ~Pattern() = default;
  // The rewrite of the group that ends in `operation`, if there is one.
  virtual std::optional<Rewrite> match(const GraphIndex& graph, int operation) const = 0;
};

}  // namespace mlxc
