#include "backend/vulkan/prefetch.h"

#include <algorithm>

#include "ops/matmul.h"

namespace mlxc::vulkan {
namespace {

constexpr uint32_t kLargeDevice = 80;              // multiprocessors: second-level caches of 40 MB and more
constexpr int64_t kMostBytes = int64_t(32) << 20;  // about what memory gives in the time of a short attention
constexpr int64_t kSector = 32;

// The weights of a linear launch as places: buffer, offset and bytes.
struct Weights {
  OperandPlace place;
  int64_t bytes;
};

std::vector<Weights> next_weights(const LoweredProgram& program, size_t launch) {
  std::vector<Weights> found;
  int64_t left = kMostBytes;
  for (size_t i = launch + 1; i < program.launches.size() && left > 0; ++i) {
    const LaunchPlan& plan = program.launches[i];
    if (plan.primitive->code() == OpCode::paged_attention) break;
    if (plan.primitive->code() != OpCode::linear || !program.reasons[i].empty()) continue;
    for (int w = 0; w < as<Linear>(*plan.primitive).weights && left > 0; ++w) {
      const size_t operand = size_t(1 + w);
      const int64_t bytes = std::min(left, extent_of(plan.inputs[operand]).end);
      found.push_back({plan.places[operand], bytes});
      left -= bytes;
    }
  }
  return found;
}

}  // namespace

void add_prefetches(LoweredProgram& program, const Capabilities& caps) {
  if (caps.software || caps.multiprocessors < kLargeDevice) return;
  std::vector<Dispatch> dispatches;
  int kernel = -1;
  for (Dispatch& dispatch : program.dispatches) {
    const int launch = dispatch.launch;
    const bool decodes = program.kernels[size_t(dispatch.kernel)].module == "attention_decode";
    dispatches.push_back(std::move(dispatch));
    if (!decodes) continue;
    for (const Weights& weights : next_weights(program, size_t(launch))) {
      const int64_t sectors = weights.bytes / kSector;
      if (sectors == 0) continue;
      if (kernel < 0) {
        kernel = int(program.kernels.size());
        program.kernels.push_back({"prefetch", {}});
      }
      const uint32_t groups = uint32_t(std::clamp<int64_t>(sectors / 1024, 1, caps.multiprocessors * 2));
      const Target target{Ref::Kind::operand, weights.place.buffer, weights.place.offset_bytes, weights.place.offset_bytes,
                          weights.place.offset_bytes + weights.bytes, Access::read};
      dispatches.push_back({launch, kernel, {groups, 1, 1}, {target}, {uint32_t(sectors), 0}, {0, double(weights.bytes)}});
    }
  }
  program.dispatches = std::move(dispatches);
}

}  // namespace mlxc::vulkan
