// Elementary functions of float32, each within a few units in the last place, where GLSL's own are loose or promise nothing about infinities
// and NaN. They hold whether fma() is fused or not. All is `precise`: results do not depend on the code around a call, and compilers do not
// fold x - x or x * 0 away. Ranges are reduced as in Cody and Waite; polynomials are those of the Cephes library (S. Moshier) unless a function
// says otherwise.
#ifndef MLXC_MATH_GLSL
#define MLXC_MATH_GLSL

#define kInfinity uintBitsToFloat(0x7f800000u)
#define kNan uintBitsToFloat(0x7fc00000u)

// Tests of bits: a compiler may assume that comparisons see no NaN.
uint magnitude_bits(float x) { return floatBitsToUint(x) & 0x7fffffffu; }
bool is_nan(float x) { return magnitude_bits(x) > 0x7f800000u; }
bool is_inf(float x) { return magnitude_bits(x) == 0x7f800000u; }
bool is_finite(float x) { return magnitude_bits(x) < 0x7f800000u; }
bool is_negative(float x) { return floatBitsToUint(x) > 0x7fffffffu; }  // -0 and negative NaN too
float magnitude(float x) { return uintBitsToFloat(magnitude_bits(x)); }
float copy_sign(float x, float sign) { return uintBitsToFloat(magnitude_bits(x) | (floatBitsToUint(sign) & 0x80000000u)); }
float power_of_two_f32(int n) { return uintBitsToFloat(uint(n + 127) << 23); }  // -126 <= n <= 127
float scale_f32(float x, int n) {
  precise float half_way = x * power_of_two_f32(n >> 1);
  precise float result = half_way * power_of_two_f32(n - (n >> 1));
  return result;
}

// ---- exact products, correctly rounded quotients and roots ----------------------------------------------------------------------------

// a * b = result.x + result.y exactly (Veltkamp, Dekker), for magnitudes well inside the range.
vec2 two_product(float a, float b) {
  precise float p = a * b;
  precise float ta = 4097.0 * a, tb = 4097.0 * b;
  precise float ah = ta - (ta - a), bh = tb - (tb - b);
  precise float al = a - ah, bl = b - bh;
  precise float e = ((ah * bh - p) + ah * bl + al * bh) + al * bl;
  return vec2(p, e);
}
vec2 two_sum(float a, float b) {
  precise float s = a + b;
  precise float t = s - a;
  precise float e = (a - (s - t)) + (b - t);
  return vec2(s, e);
}

bool moderate(float x) {  // 2^-60 <= |x| < 2^60
  uint u = magnitude_bits(x);
  return u >= 0x21800000u && u < 0x5d800000u;
}

// Vulkan grants a quotient 2.5 ulp: one step of refinement with the exact remainder.
float divide_f32(float a, float b) {
  if (!moderate(b)) {
    uint u = magnitude_bits(b);
    uint sign = (floatBitsToUint(a) ^ floatBitsToUint(b)) & 0x80000000u;
    if (u == 0u) return magnitude_bits(a) == 0u || is_nan(a) ? kNan : uintBitsToFloat(0x7f800000u | sign);
    if (u >= 0x5d800000u && u < 0x7f800000u) {  // a large divisor has a reciprocal that some devices flush to zero
      precise float sa = a * 5.421010862427522e-20, sb = b * 5.421010862427522e-20;
      precise float far = sa / sb;
      return far;
    }
    precise float raw = a / b;
    return raw;
  }
  precise float q = a / b;
  if (!moderate(a)) return q;
  vec2 product = two_product(q, b);
  precise float rest = (a - product.x) - product.y;
  precise float refined = q + rest / b;
  return refined;
}

float sqrt_f32(float x) {
  precise float s = sqrt(x);
  if (!moderate(x)) return magnitude_bits(x) == 0u ? x : (is_negative(x) ? kNan : (is_inf(x) ? x : s));
  if (is_negative(x)) return kNan;
  vec2 square = two_product(s, s);
  precise float rest = (x - square.x) - square.y;
  precise float refined = s + rest / (s + s);
  return refined;
}

