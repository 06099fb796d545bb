// Attention of single tokens over pages of 16-bit keys and values: a decode step, where the keys' and values' bytes and the length of the chain
// of dependent loads decide.
//
// A workgroup holds the query heads of one kv head (kHeads of them) of one token and a part of its context. Its subgroups take turns of keys by
// themselves and meet once, at the end: kDim / 8 lanes side by side read one key's row, a lane has kDepth keys in flight and holds 8 elements of
// every query head. The lanes' parts of scores are added in exchanges that halve what a lane holds (as kernels/linear_vec.comp does), so each
// score ends in a lane of its own, goes through the online softmax there (Milakov & Gimelshein 2018), and is handed back for the values.
// Contexts that are split meet in memory: the last workgroup of a token and kv head to finish joins them.
//
// ROTATES: q and k come as the products gave them. Every workgroup norms and rotates its own queries and the token's key, which one of them
// writes into its page together with the value; attention takes both from registers. No two tokens may be of one sequence then.
//
// How long contexts are is data. The grid is as large as the device runs at once, and its workgroups deal the parts out among themselves:
// workgroups that only find out that there is nothing for them would cost more than the attention of short contexts.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_vote : require
#define ATTENTION_OWN_ARGUMENTS
#include "attention_common.glsl"
#include "rotation.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint kThreads = 256;
layout(constant_id = 1) const uint kType = 1;     // of keys and values
layout(constant_id = 2) const uint kDim = 128;    // a power of two
layout(constant_id = 3) const uint kHeads = 4;    // a power of two
layout(constant_id = 4) const uint kDepth = 4;    // a power of two
layout(constant_id = 5) const uint kTeam = 32;    // the subgroup's size, at least kDim / 8
layout(constant_id = 6) const uint kOut = 0;
layout(constant_id = 7) const uint kBlocks = 0;   // > 0: results in the order of linear_skinny's fragments for so many blocks of 8 tokens
layout(constant_id = 8) const uint kKvHeads = 1;
layout(constant_id = 9) const uint kGroup = 1;    // query heads of one kv head
layout(constant_id = 10) const int kWindow = 0;
layout(constant_id = 11) const float kScale = 1;
layout(constant_id = 12) const float kSoftcap = 0;
layout(constant_id = 13) const int kQStride = 0;  // elements between tokens
layout(constant_id = 14) const int kKStride = 0;
layout(constant_id = 15) const int kVStride = 0;
layout(constant_id = 16) const bool kRotates = false;
layout(constant_id = 17) const bool kNorm = false;  // of heads, before they rotate
layout(constant_id = 18) const uint kQWeight = 0;
layout(constant_id = 19) const uint kKWeight = 0;
layout(constant_id = 20) const float kEps = 0;
layout(constant_id = 21) const float kOffset = 0;
layout(constant_id = 22) const float kFactor = 1;

layout(push_constant, scalar) uniform Args {
  uvec2 q, k_pages, v_pages, table, sequences, positions, out_rows, partials, counters;
  uvec2 k, v, frequencies, q_weight, k_weight;  // where it rotates
  uint sizes;                                   // tokens, << 8: parts of a context at most, << 16: pages of a part at least
  uint table_rows, table_width, pages;
} args;

const uint kLanes = kDim / 8;                     // that read a row
const uint kBeside = kTeam / kLanes;              // keys that a subgroup reads at once
const uint kTurn = kBeside * kDepth;              // keys of a turn, all of one page
const uint kTeams = kThreads / kTeam;
const uint kScores = kHeads * kDepth;             // [head][depth]
const uint kHeld = kScores > kLanes ? kScores / kLanes : 1;    // neighbours of them that end in one lane
const uint kCopies = kScores > kLanes ? 1 : kLanes / kScores;  // lanes that end with the same one
const uint kHeadLanes = kDepth / kHeld * kCopies;              // lanes that a head's scores end in
const uint kPartFloats = kHeads * kDim + 2 * kHeads;
const uint kRowBytes = kDim * 2;
const uint kMostTokens = 64;

shared float sums[kTeams * kHeads * kDim];        // then the weights of parts
shared float tops[kTeams * kHeads], totals[kTeams * kHeads];
shared uint arrived;
shared uint parts_before[kMostTokens + 1];        // of the contexts of tokens before

layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Parts { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Counter { uint v[]; };

uint tokens() { return args.sizes & 255; }
uint splits() { return args.sizes >> 8 & 255; }
uint least_pages() { return args.sizes >> 16; }

// softcap * tanh(score / softcap), right for scores of any size.
float capped(float score) { return kSoftcap * (1 - 2 / (exp2(2 * kLog2e / kSoftcap * score) + 1)); }

// The oldest key that a token sees.
int first_key(int position) { return kWindow > 0 ? max(0, position - kWindow + 1) : 0; }

float element(uvec4 raw, uint i) { return pair_of(kType, raw[i / 2])[i & 1u]; }

// Element `at` of the results of a token's head.
void put_result(uint token, uint head, uint at, float value) {
  const uint heads = kKvHeads * kGroup;
  if (kBlocks == 0) {
    put_value(kOut, address_of(args.out_rows, token * heads + head, kDim * (kOut == kF32 ? 4 : 2)), at, value);
    return;
  }
  put_value(kOut, args.out_rows, fragment_piece(kBlocks, token, (head * kDim + at) / 8) * 8 + at % 8, value);
}

int position_of(uint token) { return min(I32(args.positions).v[token], int(args.table_width * kPageSlots) - 1); }
bool is_padding(int sequence, int position) { return sequence < 0 || uint(sequence) >= args.table_rows || position < 0; }

// Pages of a token's context, the first of them, and how many a part takes.
void parts_of(int position, out uint oldest, out uint each, out uint parts) {
  oldest = uint(first_key(position)) / kPageSlots;
  const uint pages = uint(position) / kPageSlots + 1 - oldest;
  each = max(least_pages(), (pages + splits() - 1) / splits());
  parts = (pages + each - 1) / each;
}

// Eight elements of a row that starts at 16 bytes.
float[8] eight_at(uint type, uvec2 base, uint unit) {
  float x[8];
  if (type == kF32) {
    const vec4 low = F32x4(base).v[2 * unit], high = F32x4(base).v[2 * unit + 1];
    [[unroll]] for (uint i = 0; i < 4; ++i) {
      x[i] = low[i];
      x[4 + i] = high[i];
    }
  } else {
    const uvec4 raw = U32x4(base).v[unit];
    [[unroll]] for (uint i = 0; i < 8; ++i) x[i] = pair_of(type, raw[i / 2])[i & 1u];
  }
  return x;
}

// A head, whose elements kLanes lanes hold in order, after its norm and its rotation: element i turns with i + kDim / 2.
void rotate(inout float x[8], float weight[8], vec2 turns[8], uint lane_in) {
  if (kNorm) {
    float squares = 0;
    [[unroll]] for (uint i = 0; i < 8; ++i) squares = fma(x[i], x[i], squares);
    [[unroll]] for (uint m = 1; m < kLanes; m *= 2) squares += subgroupShuffleXor(squares, m);
    const float scale = 1 / sqrt(squares / float(kDim) + kEps);
    [[unroll]] for (uint i = 0; i < 8; ++i) x[i] *= scale * (weight[i] + kOffset);
  }
  const bool upper = lane_in >= kLanes / 2;
  [[unroll]] for (uint i = 0; i < 8; ++i) {
    const float other = subgroupShuffleXor(x[i], kLanes / 2);
    x[i] = x[i] * turns[i].x + (upper ? other : -other) * turns[i].y;
  }
}

uvec4 packed(float x[8]) {
  return uvec4(pair_to(kType, vec2(x[0], x[1])), pair_to(kType, vec2(x[2], x[3])), pair_to(kType, vec2(x[4], x[5])), pair_to(kType, vec2(x[6], x[7])));
}

void attend(uint token, uint split, uint head_item) {
  const uint thread = gl_LocalInvocationIndex, team = gl_SubgroupID, lane = gl_SubgroupInvocationID, lane_in = lane % kLanes;
  const uint head_chunks = (kGroup + kHeads - 1) / kHeads;
  const uint kv_head = head_item / head_chunks, first_head = head_item % head_chunks * kHeads;
  const uint problem = token * kKvHeads * head_chunks + head_item;
  const uint first_out = kv_head * kGroup + first_head;

  const int sequence = I32(args.sequences).v[token], position = position_of(token);
  if (is_padding(sequence, position)) {
    for (uint i = thread; i < kHeads * kDim; i += kThreads)
      if (first_head + i / kDim < kGroup) put_result(token, first_out + i / kDim, i % kDim, 0.0);
    return;
  }
  uint oldest_page, each, parts;
  parts_of(position, oldest_page, each, parts);
  const int begin = int((oldest_page + split * each) * kPageSlots), end = min(begin + int(each * kPageSlots), position + 1);
  const int first = first_key(position);

  // Everything is asked for before anything is waited for: page numbers of up to kTeam pages (one to a lane), what rotates, the first keys.
  const uvec2 table = address_of(args.table, uint(sequence), args.table_width * 4);
  int block = begin;
#define PAGE_NUMBERS() min(uint(I32(table).v[min(uint(block) / kPageSlots + lane, args.table_width - 1)]), args.pages - 1)
  uint page_number = PAGE_NUMBERS();
  const uvec2 q_token = moved(args.q, int(token), kQStride * 4);
  float q[kHeads][8], found[kHeads][8], own_k[8], own_v[8], q_weight[8], k_weight[8];
  vec4 low = vec4(0), high = vec4(0);
  [[unroll]] for (uint h = 0; h < kHeads; ++h)
    q[h] = eight_at(kF32, address_of(q_token, kv_head * kGroup + min(first_head + h, kGroup - 1), kDim * 4), lane_in);
  if (kRotates) {
    low = F32x4(args.frequencies).v[lane_in % (kLanes / 2) * 2];
    high = F32x4(args.frequencies).v[lane_in % (kLanes / 2) * 2 + 1];
    own_k = eight_at(kF32, address_of(moved(args.k, int(token), kKStride * 4), kv_head, kDim * 4), lane_in);
    own_v = eight_at(kF32, address_of(moved(args.v, int(token), kVStride * 4), kv_head, kDim * 4), lane_in);
    if (kNorm) {
      q_weight = eight_at(kQWeight, args.q_weight, lane_in);
      k_weight = eight_at(kKWeight, args.k_weight, lane_in);
    }
  }

  float top = -1e30, total = 0;  // of the head whose scores end here
  const int stride = int(kTeams * kTurn);
  uvec4 keys[kDepth], values[kDepth];
  const uint beside = lane / kLanes;
  const int place = I32(args.positions).v[token];
  const bool own = kRotates && place == position;  // the token has a place in the table
  const int known = own ? min(end, position) : end;  // keys before it are in memory

#define LOAD(key) { \
    const uint page_ = subgroupShuffle(page_number, min(uint((key) - block) / kPageSlots, kTeam - 1)); \
    const uvec2 at_k = address_of(address_of(args.k_pages, page_, kKvHeads * kPageSlots * kRowBytes), kv_head * kPageSlots + uint(key) % kPageSlots + beside, kRowBytes); \
    const uvec2 at_v = address_of(address_of(args.v_pages, page_, kKvHeads * kPageSlots * kRowBytes), kv_head * kPageSlots + uint(key) % kPageSlots + beside, kRowBytes); \
    [[unroll]] for (uint u = 0; u < kDepth; ++u) { \
      const bool there = (key) + int(u * kBeside + beside) < known; \
      keys[u] = there ? U32x4(at_k).v[u * kBeside * kLanes + lane_in] : uvec4(0); \
      values[u] = there ? U32x4(at_v).v[u * kBeside * kLanes + lane_in] : uvec4(0); } }

  const int first_turn = block + int(team * kTurn);
  if (first_turn < min(end, block + int(kTeam * kPageSlots))) LOAD(first_turn)

  // The queries, scaled so that exponents are of two; and the token's own key and value where this kernel makes them.
  uvec4 own_key = uvec4(0), own_value = uvec4(0);
  if (kRotates) {
    vec2 turns[8];
    [[unroll]] for (uint i = 0; i < 8; ++i) turns[i] = cos_sin(float(place) * (i < 4 ? low[i] : high[i - 4])) * kFactor;
    rotate(own_k, k_weight, turns, lane_in);
    own_key = packed(own_k);
    own_value = packed(own_v);
    [[unroll]] for (uint h = 0; h < kHeads; ++h) rotate(q[h], q_weight, turns, lane_in);
  }
  const float scale = kSoftcap > 0 ? kScale : kScale * kLog2e;
  [[unroll]] for (uint h = 0; h < kHeads; ++h) {
    [[unroll]] for (uint i = 0; i < 8; ++i) {
      q[h][i] *= scale;
      found[h][i] = 0;
    }
  }

  for (; block < end; block += int(kTeam * kPageSlots)) {
    const int block_end = min(end, block + int(kTeam * kPageSlots));
    int key = block + int(team * kTurn);
    if (block != begin) {
      page_number = PAGE_NUMBERS();
      if (key < block_end) LOAD(key)
    }
    for (; key < block_end; key += stride) {
      if (own) {
        [[unroll]] for (uint u = 0; u < kDepth; ++u) {
          if (key + int(u * kBeside + beside) != position) continue;
          keys[u] = own_key;
          values[u] = own_value;
        }
      }
      float scores[kScores];
      [[unroll]] for (uint u = 0; u < kDepth; ++u) {
        [[unroll]] for (uint h = 0; h < kHeads; ++h) {
          float score = 0;
          [[unroll]] for (uint i = 0; i < 8; ++i) score = fma(q[h][i], element(keys[u], i), score);
          scores[h * kDepth + u] = score;
        }
      }
      uvec4 now[kDepth];
      [[unroll]] for (uint u = 0; u < kDepth; ++u) now[u] = values[u];
      if (key + stride < block_end) LOAD(key + stride)

      uint mask = kLanes / 2;
      [[unroll]] for (uint half_ = kScores / 2; half_ >= 1; half_ /= 2) {
        if (mask >= 1) {
          const bool upper = (lane & mask) != 0;
          [[unroll]] for (uint i = 0; i < half_; ++i) {
            const float sent = upper ? scores[i] : scores[i + half_], kept = upper ? scores[i + half_] : scores[i];
            scores[i] = kept + subgroupShuffleXor(sent, mask);
          }
          mask /= 2;
        }
      }
      for (; mask >= 1; mask /= 2) scores[0] += subgroupShuffleXor(scores[0], mask);

      float most = -1e30;
      [[unroll]] for (uint i = 0; i < kHeld; ++i) {
        const int at = key + int((lane_in / kCopies * kHeld + i) % kDepth * kBeside + beside);
        if (kSoftcap > 0) scores[i] = capped(scores[i]) * kLog2e;
        if (at < first || at >= end) scores[i] = uintBitsToFloat(0xff800000u);
        most = max(most, scores[i]);
      }
      [[unroll]] for (uint m = kCopies; m < kHeadLanes; m *= 2) most = max(most, subgroupShuffleXor(most, m));
      [[unroll]] for (uint m = kLanes; m < kTeam; m *= 2) most = max(most, subgroupShuffleXor(most, m));
      if (subgroupAny(most > top)) {
        const float next = max(top, most), kept = exp2(top - next);
        top = next;
        total *= kept;
        [[unroll]] for (uint h = 0; h < kHeads; ++h) {
          const float factor = subgroupShuffle(kept, h * kHeadLanes);
          [[unroll]] for (uint i = 0; i < 8; ++i) found[h][i] *= factor;
        }
      }
      [[unroll]] for (uint i = 0; i < kHeld; ++i) {
        scores[i] = exp2(scores[i] - top);
        total += scores[i];
      }
      [[unroll]] for (uint u = 0; u < kDepth; ++u) {
        [[unroll]] for (uint h = 0; h < kHeads; ++h) {
          const uint score = h * kDepth + u;
          const float weight = subgroupShuffle(scores[score % kHeld], beside * kLanes + score / kHeld * kCopies);
          [[unroll]] for (uint i = 0; i < 8; ++i) found[h][i] = fma(weight, element(now[u], i), found[h][i]);
        }
      }
    }
  }

  if (own && end == position + 1 && first_head == 0 && team == 0 && beside == 0) {
    const uint page = uint(I32(table).v[uint(position) / kPageSlots]);
    if (page < args.pages) {
      const uint row = kv_head * kPageSlots + uint(position) % kPageSlots;
      U32x4(address_of(address_of(args.k_pages, page, kKvHeads * kPageSlots * kRowBytes), row, kRowBytes)).v[lane_in] = own_key;
      U32x4(address_of(address_of(args.v_pages, page, kKvHeads * kPageSlots * kRowBytes), row, kRowBytes)).v[lane_in] = own_value;
    }
  }

  // The subgroup's, then the workgroup's.
  [[unroll]] for (uint m = kCopies; m < kHeadLanes; m *= 2) total += subgroupShuffleXor(total, m);
  [[unroll]] for (uint m = kLanes; m < kTeam; m *= 2) {
    total += subgroupShuffleXor(total, m);
    [[unroll]] for (uint h = 0; h < kHeads; ++h)
      [[unroll]] for (uint i = 0; i < 8; ++i) found[h][i] += subgroupShuffleXor(found[h][i], m);
  }
  if (beside == 0) {
    [[unroll]] for (uint h = 0; h < kHeads; ++h)
      [[unroll]] for (uint i = 0; i < 8; ++i) sums[(team * kHeads + h) * kDim + lane_in * 8 + i] = found[h][i];
    if (lane_in % kHeadLanes == 0) {
      tops[team * kHeads + lane_in / kHeadLanes] = top;
      totals[team * kHeads + lane_in / kHeadLanes] = total;
    }
  }
  barrier();
  const uvec2 part = address_of(args.partials, problem * splits() + split, kPartFloats * 4);
  for (uint i = thread; i < kHeads * kDim; i += kThreads) {
    const uint h = i / kDim;
    float most = -1e30, all = 0, sum = 0;
    [[unroll]] for (uint t = 0; t < kTeams; ++t) most = max(most, tops[t * kHeads + h]);
    [[unroll]] for (uint t = 0; t < kTeams; ++t) {
      const float weight = exp2(tops[t * kHeads + h] - most);
      all = fma(weight, totals[t * kHeads + h], all);
      sum = fma(weight, sums[t * kHeads * kDim + i], sum);
    }
    if (parts == 1) {
      if (first_head + h < kGroup) put_result(token, first_out + h, i % kDim, sum / all);
      continue;
    }
    Parts(part).v[i] = sum;
    if (i % kDim == 0) {
      Parts(part).v[kHeads * kDim + h] = most;
      Parts(part).v[kHeads * kDim + kHeads + h] = all;
    }
  }
  if (parts == 1) return;

  // Who comes last joins the parts.
  memoryBarrierBuffer();
  barrier();
  if (thread == 0) arrived = atomicAdd(Counter(args.counters).v[problem], 1);
  barrier();
  if (arrived + 1 != parts) return;
  memoryBarrierBuffer();
  if (thread == 0) Counter(args.counters).v[problem] = 0;
  const uvec2 first_part = address_of(args.partials, problem * splits(), kPartFloats * 4);
  for (uint i = thread; i < parts * 2 * kHeads; i += kThreads) sums[i] = Parts(first_part).v[i / (2 * kHeads) * kPartFloats + kHeads * kDim + i % (2 * kHeads)];
  barrier();
  for (uint i = thread; i < kHeads * kDim; i += kThreads) {
    const uint h = i / kDim;
    float most = -1e30, all = 0, sum = 0;
    for (uint p = 0; p < parts; ++p) most = max(most, sums[p * 2 * kHeads + h]);
    for (uint p = 0; p < parts; ++p) {
      const float weight = exp2(sums[p * 2 * kHeads + h] - most);
      all = fma(weight, sums[p * 2 * kHeads + kHeads + h], all);
      sum = fma(weight, Parts(first_part).v[p * kPartFloats + i], sum);
    }
    if (first_head + h < kGroup) put_result(token, first_out + h, i % kDim, sum / all);
  }
}

void main() {
  const uint thread = gl_LocalInvocationIndex, head_items = (kGroup + kHeads - 1) / kHeads * kKvHeads;
  for (uint token = thread; token < tokens(); token += kThreads) {
    uint oldest, each, parts = 1;
    const int position = position_of(token);
    if (!is_padding(I32(args.sequences).v[token], position)) parts_of(position, oldest, each, parts);
    parts_before[token + 1] = parts;
  }
  if (thread == 0) parts_before[0] = 0;
  barrier();
  if (thread == 0)
    for (uint token = 0; token < tokens(); ++token) parts_before[token + 1] += parts_before[token];
  barrier();
  const uint items = parts_before[tokens()] * head_items;
  uint token = 0;
  for (uint item = group_index(); item < items; item += gl_NumWorkGroups.x * gl_NumWorkGroups.y) {
    const uint part = item / head_items;
    while (parts_before[token + 1] <= part) ++token;
    attend(token, part - parts_before[token], item % head_items);
    barrier();  // what is shared is written anew
  }
}
