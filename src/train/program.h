// One step of training as graphs, captured: what a trainer runs for each batch.
#pragma once

#include <atomic>
#include <cmath>
#include <vector>

#include "graph/function.h"
#include "nn/layers.h"
#include "nn/optimizers.h"
#include "nn/parameters.h"
#include "train/objective.h"

namespace mlxc::train {

struct TrainerOptions {
  Objective objective;
  double clip_norm = 0, clip_value = 0;  // 0: not
  int64_t accumulate = 1;                // batches a step
  uint64_t seed = 0;
  DType compute = DType::f32;  // of weights in passes: f32, bf16 or f16 (with a scaled loss)
  bool gradient_norm = false;
  double loss_scale = 65536;
  int64_t loss_scale_steps = 2000;
  nn::Schedule schedule;
};

enum class Stage : uint8_t {
  whole,   // forward, backward, update
  gather,  // forward, backward, gradients added up
  finish,  // gather, then the update with all of them
  evaluate,
  predict,
};

// The arrays that stay on the device from step to step. Each has memory of its own, which programs write in place.
struct States {
  Arrays trained, buffers;
  Arrays optimizer;
  Arrays random;    // the key of the next pass
  Arrays scaler;    // f16: the factor, and the good steps since it changed
  Arrays gathered;  // with accumulate: a gradient for each trained parameter, weighed by the counts; sums of loss, count, right

  Arrays list(Stage stage) const;  // what the stage takes, in order
};

// What one run gives the host.
struct StepNumbers {
  double loss_sum = 0, count = 0, right = 0;  // of a gather: none, they come with its finish
  double gradient_norm = NAN, loss_scale = NAN;
  bool skipped = false;
};

class StepProgram {
 public:
  struct Model {
    nn::LayerPtr layer;
    const nn::Parameters* parameters;  // for its names and the values of frozen ones
    const nn::Optimizer* optimizer;
    const TrainerOptions* options;
  };
  StepProgram(const Model& model, Stage stage, const States& states, const TensorType& x, const TensorType& y);

  Stage stage() const { return stage_; }
  bool takes(Stage stage, const TensorType& x, const TensorType& y) const { return stage == stage_ && x == x_ && y == y_; }
  // rate is missing where nothing is updated, y where nothing is compared.
  StepNumbers run(const States& states, const Array& x, const Array& y, const Array& rate, const std::atomic<bool>* cancel) const;
  Array predict(const States& states, const Array& x, const std::atomic<bool>* cancel) const;

 private:
  Stage stage_;
  TensorType x_, y_;
  bool has_right_ = false, has_norm_ = false, has_scale_ = false;
  int numbers_ = 0;  // the first outputs: what a StepNumbers is read from
  Function function_;
};

}  // namespace mlxc::train
