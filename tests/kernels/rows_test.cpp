#include <algorithm>
#include <string>

#include "support.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kSizes[] = {1, 2, 15, 17, 33, 64, 128, 576, 1000, 3001};
constexpr DType kFloats[] = {DType::f32, DType::f16, DType::bf16};

std::string describe(const Isa& isa, int64_t n, DType dtype = DType::f32) {
  return cat(name_of(level_of(isa)), " n=", n, " ", name_of(dtype));
}

TEST(RmsNorm, MatchesDoubleOverHeadsStridesAndWeightTypes) {
  ThreadPool pool(2);
  Random random(11);
  const int64_t tokens = 5, heads = 3;
  for (const Isa* isa : every_isa()) {
    for (int64_t n : kSizes) {
      for (DType dtype : kFloats) {
        for (float offset : {0.0f, 1.0f}) {
          const int64_t stride = heads * n + 7;
          auto x = random.floats(tokens * stride, -3, 3);
          const Typed w = as_type(random.floats(n), dtype);
          std::vector<double> expected = widen(x);
          for (int64_t t = 0; t < tokens; ++t) {
            for (int64_t h = 0; h < heads; ++h) {
              double* row = expected.data() + t * stride + h * n;
              double squares = 0;
              for (int64_t i = 0; i < n; ++i) squares += row[i] * row[i];
              const double scale = 1 / std::sqrt(squares / double(n) + 1e-5);
              for (int64_t i = 0; i < n; ++i) row[i] *= scale * (w.values[size_t(i)] + offset);
            }
          }
          rms_norm(pool,
                   {.x = x.data(),
                    .x_stride = stride,
                    .x_head_stride = n,
                    .y = x.data(),
                    .y_stride = stride,
                    .y_head_stride = n,
                    .tokens = tokens,
                    .heads = heads,
                    .dim = n,
                    .weight = w.data(),
                    .weight_dtype = dtype,
                    .weight_offset = offset,
                    .eps = 1e-5f},
                   *isa);
          expect_close(x, expected, 2e-6, describe(*isa, n, dtype));
        }
      }
    }
  }
}

TEST(LayerNorm, MatchesDoubleWithAndWithoutWeightAndBias) {
  ThreadPool pool(2);
  Random random(12);
  const int64_t rows = 4;
  for (const Isa* isa : every_isa()) {
    for (int64_t n : kSizes) {
      for (DType dtype : kFloats) {
        for (bool affine : {false, true}) {
          const auto x = random.floats(rows * n, 2, 5);  // a mean that a one-pass variance would drown in
          const Typed w = as_type(random.floats(n), dtype), b = as_type(random.floats(n), dtype);
          std::vector<double> expected = widen(x);
          for (int64_t r = 0; r < rows; ++r) {
            double* row = expected.data() + r * n;
            double mean = 0, squares = 0;
            for (int64_t i = 0; i < n; ++i) mean += row[i] / double(n);
            for (int64_t i = 0; i < n; ++i) squares += (row[i] - mean) * (row[i] - mean);
            for (int64_t i = 0; i < n; ++i) {
              row[i] = (row[i] - mean) / std::sqrt(squares / double(n) + 1e-5);
              if (affine) row[i] = row[i] * w.values[size_t(i)] + b.values[size_t(i)];
            }
          }
          std::vector<float> y(x.size());
          layer_norm(pool,
                     {.x = x.data(),
                      .x_stride = n,
                      .y = y.data(),
                      .y_stride = n,
                      .tokens = rows,
                      .dim = n,
                      .weight = affine ? w.data() : nullptr,
                      .weight_dtype = dtype,
                      .bias = affine ? b.data() : nullptr,
                      .bias_dtype = dtype,
                      .eps = 1e-5f},
                     *isa);
          expect_close(y, expected, 2e-4, describe(*isa, n, dtype));  // two nearly equal values cancel
        }
      }
    }
  }
}

