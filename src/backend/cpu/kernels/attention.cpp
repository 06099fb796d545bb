// Drives attention: cuts the flat list of tokens into groups of queries that share keys, walks their key blocks, merges.
//
// The keys are cut by position only: blocks of kPageSlots, segments of kSegmentBlocks blocks. Inside a segment the online softmax runs
// block by block; segments are merged in order. So a token's bits depend on its own keys alone, and segments can run on different threads.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"
#include "base/error.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kSegmentBlocks = 4;
constexpr int64_t kMostRows = 48;  // queries times heads of a group, worked on at once

struct QueryBlock {
  int64_t token, count;
  int32_t sequence, position;
};

AttentionFn attend_for(const Isa& isa, DType dtype) {
  switch (dtype) {
    case DType::f32: return isa.attend_f32;
    case DType::f16: return isa.attend_f16;
    case DType::bf16: return isa.attend_bf16;
    default: fail(Status::unsupported, "K/V pages hold float32, float16 or bfloat16, not ", name_of(dtype));
  }
}

// Online softmax state of a group of rows.
struct State {
  float* maximum;
  float* total;
  float* accumulator;

  static int64_t floats(int64_t rows, int64_t head_dim) { return rows * (head_dim + 2); }
  static State in(float* memory, int64_t rows) { return {memory, memory + rows, memory + 2 * rows}; }
  void clear(int64_t rows, int64_t head_dim) const {
    std::fill_n(maximum, rows, -std::numeric_limits<float>::infinity());
    std::fill_n(total, rows, 0.0f);
    std::fill_n(accumulator, rows * head_dim, 0.0f);
  }
};

void merge(const Isa& isa, const State& into, const State& from, int64_t rows, int64_t head_dim) {
  for (int64_t r = 0; r < rows; ++r) {
    if (from.total[r] == 0) continue;  // saw no key
    const float maximum = std::max(into.maximum[r], from.maximum[r]);
    const float mine = std::exp2(into.maximum[r] - maximum), theirs = std::exp2(from.maximum[r] - maximum);
    isa.merge_attention(into.accumulator + r * head_dim, mine, from.accumulator + r * head_dim, theirs, head_dim);
    into.total[r] = into.total[r] * mine + from.total[r] * theirs;
    into.maximum[r] = maximum;
  }
}

// What attention over pages and attention over packed ragged sequences have in common.
struct Problem {
  const Isa& isa;
  AttentionFn attend;
  const float* q;
  float* out;
  int64_t q_stride, out_stride, group, head_dim;
  bool brain_query;
  float scale, softcap;
  int64_t window;
  bool causal;

  // Keys that the block's token i sees: [first, last).
  int64_t first_key(const QueryBlock& block, int64_t i) const {
    return window > 0 ? std::max<int64_t>(0, block.position + i - window + 1) : 0;
  }
  int64_t last_key(const QueryBlock& block, int64_t i, int64_t length) const {
    if (causal) return block.position + i + 1;
    return window > 0 ? std::min(length, block.position + i + window) : length;
  }

  void pack(const QueryBlock& block, int64_t kv_head, float* packed) const {
    for (int64_t i = 0; i < block.count; ++i) {
      for (int64_t g = 0; g < group; ++g) {
        const float* from = q + (block.token + i) * q_stride + (kv_head * group + g) * head_dim;
        const int64_t row = i * group + g;
        if (brain_query) {
          isa.pack_brain(from, reinterpret_cast<uint16_t*>(packed) + row * head_dim, head_dim);
        } else {
          std::copy_n(from, head_dim, packed + row * head_dim);
        }
      }
    }
  }

