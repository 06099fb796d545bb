#include <utility>

#include "backend/vulkan/lower.h"
#include "ops/reduce.h"

namespace mlxc::vulkan {

void lower_top_k(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const int64_t k = as<TopK>(*plan.primitive).k, width = plan.inputs[0].type.shape.back();
  const int64_t rows = element_count(plan.inputs[0].type.shape) / width;
  const bool sort = k > 1;
  constexpr int64_t entries = 1024;  // of a workgroup, as kernels/topk.comp has them
  // Each pass must shrink what is left; larger rows or more of them run on the CPU.
  if (k > entries / 4 || width > int64_t{1} << 30 || rows > emitter.caps().max_groups[1] || rows * width > most_elements(4))
    no_kernel(plan);

  Ref values = emitter.input(0), indices = values;  // of no meaning in the first pass
  for (int64_t left = width;;) {
    const int64_t groups = (left + entries - 1) / entries, kept = groups * k;
    const bool last = groups == 1;
    const Ref out_values = last ? emitter.output(0) : emitter.scratch(rows * kept * 4);
    const Ref out_indices = last ? emitter.output(1) : emitter.scratch(rows * kept * 4);
    emitter.dispatch({sort ? "topk.sort" : "topk.scan", {values.kind == Ref::Kind::operand}}, {uint32_t(groups), uint32_t(rows), 1},
                     {read(values), read(indices), write(out_values), write(out_indices)}, Words().u(left).u(k),
                     {.bytes = double(rows * left * 4)});
    if (last) return;
    values = out_values;
    indices = out_indices;
    left = kept;
  }
}

}  // namespace mlxc::vulkan
