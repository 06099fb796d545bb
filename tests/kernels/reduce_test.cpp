#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "support.h"

namespace mlxc::cpu {
namespace {

constexpr ReduceOp kAll[] = {ReduceOp::sum,    ReduceOp::mean,      ReduceOp::prod, ReduceOp::max, ReduceOp::min,      ReduceOp::argmax,
                             ReduceOp::argmin, ReduceOp::logsumexp, ReduceOp::all,  ReduceOp::any, ReduceOp::variance, ReduceOp::deviation};

double reference(ReduceOp op, const std::vector<double>& x) {
  const double n = double(x.size());
  const double sum = std::accumulate(x.begin(), x.end(), 0.0);
  switch (op) {
    case ReduceOp::sum: return sum;
    case ReduceOp::mean: return sum / n;
    case ReduceOp::prod: return std::accumulate(x.begin(), x.end(), 1.0, std::multiplies<>());
    case ReduceOp::max: return *std::max_element(x.begin(), x.end());
    case ReduceOp::min: return *std::min_element(x.begin(), x.end());
    case ReduceOp::argmax: return double(std::max_element(x.begin(), x.end()) - x.begin());
    case ReduceOp::argmin: return double(std::min_element(x.begin(), x.end()) - x.begin());
    case ReduceOp::logsumexp: {
      const double m = *std::max_element(x.begin(), x.end());
      double total = 0;
      for (double v : x) total += std::exp(v - m);
      return m + std::log(total);
    }
    case ReduceOp::all: return std::all_of(x.begin(), x.end(), [](double v) { return v != 0; });
    case ReduceOp::any: return std::any_of(x.begin(), x.end(), [](double v) { return v != 0; });
    case ReduceOp::variance:
    case ReduceOp::deviation: {
      double squares = 0;
      for (double v : x) squares += (v - sum / n) * (v - sum / n);
      return op == ReduceOp::variance ? squares / (n - 1) : std::sqrt(squares / (n - 1));
    }
  }
  return NAN;
}

double read(const std::vector<std::byte>& memory, DType dtype, int64_t i) {
  double value;
  convert_function(dtype, DType::f64)(memory.data() + i * size_of(dtype), &value, 1);
  return value;
}

TEST(Reduce, MatchesDoubleForEveryOperationTypeAndAxis) {
  ThreadPool pool(2);
  Random random(31);
  struct Shape {
    int64_t outer, count, inner;
  };
  const Shape shapes[] = {{1, 1, 1},   {3, 2, 1},    {2, 17, 1},     {1, 1000, 1},   {2, 33, 15},
                          {1, 576, 3}, {1, 5000, 1}, {1, 150001, 1}, {1, 300, 1100}, {2, 2600, 3}};
  for (const Isa* isa : every_isa()) {
    for (DType dtype : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i32, DType::u8, DType::i64, DType::boolean}) {
      for (const Shape& s : shapes) {
        if (s.count * s.inner > 10000 && dtype != DType::f32 && dtype != DType::i32) continue;
        const int64_t n = s.outer * s.count * s.inner;
        const bool whole = !is_float(dtype);
        std::vector<double> values(static_cast<size_t>(n));
        for (double& v : values)
          v = dtype == DType::boolean ? double(random.below(2)) : whole ? double(random.below(100)) : double(random.uniform(-1, 2));
        std::vector<std::byte> x(size_t(n * size_of(dtype)));
        convert_function(DType::f64, dtype)(values.data(), x.data(), n);
        convert_function(dtype, DType::f64)(x.data(), values.data(), n);
        for (ReduceOp op : kAll) {
          if ((op == ReduceOp::variance || op == ReduceOp::deviation) && s.count == 1) continue;
          if (op == ReduceOp::prod && whole && dtype != DType::boolean) continue;  // wraps: below
          const DType result = reduce_result(op, dtype);
          std::vector<std::byte> out(size_t(s.outer * s.inner * size_of(result)));
          reduce(pool,
                 {.op = op,
                  .dtype = dtype,
                  .x = x.data(),
                  .outer = s.outer,
                  .count = s.count,
                  .inner = s.inner,
                  .outer_stride = s.count * s.inner,
                  .count_stride = s.inner,
                  .inner_stride = 1,
                  .correction = 1,
                  .out = out.data()},
                 *isa);
          const double precision = result == DType::bf16 ? 0x1p-8 : result == DType::f16 ? 0x1p-10 : dtype == DType::f32 ? 1e-6 : 1e-12;
          for (int64_t i = 0; i < s.outer * s.inner; ++i) {
            std::vector<double> row;
            for (int64_t j = 0; j < s.count; ++j) row.push_back(values[size_t((i / s.inner * s.count + j) * s.inner + i % s.inner)]);
            const double expected = reference(op, row), actual = read(out, result, i);
            // A sum's error is relative to the sum of the magnitudes.
            const double scale = op == ReduceOp::sum ? double(s.count) : std::max(1.0, std::abs(expected));
            ASSERT_NEAR(actual, expected, precision * scale) << name_of(level_of(*isa)) << " operation " << int(op) << " " << name_of(dtype)
                                                             << " count " << s.count << " inner " << s.inner;
          }
        }
      }
    }
  }
}

TEST(Reduce, TheFirstNanWinsAndInfinitiesSurvive) {
  ThreadPool pool(2);
  const float inf = std::numeric_limits<float>::infinity();
  for (const Isa* isa : every_isa()) {
    for (int64_t n : {3, 40, 5000}) {
      std::vector<float> x(static_cast<size_t>(n), 1.0f);
      x[1] = 9;
      x[size_t(n - 1)] = NAN;
      float value;
      int64_t index;
      auto run = [&](ReduceOp op, void* out) { reduce(pool, {.op = op, .x = x.data(), .count = n, .count_stride = 1, .out = out}, *isa); };
      for (ReduceOp op : {ReduceOp::max, ReduceOp::min, ReduceOp::sum, ReduceOp::logsumexp, ReduceOp::variance}) {
        run(op, &value);
        EXPECT_TRUE(std::isnan(value)) << name_of(level_of(*isa)) << " operation " << int(op) << " n=" << n;
      }
      run(ReduceOp::argmax, &index);
      EXPECT_EQ(index, n - 1);
      x[size_t(n - 1)] = inf;
      run(ReduceOp::logsumexp, &value);
      EXPECT_EQ(value, inf);
      run(ReduceOp::argmax, &index);
      EXPECT_EQ(index, n - 1);
      std::fill(x.begin(), x.end(), -inf);
      run(ReduceOp::logsumexp, &value);
      EXPECT_EQ(value, -inf);
      run(ReduceOp::argmax, &index);
      EXPECT_EQ(index, 0);
    }
  }
}

TEST(Reduce, BitsDoNotDependOnThreadsOrOnTheNumberOfRows) {
  Random random(32);
  ThreadPool one(1), four(4);
  const int64_t n = 200001, rows = 20;
  const auto x = random.floats(n * rows, -1, 1);
  for (const Isa* isa : every_isa()) {
    for (ReduceOp op : {ReduceOp::sum, ReduceOp::mean, ReduceOp::logsumexp, ReduceOp::variance}) {
      std::vector<float> all(static_cast<size_t>(rows));
      reduce(four, {.op = op, .x = x.data(), .outer = rows, .count = n, .outer_stride = n, .count_stride = 1, .out = all.data()}, *isa);
      for (ThreadPool* pool : {&one, &four}) {
        float alone;
        reduce(*pool, {.op = op, .x = x.data() + 3 * n, .count = n, .count_stride = 1, .out = &alone}, *isa);
        EXPECT_EQ(std::bit_cast<uint32_t>(alone), std::bit_cast<uint32_t>(all[3])) << name_of(level_of(*isa)) << " operation " << int(op);
      }
    }
  }
}

TEST(Reduce, BitsOfColumnsDoNotDependOnThreadsAndANanOfAnyRowStays) {
  Random random(33);
  ThreadPool one(1), four(4);
  constexpr int64_t kRows = 1200, kColumns = 1030, kOuter = 2;
  auto x = random.floats(kOuter * kRows * kColumns, -1, 1);
  for (const Isa* isa : every_isa()) {
    auto columns = [&](ReduceOp op, ThreadPool& pool) {
      std::vector<float> out(kOuter * kColumns);
      reduce(pool,
             {.op = op,
              .x = x.data(),
              .outer = kOuter,
              .count = kRows,
              .inner = kColumns,
              .outer_stride = kRows * kColumns,
              .count_stride = kColumns,
              .inner_stride = 1,
              .out = out.data()},
             *isa);
      return out;
    };
    for (ReduceOp op : {ReduceOp::sum, ReduceOp::mean, ReduceOp::max, ReduceOp::min}) {
      EXPECT_EQ(columns(op, one), columns(op, four)) << name_of(level_of(*isa)) << " operation " << int(op);
      for (int64_t row : {int64_t(0), int64_t(700), kRows - 1}) {
        float& bad = x[size_t((kRows + row) * kColumns + 1027)];
        const float before = std::exchange(bad, NAN);
        const std::vector<float> out = columns(op, four);
        EXPECT_EQ(std::count_if(out.begin(), out.end(), [](float v) { return std::isnan(v); }), 1);
        EXPECT_TRUE(std::isnan(out[kColumns + 1027])) << name_of(level_of(*isa)) << " operation " << int(op) << " row " << row;
        bad = before;
      }
    }
  }
}

TEST(Reduce, LongSumsKeepTheirDigitsAndIntegersWrap) {
  ThreadPool pool(2);
  const std::vector<float> x(3000000, 0.1f);
  float sum;
  reduce(pool, {.op = ReduceOp::sum, .x = x.data(), .count = int64_t(x.size()), .count_stride = 1, .out = &sum});
  EXPECT_NEAR(sum, 3000000 * double(0.1f), 0.5);
  const std::vector<int32_t> big(4, INT32_MAX);
  int64_t total, product;
  reduce(pool, {.op = ReduceOp::sum, .dtype = DType::i32, .x = big.data(), .count = 4, .count_stride = 1, .out = &total});
  reduce(pool, {.op = ReduceOp::prod, .dtype = DType::i32, .x = big.data(), .count = 4, .count_stride = 1, .out = &product});
  EXPECT_EQ(total, 4 * int64_t(INT32_MAX));
  EXPECT_EQ(product, int64_t(uint64_t(INT32_MAX) * INT32_MAX * INT32_MAX * INT32_MAX));
  float nothing = 7;
  reduce(pool, {.op = ReduceOp::prod, .x = x.data(), .count = 0, .count_stride = 1, .out = &nothing});
  EXPECT_EQ(nothing, 1);
  EXPECT_THROW(reduce(pool, {.op = ReduceOp::max, .x = x.data(), .count = 0, .count_stride = 1, .out = &nothing}), Error);
}

// ---- matrix products ------------------------------------------------------------------------------------------------------------------

template <class T>
void check_matmul(DType dtype, double tolerance) {
  Random random(33);
  ThreadPool pool(2);
  struct Shape {
    int64_t m, n, k;
  };
  for (const Shape& s : {Shape{1, 1, 1}, {2, 3, 0}, {15, 17, 33}, {1, 100, 64}, {100, 1, 64}, {200, 130, 70}}) {
    for (int layout = 0; layout < 5; ++layout) {
      const int64_t batch = 2;
      std::vector<T> a(size_t(batch * s.m * s.k * 2 + 1)), b(size_t(batch * s.k * s.n * 2 + 1)), c(size_t(batch * s.m * (s.n + 3)), T(1));
      for (T& v : a) v = std::is_integral_v<T> ? T(random.below(2)) : T(random.uniform(-1, 1));
      for (T& v : b) v = std::is_integral_v<T> ? T(random.below(2)) : T(random.uniform(-1, 1));
      // Plain, a transposed, b transposed, both with gaps, a broadcast along its rows.
      const int64_t gap = layout == 3 ? 2 : 1;
      const int64_t a_row = layout == 1 ? 1 : layout == 4 ? 0 : s.k * gap, a_col = layout == 1 ? s.m : gap;
      const int64_t b_row = layout == 2 ? 1 : s.n * gap, b_col = layout == 2 ? s.k : gap;
      const int64_t a_offsets[] = {0, s.m * s.k}, b_offsets[] = {s.k * s.n, 0}, c_offsets[] = {0, s.m * (s.n + 3)};
      matmul(pool, {.dtype = dtype,
                    .m = s.m,
                    .n = s.n,
                    .k = s.k,
                    .a = a.data(),
                    .a_row = a_row,
                    .a_col = a_col,
                    .b = b.data(),
                    .b_row = b_row,
                    .b_col = b_col,
                    .c = c.data(),
                    .c_row = s.n + 3,
                    .batch = batch,
                    .a_offsets = a_offsets,
                    .b_offsets = b_offsets,
                    .c_offsets = c_offsets});
      for (int64_t item = 0; item < batch; ++item) {
        for (int64_t i = 0; i < s.m; ++i) {
          for (int64_t j = 0; j < s.n; ++j) {
            double sum = 0;
            for (int64_t l = 0; l < s.k; ++l)
              sum +=
                  double(a[size_t(a_offsets[item] + i * a_row + l * a_col)]) * double(b[size_t(b_offsets[item] + l * b_row + j * b_col)]);
            if (dtype == DType::boolean) sum = sum != 0;
            ASSERT_NEAR(double(c[size_t(c_offsets[item] + i * (s.n + 3) + j)]), sum, tolerance)
                << name_of(dtype) << " layout " << layout << " " << s.m << "x" << s.n << "x" << s.k;
          }
        }
      }
    }
  }
}

TEST(Matmul, MatchesDoubleForStridesBatchesAndTypes) {
  check_matmul<float>(DType::f32, 1e-4);
  check_matmul<double>(DType::f64, 1e-12);
  check_matmul<int32_t>(DType::i32, 0);
  check_matmul<uint8_t>(DType::u8, 0);
  check_matmul<int64_t>(DType::i64, 0);
  check_matmul<uint8_t>(DType::boolean, 0);
  ThreadPool pool(1);
  EXPECT_THROW(matmul(pool, {.dtype = DType::f16, .m = 1, .n = 1, .k = 1}), Error);
}

TEST(Reduce, TogetherGivesWhatEachAloneGives) {
  ThreadPool pool(2);
  Random random(11);
  const ReduceOp ops[] = {ReduceOp::sum, ReduceOp::mean, ReduceOp::max, ReduceOp::variance, ReduceOp::logsumexp};
  for (auto [outer, count, inner] : {std::array<int64_t, 3>{1, 200000, 1}, {7, 5000, 1}, {3, 40, 50}}) {
    const std::vector<float> x = random.floats(outer * count * inner);
    ReduceArgs args{.x = x.data(),
                    .outer = outer,
                    .count = count,
                    .inner = inner,
                    .outer_stride = count * inner,
                    .count_stride = inner,
                    .inner_stride = 1};
    std::vector<std::vector<float>> together(std::size(ops)), alone(std::size(ops));
    std::vector<ReduceTarget> targets;
    for (size_t i = 0; i < std::size(ops); ++i) {
      together[i].resize(size_t(outer * inner));
      alone[i].resize(size_t(outer * inner));
      targets.push_back({ops[i], together[i].data()});
      args.op = ops[i];
      args.out = alone[i].data();
      reduce(pool, args);
    }
    reduce_together(pool, args, targets);
    for (size_t i = 0; i < std::size(ops); ++i) EXPECT_EQ(together[i], alone[i]) << "target " << i;
  }
}

}  // namespace
}  // namespace mlxc::cpu
