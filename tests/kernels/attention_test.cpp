#include <algorithm>
#include <limits>
#include <string>

#include "support.h"

namespace mlxc::cpu {
namespace {

struct Shape {
  int64_t q_heads, kv_heads, head_dim;
};

// One sequence's queries, keys and values, with the double-precision answer.
struct Sequence {
  int64_t length = 0;
  std::vector<float> q, k, v;
  std::vector<double> expected;  // [length, q_heads, head_dim]
};

struct Rules {
  float scale = 0.2f, softcap = 0;
  int64_t window = 0;
  bool causal = true;
};

// Rounded as the pages round them, so that the reference sees the same keys.
std::vector<double> rounded(const std::vector<float>& values, DType dtype) { return as_type(values, dtype).values; }

Sequence make_sequence(Random& random, const Shape& shape, int64_t length, const Rules& rules, DType dtype) {
  Sequence s;
  s.length = length;
  s.q = random.floats(length * shape.q_heads * shape.head_dim, -2, 2);
  s.k = random.floats(length * shape.kv_heads * shape.head_dim, -2, 2);
  s.v = random.floats(length * shape.kv_heads * shape.head_dim);
  const auto k = rounded(s.k, dtype), v = rounded(s.v, dtype);
  s.expected.resize(s.q.size());
  const int64_t group = shape.q_heads / shape.kv_heads, d = shape.head_dim;
  std::vector<double> weights(static_cast<size_t>(length));
  for (int64_t t = 0; t < length; ++t) {
    for (int64_t h = 0; h < shape.q_heads; ++h) {
      double maximum = -std::numeric_limits<double>::infinity(), total = 0;
      int64_t first = rules.window > 0 ? std::max<int64_t>(0, t - rules.window + 1) : 0;
      int64_t last = rules.causal ? t + 1 : rules.window > 0 ? std::min(length, t + rules.window) : length;
      for (int64_t j = first; j < last; ++j) {
        double dot = 0;
        for (int64_t i = 0; i < d; ++i)
          dot += double(s.q[size_t((t * shape.q_heads + h) * d + i)]) * k[size_t((j * shape.kv_heads + h / group) * d + i)];
        dot *= rules.scale;
        if (rules.softcap > 0) dot = rules.softcap * std::tanh(dot / rules.softcap);
        weights[size_t(j)] = dot;
        maximum = std::max(maximum, dot);
      }
      for (int64_t j = first; j < last; ++j) total += weights[size_t(j)] = std::exp(weights[size_t(j)] - maximum);
      for (int64_t i = 0; i < d; ++i) {
        double sum = 0;
        for (int64_t j = first; j < last; ++j) sum += weights[size_t(j)] * v[size_t((j * shape.kv_heads + h / group) * d + i)];
        s.expected[size_t((t * shape.q_heads + h) * d + i)] = sum / total;
      }
    }
  }
  return s;
}

// Pages for several sequences, interleaved so that neighbours in a sequence are not neighbours in memory, and full of NaN before writing.
class Cache {
 public:
  Cache(const Shape& shape, DType dtype, int64_t sequences, int64_t most_pages)
      : layout{dtype, shape.kv_heads, shape.head_dim}, most_pages_(most_pages), table_(size_t(sequences * most_pages)) {
    for (int64_t s = 0; s < sequences; ++s) {
      for (int64_t p = 0; p < most_pages; ++p) table_[size_t(s * most_pages + p)] = int32_t(p * sequences + (sequences - 1 - s));
    }
    const size_t floats = size_t(sequences * most_pages * kv_page_bytes(layout) / 4) + 16;
    k_.assign(floats, std::numeric_limits<float>::quiet_NaN());
    v_ = k_;
  }
  void* k() { return aligned(k_); }
  void* v() { return aligned(v_); }
  const int32_t* table() const { return table_.data(); }
  int64_t stride() const { return most_pages_; }
  KvLayout layout;

