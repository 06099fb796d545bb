// The products of a transformer's layer one after the other, where formats of their own go between the kernels, against the CPU in `high`
// precision.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "graph/function.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/transformer.h"

namespace mlxc {
namespace {

struct Sizes {
  int64_t tokens, width, inner;
};

// y = x + x Wo^T; z = y + (silu(n W0^T) * (n W1^T)) W2^T with n = rms_norm(y); then the norm of z times W3^T.
std::vector<std::vector<float>> block(Device& device, const Sizes& sizes, DType dtype, Precision precision, float norm_offset) {
  std::mt19937 random(7);
  auto values = [&](int64_t rows, int64_t columns, float size, DType type) {
    std::vector<float> list(size_t(rows * columns));
    for (float& value : list) value = (float(random() % 2001) / 1000 - 1) * size;
    return cast(Array::from_vector(device, list, columns ? Shape{rows, columns} : Shape{rows}, DType::f32), type);
  };
  const float small = 1 / std::sqrt(float(sizes.width));
  const Array x = values(sizes.tokens, sizes.width, 4, DType::f32), out = values(sizes.width, sizes.width, small, dtype);
  const Array gate = values(sizes.inner, sizes.width, small, dtype), up = values(sizes.inner, sizes.width, small, dtype);
  const Array down = values(sizes.width, sizes.inner, small, dtype), next = values(48, sizes.width, small, dtype);
  std::vector<float> weights(size_t(sizes.width));
  for (float& weight : weights) weight = float(random() % 1001) / 500 - norm_offset;
  const Array norm = Array::from_vector(device, weights, {sizes.width}, DType::f32);

  const Array y = linear(x, {out}, {}, precision)[0] + x;
  const std::vector<Array> inner = linear(rms_norm(y, norm, 1e-6f, norm_offset), {gate, up}, {}, precision);
  const Array z = linear(unary(UnaryOp::silu, inner[0]) * inner[1], {down}, {}, precision)[0] + y;
  const Array last = linear(rms_norm(z, norm, 1e-6f, norm_offset), {next}, {}, precision)[0];
  std::vector<std::vector<float>> results;
  for (const Array& array : {y, z, last}) {
    results.emplace_back(size_t(array.size()));
    read(array, results.back().data(), results.back().size() * 4);
  }
  return results;
}

TEST(BlockOnDevice, ProductsInARowMatchTheCpu) {
  Device& gpu = vulkan_device(0, cpu_device());
  std::vector<Sizes> cases = {{1, 256, 384},  {4, 256, 384},   {5, 256, 384},  {8, 1024, 512}, {9, 256, 384},  {16, 128, 640},
                              {17, 256, 384}, {32, 1024, 512}, {33, 256, 384}, {64, 256, 384}, {65, 256, 384}, {7, 200, 136}};
  const bool software = list_vulkan_devices().devices.at(0).software;
  if (!software) cases.insert(cases.end(), {{512, 1024, 4096}, {300, 512, 8192}});  // tiles enough to fill a GPU
  for (const Sizes& sizes : cases) {
    for (const DType dtype : {DType::bf16, DType::f16}) {
      const float offset = sizes.tokens % 2 ? 1.f : 0.f;
      const auto expected = block(cpu_device(), sizes, dtype, Precision::high, offset),
                 found = block(gpu, sizes, dtype, Precision::native, offset);
      for (size_t i = 0; i < expected.size(); ++i) {
        double most = 0;
        for (const float value : expected[i]) most = std::max(most, std::abs(double(value)));
        // Activations rounded to 8 bits of mantissa three times over; errors of independent terms add up slower than their number.
        for (size_t at = 0; at < expected[i].size(); ++at)
          ASSERT_NEAR(found[i][at], expected[i][at], 0.012 * most)
              << sizes.tokens << " x " << sizes.width << " x " << sizes.inner << " " << name_of(dtype) << " " << i << " at " << at;
      }
    }
  }
}

// Norms of heads, rotation, the write into the pages and attention of single tokens: what comes out, and the pages.
struct Attended {
  std::vector<float> output, keys, values;
};

struct Heads {
  int64_t tokens, q_heads, kv_heads, dim, context;
  bool norm;
  int64_t window;
};

Attended attend(Device& device, const Heads& c, DType page, bool single) {
  std::mt19937 random(11);
  auto values = [&](Shape shape, float size) {
    std::vector<float> list(size_t(element_count(shape)));
    for (float& value : list) value = (float(random() % 2001) / 1000 - 1) * size;
    return Array::from_vector(device, list, shape, DType::f32);
  };
  const int64_t width = c.context / kPageSlots + 2, pages = c.tokens * width;
  std::vector<int32_t> table(static_cast<size_t>(pages)), sequences(static_cast<size_t>(c.tokens)), positions(sequences);
  for (size_t i = 0; i < table.size(); ++i) table[i] = int32_t(table.size() - 1 - i);
  for (int64_t t = 0; t < c.tokens; ++t) {
    sequences[size_t(t)] = t % 5 == 3 ? -1 : int32_t(c.tokens - 1 - t);
    positions[size_t(t)] = int32_t((c.context - 7 * t) % (c.context + 1) < 0 ? t : c.context - 7 * t);
  }
  auto indices = [&](const std::vector<int32_t>& list, Shape shape) { return Array::from_data(device, list.data(), shape, DType::i32); };
  const Array place = indices(positions, {c.tokens}), row = indices(sequences, {c.tokens}), pages_of = indices(table, {c.tokens, width});
  std::vector<float> inverse;
  for (int64_t i = 0; i < c.dim / 2; ++i) inverse.push_back(std::pow(10000.f, -2.f * float(i) / float(c.dim)));
  const Array frequencies = Array::from_vector(device, inverse, {c.dim / 2}, DType::f32);

  Array q = values({c.tokens, c.q_heads, c.dim}, 2), k = values({c.tokens, c.kv_heads, c.dim}, 2);
  const Array v = values({c.tokens, c.kv_heads, c.dim}, 1), q_weight = values({c.dim}, 1), k_weight = values({c.dim}, 1);
  const Array keys = cast(values({pages, c.kv_heads, kPageSlots, c.dim}, 1), page),
              held = cast(values({pages, c.kv_heads, kPageSlots, c.dim}, 1), page);
  eval({q, k, v, keys, held});
  const Array given = q;
  if (c.norm) q = rms_norm(q, q_weight, 1e-6f, 1), k = rms_norm(k, k_weight, 1e-6f, 1);
  const KvPages written = kv_write({keys, held}, rope(k, place, frequencies), v, pages_of, row, place);
  const AttentionShape shape{1 / std::sqrt(float(c.dim)), c.window, 0};
  const Array output = paged_attention(rope(q, place, frequencies), written.keys, written.values, pages_of, row, place, shape,
                                       uint8_t(Precision::high), single);
  Function step = Function::capture({given, keys, held}, {output, written.keys, written.values}, {{1, 1}, {2, 2}});
  const std::vector<Array> results = step.run({given, keys, held});
  Attended found;
  auto fetch = [](const Array& array, std::vector<float>* to) {
    const Array wide = cast(array, DType::f32);
    to->resize(size_t(array.size()));
    read(wide, to->data(), to->size() * 4);
  };
  fetch(results[0], &found.output);
  fetch(results[1], &found.keys);
  fetch(results[2], &found.values);
  return found;
}

// The CPU lays out its pages in its own way: the separate kernels, which have tests of their own, are the reference.
TEST(BlockOnDevice, SingleTokensRotateWriteAndAttendInOneAsInTwo) {
  Device& gpu = vulkan_device(0, cpu_device());
  for (const Heads& c : {Heads{1, 4, 2, 64, 200, true, 0}, Heads{1, 8, 1, 64, 3, true, 0}, Heads{9, 6, 2, 64, 130, false, 0},
                         Heads{12, 4, 4, 64, 300, true, 100}, Heads{2, 4, 1, 128, 1500, true, 0}, Heads{1, 16, 1, 64, 70, false, 0}}) {
    for (const DType page : {DType::bf16, DType::f16}) {
      SCOPED_TRACE(
          cat(c.tokens, " tokens, ", c.q_heads, " over ", c.kv_heads, " heads of ", c.dim, ", ", c.context, " keys of ", name_of(page)));
      const Attended expected = attend(gpu, c, page, false), found = attend(gpu, c, page, true);
      for (size_t i = 0; i < expected.output.size(); ++i) ASSERT_NEAR(found.output[i], expected.output[i], 2e-3) << "at " << i;
      for (size_t i = 0; i < expected.keys.size(); ++i) {
        ASSERT_NEAR(found.keys[i], expected.keys[i], 1e-2 * std::max(1.f, std::abs(expected.keys[i])))
            << "key " << i;  // a unit of bfloat16
        ASSERT_EQ(found.values[i], expected.values[i]) << "value " << i;
      }
    }
  }
}

}  // namespace
}  // namespace mlxc
