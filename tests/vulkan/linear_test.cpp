// Linear layers on a Vulkan device against float64, on every path that the device has, and what is dispatched on devices that are not here.
//
// The bounds follow from the arithmetic. S is the sum of |x w| behind an output, after the norm's weight.
//   float32 throughout: 1e-5 S.
//   native on tensor cores: the same against x rounded as the kernel rounds it; a norm computed in float32 may round another way than in
//   float64, which costs an unit in the last place of the 16-bit type for few x: 4 units of the largest |x w| on top.
//   outputs stored in 16 bits: half a unit in the last place of the output on top.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <random>

#include "backend/vulkan/lower_linear.h"
#include "backend/vulkan/modules.h"
#include "backend/vulkan/program.h"
#include "ops/matmul.h"
#include "vulkan/linear_device.h"

namespace mlxc::vulkan {
namespace {

struct Case {
  int64_t tokens, k;
  std::vector<int64_t> n;
  DType weight = DType::bf16;
  Precision precision = Precision::native;
  bool bias = false, norm = false, residual = false;
  Gate gate = Gate::none;
  DType x = DType::f32, y = DType::f32;
  int64_t gap = 0;             // between rows of x
  DType second = DType::bf16;  // of the second weight, if `mixed`
  bool mixed = false;
  Gate activation = Gate::none;

