// Prepares the activations of a product: rms_norm when asked for, rounding to the weights' 16-bit type, and the order in which the product
// reads them. A row of x is shared by `parts` workgroups, by one alone when it is normalised.
#version 460
#extension GL_GOOGLE_include_directive : require
#define LINEAR_NO_ARGUMENTS
#include "linear.glsl"

layout(local_size_x_id = 1) in;
layout(constant_id = 1) const uint SIZE = 256;
// 0: rows of `pieces` pieces of 8 values. Else the order of fragments (fragment_piece) for so many blocks of 8 tokens.
layout(constant_id = 2) const uint BLOCKS = 0;

layout(constant_id = 3) const uint HELD = 1;  // NORM: pieces of a row that a thread holds meanwhile; 0: too many, they are read again

layout(push_constant, scalar) uniform Args {
  uvec2 x, norm, y;
  uint tokens, k, x_stride, pieces, parts;  // pieces: of a row of y, zeros past k
  float eps, norm_offset;
} args;

shared float partial[128];

vec4 load_x(uvec2 row, uint at) {
  if (ALIGNED && X_KIND == kF32) return at < args.k ? F32x4(row).v[at / 4] : vec4(0);
  vec4 v = vec4(0);
  [[unroll]] for (uint i = 0; i < 4; i++)
    if (at + i < args.k) v[i] = load_as(row, at + i, X_KIND);
  return v;
}

vec4 load_norm(uint at) {
  vec4 v = vec4(0);
  if (ALIGNED && NORM_KIND == kF32) {
    if (at < args.k) v = F32x4(args.norm).v[at / 4];
  } else if (ALIGNED) {
    const uvec2 w = at < args.k ? U32x2(args.norm).v[at / 4] : uvec2(0);
    if (NORM_KIND == kF16) v = vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y));
    else v = vec4(bf16_low(w.x), bf16_high(w.x), bf16_low(w.y), bf16_high(w.y));
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++)
      if (at + i < args.k) v[i] = load_as(args.norm, at + i, NORM_KIND);
  }
  return v + args.norm_offset;
}

const uint kHeld = NORM && HELD > 0 ? HELD : 1;

void put(uint token, uint c, vec4 a, vec4 b) {
  if (Y_KIND == kF32) {
    const uvec2 to = address_of(args.y, token, args.pieces * 32);
    F32x4(to).v[2 * c] = a;
    F32x4(to).v[2 * c + 1] = b;
  } else {
    const uvec4 packed = uvec4(to_bits(a.xy, Y_KIND), to_bits(a.zw, Y_KIND), to_bits(b.xy, Y_KIND), to_bits(b.zw, Y_KIND));
    if (BLOCKS == 0) U32x4(address_of(args.y, token, args.pieces * 16)).v[c] = packed;
    else U32x4(args.y).v[fragment_piece(BLOCKS, token, c)] = packed;
  }
}

float scale_of(float squares) {
  squares = subgroupAdd(squares);
  if (gl_SubgroupInvocationID == 0) partial[gl_SubgroupID] = squares;
  barrier();
  float sum = 0;
  for (uint s = 0; s < gl_NumSubgroups; s++) sum += partial[s];
  return inversesqrt(sum / float(args.k) + args.eps);
}

void main() {
  const uint token = group_index() / args.parts, part = group_index() % args.parts, id = gl_LocalInvocationIndex;
  if (token >= args.tokens) return;
  const uvec2 row = address_of(args.x, token, args.x_stride * (X_KIND == kF32 ? 4 : 2));
  if (NORM && HELD > 0) {  // everything is asked for before anything is waited for
    vec4 x[2 * kHeld], weight[2 * kHeld];
    [[unroll]] for (uint i = 0; i < 2 * kHeld; i++) {
      const uint at = 8 * (id + i / 2 * SIZE) + i % 2 * 4;  // zeros past k
      x[i] = load_x(row, at);
      weight[i] = load_norm(at);
    }
    float squares = 0;
    [[unroll]] for (uint i = 0; i < 2 * kHeld; i++) squares += dot(x[i], x[i]);
    const float scale = scale_of(squares);
    [[unroll]] for (uint i = 0; i < kHeld; i++)
      if (id + i * SIZE < args.pieces) put(token, id + i * SIZE, x[2 * i] * (scale * weight[2 * i]), x[2 * i + 1] * (scale * weight[2 * i + 1]));
    return;
  }
  float scale = 1;
  if (NORM) {
    float squares = 0;
    for (uint c = id; c < args.pieces; c += SIZE) {
      const vec4 a = load_x(row, 8 * c), b = load_x(row, 8 * c + 4);
      squares += dot(a, a) + dot(b, b);
    }
    scale = scale_of(squares);
  }
  for (uint c = part * SIZE + id; c < args.pieces; c += args.parts * SIZE) {
    vec4 a = load_x(row, 8 * c), b = load_x(row, 8 * c + 4);
    if (NORM) {
      a *= scale * load_norm(8 * c);
      b *= scale * load_norm(8 * c + 4);
    }
    put(token, c, a, b);
  }
}
