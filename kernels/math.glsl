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
#include "exponential.glsl"
#include "circular.glsl"

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

// x times a polynomial of w = -log(1 - x^2) in three pieces. Products and sums only, each rounded for itself (precise, and no fma, which a
// device may or may not round once): random normal numbers have the bits that the CPU gives them (double-inl.h).
float erfinv_f32(float x) {
  float a = magnitude(x);
  if (is_nan(x) || a > 1.0) return kNan;
  if (a == 1.0) return copy_sign(kInfinity, x);
  precise float y = (1.0 - x) * (1.0 + x), p;
  vec2 s = split_f32(y);
  precise float e = s.x, m = s.y;
  p = 7.0376836292e-2;
  p = p * m + -1.1514610310e-1;
  p = p * m + 1.1676998740e-1;
  p = p * m + -1.2420140846e-1;
  p = p * m + 1.4249322787e-1;
  p = p * m + -1.6668057665e-1;
  p = p * m + 2.0000714765e-1;
  p = p * m + -2.4999993993e-1;
  p = p * m + 3.3333331174e-1;
  precise float square = m * m;
  precise float r = p * m * square;
  r = r - e * 2.12194440e-4;
  r = r - square * 0.5;
  precise float w = -((m + r) + e * 0.693359375);
  if (w < 5.0) {
    w -= 2.5;
    p = -8.93192631e-09;
    p = p * w + 2.33359678e-08;
    p = p * w + 4.68131361e-07;
    p = p * w + -3.46398519e-06;
    p = p * w + -4.9724199e-06;
    p = p * w + 0.000218349393;
    p = p * w + -0.00125272642;
    p = p * w + -0.00417739293;
    p = p * w + 0.24664028;
    p = p * w + 1.50140941;
  } else if (w < 9.0) {
    w -= 7.0;
    p = 9.39313904e-11;
    p = p * w + 2.08376272e-09;
    p = p * w + -4.04192129e-08;
    p = p * w + 3.7674053e-07;
    p = p * w + -2.02542492e-06;
    p = p * w + -3.17388981e-06;
    p = p * w + 0.000272266654;
    p = p * w + -0.00583780184;
    p = p * w + 0.187236905;
    p = p * w + 2.47977209;
  } else {
    w -= 12.5;
    p = -6.20073654e-12;
    p = p * w + 5.51240338e-11;
    p = p * w + 8.58451574e-11;
    p = p * w + -9.16856369e-09;
    p = p * w + 2.27936653e-07;
    p = p * w + -4.8588654e-06;
    p = p * w + 0.000106124768;
    p = p * w + -0.00278860959;
    p = p * w + 0.142495319;
    p = p * w + 3.37128544;
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

// Its derivative: P(x) + x P'(x) with P the normal distribution.
float gelu_erf_slope_f32(float x) {
  if (is_nan(x)) return x;
  precise float a = min(magnitude(x), 20.0), tail = a < 1.0e-30 ? 0.5 : -gelu_erf_f32(-a) / a, density = exp_f32(a * a * -0.5) * 0.398942280;
  precise float result = (x < 0.0 ? -a : a) * density + (x > 0.0 ? 1.0 - tail : tail);
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
  precise float r = fmod_f32(a, b);
  precise float difference = a - r;
  precise float quotient = divide_f32(difference, b);
  if (magnitude_bits(r) != 0u && is_negative(b) != is_negative(r)) quotient -= 1.0;  // also where b is infinite
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
