// Angles of rotary positions.
#ifndef MLXC_ROTATION_GLSL
#define MLXC_ROTATION_GLSL

// cos and sin of any angle that a position times a frequency gives. The angle in turns is a product of its 24 bits with 1 / (2 pi) in fixed
// point, so that only the fraction is ever rounded; hardware sines lose it at large angles.
vec2 cos_sin(float angle) {
  const uint bits = floatBitsToUint(abs(angle));
  const uint mantissa = (bits & 0x7fffffu) | 0x800000u;
  const int exponent = int(bits >> 23) - 150;  // |angle| = mantissa * 2^exponent
  // mantissa / (2 pi) * 2^64 in three words
  uint high0, low0, high1, low1, carry;
  umulExtended(mantissa, 0x28be60dbu, high1, low1);
  umulExtended(mantissa, 0x9391054au, high0, low0);
  const uint word1 = uaddCarry(low1, high0, carry), word2 = high1 + carry;
  // fraction of a turn * 2^32: bits from 32 - exponent on
  const int shift = clamp(32 - exponent, 1, 95);
  const uint lower = shift < 32 ? low0 : shift < 64 ? word1 : word2;
  const uint upper = shift < 32 ? word1 : shift < 64 ? word2 : 0;
  const uint by = uint(shift) & 31u;
  uint turn = by == 0 ? lower : (lower >> by) | (upper << (32u - by));
  if (angle == 0) turn = 0;
  const uint quadrant = (turn + 0x20000000u) >> 30;
  const float x = float(int(turn - (quadrant << 30))) * 1.4629180792671596e-9;  // 2 pi / 2^32
  const float x2 = x * x;
  const float sine = x + x * x2 * (-1.6666654611e-1 + x2 * (8.3321608736e-3 - x2 * 1.9515295891e-4));
  const float cosine = 1 - 0.5 * x2 + x2 * x2 * (4.166664568298827e-2 + x2 * (-1.388731625493765e-3 + x2 * 2.443315711809948e-5));
  vec2 result = (quadrant & 1u) == 0 ? vec2(cosine, sine) : vec2(-sine, cosine);
  if ((quadrant & 2u) != 0) result = -result;
  if (angle < 0) result.y = -result.y;
  return result;
}

#endif
