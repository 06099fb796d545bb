#include "backend/vulkan/formats.h"

#include <gtest/gtest.h>

#include "backend/vulkan/lower.h"
#include "ops/matmul.h"
#include "ops/transformer.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kWidth = 128;

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
  int64_t tokens;
  std::vector<LaunchPlan> launches;
  std::vector<bool> temporary{false, false, false, true, false, false};

  explicit Case(int64_t tokens = 64) : tokens(tokens) {
    auto gated = std::make_shared<Linear>(2, false, Precision::native);
    gated->gate = Gate::silu;
    const OperandType x = operand({tokens, kWidth}, DType::f32), weight = operand({kWidth, kWidth}, DType::bf16);
    launches.push_back({gated, {x, weight, weight}, {x}, {{0, 0}, {1, 0}, {2, 0}, {3, 0}}});
    launches.push_back({std::make_shared<Linear>(1, false, Precision::native), {x, weight}, {x}, {{3, 0}, {4, 0}, {5, 0}}});
  }
  Formats choose(bool ordered = true) { return choose_formats(launches, temporary, tensor_cores(), {}, ordered); }
  std::vector<int> store(const std::vector<int>& keep = {}) {
    return choose_formats(launches, temporary, tensor_cores(), keep, true).halved;
  }
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
  const OperandType x = operand({c.tokens, kWidth}, DType::f32), weight = operand({kWidth}, DType::f32);
  c.launches.push_back({std::make_shared<RmsNorm>(1e-5f, 0.f), {x, weight}, {x}, {{3, 0}, {4, 0}, {5, 0}}});
  EXPECT_TRUE(c.store().empty());
  EXPECT_EQ(c.written(), DType::f32);
}

TEST(StoreHalf, LeavesWhatAProductReadsAsItsResidual) {
  Case c;
  auto residual = std::make_shared<Linear>(1, false, Precision::native);
  residual->residual = true;
  const OperandType x = operand({c.tokens, kWidth}, DType::f32), weight = operand({kWidth, kWidth}, DType::bf16);
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
  EXPECT_TRUE(choose_formats(c.launches, c.temporary, caps, {}, true).halved.empty());
}

TEST(StoreHalf, LeavesStepsOfSoFewTokensThatProductsDoNotRound) {
  Case c(4);
  EXPECT_TRUE(c.store().empty());
}

TEST(Fragments, OrderWhatProductsOfBatchesRead) {
  EXPECT_EQ(Case(5).choose().fragments[3], 1);
  EXPECT_EQ(Case(16).choose().fragments[3], 2);
  EXPECT_EQ(Case(17).choose().fragments[3], 4);
  EXPECT_EQ(Case(64).choose().fragments[3], 8);
}

TEST(Fragments, LeaveWhatLongerProductsRead) {
  Case c(65);
  const Formats formats = c.choose();
  EXPECT_EQ(formats.halved, std::vector<int>{3});
  EXPECT_EQ(formats.fragments[3], 0);
}

TEST(Fragments, LeaveWhatTheyAreToldTo) {
  Case c;
  const Formats formats = c.choose(false);
  EXPECT_EQ(formats.halved, std::vector<int>{3});
  EXPECT_EQ(formats.fragments[3], 0);
}

// x W0^T + x in buffer 2, whose norm (weight in buffer 3) times W1^T is buffer 5.
struct PairCase {
  std::vector<LaunchPlan> launches;
  std::vector<bool> temporary{false, false, true, false, false, false};

  explicit PairCase(int64_t tokens = 16, DType dtype = DType::bf16) {
    auto first = std::make_shared<Linear>(1, false, Precision::native), second = std::make_shared<Linear>(1, false, Precision::native);
    first->residual = second->norm = true;
    second->norm_offset = 1;
    const OperandType x = operand({tokens, kWidth}, DType::f32), weight = operand({kWidth, kWidth}, dtype),
                      norm = operand({kWidth}, DType::f32);
    launches.push_back({first, {x, weight, x}, {x}, {{0, 0}, {1, 0}, {0, 0}, {2, 0}}});
    launches.push_back({second, {x, weight, norm}, {x}, {{2, 0}, {4, 0}, {3, 0}, {5, 0}}});
  }
  std::vector<ProductPair> pairs() { return choose_formats(launches, temporary, tensor_cores(), {}, true).pairs; }
};

