// The k largest of each row, largest first, equal ones by index, NaN first. Each workgroup sorts (k > 1) or scans (k = 1) 1024 entries
// and keeps k of them; passes repeat over what was kept until one workgroup a row is left.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// variant sort: -DSORT=1
// variant scan: -DSORT=0

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint FIRST = 1;  // 1: entries are the row's floats; 0: values with their indices, from a former pass

layout(push_constant, scalar) uniform Args {
  F32 x;        // [rows, n]
  I32 from;     // [rows, n] where FIRST is 0
  F32 values;   // [rows, gl_NumWorkGroups.x * k]
  I32 indices;
  uint n, k;
} args;

// Larger keys come first. NaN is the largest, -0 equals 0; a key of 0 is no entry.
uint key_of(float value) {
  uint bits = floatBitsToUint(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0xffffffffu;
  if (bits == 0x80000000u) bits = 0;
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}
float value_of(uint key) {
  if (key == 0xffffffffu) return uintBitsToFloat(0x7fc00000u);
  if (key == 0) return uintBitsToFloat(0xff800000u);
  return uintBitsToFloat((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key);
}
bool before(uint key_a, uint index_a, uint key_b, uint index_b) { return key_a > key_b || (key_a == key_b && index_a < index_b); }

const uint kThreads = 256;
const uint kEntries = 1024;

shared uint keys[SORT == 1 ? 1024 : 256];
shared uint places[SORT == 1 ? 1024 : 256];

void load(uint i, out uint key, out uint index) {
  key = 0;
  index = 0xffffffffu;
  if (i >= args.n) return;
  const uint at = gl_WorkGroupID.y * args.n + i;
  index = FIRST == 1 ? i : uint(args.from.v[at]);
  if (index != 0xffffffffu) key = key_of(args.x.v[at]);
}

void store(uint rank, uint key, uint index) {
  const uint at = (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * args.k + rank;
  args.values.v[at] = value_of(key);
  args.indices.v[at] = int(index);
}

void main() {
  const uint t = gl_LocalInvocationIndex;
  const uint begin = gl_WorkGroupID.x * kEntries;
#if SORT
  for (uint i = t; i < kEntries; i += kThreads) load(begin + i, keys[i], places[i]);
  barrier();
  // Bitonic sort (Batcher 1968).
  for (uint size = 2; size <= kEntries; size *= 2) {
    for (uint stride = size / 2; stride > 0; stride /= 2) {
      for (uint pair = t; pair < kEntries / 2; pair += kThreads) {
        const uint a = 2 * pair - (pair & (stride - 1)), b = a + stride;
        const bool descending = (a & size) == 0;
        const uint key_a = keys[a], key_b = keys[b], place_a = places[a], place_b = places[b];
        if (before(key_b, place_b, key_a, place_a) == descending) {
          keys[a] = key_b;
          keys[b] = key_a;
          places[a] = place_b;
          places[b] = place_a;
        }
      }
      barrier();
    }
  }
  for (uint i = t; i < args.k; i += kThreads) store(i, keys[i], places[i]);
#else
  uint key = 0, index = 0xffffffffu;
  uint other_keys[kEntries / kThreads], other_indices[kEntries / kThreads];  // all are asked for before one is waited for
  [[unroll]] for (uint i = 0; i < kEntries / kThreads; ++i) load(begin + i * kThreads + t, other_keys[i], other_indices[i]);
  [[unroll]] for (uint i = 0; i < kEntries / kThreads; ++i)
    if (before(other_keys[i], other_indices[i], key, index)) key = other_keys[i], index = other_indices[i];
  keys[t] = key;
  places[t] = index;
  barrier();
  for (uint stride = kThreads / 2; stride > 0; stride /= 2) {
    if (t < stride && before(keys[t + stride], places[t + stride], keys[t], places[t])) {
      keys[t] = keys[t + stride];
      places[t] = places[t + stride];
    }
    barrier();
  }
  if (t == 0) store(0, keys[0], places[0]);
#endif
}
