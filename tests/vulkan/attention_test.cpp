// Attention on a Vulkan device against float64 over the pages as they are rounded, and against the CPU through the graph.
//
// Bounds: scores and sums in float32, 2e-5 of values up to 1. On tensor cores queries and weights are rounded to the pages' type, so that a
// score of size s is off by about s units in its last place, and so is a weight: 16 units. Results stored in 16 bits: half a unit more.
#include "graph/function.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "vulkan/transformer_support.h"

namespace mlxc::vulkan {
namespace {

struct Tokens {
  int32_t sequence;  // -1: padding
  int32_t from, count;
};

struct Case {
  int64_t q_heads, kv_heads, dim;
  DType page;
  std::vector<Tokens> tokens;
  int64_t window = 0;
  float softcap = 0;
  Precision precision = Precision::native;
  DType out = DType::f32;
  int64_t gap = 0, spare_columns = 0;
  DType query = DType::f32;
  bool refused = false;  // by the driver: the CPU does it

  std::string name() const {
    std::string text =
        cat(q_heads, "/", kv_heads, " heads of ", dim, " ", name_of(page), " window ", window, " softcap ", softcap,
            precision == Precision::high ? " high" : " native", " out ", name_of(out), " gap ", gap, " queries ", name_of(query), ":");
    for (const Tokens& t : tokens) text += cat(" ", t.sequence, "[", t.from, "+", t.count, "]");
    return text;
  }
};

class AttentionOnDevice : public OnTestDevice {
 protected:
  void check(const Case& c) {
    SCOPED_TRACE(c.name());
    std::mt19937 random(unsigned(c.q_heads * 131 + c.dim + c.window));
    int32_t sequences = 0, longest = 0;
    std::vector<int32_t> sequence, position;
    for (const Tokens& t : c.tokens) {
      for (int32_t i = 0; i < t.count; ++i) {
        sequence.push_back(t.sequence);
        position.push_back(t.from + i);
      }
      if (t.sequence < 0) continue;
      sequences = std::max(sequences, t.sequence + 1);
      longest = std::max(longest, t.from + t.count);
    }
    const int64_t width = (longest + kPageSlots - 1) / kPageSlots + c.spare_columns, tokens = int64_t(sequence.size()),
                  pages = sequences * width + 1;
    std::vector<int32_t> table(size_t(sequences * width));
    for (size_t i = 0; i < table.size(); ++i) table[i] = int32_t((i * 7 + 3) % table.size());
    if (table.size() % 7 == 0)
      for (size_t i = 0; i < table.size(); ++i) table[i] = int32_t(table.size() - i);

    // Slots that no position of a sequence has reached hold NaN.
    std::vector<int32_t> reached(size_t(sequences), -1);
    for (size_t t = 0; t < sequence.size(); ++t)
      if (sequence[t] >= 0) reached[size_t(sequence[t])] = std::max(reached[size_t(sequence[t])], position[t]);
    const Shape page_shape{pages, c.kv_heads, kPageSlots, c.dim};
    std::vector<float> keys(size_t(element_count(page_shape)), std::nanf("")), values = keys;
    auto slot = [&](int32_t s, int32_t p, int64_t head) {
      return size_t(((table[size_t(s * width + p / kPageSlots)] * c.kv_heads + head) * kPageSlots + p % kPageSlots) * c.dim);
    };
    for (int32_t s = 0; s < sequences; ++s) {
      for (int32_t p = 0; p <= reached[size_t(s)]; ++p) {
        for (int64_t h = 0; h < c.kv_heads; ++h) {
          const auto k = random_floats(random, c.dim, -2, 2, c.page), v = random_floats(random, c.dim, -1, 1, c.page);
          std::copy(k.begin(), k.end(), keys.begin() + long(slot(s, p, h)));
          std::copy(v.begin(), v.end(), values.begin() + long(slot(s, p, h)));
        }
      }
    }
    const int64_t q_row = c.q_heads * c.dim + c.gap;
    const auto q = random_floats(random, tokens * q_row, -2, 2, c.query);
    const float scale = 1 / std::sqrt(float(c.dim));

    LaunchOnce launch(std::make_shared<PagedAttention>(scale, c.window, c.softcap, uint8_t(c.precision)));
    launch.in(q, {tokens, c.q_heads, c.dim}, c.query, {q_row, c.dim, 1});
    launch.in(keys, page_shape, c.page);
    launch.in(values, page_shape, c.page);
    launch.in(table, {sequences, width});
    launch.in(sequence, {tokens});
    launch.in(position, {tokens});
    launch.out({tokens, c.q_heads, c.dim}, c.out);
    run_or_refuse(launch, *device_, c.refused);

    const LoweredProgram program = lower_program({launch.plan}, device_->caps(), {});
    ASSERT_EQ(program.dispatches.size(), 1u);
    const bool rounds =  // the queries and weights; the CPU may for pages of bfloat16
        (c.refused && c.page == DType::bf16) || program.kernels[0].module.starts_with("attention_coop") ||
        program.kernels[0].module.starts_with("attention_fragments");
    std::vector<double> expected, weights;
    for (size_t t = 0; t < sequence.size(); ++t) {
      for (int64_t h = 0; h < c.q_heads; ++h) {
        std::vector<double> sum(size_t(c.dim), 0);
        if (sequence[t] >= 0) {
          const int32_t first = c.window > 0 ? std::max<int32_t>(0, position[t] - int32_t(c.window) + 1) : 0;
          const float* query = &q[t * size_t(q_row) + size_t(h * c.dim)];
          const int64_t kv_head = h / (c.q_heads / c.kv_heads);
          double most = -1e300, total = 0;
          weights.clear();
          for (int32_t p = first; p <= position[t]; ++p) {
            const float* key = &keys[slot(sequence[t], p, kv_head)];
            double score = 0;
            for (int64_t i = 0; i < c.dim; ++i) score += double(query[i]) * key[i];
            score *= scale;
            if (c.softcap > 0) score = c.softcap * std::tanh(score / c.softcap);
            weights.push_back(score);
            most = std::max(most, score);
          }
          for (double& weight : weights) total += weight = std::exp(weight - most);
          for (int32_t p = first; p <= position[t]; ++p) {
            const float* value = &values[slot(sequence[t], p, kv_head)];
            for (int64_t i = 0; i < c.dim; ++i) sum[size_t(i)] += weights[size_t(p - first)] / total * value[i];
          }
        }
        expected.insert(expected.end(), sum.begin(), sum.end());
      }
    }
    expect_near(launch.result(0), expected, rounds ? 16 * unit_of(c.page) : 2e-5, unit_of(c.out));
  }
};
INSTANTIATE_TEST_SUITE_P(Without, AttentionOnDevice,
                         ::testing::Values("", "subgroup_control,float16,int16,int8,int64,float64,coopmat,bfloat16"),
                         [](const auto& info) { return info.index == 0 ? "Nothing" : "OptionalFeatures"; });

// One token of each of several sequences.
std::vector<Tokens> decoding(std::initializer_list<int32_t> contexts) {
  std::vector<Tokens> tokens;
  for (int32_t context : contexts) tokens.push_back({int32_t(tokens.size()), context - 1, 1});
  return tokens;
}

TEST_P(AttentionOnDevice, DecodesAtEveryContext) {
  for (int32_t context : {1, 2, 63, 64, 65, 128, 200, 1000}) {
    check({8, 2, 128, DType::bf16, decoding({context})});
    check({2, 2, 64, DType::f16, decoding({context}), 0, 0, Precision::high});
  }
}

TEST_P(AttentionOnDevice, DecodesBatches) {
  check({4, 2, 128, DType::bf16, decoding({1, 64, 700, 65, 3})});
  check({6, 1, 64, DType::f32, decoding({300, 20, 129})});
  Case padded{4, 4, 64, DType::bf16, decoding({90, 5, 200})};
  padded.tokens.push_back({-1, 0, 3});
  padded.spare_columns = 9;
  check(padded);
}

TEST_P(AttentionOnDevice, TakesEveryHeadSizeAndGroup) {
  if (device_->caps().software && !GetParam().empty())
    GTEST_SKIP() << "a software device compiles for long, and has no more kernels without its features";
  for (int64_t dim : {8, 18, 80, 96, 100, 256, 257}) check({1, 1, dim, dim % 3 ? DType::bf16 : DType::f16, decoding({70, 130})});
  for (int64_t dim : {6, 72, 256}) check({2, 1, dim, DType::f32, decoding({70, 130})});
  for (int64_t group : {3, 8, 12}) check({group, 1, 32, DType::f16, decoding({100, 30})});
}

TEST_P(AttentionOnDevice, WindowsAndSoftcaps) {
  for (int64_t window : {1, 3, 64, 100, 5000}) {
    check({4, 2, 64, DType::bf16, decoding({1, 64, 65, 500}), window});
    check({4, 2, 64, DType::bf16, {{0, 0, 90}, {1, 120, 20}}, window, 5});
  }
  check({2, 1, 64, DType::f32, decoding({64, 300}), 0, 0.7f});
}

TEST_P(AttentionOnDevice, Prompts) {
  if (device_->caps().software && !GetParam().empty())
    GTEST_SKIP() << "a software device compiles for long, and has no more kernels without its features";
  for (Precision precision : {Precision::native, Precision::high}) {
    for (DType page : {DType::f32, DType::f16, DType::bf16}) {
      check({4, 1, 64, page, {{0, 0, 200}}, 0, 0, precision});
      check({2, 2, 128, page, {{0, 40, 70}}, 0, 0, precision});
    }
    check({8, 1, 128, DType::bf16, {{0, 0, 70}}, 0, 0, precision, DType::bf16});
    check({3, 1, 80, DType::f16, {{0, 0, 70}}, 0, 20, precision, DType::f16});
    check({2, 1, 96, DType::bf16, {{0, 0, 70}}, 30, 0, precision});
    check({2, 1, 256, DType::bf16, {{0, 30, 70}}, 0, 0, precision});
    check({2, 1, 48, DType::bf16, {{0, 0, 70}}, 0, 0, precision});
    check({40, 2, 64, DType::f16, {{0, 0, 66}}, 0, 0, precision});
  }
}

// What a rotation before leaves so, for the kernels that round queries anyway.
TEST_P(AttentionOnDevice, QueriesOfSixteenBits) {
  if (!device_->caps().coopmat_bf16 || !device_->caps().fragment_layout) GTEST_SKIP() << "no tensor cores, no such queries";
  for (int64_t gap : {0, 8}) {
    Case c{8, 2, 128, DType::bf16, {{0, 0, 3}, {1, 99, 1}, {2, 64, 90}, {-1, 0, 2}}, 0, 0, Precision::native, DType::bf16, gap};
    c.query = DType::bf16;
    check(c);
    c.softcap = 20;
    c.window = 30;
    check(c);
    c.dim = 80;
    c.softcap = 0;
    check(c);
    c.page = c.query = DType::f16;
    check(c);
  }
}

TEST_P(AttentionOnDevice, PromptsBesideSingleTokensAndPadding) {
  for (DType page : {DType::bf16, DType::f32}) {
    Case c{4, 2, 64, page, {{0, 0, 3}, {1, 99, 1}, {2, 64, 70}, {3, 299, 1}, {-1, 0, 2}, {4, 0, 1}, {5, 5, 5}, {-1, 0, 7}}};
    check(c);
    c.window = 50;
    check(c);
    c.q_heads = 6;  // groups that do not divide a tile
    check(c);
  }
  Case many{2, 2, 64, DType::bf16, {}};
  for (int32_t s = 0; s < 70; ++s) many.tokens.push_back({s, s % 9 * 20, 1});
  check(many);
}

TEST_P(AttentionOnDevice, WhatTheDriverRefusesIsDoneByTheCpu) {
  for (const DType page : {DType::f32, DType::f16, DType::bf16})
    for (const int64_t window : {0, 70}) {
      // No other test makes pipelines for heads of this size.
      Case c{6, 2, 44, page, {{0, 0, 3}, {-1, 0, 2}, {1, 150, 1}, {2, 63, 2}}, window, 0, Precision::high, DType::f32, 4, 1};
      c.refused = true;
      check(c);
    }
}

TEST_P(AttentionOnDevice, QueriesCutFromWiderRows) {
  for (int64_t gap : {4, 3}) {
    check({4, 2, 64, DType::bf16, decoding({70, 10}), 0, 0, Precision::native, DType::f32, gap});
    check({4, 2, 64, DType::bf16, {{0, 0, 80}}, 0, 0, Precision::native, DType::f32, gap});
  }
}

TEST_P(AttentionOnDevice, ManySplitsRunAgain) {
  for (int round = 0; round < 3; ++round) check({2, 1, 64, DType::bf16, decoding({1500, 700})});
}

// The counters by which the parts of a context find out who is last must be zero again.
TEST_P(AttentionOnDevice, RecordedOnceRunsAgainWithTheSameBits) {
  Device& device = device_->device();
  std::mt19937 random(12);
  const Shape pages{20, 1, kPageSlots, 64};
  auto floats = [&](Shape shape) { return Array::from_vector(device, random_floats(random, element_count(shape)), shape, DType::f32); };
  std::vector<int32_t> table(20);
  for (size_t i = 0; i < table.size(); ++i) table[i] = int32_t(19 - i);
  const std::vector<Array> inputs{floats({1, 2, 64}), floats(pages), floats(pages), Array::from_vector(device, table, {1, 20}, DType::i32),
                                  Array::from_vector(device, std::vector<int32_t>{0}, {1}, DType::i32)};
  auto position = [&](int32_t value) { return Array::from_vector(device, std::vector<int32_t>{value}, {1}, DType::i32); };
  std::vector<Array> all = inputs;
  all.push_back(position(0));
  const Function function = Function::capture(all, {paged_attention(all[0], all[1], all[2], all[3], all[4], all[5], {.scale = 0.1f}, 1)});
  std::map<int32_t, std::vector<float>> found;
  for (int32_t at : {1279, 70, 1279, 0, 1279, 70}) {
    all.back() = position(at);
    std::vector<float> values(128);
    read(function.run(all)[0], values.data(), values.size() * 4);
    if (!found.contains(at)) found[at] = values;
    EXPECT_EQ(std::memcmp(found[at].data(), values.data(), values.size() * 4), 0) << at;
  }
}

TEST_P(AttentionOnDevice, DenseSequences) {
  std::mt19937 random(9);
  struct Dense {
    int64_t heads, kv_heads, dim, gap;
  };
  for (const Dense& d : {Dense{4, 4, 32, 0}, Dense{2, 2, 64, 4}, Dense{4, 2, 15, 1}, Dense{3, 1, 8, 0}}) {
    SCOPED_TRACE(cat(d.heads, "/", d.kv_heads, " heads of ", d.dim, " gap ", d.gap));
    const std::vector<int32_t> starts{0, 5, 135, 135, 199};
    const int64_t tokens = 205;  // six behind the last sequence
    const int64_t q_row = d.heads * d.dim + d.gap, kv_row = d.kv_heads * d.dim + d.gap;
    const auto q = random_floats(random, tokens * q_row, -2, 2), k = random_floats(random, tokens * kv_row, -2, 2),
               v = random_floats(random, tokens * kv_row);
    LaunchOnce launch(std::make_shared<DenseAttention>(0.2f));
    launch.in(q, {tokens, d.heads, d.dim}, DType::f32, {q_row, d.dim, 1});
    launch.in(k, {tokens, d.kv_heads, d.dim}, DType::f32, {kv_row, d.dim, 1});
    launch.in(v, {tokens, d.kv_heads, d.dim}, DType::f32, {kv_row, d.dim, 1});
    launch.in(starts, {int64_t(starts.size())});
    launch.out({tokens, d.heads, d.dim});
    launch.run(*device_);
    std::vector<double> expected(size_t(tokens * d.heads * d.dim), 0);
    for (size_t s = 0; s + 1 < starts.size(); ++s) {
      for (int64_t t = starts[s]; t < starts[s + 1]; ++t) {
        for (int64_t h = 0; h < d.heads; ++h) {
          const int64_t kv_head = h / (d.heads / d.kv_heads);
          std::vector<double> weights;
          double total = 0;
          for (int64_t j = starts[s]; j < starts[s + 1]; ++j) {
            double score = 0;
            for (int64_t i = 0; i < d.dim; ++i)
              score += double(q[size_t(t * q_row + h * d.dim + i)]) * k[size_t(j * kv_row + kv_head * d.dim + i)];
            weights.push_back(std::exp(score * double(0.2f)));
            total += weights.back();
          }
          for (int64_t j = starts[s]; j < starts[s + 1]; ++j)
            for (int64_t i = 0; i < d.dim; ++i)
              expected[size_t((t * d.heads + h) * d.dim + i)] +=
                  weights[size_t(j - starts[s])] / total * v[size_t(j * kv_row + kv_head * d.dim + i)];
        }
      }
    }
    expect_near(launch.result(0), expected, 2e-5, 0);
  }
}

// ---- the layer's middle through the graph: norms, rotations, pages and attention, joined here and apart on the CPU ----

std::vector<float> middle_of_layer(Device& device, bool head_norm, DType page, int64_t window) {
  std::mt19937 random(11);
  const int64_t heads = 4, kv_heads = 2, dim = 64, width = 3, sequences = 2;
  std::vector<int32_t> sequence, position;
  for (int32_t t = 0; t < 80; ++t) sequence.push_back(t < 75 ? 0 : -1), position.push_back(t);
  sequence.push_back(1), position.push_back(0);
  const int64_t tokens = int64_t(sequence.size());
  auto floats = [&](Shape shape) { return Array::from_vector(device, random_floats(random, element_count(shape)), shape, DType::f32); };
  auto ints = [&](const std::vector<int32_t>& values, Shape shape) { return Array::from_vector(device, values, shape, DType::i32); };
  Array q = floats({tokens, heads, dim}), k = floats({tokens, kv_heads, dim});
  const Array v = floats({tokens, kv_heads, dim});
  const Array positions = ints(position, {tokens}), sequences_of = ints(sequence, {tokens}),
              table = ints({2, 0, 1, 5, 4, 3}, {sequences, width});
  std::vector<float> frequencies;
  for (int i = 0; i < dim / 2; ++i) frequencies.push_back(float(std::pow(1e4, -2.0 * i / double(dim))));
  const Array inverse = Array::from_vector(device, frequencies, {dim / 2}, DType::f32);
  if (head_norm) q = rms_norm(q, floats({dim}), 1e-6f), k = rms_norm(k, floats({dim}), 1e-6f);
  q = rope(q, positions, inverse), k = rope(k, positions, inverse);
  const std::vector<std::byte> zeros(size_t(6 * kv_heads * kPageSlots * dim * size_of(page)));
  auto pages = [&] { return Array::from_data(device, zeros.data(), {6, kv_heads, kPageSlots, dim}, page); };
  const KvPages written = kv_write({pages(), pages()}, k, v, table, sequences_of, positions);
  const Array out = paged_attention(q, written.keys, written.values, table, sequences_of, positions, {.scale = 0.125f, .window = window},
                                    uint8_t(Precision::high));
  std::vector<float> result(size_t(out.size()));
  read(out, result.data(), result.size() * 4);
  return result;
}

TEST_P(AttentionOnDevice, AgreesWithTheCpuThroughTheGraph) {
  for (bool head_norm : {false, true}) {
    for (DType page : {DType::f32, DType::f16, DType::bf16}) {
      SCOPED_TRACE(cat(head_norm ? "head norms " : "", name_of(page)));
      const auto cpu = middle_of_layer(cpu_device(), head_norm, page, head_norm ? 40 : 0);
      // On the CPU bfloat16 pages may mean rounded queries and weights.
      expect_near(middle_of_layer(device_->device(), head_norm, page, head_norm ? 40 : 0), {cpu.begin(), cpu.end()},
                  page == DType::bf16  ? 1e-2
                  : page == DType::f16 ? 1e-3
                                       : 2e-5,
                  0);
    }
  }
}

}  // namespace
}  // namespace mlxc::vulkan
