// Linear layers of many tokens on tensor cores: y = x W^T, 16-bit in, float32 sums, a tile of TOKENS x COLUMNS outputs a workgroup of four
// subgroups. One stage of 32 k in shared memory (small, so that two workgroups share a multiprocessor), the next one in registers meanwhile.
// SPLIT > 1: so many workgroups share a tile, each a part of k; the last to finish adds their sums, in order. Of two, only the first to finish
// writes its sums; the other one, which has to wait at most until they are written, adds them to those that it holds.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "coopmat.glsl"
#include "linear.glsl"

// rewrite coopmat
//
// variant f16_128x128: -DF16_ -DTOKENS=128 -DCOLUMNS=128
// variant f16_128x96: -DF16_ -DTOKENS=128 -DCOLUMNS=96
// variant f16_64x64: -DF16_ -DTOKENS=64 -DCOLUMNS=64
// variant bf16_128x128: -DBF16_ -DTOKENS=128 -DCOLUMNS=128
// variant bf16_128x96: -DBF16_ -DTOKENS=128 -DCOLUMNS=96
// variant bf16_64x64: -DBF16_ -DTOKENS=64 -DCOLUMNS=64

#ifdef BF16_
#define MatA Bf16MatA(16, 16)
#define MatB Bf16MatB(16, 16)
#else
#define MatA F16MatA(16, 16)
#define MatB F16MatB(16, 16)
#endif
#define MatSum F32MatSum(16, 16)

layout(local_size_x = 128) in;
layout(constant_id = 2) const uint K = 4096;        // a constant: worth 6 to 13 %
layout(constant_id = 3) const uint EDGE_TOKENS = 0;  // the tokens are no multiple of TOKENS
layout(constant_id = 4) const uint EDGE_COLUMNS = 0;
layout(constant_id = 5) const uint SPLIT = 1;

#define MY_TOKENS (TOKENS / 2)  // of a subgroup
#define MY_COLUMNS (COLUMNS / 2)
#define DOWN (MY_TOKENS / 16)
#define ACROSS (MY_COLUMNS / 16)
#define STRIDE 5                // of a row of 32 values, in pieces of 8: one piece of padding
#define X_LOADS (TOKENS / 32)
#define W_LOADS (COLUMNS / 32)
#define OUT_STRIDE (MY_COLUMNS / 4 + 1)  // of a row of sums, in pieces of four floats
const uint PIECES = K / 8, STAGES = (PIECES + 3) / 4, STAGES_EACH = (STAGES + SPLIT - 1) / SPLIT;
const bool RAGGED = PIECES % 4 != 0;
const uint EACH = GATED ? COLUMNS / 2 : COLUMNS;  // columns of one weight
const uint MINE = GATED ? MY_COLUMNS / 2 : MY_COLUMNS;

shared uvec4 tile[(TOKENS + COLUMNS) * STRIDE];  // of x, then of the weights; in the end of the sums
shared uint arrived;

// What the workgroups of a split tile tell each other.
layout(buffer_reference, scalar, buffer_reference_align = 16) queuefamilycoherent buffer Partial { vec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) queuefamilycoherent buffer Counter { uint v[]; };

// Eight neighbouring threads store rows r and r + 4: no two in one bank of shared memory.
#define ROW(id) ((id) / 32 * 8 + (id) % 32 / 8 + 4 * ((id) / 4 % 2))

#define LOAD(c) \
  [[unroll]] for (uint i = 0; i < X_LOADS; i++) x_next[i] = !RAGGED || (c) < PIECES ? U32x4(x_rows[i]).v[c] : uvec4(0); \
  [[unroll]] for (uint i = 0; i < W_LOADS; i++) w_next[i] = !RAGGED || (c) < PIECES ? U32x4(w_rows[i]).v[c] : uvec4(0);

