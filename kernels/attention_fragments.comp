// Attention over 16-bit pages on tensor cores (after Dao et al. 2022) where the lanes' elements of a matrix are known (kernels/linear_probe.comp): lane
// 4 g + t has rows g and g + 8, of a row the columns 2 t, 2 t + 1, 2 t + 8 and 2 t + 9. So four lanes find the maximum and the total of a row by
// themselves, and scores become the left operand of the second product where they are. Keys come 64 at a time through shared memory while the
// values wait in registers, and the other way round.
//
// Fragments are filled by the lanes, 16 bytes a load. The sum over a head's elements allows any order of them, the same in queries and keys: the 8
// of one piece at 8 t serve as that lane's elements of two steps of 16. The sum over keys keeps its order, but columns of the result may mean any
// element: column g of tile c is element 2 c of piece g, column g + 8 element 2 c + 1. So a lane ends with whole pieces 2 t and 2 t + 1.
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

const uint kKeys = DIM > 128 ? 32 : 64;
#include "attention_coop.glsl"

const uint kScoreTiles = kKeys / 16;
const uint kSteps = (kPieces + 3) / 4;               // of 32 elements of a head
const uint kGroups = (kPieces + 7) / 8;              // of 64
const uint kKeyStride = (kSteps | 1) * 4, kValueStride = kPieces | 1;  // of a row: no two of eight lanes that load together in one bank
shared uvec4 key_stage[kKeys * kKeyStride], value_stage[kKeys * kValueStride + 8];

#define LOWER(i) ((i) / 4)                               // whether an element is of row g + 8
#define COLUMN(i) ((i) % 2 + (i) / 2 % 2 * 8)            // past 2 t
#define OVER_ROW(operation, x) x = operation(x, subgroupShuffleXor(x, 1)); x = operation(x, subgroupShuffleXor(x, 2));
float plus(float a, float b) { return a + b; }

// The fragment of one of two steps, from a piece of each of its two lines.
#define FILL(m, upper, lower, s) SET(m, 0, upper[s]) SET(m, 2, upper[(s) + 1]) SET(m, 4, lower[s]) SET(m, 6, lower[(s) + 1])

