// Convolutions, their gradients and pools against loops that follow the definitions, on every instruction set of this machine.
#include <limits>

#include "support.h"

namespace mlxc::cpu {
namespace {

struct Case {
  const char* name;
  int64_t batch, channels, filters, groups;
  int64_t size[3], kernel[3], stride[3], padding[3], dilation[3];
};
const Case kCases[] = {
    {"same", 3, 2, 8, 1, {1, 7, 9}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}},
    {"one channel", 2, 1, 11, 1, {1, 28, 28}, {1, 5, 5}, {1, 1, 1}, {0, 2, 2}, {1, 1, 1}},
    {"strided", 2, 3, 5, 1, {1, 9, 10}, {1, 3, 3}, {1, 2, 2}, {0, 1, 0}, {1, 1, 1}},
    {"stride above the kernel", 2, 2, 3, 1, {1, 11, 10}, {1, 2, 1}, {1, 3, 4}, {0, 0, 0}, {1, 1, 1}},
    {"mixed strides", 3, 2, 4, 1, {1, 8, 17}, {1, 3, 2}, {1, 2, 1}, {0, 1, 1}, {1, 1, 2}},
    {"dilated", 1, 2, 3, 1, {1, 12, 13}, {1, 3, 3}, {1, 1, 2}, {0, 2, 3}, {1, 2, 3}},
    {"grouped", 2, 6, 9, 3, {1, 6, 6}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}},
    {"each channel alone", 2, 5, 5, 5, {1, 6, 7}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}},
    {"one by one", 2, 17, 6, 1, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}},
    {"a signal", 2, 3, 4, 1, {1, 1, 70}, {1, 1, 5}, {1, 1, 3}, {0, 0, 2}, {1, 1, 2}},
    {"a volume", 2, 2, 3, 1, {4, 5, 6}, {2, 3, 2}, {1, 2, 1}, {1, 1, 0}, {1, 1, 1}},
    {"bands", 1, 24, 10, 1, {1, 70, 90}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}},
    {"many images", 37, 3, 9, 1, {1, 4, 4}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}},
};

template <class T>
struct Problem {
  ConvolutionArgs args;
  std::vector<T> x, weight, bias, y;

  explicit Problem(const Case& c) {
    args.dtype = sizeof(T) == 8 ? DType::f64 : DType::f32;
    args.batch = c.batch, args.channels = c.channels, args.filters = c.filters, args.groups = c.groups;
    int64_t in = 1, out = 1, window = 1;
    for (int i = 0; i < 3; ++i) {
      args.size[i] = c.size[i], args.kernel[i] = c.kernel[i], args.stride[i] = c.stride[i], args.padding[i] = c.padding[i];
      args.dilation[i] = c.dilation[i];
      args.out[i] = (c.size[i] + 2 * c.padding[i] - c.dilation[i] * (c.kernel[i] - 1) - 1) / c.stride[i] + 1;
      in *= args.size[i], out *= args.out[i], window *= args.kernel[i];
    }
    Random random(7);
    auto drawn = [&](int64_t n) {
      const std::vector<float> values = random.floats(n);
      return std::vector<T>(values.begin(), values.end());
    };
    x = drawn(c.batch * c.channels * in);
    weight = drawn(c.filters * c.channels / c.groups * window);
    bias = drawn(c.filters);
    y = drawn(c.batch * c.filters * out);
  }

  // body(index of x, of weight, of y) for every product of the convolution.
  template <class Body>
  void each(Body&& body) const {
    const ConvolutionArgs& a = args;
    const int64_t inputs = a.channels / a.groups, outputs = a.filters / a.groups;
    int64_t at_y = 0;
    for (int64_t n = 0; n < a.batch; ++n)
      for (int64_t o = 0; o < a.filters; ++o)
        for (int64_t p0 = 0; p0 < a.out[0]; ++p0)
          for (int64_t p1 = 0; p1 < a.out[1]; ++p1)
            for (int64_t p2 = 0; p2 < a.out[2]; ++p2, ++at_y) {
              int64_t at_weight = o * inputs * a.kernel[0] * a.kernel[1] * a.kernel[2];
              for (int64_t c = o / outputs * inputs; c < (o / outputs + 1) * inputs; ++c)
                for (int64_t t0 = 0; t0 < a.kernel[0]; ++t0)
                  for (int64_t t1 = 0; t1 < a.kernel[1]; ++t1)
                    for (int64_t t2 = 0; t2 < a.kernel[2]; ++t2, ++at_weight) {
                      const int64_t u0 = p0 * a.stride[0] + t0 * a.dilation[0] - a.padding[0],
                                    u1 = p1 * a.stride[1] + t1 * a.dilation[1] - a.padding[1],
                                    u2 = p2 * a.stride[2] + t2 * a.dilation[2] - a.padding[2];
                      if (u0 < 0 || u1 < 0 || u2 < 0 || u0 >= a.size[0] || u1 >= a.size[1] || u2 >= a.size[2]) continue;
                      body(size_t((((n * a.channels + c) * a.size[0] + u0) * a.size[1] + u1) * a.size[2] + u2), size_t(at_weight),
                           size_t(at_y));
                    }
            }
  }
};

