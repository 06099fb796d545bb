// The trainer: a model, an objective, an optimizer and a schedule, and everything that changes while it learns.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "train/program.h"

namespace mlxc::train {

// Where training is, beside the arrays. All of it is in a checkpoint.
struct Position {
  int64_t step = 0;                           // done
  int64_t gathered = 0;                       // batches since the last step
  int64_t epoch = 0, batch = 0;               // epochs done, batches done of the present one
  double loss_sum = 0, count = 0, right = 0;  // of the present epoch
  int64_t samples = 0, skipped = 0;
  int64_t step_samples = 0;                               // since the last step
  double best = std::numeric_limits<double>::infinity();  // loss of the best epoch
  int64_t waited = 0;                                     // epochs since
};

struct StepResult : StepNumbers {
  bool complete = false;  // else the batch was added only
  int64_t samples = 0;    // in the step
  double learning_rate = 0;
  double loss() const { return loss_sum / std::max(count, 1.0); }
};

struct Measures {
  double loss_sum = 0, count = 0, right = 0;
  double loss() const { return loss_sum / std::max(count, 1.0); }
};

// One thread at a time, but for the learning rate.
class Trainer {
 public:
  Trainer(nn::LayerPtr model, const nn::Parameters& parameters, std::shared_ptr<const nn::Optimizer> optimizer,
          const TrainerOptions& options);

  Device& device() const { return parameters_.device(); }
  const TrainerOptions& options() const { return options_; }
  Position& position() { return position_; }

  // Adds a batch; the step is made with the last of `accumulate` batches, or where `last` says so.
  StepResult step(const Array& x, const Array& y, bool last);
  Measures evaluate(const Array& x, const Array& y, const std::atomic<bool>* cancel);
  Array predict(const Array& x, int64_t batch_size, const std::atomic<bool>* cancel);

  double learning_rate() const;                       // of the next step; threads: any
  void set_learning_rate(double rate);                // NaN: the schedule's
  double accuracy(double right, double count) const;  // NaN without one

  nn::Parameters parameters() const;  // a copy
  const nn::Parameters& peek() const { return parameters_; }
  void keep_best();  // the parameters as they are
  void drop_best() { best_.clear(); }
  void restore_best();  // if any were kept

  void save(const std::string& path) const;
  void load(const std::string& path);

 private:
  void begin(const TensorType& x);
  void make_states();
  const StepProgram& program(Stage stage, const TensorType& x, const TensorType& y);
  Array here(const Array& array) const;

  nn::LayerPtr model_;
  std::shared_ptr<const nn::Optimizer> optimizer_;
  TrainerOptions options_;
  nn::Parameters parameters_;  // its arrays are states_.trained and .buffers too
  States states_;              // empty optimizer: before the first batch
  std::map<std::string, Array> best_;
  Position position_;
  std::atomic<int64_t> steps_{0};  // position_.step for other threads
  std::atomic<double> set_rate_{NAN};
  std::list<StepProgram> programs_;  // most recently used first
};

}  // namespace mlxc::train