  DType weight_dtype(size_t i) const { return mixed && i == 1 ? second : weight; }
  std::string name() const {
    std::string text = cat("T ", tokens, " k ", k, " n");
    for (int64_t rows : n) text += cat(" ", rows);
    return cat(text, " ", name_of(weight), precision == Precision::high ? " high" : " native", bias ? " bias" : "", norm ? " norm" : "",
               residual ? " residual" : "", gate != Gate::none ? cat(" gate ", int(gate)) : "", " x ", name_of(x), gap ? " strided" : "",
               " y ", name_of(y), mixed ? " mixed" : "", activation != Gate::none ? cat(" activation ", int(activation)) : "");
  }
};

float rounded(float value, DType dtype) {
  if (dtype == DType::f16) return float(float16(value));
  if (dtype == DType::bf16) return float(bfloat16(value));
  return value;
}
double unit(DType dtype) { return dtype == DType::f16 ? 1.0 / 2048 : dtype == DType::bf16 ? 1.0 / 256 : 0; }

std::vector<std::byte> encode(const std::vector<float>& values, DType dtype) {
  std::vector<std::byte> bytes(values.size() * size_t(size_of(dtype)));
  for (size_t i = 0; i < values.size(); ++i) {
    if (dtype == DType::f32) std::memcpy(&bytes[4 * i], &values[i], 4);
    const uint16_t bits = dtype == DType::f16 ? float16(values[i]).bits : bfloat16(values[i]).bits;
    if (dtype != DType::f32) std::memcpy(&bytes[2 * i], &bits, 2);
  }
  return bytes;
}
float decode(const std::byte* at, DType dtype) {
  float value;
  if (dtype == DType::f32) return std::memcpy(&value, at, 4), value;
  uint16_t bits;
  std::memcpy(&bits, at, 2);
  if (dtype == DType::f16) {
    float16 half;
    half.bits = bits;
    return float(half);
  }
  return std::bit_cast<float>(uint32_t(bits) << 16);
}

double activated(Gate gate, double x) {
  switch (gate) {
    case Gate::silu: return x / (1 + std::exp(-x));
    case Gate::gelu_tanh: return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    case Gate::gelu_erf: return 0.5 * x * std::erfc(-x * 0.7071067811865476);
    case Gate::relu: return std::max(x, 0.0);
    default: return x;
  }
}

LaunchPlan plan_of(const Case& c) {
  LaunchPlan plan;
  auto op = std::make_shared<Linear>(int(c.n.size()), c.bias, c.precision);
  op->norm = c.norm;
  op->norm_eps = 1e-5f;
  op->norm_offset = c.norm ? 1.0f : 0.0f;
  op->gate = c.gate;
  op->residual = c.residual;
  op->activation = c.activation;
  auto add = [&](std::vector<OperandType>& to, const Shape& shape, DType dtype, int64_t stride = 0) {
    OperandType operand{{shape, dtype}, contiguous_strides(shape)};
    if (stride) operand.strides[0] = stride;
    to.push_back(operand);
    plan.places.push_back({int(plan.places.size()), 0});
  };
  add(plan.inputs, {c.tokens, c.k}, c.x, c.k + c.gap);
  for (size_t i = 0; i < c.n.size(); ++i) add(plan.inputs, {c.n[i], c.k}, c.weight_dtype(i));
  if (c.bias)
    for (size_t i = 0; i < c.n.size(); ++i) add(plan.inputs, {c.n[i]}, i == 1 ? DType::f32 : c.weight);
  if (c.norm) add(plan.inputs, {c.k}, c.weight);
  if (c.residual) add(plan.inputs, {c.tokens, c.n[0]}, DType::f32);
  for (size_t i = 0; i < (c.gate != Gate::none ? 1 : c.n.size()); ++i) add(plan.outputs, {c.tokens, c.n[i]}, i == 0 ? c.y : DType::f32);
  plan.primitive = op;
  return plan;
}

// Whether the device rounds x to the weights' type in this case.
bool rounds(const Case& c, size_t i, const Capabilities& caps) {
  LinearProblem problem;
  problem.tokens = c.tokens;
  problem.k = c.k;
  problem.weight = c.weight_dtype(i);
  problem.native = c.precision == Precision::native;
  problem.aligned = c.k % 8 == 0;
  const LinearPath path = linear_path(problem, caps);
  return path == LinearPath::skinny || path == LinearPath::coop;
}

class LinearOnDevice : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!device_) device_ = TestDevice::open();
  }
  static void TearDownTestSuite() { device_.reset(); }  // before the driver's own clean-up at exit
  void SetUp() override {
    if (!device_) GTEST_SKIP() << "no Vulkan device";
  }

  void check(const Case& c) {
    SCOPED_TRACE(c.name());
    const LaunchPlan plan = plan_of(c);
    std::mt19937 random(unsigned(c.tokens * 7919 + c.k * 31 + c.n[0]));
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<std::vector<float>> values;
    std::vector<std::vector<std::byte>> data;
    for (const OperandType& input : plan.inputs) {
      int64_t count = element_count(input.type.shape);
      if (values.empty()) count = c.tokens * (c.k + c.gap);
      std::vector<float> list(static_cast<size_t>(count));
      for (float& value : list) value = rounded(uniform(random), input.type.dtype);
      data.push_back(encode(list, input.type.dtype));
      values.push_back(std::move(list));
    }
    for (const OperandType& output : plan.outputs) data.emplace_back(size_t(element_count(output.type.shape) * size_of(output.type.dtype)));
    const std::vector<std::string> trouble = device_->run(plan, data);
    for (const std::string& text : trouble) FAIL() << text;

    const auto& op = as<Linear>(*plan.primitive);
    std::vector<std::vector<double>> sums(c.n.size()), bounds(c.n.size());
    for (size_t i = 0; i < c.n.size(); ++i) {
      const bool rounding = rounds(c, i, device_->caps());
      sums[i].resize(size_t(c.tokens * c.n[i]));
      bounds[i].resize(sums[i].size());
      std::vector<double> row(static_cast<size_t>(c.k));
      for (int64_t t = 0; t < c.tokens; ++t) {
        const float* x = &values[0][size_t(t * (c.k + c.gap))];
        double scale = 1;
        if (c.norm) {
          double square = 0;
          for (int64_t j = 0; j < c.k; ++j) square += double(x[j]) * x[j];
          scale = 1 / std::sqrt(square / double(c.k) + double(op.norm_eps));
        }
        for (int64_t j = 0; j < c.k; ++j) {
          row[size_t(j)] = c.norm ? x[j] * scale * (double(values[op.norm_input()][size_t(j)]) + op.norm_offset) : double(x[j]);
          if (rounding) row[size_t(j)] = rounded(float(row[size_t(j)]), c.weight_dtype(i));
        }
        for (int64_t n = 0; n < c.n[i]; ++n) {
          const float* w = &values[1 + i][size_t(n * c.k)];
          double sum = 0, size = 0, most = 0;
          for (int64_t j = 0; j < c.k; ++j) {
            const double product = row[size_t(j)] * w[j];
            sum += product;
            size += std::abs(product);
            most = std::max(most, std::abs(product));
          }
          double bound = 1e-5 * size;
          if (rounding && c.norm) bound += 4 * 2 * unit(c.weight_dtype(i)) * most;
          if (c.bias) sum += values[op.bias_input(int(i))][size_t(n)];
          sums[i][size_t(t * c.n[i] + n)] = activated(c.activation, sum);
          const double steepest = c.activation == Gate::none ? 1 : 1.2;
          bounds[i][size_t(t * c.n[i] + n)] = steepest * (bound + 1e-6 * std::abs(sum));
        }
      }
    }
    if (c.gate != Gate::none) {
      for (size_t e = 0; e < sums[0].size(); ++e) {
        const double a = sums[0][e], b = sums[1][e], act = activated(c.gate, a);
        bounds[0][e] =
            1.2 * bounds[0][e] * std::abs(b) + std::abs(act) * bounds[1][e] + bounds[0][e] * bounds[1][e] + 4e-6 * std::abs(act * b);
        sums[0][e] = act * b;
      }
    }
    for (size_t i = 0; i < plan.outputs.size(); ++i) {
      const DType dtype = plan.outputs[i].type.dtype;
      const std::byte* found = data[plan.inputs.size() + i].data();
      double worst = 0;
      for (size_t e = 0; e < sums[i].size(); ++e) {
        double expected = sums[i][e], bound = bounds[i][e];
        if (c.residual) expected += values[op.residual_input()][e], bound += 1e-6 * std::abs(expected);
        bound += unit(dtype) * std::abs(expected) + 1e-7;
        const double error = std::abs(decode(found + e * size_t(size_of(dtype)), dtype) - expected);
        if (!(error <= bound))
          FAIL() << "output " << i << ", token " << e / size_t(c.n[i]) << ", row " << e % size_t(c.n[i]) << ": "
                 << decode(found + e * size_t(size_of(dtype)), dtype) << ", expected " << expected << " within " << bound;
        worst = std::max(worst, error / bound);
      }
      worst_ = std::max(worst_, worst);
    }
  }

  double worst_ = 0;  // error over bound
  static inline std::unique_ptr<TestDevice> device_;
};