#ifndef NO_FUNCTIONS  // kernels that are compiled at run time and call none of these leave them out: half the compiler's work
// ---- exponentials and logarithms ------------------------------------------------------------------------------------------------------

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

// ---- hyperbolic functions and their inverses --------------------------------------------------------------------------------------------

float sinh_f32(float x) {
  precise float a = magnitude(x);
  if (is_nan(x)) return x;
  if (a <= 1.0) {
    precise float z = x * x, p = 2.03721912945e-4;
    p = fma(p, z, 8.33028376239e-3);
    p = fma(p, z, 1.66667160211e-1);
    precise float small = fma(p * z, x, x);
    return small;
  }
  precise float r;
  if (a > 88.0) {
    precise float w = exp_f32(0.5 * a);
    r = (0.5 * w) * w;
  } else {
    precise float w = exp_f32(a);
    r = 0.5 * w - 0.5 / w;
  }
  return copy_sign(r, x);
}
float cosh_f32(float x) {
  precise float a = magnitude(x);
  if (is_nan(x)) return x;
  precise float w = exp_f32(a > 88.0 ? 0.5 * a : a);
  precise float result = a > 88.0 ? (0.5 * w) * w : 0.5 * w + 0.5 / w;
  return result;
}
float tanh_f32(float x) {
  precise float a = magnitude(x);
  if (is_nan(x)) return x;
  if (a < 0.625) {
    precise float s = x * x, p = -5.70498872745e-3;
    p = fma(p, s, 2.06390887954e-2);
    p = fma(p, s, -5.37397155531e-2);
    p = fma(p, s, 1.33314422036e-1);
    p = fma(p, s, -3.33332819422e-1);
    precise float small = fma(p * s, x, x);
    return small;
  }
  precise float large = 1.0 - 2.0 / (exp_f32(min(a + a, 80.0)) + 1.0);
  return copy_sign(large, x);
}
float asinh_f32(float x) {
  precise float a = magnitude(x), z = a * a;
  if (!is_finite(x)) return x;
  if (a < 0.5) {
    precise float p = 2.0122003309e-2;
    p = fma(p, z, -4.2699340972e-2);
    p = fma(p, z, 7.4847586088e-2);
    p = fma(p, z, -1.6666288134e-1);
    precise float small = fma(p * z, x, x);
    return small;
  }
  precise float r = a > 1500.0 ? log_f32(a) + 0.693147181 : log_f32(a + sqrt_f32(z + 1.0));
  return copy_sign(r, x);
}
float acosh_f32(float x) {
  if (is_nan(x) || x < 1.0) return kNan;
  precise float huge = log_f32(x) + 0.693147181;
  if (x > 1500.0) return huge;
  precise float z = x - 1.0;
  if (z < 0.5) {
    precise float p = 1.7596881071e-3;
    p = fma(p, z, -7.5272886713e-3);
    p = fma(p, z, 2.6454905019e-2);
    p = fma(p, z, -1.1784741703e-1);
    p = fma(p, z, 1.4142135263);
    precise float small = p * sqrt_f32(z);
    return small;
  }
  precise float sum = x + sqrt_f32(z * (x + 1.0));
  return log_f32(sum);
}
float atanh_f32(float x) {
  precise float a = magnitude(x);
  if (is_nan(x) || a > 1.0) return kNan;
  if (a < 0.5) {
    precise float z = x * x, p = 1.81740078349e-1;
    p = fma(p, z, 8.24370301058e-2);
    p = fma(p, z, 1.46691431730e-1);
    p = fma(p, z, 1.99782164500e-1);
    p = fma(p, z, 3.33337300303e-1);
    precise float small = fma(p * z, x, x);
    return small;
  }
  precise float above = 1.0 + a, below = 1.0 - a;
  precise float r = 0.5 * log_f32(divide_f32(above, below));
  return copy_sign(r, x);
}

// ---- functions of probability, activations ------------------------------------------------------------------------------------------------

