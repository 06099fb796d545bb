// Vulkan's declarations: types only, no prototypes (every function comes from api.h), and the few newer than header version 239.
#pragma once

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#include <cstdint>

namespace mlxc::vulkan {

// VK_KHR_cooperative_matrix. Names of our own, so that newer headers may define theirs.
constexpr const char* kCooperativeMatrixExtension = "VK_KHR_cooperative_matrix";
struct CooperativeMatrixFeatures {
  VkStructureType type = VkStructureType(1000506000);
  void* next = nullptr;
  VkBool32 cooperative_matrix = VK_FALSE, robust_buffer_access = VK_FALSE;
};
enum class ComponentType : uint32_t { f16 = 0, f32 = 1, bf16 = 1000141000 };
constexpr uint32_t kSubgroupScope = 3;
struct CooperativeMatrixProperties {
  VkStructureType type = VkStructureType(1000506001);
  void* next = nullptr;
  uint32_t m = 0, n = 0, k = 0;
  ComponentType a{}, b{}, c{}, result{};
  VkBool32 saturating = VK_FALSE;
  uint32_t scope = 0;
};
using GetCooperativeMatrixProperties = VkResult(VKAPI_PTR*)(VkPhysicalDevice, uint32_t*, CooperativeMatrixProperties*);

// VK_KHR_shader_bfloat16
constexpr const char* kBfloat16Extension = "VK_KHR_shader_bfloat16";
struct Bfloat16Features {
  VkStructureType type = VkStructureType(1000141000);
  void* next = nullptr;
  VkBool32 bfloat16_type = VK_FALSE, dot_product = VK_FALSE, cooperative_matrix = VK_FALSE;
};

}  // namespace mlxc::vulkan
