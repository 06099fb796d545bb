// One-sided Jacobi: the columns of x are turned against each other until all are orthogonal, 16 columns of a block against 16 of another at a time. In a
// round every block meets one other (a tournament), so a round is products of all pairs at once and small rotations between them:
//   norms:  squared norms of the columns, over some of the rows
//   begin:  of a sweep: the largest column, and which matrices go on
//   gram:   C^T C of the 32 columns C of each pair, in slices of the rows
//   rotate: the orthogonal matrix that makes it diagonal, or nearly: two-sided Jacobi in shared memory; larger columns come first
//   turn:   C times that matrix, in place
// A block lies as its columns' quads: [4][height] vectors of four columns. Rows past those of x turn with them, so an identity below becomes V.
// variant norms: -DNORMS
// variant begin: -DBEGIN
// variant gram: -DGRAM
// variant rotate: -DROTATE
// variant turn: -DTURN
#version 460
#extension GL_GOOGLE_include_directive : require
#ifdef ROTATE
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
#include "common.glsl"

const uint kPair = 32;  // columns

// Which blocks meet: the last one stays, the others go around.
uvec2 pair_of(uint round_, uint k, uint blocks) {
  const uint last = blocks - 1;
  if (k == 0) return uvec2(round_, last);
  const uint a = (round_ + k) % last, b = (round_ + last - k) % last;
  return uvec2(min(a, b), max(a, b));
}

#ifdef NORMS
layout(local_size_x = 256) in;
layout(push_constant, scalar) uniform Args {
  uvec2 x;
  F32x4 norms;
  uint height, blocks;
  uint first, rows;  // that count
  uint all;          // blocks of the batch
} args;

shared vec4 sums[256];

void main() {
  const uint id = group_index(), me = gl_LocalInvocationIndex, quad = me / 64, lane = me % 64;
  if (id >= args.all) return;
  F32x4 x = row_of(F32x4, args.x, id, 4 * args.height * 16);
  vec4 sum = vec4(0);
  for (uint row = lane; row < args.rows; row += 64) {
    const vec4 v = x.v[quad * args.height + args.first + row];
    sum = fma(v, v, sum);
  }
  sums[me] = sum;
  for (uint half_ = 32; half_ > 0; half_ /= 2) {
    barrier();
    if (lane < half_) sums[me] += sums[me + half_];
  }
  if (lane == 0) args.norms.v[id * 4 + quad] = sums[me];
}
#endif

#ifdef BEGIN
layout(local_size_x = 256) in;
layout(push_constant, scalar) uniform Args {
  F32 norms, largest;
  U32 busy, live, any;  // of each matrix: whether something was turned; whether this sweep does anything; whether any was turned
  uint columns, all;
} args;

shared float most[256];

void main() {
  const uint item = group_index(), me = gl_LocalInvocationIndex;
  if (item >= args.all) return;
  float value = 0;
  for (uint i = me; i < args.columns; i += 256) value = max(value, args.norms.v[item * args.columns + i]);
  most[me] = value;
  for (uint half_ = 128; half_ > 0; half_ /= 2) {
    barrier();
    if (me < half_) most[me] = max(most[me], most[me + half_]);
  }
  if (me > 0) return;
  args.largest.v[item] = most[0];
  args.live.v[item] = args.busy.v[item];
  args.busy.v[item] = 0;
  if (item == 0) args.any.v[0] = 0;
}
#endif

#ifdef GRAM
// Of 8 x 8 tiles of 4 x 4 products the 36 on and above the diagonal, in 7 groups of threads that take every seventh row.
layout(local_size_x = 256) in;
layout(push_constant, scalar) uniform Args {
  uvec2 x;
  F32x4 partial;  // 144 vectors a pair and slice
  U32 live;
  uint height, rows, blocks, round_;
  uint slices, slice_rows;  // a multiple of 64
  uint all;                 // pairs times slices
} args;

const uint kRows = 64, kTiles = 36, kGroups = 7;
shared vec4 store[kGroups * kTiles * 4];

