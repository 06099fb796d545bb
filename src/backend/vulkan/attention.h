// What the lowerings of norms, rotations and attention share.
#pragma once

#include <algorithm>

#include "backend/vulkan/lower.h"

namespace mlxc::vulkan {

// Float types as the kernels number them (kernels/norm_common.glsl).
inline constexpr uint32_t kNoFloat = ~0u;
uint32_t float_type(DType dtype);

// Whether an operand starts at a multiple of so many bytes, given that what is bound does.
bool lies_in(const LaunchPlan& plan, size_t operand, int64_t bytes);
// Whether a stride or count in elements, times their size, is a 32-bit number in the kernels.
bool fits_int(int64_t value);

// Subgroups of one workgroup that every device takes.
inline constexpr uint32_t kMostSubgroups = 32;

// Lanes that share a row: a subgroup of a size asked for, or the whole workgroup (kernels/norm_team.glsl).
struct Team {
  uint32_t threads, lanes, subgroup;
  uint32_t count() const { return threads / lanes; }
};
// units: what one lane takes at a time; rows: how many there are in all.
Team team_of(const Capabilities& caps, int64_t units, int64_t rows);

// A step of single tokens over 16-bit pages; false: the launch is of another kind.
bool lower_decode_attention(Emitter& emitter);
bool takes_decode_attention(const LaunchPlan& plan, const Capabilities& caps);
// Whether that kernel can also do a rope_kv_write before it.
bool joins_rotation(const LaunchPlan& rotation, const LaunchPlan& attention, const Capabilities& caps);

// Whether the kernel of a paged_attention reads queries in 16 bits as well, in the type of the pages: it rounds them anyway.
bool takes_16_bit_queries(const LaunchPlan& attention, const Capabilities& caps);

}  // namespace mlxc::vulkan
