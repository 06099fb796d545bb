// Models and data that the tests of training share.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "graph/function.h"
#include "io/safetensors.h"
#include "ops/elementwise.h"
#include "test_device.h"
#include "train/fit.h"

namespace mlxc::test {

using namespace mlxc::train;  // NOLINT

inline DatasetPtr digits() {
  static const std::string folder = std::string(MLXC_TEST_DATA) + "/../examples/data/";
  static const DatasetPtr dataset = npy_dataset({folder + "digits_images.npy", folder + "digits_labels.npy"});
  return dataset;
}

inline DatasetPtr first_of(const DatasetPtr& dataset, int64_t count, int64_t from = 0) {
  std::vector<int64_t> samples;
  for (int64_t i = 0; i < count; ++i) samples.push_back(from + i);
  return select(dataset, samples);
}

inline nn::LayerPtr mlp() {
  using namespace nn::layers;
  return sequential({flatten(), linear(64, 32, true), activation(ActivationOp::relu, 0), linear(32, 10, true)});
}

inline nn::LayerPtr cnn() {
  using namespace nn::layers;
  const ConvolutionShape same{.stride = {}, .padding = {1, 1}, .dilation = {}};
  const PoolShape half{.kernel = {2, 2}, .stride = {}, .padding = {}, .dilation = {}};
  return sequential({convolution(1, 8, {3, 3}, same, true), batch_norm(8, 1e-5, 0.1), activation(ActivationOp::relu, 0), max_pool(half),
                     convolution(8, 16, {3, 3}, same, true), activation(ActivationOp::relu, 0), max_pool(half), flatten(),
                     linear(64, 10, true)});
}

inline std::vector<double> fetch(const Array& array) {
  std::vector<double> values(size_t(array.size()));
  read(cast(array, DType::f64), values.data(), values.size() * sizeof(double));
  return values;
}

inline std::shared_ptr<const nn::Optimizer> optimizer(const nn::OptimizerOptions& options) {
  return std::make_shared<const nn::Optimizer>(options);
}
inline std::shared_ptr<const nn::Optimizer> momentum() { return optimizer({.kind = nn::OptimizerKind::sgd, .momentum = 0.9}); }

inline nn::Schedule rate(double value) {
  nn::Schedule schedule;
  schedule.rate = value;
  return schedule;
}

// A run over a loader, all events of it.
inline std::vector<TrainEvent> run(Trainer& trainer, const LoaderPlan& data, const FitOptions& options = {},
                                   std::optional<LoaderPlan> validation = {}) {
  Fit fit(trainer, data, std::move(validation), options);
  std::vector<TrainEvent> events;
  TrainEvent event;
  while (fit.next(&event, nullptr)) events.push_back(event);
  return events;
}
inline std::vector<double> losses_of(const std::vector<TrainEvent>& events) {
  std::vector<double> losses;
  for (const TrainEvent& event : events)
    if (event.kind == EventKind::step) losses.push_back(event.loss);
  return losses;
}

}  // namespace mlxc::test
