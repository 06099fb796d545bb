// What both forms of attention on tensor cores share: a workgroup of four subgroups holds 64 query rows, 16 a subgroup: tokens side by side, with
// all heads of one kv head, so that a row of K or V is read once for all of them. Every run of tokens of one sequence is a pass of its own; runs
// are dealt out among `splits` workgroups. The includer defines kKeys: how many keys are taken at a time.
#ifndef MLXC_ATTENTION_COOP_GLSL
#define MLXC_ATTENTION_COOP_GLSL

#include "attention_common.glsl"
#include "coopmat.glsl"

#extension GL_KHR_shader_subgroup_vote : require

#ifdef BF16_
#define MatA Bf16MatA(16, 16)
#define MatB Bf16MatB(16, 16)
#define MatHalf Bf16MatSum(16, 16)
#define ROUND ROUND_BF16
const uint kType = kBf16;
#else
#define MatA F16MatA(16, 16)
#define MatB F16MatB(16, 16)
#define MatHalf F16MatSum(16, 16)
#define ROUND ROUND_F16
const uint kType = kF16;
#endif
#define MatSum F32MatSum(16, 16)
#define EACH_ELEMENT(i) [[unroll]] for (uint i = 0; i < 8; ++i)  // of a sum in a lane of 32

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint kHeads = 1;  // of one kv head; up to 64
layout(constant_id = 1) const uint kOut = 0;
layout(constant_id = 2) const bool kCapped = false;
layout(constant_id = 3) const uint kIn = 0;     // type of the queries

const uint kDim = DIM, kRows = 64;
const uint kTokens = kRows / kHeads;
const uint kPieces = kDim / 8;                  // of 8 values in a row
const uint kLoads = (kKeys * kPieces + 127) / 128;
const uint kTiles = kDim / 16;

shared int sequence_of[kTokens], position_of[kTokens];

uint kv_head, first_token;
bool whole;  // all tokens of the tile are of one sequence

// Of a token of the tile that the lane looks at, the first time or the second: 32 lanes see all 64 there can be.
#define LOOK(of_tile, again) of_tile[min(gl_SubgroupInvocationID + (again), kTokens - 1)]

uint page_at(int sequence, int key) {
  const uint column = min(uint(key) / kPageSlots, args.table_width - 1);
  return min(uint(I32(address_of(args.table, uint(sequence), args.table_width * 4)).v[column]), args.pages - 1);
}

// kKeys rows of keys or values from `key` on, which lie side by side in their page: thread by thread, kLoads pieces of 8 values. What no position
// has reached is zero.
#define LOAD(pieces, base, page, key) { \
    const uvec2 rows_ = address_of(base, (page) * args.kv_heads + kv_head, kPageSlots * kDim * 2); \
    U32x4 from_ = U32x4(address_of(rows_, uint(key) % kPageSlots * kPieces + gl_LocalInvocationIndex, 16)); \
    const int reached_ = (newest - (key) + 1) * int(kPieces) - int(gl_LocalInvocationIndex); \
    if (kLoads * 128 == kKeys * kPieces && (key) + int(kKeys) - 1 <= newest) { \
      [[unroll]] for (uint i = 0; i < kLoads; ++i) pieces[i] = from_.v[i * 128]; \
    } else { \
      [[unroll]] for (uint i = 0; i < kLoads; ++i) \
        pieces[i] = int(i * 128) < reached_ && i * 128 + gl_LocalInvocationIndex < kKeys * kPieces ? from_.v[i * 128] : uvec4(0); \
    } \
  }
#define STORE(stage, stride, pieces) \
  [[unroll]] for (uint i = 0; i < kLoads; ++i) { \
    const uint at = i * 128 + gl_LocalInvocationIndex; \
    if (at < kKeys * kPieces) stage[at / kPieces * stride + at % kPieces] = pieces[i]; \
  }

