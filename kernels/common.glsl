// What every kernel includes: extensions of the floor, typed references to memory, and sums over a workgroup.
//
// Arguments come by address in push constants. A reference type names what lies there; `row_of` moves a reference by a 64-bit distance, so
// that buffers of more than 4 GiB work without 64-bit integers in the shader.
#ifndef MLXC_COMMON_GLSL
#define MLXC_COMMON_GLSL

#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_control_flow_attributes : enable
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require

#define REFERENCE(name, type, alignment) \
  layout(buffer_reference, scalar, buffer_reference_align = alignment) buffer name { type v[]; }

REFERENCE(F32, float, 4);
REFERENCE(F32x4, vec4, 16);
REFERENCE(I32, int, 4);
REFERENCE(U32, uint, 4);
REFERENCE(U32x4, uvec4, 16);
REFERENCE(U16, uint16_t, 2);
REFERENCE(F16, float16_t, 2);

// address + count * bytes
uvec2 address_of(uvec2 address, uint count, uint bytes) {
  uint high, low, carry;
  umulExtended(count, bytes, high, low);
  low = uaddCarry(address.x, low, carry);
  return uvec2(low, address.y + high + carry);
}
#define row_of(Type, reference, row, bytes) Type(address_of(uvec2(reference), row, bytes))

// The workgroup's place in a row of workgroups that may be folded into y (Emitter::row).
uint group_index() { return gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x; }

// Where a piece of 8 values of a token's row lies in the order of linear_skinny's fragments for so many blocks of 8 tokens, in pieces: 32 of each 4
// along the row and each block, token by token.
uint fragment_piece(uint blocks, uint token, uint piece) { return (piece / 4 * blocks + token / 8) * 32 + token % 8 * 4 + piece % 4; }

float bf16_low(uint pair) { return uintBitsToFloat(pair << 16); }
float bf16_high(uint pair) { return uintBitsToFloat(pair & 0xffff0000u); }
// Rounds to nearest, ties to even; NaN stays NaN.
uint to_bf16(float value) {
  uint u = floatBitsToUint(value);
  if ((u & 0x7fffffffu) > 0x7f800000u) return (u >> 16) | 0x40u;
  return (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
}
uint pack_bf16(vec2 value) { return to_bf16(value.x) | (to_bf16(value.y) << 16); }

#endif
