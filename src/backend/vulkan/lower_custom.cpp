// A caller's GLSL between what declares its operands and nothing: the source is complete from main() up.
#include "backend/vulkan/lower.h"
#include "ops/custom.h"

namespace mlxc::vulkan {
namespace {

// How an element lies in memory. bfloat16 has no type in GLSL: its bits do.
struct Stored {
  const char* type;
  const char* extension;
};
Stored stored(DType dtype) {
  constexpr const char *bits8 = "GL_EXT_shader_8bit_storage", *bits16 = "GL_EXT_shader_16bit_storage",
                       *int64 = "GL_EXT_shader_explicit_arithmetic_types_int64";
  switch (dtype) {
    case DType::boolean:
    case DType::u8: return {"uint8_t", bits8};
    case DType::i8: return {"int8_t", bits8};
    case DType::u16:
    case DType::bf16: return {"uint16_t", bits16};
    case DType::i16: return {"int16_t", bits16};
    case DType::f16: return {"float16_t", bits16};
    case DType::u32: return {"uint", nullptr};
    case DType::i32: return {"int", nullptr};
    case DType::f32: return {"float", nullptr};
    case DType::u64: return {"uint64_t", int64};
    case DType::i64: return {"int64_t", int64};
    case DType::f64: return {"double", nullptr};
  }
  return {"float", nullptr};
}

std::string source_of(const LaunchPlan& plan) {
  const CustomKernel& kernel = *as<Custom>(*plan.primitive).kernel;
  std::string extensions, types, arguments, sizes;
  auto declare = [&](const std::string& name, const OperandType& operand, const char* qualifier) {
    const Stored element = stored(operand.type.dtype);
    const Shape& shape = operand.type.shape;
    if (element_count(shape) > most_elements(size_of(operand.type.dtype)))
      fail(Status::unsupported, "kernel ", kernel.name, ": ", name, " has ", element_count(shape),
           " elements, indices of a custom kernel reach ", most_elements(size_of(operand.type.dtype)));
    if (element.extension) extensions += cat("#extension ", element.extension, " : require\n");
    types += cat("layout(buffer_reference, scalar, buffer_reference_align = ", size_of(operand.type.dtype), ") ", qualifier,
                 " buffer mlxc_", name, " { ", element.type, " at[]; };\n");
    arguments += cat("  mlxc_", name, " ", name, ";\n");
    sizes += cat("const uint ", name, "_size = ", element_count(shape), "u;\nconst int ", name, "_rank = ", shape.rank(), ";\n");
    if (shape.rank() == 0) return;
    sizes += cat("const uint ", name, "_shape[", shape.rank(), "] = uint[](");
    for (int axis = 0; axis < shape.rank(); ++axis) sizes += cat(axis ? ", " : "", shape[axis], "u");
    sizes += ");\n";
  };
  for (size_t i = 0; i < plan.inputs.size(); ++i) declare(kernel.inputs[i], plan.inputs[i], "readonly");
  for (size_t i = 0; i < plan.outputs.size(); ++i) declare(kernel.outputs[i], plan.outputs[i], "");
  return cat(
      "#extension GL_EXT_buffer_reference : require\n#extension GL_EXT_scalar_block_layout : require\n"
      "#extension GL_KHR_shader_subgroup_basic : enable\n#extension GL_KHR_shader_subgroup_arithmetic : enable\n",
      extensions, types, "layout(push_constant, scalar) uniform mlxc_arguments {\n", arguments, "};\n", sizes,
      "layout(local_size_x = ", kernel.group[0], ", local_size_y = ", kernel.group[1], ", local_size_z = ", kernel.group[2],
      ") in;\n#line 1\n", kernel.source, "\n");
}

}  // namespace

Kernel custom_kernel(const LaunchPlan& plan) {
  return {.module = as<Custom>(*plan.primitive).kernel->name, .constants = {}, .subgroup = 0, .source = source_of(plan)};
}

void lower_custom(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const Custom& op = as<Custom>(*plan.primitive);
  const uint32_t* group = op.kernel->group;
  if (int64_t(group[0]) * group[1] * group[2] > emitter.caps().workgroup_invocations)
    fail(Status::unsupported, "kernel ", op.kernel->name, " has workgroups of ", int64_t(group[0]) * group[1] * group[2],
         " invocations, this device runs ", emitter.caps().workgroup_invocations);
  uint32_t groups[3];
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t count = (op.threads[axis] + group[axis] - 1) / group[axis];
    if (count > int64_t(emitter.caps().max_groups[axis]))
      fail(Status::unsupported, "kernel ", op.kernel->name, " needs ", count, " workgroups along an axis, this device runs ",
           emitter.caps().max_groups[axis]);
    groups[axis] = uint32_t(count);
  }
  std::vector<Argument> arguments;
  for (size_t i = 0; i < plan.inputs.size(); ++i) arguments.push_back(read(emitter.input(i)));
  for (size_t i = 0; i < plan.outputs.size(); ++i) arguments.push_back(update(emitter.output(i)));
  emitter.dispatch(custom_kernel(plan), {groups[0], groups[1], groups[2]}, std::move(arguments), Words());
}

}  // namespace mlxc::vulkan