// Takes the workgroup's tile of tokens. How many runs it has; 0: nothing to do.
uint take_tile(uint split) {
  const uint thread = gl_LocalInvocationIndex, tiles = (args.tokens + kTokens - 1) / kTokens, problem = group_index() / args.splits;
  kv_head = problem % args.kv_heads;
  const uint backwards = problem / args.kv_heads;
  if (backwards >= tiles) return 0;
  first_token = (tiles - 1 - backwards) * kTokens;  // late tokens see the most: they go first
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
  barrier();
  whole = subgroupAll(LOOK(sequence_of, 0) == sequence_of[0] && LOOK(sequence_of, 32) == sequence_of[0]);
  uint runs = 0;
  for (uint i = 0; i < kTokens && !whole; ++i)
    if (sequence_of[i] >= 0 && (i == 0 || sequence_of[i] != sequence_of[i - 1])) ++runs;
  return split > 0 && split >= runs ? 0 : max(runs, 1);  // padding is the first workgroup's to clear
}

// Eight values of a query times `scale`, in the pages' type.
uvec4 query_at(uint row, uint piece, float scale) {
  const uint token = first_token + row / kHeads;
  if (row >= kTokens * kHeads || token >= args.tokens) return uvec4(0);
  const int bytes = kIn == kF32 ? 4 : 2;
  const uvec2 from = address_of(moved(args.q, int(token), args.q_stride * bytes), kv_head * kHeads + row % kHeads, kDim * bytes);
  vec4 a, b;
  if (kIn == kF32) {
    a = F32x4(from).v[2 * piece];
    b = F32x4(from).v[2 * piece + 1];
  } else {
    const uvec4 pairs = U32x4(from).v[piece];
    if (kIn == kType && scale == 1) return pairs;
    a = vec4(pair_of(kIn, pairs.x), pair_of(kIn, pairs.y));
    b = vec4(pair_of(kIn, pairs.z), pair_of(kIn, pairs.w));
  }
  a *= scale;
  b *= scale;
  return uvec4(pair_to(kType, a.xy), pair_to(kType, a.zw), pair_to(kType, b.xy), pair_to(kType, b.zw));
}

// Tokens [start, stop) of one sequence, the keys that any of them sees, and those that all rows of the tile see.
struct Run {
  uint start, stop;
  int sequence, oldest, newest, common_first, common_last;
};
Run run_from(uint start) {
  Run run = Run(start, start + 1, sequence_of[start], first_key(position_of[start]), position_of[start], first_key(position_of[start]), position_of[start]);
  if (whole) {
    const int a = LOOK(position_of, 0), b = LOOK(position_of, 32);
    run.stop = kTokens;
    run.oldest = subgroupMin(min(first_key(a), first_key(b)));
    run.newest = subgroupMax(max(a, b));
    run.common_first = subgroupMax(max(first_key(a), first_key(b)));
    run.common_last = subgroupMin(min(a, b));
  }
  for (; run.stop < kTokens && sequence_of[run.stop] == run.sequence; ++run.stop) {
    const int position = position_of[run.stop], first = first_key(position);
    run.oldest = min(run.oldest, first);
    run.newest = max(run.newest, position);
    run.common_first = max(run.common_first, first);
    run.common_last = min(run.common_last, position);
  }
  if (run.start > 0 || run.stop < kTokens || kTokens * kHeads < kRows) run.common_last = -1;  // some rows see nothing
  return run;
}

// Whether this workgroup writes the results of a row; `runs` is what take_tile said.
bool writes(uint row, uint split, uint runs) {
  const uint of_tile = row / kHeads;
  if (row >= kTokens * kHeads || first_token + of_tile >= args.tokens) return false;
  if (runs == 1) return split == 0;
  uint run = 0;
  for (uint i = 1; i <= of_tile; ++i)
    if (sequence_of[i] != sequence_of[i - 1] && sequence_of[i - 1] >= 0) ++run;
  return sequence_of[of_tile] >= 0 ? run % args.splits == split : split == 0;
}
uvec2 result_of(uint row) {
  const uint element_bytes = kOut == kF32 ? 4 : 2;
  return address_of(address_of(args.out_rows, first_token + row / kHeads, args.kv_heads * kHeads * kDim * element_bytes), kv_head * kHeads + row % kHeads, kDim * element_bytes);
}

#endif
