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

// The includes of kernels/, for GLSL that is compiled in process.
struct IncludeText {
  std::string_view name, text;
};
const IncludeText* find_include(std::string_view name);

// Changes when any kernel does.
uint64_t modules_checksum();

namespace embedded {  // what kernels/build.py writes
extern const uint32_t kChecksum;
const std::span<const Module> modules();
const std::span<const IncludeText> include_texts();
}  // namespace embedded

}  // namespace mlxc::vulkan
