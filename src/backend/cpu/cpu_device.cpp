#include "backend/cpu/cpu_device.h"

#include <unistd.h>

#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/lower.h"
#include "backend/labels.h"
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
  CpuExecutable(CompilePlan all, std::shared_ptr<Profile> profile) : profile_(std::move(profile)) {
    for (size_t i = 0; i < all.launches.size(); ++i) {
      LaunchPlan& plan = all.launches[i];
      ProfileLabel label = label_of(plan, std::string(name_of(cpu::level_of(cpu::best_isa()))), "cpu", all.reason);
      if (joins_next(all, i)) {
        LaunchPlan& next = all.launches[++i];
        label = joined(label, label_of(next, label.kernel, "cpu", all.reason), plan);
        cpu::LaunchPtr launch = cpu::lower_chain_reduction(plan, next);
        plan.places.resize(plan.inputs.size());
        plan.places.insert(plan.places.end(), next.places.begin() + long(next.inputs.size()), next.places.end());
        steps_.push_back({std::move(launch), std::move(plan.places), std::make_shared<const ProfileLabel>(std::move(label))});
      } else {
        steps_.push_back({cpu::lower(plan), std::move(plan.places), std::make_shared<const ProfileLabel>(std::move(label))});
      }
      most_operands_ = std::max(most_operands_, steps_.back().places.size());
    }
  }

  void run(Stream& stream, std::span<const Binding> buffers, const std::atomic<bool>* cancel) const override {
    ThreadPool& pool = static_cast<CpuStream&>(stream).pool;
    std::vector<std::byte*> operands(most_operands_);
    const Timing timing = profile_->timing();
    const bool timed = timing == Timing::kernels;
    const auto begin = Profile::Clock::now();
    ProfileProgram run{id_, 1, std::ssize(steps_)};
    for (const Step& step : steps_) {
      if (cancel && cancel->load(std::memory_order_relaxed)) fail(Status::cancelled, "the run was cancelled");
      for (size_t i = 0; i < step.places.size(); ++i) {
        const Binding& binding = buffers[size_t(step.places[i].buffer)];
        operands[i] = binding.storage->data() + binding.offset_bytes + step.places[i].offset_bytes;
      }
      const auto start = timed ? Profile::Clock::now() : Profile::Clock::time_point();
      step.launch->run(pool, operands.data());
      if (!timed) continue;
      const double nanoseconds = std::chrono::duration<double, std::nano>(Profile::Clock::now() - start).count();
      profile_->add(step.label, start, nanoseconds, id_);
      run.nanoseconds += nanoseconds;
    }
    if (timing == Timing::none) return;
    run.host_nanoseconds = std::chrono::duration<double, std::nano>(Profile::Clock::now() - begin).count();
    if (!timed) run.nanoseconds = run.host_nanoseconds;
    profile_->add(run);
  }

 private:
  // A chain and the reduction right after it, when nothing else reads the values between them.
  static bool joins_next(const CompilePlan& all, size_t at) {
    if (at + 1 == all.launches.size() || !cpu::joins_reduction(all.launches[at], all.launches[at + 1])) return false;
    const int between = all.launches[at + 1].places[0].buffer;
    if (size_t(between) >= all.temporary.size() || !all.temporary[size_t(between)]) return false;
    for (size_t i = at + 2; i < all.launches.size(); ++i)
      for (const OperandPlace& place : all.launches[i].places)
        if (place.buffer == between) return false;
    return true;
  }

  static ProfileLabel joined(const ProfileLabel& chain, ProfileLabel label, const LaunchPlan& plan) {
    const TensorType& between = plan.outputs[0].type;
    join(chain, label);
    label.flops += chain.flops;
    label.bytes += chain.bytes - 2.0 * double(element_count(between.shape) * size_of(between.dtype));
    return label;
  }

  struct Step {
    cpu::LaunchPtr launch;
    std::vector<OperandPlace> places;
    ProfileLabelPtr label;
  };
  const std::shared_ptr<Profile> profile_;
  const int64_t id_ = Profile::next_program();
  std::vector<Step> steps_;
  size_t most_operands_ = 0;
};

int64_t memory_in_all() { return int64_t(sysconf(_SC_PHYS_PAGES)) * int64_t(sysconf(_SC_PAGESIZE)); }

