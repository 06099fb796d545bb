// Attention over 16-bit pages on tensor cores (after Dao et al. 2022). A workgroup of four subgroups holds 64 query rows, 16 a subgroup: tokens
// side by side, with all heads of one kv head, so that a row of K or V is read once for all of them. Keys and values come 32 at a time through
// shared memory, the next 32 wait in registers.
//
// Nothing is assumed about which lane holds which element of a matrix. Scores visit shared memory in 16 bits, where lanes look for the maximum
// of each row; any number near it serves. Maxima and factors come back as matrices whose columns are all alike (loads of stride 0), so that
// the exponentials are taken of the float32 scores, element by element; the weights go through shared memory to become a left operand.
//
// Every run of tokens of one sequence is a pass of its own; runs are dealt out among `splits` workgroups.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "attention_common.glsl"
#include "coopmat.glsl"

// rewrite coopmat
//
// variant f16_64: -DF16_ -DDIM=64
// variant f16_80: -DF16_ -DDIM=80
// variant f16_96: -DF16_ -DDIM=96
// variant f16_128: -DF16_ -DDIM=128
// variant f16_256: -DF16_ -DDIM=256
// variant bf16_64: -DBF16_ -DDIM=64
// variant bf16_80: -DBF16_ -DDIM=80
// variant bf16_96: -DBF16_ -DDIM=96
// variant bf16_128: -DBF16_ -DDIM=128
// variant bf16_256: -DBF16_ -DDIM=256

#ifdef BF16_
#define MatA Bf16MatA(16, 16)
#define MatB Bf16MatB(16, 16)
#define MatHalf Bf16MatSum(16, 16)
const uint kType = kBf16;
#else
#define MatA F16MatA(16, 16)
#define MatB F16MatB(16, 16)
#define MatHalf F16MatSum(16, 16)
const uint kType = kF16;
#endif
#define MatSum F32MatSum(16, 16)
#define EACH_ELEMENT(i) [[unroll]] for (uint i = 0; i < 8; ++i)  // of a sum in a lane of 32

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint kHeads = 1;  // of one kv head; up to 64
layout(constant_id = 1) const uint kOut = 0;
layout(constant_id = 2) const bool kCapped = false;

const uint kDim = DIM, kRows = 64, kKeys = 32;
const uint kTokens = kRows / kHeads;
const uint kPieces = kDim / 8;                  // of 8 values in a row
const uint kStride = kPieces + 1;               // of a row in shared memory: one piece of padding
const uint kLoads = (kKeys * kPieces + 127) / 128;
const uint kTiles = kDim / 16;
const uint kScoreStride = kKeys / 8 + 1, kScores = 16 * kScoreStride;
const float kFloor = -6e4;                      // the maximum of a row that has seen nothing: less than any score, with room in float16

shared uvec4 stage[2 * kKeys * kStride];        // keys, then values; at first the queries
shared uvec4 scores[4 * kScores];               // of each subgroup: 16 rows of scores, then of weights; in the end a tile of results
shared float row_maximum[kRows], row_factor[kRows], row_first[kRows], row_last[kRows];
shared float columns[kKeys];
shared int sequence_of[kTokens], position_of[kTokens];

uint kv_head;

// Eight values of a row of keys or values; what no position has reached is zero.
uvec4 piece_at(uvec2 base, uint page, int key, uint row, uint piece, int newest) {
  if (key + int(row) > newest) return uvec4(0);
  const uvec2 at = address_of(base, page, args.kv_heads * kPageSlots * kDim * 2);
  return U32x4(at).v[(kv_head * kPageSlots + (uint(key) % kPageSlots) + row) * kPieces + piece];
}
uint page_at(int sequence, int key) {
  const uint column = min(uint(key) / kPageSlots, args.table_width - 1);
  return min(uint(I32(address_of(args.table, uint(sequence), args.table_width * 4)).v[column]), args.pages - 1);
}

#define LOAD(page, key) \
  [[unroll]] for (uint i = 0; i < kLoads; ++i) { \
    const uint at = i * 128 + thread; \
    const bool inside = at < kKeys * kPieces; \
    next_keys[i] = inside ? piece_at(args.k, page, key, at / kPieces, at % kPieces, newest) : uvec4(0); \
    next_values[i] = inside ? piece_at(args.v, page, key, at / kPieces, at % kPieces, newest) : uvec4(0); \
  }

