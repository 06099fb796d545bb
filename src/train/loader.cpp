#include "train/loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
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

struct Batches::Pass {
  Pass(const LoaderPlan& plan, Device& device, int64_t epoch, int64_t first)
      : dataset(plan.dataset), options(plan.options), device(device), order(plan.order(epoch)), end(plan.batches()), made(first) {}

  Arrays make(int64_t batch) const {
    const int64_t begin = batch * options.batch_size, last = std::min(begin + options.batch_size, int64_t(order.size()));
    return read_batch(*dataset, device, std::span(order).subspan(size_t(begin), size_t(last - begin)));
  }
  void run();

  const DatasetPtr dataset;
  const LoaderOptions options;
  Device& device;
  const std::vector<int64_t> order;
  const int64_t end;
  int64_t made;  // the next batch to make: the thread's, where there is one

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Arrays> ready;
  std::exception_ptr failure;
  bool finished = false, stopping = false;
};

Batches::Batches(const LoaderPlan& plan, Device& device, int64_t epoch, int64_t first)
    : pass_(std::make_shared<Pass>(plan, device, epoch, first)) {
  if (epoch < 0 || first < 0) fail(Status::invalid_argument, "loader: batch ", first, " of epoch ", epoch, ", expected 0 or more");
  if (plan.options.prefetch == 0 || first >= pass_->end) return;
  try {
    thread_ = std::thread([pass = pass_] { pass->run(); });
  } catch (const std::system_error& error) {
    fail(Status::out_of_memory, "the loader's thread cannot be started: ", error.what());
  }
}

Batches::~Batches() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(pass_->mutex);
    pass_->stopping = true;
  }
  pass_->wake.notify_all();
  if (std::this_thread::get_id() == thread_.get_id())
    thread_.detach();  // a callback of the dataset freed the loader
  else
    thread_.join();
}

void Batches::Pass::run() {
  for (; made < end; ++made) {
    Arrays batch;
    std::exception_ptr trouble;
    try {
      batch = make(made);
    } catch (...) {
      trouble = std::current_exception();
    }
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return stopping || int(ready.size()) < options.prefetch; });
    if (stopping) return;
    try {
      if (!trouble) ready.push_back(std::move(batch));
    } catch (...) {
      trouble = std::current_exception();
    }
    if (trouble) {
      failure = std::move(trouble);
      break;
    }
    wake.notify_all();
  }
  std::lock_guard lock(mutex);
  finished = true;
  wake.notify_all();
}

Arrays Batches::next(const std::atomic<bool>* cancel) {
  Pass& pass = *pass_;
  auto cancelled = [&] { return cancel && cancel->load(std::memory_order_relaxed); };
  if (cancelled()) fail(Status::cancelled, "loading was cancelled");
  if (!thread_.joinable()) return pass.made < pass.end ? pass.make(pass.made++) : Arrays();
  std::unique_lock lock(pass.mutex);
  // The flag has nobody to wake us: look at it now and then.
  while (!pass.wake.wait_for(lock, std::chrono::milliseconds(20), [&] { return !pass.ready.empty() || pass.finished; }))
    if (cancelled()) fail(Status::cancelled, "loading was cancelled");
  if (pass.ready.empty()) {
    if (pass.failure) std::rethrow_exception(std::exchange(pass.failure, nullptr));
    return {};
  }
  Arrays batch = std::move(pass.ready.front());
  pass.ready.pop_front();
  lock.unlock();
  pass.wake.notify_all();
  return batch;
}

}  // namespace mlxc::train
