// Exponentials, logarithms and powers of float32: a part of math.glsl, which says what holds for all of them.
#ifndef MLXC_EXPONENTIAL_GLSL
#define MLXC_EXPONENTIAL_GLSL

float exp_f32(float x) {
  precise float clamped = x > 89.0 ? 89.0 : x;  // NaN passes both
  clamped = clamped < -110.0 ? -110.0 : clamped;
  precise float n = roundEven(clamped * 1.44269504088896341);
  precise float r = (clamped - n * 0.693359375) + n * 2.12194440e-4;
  precise float p = 1.9875691500e-4;
  p = fma(p, r, 1.3981999507e-3);
  p = fma(p, r, 8.3334519073e-3);
  p = fma(p, r, 4.1665795894e-2);
  p = fma(p, r, 1.6666665459e-1);
  p = fma(p, r, 5.0000001201e-1);
  p = fma(p * r, r, r) + 1.0;
  return is_nan(x) ? x : scale_f32(p, int(n));
}

// 2^(high + low) for |high| small enough to matter: 0 below -200, infinity above 200.
float exp2_f32(float high, float low) {
  precise float t = clamp(high, -200.0, 200.0);
  precise float n = roundEven(t);
  precise float r = (t - n) + low;
  precise float p = 1.52527338e-5;  // Taylor series, |r| <= 1/2
  p = fma(p, r, 1.54035304e-4);
  p = fma(p, r, 1.33335581e-3);
  p = fma(p, r, 9.61812911e-3);
  p = fma(p, r, 5.55041087e-2);
  p = fma(p, r, 2.40226507e-1);
  p = fma(p, r, 6.93147181e-1);
  p = fma(p, r, 1.0);
  return scale_f32(p, int(n));
}

// x = 2^e (1 + m) with 1 + m in [sqrt(1/2), sqrt(2)): gives (e, m). For positive finite x.
vec2 split_f32(float x) {
  uint bits = floatBitsToUint(x);
  precise float extra = 0.0;
  if (bits < 0x00800000u) {
    uint msb = uint(findMSB(bits));
    bits = (bits << (23u - msb)) | 0u;
    extra = float(23u - msb);
    bits = (bits & 0x007fffffu) | 0x00800000u;  // exponent 1
  }
  uint u = bits - 0x3f3504f3u;
  precise float e = float(int(u) >> 23) - extra;
  precise float m = uintBitsToFloat((u & 0x007fffffu) + 0x3f3504f3u) - 1.0;
  return vec2(e, m);
}

// log(1 + m) - m + m^2 / 2 over the range of split_f32.
float log_tail(float m) {
  precise float p = 7.0376836292e-2;
  p = fma(p, m, -1.1514610310e-1);
  p = fma(p, m, 1.1676998740e-1);
  p = fma(p, m, -1.2420140846e-1);
  p = fma(p, m, 1.4249322787e-1);
  p = fma(p, m, -1.6668057665e-1);
  p = fma(p, m, 2.0000714765e-1);
  p = fma(p, m, -2.4999993993e-1);
  p = fma(p, m, 3.3333331174e-1);
  precise float result = p * m * m * m;
  return result;
}

// What the logarithms give where split_f32 does not apply; `special` says whether that is here.
float log_special(float x, out bool special) {
  uint u = floatBitsToUint(x);
  special = u - 1u >= 0x7f7fffffu;  // zero, infinite, NaN or negative
  return magnitude_bits(x) == 0u ? -kInfinity : (u == 0x7f800000u ? x : kNan);
}

float log_f32(float x) {
  bool special;
  precise float other = log_special(x, special);
  if (special) return other;
  vec2 s = split_f32(x);
  precise float r = log_tail(s.y) - s.x * 2.12194440e-4;
  r = r - 0.5 * (s.y * s.y);
  r = (s.y + r) + s.x * 0.693359375;
  return r;
}

float log2_f32(float x) {
  bool special;
  precise float other = log_special(x, special);
  if (special) return other;
  vec2 s = split_f32(x);
  precise float y = log_tail(s.y) - 0.5 * (s.y * s.y);
  precise float r = y * 0.44269504088896340736 + s.y * 0.44269504088896340736;  // log2(e) - 1
  r = ((r + y) + s.y) + s.x;
  return r;
}

