// Where a graph runs when its device leaves that open: estimates from measured costs.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/program.h"

namespace mlxc {

// What work costs on a device, as measured (ops/calibrate.h). Seconds, and counts a second.
struct DeviceCosts {
  double launch = 0;    // any launch, at least
  double bytes = 0;     // elementwise operations
  double flops = 0;     // matrix products
  double step = 0;      // factorizations: each column, seconds,
  double factor = 0;    // and arithmetic
  double transfer = 0;  // a copy from or to the host, at least
  double transfer_bytes = 0;
};
struct Candidate {
  Device* device;
  DeviceCosts costs;
};

// From now on every evaluation on `home` runs on the candidate that is estimated to be done first, copies included; `home` is one of them.
// Its arrays stay arrays of `home`. None: it runs where it was asked to.
void set_placement(Device& home, std::vector<Candidate> candidates);

// Seconds of a graph, with the copies of `moved_bytes` in `moves` copies.
double estimate(const Graph& graph, const DeviceCosts& costs, double moved_bytes, int moves);

struct Placement {
  Device* device;
  std::string reason;  // for profiles; empty: placement is off
};
// constants: so many of the last inputs are moved once and not with every run.
Placement place(const Graph& graph, size_t constants = 0);
// Makes the graph one of the device that was found: what is moved there is row-major.
void move_graph(Graph& graph, const Placement& placement);
std::vector<TensorType> output_types(const Graph& graph);
// Changes with every set_placement: what was decided before it no longer holds.
uint64_t placement_version();

// The same values on another device, through the host.
Array copied_to(Device& device, const Array& array);
// Runs a program of another device: inputs of the home device are copied there, results back.
std::vector<Program::Result> run_away(const Program& program, Device& away, Device& home, const std::vector<Array>& inputs,
                                      const std::vector<TensorType>& outputs, const RunOptions& options);

}  // namespace mlxc
