// Norms, rotations and writes into pages on a Vulkan device against float64. Bounds: float32 arithmetic, 4e-6 of the largest result, and
// half a unit in the last place where results are stored in 16 bits.
#include "ops/matmul.h"
#include "vulkan/transformer_support.h"

namespace mlxc::vulkan {
namespace {

class TransformerOnDevice : public OnTestDevice {};
INSTANTIATE_TEST_SUITE_P(Without, TransformerOnDevice,
                         ::testing::Values("", "subgroup_control,float16,int16,int8,int64,float64,coopmat,bfloat16"),
                         [](const auto& info) { return info.index == 0 ? "Nothing" : "OptionalFeatures"; });

TEST_P(TransformerOnDevice, RmsNormMatchesFloat64) {
  struct Case {
    int64_t rows, dim, gap;
    DType weight, out;
    bool residual;
  };
  const Case cases[] = {{1, 1024, 0, DType::bf16, DType::f32, false}, {3, 4096, 0, DType::f32, DType::f32, true},
                        {5, 77, 3, DType::f16, DType::f32, true},     {40, 128, 4, DType::bf16, DType::f32, false},
                        {700, 64, 0, DType::f32, DType::bf16, true},  {2, 20000, 0, DType::bf16, DType::f16, false},
                        {2, 40003, 1, DType::bf16, DType::f32, true}, {9, 1, 0, DType::f32, DType::f32, false},
                        {0, 64, 0, DType::f32, DType::f32, false}};
  std::mt19937 random(1);
  for (const Case& c : cases) {
    SCOPED_TRACE(cat(c.rows, " x ", c.dim, " + ", c.gap, " ", name_of(c.weight), " ", name_of(c.out), c.residual ? " residual" : ""));
    auto op = std::make_shared<RmsNorm>(1e-6f, 1.0f);
    op->residual = c.residual;
    LaunchOnce launch(op);
    const auto x = random_floats(random, c.rows * (c.dim + c.gap), -3, 3), weight = random_floats(random, c.dim, -1, 1, c.weight);
    const auto residual = random_floats(random, c.rows * c.dim);
    launch.in(x, {c.rows, c.dim}, DType::f32, {c.dim + c.gap, 1});
    launch.in(weight, {c.dim}, c.weight);
    if (c.residual) launch.in(residual, {c.rows, c.dim});
    launch.out({c.rows, c.dim}, c.out);
    if (c.rows == 0) continue;  // the planner launches nothing
    launch.run(*device_);
    std::vector<double> expected;
    for (int64_t r = 0; r < c.rows; ++r) {
      const float* row = &x[size_t(r * (c.dim + c.gap))];
      double squares = 0;
      for (int64_t i = 0; i < c.dim; ++i) squares += double(row[i]) * row[i];
      for (int64_t i = 0; i < c.dim; ++i) {
        const double normed = row[i] / std::sqrt(squares / double(c.dim) + double(1e-6f)) * (double(weight[size_t(i)]) + 1);
        expected.push_back(normed + (c.residual ? double(residual[size_t(r * c.dim + i)]) : 0));
      }
    }
    expect_near(launch.result(0), expected, 1e-5, unit_of(c.out));
  }
}

// What patterns join for this device: an operation whose pipeline the driver refuses runs on the CPU, which joins other ones.
TEST_P(TransformerOnDevice, JoinedOperationsHaveTheSameAnswersOnTheHost) {
  std::mt19937 random(11);
  constexpr int64_t rows = 3, dim = 92, wide = 44;  // no other test makes pipelines for these
  const std::vector<float> x = random_floats(random, rows * dim), scale = random_floats(random, dim),
                           more = random_floats(random, rows * dim), other = random_floats(random, rows * wide);
  const std::vector<float> a = random_floats(random, wide * dim, -1, 1, DType::bf16),
                           b = random_floats(random, wide * dim, -1, 1, DType::bf16);
  std::vector<std::function<LaunchOnce()>> launches;
  launches.push_back([&] {
    auto norm = std::make_shared<RmsNorm>(1e-5f, 1.0f);
    norm->residual = true;
    LaunchOnce launch(norm);
    launch.in(x, {rows, dim});
    launch.in(scale, {dim});
    launch.in(more, {rows, dim});
    launch.out({rows, dim});
    return launch;
  });
  for (bool gated : {false, true}) {
    for (bool residual : {false, true}) {
      if (gated && residual) continue;  // no pattern joins both
      launches.push_back([&, gated, residual] {
        auto linear = std::make_shared<Linear>(gated ? 2 : 1, false, Precision::high);
        linear->norm = true;
        linear->norm_eps = 1e-5f;
        linear->norm_offset = 0.5f;
        linear->residual = residual;
        linear->gate = gated ? Gate::silu : Gate::none;
        LaunchOnce launch(linear);
        launch.in(x, {rows, dim});
        launch.in(a, {wide, dim}, DType::bf16);
        if (gated) launch.in(b, {wide, dim}, DType::bf16);
        launch.in(scale, {dim});
        if (residual) launch.in(other, {rows, wide});
        launch.out({rows, wide});
        return launch;
      });
    }
  }
  for (size_t i = 0; i < launches.size(); ++i) {
    SCOPED_TRACE(i);
    LaunchOnce refused = launches[i](), taken = launches[i]();
    inject_fault("vkCreateComputePipelines", 0, Fault::out_of_device_memory);
    const int64_t before = program_counters().host_launches;
    refused.run(*device_);
    EXPECT_TRUE(clear_fault());
    EXPECT_EQ(program_counters().host_launches - before, 1);
    taken.run(*device_);
    EXPECT_EQ(program_counters().host_launches - before, 1);
    const std::vector<float> expected = taken.result(0);
    expect_near(refused.result(0), {expected.begin(), expected.end()}, 1e-4, 1e-4);
  }
}

TEST_P(TransformerOnDevice, NormsOfHeadsCutFromWiderRows) {
  std::mt19937 random(2);
  const int64_t tokens = 7, heads = 3, dim = 64, width = 500;
  for (int64_t offset : {0, 1}) {
    const auto x = random_floats(random, tokens * width);
    const auto weight = random_floats(random, dim);
    LaunchOnce launch(std::make_shared<RmsNorm>(1e-5f, 0.0f));
    launch.in(x, {tokens, heads, dim}, DType::f32, {width, 80, 1});
    launch.plan.places[0].offset_bytes = 4 * offset;
    launch.in(weight, {dim}, DType::f32);
    launch.out({tokens, heads, dim});
    launch.run(*device_);
    std::vector<double> expected;
    for (int64_t t = 0; t < tokens; ++t) {
      for (int64_t h = 0; h < heads; ++h) {
        const float* row = &x[size_t(offset + t * width + h * 80)];
        double squares = 0;
        for (int64_t i = 0; i < dim; ++i) squares += double(row[i]) * row[i];
        for (int64_t i = 0; i < dim; ++i) expected.push_back(row[i] / std::sqrt(squares / double(dim) + 1e-5) * weight[size_t(i)]);
      }
    }
    expect_near(launch.result(0), expected, 1e-5, 0);
  }
}

TEST_P(TransformerOnDevice, LayerNormMatchesFloat64) {
  std::mt19937 random(3);
  for (int64_t dim : {384, 64, 30, 1021, 20011}) {
    for (DType bias_type : {DType::f32, DType::f16}) {
      SCOPED_TRACE(cat(dim, " ", name_of(bias_type)));
      const int64_t rows = 6;
      const auto x = random_floats(random, rows * dim, 3, 5), weight = random_floats(random, dim, -1, 1, DType::bf16),
                 bias = random_floats(random, dim, -1, 1, bias_type);
      LaunchOnce launch(std::make_shared<LayerNorm>(1e-5f));
      launch.in(x, {rows, dim});
      launch.in(weight, {dim}, DType::bf16);
      launch.in(bias, {dim}, bias_type);
      launch.out({rows, dim});
      launch.run(*device_);
      std::vector<double> expected;
      for (int64_t r = 0; r < rows; ++r) {
        const float* row = &x[size_t(r * dim)];
        double mean = 0, squares = 0;
        for (int64_t i = 0; i < dim; ++i) mean += row[i] / double(dim);
        for (int64_t i = 0; i < dim; ++i) squares += (row[i] - mean) * (row[i] - mean);
        for (int64_t i = 0; i < dim; ++i)
          expected.push_back((row[i] - mean) / std::sqrt(squares / double(dim) + 1e-5) * weight[size_t(i)] + bias[size_t(i)]);
      }
      expect_near(launch.result(0), expected, 1e-5, 0);
    }
  }
}

// ---- rotation and pages ----

struct RopeCase {
  int64_t tokens, q_heads, kv_heads, dim, rotary;
  DType page = DType::bf16, weight = DType::f32;
  bool norm = false;
  int64_t gap = 0;
  int32_t first_position = 0;
  DType in = DType::f32, out = DType::f32;  // of q, k and v; of the rotated q
  bool refused = false;                     // by the driver: the CPU does it
};

std::vector<float> frequencies_of(int64_t rotary) {
  std::vector<float> list;
  for (int64_t i = 0; i < rotary / 2; ++i) list.push_back(float(std::pow(10000.0, -2.0 * double(i) / double(rotary))));
  return list;
}

// The head's norm and rotation in float64; the angle is the float32 product, as on every device.
std::vector<double> turned(const float* x, int64_t dim, const std::vector<float>& frequencies, int32_t position, double factor,
                           const float* weight, double eps, double offset) {
  std::vector<double> y(x, x + dim);
  if (weight) {
    double squares = 0;
    for (double value : y) squares += value * value;
    for (int64_t i = 0; i < dim; ++i) y[size_t(i)] *= (double(weight[i]) + offset) / std::sqrt(squares / double(dim) + eps);
  }
  const size_t half = frequencies.size();
  for (size_t i = 0; i < half; ++i) {
    const double angle = double(float(position) * frequencies[i]), a = y[i], b = y[i + half];
    y[i] = (a * std::cos(angle) - b * std::sin(angle)) * factor;
    y[i + half] = (b * std::cos(angle) + a * std::sin(angle)) * factor;
  }
  return y;
}

void check_rope(TestDevice& device, const RopeCase& c) {
  SCOPED_TRACE(cat("T ", c.tokens, " heads ", c.q_heads, "/", c.kv_heads, " D ", c.dim, " R ", c.rotary, " ", name_of(c.page),
                   c.norm ? " norm" : "", " gap ", c.gap, " from ", c.first_position));
  std::mt19937 random(unsigned(c.tokens + c.dim));
  const auto frequencies = frequencies_of(c.rotary);
  const int64_t q_row = c.q_heads * c.dim + c.gap, kv_row = c.kv_heads * c.dim + c.gap,
                width = (c.first_position + c.tokens) / kPageSlots + 2, sequences = 2;
  const int64_t pages = std::min<int64_t>(2 * width, 8);  // far positions: their pages are those of near ones
  const auto q = random_floats(random, c.tokens * q_row, -1, 1, c.in), k = random_floats(random, c.tokens * kv_row, -1, 1, c.in),
             v = random_floats(random, c.tokens * kv_row, -1, 1, c.in);
  const auto q_weight = random_floats(random, c.dim, -1, 1, c.weight), k_weight = random_floats(random, c.dim, -1, 1, c.weight);
  std::vector<int32_t> table(size_t(sequences * width)), sequence, position;
  for (size_t i = 0; i < table.size(); ++i) table[i] = int32_t((int64_t(table.size()) - 1 - int64_t(i)) % pages);
  for (int64_t t = 0; t < c.tokens; ++t) {
    sequence.push_back(t % 5 == 4 ? -1 : int32_t(t < c.tokens / 2 ? 1 : 0));
    position.push_back(c.first_position + int32_t(t));
  }
  // What must write nowhere: no such row, no such page, no such column.
  if (c.tokens > 12) {
    sequence[0] = 77;
    table[size_t(width + (c.first_position + 2) / kPageSlots)] = int32_t(pages);
    position[1] = int32_t(width * kPageSlots);
  }
  auto op = std::make_shared<RopeKvWrite>();
  op->attention_factor = 1.25f;
  op->head_norm = c.norm;
  op->norm_eps = 1e-6f;
  op->norm_offset = 1;
  LaunchOnce launch(op);
  const Shape page_shape{pages, c.kv_heads, kPageSlots, c.dim};
  const std::vector<float> before(size_t(element_count(page_shape)), 0);
  launch.in(before, page_shape, c.page);
  launch.in(before, page_shape, c.page);
  launch.in(q, {c.tokens, c.q_heads, c.dim}, c.in, {q_row, c.dim, 1});
  launch.in(k, {c.tokens, c.kv_heads, c.dim}, c.in, {kv_row, c.dim, 1});
  launch.in(v, {c.tokens, c.kv_heads, c.dim}, c.in, {kv_row, c.dim, 1});
  launch.in(position, {c.tokens});
  launch.in(frequencies, {int64_t(frequencies.size())});
  launch.in(table, {sequences, width});
  launch.in(sequence, {c.tokens});
  if (c.norm) {
    launch.in(q_weight, {c.dim}, c.weight);
    launch.in(k_weight, {c.dim}, c.weight);
  }
  launch.out(page_shape, c.page);
  launch.out(page_shape, c.page);
  launch.out({c.tokens, c.q_heads, c.dim}, c.out);
  run_or_refuse(launch, device, c.refused);

  // The pages start as NaN, and stay so where nothing is written.
  std::vector<double> keys(before.size(), std::nan("")), values = keys, rotated;
  const double factor = 1.25;
  for (int64_t t = 0; t < c.tokens; ++t) {
    for (int64_t h = 0; h < c.q_heads; ++h) {
      const auto y = turned(&q[size_t(t * q_row + h * c.dim)], c.dim, frequencies, position[size_t(t)], factor,
                            c.norm ? q_weight.data() : nullptr, double(1e-6f), 1);
      rotated.insert(rotated.end(), y.begin(), y.end());
    }
    const int32_t s = sequence[size_t(t)], p = position[size_t(t)];
    if (s < 0 || s >= sequences || p / kPageSlots >= width) continue;
    const int32_t page = table[size_t(s * width + p / kPageSlots)];
    if (page >= pages) continue;
    for (int64_t h = 0; h < c.kv_heads; ++h) {
      const size_t at = size_t(((page * c.kv_heads + h) * kPageSlots + p % kPageSlots) * c.dim);
      const auto y =
          turned(&k[size_t(t * kv_row + h * c.dim)], c.dim, frequencies, p, factor, c.norm ? k_weight.data() : nullptr, double(1e-6f), 1);
      std::copy(y.begin(), y.end(), keys.begin() + long(at));
      for (int64_t i = 0; i < c.dim; ++i) values[at + size_t(i)] = v[size_t(t * kv_row + h * c.dim + i)];
    }
  }
  expect_near(launch.result(2), rotated, 1e-5, unit_of(c.out));
  expect_near(launch.result(0), keys, 1e-5, unit_of(c.page));
  expect_near(launch.result(1), values, 1e-7, unit_of(c.page));
}

TEST_P(TransformerOnDevice, RotatesNormsAndWritesInOneDispatch) {
  check_rope(*device_, {1, 4, 2, 128, 128, DType::bf16, DType::bf16, true});
  check_rope(*device_, {70, 4, 1, 64, 64, DType::f16, DType::f32, true});
  check_rope(*device_, {20, 3, 3, 80, 32, DType::f32, DType::f16, true, 4});
  check_rope(*device_, {20, 2, 1, 18, 6, DType::bf16, DType::bf16, true, 1});
  check_rope(*device_, {33, 8, 2, 256, 256, DType::bf16});
  check_rope(*device_, {15, 2, 2, 96, 48, DType::f16, DType::f32, false, 3});
  check_rope(*device_, {3, 2, 1, 10, 10, DType::f32});
  check_rope(*device_, {33, 8, 4, 128, 128, DType::bf16, DType::bf16, true, 4});  // some heads to a team
  check_rope(*device_, {360, 40, 4, 64, 32, DType::f16, DType::f32, true});
  check_rope(*device_, {70, 4, 2, 128, 128, DType::bf16, DType::bf16, true, 0, 0, DType::bf16, DType::bf16});
  check_rope(*device_, {20, 3, 3, 18, 6, DType::f16, DType::f32, true, 1, 0, DType::f16, DType::f32});
}

TEST_P(TransformerOnDevice, PagesThatTheDriverRefusesAreWrittenByTheCpu) {
  for (const DType page : {DType::f32, DType::f16, DType::bf16})
    for (const bool norm : {false, true}) {
      RopeCase c{20, 3, 3, 44, 12, page, DType::f32, norm, 4};  // no other test makes pipelines for heads of this size
      c.refused = true;
      check_rope(*device_, c);
    }
}

TEST_P(TransformerOnDevice, RotatesByLargeAngles) {
  for (int32_t position : {1000, 32767, 131060}) check_rope(*device_, {12, 1, 1, 128, 128, DType::f32, DType::f32, false, 0, position});
}

TEST_P(TransformerOnDevice, RopeAloneTakesAnyStrides) {
  std::mt19937 random(4);
  const int64_t tokens = 9, heads = 3, dim = 48, rotary = 32;
  const auto x = random_floats(random, tokens * heads * 50 + 8);
  const auto frequencies = frequencies_of(rotary);
  std::vector<int32_t> positions;
  for (int64_t t = 0; t < tokens; ++t) positions.push_back(int32_t(3000 * t));
  LaunchOnce launch(std::make_shared<Rope>(0.5f));
  launch.in(x, {tokens, heads, dim}, DType::f32, {50, tokens * 50, 1});  // heads outermost
  launch.in(positions, {tokens});
  launch.in(frequencies, {rotary / 2});
  launch.out({tokens, heads, dim});
  launch.run(*device_);
  std::vector<double> expected;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t h = 0; h < heads; ++h) {
      const auto y = turned(&x[size_t(t * 50 + h * tokens * 50)], dim, frequencies, positions[size_t(t)], 0.5, nullptr, 0, 0);
      expected.insert(expected.end(), y.begin(), y.end());
    }
  }
  expect_near(launch.result(0), expected, 1e-5, 0);
}

TEST_P(TransformerOnDevice, SegmentsHaveMeans) {
  std::mt19937 random(5);
  const int64_t rows = 50, width = 70;
  const auto x = random_floats(random, rows * width);
  const std::vector<int32_t> starts{0, 7, 7, 30, 90};  // an empty one, one that claims more than there is
  LaunchOnce launch(std::make_shared<SegmentPool>());
  launch.in(x, {rows, width});
  launch.in(starts, {5});
  launch.out({4, width});
  launch.run(*device_);
  std::vector<double> expected;
  for (size_t s = 0; s < 4; ++s) {
    const int64_t first = starts[s], last = std::min<int64_t>(starts[s + 1], rows);
    for (int64_t i = 0; i < width; ++i) {
      double sum = 0;
      for (int64_t r = first; r < last; ++r) sum += x[size_t(r * width + i)];
      expected.push_back(last > first ? sum / double(last - first) : 0);
    }
  }
  expect_near(launch.result(0), expected, 1e-6, 1e-6);
}

}  // namespace
}  // namespace mlxc::vulkan