class CpuDevice final : public Device {
 public:
  // A quarter of the memory may wait for the next use: a training step's worth of activations goes round without the operating system.
  CpuDevice() : Device(std::make_shared<Allocator>(host_memory_calls(), size_t(memory_in_all() / 4))) {}

  std::string name() const override { return "cpu"; }
  std::string description() const override {
    return cat("CPU with ", available_cores(), " cores, kernels for ", name_of(cpu::level_of(cpu::best_isa())));
  }
  int64_t memory_bytes() const override { return memory_in_all(); }

  std::unique_ptr<Stream> new_stream(int threads) override { return std::make_unique<CpuStream>(threads); }
  Stream& default_stream() override {
    std::lock_guard lock(stream_lock_);
    if (!stream_) stream_ = std::make_unique<CpuStream>(0);
    return *stream_;
  }

  // On the pool when it is free, each piece on one thread. A caller who finds the pool at work, or has one
  // piece only, computes on his own thread: nobody is woken for a small batch, and concurrent callers do not wait for each other.
  void run_pieces(int64_t count, const Piece& body) override {
    if (count > 1) {
      auto& shared = static_cast<CpuStream&>(default_stream());
      if (shared.pool.try_parallel_for(count, 1, [&](int64_t begin, int64_t end, int) { run_here(begin, end, body); })) return;
    }
    run_here(0, count, body);
  }
  size_t piece_bytes() const override { return size_t{512} << 10; }  // half of a usual second-level cache

  bool accepts_layout(const Primitive& primitive, size_t input, const OperandType& operand) const override {
    return accepts_operand(primitive, input, operand) || cpu::accepts_layout(primitive, input, operand);
  }
  bool claims(const Primitive& primitive, TensorTypes) const override {
    return primitive.code() != OpCode::batch_norm && primitive.code() != OpCode::batch_norm_gradient;
  }
  bool joins(const LaunchPlan& first, const LaunchPlan& second) const override { return cpu::joins_reduction(first, second); }
  std::unique_ptr<Executable> compile(CompilePlan plan) override { return std::make_unique<CpuExecutable>(std::move(plan), profile()); }
  std::span<const Pattern* const> patterns() const override {
    static const std::vector<const Pattern*> list = [] {
      std::vector<const Pattern*> all{&patterns::gated_linear(),       &patterns::linear_residual(), &patterns::matmul_bias(),
                                      &patterns::product_activation(), &patterns::product_dropout(), &patterns::convolution_relu(),
                                      &patterns::reductions()};
      if (cpu::brain_gemm_kernel(cpu::best_isa())) all.insert(all.end(), {&patterns::matmul_brain(), &patterns::rounded_matmul()});
      return all;
    }();
    return list;
  }
  FusionLimits fusion_limits() const override { return {32, 16}; }
  void page_from_plain(bool keys, const TensorType& pages, const std::byte* from, std::byte* to) const override {
    cpu::kv_page_from_plain(cpu::page_layout(pages), keys, from, to);
  }
  void page_to_plain(bool keys, const TensorType& pages, const std::byte* from, std::byte* to) const override {
    cpu::kv_page_to_plain(cpu::page_layout(pages), keys, from, to);
  }

 private:
  void run_here(int64_t begin, int64_t end, const Piece& body) {
    std::unique_ptr<CpuStream> own = lease();
    for (int64_t i = begin; i < end; ++i) body(i, *own);
    std::lock_guard lock(stream_lock_);
    if (serial_.size() < 64) serial_.push_back(std::move(own));
  }
  // A stream of one thread: the caller's.
  std::unique_ptr<CpuStream> lease() {
    std::lock_guard lock(stream_lock_);
    if (serial_.empty()) return std::make_unique<CpuStream>(1);
    std::unique_ptr<CpuStream> stream = std::move(serial_.back());
    serial_.pop_back();
    return stream;
  }

  std::mutex stream_lock_;
  std::unique_ptr<Stream> stream_;
  std::vector<std::unique_ptr<CpuStream>> serial_;  // not in use
};

}  // namespace

Device& cpu_device() {
  static CpuDevice* device = new CpuDevice;  // never destroyed: arrays may outlive every static object
  return *device;
}

}  // namespace mlxc