float log10_f32(float x) {
  bool special;
  precise float other = log_special(x, special);
  if (special) return other;
  vec2 s = split_f32(x);
  precise float y = log_tail(s.y) - 0.5 * (s.y * s.y);
  precise float r = (s.y + y) * 7.00731903251827651129e-4;  // log10(e) and log10(2) in two pieces each
  r = r + y * 4.3359375e-1;
  r = r + s.y * 4.3359375e-1;
  r = r + s.x * 2.48745663981195213739e-4;
  r = r + s.x * 3.0078125e-1;
  return r;
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), the first factor without cancellation.
float expm1_f32(float x) {
  if (is_nan(x) || magnitude_bits(x) < 0x33000000u) return x;  // |x| < 2^-25
  if (x > 87.0) return exp_f32(x);
  if (x < -18.0) return -1.0;
  precise float n = roundEven(x * 1.44269504088896341);
  precise float r = (x - n * 0.693359375) + n * 2.12194440e-4;
  precise float p = 1.9875691500e-4;
  p = fma(p, r, 1.3981999507e-3);
  p = fma(p, r, 8.3334519073e-3);
  p = fma(p, r, 4.1665795894e-2);
  p = fma(p, r, 1.6666665459e-1);
  p = fma(p, r, 5.0000001201e-1);
  precise float q = fma(p * r, r, r);
  precise float power = power_of_two_f32(int(n));
  precise float result = q * power + (power - 1.0);
  return result;
}

// log(u) corrected by what rounding u = 1 + x lost.
float log1p_f32(float x) {
  precise float u = 1.0 + x;
  if (is_nan(x) || is_inf(u) || u <= 0.0) return log_f32(u);
  if (u == 1.0) return x;
  precise float lost = x - (u - 1.0);
  precise float result = log_f32(u) + lost / u;
  return result;
}

// |x|^y in double-float arithmetic: the exponent y log2|x| must keep its fraction bits. Signs and special values as C's pow.
float power_f32(float x, float y) {
  uint ux = magnitude_bits(x), uy = magnitude_bits(y);
  if (uy == 0u || floatBitsToUint(x) == 0x3f800000u) return 1.0;
  if (is_nan(x) || is_nan(y)) return kNan;
  bool whole = uy >= 0x4b800000u || floor(y) == y;
  bool odd = whole && uy < 0x4b800000u && (int(magnitude(y)) & 1) == 1;
  bool grows = ux > 0x3f800000u;
  precise float sign = odd && is_negative(x) ? -1.0 : 1.0;
  if (uy == 0x7f800000u) return ux == 0x3f800000u ? 1.0 : (grows != is_negative(y) ? kInfinity : 0.0);
  if (ux == 0u || ux == 0x7f800000u) return sign * ((ux == 0u) == is_negative(y) ? kInfinity : 0.0);
  if (is_negative(x) && !whole) return kNan;
  vec2 s = split_f32(uintBitsToFloat(ux));
  // f = m / (2 + m) in two pieces; log(1 + m) = 2 f (1 + f^2 / 3 + f^4 / 5 ...)
  vec2 den = two_sum(2.0, s.y);
  precise float f = s.y / den.x;
  vec2 back = two_product(f, den.x);
  precise float f_low = ((s.y - back.x) - back.y - f * den.y) / den.x;
  precise float z = f * f;
  precise float tail = z * (0.333333333 + z * (0.2 + z * (0.142857143 + z * (0.111111111 + z * 0.0909090909))));
  vec2 l = two_product(f, 2.88539004);  // 2 / ln 2 = 2.88539004 + 4.1e-8
  precise float l_low = l.y + f * 3.85195793e-8 + f_low * 2.88539004 + l.x * tail;
  vec2 sum = two_sum(s.x, l.x);
  precise float low = sum.y + l_low;
  precise float log_high = sum.x + low;
  precise float log_low = low - (log_high - sum.x);
  precise float t = uy > 0x50000000u ? copy_sign(8589934592.0, y) : y;  // larger exponents give 0, 1 or infinity as 2^33 does
  vec2 p = two_product(t, log_high);
  precise float p_low = p.y + t * log_low;
  precise float result = sign * exp2_f32(p.x, abs(p.x) > 200.0 ? 0.0 : p_low);
  return result;
}

float logaddexp_f32(float a, float b) {
  if (is_nan(a) || is_nan(b)) return kNan;
  precise float twice = a + 0.693147181;
  if (a == b) return twice;  // also two equal infinities
  precise float high = a > b ? a : b, low = a > b ? b : a;
  precise float result = high + log1p_f32(exp_f32(low - high));
  return is_inf(high) ? high : result;
}

#endif
