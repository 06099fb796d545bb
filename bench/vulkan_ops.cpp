// The array operations on a Vulkan device beside the CPU: time of one operation in a chain of dependent ones, and how much of the same
// run's copy bandwidth it reaches.
//   bench_vulkan_ops [device number] [elements of the memory-bound operations] [part of the operations' names]
// A chain goes around a ring of buffers larger than caches. What a submission costs is taken out: times are slopes between two lengths of
// chain.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "graph/pass_ops.h"
#include "ops/elementwise.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/reduce.h"

namespace mlxc {
namespace {

constexpr int kRing = 8;   // buffers that operations go around
constexpr int kSmall = 4;  // and others behind them: another operand, results of reductions, what only lies between two launches
constexpr int kSamples = 7;

double seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

OperandType dense(const Shape& shape) { return {{shape, DType::f32}, contiguous_strides(shape)}; }

struct Row {
  std::string name;
  int64_t elements;                                             // of a ring buffer
  std::function<void(int, std::vector<LaunchPlan>&)> launches;  // appends the i-th operation of a chain
  double bytes, flops;                                          // of one operation
  int64_t diagonal = 0;                                         // > 0: buffers are square matrices of this order, made positive definite
};

LaunchPlan launch(PrimitivePtr primitive, std::vector<OperandType> inputs, OperandType output, std::vector<int> buffers) {
  LaunchPlan plan{std::move(primitive), std::move(inputs), {std::move(output)}, {}};
  for (int buffer : buffers) plan.places.push_back({buffer, 0});
  return plan;
}
PrimitivePtr fused(int inputs, std::vector<FusedStep> steps, const Shape& shape) {
  return std::make_shared<const Fused>(inputs, std::move(steps), shape);
}
PrimitivePtr unary_of(UnaryOp op) { return std::make_shared<const Unary>(op); }
PrimitivePtr binary_of(BinaryOp op) { return std::make_shared<const Binary>(op); }

class Runner {
 public:
  Runner(Device& device, const Row& row) : device_(device), row_(row) {
    std::vector<float> noise(static_cast<size_t>(row.elements));
    uint32_t state = 12345;
    for (float& x : noise) {
      state = state * 1664525u + 1013904223u;
      x = (float(state >> 8) * 0x1p-24f - 0.5f) * 2e-2f;
    }
    for (int64_t i = 0; i < row.diagonal; ++i) noise[size_t(i * row.diagonal + i)] = 1 + 1e-2f * float(row.diagonal);
    for (int i = 0; i < kRing + kSmall; ++i) {
      storages_.push_back(device.allocator().allocate(noise.size() * 4));
      device.write(*storages_.back(), 0, noise.data(), noise.size() * 4);
    }
  }

  // Seconds of one operation: the median of several slopes.
  double time() {
    run(compile(2));  // what happens once
    int length = 8;
    double once = best(compile(length));
    while (once < 0.02 && length < 1 << 12) {
      length *= 2;
      once = best(compile(length));
    }
    auto longer = compile(length), shorter = compile(length / 4);
    std::vector<double> slopes;
    for (int i = 0; i < kSamples; ++i) slopes.push_back((run(longer) - run(shorter)) / (length - length / 4));
    std::sort(slopes.begin(), slopes.end());
    return slopes[kSamples / 2];
  }
  double time_once() {  // for slow devices: no slope
    auto one = compile(1);
    run(one);
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) times.push_back(run(one));
    std::sort(times.begin(), times.end());
    return times[2];
  }

 private:
  std::unique_ptr<Executable> compile(int length) {
    CompilePlan plan;
    for (int i = 0; i < length; ++i) row_.launches(i, plan.launches);
    plan.temporary.assign(kRing + kSmall, false);
    plan.temporary.back() = true;
    return device_.compile(std::move(plan));
  }
  double best(const std::unique_ptr<Executable>& program) {
    run(program);
    return std::min(run(program), run(program));
  }
  double run(const std::unique_ptr<Executable>& program) {
    std::vector<Binding> bindings;
    for (const StoragePtr& storage : storages_) bindings.push_back({storage.get(), 0});
    if (program->scratch_bytes()) {
      if (!scratch_ || scratch_->bytes() < program->scratch_bytes()) scratch_ = device_.allocator().allocate(program->scratch_bytes());
      bindings.push_back({scratch_.get(), 0});
    }
    const double start = seconds();
    program->run(device_.default_stream(), bindings, nullptr);
    return seconds() - start;
  }