void main() {
  const uint id = group_index(), me = gl_LocalInvocationIndex;
  if (id >= args.all) return;
  const uint pairs = args.blocks / 2, slice = id % args.slices, item = id / args.slices / pairs;
  if (args.live.v[item] == 0) return;
  const uvec2 pair = pair_of(args.round_, id / args.slices % pairs, args.blocks);
  F32x4 x = row_of(F32x4, args.x, item * args.blocks, 4 * args.height * 16);

  const uint group = me / kTiles, tile = me % kTiles;
  uint i = 0, j = tile;
  while (j >= 8 - i) {
    j -= 8 - i;
    ++i;
  }
  j += i;

  const uint lane = me % kRows, quad = me / kRows;
  const uint begin = slice * args.slice_rows, end = min(begin + args.slice_rows, args.rows);
  const uint left = (pair.x * 4 + quad) * args.height, right = (pair.y * 4 + quad) * args.height;
  const uint to = lane * 8, turn_ = lane & 7;  // turned, so that neither rows nor columns meet in one bank
  vec4 a = vec4(0), b = vec4(0);
  if (begin + lane < end) {
    a = x.v[left + begin + lane];
    b = x.v[right + begin + lane];
  }
  vec4 sum[4] = vec4[4](vec4(0), vec4(0), vec4(0), vec4(0));
  for (uint row = begin; row < end; row += kRows) {
    store[to + (quad ^ turn_)] = a;
    store[to + ((quad + 4) ^ turn_)] = b;
    barrier();
    a = b = vec4(0);
    if (row + kRows + lane < end) {
      a = x.v[left + row + kRows + lane];
      b = x.v[right + row + kRows + lane];
    }
    for (uint k = group; k < kRows; k += kGroups) {
      const vec4 p = store[k * 8 + (i ^ (k & 7))], q = store[k * 8 + (j ^ (k & 7))];
      [[unroll]] for (uint r = 0; r < 4; ++r) sum[r] = fma(vec4(p[r]), q, sum[r]);
    }
    barrier();
  }
  if (group < kGroups) [[unroll]] for (uint r = 0; r < 4; ++r) store[me * 4 + r] = sum[r];
  barrier();
  if (me >= kTiles * 4) return;
  vec4 total = store[me];
  [[unroll]] for (uint g = 1; g < kGroups; ++g) total += store[g * kTiles * 4 + me];
  args.partial.v[id * kTiles * 4 + me] = total;
}
#endif

#ifdef ROTATE
// 16 x 16 threads hold 2 x 2 elements each: of the rows i and 16 + i, of the columns j and 16 + j. In a step columns j and 16 + j are turned against each
// other, then all but the first move on by one place; after 31 steps each has met every other and is where it began.
layout(local_size_x = 256) in;
layout(constant_id = 0) const bool SHUFFLES = false;  // subgroups are whole rows of threads: the rotation of a row is a neighbour's of that column
layout(push_constant, scalar) uniform Args {
  F32x4 partial;
  F32 rotations;  // [32][32] a pair
  U32 turned;     // of each pair
  F32 largest;
  U32 busy, live, any;
  uint slices, pairs, all;
} args;

const uint kHalf = kPair / 2, kTiles = 36, kMostSubgroups = 64;
// How far from orthogonal columns may be, as the error that this is in the matrix over its norm: |a . b| / (max(|a|, |b|) norm).
const float kTurned = 1.2e-7;     // less is left as it is
const float kConverged = 4e-6;    // a sweep that found no more ends it: what it leaves is about the square
const float kFar = 1e-3;          // more takes a second round through all columns
const float kNothing = 3e-8;      // of two columns, over the product of their norms

shared float g[2][kPair * kPair];
shared float v[kPair * kPair];
shared float most[kMostSubgroups];
shared uint places[kPair];

