// Optimizers as functions of arrays: old parameters, gradients and states give new ones. Nothing is kept here, so a step runs lazily or as
// one captured Function whose parameters and states are state pairs, written where they lie.
#pragma once

#include "graph/array.h"

namespace mlxc::nn {

enum class OptimizerKind : uint8_t {
  sgd,      // with momentum (Polyak 1964; Nesterov 1983) as PyTorch computes it
  adam,     // Kingma & Ba 2015; weight decay is added to the gradient
  adamw,    // Loshchilov & Hutter 2019: weight decay apart from the gradient
  lion,     // Chen et al. 2023
  rmsprop,  // Tieleman & Hinton 2012
};

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adamw;
  double weight_decay = 0;
  double momentum = 0, dampening = 0;  // sgd; rmsprop: momentum
  bool nesterov = false;               // sgd
  double beta1 = 0.9, beta2 = 0.999;   // adam, adamw, lion
  double alpha = 0.99;                 // rmsprop
  bool centered = false;               // rmsprop
  double eps = 1e-8;                   // adam, adamw, rmsprop
};

class Optimizer {
 public:
  explicit Optimizer(const OptimizerOptions& options);

  // The number of steps taken (int32), then slots() arrays for each parameter, all zeros; float32 for 16-bit parameters.
  Arrays initial_states(const Arrays& parameters) const;
  size_t state_count(size_t parameters) const { return 1 + slots() * parameters; }
  size_t slots() const;

  struct Result {
    Arrays parameters, states;
  };
  // learning_rate: one number, an input like the others.
  Result update(const Arrays& parameters, const Arrays& gradients, const Arrays& states, const Array& learning_rate) const;

 private:
  struct Step;
  Array step(const Step& step) const;

  OptimizerOptions options_;
};

// The norm of all gradients together: float32, rank 0.
Array gradient_norm(const Arrays& gradients);
// The gradients scaled down so that the norm of all of them together is at most max_norm; and what it was.
struct ClippedGradients {
  Arrays gradients;
  Array norm;  // float32, rank 0
};
ClippedGradients clip_norm(const Arrays& gradients, double max_norm);
Arrays clip_value(const Arrays& gradients, double limit);  // every element within -limit and limit

// Learning rates by step.
enum class ScheduleKind : uint8_t {
  constant,
  step,       // times gamma every step_size steps
  cosine,     // from rate to final_rate in total_steps along half a cosine (Loshchilov & Hutter 2017)
  one_cycle,  // up from rate / 25 to rate in the first warm_fraction of total_steps, then down to rate / 250000, along cosines (Smith 2018)
};
struct Schedule {
  ScheduleKind kind = ScheduleKind::constant;
  double rate = 1e-3, final_rate = 0, gamma = 0.1, warm_fraction = 0.3;
  int64_t step_size = 1, total_steps = 0;
  int64_t warmup_steps = 0;  // before the schedule begins: (step + 1) / (warmup_steps + 1) of its first rate; not with one_cycle
  double at(int64_t step) const;
};

}  // namespace mlxc::nn