void main() {
  const uint split = group_index() % args.splits, lane = gl_SubgroupInvocationID, g = lane / 4, t = lane % 4;
  const uint my_row = gl_SubgroupID * 16 + g;
  const uint all_runs = take_tile(split);
  if (all_runs == 0) return;

  // Queries of 16 bits are left as they are, and the scores are scaled.
  const float factor = args.scale * (kCapped ? 1 : kLog2e);
  const float before = kIn == kF32 ? factor : 1, after = kIn == kF32 ? 1 : factor, slope = kCapped ? kLog2e : after;
  MatA q[kSteps][2];
  [[unroll]] for (uint u = 0; u < kSteps; ++u) {
    const bool inside = kPieces % 4 == 0 || u * 4 + t < kPieces;
    const uvec4 upper = inside ? query_at(my_row, u * 4 + t, before) : uvec4(0), lower = inside ? query_at(my_row + 8, u * 4 + t, before) : uvec4(0);
    FILL(q[u][0], upper, lower, 0)
    FILL(q[u][1], upper, lower, 2)
  }
  MatSum sums[kGroups][4];
  [[unroll]] for (uint j = 0; j < kGroups; ++j) [[unroll]] for (uint c = 0; c < 4; ++c) sums[j][c] = MatSum(0);
  float maximum[2] = {-1e29, -1e29}, total[2] = {0, 0};  // of the lane's two rows: more than masked scores; its own part of the totals

  uint runs = 0;
  for (uint start = 0; start < kTokens;) {
    const Run run = run_from(start);
    start = run.stop;
    if (run.sequence < 0 || runs++ % args.splits != split) continue;
    const int newest = run.newest;
    int first[2], last[2];
    [[unroll]] for (uint r = 0; r < 2; ++r) {
      const uint token = (my_row + 8 * r) / kHeads;
      const bool sees = token >= run.start && token < run.stop;
      first[r] = sees ? first_key(position_of[token]) : 0;
      last[r] = sees ? position_of[token] : -1;
    }

    int key = run.oldest / int(kKeys) * int(kKeys);
    uint page = page_at(run.sequence, key);
    uvec4 keys[kLoads], values[kLoads];
    LOAD(keys, args.k, page, key)
    barrier();  // the run before is done with
    for (; key <= newest; key += int(kKeys)) {
      STORE(key_stage, kKeyStride, keys)
      barrier();
      LOAD(values, args.v, page, key)
      page = page_at(run.sequence, key + int(kKeys));

      MatSum s[kScoreTiles];
      [[unroll]] for (uint n = 0; n < kScoreTiles; ++n) s[n] = MatSum(0);
      [[unroll]] for (uint u = 0; u < kSteps; ++u) {
        const bool inside = kPieces % 4 == 0 || u * 4 + t < kPieces;
        [[unroll]] for (uint n = 0; n < kScoreTiles; ++n) {
          const uint from = (n * 16 + g) * kKeyStride + u * 4 + t;
          const uvec4 upper = inside ? key_stage[from] : uvec4(0), lower = inside ? key_stage[from + 8 * kKeyStride] : uvec4(0);
          [[unroll]] for (uint h = 0; h < 2; ++h) {
            MatB b;
            FILL(b, upper, lower, 2 * h)
            s[n] = coopMatMulAddNV(q[u][h], b, s[n]);
          }
        }
      }
      if (kCapped) {
        [[unroll]] for (uint n = 0; n < kScoreTiles; ++n) EACH_ELEMENT(i) s[n][i] = capped(s[n][i] * after);
      }
      if (key + int(kKeys) - 1 > run.common_last || key < run.common_first) {
        [[unroll]] for (uint n = 0; n < kScoreTiles; ++n) {
          EACH_ELEMENT(i) {
            const int at = key + int(n * 16 + 2 * t + COLUMN(i));
            if (at < first[LOWER(i)] || at > last[LOWER(i)]) s[n][i] = -1e30;
          }
        }
      }

      float most[2] = {maximum[0], maximum[1]}, kept[2];
      [[unroll]] for (uint n = 0; n < kScoreTiles; ++n) EACH_ELEMENT(i) most[LOWER(i)] = max(most[LOWER(i)], s[n][i]);
      [[unroll]] for (uint r = 0; r < 2; ++r) {
        OVER_ROW(max, most[r])
        kept[r] = exp2((maximum[r] - most[r]) * slope);
        maximum[r] = most[r];
        total[r] *= kept[r];
        most[r] *= slope;
      }
      // The total of the weights as they are rounded.
      MatA weights[kScoreTiles];
      [[unroll]] for (uint n = 0; n < kScoreTiles; ++n) {
        EACH_ELEMENT(i) s[n][i] = exp2(s[n][i] * slope - most[LOWER(i)]);
        [[unroll]] for (uint i = 0; i < 8; i += 2) {
          const uint rounded = ROUND(vec2(s[n][i], s[n][i + 1]));
          const vec2 two = pair_of(kType, rounded);
          total[LOWER(i)] += two.x + two.y;
          SET(weights[n], i, rounded)
        }
      }
      if (subgroupAny(min(kept[0], kept[1]) < 1)) {
        [[unroll]] for (uint j = 0; j < kGroups; ++j)
          [[unroll]] for (uint c = 0; c < 4; ++c) EACH_ELEMENT(i) sums[j][c][i] *= kept[LOWER(i)];
      }

      STORE(value_stage, kValueStride, values)
      barrier();
      LOAD(keys, args.k, page, key + int(kKeys))
      [[unroll]] for (uint n = 0; n < kScoreTiles; ++n) {
        [[unroll]] for (uint j = 0; j < kGroups; ++j) {
          const uint from = (n * 16 + 2 * t) * kValueStride + j * 8 + g;
          const uvec4 four[4] = {value_stage[from], value_stage[from + kValueStride], value_stage[from + 8 * kValueStride], value_stage[from + 9 * kValueStride]};
          [[unroll]] for (uint c = 0; c < 4; ++c) {
            MatB b;
            [[unroll]] for (uint i = 0; i < 4; ++i) {
              const f16vec2 two = unpackFloat2x16(four[i][c]);
              b[i] = two.x;
              b[4 + i] = two.y;
            }
            sums[j][c] = coopMatMulAddNV(weights[n], b, sums[j][c]);
          }
        }
      }
    }
  }

  [[unroll]] for (uint r = 0; r < 2; ++r) {
    OVER_ROW(plus, total[r])
    total[r] = total[r] > 0 ? 1 / total[r] : total[r];  // no key: zero; NaN stays
  }
  [[unroll]] for (uint j = 0; j < kGroups; ++j)
    [[unroll]] for (uint c = 0; c < 4; ++c) EACH_ELEMENT(i) sums[j][c][i] *= total[LOWER(i)];
  const bool mine[2] = {writes(my_row, split, all_runs), writes(my_row + 8, split, all_runs)};
  const uvec2 to[2] = {result_of(my_row), result_of(my_row + 8)};
  [[unroll]] for (uint j = 0; j < kGroups; ++j) {
    [[unroll]] for (uint r = 0; r < 2; ++r) {
      [[unroll]] for (uint h = 0; h < 2; ++h) {
        const uint piece = j * 8 + 2 * t + h, i = r * 4 + h;  // its elements 2 c and 2 c + 1 are i and i + 2 of tile c
        if (!mine[r] || (kPieces % 8 != 0 && piece >= kPieces)) continue;
        if (kOut == kF32) {
          F32x4(to[r]).v[2 * piece] = vec4(sums[j][0][i], sums[j][0][i + 2], sums[j][1][i], sums[j][1][i + 2]);
          F32x4(to[r]).v[2 * piece + 1] = vec4(sums[j][2][i], sums[j][2][i + 2], sums[j][3][i], sums[j][3][i + 2]);
        } else {
          uvec4 pairs;
          [[unroll]] for (uint c = 0; c < 4; ++c) {
            const vec2 two = vec2(sums[j][c][i], sums[j][c][i + 2]);
            pairs[c] = kOut == kType ? ROUND(two) : pair_to(kOut, two);
          }
          U32x4(to[r]).v[piece] = pairs;
        }
      }
    }
  }
}
