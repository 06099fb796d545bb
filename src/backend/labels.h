// What profiles say of a launch.
#pragma once

#include <algorithm>
#include <string>

#include "backend/backend.h"
#include "base/error.h"

namespace mlxc {

// bytes: of the operands, each once, as far as they are seen.
inline ProfileLabel label_of(const LaunchPlan& launch, std::string kernel, std::string device, std::string reason = {}) {
  ProfileLabel label;
  label.operation = launch.primitive->name();
  label.kernel = std::move(kernel);
  label.device = std::move(device);
  label.reason = std::move(reason);
  const std::vector<std::string_view> parts = launch.primitive->parts();
  label.operations = int64_t(parts.size());
  for (std::string_view part : parts) label.holds += cat(label.holds.empty() ? "" : " ", part);
  std::vector<TensorType> types[2];
  for (const std::vector<OperandType>* operands : {&launch.inputs, &launch.outputs}) {
    for (const OperandType& operand : *operands) {
      types[operands == &launch.outputs].push_back(operand.type);
      int64_t elements = 1;
      for (int axis = 0; axis < operand.type.shape.rank(); ++axis)
        if (operand.strides[axis] != 0 || operand.type.shape[axis] == 0) elements *= operand.type.shape[axis];
      label.bytes += double(elements * size_of(operand.type.dtype));
    }
  }
  if (!launch.outputs.empty()) label.shape = cat(name_of(launch.outputs[0].type.dtype), to_string(launch.outputs[0].type.shape));
  label.flops = launch.primitive->work(types[0], types[1]);
  return label;
}

// The launch does another one before it as well.
inline void join(const ProfileLabel& before, ProfileLabel& label) {
  label.holds = cat(before.holds, " ", label.holds);
  label.operations += before.operations;
}

}  // namespace mlxc
