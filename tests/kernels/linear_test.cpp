#include <algorithm>
#include <string>

#include "support.h"

namespace mlxc::cpu {
namespace {

constexpr DType kWeightTypes[] = {DType::f32, DType::f16, DType::bf16};

double activate(double v, Activation activation) {
  switch (activation) {
    case Activation::silu: return v / (1 + std::exp(-v));
    case Activation::gelu_tanh: return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
    case Activation::gelu_erf: return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0)));
    case Activation::relu: return std::max(v, 0.0);
    case Activation::tanh: return std::tanh(v);
    case Activation::sigmoid: return 1 / (1 + std::exp(-v));
    default: return v;
  }
}

std::vector<double> product(const std::vector<float>& x, int64_t t, const std::vector<double>& w, int64_t n, int64_t k) {
  std::vector<double> y(size_t(t * n));
  for (int64_t i = 0; i < t; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l) sum += double(x[size_t(i * k + l)]) * w[size_t(j * k + l)];
      y[size_t(i * n + j)] = sum;
    }
  }
  return y;
}

struct Case {
  int64_t t, n, k;
};

std::string describe(const Isa& isa, const Case& c, DType dtype, Precision precision) {
  return cat(name_of(level_of(isa)), " T=", c.t, " N=", c.n, " K=", c.k, " ", name_of(dtype),
             precision == Precision::high ? " high" : " native");
}

TEST(Linear, MatchesTheDoubleProductForEveryTypeAndSize) {
  ThreadPool pool(2);
  Random random(1);
  const Case cases[] = {{1, 1, 1},     {1, 33, 15},   {2, 17, 2},    {3, 8, 1000},   {5, 15, 33},    {7, 100, 64},
                        {16, 35, 576}, {37, 65, 129}, {250, 20, 96}, {33, 70, 3000}, {300, 97, 1056}};
  for (const Isa* isa : every_isa()) {
    for (const Case& c : cases) {
      const auto x = random.floats(c.t * c.k), w = random.floats(c.n * c.k);
      for (DType dtype : kWeightTypes) {
        const Typed weight = as_type(w, dtype);
        const auto expected = product(x, c.t, weight.values, c.n, c.k);
        for (Precision precision : {Precision::high, Precision::native}) {
          std::vector<float> y(size_t(c.t * c.n), -7);
          LinearOutput out{.weight = weight.data(), .weight_dtype = dtype, .weight_stride = c.k, .n = c.n, .y = y.data(), .y_stride = c.n};
          linear(pool, {.x = x.data(), .x_stride = c.k, .t = c.t, .k = c.k, .outputs = {&out, 1}, .precision = precision}, *isa);
          // Rounding x to bfloat16 errs by 2^-9 of each product at most; the errors add like a random walk.
          const bool rounds = precision == Precision::native && dtype == DType::bf16;
          expect_close(y, expected, rounds ? 0x1p-8 * std::sqrt(double(c.k)) : 2e-6 * std::sqrt(double(c.k)),
                       describe(*isa, c, dtype, precision));
        }
      }
    }
  }
}