  // One segment into a cleared state. keys(block index) gives {K, V} of this head.
  template <class Keys>
  void segment(const QueryBlock& block, int64_t length, int64_t index, const float* packed, float* scores, const State& state,
               Keys&& keys) const {
    const int64_t rows = block.count * group;
    int32_t first[kMostRows], last[kMostRows];
    const int64_t end = last_key(block, block.count - 1, length);
    const int64_t begin = first_key(block, 0);
    for (int64_t b = std::max(index * kSegmentBlocks, begin / kPageSlots); b < (index + 1) * kSegmentBlocks && b * kPageSlots < end; ++b) {
      const int64_t base = b * kPageSlots;
      for (int64_t i = 0; i < block.count; ++i) {
        std::fill_n(first + i * group, group, int32_t(std::clamp<int64_t>(first_key(block, i) - base, 0, kPageSlots)));
        std::fill_n(last + i * group, group, int32_t(std::clamp<int64_t>(last_key(block, i, length) - base, 0, kPageSlots)));
      }
      const auto [k, v] = keys(b);
      attend({.q = packed,
              .k = k,
              .v = v,
              .rows = rows,
              .head_dim = head_dim,
              .first = first,
              .last = last,
              .next_k = base + kPageSlots < end ? keys(b + 1).first : nullptr,
              .scale = scale,
              .softcap = softcap,
              .scores = scores,
              .maximum = state.maximum,
              .total = state.total,
              .accumulator = state.accumulator});
    }
  }

  void finish(const QueryBlock& block, int64_t kv_head, const State& state) const {
    for (int64_t i = 0; i < block.count; ++i) {
      for (int64_t g = 0; g < group; ++g) {
        const int64_t row = i * group + g;
        float* to = out + (block.token + i) * out_stride + (kv_head * group + g) * head_dim;
        const float total = state.total[row], factor = total > 0 ? 1.0f / total : total == 0 ? 0.0f : total;
        isa.scale_row(state.accumulator + row * head_dim, DType::f32, factor, to, head_dim);
      }
    }
  }

  int64_t segments(const QueryBlock& block, int64_t length) const {
    const int64_t end = last_key(block, block.count - 1, length);
    return (end + kPageSlots * kSegmentBlocks - 1) / (kPageSlots * kSegmentBlocks);
  }
  int64_t first_segment(const QueryBlock& block) const { return first_key(block, 0) / (kPageSlots * kSegmentBlocks); }

  // A whole block for one kv head.
  template <class Keys>
  void run(const QueryBlock& block, int64_t length, int64_t kv_head, Keys&& keys) const {
    const int64_t rows = block.count * group, state_floats = State::floats(rows, head_dim);
    float* memory = scratch<float>(ScratchUse::tile, rows * (head_dim + kPageSlots) + 2 * state_floats);
    float* packed = memory;
    float* scores = packed + rows * head_dim;
    const State all = State::in(scores + rows * kPageSlots, rows), part = State::in(scores + rows * kPageSlots + state_floats, rows);
    pack(block, kv_head, packed);
    all.clear(rows, head_dim);
    for (int64_t s = first_segment(block); s < segments(block, length); ++s) {
      part.clear(rows, head_dim);
      segment(block, length, s, packed, scores, part, keys);
      merge(isa, all, part, rows, head_dim);
    }
    finish(block, kv_head, all);
  }
};

// Of AttentionArgs or DenseAttentionArgs, over pages of dtype.
template <class Args>
Problem problem_of(const Args& args, const Isa& isa, DType dtype, int64_t group, int64_t head_dim, bool brain_query, bool causal) {
  return {.isa = isa,
          .attend = attend_for(isa, dtype),
          .q = args.q,
          .out = args.out,
          .q_stride = args.q_stride,
          .out_stride = args.out_stride,
          .group = group,
          .head_dim = head_dim,
          .brain_query = brain_query,
          .scale = args.scale,
          .softcap = args.softcap,
          .window = args.window,
          .causal = causal};
}

int64_t page_bytes(const KvLayout& layout) { return layout.kv_heads * kPageSlots * layout.head_dim * size_of(layout.dtype); }

}  // namespace

