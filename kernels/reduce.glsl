// What both reductions share. The text around this file defines INPUT (the dtype's functions), ITEM (its bytes), the struct Value, and
// identity(), lift(x, index), combine(a, b), follow(a, b) where b comes after all of a, and finish(out, at, value, count). Combining goes in a fixed order: results repeat bit by bit.
#ifndef MLXC_REDUCE_GLSL
#define MLXC_REDUCE_GLSL

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define LOAD JOIN(load_, INPUT)

layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Partials { Value v[]; };

// address + row * length elements
uvec2 row_address(uvec2 address, uint row, uint length) {
  uint high, low, carry;
  umulExtended(row, length, high, low);
  const uint shift = ITEM == 8 ? 3 : ITEM == 4 ? 2 : ITEM == 2 ? 1 : 0;
  if (shift != 0) {
    high = (high << shift) | (low >> (32 - shift));
    low <<= shift;
  }
  low = uaddCarry(address.x, low, carry);
  return uvec2(low, address.y + high + carry);
}

shared Value values[256];

// Of `lanes` neighbouring threads, a power of two, `apart` threads apart; in the first of them.
Value combine_lanes(Value v, uint lane, uint lanes, uint apart) {
  uint me = gl_LocalInvocationIndex;
  values[me] = v;
  for (uint half_way = lanes / 2; half_way > 0; half_way /= 2) {
    barrier();
    if (lane < half_way) {
      v = combine(v, values[me + half_way * apart]);
      values[me] = v;
    }
  }
  barrier();
  return v;
}

#endif