// Row r of a T-row call has the bits of a call with one row, or at native of the fewest rows that are computed the same way.
TEST(Linear, BitsDependOnTheRowAloneAtAnyRowAndThreadCount) {
  const int64_t n = 75, most = 37;
  Random random(2);
  ThreadPool one(1), two(2), three(3);
  for (int64_t k : {611, 640}) {
    const auto x = random.floats(most * k), w = random.floats(n * k);
    for (const Isa* isa : every_isa()) {
      for (DType dtype : kWeightTypes) {
        const Typed weight = as_type(w, dtype);
        for (Precision precision : {Precision::high, Precision::native}) {
          auto run = [&](ThreadPool& pool, int64_t first, int64_t t) {
            std::vector<float> y(size_t(t * n));
            LinearOutput out{.weight = weight.data(), .weight_dtype = dtype, .weight_stride = k, .n = n, .y = y.data(), .y_stride = n};
            linear(pool, {.x = x.data() + first * k, .x_stride = k, .t = t, .k = k, .outputs = {&out, 1}, .precision = precision}, *isa);
            return y;
          };
          // Every row, from calls of `rows` rows.
          auto in_groups = [&](int64_t rows) {
            std::vector<float> all(size_t(most * n));
            for (int64_t r = 0; r < most; r += rows) {
              const int64_t first = std::min(r, most - rows);
              const auto y = run(one, first, rows);
              std::copy(y.begin(), y.end(), all.begin() + first * n);
            }
            return all;
          };
          const bool rounds = precision == Precision::native && dtype == DType::bf16 && level_of(*isa) >= CpuLevel::avx512bf16;
          const bool packs = precision == Precision::native && dtype == DType::f32;
          const auto alone = in_groups(1), many = in_groups(packs ? 16 : 5);
          for (int64_t t : {2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 31, 37}) {
            const auto& reference = (rounds && t > 4) || (packs && t >= 16) ? many : alone;
            const std::vector<float> head(reference.begin(), reference.begin() + t * n);
            EXPECT_TRUE(same_bits(run(two, 0, t), head)) << describe(*isa, {t, n, k}, dtype, precision);
            EXPECT_TRUE(same_bits(run(three, 0, t), head)) << describe(*isa, {t, n, k}, dtype, precision);
          }
        }
      }
    }
  }
}

class LinearGroups : public testing::TestWithParam<std::pair<int64_t, Precision>> {};
INSTANTIATE_TEST_SUITE_P(Linear, LinearGroups,
                         testing::Values(std::pair{9, Precision::high}, std::pair{40, Precision::high}, std::pair{40, Precision::native}));

TEST_P(LinearGroups, ShareInputWithTheirOwnStridesBiasActivationAndResidual) {
  const auto [t, precision] = GetParam();
  const int64_t k = 70, pad = 5;
  Random random(3);
  ThreadPool pool(2);
  const auto x = random.floats(t * k);
  std::vector<float> padded(size_t(t * (k + pad)), 1e30f);
  for (int64_t i = 0; i < t; ++i) std::copy_n(x.begin() + i * k, k, padded.begin() + i * (k + pad));
  const int64_t sizes[] = {33, 64, 7};
  const Activation activations[] = {Activation::gelu_erf, Activation::none, Activation::tanh};
  for (const Isa* isa : every_isa()) {
    for (DType dtype : kWeightTypes) {
      std::vector<Typed> weights, biases;
      std::vector<std::vector<float>> y;
      std::vector<std::vector<double>> expected;
      std::vector<LinearOutput> outputs;
      for (int i = 0; i < 3; ++i) {
        const int64_t n = sizes[i];
        weights.push_back(as_type(random.floats(n * k), dtype));
        biases.push_back(as_type(random.floats(n), dtype));
        y.push_back(random.floats(t * (n + pad)));
        auto values = product(x, t, weights.back().values, n, k);
        for (int64_t r = 0; r < t; ++r) {
          for (int64_t j = 0; j < n; ++j) {
            double& v = values[size_t(r * n + j)];
            v = activate(v + biases.back().values[size_t(j)], activations[i]) + (i == 1 ? y.back()[size_t(r * (n + pad) + j)] : 0.0);
          }
        }
        expected.push_back(values);
      }
      for (int i = 0; i < 3; ++i) {
        outputs.push_back({.weight = weights[i].data(),
                           .weight_dtype = dtype,
                           .weight_stride = k,
                           .n = sizes[i],
                           .bias = biases[i].data(),
                           .bias_dtype = dtype,
                           .activation = activations[i],
                           .residual = i == 1 ? y[i].data() : nullptr,
                           .residual_stride = sizes[i] + pad,
                           .y = y[i].data(),
                           .y_stride = sizes[i] + pad});
      }
      linear(pool, {.x = padded.data(), .x_stride = k + pad, .t = t, .k = k, .outputs = outputs, .precision = precision}, *isa);
      for (int i = 0; i < 3; ++i) {
        std::vector<float> actual;
        for (int64_t r = 0; r < t; ++r)
          actual.insert(actual.end(), y[i].begin() + r * (sizes[i] + pad), y[i].begin() + r * (sizes[i] + pad) + sizes[i]);
        const bool rounds = precision == Precision::native && dtype == DType::bf16;
        expect_close(actual, expected[i], rounds ? 0x1p-8 * std::sqrt(double(k)) : 1e-5,
                     cat(name_of(level_of(*isa)), " output ", i, " ", name_of(dtype)));
      }
    }
  }
}

