#include "backend/vulkan/formats.h"

#include <algorithm>
#include <optional>

#include "backend/vulkan/lower.h"

namespace mlxc::vulkan {
namespace {

struct Use {
  int launch, operand;
};

// The 16-bit type that a buffer can be kept in.
std::optional<DType> half_type(const std::vector<LaunchPlan>& launches, const std::vector<Use>& uses, const Capabilities& caps) {
  int producers = 0;
  std::optional<DType> type;
  for (const Use& use : uses) {
    const LaunchPlan& launch = launches[size_t(use.launch)];
    const bool written = use.operand >= int(launch.inputs.size());
    const size_t index = size_t(use.operand) - (written ? launch.inputs.size() : 0);
    const OperandType& operand = written ? launch.outputs[index] : launch.inputs[index];
    if (index != 0 || operand.type.dtype != DType::f32 || launch.places[size_t(use.operand)].offset_bytes != 0) return std::nullopt;
    if (!is_contiguous(operand.type.shape, operand.strides)) return std::nullopt;
    if (written) {
      if (++producers > 1 || launch.primitive->updates() > 0 || !writes_half(launch)) return std::nullopt;
      continue;
    }
    DType wanted;
    if (launch.primitive->code() != OpCode::linear || !reads_half(launch, caps, &wanted) || (type && *type != wanted)) return std::nullopt;
    type = wanted;
  }
  return producers == 1 ? type : std::nullopt;
}

}  // namespace

std::vector<int> store_half(std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, const Capabilities& caps,
                            const std::vector<int>& keep) {
  std::vector<std::vector<Use>> uses(temporary.size());
  for (size_t i = 0; i < launches.size(); ++i) {
    for (size_t operand = 0; operand < launches[i].places.size(); ++operand) {
      const size_t buffer = size_t(launches[i].places[operand].buffer);
      if (buffer < temporary.size() && temporary[buffer]) uses[buffer].push_back({int(i), int(operand)});
    }
  }
  std::vector<int> changed;
  for (size_t buffer = 0; buffer < uses.size(); ++buffer) {
    if (uses[buffer].empty() || std::find(keep.begin(), keep.end(), int(buffer)) != keep.end()) continue;
    const std::optional<DType> type = half_type(launches, uses[buffer], caps);
    if (!type) continue;
    for (const Use& use : uses[buffer]) {
      LaunchPlan& launch = launches[size_t(use.launch)];
      const size_t inputs = launch.inputs.size();
      (size_t(use.operand) < inputs ? launch.inputs[size_t(use.operand)] : launch.outputs[size_t(use.operand) - inputs]).type.dtype = *type;
    }
    changed.push_back(int(buffer));
  }
  return changed;
}

}  // namespace mlxc::vulkan