constexpr int64_t kTokens[] = {1, 2, 3, 4, 5, 8, 13, 16, 17, 32, 33, 64, 65, 130, 300};

struct Size {
  int64_t k;
  std::vector<int64_t> n;
};
// Whole pieces and tiles; odd k; odd n; one element; rows in part of a tile; k in part of a stage; several weights.
const std::vector<Size> kSizes{{256, {128}}, {75, {37}},  {64, {129}},         {1, {1}},
                               {1024, {40}}, {520, {96}}, {128, {48, 16, 24}}, {72, {20, 33, 7, 5}}};

// Each number of tokens with each precision meets some sizes and forms; over all, every pair of them meets. Software takes long to make a
// pipeline and has one path for both precisions: it gets a part.
void spread(DType weight, bool software, const std::function<void(const Case&)>& check) {
  size_t turn = size_t(weight);
  for (int64_t tokens : kTokens) {
    for (Precision precision : {Precision::native, Precision::high}) {
      if (software && precision == Precision::high) continue;
      for (int i = 0; i < (software ? 1 : 3); ++i, ++turn) {
        const Size& size = kSizes[turn % kSizes.size()];
        Case c{tokens, size.k, size.n, weight, precision};
        switch ((turn / kSizes.size() + turn) % 6) {
          case 0: break;
          case 1: c.bias = true; break;
          case 2: c.norm = true; break;
          case 3: c.n = {size.n[0], size.n[0]}, c.gate = Gate::silu, c.norm = turn % 2; break;
          case 4: c.n.resize(1), c.residual = true, c.bias = turn % 2; break;
          case 5: c.gap = turn % 2 ? 8 : 3; break;
        }
        check(c);
      }
    }
  }
}