void main() {
  const uint thread = gl_LocalInvocationIndex, lane = gl_SubgroupInvocationID, first_row = gl_SubgroupID * 16;
  const uint my_scores = gl_SubgroupID * kScores, my_row = lane / 2, my_half = lane % 2;  // where a lane looks for maxima
  const uint tiles = (args.tokens + kTokens - 1) / kTokens;
  const uint split = group_index() % args.splits, problem = group_index() / args.splits;
  kv_head = problem % args.kv_heads;
  const uint backwards = problem / args.kv_heads;
  if (backwards >= tiles) return;
  const uint first_token = (tiles - 1 - backwards) * kTokens;  // late tokens see the most: they go first

  for (uint i = thread; i < kTokens; i += 128) {
    const uint token = first_token + i;
    int sequence = -2, position = 0;
    if (token < args.tokens) {
      sequence = I32(args.sequences).v[token];
      position = min(I32(args.positions).v[token], int(args.table_width * kPageSlots) - 1);
      if (sequence < 0 || uint(sequence) >= args.table_rows || position < 0) sequence = -1;
    }
    sequence_of[i] = sequence;
    position_of[i] = position;
  }
  if (thread < kKeys) columns[thread] = float(thread);
  // Queries, scaled, in the pages' type.
  const float scale = args.scale * (kCapped ? 1 : kLog2e);
  for (uint at = thread; at < kRows * kPieces; at += 128) {
    const uint row = at / kPieces, piece = at % kPieces, token = first_token + row / kHeads;
    vec4 a = vec4(0), b = vec4(0);
    if (row < kTokens * kHeads && token < args.tokens) {
      const uvec2 from = address_of(moved(args.q, int(token), args.q_stride * 4), kv_head * kHeads + row % kHeads, kDim * 4);
      a = F32x4(from).v[2 * piece] * scale;
      b = F32x4(from).v[2 * piece + 1] * scale;
    }
    stage[row * kStride + piece] = uvec4(pair_to(kType, a.xy), pair_to(kType, a.zw), pair_to(kType, b.xy), pair_to(kType, b.zw));
  }
  barrier();
  // Whether this workgroup has any run.
  uint runs = 0;
  for (uint i = 0; i < kTokens; ++i)
    if (sequence_of[i] >= 0 && (i == 0 || sequence_of[i] != sequence_of[i - 1])) ++runs;
  if (split > 0 && split >= runs) return;

  MatA q[kTiles];
  MatSum sums[kTiles];
  [[unroll]] for (uint j = 0; j < kTiles; ++j) {
    coopMatLoadNV(q[j], stage, first_row * kStride + j * 2, kStride, false);
    sums[j] = MatSum(0);
  }
  float maximum = kFloor, total = 0;  // of the lane's row

  uint run = 0;
  for (uint start = 0; start < kTokens;) {
    const int sequence = sequence_of[start];
    uint stop = start + 1;
    int oldest = first_key(position_of[start]), newest = position_of[start];
    int common_first = oldest, common_last = newest;  // what all rows see
    for (; stop < kTokens && sequence_of[stop] == sequence; ++stop) {
      oldest = min(oldest, first_key(position_of[stop]));
      newest = max(newest, position_of[stop]);
      common_first = max(common_first, first_key(position_of[stop]));
      common_last = min(common_last, position_of[stop]);
    }
    const uint run_start = start, run_stop = stop;
    start = stop;
    if (sequence < 0) continue;
    if (run++ % args.splits != split) continue;
    if (run_start > 0 || run_stop < kTokens || kTokens * kHeads < kRows) common_last = -1;  // some rows see nothing

    int key = oldest / int(kKeys) * int(kKeys);
    uvec4 next_keys[kLoads], next_values[kLoads];
    uint page = page_at(sequence, key);
    LOAD(page, key)
    page = page_at(sequence, key + int(kKeys));
    barrier();  // the queries, or the run before, are done with
    if (thread < kRows) {
      const uint token = thread / kHeads;
      const bool sees = token >= run_start && token < run_stop;
      row_first[thread] = sees ? float(first_key(position_of[token])) : 0;
      row_last[thread] = sees ? float(position_of[token]) : -1;
    }
    for (; key <= newest; key += int(kKeys)) {
      [[unroll]] for (uint i = 0; i < kLoads; ++i) {
        const uint at = i * 128 + thread;
        if (at < kKeys * kPieces) {
          stage[at / kPieces * kStride + at % kPieces] = next_keys[i];
          stage[(kKeys + at / kPieces) * kStride + at % kPieces] = next_values[i];
        }
      }
      barrier();
      LOAD(page, key + int(kKeys))
      page = page_at(sequence, key + 2 * int(kKeys));

      MatSum s[2] = {MatSum(0), MatSum(0)};
      [[unroll]] for (uint j = 0; j < kTiles; ++j) {
        [[unroll]] for (uint n = 0; n < 2; ++n) {
          MatB b;
          coopMatLoadNV(b, stage, n * 16 * kStride + j * 2, kStride, true);
          s[n] = coopMatMulAddNV(q[j], b, s[n]);
        }
      }
      if (kCapped) {
        [[unroll]] for (uint n = 0; n < 2; ++n) EACH_ELEMENT(i) s[n][i] = capped(s[n][i]) * kLog2e;
      }
      if (key + int(kKeys) - 1 > common_last || key < common_first) {
        MatSum first, last, column;
        coopMatLoadNV(first, row_first, first_row, 0, true);
        coopMatLoadNV(last, row_last, first_row, 0, true);
        [[unroll]] for (uint n = 0; n < 2; ++n) {
          coopMatLoadNV(column, columns, n * 16, 0, false);
          EACH_ELEMENT(i) {
            const float at = float(key) + column[i];
            if (at < first[i] || at > last[i]) s[n][i] = -1e30;
          }
        }
      }
      [[unroll]] for (uint n = 0; n < 2; ++n) {
        MatHalf rounded = MatHalf(s[n]);
        coopMatStoreNV(rounded, scores, my_scores + n * 2, kScoreStride, false);
      }
      subgroupBarrier();

      float most = maximum;
      [[unroll]] for (uint h = 0; h < 2; ++h) {
        const uvec4 eight = scores[my_scores + my_row * kScoreStride + my_half * 2 + h];
        [[unroll]] for (uint i = 0; i < 4; ++i) {
          const vec2 two = pair_of(kType, eight[i]);
          most = max(most, max(two.x, two.y));
        }
      }
      most = max(most, subgroupShuffleXor(most, 1));
      const float kept = exp2(maximum - most);
      maximum = most;
      if (my_half == 0) {
        row_maximum[first_row + my_row] = most;
        row_factor[first_row + my_row] = kept;
      }
      const bool rescale = subgroupMin(kept) < 1;
      subgroupBarrier();

      MatSum same;
      coopMatLoadNV(same, row_maximum, first_row, 0, true);
      [[unroll]] for (uint n = 0; n < 2; ++n) {
        EACH_ELEMENT(i) s[n][i] = exp2(s[n][i] - same[i]);
        MatHalf rounded = MatHalf(s[n]);
        coopMatStoreNV(rounded, scores, my_scores + n * 2, kScoreStride, false);
      }
      subgroupBarrier();

      // The total of the weights as they are rounded.
      float sum = 0;
      [[unroll]] for (uint h = 0; h < 2; ++h) {
        const uvec4 eight = scores[my_scores + my_row * kScoreStride + my_half * 2 + h];
        [[unroll]] for (uint i = 0; i < 4; ++i) {
          const vec2 two = pair_of(kType, eight[i]);
          sum += two.x + two.y;
        }
      }
      total = total * kept + sum + subgroupShuffleXor(sum, 1);
      if (rescale) {
        coopMatLoadNV(same, row_factor, first_row, 0, true);
        [[unroll]] for (uint j = 0; j < kTiles; ++j) EACH_ELEMENT(i) sums[j][i] *= same[i];
      }
      MatA weights[2];
      [[unroll]] for (uint n = 0; n < 2; ++n) coopMatLoadNV(weights[n], scores, my_scores + n * 2, kScoreStride, false);
      [[unroll]] for (uint j = 0; j < kTiles; ++j) {
        [[unroll]] for (uint n = 0; n < 2; ++n) {
          MatB b;
          coopMatLoadNV(b, stage, (kKeys + n * 16) * kStride + j * 2, kStride, false);
          sums[j] = coopMatMulAddNV(weights[n], b, sums[j]);
        }
      }
      barrier();
    }
  }

  // Results by way of shared memory, a tile of 16 x 16 a subgroup at a time.
  subgroupBarrier();
  if (my_half == 0) row_factor[first_row + my_row] = total > 0 ? 1 / total : total;  // no key: zero; NaN stays
  subgroupBarrier();
  MatSum same;
  coopMatLoadNV(same, row_factor, first_row, 0, true);
  const uint row = first_row + my_row, of_tile = row / kHeads, token = first_token + of_tile;
  bool writes = row < kTokens * kHeads && token < args.tokens;
  if (writes) {
    uint mine = 0;  // the run of the lane's row
    for (uint i = 1; i <= of_tile; ++i)
      if (sequence_of[i] != sequence_of[i - 1] && sequence_of[i - 1] >= 0) ++mine;
    writes = sequence_of[of_tile] >= 0 ? mine % args.splits == split : split == 0;  // padding is the first workgroup's to clear
  }
  const uint element_bytes = kOut == kF32 ? 4 : 2;
  const uvec2 to = address_of(address_of(args.out_rows, token, args.kv_heads * kHeads * kDim * element_bytes), kv_head * kHeads + row % kHeads, kDim * element_bytes);
  [[unroll]] for (uint j = 0; j < kTiles; ++j) {
    EACH_ELEMENT(i) sums[j][i] *= same[i];
    coopMatStoreNV(sums[j], scores, my_scores, 5, false);
    subgroupBarrier();
    if (writes) {
      const vec4 a = uintBitsToFloat(scores[my_scores + my_row * 5 + my_half * 2]), b = uintBitsToFloat(scores[my_scores + my_row * 5 + my_half * 2 + 1]);
      if (kOut == kF32) {
        F32x4(to).v[j * 4 + my_half * 2] = a;
        F32x4(to).v[j * 4 + my_half * 2 + 1] = b;
      } else {
        U32x4(to).v[j * 2 + my_half] = uvec4(pair_to(kOut, a.xy), pair_to(kOut, a.zw), pair_to(kOut, b.xy), pair_to(kOut, b.zw));
      }
    }
    subgroupBarrier();
  }
}