// Odd polynomial up to 1, 1 - exp(-polynomial) above; coefficients fitted by tests/golden/erf_fit.py.
float erf_f32(float x) {
  precise float a = magnitude(x);
  if (is_nan(x)) return x;
  if (a < 1.0) {
    precise float s = x * x, p = 7.88912281e-05;
    p = fma(p, s, -0.000802084226);
    p = fma(p, s, 0.00518953545);
    p = fma(p, s, -0.0268544446);
    p = fma(p, s, 0.112836002);
    p = fma(p, s, -0.376126271);
    p = fma(p, s, 0.12837917);
    precise float small = fma(p, x, x);
    return small;
  }
  precise float t = min(a, 4.0), q = -0.000185574071;
  q = fma(q, t, 0.00293960789);
  q = fma(q, t, -0.0218053206);
  q = fma(q, t, 0.103037373);
  q = fma(q, t, 0.638225672);
  q = fma(q, t, 1.12704004);
  q = fma(q, t, 0.00035371876);
  precise float large = 1.0 - exp_f32(-q);
  return copy_sign(large, x);
}

// M. Giles, "Approximating the erfinv function", single-precision form.
float erfinv_f32(float x) {
  precise float a = magnitude(x);
  if (is_nan(x) || a > 1.0) return kNan;
  if (a == 1.0) return copy_sign(kInfinity, x);
  precise float w = -log_f32((1.0 - x) * (1.0 + x)), p;
  if (w < 5.0) {
    w -= 2.5;
    p = 2.81022636e-08;
    p = fma(p, w, 3.43273939e-07);
    p = fma(p, w, -3.5233877e-06);
    p = fma(p, w, -4.39150654e-06);
    p = fma(p, w, 0.00021858087);
    p = fma(p, w, -0.00125372503);
    p = fma(p, w, -0.00417768164);
    p = fma(p, w, 0.246640727);
    p = fma(p, w, 1.50140941);
  } else {
    w = sqrt(w) - 3.0;
    p = -0.000200214257;
    p = fma(p, w, 0.000100950558);
    p = fma(p, w, 0.00134934322);
    p = fma(p, w, -0.00367342844);
    p = fma(p, w, 0.00573950773);
    p = fma(p, w, -0.0076224613);
    p = fma(p, w, 0.00943887047);
    p = fma(p, w, 1.00167406);
    p = fma(p, w, 2.83297682);
  }
  precise float result = p * x;
  return result;
}

float sigmoid_f32(float x) {
  precise float d = 1.0 + exp_f32(-x);
  return divide_f32(1.0, d);
}
float silu_f32(float x) {
  precise float d = 1.0 + exp_f32(-x);
  return divide_f32(x, d);
}
// x (1 + tanh u) / 2 = x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
float gelu_tanh_f32(float x) {
  precise float u = x * fma(x * x, -0.0713548163, -1.59576912);
  precise float d = 1.0 + exp_f32(u);
  float scale = d > 1.8446744073709552e19 ? 5.421010862427522e-20 : 1.0;  // the reciprocal of a large divisor may be flushed to zero
  precise float result = (x * scale) / (d * scale);
  return result;
}
// max(x, 0) - |x| Q(|x|), Q the upper tail of the normal distribution: a polynomial for log2 Q, another one for the power of two; coefficients fitted
// by tests/golden/gelu_fit.py.
float gelu_erf_f32(float x) {
  if (is_nan(x)) return x;
  const bool none = magnitude(x) > 12.5;  // Q is below the normal range
  precise float a = none ? 12.5 : magnitude(x), p = -7.68073694e-09;
  p = fma(p, a, 3.04258378e-07);
  p = fma(p, a, -4.96365874e-06);
  p = fma(p, a, 4.17065821e-05);
  p = fma(p, a, -0.00016280869);
  p = fma(p, a, -0.000233359326);
  p = fma(p, a, 0.00721878791);
  p = fma(p, a, -0.052615054);
  p = fma(p, a, -0.459167719);
  p = fma(p, a, -1.1511097);
  p = fma(p, a, -1.0);
  precise float n = roundEven(p), r = p - n, q = 0.00132647273;
  q = fma(q, r, 0.00967151299);
  q = fma(q, r, 0.0555073358);
  q = fma(q, r, 0.240222424);
  q = fma(q, r, 0.693147004);
  q = fma(q, r, 1.0);
  q = uintBitsToFloat(floatBitsToUint(q) + (uint(int(n)) << 23));  // q * 2^n
  precise float result = fma(-a, none ? 0.0 : q, max(x, 0.0));
  return result;
}

