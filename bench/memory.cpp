// What memory costs: an allocation from the cache, and a soak of training and decoding: bench_memory [SECONDS] [MODEL_FOLDER] [vulkan:N]
// The goals: below 100 ns for a cached allocation and its free; 99 % of the allocations of a steady loop from the cache; less than 5 %
// fragmentation.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "graph/function.h"
#include "llm/engine.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "nn/optimizers.h"
#include "nn/parameters.h"
#include "ops/gradient.h"

using namespace mlxc;
using Clock = std::chrono::steady_clock;

namespace {

Device* device = &cpu_device();

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + long(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// One allocation and its free, from the cache, in nanoseconds. Rounds are much shorter than what a scheduler gives at a time.
double cached_allocation(size_t bytes) {
  Allocator& allocator = device->allocator();
  const StoragePtr beside = allocator.allocate(64);  // a program holds others, too
  allocator.allocate(bytes).reset();
  std::vector<double> rounds;
  for (int round = 0; round < 301; ++round) {
    constexpr int count = 1000;
    const auto start = Clock::now();
    for (int i = 0; i < count; ++i) allocator.allocate(bytes).reset();
    rounds.push_back(seconds_since(start) * 1e9 / count);
  }
  return median(rounds);
}

// What a loop did to the allocator once every size had been there: after one turn of its batches or texts.
template <class Step>
void soak(const char* name, int turn, double seconds, Step&& step) {
  Allocator& allocator = device->allocator();
  allocator.release_cache();
  allocator.reset_peak();
  for (int i = 0; i < turn; ++i) step();
  const MemoryStats warm = allocator.stats();
  int64_t steps = 0;
  for (const auto start = Clock::now(); seconds_since(start) < seconds; ++steps) step();
  const MemoryStats end = allocator.stats();
  const double hits = double(end.hits - warm.hits), misses = double(end.misses - warm.misses);
  std::printf("%-28s %8lld %12.0f %9.3f %% %13.1f %13.1f %11.2f %% %10.0f\n", name, static_cast<long long>(steps), hits + misses,
              100 * hits / std::max(hits + misses, 1.0), double(end.peak_requested) / 1e6, double(end.peak_reserved) / 1e6,
              100 * end.fragmentation(), end.hit_nanoseconds);
}

// A multilayer perceptron with Adam by hand: forward, loss, gradients, update, one evaluation a step. The last batch of an epoch is
// smaller.
class Training {
 public:
  Training() {
    using namespace nn::layers;
    network_ = sequential({linear(784, 512, true), activation(ActivationOp::relu, 0), linear(512, 512, true),
                           activation(ActivationOp::relu, 0), linear(512, 10, true)});
    forward(inputs(256));
    states_ = optimizer_.initial_states(parameters_.values(Select::trained));
  }

  void step() {
    const int64_t batch = ++steps_ % 8 ? 256 : 96;
    const Array targets = Array::from_vector<int32_t>(*device, std::vector<int32_t>(size_t(batch), 3), {batch}, DType::i32);
    const Array rate = Array::from_vector<float>(*device, {1e-3f}, {}, DType::f32);
    const Array loss = nn::cross_entropy(forward(inputs(batch)), targets);
    const Arrays values = parameters_.values(Select::trained);
    nn::Optimizer::Result result = optimizer_.update(values, grad({loss}, values), states_, rate);
    Arrays all{loss};
    all.insert(all.end(), result.parameters.begin(), result.parameters.end());
    all.insert(all.end(), result.states.begin(), result.states.end());
    eval(all);
    parameters_.set_values(Select::trained, result.parameters);
    states_ = result.states;
  }

 private:
  using Select = nn::Parameters::Select;
  static Array inputs(int64_t batch) {
    return Array::from_vector<float>(*device, std::vector<float>(size_t(batch * 784), 0.1f), {batch, 784}, DType::f32);
  }
  Array forward(const Array& x) {
    nn::Pass pass{.training = true, .key = {}};
    return network_->forward({parameters_, ""}, x, pass);
  }

  nn::LayerPtr network_;
  nn::Parameters parameters_{*device, 1};
  nn::Optimizer optimizer_{{.kind = nn::OptimizerKind::adam}};
  Arrays states_;
  int steps_ = 0;
};

// Texts of changing length, several at once.
class Decoding {
 public:
  explicit Decoding(const char* folder) : model_(Model::load(*device, folder, {})), engine_(Engine::create(model_, nullptr, {})) {}

  void step() {
    GenerateOptions options;
    options.max_tokens = 24;
    options.ignore_model_stop_tokens = true;
    std::vector<std::shared_ptr<Request>> requests;
    for (size_t i = 0; i < 3; ++i) requests.push_back(engine_->submit(std::vector<int32_t>(5 + (turn_++ * 7) % 60, 11), options, {}, {}));
    for (const auto& request : requests) request->wait(std::chrono::nanoseconds(-1));
  }

 private:
  std::shared_ptr<Model> model_;
  std::shared_ptr<Engine> engine_;
  size_t turn_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  const char* folder = argc > 2 ? argv[2] : "tests/models/fable-qwen3";
  if (argc > 3 && std::string_view(argv[3]).starts_with("vulkan:")) device = &vulkan_device(size_t(std::atoi(argv[3] + 7)), cpu_device());
  std::printf("%s\n%-28s %10s\n", device->description().c_str(), "cached allocation and free", "ns");
  for (size_t bytes : {size_t{64}, size_t{4096}, size_t{100000}, size_t{1} << 20, size_t{10} << 20, size_t{100} << 20})
    std::printf("%26.3f kB %10.1f\n", double(bytes) / 1e3, cached_allocation(bytes));
  std::printf("\n%-28s %8s %12s %11s %13s %13s %13s %10s\n", "soak", "steps", "allocations", "from cache", "demand, MB", "reserved, MB",
              "fragmentation", "ns a hit");
  try {
    Training training;
    soak("training, MLP, batch 256", 8, seconds, [&] { training.step(); });
    Decoding decoding(folder);
    soak("decoding, 3 at once", 20, seconds, [&] { decoding.step(); });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