TEST_F(LinearOnDevice, Float32WeightsMatchFloat64) {
  spread(DType::f32, device_->caps().software, [&](const Case& c) { check(c); });
}
TEST_F(LinearOnDevice, Float16WeightsMatchFloat64) {
  spread(DType::f16, device_->caps().software, [&](const Case& c) { check(c); });
}
TEST_F(LinearOnDevice, Bfloat16WeightsMatchFloat64) {
  spread(DType::bf16, device_->caps().software, [&](const Case& c) { check(c); });
}

// Tiles of all sizes, a few rows, and sums in parts, each with what may stand behind it; whole and with edges.
TEST_F(LinearOnDevice, LayersOfFloat32AreProductsWithTheirEnds) {
  struct Shape {
    int64_t tokens, k, n;
  };
  int turn = 0;
  for (const Shape& shape : {Shape{512, 40, 512}, Shape{514, 17, 509}, Shape{256, 64, 256}, Shape{261, 33, 250}, Shape{64, 96, 64},
                             Shape{90, 35, 61}, Shape{130, 72, 10}, Shape{70, 600, 16}, Shape{70, 2048, 40}, Shape{67, 1111, 39}}) {
    Case c{shape.tokens, shape.k, {shape.n}, DType::f32};
    c.bias = c.residual = true;
    check(c);
    c.bias = turn % 2;
    c.residual = false;
    c.activation = std::array{Gate::relu, Gate::silu, Gate::gelu_erf, Gate::gelu_tanh}[size_t(turn) % 4];
    check(c);
    c.activation = Gate::none;
    c.residual = !c.bias;
    check(c);
    ++turn;
  }
}

TEST_F(LinearOnDevice, EveryGateOnEveryPath) {
  for (int64_t tokens : {3, 20, 70})
    for (Gate gate : {Gate::silu, Gate::gelu_tanh, Gate::gelu_erf, Gate::relu})
      for (int64_t n : {40, 37})
        if (!device_->caps().software || (n == 37) == (gate == Gate::silu))
          check({tokens, 96, {n, n}, DType::bf16, Precision::native, n == 37, true, false, gate});
}

TEST_F(LinearOnDevice, OutputsInSixteenBits) {
  for (int64_t tokens : {1, 7, 16, 50, 90})
    for (DType y : {DType::f16, DType::bf16})
      check({tokens, 64, {72, 72}, DType::bf16, Precision::native, false, true, false, Gate::silu, DType::f32, y});
}

TEST_F(LinearOnDevice, ActivationsInSixteenBits) {
  for (int64_t tokens : {1, 8, 16, 21, 64, 100, 300})
    for (DType type : {DType::f16, DType::bf16}) {
      check({tokens, 192, {100}, type, Precision::native, false, false, true, Gate::none, type});
      check({tokens, 40, {31}, type, Precision::native, false, false, false, Gate::none, type});
    }
}

TEST_F(LinearOnDevice, WeightsOfSeveralDtypesInOneLayer) {
  for (int64_t tokens : {2, 24, 80}) {
    Case c{tokens, 64, {32, 24, 17}, DType::f32};
    c.norm = c.mixed = true;
    check(c);
  }
}

// Few tiles and a long k: shared among workgroups where tensor cores do the work.
TEST_F(LinearOnDevice, LongSumsOfFewOutputs) {
  for (DType type : {DType::f16, DType::bf16}) {
    check({100, 2048, {200}, type, Precision::native, false, false, true});
    check({200, 2080, {96, 96}, type, Precision::native, false, true, false, Gate::silu, DType::f32, type});
    check({130, 1032, {64, 20, 20}, type, Precision::native, true, true});
    check({40, 8192, {48}, type, Precision::native});
  }
}

