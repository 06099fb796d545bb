// Convolutions of one to three spatial axes and their gradients (src/ops/convolution.h) as products in tiles (matmul_tile.glsl), one of whose
// operands is never there: its elements are looked up where the windows lie. Of a group of channels, with k the sum:
//   forward  y[filter; image, place] = weight[filter; channel, tap] x[channel, tap; image, place]
//   input    x[channel; image, place] = weight[channel; filter, tap] y[filter, tap; image, place]
//   weight   weight[filter; channel, tap] = y[filter; image, place] x[image, place; channel, tap], in parts of k that are added up later
// Groups of a few filters, which would leave most of a tile empty, have a thread for each result: direct.
// variant forward_64: -DKIND=0 -DTILE=64 -DTM=8 -DTN=4 -DTEAM=128 -DDEPTH=16 -DSLICES=1
// variant forward_32: -DKIND=0 -DTILE=32 -DTM=4 -DTN=4 -DTEAM=64 -DDEPTH=8 -DSLICES=4
// variant input_64: -DKIND=1 -DTILE=64 -DTM=8 -DTN=4 -DTEAM=128 -DDEPTH=16 -DSLICES=1
// variant input_32: -DKIND=1 -DTILE=32 -DTM=4 -DTN=4 -DTEAM=64 -DDEPTH=8 -DSLICES=4
// variant forward_direct: -DKIND=0 -DDIRECT=1
// variant input_direct: -DKIND=1 -DDIRECT=1
// variant weight_64: -DKIND=2 -DTILE=64 -DTM=8 -DTN=4 -DTEAM=128 -DDEPTH=16 -DSLICES=1
// variant weight_32: -DKIND=2 -DTILE=32 -DTM=4 -DTN=4 -DTEAM=64 -DDEPTH=8 -DSLICES=4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "math.glsl"

#define FORWARD 0
#define INPUT 1
#define WEIGHT 2

// By spatial axis, the outer ones 1 where there are fewer than three.
layout(constant_id = 0) const uint kIn0 = 1;  // of x
layout(constant_id = 1) const uint kIn1 = 1;
layout(constant_id = 2) const uint kIn2 = 1;
layout(constant_id = 3) const uint kOut0 = 1;  // of y
layout(constant_id = 4) const uint kOut1 = 1;
layout(constant_id = 5) const uint kOut2 = 1;
layout(constant_id = 6) const uint kKernel0 = 1;
layout(constant_id = 7) const uint kKernel1 = 1;
layout(constant_id = 8) const uint kKernel2 = 1;
layout(constant_id = 9) const uint kStride0 = 1;
layout(constant_id = 10) const uint kStride1 = 1;
layout(constant_id = 11) const uint kStride2 = 1;
layout(constant_id = 12) const uint kPadding0 = 0;
layout(constant_id = 13) const uint kPadding1 = 0;
layout(constant_id = 14) const uint kPadding2 = 0;
layout(constant_id = 15) const uint kDilation0 = 1;
layout(constant_id = 16) const uint kDilation1 = 1;
layout(constant_id = 17) const uint kDilation2 = 1;
layout(constant_id = 18) const uint kChannels = 1;  // of a group: of x
layout(constant_id = 19) const uint kFilters = 1;   // and of y
layout(constant_id = 20) const bool kBias = false;  // added; weight: the sum of y over images and places comes out as well
layout(constant_id = 21) const bool kRelu = false;

layout(push_constant, scalar) uniform Args {
  uvec2 x, weight, y, bias;  // weight: parts after parts of the sum where they come out, so bias
  uint images, groups;
  uint tiles_m, tiles_n, tiles;  // tiles: of all groups and parts; direct: results
  uint part;                     // of k
} args;

const uint kInSize = kIn0 * kIn1 * kIn2, kOutSize = kOut0 * kOut1 * kOut2, kTaps = kKernel0 * kKernel1 * kKernel2;
#if DIRECT
layout(local_size_x = 256) in;
#else
const bool SUBTRACT = false;
#define BLOCKS 0
#include "matmul_tile.glsl"
#endif

