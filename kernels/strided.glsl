// Indices of strided operands without division instructions.
#ifndef MLXC_STRIDED_GLSL
#define MLXC_STRIDED_GLSL

// n / d for n < 2^31, by the multiplier and shift of vulkan::Divisor.
uint fast_divide(uint n, uint multiplier, uint shift) {
  uint high, low;
  umulExtended(n, multiplier, high, low);
  return (high + n) >> shift;
}

#endif