 private:
  static void* aligned(std::vector<float>& memory) {
    return reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
  }
  int64_t most_pages_;
  std::vector<int32_t> table_;
  std::vector<float> k_, v_;
};

struct Step {
  int32_t sequence;
  int64_t from, count;  // tokens of that sequence
};

// Writes and attends one flat list of tokens; the results in the order of the list.
std::vector<float> run(ThreadPool& pool, const Isa& isa, const Shape& shape, Cache& cache, const std::vector<Sequence>& all,
                       const std::vector<Step>& steps, const Rules& rules) {
  std::vector<float> q, k, v;
  std::vector<int32_t> positions, sequences;
  const int64_t q_row = shape.q_heads * shape.head_dim, kv_row = shape.kv_heads * shape.head_dim;
  for (const Step& step : steps) {
    for (int64_t i = step.from; i < step.from + step.count; ++i) {
      positions.push_back(int32_t(i));
      sequences.push_back(step.sequence);
      if (step.sequence < 0) {
        q.insert(q.end(), size_t(q_row), 1.0f);
        k.insert(k.end(), size_t(kv_row), 1.0f);
        v.insert(v.end(), size_t(kv_row), 1.0f);
        continue;
      }
      const Sequence& s = all[size_t(step.sequence)];
      q.insert(q.end(), s.q.begin() + i * q_row, s.q.begin() + (i + 1) * q_row);
      k.insert(k.end(), s.k.begin() + i * kv_row, s.k.begin() + (i + 1) * kv_row);
      v.insert(v.end(), s.v.begin() + i * kv_row, s.v.begin() + (i + 1) * kv_row);
    }
  }
  const int64_t tokens = int64_t(positions.size());
  kv_write(pool,
           {.layout = cache.layout,
            .k = k.data(),
            .v = v.data(),
            .k_stride = kv_row,
            .v_stride = kv_row,
            .tokens = tokens,
            .positions = positions.data(),
            .sequences = sequences.data(),
            .page_table = cache.table(),
            .page_table_stride = cache.stride(),
            .k_pages = cache.k(),
            .v_pages = cache.v()},
           isa);
  std::vector<float> out(size_t(tokens * q_row), -7);
  attention(pool,
            {.layout = cache.layout,
             .q = q.data(),
             .q_stride = q_row,
             .q_heads = shape.q_heads,
             .tokens = tokens,
             .positions = positions.data(),
             .sequences = sequences.data(),
             .page_table = cache.table(),
             .page_table_stride = cache.stride(),
             .k_pages = cache.k(),
             .v_pages = cache.v(),
             .scale = rules.scale,
             .softcap = rules.softcap,
             .window = rules.window,
             .out = out.data(),
             .out_stride = q_row},
            isa);
  return out;
}

double tolerance(DType dtype, const Isa& isa) {
  // bf16 products round queries and probabilities to 8 bits; otherwise only float32 rounding is left.
  return dtype == DType::bf16 && level_of(isa) >= CpuLevel::avx512bf16 ? 1e-2 : 1e-5;
}

TEST(Attention, MatchesTheDoubleReferenceForChunksBatchesAndPadding) {
  ThreadPool pool(2);
  Random random(5);
  const Shape shapes[] = {{4, 2, 64}, {3, 1, 18}, {6, 2, 128}, {8, 1, 40}};
  const Rules all_rules[] = {{}, {.scale = 0.1f, .softcap = 3}, {.scale = 0.2f, .softcap = 0, .window = 70}};
  for (const Isa* isa : every_isa()) {
    for (const Shape& shape : shapes) {
      for (const Rules& rules : all_rules) {
        for (DType dtype : {DType::f32, DType::f16, DType::bf16}) {
          std::vector<Sequence> all;
          for (int64_t length : {1, 67, 150}) all.push_back(make_sequence(random, shape, length, rules, dtype));
          Cache cache(shape, dtype, 3, 3);
          // A prompt, part of a prompt beside a single token and padding, then the rest.
          const std::vector<std::vector<Step>> calls = {{{1, 0, 67}}, {{2, 0, 101}, {0, 0, 1}, {-1, 0, 2}}, {{2, 101, 48}}, {{2, 149, 1}}};
          for (const auto& steps : calls) {
            const auto out = run(pool, *isa, shape, cache, all, steps, rules);
            std::vector<double> expected;
            const int64_t row = shape.q_heads * shape.head_dim;
            for (const Step& step : steps) {
              if (step.sequence < 0) {
                expected.insert(expected.end(), size_t(step.count * row), 0.0);
              } else {
                const auto& e = all[size_t(step.sequence)].expected;
                expected.insert(expected.end(), e.begin() + step.from * row, e.begin() + (step.from + step.count) * row);
              }
            }
            expect_close(out, expected, tolerance(dtype, *isa),
                         cat(name_of(level_of(*isa)), " D=", shape.head_dim, " window ", rules.window, " softcap ", rules.softcap, " ",
                             name_of(dtype)));
          }
        }
      }
    }
  }
}

// The same token alone, in chunks of any size, beside others, on any number of threads.
TEST(Attention, BitsDoNotDependOnChunksBatchOrThreads) {
  Random random(6);
  ThreadPool one(1), two(2), four(4);
  const Shape shape{4, 2, 32};
  for (int64_t window : {0, 200}) {
    const Rules rules{.scale = 0.3f, .softcap = 0, .window = window};
    for (const Isa* isa : every_isa()) {
      for (DType dtype : {DType::f32, DType::f16, DType::bf16}) {
        if (dtype == DType::bf16 && level_of(*isa) == CpuLevel::amx) continue;  // tiles take whole blocks only: bits follow the chunks
        std::vector<Sequence> all{make_sequence(random, shape, 330, rules, dtype), make_sequence(random, shape, 40, rules, dtype)};
        auto whole = [&](ThreadPool& pool, int64_t chunk, bool beside) {
          Cache cache(shape, dtype, 2, 10);
          std::vector<float> out;
          for (int64_t at = 0; at < 330; at += chunk) {
            std::vector<Step> steps{{0, at, std::min<int64_t>(chunk, 330 - at)}};
            const size_t mine = size_t(steps[0].count * shape.q_heads * shape.head_dim);
            if (beside) steps.push_back({1, 0, 40});
            const auto part = run(pool, *isa, shape, cache, all, steps, rules);
            out.insert(out.end(), part.begin(), part.begin() + ptrdiff_t(mine));
          }
          return out;
        };
        const auto reference = whole(one, 330, false);
        const std::string what = cat(name_of(level_of(*isa)), " ", name_of(dtype), " window ", window);
        EXPECT_TRUE(same_bits(whole(two, 1, false), reference)) << what << ", one by one";
        EXPECT_TRUE(same_bits(whole(two, 77, true), reference)) << what << ", chunks of 77 beside another";
        EXPECT_TRUE(same_bits(whole(four, 256, true), reference)) << what << ", chunks of 256 on four threads";
      }
    }
  }
}

TEST(AttentionDense, MatchesTheDoubleReferenceBothWays) {
  ThreadPool pool(2);
  Random random(7);
  for (const Isa* isa : every_isa()) {
    for (const Shape& shape : {Shape{4, 4, 32}, Shape{4, 2, 15}, Shape{2, 1, 64}}) {
      for (const Rules& rules :
           {Rules{.causal = false}, Rules{.causal = true}, Rules{.scale = 0.2f, .softcap = 2, .window = 20, .causal = false}}) {
        for (Precision precision : {Precision::high, Precision::native}) {
          std::vector<float> q, k, v;
          std::vector<double> expected;
          std::vector<int32_t> offsets{0};
          const bool rounds = precision == Precision::native && level_of(*isa) >= CpuLevel::avx512bf16 && shape.head_dim % 2 == 0;
          for (int64_t length : {5, 130, 0, 64}) {
            const Sequence s = make_sequence(random, shape, length, rules, rounds ? DType::bf16 : DType::f32);
            q.insert(q.end(), s.q.begin(), s.q.end());
            k.insert(k.end(), s.k.begin(), s.k.end());
            v.insert(v.end(), s.v.begin(), s.v.end());
            expected.insert(expected.end(), s.expected.begin(), s.expected.end());
            offsets.push_back(offsets.back() + int32_t(length));
          }
          std::vector<float> out(q.size(), -7);
          const int64_t q_row = shape.q_heads * shape.head_dim, kv_row = shape.kv_heads * shape.head_dim;
          attention_dense(pool,
                          {.q = q.data(),
                           .k = k.data(),
                           .v = v.data(),
                           .q_stride = q_row,
                           .k_stride = kv_row,
                           .v_stride = kv_row,
                           .q_heads = shape.q_heads,
                           .kv_heads = shape.kv_heads,
                           .head_dim = shape.head_dim,
                           .offsets = offsets,
                           .causal = rules.causal,
                           .scale = rules.scale,
                           .softcap = rules.softcap,
                           .window = rules.window,
                           .precision = precision,
                           .out = out.data(),
                           .out_stride = q_row},
                          *isa);
          expect_close(out, expected, rounds ? 1e-2 : 1e-5, cat(name_of(level_of(*isa)), " D=", shape.head_dim, " causal ", rules.causal));
        }
      }
    }
  }
}

// What kv_write puts into a page is what lies in its plain order, and a page comes back from there bit by bit.
TEST(Attention, PagesHaveAPlainOrder) {
  ThreadPool pool(1);
  Random random(5);
  const int64_t heads = 3, dim = 10;
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const KvLayout layout{dtype, heads, dim};
    const std::vector<float> k = random.floats(kPageSlots * heads * dim), v = random.floats(kPageSlots * heads * dim);
    std::vector<int32_t> positions, sequences(kPageSlots, 0);
    for (int32_t slot = 0; slot < kPageSlots; ++slot) positions.push_back(slot);
    const int32_t table = 0;
    const size_t bytes = size_t(kv_page_bytes(layout));
    std::vector<std::byte> keys(bytes), values(bytes), plain(bytes), again(bytes);
    kv_write(pool, {.layout = layout,
                    .k = k.data(),
                    .v = v.data(),
                    .k_stride = heads * dim,
                    .v_stride = heads * dim,
                    .tokens = kPageSlots,
                    .positions = positions.data(),
                    .sequences = sequences.data(),
                    .page_table = &table,
                    .page_table_stride = 1,
                    .k_pages = keys.data(),
                    .v_pages = values.data()});
    for (const bool of_keys : {true, false}) {
      const std::vector<std::byte>& page = of_keys ? keys : values;
      kv_page_to_plain(layout, of_keys, page.data(), plain.data());
      kv_page_from_plain(layout, of_keys, plain.data(), again.data());
      EXPECT_EQ(again, page) << name_of(dtype);
      std::vector<float> found(size_t(kPageSlots * heads * dim));
      convert_function(dtype, DType::f32)(plain.data(), found.data(), int64_t(found.size()));
      const std::vector<double> given = rounded(of_keys ? k : v, dtype);
      for (int64_t head = 0; head < heads; ++head)
        for (int64_t slot = 0; slot < kPageSlots; ++slot)
          for (int64_t d = 0; d < dim; ++d)
            EXPECT_EQ(double(found[size_t((head * kPageSlots + slot) * dim + d)]), given[size_t((slot * heads + head) * dim + d)])
                << name_of(dtype) << " head " << head << " slot " << slot << " element " << d;
    }
  }
}

}  // namespace
}  // namespace mlxc::cpu
