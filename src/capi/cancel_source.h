// Who must be told when work is to stop: a cancel handle, a model that is freed, a queue that is freed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace mlxc::capi {

// Fires once. Listeners run without a lock held, so they may be anything. Threads: any.
class CancelSource {
 public:
  // Calls `listener` when triggered, at once if that is so already. Returns a name for remove().
  uint64_t add(std::function<void()> listener) {
    {
      std::lock_guard lock(mutex_);
      if (!triggered_) {
        listeners_.emplace(++last_, std::move(listener));
        return last_;
      }
    }
    listener();
    return 0;
  }

  // A listener that is being called at this moment may still run to its end.
  void remove(uint64_t name) noexcept {
    std::function<void()> dropped;
    std::lock_guard lock(mutex_);
    if (auto found = listeners_.find(name); found != listeners_.end()) {
      dropped = std::move(found->second);
      listeners_.erase(found);
    }
  }

  void trigger() noexcept {
    std::map<uint64_t, std::function<void()>> listeners;
    {
      std::lock_guard lock(mutex_);
      triggered_ = true;
      listeners.swap(listeners_);
    }
    for (auto& [name, listener] : listeners) listener();
  }

  bool triggered() const {
    std::lock_guard lock(mutex_);
    return triggered_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<uint64_t, std::function<void()>> listeners_;
  uint64_t last_ = 0;
  bool triggered_ = false;
};

// Listens as long as it lives. A null source never fires.
class CancelListener {
 public:
  CancelListener() = default;
  CancelListener(std::shared_ptr<CancelSource> source, std::function<void()> listener) : source_(std::move(source)) {
    if (source_) name_ = source_->add(std::move(listener));
  }
  CancelListener(CancelListener&& other) noexcept : source_(std::move(other.source_)), name_(other.name_) {}
  CancelListener& operator=(CancelListener&& other) noexcept {
    std::swap(source_, other.source_);
    std::swap(name_, other.name_);
    return *this;
  }
  ~CancelListener() {
    if (source_) source_->remove(name_);
  }

 private:
  std::shared_ptr<CancelSource> source_;
  uint64_t name_ = 0;
};

}  // namespace mlxc::capi
