// Measures what work costs on a device: what placement decides by.
#pragma once

#include <string>
#include <vector>

#include "graph/placement.h"

namespace mlxc {

// Takes a second or two; other work on the machine makes the figures larger.
DeviceCosts measure_costs(Device& device);

struct MeasuredDevice {
  std::string name, description;  // as Device says: figures of other hardware or of another driver do not count
  DeviceCosts costs;
};
// A small JSON file.
std::string costs_to_json(const std::vector<MeasuredDevice>& devices);
// Error(format) for anything but what costs_to_json writes: names, every figure finite and within what hardware can be.
std::vector<MeasuredDevice> costs_from_json(const std::string& path);

}  // namespace mlxc
