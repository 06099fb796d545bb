#include <algorithm>

#include "graph/pattern.h"

namespace mlxc {

GraphIndex::GraphIndex(const Graph& graph) : graph_(graph), consumers_(graph.values.size()) {
  for (size_t i = 0; i < graph.operations.size(); ++i)
    for (int input : graph.operations[i].inputs) consumers_[size_t(input)].push_back(int(i));
  for (int output : graph.outputs) consumers_[size_t(output)].push_back(-1);
}

int GraphIndex::only_consumer(int value) const {
  const std::vector<int>& all = consumers_[size_t(value)];
  return all.size() == 1 ? all[0] : -1;
}

class Rewriter {
 public:
  explicit Rewriter(const Graph& graph) : graph_(graph), index_(graph_), removed_(graph.operations.size()) {}

  Graph run(std::span<const Pattern* const> patterns) {
    for (const Pattern* pattern : patterns)
      for (int i = 0; i < int(graph_.operations.size()); ++i)
        if (!removed_[size_t(i)])
          if (std::optional<Rewrite> rewrite = pattern->match(index_, i)) apply(std::move(*rewrite));
    return compact();
  }

 private:
  // The new operation stands where the first of the removed ones stood if all inputs exist there, else where the last one did. What reads
  // its outputs must come later.
  void apply(Rewrite rewrite) {
    const auto [first, last] = std::minmax_element(rewrite.removed.begin(), rewrite.removed.end());
    const auto exists = [&, at = *first](int input) { return graph_.values[size_t(input)].operation < at; };
    const int place = std::all_of(rewrite.operation.inputs.begin(), rewrite.operation.inputs.end(), exists) ? *first : *last;
    for (int output : rewrite.operation.outputs)
      for (int consumer : index_.consumers_[size_t(output)])
        if (consumer >= 0 && consumer < place &&
            std::find(rewrite.removed.begin(), rewrite.removed.end(), consumer) == rewrite.removed.end())
          return;
    for (int removed : rewrite.removed) {
      for (int input : graph_.operations[size_t(removed)].inputs) std::erase(index_.consumers_[size_t(input)], removed);
      removed_[size_t(removed)] = true;
    }
    for (int input : rewrite.operation.inputs) index_.consumers_[size_t(input)].push_back(place);
    for (int output : rewrite.operation.outputs) graph_.values[size_t(output)].operation = place;
    graph_.operations[size_t(place)] = std::move(rewrite.operation);
    removed_[size_t(place)] = false;
  }

  Graph compact() {
    std::vector<GraphOperation> kept;
    for (size_t i = 0; i < graph_.operations.size(); ++i) {
      if (removed_[i]) continue;
      for (int output : graph_.operations[i].outputs) graph_.values[size_t(output)].operation = int(kept.size());
      kept.push_back(std::move(graph_.operations[i]));
    }
    graph_.operations = std::move(kept);
    return std::move(graph_);
  }

  Graph graph_;
  GraphIndex index_;
  std::vector<bool> removed_;
};

Graph rewrite(const Graph& graph, std::span<const Pattern* const> patterns) {
  return patterns.empty() ? graph : Rewriter(graph).run(patterns);
}

}  // namespace mlxc