TEST_F(LinearOnDevice, ManyRows) {
  for (int64_t tokens : {1, 8, 16, 32, 64}) check({tokens, 32, {12300}, DType::bf16, Precision::native});
}

TEST_F(LinearOnDevice, RunsAgainWithTheSameResult) {
  for (int round = 0; round < 3; ++round) check({100, 2048, {200}, DType::bf16, Precision::native, false, false, true});
}

TEST_F(LinearOnDevice, NothingIsDispatchedForNoTokens) {
  LoweredProgram program = lower_program({plan_of({0, 64, {32}, DType::bf16})}, device_->caps(), {});
  EXPECT_TRUE(program.reasons[0].empty()) << program.reasons[0];
  EXPECT_TRUE(program.dispatches.empty());
}

// ---- what is dispatched elsewhere ----

Capabilities tensor_device() {
  Capabilities caps;
  caps.subgroup_size = caps.min_subgroup = caps.max_subgroup = 32;
  caps.shared_bytes = 49152;
  caps.workgroup_invocations = 1024;
  caps.max_groups[0] = 0x7fffffff;
  caps.max_groups[1] = caps.max_groups[2] = 65535;
  caps.multiprocessors = 132;
  caps.subgroup_control = caps.float16 = caps.coopmat_f16 = caps.coopmat_bf16 = caps.fragment_layout = true;
  return caps;
}

