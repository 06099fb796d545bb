#include "mlxc/kernel.h"

#include "capi/array_arguments.h"

namespace mlxc::capi {
namespace {

constexpr int64_t kMostNames = 1024;

std::vector<std::string> names_of(const char* const* names, int64_t count, const char* what) {
  std::vector<std::string> result;
  for (const char* name : list_of(names, count, what, kMostNames)) result.emplace_back(require(name, what));
  return result;
}

LaunchPlan launch_of(const Array& result) {
  LaunchPlan launch;
  launch.primitive = result.node()->primitive_ptr();
  for (const Array& input : result.node()->inputs()) launch.inputs.push_back({input.type(), contiguous_strides(input.shape())});
  for (const Node::Output& output : result.node()->outputs())
    launch.outputs.push_back({output.type, contiguous_strides(output.type.shape)});
  return launch;
}

}  // namespace

extern "C" {

mlxc_status mlxc_kernel_new(mlxc_kernel** out, mlxc_device* device, const char* name, const char* source, size_t source_bytes,
                            const char* const* inputs, int64_t input_count, const char* const* outputs, int64_t output_count,
                            const mlxc_kernel_options* options, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    Device& on = device_of(device);
    const mlxc_kernel_options given = read_options(options, mlxc_kernel_options MLXC_KERNEL_OPTIONS_INIT, "options");
    auto kernel = std::make_shared<CustomKernel>();
    kernel->name = require(name, "name");
    kernel->source = text_of(source, source_bytes, "source");
    kernel->inputs = names_of(inputs, input_count, "inputs");
    kernel->outputs = names_of(outputs, output_count, "outputs");
    kernel->group[0] = given.group_x;
    kernel->group[1] = given.group_y;
    kernel->group[2] = given.group_z;
    check(*kernel);
    if (!on.runs_source())
      fail(Status::unsupported, "device \"", on.name(), "\" runs no kernels from source, as ", kernel->name, " is; Vulkan devices do");
    *out = put<mlxc_kernel>(std::make_shared<const KernelObject>(KernelObject{&on, std::move(kernel)}));
  });
}

mlxc_status mlxc_kernel_apply(mlxc_array** results, mlxc_kernel* kernel, mlxc_array* const* inputs, int64_t input_count,
                              const mlxc_array_type* types, int64_t output_count, const int64_t* threads, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(results, output_count);
    auto object = get(kernel);
    std::vector<TensorType> wanted;
    for (const mlxc_array_type& type : list_of(types, output_count, "types", kMostNames))
      wanted.push_back({checked_shape(type.shape, type.rank), dtype_of(type.dtype)});
    const std::span<const int64_t> counts = list_of(threads, 3, "threads");
    const Arrays made = custom(*object->device, object->kernel, arrays_of(inputs, input_count, "inputs"), wanted, Dims(counts));
    object->device->compile_source(launch_of(made[0]));
    put_list(results, output_count, made);
  });
}

void mlxc_kernel_free(mlxc_kernel* kernel) { take(kernel); }

}  // extern "C"
}  // namespace mlxc::capi