  Device& device_;
  const Row& row_;
  std::vector<StoragePtr> storages_;
  StoragePtr scratch_;
};

std::vector<Row> rows(int64_t n) {
  const int other = kRing, result = kRing + 1, result2 = kRing + 2, between = kRing + 3;
  const auto flat = std::make_shared<const Shape>(Shape{n}), matrix = std::make_shared<const Shape>(Shape{n / 1000, 1000});
  auto ring = [](int i) { return i % kRing; };
  auto first_axis = [](ReduceOp op) { return std::make_shared<const Reduce>(op, Dims{0}, false); };
  std::vector<Row> list;
  auto add = [&](std::string name, int64_t elements, double bytes, double flops,
                 std::function<void(int, std::vector<LaunchPlan>&)> launches) {
    list.push_back({std::move(name), elements, std::move(launches), bytes, flops});
  };
  add("copy", n * 8, double(n) * 64, 0, [=](int i, auto& plan) {
    plan.push_back(launch(std::make_shared<const Copy>(), {dense({n * 8})}, dense({n * 8}), {ring(i), ring(i + 1)}));
  });
  add("copy, as many elements", n, double(n) * 8, 0, [=](int i, auto& plan) {
    plan.push_back(launch(std::make_shared<const Copy>(), {dense(*flat)}, dense(*flat), {ring(i), ring(i + 1)}));
  });
  add("copy, of a sum's bytes", n / 2, double(n) * 4, 0, [=](int i, auto& plan) {
    plan.push_back(launch(std::make_shared<const Copy>(), {dense({n / 2})}, dense({n / 2}), {ring(i), ring(i + 1)}));
  });
  for (int64_t size : {1024, 4096}) {
    add(cat("matmul ", size), size * size, 0, 2.0 * double(size) * double(size) * double(size), [=](int i, auto& plan) {
      const Shape square{size, size};
      plan.push_back(launch(std::make_shared<const Matmul>(), {dense(square), dense(square)}, dense(square), {ring(i), other, result}));
    });
  }
  add("matmul 32 x 512", 32 * 512 * 512, 0, 32 * 2.0 * 512 * 512 * 512, [=](int i, auto& plan) {
    const Shape batch{32, 512, 512};
    plan.push_back(launch(std::make_shared<const Matmul>(), {dense(batch), dense(batch)}, dense(batch), {ring(i), other, result}));
  });
  add("add", n, double(n) * 12, 0, [=](int i, auto& plan) {
    plan.push_back(launch(fused(2, {{binary_of(BinaryOp::add), {0, 1, -1}, DType::f32, 0}}, *flat), {dense(*flat), dense(*flat)},
                          dense(*flat), {ring(i), ring(i + 4), ring(i + 1)}));
  });
  for (const auto& [name, op] :
       {std::pair{"exp", UnaryOp::exp}, {"tanh", UnaryOp::tanh}, {"gelu", UnaryOp::gelu_erf}, {"gelu (tanh)", UnaryOp::gelu_tanh}}) {
    add(name, n, double(n) * 8, 0, [=, op = op](int i, auto& plan) {
      plan.push_back(
          launch(fused(1, {{unary_of(op), {0, -1, -1}, DType::f32, 0}}, *flat), {dense(*flat)}, dense(*flat), {ring(i), ring(i + 1)}));
    });
  }
  add("add row to matrix", n, double(n) * 8, 0, [=](int i, auto& plan) {
    plan.push_back(launch(fused(2, {{binary_of(BinaryOp::add), {0, 1, -1}, DType::f32, 0}}, *matrix),
                          {dense(*matrix), {{*matrix, DType::f32}, {0, 1}}}, dense(*matrix), {ring(i), other, ring(i + 1)}));
  });
  add("transpose", n, double(n) * 8, 0, [=](int i, auto& plan) {
    plan.push_back(launch(std::make_shared<const Copy>(), {{{{1000, n / 1000}, DType::f32}, {1, 1000}}}, dense({1000, n / 1000}),
                          {ring(i), ring(i + 1)}));
  });
  add("softmax of rows of 1000", n, double(n) * 8, 0, [=](int i, auto& plan) {
    plan.push_back(launch(std::make_shared<const Softmax>(false), {dense(*matrix)}, dense(*matrix), {ring(i), ring(i + 1)}));
  });
  add("softmax of one row", n, double(n) * 8, 0, [=](int i, auto& plan) {
    plan.push_back(launch(std::make_shared<const Softmax>(false), {dense(*flat)}, dense(*flat), {ring(i), ring(i + 1)}));
  });
  add("sum", n, double(n) * 4, 0, [=](int i, auto& plan) {
    plan.push_back(launch(first_axis(ReduceOp::sum), {dense(*flat)}, dense({}), {ring(i), result}));
  });
  add("sum of columns", n, double(n) * 4, 0, [=](int i, auto& plan) {
    plan.push_back(launch(first_axis(ReduceOp::sum), {dense(*matrix)}, dense({1000}), {ring(i), result}));
  });
  add("argmax", n, double(n) * 4, 0, [=](int i, auto& plan) {
    OperandType index = dense({});
    index.type.dtype = DType::i64;
    plan.push_back(launch(std::make_shared<const ArgReduce>(true, 0, false), {dense(*flat)}, index, {ring(i), result}));
  });
  auto reductions = [=](std::vector<ReduceOp> ops, int from) {  // one result each, 256 bytes apart
    LaunchPlan plan{std::make_shared<const Reductions>(ops, Dims{0}, false), {dense(*flat)}, {}, {{from, 0}}};
    for (size_t i = 0; i < ops.size(); ++i) {
      plan.outputs.push_back(dense({}));
      plan.places.push_back({result, int64_t(i) * 256});
    }
    return plan;
  };
  add("mean + std", n, double(n) * 4, 0, [=](int i, auto& plan) {
    plan.push_back(reductions({ReduceOp::mean, ReduceOp::deviation}, ring(i)));
  });
  add("sum + mean + std", n, double(n) * 4, 0, [=](int i, auto& plan) {
    plan.push_back(reductions({ReduceOp::sum, ReduceOp::mean, ReduceOp::deviation}, ring(i)));
  });
  add("chain of 6, summed", n, double(n) * 4, 0, [=](int i, auto& plan) {  // of ((x * 1.5 + 0.25) * x - 0.75)^2 + 1
    const DType f32 = DType::f32;
    std::vector<FusedStep> steps{{nullptr, {-1, -1, -1}, f32, 1.5},
                                 {nullptr, {-1, -1, -1}, f32, 0.25},
                                 {nullptr, {-1, -1, -1}, f32, 0.75},
                                 {nullptr, {-1, -1, -1}, f32, 1},
                                 {binary_of(BinaryOp::multiply), {0, 1, -1}, f32, 0},
                                 {binary_of(BinaryOp::add), {5, 2, -1}, f32, 0},
                                 {binary_of(BinaryOp::multiply), {6, 0, -1}, f32, 0},
                                 {binary_of(BinaryOp::subtract), {7, 3, -1}, f32, 0},
                                 {unary_of(UnaryOp::square), {8, -1, -1}, f32, 0},
                                 {binary_of(BinaryOp::add), {9, 4, -1}, f32, 0}};
    plan.push_back(launch(fused(1, std::move(steps), *flat), {dense(*flat)}, dense(*flat), {ring(i), between}));
    plan.push_back(reductions({ReduceOp::sum}, between));
  });
  for (int64_t size : {512, 1000, 2000}) {
    const Shape square{size, size};
    const double cube = double(size) * double(size) * double(size);
    auto factor = [&](const char* name, Linalg op, double flops) {
      add(cat("linalg ", name, " ", size), size * size, 0, flops, [=](int, auto& plan) {
        LaunchPlan launched = launch(std::make_shared<const Linalg>(op), {dense(square)}, dense(square), {other, result});
        if (op.op == LinalgOp::triangular_solve) {
          launched.inputs.push_back(dense(square));
          launched.places.insert(launched.places.begin() + 1, {0, 0});
        }
        if (op.op == LinalgOp::qr) {
          launched.outputs.push_back(dense(square));
          launched.places.push_back({result2, 0});
        }
        if (op.op == LinalgOp::svd) {
          launched.outputs = {dense({size})};
          if (op.first) {
            launched.outputs = {dense(square), dense({size}), dense(square)};
            launched.places.insert(launched.places.end(), {{result2, 0}, {0, 0}});
          }
        }
        plan.push_back(std::move(launched));
      });
      if (op.op != LinalgOp::svd) list.back().diagonal = size;
    };
    factor("cholesky", {LinalgOp::cholesky, false}, cube / 3);
    factor("qr", {LinalgOp::qr, false}, cube * 8 / 3);
    factor("triangular", {LinalgOp::triangular_solve, false, false, false}, cube);
    factor("svd", {LinalgOp::svd, true, false}, cube * 22);  // as LAPACK's gesdd counts
    factor("svd values", {LinalgOp::svd, false}, cube * 8 / 3);
  }
  return list;
}

int main_program(int argc, char** argv) {
  const size_t index = argc > 1 ? size_t(std::atoi(argv[1])) : 0;
  const int64_t n = argc > 2 ? std::atoll(argv[2]) / 1000 * 1000 : 10'000'000;
  const std::string part = argc > 3 ? argv[3] : "";
  Device& gpu = vulkan_device(index, cpu_device());
  std::printf("%s | %s\n%lld elements; GPU time of one operation in a chain, CPU time of one\n\n", gpu.description().c_str(),
              cpu_device().description().c_str(), static_cast<long long>(n));
  std::printf("%-26s %10s %10s %8s %9s %9s %7s\n", "operation", "GPU us", "CPU us", "ratio", "GB/s", "TFLOP/s", "% copy");
  double copy_bandwidth = 0;
  for (const Row& row : rows(n)) {
    if (copy_bandwidth > 0 && row.name.find(part) == std::string::npos) continue;
    const double time = Runner(gpu, row).time(), bandwidth = row.bytes / time;
    if (copy_bandwidth == 0) copy_bandwidth = bandwidth;
    const double host = row.name == "copy" ? 0 : Runner(cpu_device(), row).time_once();
    std::printf("%-26s %10.2f %10.1f %8.1f", row.name.c_str(), time * 1e6, host * 1e6, host / time);
    if (row.flops > 0)
      std::printf(" %9s %9.2f\n", "", row.flops / time * 1e-12);
    else
      std::printf(" %9.1f %9s %7.1f\n", bandwidth * 1e-9, "", 100 * bandwidth / copy_bandwidth);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace mlxc

int main(int argc, char** argv) {
  try {
    return mlxc::main_program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_vulkan_ops: %s\n", error.what());
    return 1;
  }
}
