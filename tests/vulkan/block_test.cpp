// The products of a transformer's layer one after the other, where formats of their own go between the kernels, against the CPU in `high` precision.
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
  std::vector<Sizes> cases = {{1, 256, 384}, {4, 256, 384}, {5, 256, 384}, {8, 1024, 512}, {9, 256, 384}, {16, 128, 640}, {17, 256, 384}, {32, 1024, 512},
                         {33, 256, 384}, {64, 256, 384}, {65, 256, 384}, {7, 200, 136}};
  const bool software = list_vulkan_devices().devices.at(0).software;
  if (!software) cases.insert(cases.end(), {{512, 1024, 4096}, {300, 512, 8192}});  // tiles enough to fill a GPU
  for (const Sizes& sizes : cases) {
    for (const DType dtype : {DType::bf16, DType::f16}) {
      const float offset = sizes.tokens % 2 ? 1.f : 0.f;
      const auto expected = block(cpu_device(), sizes, dtype, Precision::high, offset), found = block(gpu, sizes, dtype, Precision::native, offset);
      for (size_t i = 0; i < expected.size(); ++i) {
        double most = 0;
        for (const float value : expected[i]) most = std::max(most, std::abs(double(value)));
        // Activations rounded to 8 bits of mantissa three times over; errors of independent terms add up slower than their number.
        for (size_t at = 0; at < expected[i].size(); ++at)
          ASSERT_NEAR(found[i][at], expected[i][at], 0.012 * most) << sizes.tokens << " x " << sizes.width << " x " << sizes.inner << " " << name_of(dtype) << " " << i << " at " << at;
      }
    }
  }
}

}  // namespace
}  // namespace mlxc
