// How long a request lives on after it was cancelled in the middle of a long prompt:
//   bench_cancel [MODEL_FOLDER] [PROMPT_TOKENS] [ROUNDS] [vulkan:N]
// The goal is a p99 of 50 ms: the work between two polls of the flag is bounded by the size of a prompt chunk.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "llm/engine.h"

using namespace mlxc;
using Clock = std::chrono::steady_clock;

int main(int argc, char** argv) {
  const char* folder = argc > 1 ? argv[1] : "tests/models/fable-qwen3";
  const int64_t tokens = argc > 2 ? std::atoll(argv[2]) : 2000;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 100;
  try {
    const std::string_view name = argc > 4 ? argv[4] : "cpu";
    Device& device = name.starts_with("vulkan:") ? vulkan_device(size_t(std::atoi(argv[4] + 7)), cpu_device()) : cpu_device();
    std::shared_ptr<Model> model = Model::load(device, folder, {});
    std::shared_ptr<Engine> engine = Engine::create(model, nullptr, {});
    std::mt19937 random(1);
    std::vector<int32_t> prompt;
    for (int64_t i = 0; i < tokens; ++i) prompt.push_back(int32_t(3 + random() % uint32_t(model->info().vocabulary - 3)));
    GenerateOptions options;
    options.max_tokens = 1;
    auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };

    auto started = Clock::now();  // once to the end: warms the programs and tells how long a prompt takes
    engine->submit(prompt, options, {}, {})->wait(std::chrono::nanoseconds(-1));
    const double whole = seconds(Clock::now() - started);

    std::vector<double> latencies;
    std::uniform_real_distribution<double> moment(0, 0.8 * whole);
    for (int round = 0; round < rounds; ++round) {
      std::shared_ptr<Request> request = engine->submit(prompt, options, {}, {});
      std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
      auto asked = Clock::now();
      request->cancel();
      request->wait(std::chrono::nanoseconds(-1));
      latencies.push_back(seconds(Clock::now() - asked) * 1e3);
    }
    std::sort(latencies.begin(), latencies.end());
    auto percentile = [&](double p) { return latencies[std::min(latencies.size() - 1, size_t(p * double(latencies.size())))]; };
    std::printf(
        "%lld prompt tokens take %.0f ms; cancelled in the middle, %d times: p50 %.1f ms, p99 %.1f ms, highest %.1f ms (goal: p99 50 ms)\n",
        static_cast<long long>(tokens), whole * 1e3, rounds, percentile(0.5), percentile(0.99), latencies.back());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