// ---- remainders, hypotenuse -----------------------------------------------------------------------------------------------------------------

float hypot_f32(float a, float b) {
  if (is_inf(a) || is_inf(b)) return kInfinity;
  if (is_nan(a) || is_nan(b)) return kNan;
  precise float large = max(magnitude(a), magnitude(b)), small = min(magnitude(a), magnitude(b));
  precise float scale = large > 1.0e18 ? 5.421010862427522e-20 : (large < 1.0e-18 ? 1.8446744073709552e19 : 1.0);  // 2^-64, 2^64
  precise float x = large * scale, y = small * scale;
  precise float result = sqrt_f32(x * x + y * y) / scale;
  return result;
}

// C's fmod, exact: long division of the significands, 8 bits at a time.
float fmod_f32(float a, float b) {
  uint ua = magnitude_bits(a), ub = magnitude_bits(b), sign = floatBitsToUint(a) & 0x80000000u;
  if (ub == 0u || ua >= 0x7f800000u || ub > 0x7f800000u) return kNan;
  if (ua < ub) return a;
  uint ea = max(ua >> 23, 1u), eb = max(ub >> 23, 1u);
  uint ma = (ua & 0x007fffffu) | (ua >= 0x00800000u ? 0x00800000u : 0u), mb = (ub & 0x007fffffu) | (ub >= 0x00800000u ? 0x00800000u : 0u);
  uint r = ma % mb;
  for (uint left = ea - eb; left > 0u && r != 0u;) {
    uint step = min(left, 8u);
    r = (r << step) % mb;
    left -= step;
  }
  if (r == 0u) return uintBitsToFloat(sign);
  int shift = 23 - findMSB(r), e = int(eb) - shift;
  uint bits = e > 0 ? ((r << shift) & 0x007fffffu) | (uint(e) << 23) : r << (eb - 1u);
  return uintBitsToFloat(sign | bits);
}
// With the sign of the divisor, as Python's.
float remainder_f32(float a, float b) {
  precise float r = fmod_f32(a, b);
  if (is_nan(r)) return r;
  if (magnitude_bits(r) == 0u) return copy_sign(0.0, b);
  precise float moved = r + b;
  return is_negative(b) != is_negative(r) ? moved : r;
}
float floor_divide_f32(float a, float b) {
  if (magnitude_bits(b) == 0u) return divide_f32(a, b);
  precise float difference = a - remainder_f32(a, b);
  precise float quotient = divide_f32(difference, b);
  precise float whole = floor(quotient);
  if (quotient - whole > 0.5) whole += 1.0;
  return is_nan(quotient) || magnitude_bits(quotient) != 0u ? whole : uintBitsToFloat((floatBitsToUint(a) ^ floatBitsToUint(b)) & 0x80000000u);
}

#endif  // NO_FUNCTIONS

// Rounds to nearest, ties to even, as packHalf2x16 need not.
uint to_half(float x) {
  uint u = floatBitsToUint(x), sign = (u >> 16) & 0x8000u;
  u &= 0x7fffffffu;
  if (u > 0x7f800000u) return sign | 0x7e00u | ((u >> 13) & 0x3ffu);
  if (u >= 0x477ff000u) return sign | 0x7c00u;  // 65520 and more
  if (u < 0x38800000u) {                        // subnormal result: multiples of 2^-24
    if (u < 0x33000000u) return sign;           // below 2^-25
    uint shift = 126u - (u >> 23), m = (u & 0x007fffffu) | 0x00800000u;
    uint kept = m >> shift, rest = m & ((1u << shift) - 1u), tie = 1u << (shift - 1u);
    return sign | (kept + (rest > tie || (rest == tie && (kept & 1u) == 1u) ? 1u : 0u));
  }
  return sign | ((u + 0xfffu + ((u >> 13) & 1u) - 0x38000000u) >> 13);
}

#endif
