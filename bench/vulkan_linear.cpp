// Linear layers on a Vulkan device: microseconds, TB/s of weights as a share of this device's copy rate, and TFLOP/s.
//   bench_vulkan_linear [DEVICE] [TOKENS,TOKENS,...] [GIB]
// A time is that of one layer in a chain where each waits for the one before, launch and barrier included, median of five chains of a few
// milliseconds. Weights rotate through more than the second-level cache holds, GIB (1.25) in all: through many gigabytes every page of
// memory is new to the device, as in a large model. "x16": activations come in 16 bits, as attention and gated products write them; "norm":
// in float32, normalised on the way.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/program.h"
#include "backend/vulkan/vulkan_device.h"
#include "graph/pass_ops.h"
#include "ops/matmul.h"

namespace {

using namespace mlxc;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Layer {
  std::string name;
  int64_t tokens, k;
  std::vector<int64_t> n;
  bool norm = false, residual = false;
  Gate gate = Gate::none;
  DType x = DType::f32, y = DType::f32;

  int64_t rows() const {
    int64_t sum = 0;
    for (int64_t rows : n) sum += rows;
    return sum;
  }
  int64_t bytes() const { return rows() * k * 2; }
};

constexpr double kChainSeconds = 4e-3;
int64_t pool_bytes = int64_t(5) << 28;               // of weights to rotate through; software devices get less, and fewer layers
constexpr int64_t kMost = int64_t(4096) * 4096 * 4;  // of activations, in bytes
enum Buffer { kWeights, kX, kNorm, kResidual, kY0, kY1, kY2, kScratch };

OperandType operand(const Shape& shape, DType dtype) { return {{shape, dtype}, contiguous_strides(shape)}; }

LaunchPlan launch_of(const Layer& layer, int64_t turn) {
  LaunchPlan plan;
  auto op = std::make_shared<Linear>(int(layer.n.size()), false, Precision::native);
  op->norm = layer.norm;
  op->norm_eps = 1e-6f;
  op->gate = layer.gate;
  op->residual = layer.residual;
  plan.primitive = op;
  plan.inputs.push_back(operand({layer.tokens, layer.k}, layer.x));
  plan.places.push_back({kX, 0});
  const int64_t copies = std::max<int64_t>(1, pool_bytes / layer.bytes());
  int64_t offset = turn % copies * layer.bytes();
  for (int64_t n : layer.n) {
    plan.inputs.push_back(operand({n, layer.k}, DType::bf16));
    plan.places.push_back({kWeights, offset});
    offset += n * layer.k * 2;
  }
  if (layer.norm) plan.inputs.push_back(operand({layer.k}, DType::bf16)), plan.places.push_back({kNorm, 0});
  if (layer.residual) plan.inputs.push_back(operand({layer.tokens, layer.n[0]}, DType::f32)), plan.places.push_back({kResidual, 0});
  for (size_t i = 0; i < (layer.gate != Gate::none ? 1 : layer.n.size()); ++i) {
    plan.outputs.push_back(operand({layer.tokens, layer.n[i]}, layer.y));
    plan.places.push_back({int(kY0 + i), 0});
  }
  return plan;
}

struct Bench {
  Device& device;
  std::vector<StoragePtr> storages;
  StoragePtr scratch;

  explicit Bench(Device& device) : device(device) {
    const int64_t sizes[] = {pool_bytes, kMost, 12288 * 4, kMost, kMost, kMost, kMost};
    for (int64_t size : sizes) storages.push_back(device.allocator().allocate(size_t(size)));
    // Halves in [-0.5, 0.5): bfloat16 patterns, doubled from a block.
    constexpr int64_t kBlock = 16 << 20;
    std::vector<uint16_t> values(kBlock / 2);
    std::mt19937 random(1);
    for (uint16_t& value : values) value = bfloat16((float(random() >> 8) / float(1 << 24)) - 0.5f).bits;
    for (const StoragePtr& storage : storages) {
      const int64_t bytes = int64_t(storage->bytes());
      for (int64_t at = 0; at < bytes; at += kBlock) device.write(*storage, at, values.data(), size_t(std::min(kBlock, bytes - at)));
    }
  }

  std::vector<Binding> bindings(const Executable& executable) {
    std::vector<Binding> list;
    for (const StoragePtr& storage : storages) list.push_back({storage.get(), 0});
    const size_t need = executable.scratch_bytes();
    if (need && (!scratch || scratch->bytes() < need)) scratch = device.allocator().allocate(need);
    if (need) list.push_back({scratch.get(), 0});
    return list;
  }

