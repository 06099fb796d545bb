#include "train/loader.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "train/splitmix.h"

namespace mlxc::train {

LoaderPlan::LoaderPlan(DatasetPtr data, const LoaderOptions& given) : dataset(std::move(data)), options(given) {
  if (options.batch_size < 1) fail(Status::invalid_argument, "loader: batches of ", options.batch_size, " samples, expected 1 or more");
  if (options.prefetch < 0 || options.prefetch > 64)
    fail(Status::invalid_argument, "loader: prefetch is ", options.prefetch, ", expected 0 to 64");
}

int64_t LoaderPlan::batches() const {
  const int64_t samples = dataset->samples(), whole = samples / options.batch_size;
  return options.drop_last || samples % options.batch_size == 0 ? whole : whole + 1;
}

std::vector<int64_t> LoaderPlan::order(int64_t epoch) const {
  if (options.shuffle) return shuffled(dataset->samples(), seed_of(options.seed, uint64_t(epoch)));
  std::vector<int64_t> order(static_cast<size_t>(dataset->samples()));
  for (size_t i = 0; i < order.size(); ++i) order[i] = int64_t(i);
  return order;
}

Batches::Batches(const LoaderPlan& plan, Device& device, int64_t epoch, int64_t first)
    : dataset_(plan.dataset), options_(plan.options), device_(device), order_(plan.order(epoch)), end_(plan.batches()), made_(first) {
  if (epoch < 0 || first < 0) fail(Status::invalid_argument, "loader: batch ", first, " of epoch ", epoch, ", expected 0 or more");
  if (options_.prefetch == 0 || first >= end_) return;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    fail(Status::out_of_memory, "the loader's thread cannot be started: ", error.what());
  }
}

Batches::~Batches() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Arrays Batches::make(int64_t batch) const {
  const int64_t begin = batch * options_.batch_size, end = std::min(begin + options_.batch_size, int64_t(order_.size()));
  return read_batch(*dataset_, device_, std::span(order_).subspan(size_t(begin), size_t(end - begin)));
}

void Batches::run() {
  for (; made_ < end_; ++made_) {
    Arrays batch;
    std::exception_ptr failure;
    try {
      batch = make(made_);
    } catch (...) {
      failure = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return stopping_ || int(ready_.size()) < options_.prefetch; });
    if (stopping_) return;
    if (failure) {
      failure_ = std::move(failure);
      break;
    }
    ready_.push_back(std::move(batch));
    wake_.notify_all();
  }
  std::lock_guard lock(mutex_);
  finished_ = true;
  wake_.notify_all();
}

Arrays Batches::next(const std::atomic<bool>* cancel) {
  auto cancelled = [&] { return cancel && cancel->load(std::memory_order_relaxed); };
  if (cancelled()) fail(Status::cancelled, "loading was cancelled");
  if (!thread_.joinable()) return made_ < end_ ? make(made_++) : Arrays();
  std::unique_lock lock(mutex_);
  // The flag has nobody to wake us: look at it now and then.
  while (!wake_.wait_for(lock, std::chrono::milliseconds(20), [&] { return !ready_.empty() || finished_; }))
    if (cancelled()) fail(Status::cancelled, "loading was cancelled");
  if (ready_.empty()) {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return {};
  }
  Arrays batch = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  wake_.notify_all();
  return batch;
}

}  // namespace mlxc::train