TEST(Rope, MatchesDoubleOnFloatAnglesAndCopiesTheRest) {
  ThreadPool pool(2);
  Random random(13);
  const std::vector<int32_t> positions{0, 1, 2, 77, 4095, 131071, 131071, 1000000};
  for (const Isa* isa : every_isa()) {
    for (auto [head_dim, rotary] : {std::pair<int64_t, int64_t>{128, 128}, {64, 64}, {80, 20}, {34, 34}, {6, 4}}) {
      for (bool in_place : {false, true}) {
        const int64_t heads = 3, tokens = int64_t(positions.size()), half = rotary / 2;
        std::vector<float> x = random.floats(tokens * heads * head_dim), frequencies, y(x.size());
        for (int64_t i = 0; i < half; ++i) frequencies.push_back(float(std::pow(10000.0, -double(i) / double(half))));
        std::vector<double> expected = widen(x);
        for (int64_t t = 0; t < tokens; ++t) {
          for (int64_t h = 0; h < heads; ++h) {
            double* row = expected.data() + (t * heads + h) * head_dim;
            for (int64_t i = 0; i < half; ++i) {
              const float angle = float(positions[size_t(t)]) * frequencies[size_t(i)];
              const double c = std::cos(double(angle)) * 1.25, s = std::sin(double(angle)) * 1.25, a = row[i], b = row[i + half];
              row[i] = a * c - b * s;
              row[i + half] = b * c + a * s;
            }
          }
        }
        rope(pool,
             {.x = x.data(),
              .x_stride = heads * head_dim,
              .x_head_stride = head_dim,
              .y = in_place ? x.data() : y.data(),
              .y_stride = heads * head_dim,
              .y_head_stride = head_dim,
              .tokens = tokens,
              .heads = heads,
              .head_dim = head_dim,
              .rotary = rotary,
              .positions = positions.data(),
              .inverse_frequencies = frequencies.data(),
              .factor = 1.25f},
             *isa);
        expect_close(in_place ? x : y, expected, 1e-6, describe(*isa, head_dim));
      }
    }
  }
}

TEST(Softmax, MatchesDoubleAndKeepsInfinitiesAndNan) {
  ThreadPool pool(2);
  Random random(14);
  for (const Isa* isa : every_isa()) {
    for (int64_t n : kSizes) {
      const int64_t rows = 3;
      auto x = random.floats(rows * n, -30, 30);
      if (n > 2) x[1] = -INFINITY;
      std::vector<double> probabilities = widen(x), logarithms = probabilities;
      for (int64_t r = 0; r < rows; ++r) {
        const double* row = logarithms.data() + r * n;
        const double maximum = *std::max_element(row, row + n);
        double total = 0;
        for (int64_t i = 0; i < n; ++i) total += std::exp(row[i] - maximum);
        for (int64_t i = 0; i < n; ++i) {
          probabilities[size_t(r * n + i)] = std::exp(row[i] - maximum) / total;
          if (row[i] > -1000) logarithms[size_t(r * n + i)] = row[i] - maximum - std::log(total);
        }
      }
      std::vector<float> y(x.size());
      log_softmax(pool, x.data(), n, y.data(), n, rows, n, *isa);
      for (size_t i = 0; i < y.size(); ++i) {
        if (std::isinf(logarithms[i])) {
          EXPECT_EQ(y[i], -INFINITY);
          y[i] = 0;
          logarithms[i] = 0;
        }
      }
      expect_close(y, logarithms, 1e-6, describe(*isa, n));
      softmax(pool, x.data(), n, x.data(), n, rows, n, *isa);
      expect_close(x, probabilities, 1e-6, describe(*isa, n));
      x[0] = NAN;
      softmax(pool, x.data(), n, y.data(), n, 1, n, *isa);
      EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[size_t(n - 1)])) << describe(*isa, n);
    }
  }
}

TEST(GatherRows, ConvertsAndScales) {
  ThreadPool pool(2);
  Random random(15);
  const std::vector<int32_t> indices{4, 0, 4, 2};
  for (const Isa* isa : every_isa()) {
    for (int64_t n : kSizes) {
      for (DType dtype : kFloats) {
        const Typed table = as_type(random.floats(5 * n), dtype);
        std::vector<double> expected;
        for (int32_t i : indices) {
          for (int64_t j = 0; j < n; ++j) expected.push_back(table.values[size_t(i * n + j)] * 3);
        }
        std::vector<float> y(indices.size() * size_t(n));
        gather_rows_f32(pool, table.data(), dtype, n, indices.data(), 4, n, 3, y.data(), n, *isa);
        expect_close(y, expected, 1e-7, describe(*isa, n, dtype));
      }
    }
  }
}

}  // namespace
}  // namespace mlxc::cpu
