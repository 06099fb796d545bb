#include "backend/null/null_device.h"

#include <utility>

namespace mlxc {
namespace {

class NullExecutable final : public Executable {
 public:
  NullExecutable(std::shared_ptr<NullDevice::Log> log, const std::vector<LaunchPlan>& launches) : log_(std::move(log)) {
    for (const LaunchPlan& launch : launches) names_.emplace_back(launch.primitive->name());
  }
  void run(Stream&, std::span<const Binding>, const std::atomic<bool>* cancel) const override {
    for (const std::string& name : names_) {
      if (cancel && cancel->load()) fail(Status::cancelled, "the run was cancelled");
      std::lock_guard lock(log_->mutex);
      log_->names.push_back(name);
    }
  }

 private:
  std::shared_ptr<NullDevice::Log> log_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Executable> NullDevice::compile(CompilePlan plan) {
  std::lock_guard lock(log_->mutex);
  log_->compiled = plan.launches;
  return std::make_unique<NullExecutable>(log_, plan.launches);
}

std::vector<std::string> NullDevice::take_launches() {
  std::lock_guard lock(log_->mutex);
  return std::exchange(log_->names, {});
}

std::vector<LaunchPlan> NullDevice::last_compiled() const {
  std::lock_guard lock(log_->mutex);
  return log_->compiled;
}

}  // namespace mlxc