uint group, m_end, n_end, k_end;

uvec3 split(uint i, uint n1, uint n2) { return uvec3(i / (n1 * n2), i / n2 % n1, i % n2); }

// An element, zero where there is none. Loads that nothing depends on wait together: without one the first element is read.
float value_at(uvec2 from, uint at, bool there) {
  const float value = F32(from).v[there ? at : 0];
  return there ? value : 0.0;
}

// An element of the operand that is looked up: a window, of an image at a place, under a tap of a channel. Each brings a part of the offset
// and of the coordinates.
struct Part {
  uint base;
  ivec3 at;
  bool there;
};
Part window_of(uint i, bool there) {
#if KIND == INPUT
  const uint image = i / kInSize;
  return Part((image * args.groups + group) * kFilters * kOutSize,
              ivec3(split(i - image * kInSize, kIn1, kIn2)) + ivec3(kPadding0, kPadding1, kPadding2), there);
#else
  const uint image = i / kOutSize;
  return Part((image * args.groups + group) * kChannels * kInSize,
              ivec3(split(i - image * kOutSize, kOut1, kOut2) * uvec3(kStride0, kStride1, kStride2)) - ivec3(kPadding0, kPadding1, kPadding2), there);
#endif
}
Part tap_of(uint i, bool there) {
  const uint channel = i / kTaps;
  const ivec3 at = ivec3(split(i - channel * kTaps, kKernel1, kKernel2) * uvec3(kDilation0, kDilation1, kDilation2));
#if KIND == INPUT
  return Part(channel * kOutSize, -at, there);
#else
  return Part(channel * kInSize, at, there);
#endif
}
float looked_up(Part window, Part tap) {
  const ivec3 at = window.at + tap.at;
  bool inside = window.there && tap.there;
#if KIND == INPUT
  const uvec3 stride = uvec3(kStride0, kStride1, kStride2), size = uvec3(kOut0, kOut1, kOut2), place = uvec3(at) / stride;
  inside = inside && all(greaterThanEqual(at, ivec3(0))) && place * stride == uvec3(at) && all(lessThan(place, size));
  const uvec2 from = args.y;
#else
  const uvec3 size = uvec3(kIn0, kIn1, kIn2), place = uvec3(at);  // wraps around below zero
  inside = inside && all(lessThan(place, size));
  const uvec2 from = args.x;
#endif
  return value_at(from, window.base + tap.base + (place.x * size.y + place.y) * size.z + place.z, inside);
}

float ended(float value, uint row) {
  if (kBias && KIND != WEIGHT) value += F32(args.bias).v[group * m_end + row];
  return !kRelu || is_nan(value) || value > 0 ? value : 0;
}

// Element (row, k) of a.
uint a_place(uint row, uint k) {
#if KIND == FORWARD
  return (group * kFilters + row) * kChannels * kTaps + k;
#elif KIND == INPUT
  const uint from = k / kTaps;  // which filter
  return ((group * kFilters + from) * kChannels + row) * kTaps + k - from * kTaps;
#else
  const uint image = k / kOutSize;
  return ((image * args.groups + group) * kFilters + row) * kOutSize + k - image * kOutSize;
#endif
}

void set_ends() {
#if KIND == FORWARD
  m_end = kFilters, n_end = args.images * kOutSize, k_end = kChannels * kTaps;
#elif KIND == INPUT
  m_end = kChannels, n_end = args.images * kInSize, k_end = kFilters * kTaps;
#else
  m_end = kFilters, n_end = kChannels * kTaps + uint(kBias), k_end = args.images * kOutSize;
#endif
}

// Result (row, column), of all but the weight.
uint result_place(uint row, uint column) {
  const uint size = KIND == INPUT ? kInSize : kOutSize, image = column / size;
  return ((image * args.groups + group) * m_end + row) * size + column - image * size;
}

