// What norms, rotations and attention share: float types by number, rows at signed strides, teams of lanes that sum over a row.
#ifndef MLXC_NORM_COMMON_GLSL
#define MLXC_NORM_COMMON_GLSL

#include "common.glsl"

const uint kF32 = 0, kF16 = 1, kBf16 = 2;

REFERENCE(F32x2, vec2, 8);
REFERENCE(U32x2, uvec2, 8);

// address + count * bytes; count may be negative.
uvec2 moved(uvec2 address, int count, int bytes) {
  int high, low;
  imulExtended(count, bytes, high, low);
  uint carry;
  const uint sum = uaddCarry(address.x, uint(low), carry);
  return uvec2(sum, address.y + uint(high) + carry);
}

float half_value(uint bits) { return unpackHalf2x16(bits).x; }
vec2 pair_of(uint type, uint pair) { return type == kF16 ? unpackHalf2x16(pair) : vec2(bf16_low(pair), bf16_high(pair)); }
uint pair_to(uint type, vec2 value) { return type == kF16 ? packHalf2x16(value) : pack_bf16(value); }

// One element, of any alignment.
float value_at(uint type, uvec2 base, uint index) {
  if (type == kF32) return F32(base).v[index];
  const uint bits = uint(U16(base).v[index]);
  return type == kF16 ? half_value(bits) : bf16_low(bits);
}
void put_value(uint type, uvec2 base, uint index, float value) {
  if (type == kF32) F32(base).v[index] = value;
  else U16(base).v[index] = uint16_t(type == kF16 ? packHalf2x16(vec2(value, 0)) : to_bf16(value));
}

// Elements 4 * unit and on. wide: the row starts at a multiple of what four elements take. Past `count` there are zeros.
vec4 four_at(uint type, uvec2 base, uint unit, uint count, bool wide) {
  if (wide) {
    if (type == kF32) return F32x4(base).v[unit];
    const uvec2 pairs = U32x2(base).v[unit];
    return vec4(pair_of(type, pairs.x), pair_of(type, pairs.y));
  }
  vec4 value = vec4(0);
  [[unroll]] for (uint i = 0; i < 4; ++i)
    if (4 * unit + i < count) value[i] = value_at(type, base, 4 * unit + i);
  return value;
}
void put_four(uint type, uvec2 base, uint unit, uint count, bool wide, vec4 value) {
  if (wide) {
    if (type == kF32) F32x4(base).v[unit] = value;
    else U32x2(base).v[unit] = uvec2(pair_to(type, value.xy), pair_to(type, value.zw));
    return;
  }
  [[unroll]] for (uint i = 0; i < 4; ++i)
    if (4 * unit + i < count) put_value(type, base, 4 * unit + i, value[i]);
}

#endif