int64_t kv_page_bytes(const KvLayout& layout) {
  if (layout.head_dim % 2) fail(Status::unsupported, "the head size is ", layout.head_dim, ", K/V pages take even sizes");
  return page_bytes(layout);
}

void attention(ThreadPool& pool, const AttentionArgs& args, const Isa& isa) {
  const int64_t group = args.q_heads / args.layout.kv_heads, head_dim = args.layout.head_dim;
  if (group > kMostRows) fail(Status::unsupported, group, " query heads share a K/V head, attention takes up to ", kMostRows);
  const Problem problem =
      problem_of(args, isa, args.layout.dtype, group, head_dim, args.layout.dtype == DType::bf16 && isa.query_is_brain, true);

  // Neighbouring tokens of a sequence form a block; padding is answered with zeros.
  auto* blocks = scratch<QueryBlock>(ScratchUse::plan, args.tokens);
  const int64_t most_tokens = kMostRows / group;
  int64_t count = 0, most_segments = 0;
  for (int64_t t = 0; t < args.tokens; ++t) {
    if (args.sequences[t] < 0) {
      std::fill_n(args.out + t * args.out_stride, args.q_heads * head_dim, 0.0f);
      continue;
    }
    if (count > 0) {
      QueryBlock& block = blocks[count - 1];
      if (block.token + block.count == t && block.sequence == args.sequences[t] && block.position + block.count == args.positions[t] &&
          block.count < most_tokens) {
        ++block.count;
        continue;
      }
    }
    blocks[count++] = {t, 1, args.sequences[t], args.positions[t]};
  }
  for (int64_t i = 0; i < count; ++i)
    most_segments = std::max(most_segments, problem.segments(blocks[i], 0) - problem.first_segment(blocks[i]));

  const int64_t bytes = page_bytes(args.layout), head_bytes = bytes / std::max<int64_t>(args.layout.kv_heads, 1);
  auto keys_of = [&](const QueryBlock& block, int64_t kv_head) {
    const int32_t* row = args.page_table + block.sequence * args.page_table_stride;
    return [&args, row, bytes, offset = kv_head * head_bytes](int64_t index) {
      const int64_t at = row[index] * bytes + offset;
      return std::pair{static_cast<const std::byte*>(args.k_pages) + at, static_cast<const std::byte*>(args.v_pages) + at};
    };
  };

  const int64_t tasks = count * args.layout.kv_heads;
  if (most_segments <= 1 || tasks >= 4 * pool.size()) {
    pool.parallel_for(tasks, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        // Late blocks of a prompt see the most keys: they go first.
        const QueryBlock& block = blocks[count - 1 - i / args.layout.kv_heads];
        const int64_t kv_head = i % args.layout.kv_heads;
        problem.run(block, 0, kv_head, keys_of(block, kv_head));
      }
    });
    return;
  }

  // Few heads, long sequences: the segments of a head run apart, in the same arithmetic.
  const int64_t state_floats = State::floats(most_tokens * group, head_dim);
  float* states = scratch<float>(ScratchUse::shared, tasks * most_segments * state_floats);
  pool.parallel_for(tasks * most_segments, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t task = i / most_segments, kv_head = task % args.layout.kv_heads;
      const QueryBlock& block = blocks[task / args.layout.kv_heads];
      const int64_t index = problem.first_segment(block) + i % most_segments, rows = block.count * group;
      if (index >= problem.segments(block, 0)) continue;
      float* packed = scratch<float>(ScratchUse::tile, rows * (head_dim + kPageSlots));
      const State part = State::in(states + i * state_floats, rows);
      problem.pack(block, kv_head, packed);
      part.clear(rows, head_dim);
      problem.segment(block, 0, index, packed, packed + rows * head_dim, part, keys_of(block, kv_head));
    }
  });
  for (int64_t task = 0; task < tasks; ++task) {
    const QueryBlock& block = blocks[task / args.layout.kv_heads];
    const int64_t rows = block.count * group;
    const State all = State::in(scratch<float>(ScratchUse::tile, state_floats), rows);
    all.clear(rows, head_dim);
    for (int64_t s = 0; s < problem.segments(block, 0) - problem.first_segment(block); ++s) {
      merge(isa, all, State::in(states + (task * most_segments + s) * state_floats, rows), rows, head_dim);
    }
    problem.finish(block, task % args.layout.kv_heads, all);
  }
}