  // Seconds of one launch in a chain.
  double time(const std::vector<LaunchPlan>& chain, int runs) {
    const auto executable = device.compile({chain, std::vector<bool>(storages.size(), false)});
    const std::vector<Binding> bound = bindings(*executable);
    executable->run(device.default_stream(), bound, nullptr);
    std::vector<double> times;
    for (int i = 0; i < runs; ++i) {
      const auto start = Clock::now();
      executable->run(device.default_stream(), bound, nullptr);
      times.push_back(seconds_since(start) / double(chain.size()));
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  // Seconds of one launch of each of them, in turns.
  double time_in_turns(const std::vector<Layer>& layers, int turns) {
    std::vector<LaunchPlan> chain;
    for (int turn = 0; turn < turns; ++turn)
      for (const Layer& layer : layers) chain.push_back(launch_of(layer, turn));
    return time(chain, 7) * double(layers.size());
  }

  double time(const Layer& layer) {
    std::vector<LaunchPlan> chain;
    const auto grow = [&](int64_t length) {
      while (int64_t(chain.size()) < length) chain.push_back(launch_of(layer, int64_t(chain.size())));
    };
    grow(8);
    const double guess = time(chain, 1);
    grow(std::min<int64_t>(int64_t(kChainSeconds / guess), 600));
    return guess > kChainSeconds ? guess : time(chain, 5);
  }

  double copy_rate() {
    const int64_t count = pool_bytes / 8;  // half of the pool into the other half
    LaunchPlan plan;
    plan.primitive = std::make_shared<Copy>();
    plan.inputs = {operand({count}, DType::f32)};
    plan.outputs = {operand({count}, DType::f32)};
    plan.places = {{kWeights, 0}, {kWeights, pool_bytes / 2}};
    return 2.0 * double(count * 4) / time({plan, plan, plan, plan}, 9);
  }
};

std::vector<Layer> layers(const std::vector<int64_t>& tokens) {
  struct Size {
    int64_t n, k;
  };
  static constexpr Size kSizes[] = {{151936, 4096}, {12288, 4096}, {4096, 12288}, {6144, 4096}, {4096, 4096}, {3072, 1024}, {1024, 3072}};
  std::vector<Layer> list;
  for (int64_t t : tokens) {
    for (const Size& size : kSizes) {
      Layer layer{cat(size.n, "x", size.k), t, size.k, {size.n}};
      if (t > 4) {
        layer.x = DType::bf16;
        layer.name += " x16";
        list.push_back(layer);
        layer.x = DType::f32;
        layer.name = cat(size.n, "x", size.k, " norm");
      }
      layer.norm = t > 4;
      list.push_back(layer);
    }
    list.push_back({"8B q k v norm", t, 4096, {4096, 1024, 1024}, true});
    list.push_back({"8B o x16 residual", t, 4096, {4096}, false, true, Gate::none, t > 4 ? DType::bf16 : DType::f32});
    list.push_back({"8B gate up norm", t, 4096, {12288, 12288}, true, false, Gate::silu, DType::f32, t > 4 ? DType::bf16 : DType::f32});
    list.push_back({"8B down x16 residual", t, 12288, {4096}, false, true, Gate::none, t > 4 ? DType::bf16 : DType::f32});
  }
  return list;
}

std::vector<Layer> prompts() {
  return {{"4096^3 x16", 4096, 4096, {4096}, false, false, Gate::none, DType::bf16},
          {"8B q k v norm", 512, 4096, {4096, 1024, 1024}, true},
          {"8B o x16 residual", 512, 4096, {4096}, false, true, Gate::none, DType::bf16},
          {"8B gate up norm", 512, 4096, {12288, 12288}, true, false, Gate::silu, DType::f32, DType::bf16},
          {"8B down x16 residual", 512, 12288, {4096}, false, true, Gate::none, DType::bf16},
          {"0.6B q k v norm", 512, 1024, {2048, 1024, 1024}, true},
          {"0.6B gate up norm", 512, 1024, {3072, 3072}, true, false, Gate::silu, DType::f32, DType::bf16},
          {"0.6B down x16 residual", 512, 3072, {1024}, false, true, Gate::none, DType::bf16}};
}

int run(int argc, char** argv) {
  const size_t index = argc > 1 ? size_t(std::atoi(argv[1])) : 0;
  std::vector<int64_t> tokens{1, 2, 4, 8, 16, 32, 64};
  if (argc > 2) {
    tokens.clear();
    for (const char* at = argv[2]; *at; at += *at == ',') tokens.push_back(std::strtoll(at, const_cast<char**>(&at), 10));
  }
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  Device& device = vulkan_device(index, cpu_device());
  std::printf("%s\n", device.description().c_str());
  const bool software = list_vulkan_devices().devices.at(index).software;
  if (argc > 3) pool_bytes = int64_t(std::atof(argv[3]) * double(1 << 30));
  if (software) pool_bytes = int64_t(1) << 25;
  Bench bench(device);
  std::vector<Layer> list = layers(tokens);
  for (const Layer& layer : prompts()) list.push_back(layer);
  std::erase_if(list, [&](const Layer& layer) { return layer.bytes() > pool_bytes || (software && layer.tokens > 64); });

  // All pipelines at once: they are made in parallel.
  const auto start = Clock::now();
  std::vector<LaunchPlan> every;
  for (const Layer& layer : list) every.push_back(launch_of(layer, 0));
  device.compile({every, std::vector<bool>(bench.storages.size(), false)});
  std::printf("pipelines in %.1f s\n", seconds_since(start));

  const Layer warm{"", 1, 4096, {4096}};
  for (const auto begin = Clock::now(); seconds_since(begin) < 0.5;) bench.time(warm);
  const double copy = bench.copy_rate();
  std::printf("copy %.2f TB/s\n%6s %-26s %10s %7s %7s %8s\n", copy * 1e-12, "tokens", "layer", "us", "TB/s", "% copy", "TFLOP/s");
  std::map<int64_t, std::vector<Layer>> blocks;  // the products of a layer of 8B, by tokens
  std::map<int64_t, double> sums;
  for (const Layer& layer : list) {
    const double seconds = bench.time(layer), rate = double(layer.bytes()) / seconds;
    if (layer.name.starts_with("8B")) {
      blocks[layer.tokens].push_back(layer);
      sums[layer.tokens] += seconds;
    }
    std::printf("%6lld %-26s %10.2f %7.3f %7.1f %8.1f\n", static_cast<long long>(layer.tokens), layer.name.c_str(), seconds * 1e6,
                rate * 1e-12, 100 * rate / copy, 2e-12 * double(layer.tokens * layer.k * layer.rows()) / seconds);
  }
  for (const auto& [tokens, block] : blocks)
    std::printf("%6lld 8B, all four in turns %11.2f us, chains of each together %.2f us\n", static_cast<long long>(tokens),
                bench.time_in_turns(block, 36) * 1e6, sums[tokens] * 1e6);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
