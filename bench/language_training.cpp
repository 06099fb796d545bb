// Steps of training a language model:
//   bench_language_training FOLDER lora|full|scratch [BATCH] [LENGTH] [STEPS] [native|high] [cpu|vulkan:N] [profile]
// FOLDER needs only config.json for scratch. lora: rank 8 on every linear layer, AdamW, the weights frozen as they lie in the files. The
// median step is printed as JSON; the first one, which plans, does not count. With `profile` the table of launches follows.
// bench/compare/training.py sets PyTorch beside it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "llm/training.h"
#include "train/trainer.h"

using namespace mlxc;
using Clock = std::chrono::steady_clock;

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(
        stderr,
        "usage: bench_language_training FOLDER lora|full|scratch [BATCH] [LENGTH] [STEPS] [native|high] [cpu|vulkan:N] [profile]\n");
    return 2;
  }
  const std::string folder = argv[1], mode = argv[2];
  auto number = [&](int i, int64_t otherwise) { return argc > i ? std::atoll(argv[i]) : otherwise; };
  const int64_t batch = number(3, 1), length = number(4, 256), steps = number(5, 5);
  const Precision precision = argc > 6 && std::string(argv[6]) == "high" ? Precision::high : Precision::native;
  try {
    const std::string where = argc > 7 ? argv[7] : "cpu";
    Device& device = where.starts_with("vulkan:") ? vulkan_device(std::stoul(where.substr(7)), cpu_device()) : cpu_device();
    const ModelConfig config = FolderConfig::read(folder).model;
    nn::Parameters parameters = mode == "scratch"
                                    ? nn::Parameters(device, 1, DType::f32, precision)
                                    : load_parameters(device, folder, {.frozen = mode == "lora", .precision = precision, .seed = 1});
    if (mode == "lora") {
      nn::LoraConfig low_rank;
      low_rank.rank = 8;
      low_rank.alpha = 16;
      parameters.adapt(low_rank);
    }
    train::Trainer trainer(language_model(config), parameters, std::make_shared<const nn::Optimizer>(nn::OptimizerOptions{}), {});

    std::mt19937 random(1);
    std::vector<double> seconds, cpu;
    double loss = 0;
    for (int64_t step = 0; step <= steps; ++step) {
      std::vector<int32_t> x(size_t(batch * length)), y(x.size());
      for (auto* list : {&x, &y})
        for (int32_t& token : *list) token = int32_t(3 + random() % uint32_t(config.vocabulary - 3));
      if (argc > 8 && step == 1) device.profile()->time(Timing::kernels);
      const auto started = Clock::now();
      const std::clock_t clock = std::clock();
      const auto result = trainer.step(Array::from_vector(device, x, {batch, length}, DType::i32),
                                       Array::from_vector(device, y, {batch, length}, DType::i32), true);
      loss = result.loss();
      if (step == 0) continue;
      seconds.push_back(std::chrono::duration<double>(Clock::now() - started).count());
      cpu.push_back(double(std::clock() - clock) / CLOCKS_PER_SEC);
    }
    auto median_of = [](std::vector<double>& values) {
      std::sort(values.begin(), values.end());
      return values.at(values.size() / 2);
    };
    const double median = median_of(seconds);
    std::printf("{\"step_seconds\": %.4f, \"cpu_seconds\": %.4f, \"tokens_per_second\": %.1f, \"loss\": %.4f}\n", median, median_of(cpu),
                double(batch * length) / median, loss);
    if (argc > 8) std::fputs(device.profile()->table().text().c_str(), stdout);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
