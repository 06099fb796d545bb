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
#include "graph/program.h"

namespace mlxc {

struct FunctionState {
  struct Variant {
    std::vector<TensorType> types;
    std::shared_ptr<const Program> program;
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

  const Program& program_for(const std::vector<Array>& inputs) {
    auto matches = [&](const Variant& variant) {
      for (size_t i = 0; i < inputs.size(); ++i)
        if (!(inputs[i].type() == variant.types[i])) return false;
      return true;
    };
    auto found = std::find_if(variants.begin(), variants.end(), matches);
    if (found == variants.end()) {
      Variant variant;
      for (const Array& input : inputs) variant.types.push_back(input.type());
      variant.program = plan_for(variant.types);
      variants.push_front(std::move(variant));
      if (variants.size() > kVariants) variants.pop_back();
    } else {
      variants.splice(variants.begin(), variants, found);
    }
    return *variants.front().program;
  }

  // The program for declared inputs of other types.
  std::shared_ptr<const Program> plan_for(const std::vector<TensorType>& inputs) const {
    std::vector<TensorType> all = inputs;
    for (const Array& constant : constants) all.push_back(constant.type());
    Graph graph = reinfer(this->graph, all);
    for (size_t i = 0; i < constants.size(); ++i)
      graph.values[size_t(graph.inputs[inputs.size() + i])].strides = constants[i].layout().strides;
    return find_program(graph);
  }
};

}  // namespace mlxc
