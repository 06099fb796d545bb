// The SPIR-V modules of kernels/, embedded by the build.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace mlxc::vulkan {

struct Module {
  std::string_view name;  // file.variant, or the file's name where it has no variants
  std::span<const uint32_t> words;
};

// nullptr if there is none of this name.
const Module* find_module(std::string_view name);
std::span<const Module> modules();  // sorted by name

}  // namespace mlxc::vulkan