// Sine, and the tangent of half the angle, that make [p o; o q] diagonal: x' = x - s (y + t x), y' = y + s (x - t y) keeps lengths far better than
// a cosine near 1 would.
vec2 rotation(float p, float q, float o) {
  if (o * o <= kNothing * kNothing * p * q) return vec2(0);
  const float d = q - p, tangent = (d < 0 ? -2.0 : 2.0) * o / (abs(d) + sqrt(fma(d, d, 4 * o * o)));
  const float t = tangent / (1 + sqrt(fma(tangent, tangent, 1)));
  return vec2(2 * t / fma(t, t, 1), t);
}
void turn(vec2 by, inout float x, inout float y) {
  const float a = x, b = y;
  x = fma(-by.x, fma(by.y, a, b), a);
  y = fma(by.x, fma(-by.y, b, a), b);
}
// The place in a tournament of 32 after the next move.
uint next_first(uint i) { return i == 0 ? 0 : i == kHalf - 1 ? kPair - 1 : i + 1; }
uint next_second(uint i) { return i == 0 ? 1 : kHalf + i - 1; }
// Who is at a place after so many moves: places but the first are a ring, 1 .. 15 and back from 31 to 16.
uint ring(uint place) { return place < kHalf ? place : kPair - 1 - (place - kHalf); }
uint player(uint place, uint moves) {
  if (place == 0) return 0;
  return ring((ring(place) - 1 + (kPair - 1) - moves) % (kPair - 1) + 1);
}

void main() {
  const uint id = group_index(), me = gl_LocalInvocationIndex, i = me / kHalf, j = me % kHalf;
  if (id >= args.all) return;
  const uint item = id / args.pairs;
  if (args.live.v[item] == 0) return;

  if (me < kTiles * 4) {
    vec4 sum = args.partial.v[id * args.slices * kTiles * 4 + me];
    for (uint slice = 1; slice < args.slices; ++slice) sum += args.partial.v[(id * args.slices + slice) * kTiles * 4 + me];
    uint row = 0, column = me / 4;
    while (column >= 8 - row) {
      column -= 8 - row;
      ++row;
    }
    column = 4 * (column + row);
    row = 4 * row + me % 4;
    [[unroll]] for (uint e = 0; e < 4; ++e) {
      g[0][row * kPair + column + e] = sum[e];
      g[0][(column + e) * kPair + row] = sum[e];
    }
  }
  for (uint e = me; e < kPair * kPair; e += 256) v[e] = e % (kPair + 1) == 0 ? 1 : 0;
  barrier();

  float worst = 0;
  [[unroll]] for (uint e = 0; e < 4; ++e) {
    const uint row = i + (e / 2) * kHalf, column = j + e % 2 * kHalf;
    const float norm = max(g[0][row * (kPair + 1)], g[0][column * (kPair + 1)]);
    if (row != column && norm > 0) worst = max(worst, abs(g[0][row * kPair + column]) * inversesqrt(norm));
  }
  worst = subgroupMax(worst);
  if (gl_SubgroupInvocationID == 0) most[gl_SubgroupID] = worst;
  barrier();
  for (uint s = 0; s < gl_NumSubgroups; ++s) worst = max(worst, most[s]);
  const float largest = args.largest.v[item];
  worst = largest > 0 ? worst * inversesqrt(largest) : 0;
  const bool turns = worst > kTurned;
  if (me == 0) {
    args.turned.v[id] = uint(turns);
    if (worst > kConverged) args.busy.v[item] = args.any.v[0] = 1;
  }
  if (!turns) return;

  uint side = 0;
  for (uint pass = 0; pass < (worst > kFar ? 2 : 1); ++pass) {
    for (uint step_ = 0; step_ < kPair - 1; ++step_, side ^= 1) {
      const uint first = i * kPair + j, below = first + kHalf * kPair;
      float a = g[side][first], b = g[side][first + kHalf], c = g[side][below], d = g[side][below + kHalf];
      const uint ii = i * (kPair + 1), jj = j * (kPair + 1), far = kHalf * (kPair + 1);
      const vec2 by_column = rotation(g[side][jj], g[side][jj + far], g[side][jj + kHalf]);
      const vec2 by_row = SHUFFLES ? subgroupShuffle(by_column, i) : rotation(g[side][ii], g[side][ii + far], g[side][ii + kHalf]);
      turn(by_column, a, b);
      turn(by_column, c, d);
      turn(by_row, a, c);
      turn(by_row, b, d);
      if (i == j && by_row.x != 0) b = c = 0;
      const uint row0 = next_first(i) * kPair, row1 = next_second(i) * kPair, column0 = next_first(j), column1 = next_second(j);
      g[side ^ 1][row0 + column0] = a;
      g[side ^ 1][row0 + column1] = b;
      g[side ^ 1][row1 + column0] = c;
      g[side ^ 1][row1 + column1] = d;
      const uint left = player(j, step_), right = player(kHalf + j, step_);
      [[unroll]] for (uint r = 0; r < 2; ++r) {
        const uint row = (i + r * kHalf) * kPair;
        float x = v[row + left], y = v[row + right];
        turn(by_column, x, y);
        v[row + left] = x;
        v[row + right] = y;
      }
      barrier();
    }
  }

  if (me < kPair) {
    const float mine = g[side][me * (kPair + 1)];
    uint place = 0;
    for (uint k = 0; k < kPair; ++k) {
      const float other = g[side][k * (kPair + 1)];
      if (other > mine || (other == mine && k < me)) ++place;
    }
    places[me] = place;
  }
  barrier();
  for (uint e = me; e < kPair * kPair; e += 256) args.rotations.v[id * kPair * kPair + e / kPair * kPair + places[e % kPair]] = v[e];
}
#endif

