#include "train/fit.h"

#include <cmath>

namespace mlxc::train {
namespace {

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

double per_second(int64_t samples, double seconds) { return seconds > 0 ? double(samples) / seconds : NAN; }

void expect_fields(const LoaderPlan& data, const char* what) {
  const size_t fields = data.dataset->fields().size();
  if (fields < 2) fail(Status::invalid_argument, what, " data has ", fields, " field, expected an input and a target");
}

void expect_running(const std::atomic<bool>* cancel) {
  if (cancel && cancel->load(std::memory_order_relaxed)) fail(Status::cancelled, "training was cancelled");
}

}  // namespace

Measures evaluate(Trainer& trainer, const LoaderPlan& data, const std::atomic<bool>* cancel) {
  expect_fields(data, "evaluation");
  Measures sums;
  Batches batches(data, trainer.device(), 0, 0);
  for (Arrays batch = batches.next(cancel); !batch.empty(); batch = batches.next(cancel)) {
    const Measures measures = trainer.evaluate(batch[0], batch[1], cancel);
    sums.loss_sum += measures.loss_sum, sums.count += measures.count, sums.right += measures.right;
  }
  return sums;
}

Fit::Fit(Trainer& trainer, const LoaderPlan& data, std::optional<LoaderPlan> validation, const FitOptions& options)
    : trainer_(trainer),
      data_(data),
      validation_(std::move(validation)),
      options_(options),
      batches_in_epoch_(data.batches()),
      log_(options.json_log, options.csv_log, options.append_logs) {
  expect_fields(data_, "training");
  if (validation_) expect_fields(*validation_, "validation");
  if (batches_in_epoch_ < 1)
    fail(Status::invalid_argument, "training: ", data_.dataset->samples(), " samples make no batch of ", data_.options.batch_size);
  if (options.callback_steps < 0 || options.epochs < 0 || options.max_steps < 0 || options.patience < 0 || options.checkpoint_steps < 0 ||
      !(options.min_delta >= 0))
    fail(Status::invalid_argument, "training: an option is negative");
}

bool Fit::finished() const {
  const Position& at = trainer_.position();
  return at.epoch >= options_.epochs || (options_.max_steps && at.step >= options_.max_steps) ||
         (options_.patience && at.waited >= options_.patience);
}

bool Fit::next(TrainEvent* event, const std::atomic<bool>* cancel) {
  for (;;) {
    if (trainer_.position().batch >= batches_in_epoch_) {
      end_epoch(event, cancel);
      return true;
    }
    if (finished()) break;
    if (train_batch(event, cancel)) return true;
  }
  batches_.reset();
  if (options_.restore_best && !restored_) trainer_.restore_best();
  restored_ = true;
  return false;
}

bool Fit::train_batch(TrainEvent* event, const std::atomic<bool>* cancel) {
  expect_running(cancel);
  Position& at = trainer_.position();
  const Clock::time_point begun = Clock::now();
  const Arrays batch = next_batch(cancel);
  if (batch.empty()) fail(Status::internal, "the loader ended at batch ", at.batch, " of ", batches_in_epoch_);
  const bool last = at.batch + 1 == batches_in_epoch_;
  StepResult result;
  try {
    result = trainer_.step(batch[0], batch[1], last);
  } catch (...) {
    batches_.reset();  // another call makes this batch again
    throw;
  }
  ++at.batch;
  const int64_t rows = batch[0].dim(0);
  samples_since_event_ += rows, epoch_samples_ += rows;
  epoch_seconds_ += seconds_between(begun, Clock::now());
  if (!result.complete) return false;
  at.samples += result.samples;
  at.skipped += result.skipped ? 1 : 0;
  at.loss_sum += result.skipped ? 0 : result.loss_sum, at.count += result.skipped ? 0 : result.count;
  at.right += result.skipped ? 0 : result.right;
  if (options_.checkpoint_steps && !options_.checkpoint.empty() && at.step % options_.checkpoint_steps == 0)
    trainer_.save(options_.checkpoint);
  if (!options_.callback_steps || (at.step % options_.callback_steps != 0 && !last)) return false;
  *event = event_of_step(result);
  log_.write(*event);
  return true;
}

Arrays Fit::next_batch(const std::atomic<bool>* cancel) {
  const Position& at = trainer_.position();
  try {
    if (!batches_) batches_ = std::make_unique<Batches>(data_, trainer_.device(), at.epoch, at.batch);
    return batches_->next(cancel);
  } catch (...) {
    batches_.reset();  // another call makes this batch again
    throw;
  }
}

TrainEvent Fit::event_of_step(const StepResult& result) {
  const Position& at = trainer_.position();
  const Clock::time_point now = Clock::now();
  TrainEvent event;
  event.kind = EventKind::step;
  event.skipped = result.skipped;
  event.epoch = at.epoch, event.step = at.step - 1, event.batch = at.batch, event.batches = batches_in_epoch_;
  event.samples = result.samples;
  event.loss = result.loss(), event.accuracy = trainer_.accuracy(result.right, result.count);
  event.learning_rate = result.learning_rate, event.gradient_norm = result.gradient_norm, event.loss_scale = result.loss_scale;
  event.seconds = seconds_between(start_, now);
  event.samples_per_second = per_second(samples_since_event_, seconds_between(last_event_, now));
  last_event_ = now, samples_since_event_ = 0;
  return event;
}

void Fit::end_epoch(TrainEvent* event, const std::atomic<bool>* cancel) {
  expect_running(cancel);
  batches_.reset();
  Position& at = trainer_.position();
  TrainEvent result;
  result.kind = EventKind::epoch;
  result.skipped = at.skipped;
  result.epoch = at.epoch, result.step = at.step, result.batch = at.batch, result.batches = batches_in_epoch_, result.samples = at.samples;
  result.loss = at.count > 0 ? at.loss_sum / at.count : double(NAN), result.accuracy = trainer_.accuracy(at.right, at.count);
  result.learning_rate = trainer_.learning_rate();
  result.samples_per_second = per_second(epoch_samples_, epoch_seconds_);
  if (validation_) {
    const Measures measures = evaluate(trainer_, *validation_, cancel);
    result.validation_loss = measures.loss(), result.validation_accuracy = trainer_.accuracy(measures.right, measures.count);
  }
  const double judged = validation_ ? result.validation_loss : result.loss;
  result.best = judged < at.best - options_.min_delta || (std::isinf(at.best) && std::isfinite(judged));
  if (result.best && options_.restore_best) trainer_.keep_best();
  if (result.best && !options_.restore_best) trainer_.drop_best();  // those of an epoch before are the best no more
  at.waited = result.best ? 0 : at.waited + 1;
  if (result.best) at.best = judged;
  result.stopping = options_.patience && at.waited >= options_.patience;
  ++at.epoch;
  at.batch = 0, at.samples = 0, at.skipped = 0;
  at.loss_sum = at.count = at.right = 0;
  epoch_samples_ = 0, epoch_seconds_ = 0;
  result.seconds = seconds_between(start_, Clock::now());
  if (!options_.checkpoint.empty() && !options_.checkpoint_steps) trainer_.save(options_.checkpoint);
  log_.write(result);
  last_event_ = Clock::now(), samples_since_event_ = 0;
  *event = result;
}

}  // namespace mlxc::train