template <class T>
void expect_close(const std::vector<T>& actual, const std::vector<double>& expected, double terms, const char* name) {
  ASSERT_EQ(actual.size(), expected.size()) << name;
  const double tolerance = (sizeof(T) == 8 ? 1e-15 : 4e-7) * std::sqrt(terms) * 4;
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], tolerance + tolerance * std::abs(expected[i])) << name << " at " << i;
}

template <class T>
void check_all(const Case& c, const Isa& isa) {
  SCOPED_TRACE(std::string(c.name) + " on " + std::string(name_of(level_of(isa))));
  ThreadPool pool(2);
  Problem<T> p(c);
  const int64_t places = int64_t(p.y.size()) / c.filters, window = int64_t(p.weight.size()) / c.filters;

  std::vector<double> forward(p.y.size());
  std::vector<double> to_x(p.x.size()), to_weight(p.weight.size()), to_bias(p.bias.size());
  const int64_t plane = int64_t(p.y.size()) / (c.batch * c.filters);
  for (size_t i = 0; i < p.y.size(); ++i) {
    const size_t filter = i / size_t(plane) % size_t(c.filters);
    forward[i] = p.bias[filter];
    to_bias[filter] += p.y[i];
  }
  p.each([&](size_t x, size_t weight, size_t y) {
    forward[y] += double(p.x[x]) * p.weight[weight];
    to_x[x] += double(p.y[y]) * p.weight[weight];
    to_weight[weight] += double(p.y[y]) * p.x[x];
  });

  constexpr T kUntouched = 777;
  std::vector<T> y(p.y.size(), kUntouched), dx(p.x.size(), kUntouched), dw(p.weight.size(), kUntouched), db(p.bias.size(), kUntouched);
  ConvolutionArgs args = p.args;
  args.x = p.x.data(), args.weight = p.weight.data(), args.bias = p.bias.data(), args.y = y.data();
  convolution(pool, args, isa);
  expect_close(y, forward, double(window), "result");
  args.relu = true;
  convolution(pool, args, isa);
  for (double& value : forward) value = std::max(value, 0.0);
  expect_close(y, forward, double(window), "result with relu");

  args = p.args;
  args.y = p.y.data(), args.weight = p.weight.data(), args.x = dx.data();
  convolution_input(pool, args, isa);
  expect_close(dx, to_x, double(window) * double(c.filters) / double(c.channels), "gradient of x");

  args = p.args;
  args.y = p.y.data(), args.x = p.x.data(), args.weight = dw.data(), args.bias = db.data();
  convolution_weight(pool, args, isa);
  expect_close(dw, to_weight, double(places), "gradient of the weight");
  expect_close(db, to_bias, double(places), "gradient of the bias");

  std::vector<T> alone(dw.size());
  ThreadPool one(1);
  args.weight = alone.data();
  convolution_weight(one, args, isa);
  EXPECT_EQ(std::memcmp(alone.data(), dw.data(), dw.size() * sizeof(T)), 0) << "bits depend on the number of threads";
}

TEST(Convolution, MatchesItsDefinition) {
  for (const Case& c : kCases) {
    for (const Isa* isa : every_isa())
      if (level_of(*isa) <= CpuLevel::avx512) check_all<float>(c, *isa);
    check_all<double>(c, *isa_for(CpuLevel::portable));
  }
}

// ---- pools ----------------------------------------------------------------------------------------------------------------------------

struct PoolCase {
  const char* name;
  int64_t planes;
  int64_t size[3], kernel[3], stride[3], padding[3], dilation[3];
};
const PoolCase kPoolCases[] = {
    {"halves", 5, {1, 8, 8}, {1, 2, 2}, {1, 2, 2}, {0, 0, 0}, {1, 1, 1}},
    {"odd size", 3, {1, 7, 9}, {1, 2, 2}, {1, 2, 2}, {0, 0, 0}, {1, 1, 1}},
    {"overlapping", 3, {1, 9, 20}, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}, {1, 1, 1}},
    {"stride one", 2, {1, 6, 40}, {1, 3, 2}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}},
    {"dilated", 2, {1, 9, 11}, {1, 2, 3}, {1, 2, 3}, {0, 1, 1}, {1, 2, 2}},
    {"volume", 2, {4, 5, 6}, {2, 2, 2}, {2, 1, 2}, {0, 1, 0}, {1, 1, 1}},
};

