// What training has kernels of its own for.
#include "backend/vulkan/attention.h"
#include "ops/adam.h"

namespace mlxc::vulkan {

// kernels/adam.comp
void lower_adam(Emitter& emitter) {
  constexpr int64_t kThreads = 256, kEach = 4, kMost = (int64_t{1} << 31) - 4096;
  const LaunchPlan& plan = emitter.plan();
  const auto& op = as<AdamUpdate>(*plan.primitive);
  const int64_t count = element_count(plan.inputs[0].type.shape);
  if (count == 0) return;
  if (count > kMost) no_kernel(plan);
  bool wide = lies_in(plan, 3, 16);
  for (size_t i = 0; i < plan.outputs.size(); ++i) wide = wide && lies_in(plan, plan.inputs.size() + i, 16);
  emitter.dispatch({"adam", {wide}}, emitter.row(divide_up(count, kThreads * kEach)),
                   {update(emitter.output(0)), update(emitter.output(1)), update(emitter.output(2)), read(emitter.input(3)),
                    read(emitter.input(4)), read(emitter.input(5)), read(emitter.input(6))},
                   Words().u(count).f(float(op.beta1)).f(float(1 - op.beta1)).f(float(op.beta2)).f(float(1 - op.beta2)).f(float(op.eps)),
                   {.flops = 40 * double(count), .bytes = 28 * double(count)});
}

}  // namespace mlxc::vulkan
