// Sine, cosine, tangent and their inverses in float32: a part of math.glsl, which says what holds for all of them.
#ifndef MLXC_CIRCULAR_GLSL
#define MLXC_CIRCULAR_GLSL

// ---- sine, cosine, tangent ------------------------------------------------------------------------------------------------------------

// For angles of any size (Payne and Hanek): gives the quadrant and the rest in [-pi/4, pi/4]. |x| >= 1024, finite.
float reduce_large_angle(float x, out uint quadrant) {
  const uint digits[7] = uint[7](0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);  // of 2 / pi
  uint u = magnitude_bits(x);
  int e = int(u >> 23) - 127;
  uint m = ((u & 0x007fffffu) | 0x00800000u) << 8;  // |x| = m 2^(e - 31)
  int first = max(e - 25, 0);                        // earlier binary digits of 2 / pi give whole turns
  int word = first >> 5, shift = first & 31;
  uint d[3];
  [[unroll]] for (int i = 0; i < 3; ++i) d[i] = shift == 0 ? digits[word + i] : (digits[word + i] << shift) | (digits[word + i + 1] >> (32 - shift));
  // m * 0.d0 d1 d2 = w0.w1 w2 in base 2^32
  uint h0, l0, h1, l1, h2, l2, c1, c2;
  umulExtended(m, d[0], h0, l0);
  umulExtended(m, d[1], h1, l1);
  umulExtended(m, d[2], h2, l2);
  uint w2 = uaddCarry(l1, h2, c2);
  uint w1 = uaddCarry(l0, h1 + c2, c1);
  uint w0 = h0 + c1;
  int k = 31 - e + first;  // the point lies k bits further left; 6 <= k <= 21
  uint f0 = (w0 << (32 - k)) | (w1 >> k), f1 = (w1 << (32 - k)) | (w2 >> k);
  bool over = f0 >= 0x80000000u;  // to the nearest quadrant
  quadrant = (w0 >> k) + (over ? 1u : 0u);
  f0 = over ? ~f0 : f0;
  f1 = over ? ~f1 : f1;
  int lead = f0 != 0u ? 31 - findMSB(f0) : 32;
  uint top = lead == 0 ? f0 : lead == 32 ? f1 : (f0 << lead) | (f1 >> (32 - lead));
  precise float r = float(top) * scale_f32(1.57079632679, -32 - lead);
  if (over != is_negative(x)) r = -r;
  if (is_negative(x)) quadrant = 0u - quadrant;
  quadrant &= 3u;
  return r;
}

float reduce_angle(float x, out uint quadrant) {
  quadrant = 0u;
  if (magnitude_bits(x) <= 0x3f490fdbu) return x;  // pi / 4
  if (magnitude_bits(x) > 0x44800000u) return is_finite(x) ? reduce_large_angle(x, quadrant) : kNan;
  precise float n = roundEven(x * 0.636619772);
  quadrant = uint(int(n)) & 3u;
  // pi / 2 in pieces of at most 13 bits, whose products with n < 2^10 are exact
  precise float r = ((x - n * 1.57080078125) + n * 4.454515874385834e-06) - n * 6.076561476220377e-11;
  r = r - n * 5.390302953474238e-15;
  return r;
}

float sine_near_0(float r) {
  precise float s = r * r, p = -1.9515295891e-4;
  p = fma(p, s, 8.3321608736e-3);
  p = fma(p, s, -1.6666654611e-1);
  precise float result = fma(p * s, r, r);
  return result;
}
float cosine_near_0(float r) {
  precise float s = r * r, p = 2.443315711809948e-5;
  p = fma(p, s, -1.388731625493765e-3);
  p = fma(p, s, 4.166664568298827e-2);
  precise float result = fma(p * s, s, fma(s, -0.5, 1.0));
  return result;
}
float sin_f32(float x) {
  uint q;
  precise float r = reduce_angle(x, q);
  precise float v = (q & 1u) != 0u ? cosine_near_0(r) : sine_near_0(r);
  return (q & 2u) != 0u ? -v : v;
}
float cos_f32(float x) {
  uint q;
  precise float r = reduce_angle(x, q);
  precise float v = (q & 1u) != 0u ? sine_near_0(r) : cosine_near_0(r);
  return ((q + 1u) & 2u) != 0u ? -v : v;
}
float tan_f32(float x) {
  uint q;
  precise float r = reduce_angle(x, q);
  precise float s = sine_near_0(r), c = cosine_near_0(r);
  if (is_nan(x) || magnitude_bits(r) == 0u && q == 0u) return r;
  return (q & 1u) != 0u ? -divide_f32(c, s) : divide_f32(s, c);
}

// ---- inverse circular functions -------------------------------------------------------------------------------------------------------

float atan_f32(float x) {
  precise float a = magnitude(x), base = 0.0, base_low = 0.0, t = a;
  if (is_nan(x)) return x;
  if (a > 2.414213562) {
    base = 1.57079637;
    base_low = -4.37113883e-8;
    t = -1.0 / a;
  } else if (a > 0.4142135624) {
    base = 0.785398185;
    base_low = -2.18556941e-8;
    t = (a - 1.0) / (a + 1.0);
  }
  precise float z = t * t, p = 8.05374449538e-2;
  p = fma(p, z, -1.38776856032e-1);
  p = fma(p, z, 1.99777106478e-1);
  p = fma(p, z, -3.33329491539e-1);
  precise float r = base + (fma(p * z, t, t) + base_low);
  return copy_sign(r, x);
}

float atan2_f32(float y, float x) {
  if (is_nan(x) || is_nan(y)) return kNan;
  precise float ax = magnitude(x), ay = magnitude(y), r;
  bool swapped = ay > ax;
  precise float large = swapped ? ay : ax, small = swapped ? ax : ay;
  if (large == 0.0) r = 0.0;
  else if (is_inf(large)) r = is_inf(small) ? 0.785398185 : 0.0;
  else r = atan_f32(divide_f32(small, large));
  precise float turned = (1.57079637 - r) - 4.37113883e-8;
  r = swapped ? turned : r;
  precise float far = (3.14159274 - r) - 8.74227766e-8;
  r = is_negative(x) ? far : r;
  return copy_sign(r, y);
}

float asin_series(float x, float z) {  // x = sqrt(z) <= 1/2
  precise float p = 4.2163199048e-2;
  p = fma(p, z, 2.4181311049e-2);
  p = fma(p, z, 4.5470025998e-2);
  p = fma(p, z, 7.4953002686e-2);
  p = fma(p, z, 1.6666752422e-1);
  precise float result = fma(p * z, x, x);
  return result;
}
float asin_f32(float x) {
  precise float a = magnitude(x);
  if (is_nan(x) || a > 1.0) return kNan;
  precise float z = a <= 0.5 ? x * x : 0.5 * (1.0 - a);
  if (a <= 0.5) return asin_series(x, z);
  precise float r = (1.57079637 - 2.0 * asin_series(sqrt_f32(z), z)) - 4.37113883e-8;
  return copy_sign(r, x);
}
float acos_f32(float x) {
  precise float a = magnitude(x);
  if (is_nan(x) || a > 1.0) return kNan;
  if (a <= 0.5) {
    precise float square = x * x;
    precise float near = 1.57079637 - (asin_series(x, square) + 4.37113883e-8);
    return near;
  }
  precise float z = 0.5 * (1.0 - a);
  precise float half_angle = asin_series(sqrt_f32(z), z);
  precise float far = (3.14159274 - 2.0 * half_angle) - 8.74227766e-8;
  precise float near = 2.0 * half_angle;
  return is_negative(x) ? far : near;
}

#endif
