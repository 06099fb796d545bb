// What a device can do, as far as choices depend on it. Optional features can be switched off one by one (MLXC_VULKAN_DISABLE).
#pragma once

#include <cstdint>
#include <string>

namespace mlxc::vulkan {

struct Capabilities {
  std::string name, driver;  // the hardware's name; the driver's name and version
  uint32_t api_version = 0, vendor = 0, device = 0, driver_version = 0;
  uint8_t driver_uuid[16] = {}, device_uuid[16] = {};
  bool software = false;  // a CPU that plays a GPU
  bool unified = false;   // one memory for host and device

  uint32_t subgroup_size = 0;  // what a pipeline gets by default
  uint32_t min_subgroup = 0, max_subgroup = 0;
  uint32_t most_subgroups = 0;       // of a workgroup whose pipeline asks for their size; 0: any number
  uint32_t subgroup_operations = 0;  // VkSubgroupFeatureFlags
  uint32_t shared_bytes = 0, workgroup_invocations = 0;
  uint32_t max_groups[3] = {}, max_group[3] = {};  // workgroups of a dispatch, invocations of a workgroup: along each axis
  uint32_t multiprocessors = 0;                    // units that run workgroups side by side; an estimate where the driver does not say
  int64_t memory_bytes = 0;                        // of the device-local heap
  uint32_t memory_heap = 0;                        // its number
  uint64_t max_buffer = 0;                         // bytes
  float timestamp_period = 0;                      // nanoseconds a tick; 0 = no timestamps

  // Optional features, by the name that switches each off.
  bool subgroup_control = false;                             // "subgroup_control": a pipeline can ask for a subgroup size
  bool float16 = false;                                      // "float16": arithmetic; storage is part of the floor
  bool float64 = false;                                      // "float64"
  bool int8 = false;                                         // "int8": 8-bit storage and arithmetic
  bool int16 = false;                                        // "int16": arithmetic
  bool int64 = false;                                        // "int64"
  bool integer_dot = false;                                  // "integer_dot"
  bool coopmat_f16 = false;                                  // "coopmat": 16x16x16 at subgroup scope, float32 accumulation
  bool coopmat_bf16 = false;                                 // "bfloat16": the same in bfloat16
  bool coopmat_f16_sums = false, coopmat_bf16_sums = false;  // accumulators of 16 bits too
  bool memory_budget = false;                                // "memory_budget"
  bool memory_model = false;                                 // Vulkan's; not switched off, as it changes no kernel
  bool external_host = false;                                // "external_host"
  uint64_t import_alignment = 0;                             // of host memory that is imported, bytes
  bool device_fault = false;                                 // "device_fault"
  // Whether the elements of a 16x16x16 fragment lie in the lanes as backend/vulkan/linear_probe.cpp expects; probed at start-up.
  bool fragment_layout = false;  // "fragments"
};

}  // namespace mlxc::vulkan