namespace {

// Writes one token's head into slot `slot` of a page's head, in the page's form.
void put_key(const Isa& isa, DType dtype, const float* k, int64_t head_dim, int64_t slot, std::byte* page) {
  uint16_t narrow[2 * kMostRows];  // converted in pieces
  for (int64_t d = 0; d < head_dim;) {
    const int64_t n = std::min<int64_t>(2 * kMostRows, head_dim - d);
    switch (dtype) {
      case DType::f32:
        for (int64_t i = 0; i < n; ++i) reinterpret_cast<float*>(page)[(d + i) * kPageSlots + slot] = k[d + i];
        break;
      case DType::f16:
        for (int64_t i = 0; i < n; ++i) reinterpret_cast<uint16_t*>(page)[(d + i) * kPageSlots + slot] = float16(k[d + i]).bits;
        break;
      default:
        isa.pack_brain(k + d, narrow, n);
        for (int64_t i = 0; i < n; i += 2) {
          const uint32_t pair = narrow[i] | uint32_t(narrow[i + 1]) << 16;
          reinterpret_cast<uint32_t*>(page)[(d + i) / 2 * kPageSlots + slot] = pair;
        }
    }
    d += n;
  }
}

void put_value(const Isa& isa, DType dtype, const float* v, int64_t head_dim, int64_t slot, std::byte* page) {
  uint16_t narrow[2 * kMostRows];
  switch (dtype) {
    case DType::f32: std::copy_n(v, head_dim, reinterpret_cast<float*>(page) + slot * head_dim); break;
    case DType::f16:
      for (int64_t i = 0; i < head_dim; ++i) reinterpret_cast<uint16_t*>(page)[slot * head_dim + i] = float16(v[i]).bits;
      break;
    default: {
      uint16_t* pairs = reinterpret_cast<uint16_t*>(page) + slot / 2 * head_dim * 2 + slot % 2;
      for (int64_t d = 0; d < head_dim;) {
        const int64_t n = std::min<int64_t>(2 * kMostRows, head_dim - d);
        isa.pack_brain(v + d, narrow, n);
        for (int64_t i = 0; i < n; ++i) pairs[(d + i) * 2] = narrow[i];
        d += n;
      }
    }
  }
}

// visit(element of the plain page, element of the page) for all of them.
template <class Visit>
void for_page_elements(const KvLayout& layout, bool keys, Visit&& visit) {
  const int64_t dim = layout.head_dim, pair = layout.dtype == DType::bf16 ? 2 : 1;
  for (int64_t head = 0; head < layout.kv_heads; ++head)
    for (int64_t slot = 0; slot < kPageSlots; ++slot)
      for (int64_t d = 0; d < dim; ++d) {
        const int64_t inside = keys ? (d / pair * kPageSlots + slot) * pair + d % pair : (slot / pair * dim + d) * pair + slot % pair;
        visit((head * kPageSlots + slot) * dim + d, head * kPageSlots * dim + inside);
      }
}

template <class T>
void move_page(const KvLayout& layout, bool keys, bool to_plain, const std::byte* from, std::byte* to) {
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  for_page_elements(layout, keys, [&](int64_t plain, int64_t inside) {
    if (to_plain)
      target[plain] = source[inside];
    else
      target[inside] = source[plain];
  });
}

}  // namespace

void kv_page_from_plain(const KvLayout& layout, bool keys, const std::byte* plain, std::byte* page) {
  kv_page_bytes(layout);  // refuses odd sizes
  layout.dtype == DType::f32 ? move_page<float>(layout, keys, false, plain, page) : move_page<uint16_t>(layout, keys, false, plain, page);
}