std::vector<std::string> modules_of(const Case& c, const Capabilities& caps) {
  const LoweredProgram program = lower_program({plan_of(c)}, caps, {});
  EXPECT_TRUE(program.reasons[0].empty()) << program.reasons[0];
  std::vector<std::string> names;
  for (const Dispatch& dispatch : program.dispatches) {
    names.push_back(program.kernels[size_t(dispatch.kernel)].module);
    EXPECT_NE(find_module(names.back()), nullptr) << names.back();
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(LinearPlan, FewTokensTakeOneDispatchWhateverIsJoined) {
  EXPECT_EQ(modules_of({1, 4096, {4096, 1024, 1024}, DType::bf16, Precision::native, true, true}, tensor_device()),
            (Names{"linear_vec.bf16"}));
  EXPECT_EQ(modules_of({4, 4096, {12288, 12288}, DType::f16, Precision::native, false, true, false, Gate::silu}, tensor_device()),
            (Names{"linear_vec.f16"}));
}

TEST(LinearPlan, BatchesGoToFragmentsAndPromptsToTiles) {
  EXPECT_EQ(modules_of({8, 4096, {4096}, DType::bf16}, tensor_device()), (Names{"linear_pack", "linear_skinny.bf16_b1_t1_d4"}));
  EXPECT_EQ(modules_of({16, 4096, {4096}, DType::bf16, Precision::native, false, false, true, Gate::none, DType::bf16}, tensor_device()),
            (Names{"linear_skinny.bf16_b2_t1_d4"}));
  EXPECT_EQ(modules_of({64, 4096, {12288, 12288}, DType::f16, Precision::native, false, true, false, Gate::silu}, tensor_device()),
            (Names{"linear_pack", "linear_skinny.f16_b8_t2_d2"}));
  EXPECT_EQ(modules_of({512, 4096, {12288, 12288}, DType::bf16, Precision::native, false, true, false, Gate::silu}, tensor_device()),
            (Names{"linear_pack", "linear_coop.bf16_128x128"}));
}

TEST(LinearPlan, HighPrecisionAndOddRowsStayInFloat32) {
  EXPECT_EQ(modules_of({64, 4096, {4096}, DType::bf16, Precision::high, false, true}, tensor_device()),
            (Names{"linear_pack", "linear_tile.bf16"}));
  EXPECT_EQ(modules_of({64, 4095, {4096}, DType::bf16}, tensor_device()), (Names{"linear_tile.bf16"}));
  EXPECT_EQ(modules_of({8, 4096, {4096}, DType::f32, Precision::native, false, true}, tensor_device()), (Names{"linear_vec.f32"}));
}

TEST(LinearPlan, LayersOfFloat32TakeTheLargestTileThatFillsTheDevice) {
  EXPECT_EQ(modules_of({2048, 1024, {2048}, DType::f32}, tensor_device()), (Names{"matmul.t128"}));
  EXPECT_EQ(modules_of({2000, 1024, {2048}, DType::f32}, tensor_device()), (Names{"matmul.t64"}));  // tiles of 128 are whole
  EXPECT_EQ(modules_of({2048, 1025, {2048}, DType::f32}, tensor_device()), (Names{"matmul.t64"}));
  EXPECT_EQ(modules_of({256, 512, {512}, DType::f32}, tensor_device()), (Names{"matmul.t32"}));
  EXPECT_EQ(modules_of({256, 512, {10}, DType::f32}, tensor_device()), (Names{"matmul_narrow.c16"}));
}

TEST(LinearPlan, WithoutTheProbedLayoutBatchesGoToTiles) {
  Capabilities caps = tensor_device();
  caps.fragment_layout = false;
  EXPECT_EQ(modules_of({8, 4096, {4096}, DType::bf16}, caps), (Names{"linear_pack", "linear_coop.bf16_64x64"}));
  caps.coopmat_bf16 = false;
  EXPECT_EQ(modules_of({9, 4096, {4096}, DType::bf16}, caps), (Names{"linear_tile.bf16"}));
  EXPECT_EQ(modules_of({512, 4096, {4096}, DType::f16}, caps)[1].substr(0, 15), "linear_coop.f16");
}

TEST(LinearPlan, EveryShapeThatCanBeChosenHasAModule) {
  for (DType type : {DType::f16, DType::bf16})
    for (int64_t tokens : kTokens)
      for (int64_t k : {1024, 4096, 12288})
        for (int64_t n : {1024, 4096, 12288, 151936})
          for (Gate gate : {Gate::none, Gate::relu})
            modules_of({tokens, k, gate == Gate::none ? std::vector<int64_t>{n} : std::vector<int64_t>{n, n}, type, Precision::native,
                        false, false, false, gate},
                       tensor_device());
}

// The numbers of tiles on 132 multiprocessors: 128 leave them half idle, so k is split; 768 fill them.
TEST(LinearPlan, FewTilesSplitK) {
  LinearProblem problem{512, 4096, 4096, DType::bf16, true, true, false};
  const int64_t n[] = {4096};
  const CoopShape split = coop_shape(problem, n, tensor_device());
  EXPECT_EQ(split.tokens, 128);
  EXPECT_EQ(split.split, 2);
  const int64_t wide[] = {24576};
  problem.rows = 24576;
  EXPECT_EQ(coop_shape(problem, wide, tensor_device()).split, 1);
}

TEST(LinearPlan, OnlyTheExpectedLayoutOfFragmentsMatches) {
  constexpr uint32_t kEach = 27;
  std::vector<uint32_t> words(32 * kEach);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    uint32_t* found = &words[lane * kEach];
    found[0] = found[1] = found[2] = 8;
    const uint32_t first_a[] = {0, 1, 8, 9, 128, 129, 136, 137}, first_b[] = {0, 16, 128, 144, 8, 24, 136, 152};  // lane 0, read on an H200
    for (uint32_t e = 0; e < 8; ++e) {
      found[3 + e] = found[19 + e] = first_a[e] + lane / 4 * 16 + lane % 4 * 2;
      found[11 + e] = first_b[e] + lane / 4 + lane % 4 * 32;
    }
  }
  EXPECT_TRUE(fragments_match(words));
  std::swap(words[5], words[7]);  // PTX's own order of A
  EXPECT_FALSE(fragments_match(words));
  EXPECT_FALSE(fragments_match({}));
}

}  // namespace
}  // namespace mlxc::vulkan
