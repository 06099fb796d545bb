// Rows in order, stable. The first pass sorts blocks of at most 1024 entries in shared memory; each merging pass doubles the runs: an entry's
// place is its own in its run plus the number of entries of the neighbouring run that go before it, by bisection.
// Every type maps to unsigned keys of the same order: a NaN is the largest, -0 equals 0.
// variant block1: -DWIDTH=1 -DMERGE=0
// variant block2: -DWIDTH=2 -DMERGE=0
// variant block4: -DWIDTH=4 -DMERGE=0
// variant block8: -DWIDTH=8 -DMERGE=0
// variant merge1: -DWIDTH=1 -DMERGE=1
// variant merge2: -DWIDTH=2 -DMERGE=1
// variant merge4: -DWIDTH=4 -DMERGE=1
// variant merge8: -DWIDTH=8 -DMERGE=1
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const bool SIGNED = false;
layout(constant_id = 1) const uint INFINITY = 0;  // of floats: its highest word; else 0
layout(constant_id = 2) const bool DESCENDING = false;
layout(constant_id = 3) const uint OUT = 0;       // 0: keys and places for the next pass; 1: values; 2: places as int64; 3: as uint32
layout(constant_id = 4) const uint BLOCK = 1024;  // entries that are sorted together, a power of two; 256 threads sort 1024 / BLOCK blocks

#if WIDTH == 8
REFERENCE(Words, uvec2, 8);
#define Key uvec2  // low word first
#elif WIDTH == 4
#define Words U32
#define Key uint
#elif WIDTH == 2
#define Words U16
#define Key uint
#else
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
REFERENCE(Words, uint8_t, 1);
#define Key uint
#endif
#if WIDTH == 8
#define KeyWords Words
#else
#define KeyWords U32
#endif
REFERENCE(Wide, uvec2, 8);

layout(push_constant, scalar) uniform Args {
  Words x;      // [rows, n]
  uvec2 out_;
  KeyWords keys;   // of the former pass
  U32 places;
  KeyWords next_keys;
  U32 next_places;
  uint rows, n;
  uint run;     // entries that are in order already
} args;

const uint kEntries = 1024;
const uint kTop = WIDTH == 8 ? 31 : 8 * WIDTH - 1;
const uint kSign = 1u << kTop, kAll = kSign | (kSign - 1u);

#if WIDTH == 8
bool before(uvec2 a, uvec2 b) { return a.y < b.y || (a.y == b.y && a.x < b.x); }
uvec2 key_of(uvec2 bits) {
  uvec2 key = bits;
  if (INFINITY != 0) {
    uint high = bits.y & ~kSign;
    bool negative = (bits.y & kSign) != 0u;
    if (high > INFINITY || (high == INFINITY && bits.x != 0u)) key = uvec2(0xffffffffu);
    else if ((high | bits.x) == 0u) key = uvec2(0u, kSign);
    else key = negative ? ~bits : uvec2(bits.x, bits.y | kSign);
  } else if (SIGNED) {
    key.y ^= kSign;
  }
  return DESCENDING ? ~key : key;
}
#else
bool before(uint a, uint b) { return a < b; }
uint key_of(uint bits) {
  uint key = bits;
  if (INFINITY != 0) {
    uint magnitude = bits & ~kSign;
    if (magnitude > INFINITY) key = kAll;
    else if (magnitude == 0u) key = kSign;
    else key = (bits & kSign) != 0u ? ~bits & kAll : bits | kSign;
  } else if (SIGNED) {
    key ^= kSign;
  }
  return DESCENDING ? ~key & kAll : key;
}
#endif

void put(uint row, uint rank, Key key, uint place) {
  uint at = row * args.n + rank;
  if (OUT == 0) {
    args.next_keys.v[at] = key;
    args.next_places.v[at] = place;
  } else if (OUT == 1) {
    Words(args.out_).v[at] = args.x.v[row * args.n + place];
  } else if (OUT == 2) {
    Wide(args.out_).v[at] = uvec2(place, 0u);
  } else {
    U32(args.out_).v[at] = place;
  }
}

#if MERGE
void main() {
  uint id = group_index() * 256 + gl_LocalInvocationIndex;
  if (id >= args.rows * args.n) return;
  uint row = id / args.n, i = id - row * args.n, first = row * args.n;
  uint mine = i / args.run, other = (mine ^ 1u) * args.run;
  Key key = args.keys.v[id];
  uint rank = i;
  if (other < args.n) {
    uint low = 0, high = min(args.run, args.n - other);
    while (low < high) {
      uint middle = (low + high) / 2;
      Key there = args.keys.v[first + other + middle];
      // Of equal entries those of the first run come first.
      bool goes_before = (mine & 1u) == 0u ? before(there, key) : !before(key, there);
      if (goes_before) low = middle + 1;
      else high = middle;
    }
    rank = (mine & ~1u) * args.run + (i - mine * args.run) + low;
  }
  put(row, rank, key, args.places.v[id]);
}
#else
shared Key keys[kEntries];
shared uint places[kEntries];

void main() {
  const uint t = gl_LocalInvocationIndex;
  const uint blocks = (args.n + BLOCK - 1) / BLOCK;  // of a row
  const uint first = group_index() * (kEntries / BLOCK);
  for (uint e = t; e < kEntries; e += 256) {
    uint block = first + e / BLOCK, row = block / blocks, i = (block - row * blocks) * BLOCK + e % BLOCK;
    keys[e] = Key(0xffffffffu);
    places[e] = 0xffffffffu;
    if (row < args.rows && i < args.n) {
      keys[e] = key_of(Key(args.x.v[row * args.n + i]));
      places[e] = i;
    }
  }
  barrier();
  // Bitonic sort (Batcher 1968); by key, then place.
  for (uint size = 2; size <= BLOCK; size *= 2) {
    for (uint stride = size / 2; stride > 0; stride /= 2) {
      for (uint pair = t; pair < kEntries / 2; pair += 256) {
        const uint a = 2 * pair - (pair & (stride - 1)), b = a + stride;
        const bool ascending = (a & (BLOCK - 1) & size) == 0;
        const Key key_a = keys[a], key_b = keys[b];
        const uint place_a = places[a], place_b = places[b];
        const bool wrong = before(key_b, key_a) || (!before(key_a, key_b) && place_b < place_a);
        if (wrong == ascending) {
          keys[a] = key_b;
          keys[b] = key_a;
          places[a] = place_b;
          places[b] = place_a;
        }
      }
      barrier();
    }
  }
  for (uint e = t; e < kEntries; e += 256) {
    uint block = first + e / BLOCK, row = block / blocks, rank = (block - row * blocks) * BLOCK + e % BLOCK;
    if (row < args.rows && rank < args.n) put(row, rank, keys[e], places[e]);
  }
}
#endif
