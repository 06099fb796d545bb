#include "backend/cpu/cpu_device.h"

#include <unistd.h>

#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/lower.h"
#include "ops/patterns.h"

namespace mlxc {
namespace {

class CpuStream final : public Stream {
 public:
  explicit CpuStream(int threads) : pool(threads) {}
  ThreadPool pool;
};

class CpuExecutable final : public Executable {
 public:
  explicit CpuExecutable(std::vector<LaunchPlan> plans) {
    for (LaunchPlan& plan : plans) {
      steps_.push_back({cpu::lower(plan), std::move(plan.places)});
      most_operands_ = std::max(most_operands_, steps_.back().places.size());
    }
  }

  void run(Stream& stream, std::span<const Binding> buffers, const std::atomic<bool>* cancel) const override {
    ThreadPool& pool = static_cast<CpuStream&>(stream).pool;
    std::vector<std::byte*> operands(most_operands_);
    for (const Step& step : steps_) {
      if (cancel && cancel->load(std::memory_order_relaxed)) fail(Status::cancelled, "the run was cancelled");
      for (size_t i = 0; i < step.places.size(); ++i) {
        const Binding& binding = buffers[size_t(step.places[i].buffer)];
        operands[i] = binding.storage->data() + binding.offset_bytes + step.places[i].offset_bytes;
      }
      step.launch->run(pool, operands.data());
    }
  }

 private:
  struct Step {
    cpu::LaunchPtr launch;
    std::vector<OperandPlace> places;
  };
  std::vector<Step> steps_;
  size_t most_operands_ = 0;
};

class CpuDevice final : public Device {
 public:
  CpuDevice() : Device(std::make_shared<Allocator>()) {}

  std::string name() const override { return "cpu"; }
  std::string description() const override { return cat("CPU with ", available_cores(), " cores, kernels for ", name_of(cpu::level_of(cpu::best_isa()))); }
  int64_t memory_bytes() const override { return int64_t(sysconf(_SC_PHYS_PAGES)) * int64_t(sysconf(_SC_PAGESIZE)); }

  std::unique_ptr<Stream> new_stream(int threads) override { return std::make_unique<CpuStream>(threads); }
  Stream& default_stream() override {
    std::lock_guard lock(stream_lock_);
    if (!stream_) stream_ = std::make_unique<CpuStream>(0);
    return *stream_;
  }

  bool accepts_layout(const Primitive& primitive, size_t input, const OperandType& operand) const override {
    return accepts_operand(primitive, input, operand);
  }
  std::unique_ptr<Executable> compile(CompilePlan plan) override { return std::make_unique<CpuExecutable>(std::move(plan.launches)); }
  std::span<const Pattern* const> patterns() const override {
    static const std::vector<const Pattern*> list = [] {
      std::vector<const Pattern*> all{&patterns::gated_linear(), &patterns::linear_residual(),  &patterns::matmul_bias(), &patterns::product_activation(),
                                      &patterns::convolution_relu(), &patterns::reductions()};
      if (cpu::brain_gemm_kernel(cpu::best_isa())) all.push_back(&patterns::matmul_brain());
      return all;
    }();
    return list;
  }
  FusionLimits fusion_limits() const override { return {32, 16}; }

 private:
  std::mutex stream_lock_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace

Device& cpu_device() {
  static CpuDevice* device = new CpuDevice;  // never destroyed: arrays may outlive every static object
  return *device;
}

}  // namespace mlxc