void kv_page_to_plain(const KvLayout& layout, bool keys, const std::byte* page, std::byte* plain) {
  kv_page_bytes(layout);
  layout.dtype == DType::f32 ? move_page<float>(layout, keys, true, page, plain) : move_page<uint16_t>(layout, keys, true, page, plain);
}

void kv_write(ThreadPool& pool, const KvWriteArgs& args, const Isa& isa) {
  attend_for(isa, args.layout.dtype);  // refuses other types
  const int64_t head_dim = args.layout.head_dim, bytes = kv_page_bytes(args.layout),
                head_bytes = bytes / std::max<int64_t>(args.layout.kv_heads, 1);
  constexpr int64_t kForkElements = 1 << 13;
  const int64_t grain = std::max<int64_t>(1, kForkElements / std::max<int64_t>(args.tokens * head_dim, 1));
  pool.parallel_for(args.layout.kv_heads, grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t head = begin; head < end; ++head) {
      for (int64_t t = 0; t < args.tokens; ++t) {
        if (args.sequences[t] < 0) continue;
        const int64_t position = args.positions[t], slot = position % kPageSlots;
        const int64_t at = args.page_table[args.sequences[t] * args.page_table_stride + position / kPageSlots] * bytes + head * head_bytes;
        put_key(isa, args.layout.dtype, args.k + t * args.k_stride + head * head_dim, head_dim, slot,
                static_cast<std::byte*>(args.k_pages) + at);
        put_value(isa, args.layout.dtype, args.v + t * args.v_stride + head * head_dim, head_dim, slot,
                  static_cast<std::byte*>(args.v_pages) + at);
      }
    }
  });
}

// Each task lays the keys and values of one sequence and head out as pages, then runs as above.
void attention_dense(ThreadPool& pool, const DenseAttentionArgs& args, const Isa& isa) {
  const int64_t group = args.q_heads / args.kv_heads, head_dim = args.head_dim, sequences = int64_t(args.offsets.size()) - 1;
  if (group > kMostRows) fail(Status::unsupported, group, " query heads share a K/V head, attention takes up to ", kMostRows);
  const bool brain = args.precision == Precision::native && isa.query_is_brain && head_dim % 2 == 0;
  const DType dtype = brain ? DType::bf16 : DType::f32;
  const Problem problem = problem_of(args, isa, dtype, group, head_dim, brain, args.causal);
  const int64_t page = kPageSlots * head_dim * size_of(dtype);
  pool.parallel_for(std::max<int64_t>(sequences, 0) * args.kv_heads, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t sequence = task / args.kv_heads, kv_head = task % args.kv_heads;
      const int64_t start = args.offsets[size_t(sequence)], length = args.offsets[size_t(sequence) + 1] - start;
      const int64_t pages = (length + kPageSlots - 1) / kPageSlots;
      std::byte* keys = scratch<std::byte>(ScratchUse::packed, 2 * pages * page);
      std::byte* values = keys + pages * page;
      for (int64_t i = 0; i < length; ++i) {
        const int64_t at = i / kPageSlots * page, slot = i % kPageSlots;
        put_key(isa, dtype, args.k + (start + i) * args.k_stride + kv_head * head_dim, head_dim, slot, keys + at);
        put_value(isa, dtype, args.v + (start + i) * args.v_stride + kv_head * head_dim, head_dim, slot, values + at);
      }
      const int64_t most_tokens = kMostRows / group;
      for (int64_t i = 0; i < length; i += most_tokens) {
        const QueryBlock block{start + i, std::min(most_tokens, length - i), int32_t(sequence), int32_t(i)};
        problem.run(block, length, kv_head, [&](int64_t b) { return std::pair{keys + b * page, values + b * page}; });
      }
    }
  });
}

}  // namespace mlxc::cpu
