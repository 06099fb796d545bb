// What a captured function keeps. For function.cpp and rows.cpp only.
#pragma once

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "graph/function.h"
#include "graph/placement.h"
#include "graph/program.h"

namespace mlxc {

struct FunctionState {
  struct Variant {
    std::vector<TensorType> types;
    std::shared_ptr<const Program> program;
    uint64_t placement = 0;  // placement_version() when it was decided
    Device* device = nullptr;
    std::vector<Array> constants;  // on that device
    std::vector<TensorType> outputs;
  };
  static constexpr size_t kVariants = 16;

  Device* device = nullptr;
  Graph graph;
  std::vector<TensorType> types;  // of the declared inputs, as captured
  std::vector<Array> constants;
  std::mutex mutex;
  std::list<Variant> variants;  // most recently used first

  // Programs of run_rows by their number of rows, a few dozen at most, and how many rows a piece has.
  std::map<int64_t, std::shared_ptr<const Program>> row_programs;
  std::atomic<int64_t> piece_rows{0};

  const Variant& variant_for(const std::vector<Array>& inputs) {
    const uint64_t version = placement_version();
    auto matches = [&](const Variant& variant) {
      if (variant.placement != version || (variant.device != device && variant.device->lost())) return false;
      for (size_t i = 0; i < inputs.size(); ++i)
        if (!(inputs[i].type() == variant.types[i])) return false;
      return true;
    };
    auto found = std::find_if(variants.begin(), variants.end(), matches);
    if (found == variants.end()) {
      Variant variant;
      for (const Array& input : inputs) variant.types.push_back(input.type());
      Graph graph = graph_for(variant.types);
      const Placement placement = place(graph, constants.size());
      move_graph(graph, placement);
      variant.program = find_program(graph);
      variant.placement = version;
      variant.device = placement.device;
      variant.outputs = output_types(graph);
      for (const Array& constant : constants)
        variant.constants.push_back(variant.device == device ? constant : copied_to(*variant.device, constant));
      variants.push_front(std::move(variant));
      if (variants.size() > kVariants) variants.pop_back();
    } else {
      variants.splice(variants.begin(), variants, found);
    }
    return variants.front();
  }

  // The graph for declared inputs of other types.
  Graph graph_for(const std::vector<TensorType>& inputs) const {
    std::vector<TensorType> all = inputs;
    for (const Array& constant : constants) all.push_back(constant.type());
    Graph graph = reinfer(this->graph, all);
    for (size_t i = 0; i < constants.size(); ++i)
      graph.values[size_t(graph.inputs[inputs.size() + i])].strides = constants[i].layout().strides;
    return graph;
  }
};

struct PreparedState {
  std::shared_ptr<FunctionState> function;
  std::shared_ptr<const Program> program;
  Device* device = nullptr;        // where it runs
  std::vector<Array> inputs;       // with the constants
  std::vector<TensorType> away;    // of the outputs, when that is not the function's device
  Program::Bound bound;            // when it is
  size_t wanted = Function::kAll;  // outputs
  std::vector<Array> outputs;

  void give(const std::vector<Program::Result>& results);
};

}  // namespace mlxc