#if DIRECT
void main() {
  const uint id = group_index() * 256 + gl_LocalInvocationIndex;
  if (id >= args.tiles) return;
  set_ends();
  const uint line = id / n_end, column = id - line * n_end, row = line % m_end;
  group = line / m_end;
  const Part window = window_of(column, true);
  float sum = 0;
  for (uint k = 0; k < k_end; ++k) sum = fma(F32(args.weight).v[a_place(row, k)], looked_up(window, tap_of(k, true)), sum);
  F32(KIND == INPUT ? args.x : args.y).v[result_place(row, column)] = ended(sum, row);
}
#else
uint row0, column0;
Part columns[4];  // that the thread brings of b
uint sums = 4;    // which of them counts what a has: the column behind all taps, for the bias

vec4 bring_a(Worker w, uint k) {
  const uint row = row0 + w.across, first = a_place(row, k), next_row = a_place(1, 0) - a_place(0, 0);
  vec4 values;
  [[unroll]] for (uint j = 0; j < 4; ++j)
    values[j] = value_at(KIND == WEIGHT ? args.y : args.weight, first + j * next_row, row + j < m_end && k < k_end);
  return values;
}
vec4 bring_b(Worker w, uint k) {
  const bool there = k < k_end;
  vec4 values;
#if KIND == WEIGHT
  const Part window = window_of(k, there);
  [[unroll]] for (uint j = 0; j < 4; ++j) values[j] = kBias && j == sums ? float(there) : looked_up(window, columns[j]);
#else
  const Part tap = tap_of(k, there);
  [[unroll]] for (uint j = 0; j < 4; ++j) values[j] = looked_up(columns[j], tap);
#endif
  return values;
}

void main() {
  uint id = group_index();
  if (id >= args.tiles) return;
  row0 = id % args.tiles_m * TILE;
  id /= args.tiles_m;
  column0 = id % args.tiles_n * TILE;
  id /= args.tiles_n;
  group = id % args.groups;
  const uint part = id / args.groups;
  const uint taps = kChannels * kTaps;
  set_ends();
#if KIND == WEIGHT
  k_end = min(k_end, (part + 1) * args.part);
#endif
  const Worker w = worker();
  [[unroll]] for (uint j = 0; j < 4; ++j) {
    const uint column = column0 + w.across + j;
#if KIND == WEIGHT
    columns[j] = tap_of(column, column < taps);
    if (column == taps) sums = j;
#else
    columns[j] = window_of(column, column < n_end);
#endif
  }
  [[unroll]] for (uint i = 0; i < TM; ++i)
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) acc[i][j] = vec4(0.0);
  multiply(w, KIND == WEIGHT ? part * args.part : 0, k_end);
  join_slices(w);

  [[unroll]] for (uint j = 0; j < kVectorsN; ++j)
    [[unroll]] for (uint e = 0; e < 4; ++e) {
      const uint column = column0 + tile_column(w, j) + e;
      if (column >= n_end) continue;
#if KIND == WEIGHT
      const uint filters = args.groups * kFilters;
      const uvec2 weights = address_of(args.weight, part, filters * taps * 4), biases = address_of(args.bias, part, filters * 4);
#else
      const uint first = result_place(0, column), next_row = result_place(1, 0) - result_place(0, 0);
#endif
      [[unroll]] for (uint i = 0; i < kMine; ++i) {
        const uint row = row0 + joined_row(w, i);
        if (row >= m_end) continue;
#if KIND == WEIGHT
        if (column < taps) F32(weights).v[(group * kFilters + row) * taps + column] = acc[i][j][e];
        else F32(biases).v[group * kFilters + row] = acc[i][j][e];
#else
        F32(KIND == INPUT ? args.x : args.y).v[first + row * next_row] = ended(acc[i][j][e], row);
#endif
      }
    }
}
#endif
