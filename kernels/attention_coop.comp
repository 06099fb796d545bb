// Attention over 16-bit pages on tensor cores (after Dao et al. 2022) where nothing is known about which lane holds which element of a matrix. Keys and
// values come 32 at a time through shared memory, the next 32 wait in registers.
//
// Scores visit shared memory in 16 bits, where lanes look for the maximum of each row; any number near it serves. Maxima and factors come back as
// matrices whose columns are all alike (loads of stride 0), so that the exponentials are taken of the float32 scores, element by element; the
// weights go through shared memory to become a left operand.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_shuffle : require

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

const uint kKeys = 32;
#include "attention_coop.glsl"

const uint kStride = kPieces + 1;               // of a row in shared memory: one piece of padding
shared uvec4 stage[2 * kKeys * kStride];        // keys, then values; at first the queries
const uint kScoreStride = kKeys / 8 + 1, kScores = 16 * kScoreStride;
shared uvec4 scores[4 * kScores];               // of each subgroup: 16 rows of scores, then of weights; in the end a tile of results
shared float row_maximum[kRows], row_factor[kRows], row_first[kRows], row_last[kRows];
shared float columns[kKeys];
const float kFloor = -6e4;                      // the maximum of a row that has seen nothing: less than any score, with room in float16

void main() {
  const uint thread = gl_LocalInvocationIndex, lane = gl_SubgroupInvocationID, first_row = gl_SubgroupID * 16;
  const uint my_scores = gl_SubgroupID * kScores, my_row = lane / 2, my_half = lane % 2;  // where a lane looks for maxima
  const uint split = group_index() % args.splits;
  if (thread < kKeys) columns[thread] = float(thread);
  const uint all_runs = take_tile(split);
  if (all_runs == 0) return;
  const float scale = args.scale * (kCapped ? 1 : kLog2e);
  for (uint at = thread; at < kRows * kPieces; at += 128) stage[at / kPieces * kStride + at % kPieces] = query_at(at / kPieces, at % kPieces, scale);
  barrier();

  MatA q[kTiles];
  MatSum sums[kTiles];
  [[unroll]] for (uint j = 0; j < kTiles; ++j) {
    coopMatLoadNV(q[j], stage, first_row * kStride + j * 2, kStride, false);
    sums[j] = MatSum(0);
  }
  float maximum = kFloor, total = 0;  // of the lane's row

  uint runs = 0;
  for (uint start = 0; start < kTokens;) {
    const Run run = run_from(start);
    start = run.stop;
    if (run.sequence < 0 || runs++ % args.splits != split) continue;
    const int newest = run.newest;

    int key = run.oldest / int(kKeys) * int(kKeys);
    uvec4 next_keys[kLoads], next_values[kLoads];
    uint page = page_at(run.sequence, key);
    LOAD(next_keys, args.k, page, key)
    LOAD(next_values, args.v, page, key)
    page = page_at(run.sequence, key + int(kKeys));
    barrier();  // the queries, or the run before, are done with
    if (thread < kRows) {
      const uint token = thread / kHeads;
      const bool sees = token >= run.start && token < run.stop;
      row_first[thread] = sees ? float(first_key(position_of[token])) : 0;
      row_last[thread] = sees ? float(position_of[token]) : -1;
    }
    for (; key <= newest; key += int(kKeys)) {
      STORE(stage, kStride, next_keys)
      [[unroll]] for (uint i = 0; i < kLoads; ++i) {
        const uint at = i * 128 + thread;
        if (at < kKeys * kPieces) stage[(kKeys + at / kPieces) * kStride + at % kPieces] = next_values[i];
      }
      barrier();
      LOAD(next_keys, args.k, page, key + int(kKeys))
      LOAD(next_values, args.v, page, key + int(kKeys))
      page = page_at(run.sequence, key + 2 * int(kKeys));

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
      if (key + int(kKeys) - 1 > run.common_last || key < run.common_first) {
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
  const bool mine = writes(first_row + my_row, split, all_runs);
  const uvec2 to = result_of(first_row + my_row);
  [[unroll]] for (uint j = 0; j < kTiles; ++j) {
    EACH_ELEMENT(i) sums[j][i] *= same[i];
    coopMatStoreNV(sums[j], scores, my_scores, 5, false);
    subgroupBarrier();
    if (mine) {
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
