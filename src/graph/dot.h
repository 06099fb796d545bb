// Drawing a graph in Graphviz' DOT language.
#pragma once

#include <string>

#include "graph/graph.h"

namespace mlxc {

std::string graph_to_dot(const Graph& graph);
// Like trace, but placeholders are drawn as inputs instead of being refused.
Graph trace_for_drawing(const std::vector<Array>& outputs);

}  // namespace mlxc