TEST(ProductPairs, JoinAProductAndTheNormalisedOneAfterIt) {
  PairCase c;
  const std::vector<ProductPair> pairs = c.pairs();
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].giver, 0);
  EXPECT_EQ(pairs[0].taker, 1);
  EXPECT_EQ(pairs[0].blocks, 2);
  EXPECT_EQ(pairs[0].norm_offset, 1);
  ASSERT_EQ(c.launches[0].inputs.size(), 4u);
  EXPECT_EQ(c.launches[0].places[3].buffer, 3);
  EXPECT_EQ(c.launches[0].places[4].buffer, 2);
}

TEST(ProductPairs, AreForBatches) {
  EXPECT_TRUE(PairCase(4).pairs().empty());
  EXPECT_TRUE(PairCase(65).pairs().empty());
}

TEST(ProductPairs, LeaveFloat16WhichLargeValuesWouldOverflow) { EXPECT_TRUE(PairCase(16, DType::f16).pairs().empty()); }

TEST(ProductPairs, LeaveNormsWhoseWeightIsComputed) {
  PairCase c;
  c.temporary[3] = true;
  EXPECT_TRUE(c.pairs().empty());
}

TEST(ProductPairs, LeaveWhatAnotherLaunchChangesInBetween) {
  PairCase c;
  LaunchPlan between = c.launches[0];
  between.places = {{0, 0}, {1, 0}, {0, 0}, {2, 4}};
  c.launches.insert(c.launches.begin() + 1, between);
  EXPECT_TRUE(c.pairs().empty());
}

// q, k, v (buffers 2, 3, 4) = x W^T, rotated into 5 and the pages 6 and 7, and the attention of that in 8.
struct HeadsCase {
  std::vector<LaunchPlan> launches;
  std::vector<bool> temporary{false, false, true, true, true, true, false, false, false, false, false};

  explicit HeadsCase(int64_t tokens = 128, DType weight = DType::bf16, DType page = DType::bf16, Precision precision = Precision::native) {
    constexpr int64_t kHeads = 4, kKvHeads = 2, kDim = 64, kPages = 4;
    const OperandType x = operand({tokens, kWidth}, DType::f32), q = operand({tokens, kHeads, kDim}, DType::f32),
                      kv = operand({tokens, kKvHeads, kDim}, DType::f32);
    const OperandType pages = operand({kPages, kKvHeads, kPageSlots, kDim}, page), index = operand({tokens}, DType::i32),
                      table = operand({1, kPages}, DType::i32);
    const OperandType of_q = operand({kHeads * kDim, kWidth}, weight), of_kv = operand({kKvHeads * kDim, kWidth}, weight);
    auto row = [](const OperandType& heads) {
      return operand({heads.type.shape[0], heads.type.shape[1] * heads.type.shape[2]}, DType::f32);
    };
    launches.push_back({std::make_shared<Linear>(3, false, precision),
                        {x, of_q, of_kv, of_kv},
                        {row(q), row(kv), row(kv)},
                        {{0, 0}, {1, 0}, {1, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}}});
    launches.push_back({std::make_shared<RopeKvWrite>(),
                        {pages, pages, q, kv, kv, index, operand({kDim / 2}, DType::f32), table, index},
                        {pages, pages, q},
                        {{6, 0}, {7, 0}, {2, 0}, {3, 0}, {4, 0}, {9, 0}, {9, 0}, {10, 0}, {9, 0}, {6, 0}, {7, 0}, {5, 0}}});
    launches.push_back({std::make_shared<PagedAttention>(0.125f, 0, 0.0f, uint8_t(precision)),
                        {q, pages, pages, table, index, index},
                        {q},
                        {{5, 0}, {6, 0}, {7, 0}, {10, 0}, {9, 0}, {9, 0}, {8, 0}}});
  }
  std::vector<int> halved(const std::vector<int>& keep = {}) {
    return choose_formats(launches, temporary, tensor_cores(), keep, true).halved;
  }
};

