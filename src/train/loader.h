// Batches of a dataset, in an order that seed and epoch fix, made ahead by a thread.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "train/dataset.h"

namespace mlxc::train {

struct LoaderOptions {
  int64_t batch_size = 32;
  bool shuffle = false;
  uint64_t seed = 0;
  bool drop_last = false;
  int prefetch = 2;  // batches made ahead; 0: no thread
};

// What to load: a description, shared and immutable. Batches are a pass over it.
struct LoaderPlan {
  LoaderPlan(DatasetPtr dataset, const LoaderOptions& options);
  int64_t batches() const;
  std::vector<int64_t> order(int64_t epoch) const;

  DatasetPtr dataset;
  LoaderOptions options;
};

// One pass over an epoch, from one of its batches on. One thread at a time.
class Batches {
 public:
  Batches(const LoaderPlan& plan, Device& device, int64_t epoch, int64_t first);
  ~Batches();  // waits for the batch that is being made, unless its own making ends here
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

  // The fields of the next batch; empty at the end. What made a batch fail comes out here, once; then the pass is at its end.
  // Error(cancelled) soon after `cancel` is set; the pass stays as it is.
  Arrays next(const std::atomic<bool>* cancel = nullptr);

 private:
  struct Pass;  // also its thread's, which a callback of the dataset may outlive this on
  const std::shared_ptr<Pass> pass_;
  std::thread thread_;
};

}  // namespace mlxc::train
