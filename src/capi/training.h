// What the handles of training stand for.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "capi/cancel_source.h"
#include "train/fit.h"
#include "train/histogram.h"

namespace mlxc::capi {

// A flag that a cancel handle sets, for as long as it lives.
class CancelFlag {
 public:
  explicit CancelFlag(std::shared_ptr<CancelSource> source)
      : flag_(std::make_shared<std::atomic<bool>>(false)),
        listener_(std::move(source), [flag = flag_] { flag->store(true, std::memory_order_relaxed); }) {}
  const std::atomic<bool>* get() const { return flag_.get(); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
  CancelListener listener_;
};

struct LoaderObject {
  LoaderObject(train::DatasetPtr dataset, const train::LoaderOptions& options) : plan(std::move(dataset), options) {}
  const train::LoaderPlan plan;
  std::mutex mutex;  // held during a call; a second one is BUSY
  int64_t epoch = 0, batch = 0;
  std::unique_ptr<train::Batches> batches;
  Device* device = nullptr;  // that batches are made for
};

struct TrainerObject {
  TrainerObject(nn::LayerPtr model, const nn::Parameters& parameters, std::shared_ptr<const nn::Optimizer> optimizer,
                const train::TrainerOptions& options)
      : trainer(std::move(model), parameters, std::move(optimizer), options) {}

  train::Trainer trainer;
  std::mutex mutex;                    // held during a call; a second one is BUSY, unless it comes out of a callback
  std::atomic<std::thread::id> owner;  // of the thread that holds it
  std::atomic<bool> freed{false};

  // A run in pieces (mlxc_trainer_begin).
  std::unique_ptr<train::Fit> fit;
  std::optional<CancelFlag> cancel;
};

}  // namespace mlxc::capi