TEST(HalfHeads, KeepWhatPromptsRotateAndLookUpInSixteenBits) {
  HeadsCase c;
  EXPECT_EQ(c.halved(), (std::vector<int>{5, 2, 3, 4}));
  for (const OperandType& part : c.launches[0].outputs) EXPECT_EQ(part.type.dtype, DType::bf16);
  for (size_t input : {2, 3, 4}) EXPECT_EQ(c.launches[1].inputs[input].type.dtype, DType::bf16);
  EXPECT_EQ(c.launches[1].outputs[2].type.dtype, DType::bf16);
  EXPECT_EQ(c.launches[2].inputs[0].type.dtype, DType::bf16);
  EXPECT_EQ(c.launches[2].outputs[0].type.dtype, DType::f32);
}

TEST(HalfHeads, LeaveStepsOfSingleTokensOtherTypesAndHighPrecision) {
  EXPECT_TRUE(HeadsCase(16).halved().empty());
  EXPECT_TRUE(HeadsCase(128, DType::bf16, DType::f16).halved().empty());
  EXPECT_TRUE(HeadsCase(128, DType::bf16, DType::f32).halved().empty());
  EXPECT_TRUE(HeadsCase(128, DType::bf16, DType::bf16, Precision::high).halved().empty());
  EXPECT_EQ(HeadsCase(128, DType::f16).halved(), std::vector<int>{5});  // heads that are not normalised yet may be too large for float16
}

TEST(HalfHeads, LeaveWhatSomethingElseReadsOrIsToldToStay) {
  HeadsCase c;
  const OperandType q = c.launches[2].inputs[0], norm = operand({64}, DType::f32);
  c.launches.push_back({std::make_shared<RmsNorm>(1e-5f, 0.f), {q, norm}, {q}, {{5, 0}, {9, 0}, {8, 0}}});
  EXPECT_TRUE(c.halved().empty());
  EXPECT_EQ(HeadsCase().halved({3}), std::vector<int>{5});
  HeadsCase given;
  given.temporary[5] = false;
  EXPECT_TRUE(given.halved().empty());
}

// A gated product, the product of its result and one more, of so many rows.
Formats steps_of(int64_t tokens, int64_t rows, bool software = false) {
  auto gated = std::make_shared<Linear>(2, false, Precision::native);
  gated->gate = Gate::silu;
  const auto plain = std::make_shared<Linear>(1, false, Precision::native);
  const OperandType x = operand({tokens, 8192}, DType::f32), y = operand({tokens, rows}, DType::f32),
                    weight = operand({rows, 8192}, DType::bf16);
  std::vector<LaunchPlan> launches;
  launches.push_back({gated, {x, weight, weight}, {y}, {{0, 0}, {1, 0}, {2, 0}, {3, 0}}});
  for (int i = 0; i < 3; ++i) launches.push_back({plain, {x, weight}, {y}, {{0, 0}, {4 + i, 0}, {3, 0}}});
  Capabilities caps = tensor_cores();
  caps.software = software;
  return choose_formats(launches, std::vector<bool>(8), caps, {}, true);
}

TEST(Ahead, PagesOfTheNextTwoProductsAreLookedUpInLargeSteps) {
  const Formats formats = steps_of(1, 100000);
  ASSERT_EQ(formats.ahead.size(), 1u);
  EXPECT_EQ(formats.ahead[0].launch, 0);
  ASSERT_EQ(formats.ahead[0].weights.size(), 2u);
  EXPECT_EQ(formats.ahead[0].weights[0].launch, 1);
  EXPECT_EQ(formats.ahead[0].weights[1].launch, 2);
  EXPECT_TRUE(steps_of(1, 1000).ahead.empty());
  EXPECT_TRUE(steps_of(512, 100000).ahead.empty());
  EXPECT_TRUE(steps_of(1, 100000, true).ahead.empty());
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
