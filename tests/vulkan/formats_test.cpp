#include "backend/vulkan/formats.h"

#include <gtest/gtest.h>

#include "backend/vulkan/lower.h"
#include "ops/matmul.h"
#include "ops/transformer.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kTokens = 64, kWidth = 128;

// A device whose products round their input, whatever their shape.
Capabilities tensor_cores() {
  Capabilities caps;
  caps.subgroup_size = caps.min_subgroup = caps.max_subgroup = 32;
  caps.shared_bytes = 48 << 10;
  caps.workgroup_invocations = 1024;
  caps.max_groups[0] = caps.max_groups[1] = caps.max_groups[2] = 65535;
  caps.multiprocessors = 132;
  caps.subgroup_control = caps.float16 = caps.int8 = caps.int16 = caps.coopmat_f16 = caps.coopmat_bf16 = caps.fragment_layout = true;
  return caps;
}

OperandType operand(Shape shape, DType dtype) { return {{shape, dtype}, contiguous_strides(shape)}; }

// act(x W0^T) * (x W1^T) in buffer 3, then buffer 3 times W2^T.
struct Case {
  std::vector<LaunchPlan> launches;
  std::vector<bool> temporary{false, false, false, true, false, false};

  Case() {
    auto gated = std::make_shared<Linear>(2, false, Precision::native);
    gated->gate = Gate::silu;
    const OperandType x = operand({kTokens, kWidth}, DType::f32), weight = operand({kWidth, kWidth}, DType::bf16);
    launches.push_back({gated, {x, weight, weight}, {x}, {{0, 0}, {1, 0}, {2, 0}, {3, 0}}});
    launches.push_back({std::make_shared<Linear>(1, false, Precision::native), {x, weight}, {x}, {{3, 0}, {4, 0}, {5, 0}}});
  }
  std::vector<int> store(const std::vector<int>& keep = {}) { return store_half(launches, temporary, tensor_cores(), keep); }
  DType written() const { return launches[0].outputs[0].type.dtype; }
  DType read() const { return launches[1].inputs[0].type.dtype; }
};

TEST(StoreHalf, KeepsATemporaryBetweenTwoProductsInTheTypeOfTheWeights) {
  Case c;
  EXPECT_EQ(c.store(), std::vector<int>{3});
  EXPECT_EQ(c.written(), DType::bf16);
  EXPECT_EQ(c.read(), DType::bf16);
  EXPECT_EQ(c.launches[0].inputs[0].type.dtype, DType::f32);
  EXPECT_EQ(c.launches[1].outputs[0].type.dtype, DType::f32);
}

TEST(StoreHalf, LeavesWhatIsNotTemporary) {
  Case c;
  c.temporary[3] = false;
  EXPECT_TRUE(c.store().empty());
  EXPECT_EQ(c.written(), DType::f32);
}

TEST(StoreHalf, LeavesWhatItIsToldTo) {
  Case c;
  EXPECT_TRUE(c.store({3}).empty());
  EXPECT_EQ(c.read(), DType::f32);
}

TEST(StoreHalf, LeavesWhatSomethingElseReads) {
  Case c;
  const OperandType x = operand({kTokens, kWidth}, DType::f32), weight = operand({kWidth}, DType::f32);
  c.launches.push_back({std::make_shared<RmsNorm>(1e-5f, 0.f), {x, weight}, {x}, {{3, 0}, {4, 0}, {5, 0}}});
  EXPECT_TRUE(c.store().empty());
  EXPECT_EQ(c.written(), DType::f32);
}

TEST(StoreHalf, LeavesWhatAProductReadsAsItsResidual) {
  Case c;
  auto residual = std::make_shared<Linear>(1, false, Precision::native);
  residual->residual = true;
  const OperandType x = operand({kTokens, kWidth}, DType::f32), weight = operand({kWidth, kWidth}, DType::bf16);
  c.launches.push_back({residual, {x, weight, x}, {x}, {{0, 0}, {4, 0}, {3, 0}, {5, 0}}});
  EXPECT_TRUE(c.store().empty());
}

TEST(StoreHalf, LeavesWhatReadersWantInDifferentTypes) {
  Case c;
  c.launches.push_back(c.launches[1]);
  c.launches[2].inputs[1].type.dtype = DType::f16;
  EXPECT_TRUE(c.store().empty());
}

TEST(StoreHalf, LeavesPartsOfABuffer) {
  Case c;
  c.launches[1].places[0].offset_bytes = 4 * kWidth;
  EXPECT_TRUE(c.store().empty());
}

TEST(StoreHalf, LeavesStridedReaders) {
  Case c;
  c.launches[1].inputs[0].strides[0] = 2 * kWidth;
  EXPECT_TRUE(c.store().empty());
}

TEST(StoreHalf, LeavesBuffersWithTwoWriters) {
  Case c;
  c.launches.push_back(c.launches[0]);
  EXPECT_TRUE(c.store().empty());
}

TEST(StoreHalf, LeavesProductsThatKeepTheirPrecision) {
  Case c;
  c.launches[1].primitive = std::make_shared<Linear>(1, false, Precision::high);
  EXPECT_TRUE(c.store().empty());
}

TEST(StoreHalf, LeavesEverythingWithoutTensorCores) {
  Case c;
  Capabilities caps = tensor_cores();
  caps.coopmat_f16 = caps.coopmat_bf16 = caps.fragment_layout = false;
  EXPECT_TRUE(store_half(c.launches, c.temporary, caps, {}).empty());
}

TEST(Extent, ReachesBelowTheFirstElementWithNegativeStrides) {
  const Extent plain = extent_of(operand({2, 3}, DType::f32));
  EXPECT_EQ(plain.begin, 0);
  EXPECT_EQ(plain.end, 24);
  const Extent reversed = extent_of({{{2, 3}, DType::f32}, {-3, 1}});
  EXPECT_EQ(reversed.begin, -12);
  EXPECT_EQ(reversed.end, 12);
  const Extent broadcast = extent_of({{{5, 3}, DType::f16}, {0, 1}});
  EXPECT_EQ(broadcast.end, 6);
  EXPECT_EQ(extent_of(operand({2, 0}, DType::f32)).end, 0);
  EXPECT_EQ(extent_of({{{}, DType::f64}, {}}).end, 8);
}

}  // namespace
}  // namespace mlxc::vulkan