void main() {
  MatSum sums[DOWN][ACROSS];
  const uint id = gl_LocalInvocationIndex, my_y = gl_SubgroupID / 2, my_x = gl_SubgroupID % 2, lane = gl_SubgroupInvocationID;

  // Up to eight rows of tiles before the next column of tiles, so that the second-level cache sees both operands again.
  const uint down = (args.tokens + TOKENS - 1) / TOKENS, across = blocks(EACH), tiles = down * across;
  const uint part = group_index() / tiles, at = group_index() % tiles;
  if (part >= SPLIT) return;
  const uint band = at / (8 * across), in_band = at % (8 * across), rows = min(down - band * 8, 8u);
  const uint token0 = (band * 8 + in_band % rows) * TOKENS;
  uint which, first;
  locate(in_band / rows, EACH, which, first);
  const uint last = args.n[which] - 1;

  uvec2 x_rows[X_LOADS], w_rows[W_LOADS];
  [[unroll]] for (uint i = 0; i < X_LOADS; i++) {
    const uint token = token0 + ROW(id) + 32 * i;
    x_rows[i] = address_of(args.x, EDGE_TOKENS != 0 ? min(token, args.tokens - 1) : token, K * 2);
  }
  [[unroll]] for (uint i = 0; i < W_LOADS; i++) {
    uint column = ROW(id) + 32 * i, weight = which;
    if (GATED) {  // the columns of a subgroup: half of one weight, half of the other
      weight = column % MY_COLUMNS / MINE;
      column = column / MY_COLUMNS * MINE + column % MINE;
    }
    const uint row = first + column;
    w_rows[i] = address_of(args.weight[weight], EDGE_COLUMNS != 0 ? min(row, last) : row, K * 2);
  }
  const uint to = ROW(id) * STRIDE + id % 4;
  [[unroll]] for (uint i = 0; i < DOWN; i++)
    [[unroll]] for (uint j = 0; j < ACROSS; j++) sums[i][j] = MatSum(0);

  const uint stage0 = part * STAGES_EACH, stage1 = min(stage0 + STAGES_EACH, STAGES);
  uvec4 x_next[X_LOADS], w_next[W_LOADS];
  uint c = stage0 * 4 + id % 4;
  if (stage0 < stage1) { LOAD(c) }
  for (uint stage = stage0; stage < stage1; stage++) {
    barrier();
    [[unroll]] for (uint i = 0; i < X_LOADS; i++) tile[to + i * 32 * STRIDE] = x_next[i];
    [[unroll]] for (uint i = 0; i < W_LOADS; i++) tile[(TOKENS + i * 32) * STRIDE + to] = w_next[i];
    barrier();
    c += 4;
    if (stage + 1 < stage1) { LOAD(c) }
    [[unroll]] for (uint k = 0; k < 2; k++) {
      MatA a[DOWN];
      [[unroll]] for (uint i = 0; i < DOWN; i++) coopMatLoadNV(a[i], tile, (my_y * MY_TOKENS + i * 16) * STRIDE + k * 2, STRIDE, false);
      [[unroll]] for (uint j = 0; j < ACROSS; j++) {
        MatB b;
        coopMatLoadNV(b, tile, (TOKENS + my_x * MY_COLUMNS + j * 16) * STRIDE + k * 2, STRIDE, true);
        [[unroll]] for (uint i = 0; i < DOWN; i++) sums[i][j] = coopMatMulAddNV(a[i], b, sums[i][j]);
      }
    }
  }
  barrier();

  // The sums go through shared memory, 16 tokens of a subgroup at a time, to come out in rows. This runs once, from instructions that nobody has
  // fetched yet, at about a microsecond a KiB: loops stay loops. What comes from memory is asked for before anything is stored.
  const uint stage_at = gl_SubgroupID * 16 * OUT_STRIDE, units = MY_COLUMNS / 4;  // pieces of four sums
  const uint strip = 16 * units;
  Partial partials = Partial(address_of(args.norm, at * SPLIT, TOKENS * COLUMNS * 4));
#define PARTIAL_AT(s, i) ((((s) * 4 + gl_SubgroupID) * DOWN + (i)) * strip)
#define COUNT(counter) \
  atomicAdd(counter, 1, gl_ScopeQueueFamily, gl_StorageSemanticsBuffer, gl_SemanticsAcquireRelease | gl_SemanticsMakeAvailable | gl_SemanticsMakeVisible)
#define TO_SHARED(i) \
  [[unroll]] for (uint row_ = 0; row_ < DOWN; row_++) { \
    if (row_ == i) { \
      [[unroll]] for (uint j = 0; j < ACROSS; j++) coopMatStoreNV(sums[row_][j], tile, stage_at + j * 4, OUT_STRIDE, false); \
    } \
  } \
  subgroupBarrier();

  if (SPLIT > 1) {
    Counter counter = Counter(RESIDUAL ? args.weight[2] : args.residual);
    if (SPLIT == 2) {
      if (id == 0) arrived = COUNT(counter.v[at]);
      barrier();
    }
    if (SPLIT > 2 || arrived == 0) {
      [[dont_unroll]] for (uint i = 0; i < DOWN; i++) {
        TO_SHARED(i)
        const uint slot = SPLIT > 2 ? PARTIAL_AT(part, i) : PARTIAL_AT(0, i);
        for (uint u = lane; u < strip; u += 32) partials.v[slot + u] = uintBitsToFloat(tile[stage_at + u / units * OUT_STRIDE + u % units]);
        subgroupBarrier();
      }
      memoryBarrier(gl_ScopeQueueFamily, gl_StorageSemanticsBuffer, gl_SemanticsRelease | gl_SemanticsMakeAvailable);
      barrier();
      if (id == 0) {
        const uint before = COUNT(counter.v[at]);
        if (SPLIT > 2) {
          arrived = before;
          if (before == SPLIT - 1) counter.v[at] = 0;
        }
      }
      if (SPLIT == 2) return;
      barrier();
      if (arrived != SPLIT - 1) return;
    } else {
      if (id == 0) {
        while (atomicLoad(counter.v[at], gl_ScopeQueueFamily, gl_StorageSemanticsBuffer, gl_SemanticsAcquire | gl_SemanticsMakeVisible) != 3) {
        }
        counter.v[at] = 0;
      }
      barrier();
    }
    memoryBarrier(gl_ScopeQueueFamily, gl_StorageSemanticsBuffer, gl_SemanticsAcquire | gl_SemanticsMakeVisible);
  }

  const uint my_units = MINE / 4, parts = 16 * my_units / 32;  // of a lane in a strip
#define UNIT(n) (lane + (n) * 32)
#define TOKEN(u) (token0 + my_y * MY_TOKENS + i * 16 + (u) / my_units)
#define COLUMN(u) (first + my_x * MINE + (u) % my_units * 4)
#define SUM_AT(u) (stage_at + (u) / my_units * OUT_STRIDE + (u) % my_units)
#define SUMS_AT(s, u) (PARTIAL_AT(s, i) + (u) / my_units * units + (u) % my_units)
  [[dont_unroll]] for (uint i = 0; i < DOWN; i++) {
    if (SPLIT > 2) {
      [[dont_unroll]] for (uint u = lane; u < 16 * my_units; u += 32) {
        vec4 sum = vec4(0), other = vec4(0);
        for (uint s = 0; s < SPLIT; s++) {
          sum += partials.v[SUMS_AT(s, u)];
          if (GATED) other += partials.v[SUMS_AT(s, u) + my_units];
        }
        if (EDGE_TOKENS == 0 || TOKEN(u) < args.tokens) finish(which, TOKEN(u), COLUMN(u), sum, other, residual_at(which, TOKEN(u), COLUMN(u)));
      }
      continue;
    }
    if (SPLIT == 1 && !RESIDUAL) {
      TO_SHARED(i)
      [[dont_unroll]] for (uint u = lane; u < 16 * my_units; u += 32) {
        const vec4 sum = uintBitsToFloat(tile[SUM_AT(u)]), other = GATED ? uintBitsToFloat(tile[SUM_AT(u) + my_units]) : vec4(0);
        if (EDGE_TOKENS == 0 || TOKEN(u) < args.tokens) finish(which, TOKEN(u), COLUMN(u), sum, other, vec4(0));
      }
    } else {
      vec4 residual[parts], sums_there[parts], others_there[parts];
      [[unroll]] for (uint n = 0; n < parts; n++) {
        const bool there = EDGE_TOKENS == 0 || TOKEN(UNIT(n)) < args.tokens;
        residual[n] = there ? residual_at(which, TOKEN(UNIT(n)), COLUMN(UNIT(n))) : vec4(0);
        sums_there[n] = SPLIT == 2 ? partials.v[SUMS_AT(0, UNIT(n))] : vec4(0);
        others_there[n] = SPLIT == 2 && GATED ? partials.v[SUMS_AT(0, UNIT(n)) + my_units] : vec4(0);
      }
      TO_SHARED(i)
      [[unroll]] for (uint n = 0; n < parts; n++) {
        const uint u = UNIT(n);
        const vec4 sum = uintBitsToFloat(tile[SUM_AT(u)]) + sums_there[n];
        const vec4 other = GATED ? uintBitsToFloat(tile[SUM_AT(u) + my_units]) + others_there[n] : vec4(0);
        if (EDGE_TOKENS == 0 || TOKEN(u) < args.tokens) finish(which, TOKEN(u), COLUMN(u), sum, other, residual[n]);
      }
    }
    subgroupBarrier();
  }
}