TEST(Linear, GatedMultipliesTheActivatedGateByUp) {
  const int64_t n = 99, k = 64;
  Random random(4);
  ThreadPool pool(2);
  for (const Isa* isa : every_isa()) {
    for (int64_t t : {1, 4, 19}) {
      for (Activation activation : {Activation::silu, Activation::gelu_tanh, Activation::relu, Activation::sigmoid}) {
        const auto x = random.floats(t * k);
        const Typed gate = as_type(random.floats(n * k), DType::bf16), up = as_type(random.floats(n * k), DType::bf16);
        auto expected = product(x, t, gate.values, n, k);
        const auto other = product(x, t, up.values, n, k);
        for (size_t i = 0; i < expected.size(); ++i) expected[i] = activate(expected[i], activation) * other[i];
        std::vector<float> y(size_t(t * n));
        LinearOutput outputs[2] = {{.weight = gate.data(),
                                    .weight_dtype = DType::bf16,
                                    .weight_stride = k,
                                    .n = n,
                                    .activation = activation,
                                    .y = y.data(),
                                    .y_stride = n},
                                   {.weight = up.data(), .weight_dtype = DType::bf16, .weight_stride = k, .n = n}};
        linear(pool, {.x = x.data(), .x_stride = k, .t = t, .k = k, .outputs = outputs, .gated = true, .precision = Precision::high}, *isa);
        expect_close(y, expected, 3e-5, cat(name_of(level_of(*isa)), " activation ", int(activation), " T=", t));
      }
    }
  }
}

// The gradient of a linear layer multiplies by its weight as it lies: [k, n] instead of [n, k].
TEST(Linear, TakesTransposedWeightsWhereItSaysSo) {
  ThreadPool pool(2);
  Random random(8);
  for (const Isa* isa : every_isa()) {
    if (!takes_any_step(DType::bf16, *isa)) continue;
    for (const Case& c : {Case{1, 33, 15}, {5, 8, 40}, {37, 65, 129}, {100, 70, 3000}, {3, 40, 20000}}) {
      const auto x = random.floats(c.t * c.k), residual = random.floats(c.t * c.n);
      const Typed weight = as_type(random.floats(c.n * c.k), DType::bf16);
      std::vector<bfloat16> turned(weight.values.size());
      for (int64_t j = 0; j < c.n; ++j)
        for (int64_t l = 0; l < c.k; ++l) turned[size_t(l * c.n + j)] = bfloat16(float(weight.values[size_t(j * c.k + l)]));
      std::vector<double> expected = product(x, c.t, weight.values, c.n, c.k);
      for (bool adds : {false, true}) {
        std::vector<float> y = adds ? residual : std::vector<float>(residual.size(), std::nanf(""));
        LinearOutput out{.weight = turned.data(),
                         .weight_dtype = DType::bf16,
                         .weight_stride = 1,
                         .weight_step = c.n,
                         .n = c.n,
                         .y = y.data(),
                         .y_stride = c.n};
        if (adds) out.residual = y.data(), out.residual_stride = c.n;
        linear(pool, {.x = x.data(), .x_stride = c.k, .t = c.t, .k = c.k, .outputs = {&out, 1}}, *isa);
        if (adds)
          for (size_t i = 0; i < expected.size(); ++i) expected[i] += residual[i];
        expect_close(y, expected, 0x1p-8 * std::sqrt(double(c.k)), describe(*isa, c, DType::bf16, Precision::native));
      }
    }
  }
}

}  // namespace
}  // namespace mlxc::cpu
