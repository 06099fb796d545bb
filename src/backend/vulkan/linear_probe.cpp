#include "backend/vulkan/lower_linear.h"

namespace mlxc::vulkan {

FragmentProbe fragment_probe(const Capabilities& caps, bool bf16) {
  FragmentProbe probe;
  probe.kernel.module = bf16 ? "linear_probe.bf16" : "linear_probe.f16";
  probe.kernel.subgroup = caps.subgroup_control ? 32 : 0;
  return probe;
}

// Of each lane: how many elements of A, of B and of the sum it holds, then 8 of each as row * 16 + column. What is expected is the layout
// of NVIDIA's mma.m16n8k16 as cooperative matrices show it: lane 4 g + t has rows g and g + 8 of A and of the sum, and columns g and g + 8
// of B.
bool fragments_match(std::span<const uint32_t> words) {
  constexpr uint32_t kEach = 3 + 3 * 8;
  if (words.size() < 32 * kEach) return false;
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t* found = &words[lane * kEach];
    if (found[0] != 8 || found[1] != 8 || found[2] != 8) return false;
    const uint32_t g = lane / 4, t = lane % 4;
    for (uint32_t e = 0; e < 8; ++e) {
      const uint32_t line = g + e / 4 * 8, k = 2 * t + e % 2 + e / 2 % 2 * 8;
      if (found[3 + e] != line * 16 + k || found[11 + e] != k * 16 + line || found[19 + e] != line * 16 + k) return false;
    }
  }
  return true;
}

}  // namespace mlxc::vulkan
