// A training run: epochs over a loader, validation, early stopping, checkpoints, logs; in pieces, from event to event.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "train/loader.h"
#include "train/log.h"
#include "train/trainer.h"

namespace mlxc::train {

struct FitOptions {
  int64_t callback_steps = 1;  // 0: no events for steps
  int64_t epochs = 1, max_steps = 0;
  int64_t patience = 0;
  double min_delta = 0;
  bool restore_best = false, append_logs = false;
  std::string checkpoint, json_log, csv_log;  // empty: none
  int64_t checkpoint_steps = 0;               // 0: after epochs
};

// Goes on where the trainer's position says, so a run that ended early, in this process or before a checkpoint, is continued by another.
// One thread at a time. The trainer outlives it.
class Fit {
 public:
  Fit(Trainer& trainer, const LoaderPlan& data, std::optional<LoaderPlan> validation, const FitOptions& options);

  // Trains up to the next event. False: the end. Error(cancelled) between batches, after which the run may go on.
  bool next(TrainEvent* event, const std::atomic<bool>* cancel);

 private:
  using Clock = std::chrono::steady_clock;

  bool finished() const;
  // True when there is an event.
  bool train_batch(TrainEvent* event, const std::atomic<bool>* cancel);
  Arrays next_batch(const std::atomic<bool>* cancel);
  void end_epoch(TrainEvent* event, const std::atomic<bool>* cancel);
  TrainEvent event_of_step(const StepResult& result);

  Trainer& trainer_;
  LoaderPlan data_;
  std::optional<LoaderPlan> validation_;
  FitOptions options_;
  int64_t batches_in_epoch_;
  std::unique_ptr<Batches> batches_;
  bool restored_ = false;
  TrainLog log_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_event_ = start_;
  double epoch_seconds_ = 0;                             // of training
  int64_t epoch_samples_ = 0, samples_since_event_ = 0;  // of this run
};

// Loss and accuracy over epoch 0 of a loader.
Measures evaluate(Trainer& trainer, const LoaderPlan& data, const std::atomic<bool>* cancel);

}  // namespace mlxc::train