template <class T>
void check_pool(const PoolCase& c, PoolOp op, const Isa& isa) {
  SCOPED_TRACE(std::string(c.name) + " on " + std::string(name_of(level_of(isa))));
  ThreadPool threads(2);
  PoolArgs args;
  args.op = op;
  args.dtype = sizeof(T) == 8 ? DType::f64 : DType::f32;
  args.planes = c.planes;
  int64_t in = 1, out = 1;
  for (int i = 0; i < 3; ++i) {
    args.size[i] = c.size[i], args.kernel[i] = c.kernel[i], args.stride[i] = c.stride[i], args.padding[i] = c.padding[i],
    args.dilation[i] = c.dilation[i];
    args.out[i] = (c.size[i] + 2 * c.padding[i] - c.dilation[i] * (c.kernel[i] - 1) - 1) / c.stride[i] + 1;
    in *= args.size[i], out *= args.out[i];
  }
  Random random(3);
  std::vector<T> x(size_t(c.planes * in)), other(x.size()), g(size_t(c.planes * out)), y(g.size(), 5), picked(g.size(), 5), dx(x.size(), 5);
  for (T& value : x) value = T(random.below(9)) - 4;  // equal elements occur
  for (T& value : other) value = T(random.uniform(-1, 1));
  for (T& value : g) value = T(random.uniform(-1, 1));
  x[size_t(in / 2)] = std::numeric_limits<T>::quiet_NaN();
  x[1] = -std::numeric_limits<T>::infinity();
  std::vector<double> expected(y.size()), expected_picked(y.size()), expected_dx(dx.size());
  size_t at_y = 0;
  for (int64_t plane = 0; plane < c.planes; ++plane)
    for (int64_t p0 = 0; p0 < args.out[0]; ++p0)
      for (int64_t p1 = 0; p1 < args.out[1]; ++p1)
        for (int64_t p2 = 0; p2 < args.out[2]; ++p2, ++at_y) {
          std::vector<size_t> seen;
          for (int64_t t0 = 0; t0 < args.kernel[0]; ++t0)
            for (int64_t t1 = 0; t1 < args.kernel[1]; ++t1)
              for (int64_t t2 = 0; t2 < args.kernel[2]; ++t2) {
                const int64_t u0 = p0 * args.stride[0] + t0 * args.dilation[0] - args.padding[0],
                              u1 = p1 * args.stride[1] + t1 * args.dilation[1] - args.padding[1],
                              u2 = p2 * args.stride[2] + t2 * args.dilation[2] - args.padding[2];
                if (u0 >= 0 && u1 >= 0 && u2 >= 0 && u0 < args.size[0] && u1 < args.size[1] && u2 < args.size[2])
                  seen.push_back(size_t(((plane * args.size[0] + u0) * args.size[1] + u1) * args.size[2] + u2));
              }
          size_t best = seen[0];
          double sum = 0;
          for (size_t i : seen) {
            if (!std::isnan(x[best]) && (std::isnan(x[i]) || x[i] > x[best])) best = i;
            sum += x[i];
          }
          const double count = op == PoolOp::mean ? double(args.kernel[0] * args.kernel[1] * args.kernel[2]) : double(seen.size());
          expected[at_y] = op == PoolOp::max ? double(x[best]) : sum / count;
          expected_picked[at_y] = other[best];
          if (op == PoolOp::max)
            expected_dx[best] += g[at_y];
          else
            for (size_t i : seen) expected_dx[i] += g[at_y] / count;
        }
  auto same = [](const std::vector<T>& actual, const std::vector<double>& wanted, const char* name) {
    for (size_t i = 0; i < actual.size(); ++i) {
      if (std::isnan(wanted[i]) || std::isinf(wanted[i]))
        ASSERT_EQ(std::isnan(actual[i]), std::isnan(wanted[i])) << name << " at " << i;
      else
        ASSERT_NEAR(actual[i], wanted[i], 1e-5) << name << " at " << i;
    }
  };
  args.x = x.data(), args.y = y.data();
  pool(threads, args, isa);
  same(y, expected, "result");
  args.y = g.data(), args.dx = dx.data();
  pool_gradient(threads, args, isa);
  same(dx, expected_dx, "gradient");
  if (op != PoolOp::max) return;
  args.y = picked.data(), args.other = other.data();
  pool(threads, args, isa);
  same(picked, expected_picked, "picked");
}

TEST(Pool, MatchesItsDefinition) {
  for (const PoolCase& c : kPoolCases)
    for (PoolOp op : {PoolOp::max, PoolOp::mean, PoolOp::mean_of_inside})
      for (const Isa* isa : every_isa())
        if (level_of(*isa) <= CpuLevel::avx512) {
          check_pool<float>(c, op, *isa);
          check_pool<double>(c, op, *isa);
        }
}

}  // namespace
}  // namespace mlxc::cpu
