// The graph between inputs and outputs as plain lists: what the passes work on and what the program cache compares.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "graph/array.h"
#include "graph/function.h"

namespace mlxc {

struct GraphValue {
  TensorType type;
  int operation = -1;  // that produces it; -1: an input
  Strides strides;     // inputs only: how the data will lie
};

struct GraphOperation {
  PrimitivePtr primitive;
  std::vector<int> inputs, outputs;  // values
};

struct Graph {
  Device* device = nullptr;
  std::vector<GraphValue> values;
  std::vector<GraphOperation> operations;  // in topological order
  std::vector<int> inputs, outputs;        // values
  std::vector<StatePair> states;           // indices into inputs and outputs
  int host_outputs = 0;                    // this many first outputs lie where the host reads them
  std::string reason;                      // why the device, for profiles; empty: it was asked for
  std::vector<int> donated;                // inputs (values) that nobody sees after the run: an update may take over their memory

  size_t hash() const;
  bool same_structure(const Graph& other) const;
};

std::vector<TensorType> operand_types(const Graph& graph, const GraphOperation& operation);  // of its inputs

struct TracedGraph {
  Graph graph;
  std::vector<Array> leaves;  // behind graph.inputs: the declared inputs, then what else the outputs reach
};

// Collects what the outputs need (the rest is dead code), merging equal operations on equal inputs (CSE).
// Traversal stops at evaluated arrays and at `inputs`. A placeholder that is not among `inputs` is Error(invalid_argument).
TracedGraph trace(const std::vector<Array>& outputs, const std::vector<Array>& inputs, std::vector<StatePair> states);

// Marks the inputs that only the traced operations hold, when these drop what they were computed from as soon as `outputs` (whole nodes)
// have their data. None where an operation can fail. The caller holds the device's eval lock.
void donate_inputs(TracedGraph& traced, const std::vector<NodePtr>& outputs);

// The same operations for inputs of other types. Operands that were broadcast for an elementwise operation are broadcast to what all of its
// operands give together now. Throws what the operations' shape rules throw.
Graph reinfer(const Graph& graph, const std::vector<TensorType>& input_types);

// Of what an operation computes from which values.
size_t hash_operation(const Primitive& primitive, const std::vector<int>& inputs);

// Operations that the device does not claim (Device::claims) become what they are composed of, where they are.
Graph expand(const Graph& graph);

// Groups of operations that the patterns match become one operation each. Patterns are tried in their order, each over the whole graph.
Graph rewrite(const Graph& graph, std::span<const Pattern* const> patterns);

// Elementwise operations become `fused` ones, as long as the limits allow. Dead operations go.
Graph fuse(const Graph& graph, Device::FusionLimits limits);

// New values of states that one fused operation makes of the old values are written where those lie.
void donate_states(Graph& graph);

// Puts every reader of an updated value before the update that overwrites it, and on devices that do launches side by side what can run
// together next to each other. Not where an old value is needed after its update: the graph stays as it is, and the answer is false.
bool order(Graph& graph);

}  // namespace mlxc