#ifdef TURN
layout(local_size_x = 128) in;
layout(constant_id = 0) const uint ROWS = 2;  // of a thread
layout(push_constant, scalar) uniform Args {
  uvec2 x;
  F32x4 rotations;
  U32 turned, live;
  uint height, blocks, round_;
  uint chunks;  // workgroups of a pair
  uint all;
} args;

shared vec4 by[kPair * kPair / 4];

void main() {
  const uint id = group_index(), me = gl_LocalInvocationIndex;
  if (id >= args.all) return;
  const uint pairs = args.blocks / 2, chunk = id % args.chunks, pair_id = id / args.chunks, item = pair_id / pairs;
  if (args.live.v[item] == 0 || args.turned.v[pair_id] == 0) return;
  const uvec2 pair = pair_of(args.round_, pair_id % pairs, args.blocks);
  F32x4 x = row_of(F32x4, args.x, item * args.blocks, 4 * args.height * 16);
  [[unroll]] for (uint e = 0; e < 2; ++e) by[e * 128 + me] = args.rotations.v[pair_id * kPair * kPair / 4 + e * 128 + me];

  const uint row0 = chunk * 128 * ROWS + me;
  vec4 old[ROWS][8];
  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    [[unroll]] for (uint q = 0; q < 8; ++q) {
      const uint row = row0 + r * 128, block = q < 4 ? pair.x : pair.y;
      old[r][q] = row < args.height ? x.v[(block * 4 + q % 4) * args.height + row] : vec4(0);
    }
  barrier();
  [[dont_unroll]] for (uint q = 0; q < 8; ++q) {
    vec4 sum[ROWS];
    [[unroll]] for (uint r = 0; r < ROWS; ++r) sum[r] = vec4(0);
    [[unroll]] for (uint k = 0; k < kPair; ++k) {
      const vec4 b = by[k * 8 + q];
      [[unroll]] for (uint r = 0; r < ROWS; ++r) sum[r] = fma(vec4(old[r][k / 4][k % 4]), b, sum[r]);
    }
    const uint to = ((q < 4 ? pair.x : pair.y) * 4 + q % 4) * args.height;
    [[unroll]] for (uint r = 0; r < ROWS; ++r)
      if (row0 + r * 128 < args.height) x.v[to + row0 + r * 128] = sum[r];
  }
}
#endif
