#include "backend/vulkan/executable.h"

#include <algorithm>
#include <cstdlib>
#include <list>
#include <optional>

#include "backend/labels.h"
#include "backend/vulkan/formats.h"
#include "backend/vulkan/host_step.h"
#include "backend/vulkan/program.h"
#include "backend/vulkan/recorder.h"
#include "base/log.h"

namespace mlxc::vulkan {
namespace {

constexpr size_t kMostRecordings = 4;
constexpr int64_t kAddressAlignment = 16;    // what kernels may assume of every buffer
constexpr double kLongEnoughToLearn = 1e-3;  // seconds: less is mostly overhead
constexpr size_t kInFlight = 2;              // submissions

// Dispatches that run without the host between them, perhaps until a word is 0; then perhaps a launch on the host.
struct Segment {
  size_t begin, end;
  std::optional<Repeat> repeat = {};
  std::unique_ptr<HostStep> host = nullptr;
  ProfileLabelPtr host_label = nullptr;
};

struct Recording {
  std::vector<uint64_t> addresses;  // of the bindings
  Timing timing = Timing::none;
  bool busy = false;
  double slowness = 1;  // that its estimates assume
  StoragePtr counters;
  std::vector<Commands> commands;  // by segment
};

class VulkanExecutable final : public Executable {
 public:
  VulkanExecutable(std::shared_ptr<ProgramParts> parts, LoweredProgram program, std::vector<Pipelines::Pipeline> pipelines,
                   std::vector<std::unique_ptr<HostStep>> host_steps, const std::string& reason)
      : parts_(std::move(parts)),
        pipelines_(std::move(pipelines)),
        dispatches_(std::move(program.dispatches)),
        verdicts_(std::move(program.verdicts)),
        scratch_bytes_(program.scratch_bytes),
        counter_bytes_(program.counter_bytes) {
    find_extents(program.launches);
    launches_ = int64_t(program.launches.size());
    for (const Dispatch& dispatch : dispatches_) {
      ProfileLabel label = label_of(program.launches[size_t(dispatch.launch)], program.kernels[size_t(dispatch.kernel)].module,
                                    parts_->device.name(), reason);
      if (const int before = program.joined[size_t(dispatch.launch)]; before >= 0)
        join(label_of(program.launches[size_t(before)], {}, {}), label);
      label.flops = dispatch.work.flops;
      label.bytes = dispatch.work.bytes;
      labels_.push_back(std::make_shared<const ProfileLabel>(std::move(label)));
    }
    size_t next = 0, end = 0;
    auto repeat = program.repeats.begin();
    auto cut_repeats = [&] {  // up to `end`
      for (; repeat != program.repeats.end() && repeat->end <= end; ++repeat) {
        if (next < repeat->begin) segments_.push_back({next, repeat->begin});
        segments_.push_back({repeat->begin, repeat->end, std::move(*repeat)});
        next = segments_.back().end;
      }
    };
    for (size_t launch = 0; launch < program.launches.size(); ++launch) {
      if (!host_steps[launch]) continue;
      while (end < dispatches_.size() && dispatches_[end].launch < int(launch)) ++end;
      cut_repeats();
      // With the time of copying there and back.
      const std::string fallback = parts_->fallback.name();
      auto label =
          std::make_shared<const ProfileLabel>(label_of(program.launches[launch], "on " + fallback, fallback, program.reasons[launch]));
      segments_.push_back({next, end, {}, std::move(host_steps[launch]), std::move(label)});
      next = end;
      ++host_launches_;
    }
    end = dispatches_.size();
    cut_repeats();
    if (next < dispatches_.size() || segments_.empty()) segments_.push_back({next, dispatches_.size()});
    if (!program.table.empty()) {
      table_ = parts_->device.allocator().allocate(program.table.size());
      parts_->device.write(*table_, 0, program.table.data(), program.table.size());
    }
    program_counters().programs.fetch_add(1);
  }

  // Room to align its start; planned buffers are aligned to less.
  size_t scratch_bytes() const override { return scratch_bytes_ ? size_t(scratch_bytes_ + kScratchAlignment) : 0; }

  void run(Stream&, std::span<const Binding> buffers, const std::atomic<bool>* cancel) const override {
    const auto misaligned = [](const Binding& binding) { return address_of(binding) % kAddressAlignment != 0; };
    if (std::none_of(buffers.begin(), buffers.end(), misaligned)) return run_aligned(buffers, cancel);
    // Slices of arrays start anywhere, kernels load 16 bytes at once: copies stand in for those.
    std::vector<Binding> bindings(buffers.begin(), buffers.end());
    std::vector<StoragePtr> copies(bindings.size());
    Device& device = parts_->device;
    for (size_t i = 0; i < extents_.size(); ++i) {
      const Extent& extent = extents_[i];
      if (!misaligned(bindings[i]) || extent.begin == extent.end) continue;
      copies[i] = device.allocator().allocate(size_t(extent.end - extent.begin) + kAddressAlignment);
      const int64_t first = round_up(-extent.begin, kAddressAlignment);
      device.copy(*copies[i], first + extent.begin, *buffers[i].storage, buffers[i].offset_bytes + extent.begin,
                  size_t(extent.end - extent.begin));
      bindings[i] = {copies[i].get(), first};
    }
    run_aligned(bindings, cancel);
    for (size_t i = 0; i < extents_.size(); ++i) {
      const Extent& extent = extents_[i];
      if (!copies[i] || !written_[i]) continue;
      device.copy(*buffers[i].storage, buffers[i].offset_bytes + extent.begin, *copies[i], bindings[i].offset_bytes + extent.begin,
                  size_t(extent.end - extent.begin));
    }
  }

 private:
  void run_aligned(std::span<const Binding> buffers, const std::atomic<bool>* cancel) const {
    const std::shared_ptr<Recording> recording = acquire(buffers);
    struct Release {
      ~Release() {
        std::lock_guard lock(executable.mutex_);
        recording.busy = false;
      }
      const VulkanExecutable& executable;
      Recording& recording;
    } release{*this, *recording};
    const auto begin = Queue::Clock::now();
    ProfileProgram profile{id_, 1, launches_, 0, 0, host_launches_, 0, 0, 0};
    try {
      for (size_t i = 0; i < segments_.size(); ++i) {
        run_segment(*recording, i, profile, cancel);
        if (!segments_[i].host) continue;
        check(cancel);
        const auto start = Queue::Clock::now();
        parts_->run_on_host(*segments_[i].host, buffers, cancel);
        if (recording->timing != Timing::none) {
          const double nanoseconds = std::chrono::duration<double, std::nano>(Queue::Clock::now() - start).count();
          parts_->profile.add(segments_[i].host_label, start, nanoseconds, id_);
        }
        program_counters().host_launches.fetch_add(1, std::memory_order_relaxed);
      }
      check_verdicts(*recording);
      if (recording->timing != Timing::none) {
        profile.host_nanoseconds = std::chrono::duration<double, std::nano>(Queue::Clock::now() - begin).count();
        parts_->profile.add(profile);
      }
    } catch (const Error& error) {
      // What kernels count with may be half counted now. A cancelled run ended between dispatches, and only what has verdicts counts across
      // those.
      if (error.status() != Status::cancelled || !verdicts_.empty()) forget(recording);
      throw;
    } catch (...) {
      forget(recording);
      throw;
    }
  }

  void run_segment(const Recording& recording, size_t index, ProfileProgram& profile, const std::atomic<bool>* cancel) const {
    const std::optional<Repeat>& repeat = segments_[index].repeat;
    uint32_t word = 1;
    for (int round = 0; word; ++round) {
      if (repeat && round == repeat->most) fail(Status::internal, repeat->complaint);
      const auto start = Queue::Clock::now();
      run_commands(recording.commands[index], recording.slowness, repeat.has_value(), cancel);
      if (recording.timing != Timing::none) report(recording, index, start, profile);
      if (!repeat) return;
      parts_->device.read(*recording.counters, repeat->offset, &word, sizeof word);
    }
  }

  static uint64_t address_of(const Binding& binding) { return binding.storage->memory().address + uint64_t(binding.offset_bytes); }

  // Where the launches touch each buffer.
  void find_extents(const std::vector<LaunchPlan>& launches) {
    for (const LaunchPlan& launch : launches) {
      for (size_t i = 0; i < launch.places.size(); ++i) {
        const OperandPlace& place = launch.places[i];
        const bool written = i >= launch.inputs.size();
        const Extent extent = extent_of(written ? launch.outputs[i - launch.inputs.size()] : launch.inputs[i]);
        if (extents_.size() <= size_t(place.buffer)) {
          extents_.resize(size_t(place.buffer) + 1, {0, 0});
          written_.resize(extents_.size());
        }
        Extent& whole = extents_[size_t(place.buffer)];
        whole.begin = std::min(whole.begin, place.offset_bytes + extent.begin);
        whole.end = std::max(whole.end, place.offset_bytes + extent.end);
        if (written) written_[size_t(place.buffer)] = true;
      }
    }
  }

  static void check(const std::atomic<bool>* cancel) {
    if (cancel && cancel->load(std::memory_order_relaxed)) fail(Status::cancelled, "the run was cancelled");
  }

  void check_verdicts(const Recording& recording) const {
    if (verdicts_.empty()) return;
    std::vector<uint32_t> words(size_t(counter_bytes_ + 3) / 4);
    parts_->device.read(*recording.counters, 0, words.data(), size_t(counter_bytes_));
    for (const Verdict& verdict : verdicts_)
      if (const uint32_t word = words[size_t(verdict.offset) / 4]) fail(Status::invalid_argument, verdict.describe(word));
  }

  // skips: perhaps it leaves out what has converged, and a short time says nothing of the device.
  void run_commands(const Commands& commands, double slowness, bool skips, const std::atomic<bool>* cancel) const {
    Queue& queue = parts_->context->queue;
    const std::span<const Commands::Part> parts = commands.parts();
    std::vector<uint64_t> submissions;
    submissions.reserve(parts.size());
    const auto start = Queue::Clock::now();
    double estimated = 0, overhead = 0;
    try {
      for (const Commands::Part& part : parts) {
        if (submissions.size() >= kInFlight && !queue.wait(submissions[submissions.size() - kInFlight], cancel)) break;
        if (cancel && cancel->load(std::memory_order_relaxed)) break;
        submissions.push_back(queue.submit({&part.commands, 1}));
        program_counters().submissions.fetch_add(1, std::memory_order_relaxed);
        estimated += part.seconds;
        overhead += part.overhead;
      }
      // What was submitted ends before the memory it uses is anyone else's.
      if (!submissions.empty() && !queue.wait(submissions.back(), cancel)) queue.wait(submissions.back());
    } catch (...) {
      queue.settle();
      throw;
    }
    if (submissions.size() < parts.size()) fail(Status::cancelled, "the run was cancelled");
    const double measured = std::chrono::duration<double>(Queue::Clock::now() - start).count();
    if (!(skips && measured < estimated) && estimated > 2 * overhead && std::max(measured, estimated) > kLongEnoughToLearn)
      parts_->learn(slowness * std::max(measured - overhead, 0.0) / (estimated - overhead));
    check(cancel);
  }

  // A recording for these addresses that nobody else is running.
  std::shared_ptr<Recording> acquire(std::span<const Binding> buffers) const {
    const Timing timing = parts_->profile.timing();
    std::vector<uint64_t> addresses;
    addresses.reserve(buffers.size());
    for (const Binding& binding : buffers) addresses.push_back(address_of(binding));
    {
      std::lock_guard lock(mutex_);
      for (auto it = recordings_.begin(); it != recordings_.end(); ++it) {
        if ((*it)->busy || (*it)->timing != timing || (*it)->addresses != addresses) continue;
        if (badly_cut(**it)) {
          recordings_.erase(it);
          break;
        }
        recordings_.splice(recordings_.begin(), recordings_, it);
        (*it)->busy = true;
        return *it;
      }
    }
    std::shared_ptr<Recording> made = record(std::move(addresses), timing);
    made->busy = true;
    std::lock_guard lock(mutex_);
    recordings_.push_front(made);
    for (auto it = recordings_.end(); recordings_.size() > kMostRecordings && it != recordings_.begin();) {  // least recently used first
      --it;
      if (!(*it)->busy) it = recordings_.erase(it);
    }
    return made;
  }

  // Whether the device has turned out so much faster or slower since that submissions end in the wrong places.
  bool badly_cut(const Recording& recording) const {
    const double ratio = parts_->slowness() / recording.slowness;
    if (ratio > 0.7 && ratio < 2) return false;
    for (const Commands& commands : recording.commands) {
      if (ratio < 1 && commands.parts().size() > 1) return true;
      for (const Commands::Part& part : commands.parts())
        if (ratio > 1 && commands.dispatches() > int(commands.parts().size()) && part.seconds * ratio > 2 * kMostSecondsASubmission)
          return true;
    }
    return false;
  }

  std::shared_ptr<Recording> record(std::vector<uint64_t> addresses, Timing timing) const {
    auto recording = std::make_shared<Recording>();
    Bases bases;
    bases.buffers = addresses;
    if (scratch_bytes_) bases.scratch = uint64_t(round_up(int64_t(addresses.back()), kScratchAlignment));
    if (table_) bases.table = table_->memory().address;
    if (counter_bytes_) {
      recording->counters = parts_->device.allocator().allocate(size_t(counter_bytes_));
      parts_->device.clear(*recording->counters, 0, size_t(counter_bytes_));
      bases.counters = recording->counters->memory().address;
    }
    Rates rates = Rates::of(parts_->context->caps);
    recording->slowness = parts_->slowness();
    rates = {rates.flops / recording->slowness, rates.bytes / recording->slowness, rates.dispatch};
    recording->addresses = std::move(addresses);
    recording->timing = timing;
    for (const Segment& segment : segments_) {
      const std::span<const Dispatch> dispatches(dispatches_.data() + segment.begin, segment.end - segment.begin);
      recording->commands.emplace_back(*parts_->context, parts_->pipelines.layout(), dispatches, pipelines_, bases, rates, timing);
    }
    program_counters().recordings.fetch_add(1, std::memory_order_relaxed);
    return recording;
  }

  void forget(const std::shared_ptr<Recording>& recording) const {
    std::lock_guard lock(mutex_);
    recordings_.remove(recording);
  }

  // The device's clock has no place in the host's: a segment's dispatches follow each other from its submission on.
  void report(const Recording& recording, size_t index, Queue::Clock::time_point start, ProfileProgram& run) const {
    const Commands& commands = recording.commands[index];
    run.dispatches += commands.dispatches();
    run.barriers += commands.barriers();
    run.submissions += int64_t(commands.parts().size());
    const Commands::Times times = commands.times();
    run.nanoseconds += times.whole;
    std::chrono::duration<double, std::nano> passed(0);
    for (size_t j = 0; j < times.dispatches.size(); ++j) {
      const auto at = start + std::chrono::duration_cast<Queue::Clock::duration>(passed);
      parts_->profile.add(labels_[segments_[index].begin + j], at, times.dispatches[j], id_);
      passed += std::chrono::duration<double, std::nano>(times.dispatches[j]);
    }
  }

  const std::shared_ptr<ProgramParts> parts_;  // first: outlives what follows
  std::vector<Pipelines::Pipeline> pipelines_;
  std::vector<Dispatch> dispatches_;
  std::vector<Verdict> verdicts_;
  std::vector<Segment> segments_;
  std::vector<ProfileLabelPtr> labels_;  // of dispatches
  std::vector<Extent> extents_;          // by buffer
  std::vector<bool> written_;
  StoragePtr table_;
  int64_t scratch_bytes_, counter_bytes_, launches_ = 0, host_launches_ = 0, id_ = Profile::next_program();
  mutable std::mutex mutex_;
  mutable std::list<std::shared_ptr<Recording>> recordings_;  // last used first
};

std::string types_of(const LaunchPlan& launch) {
  std::string types;
  for (const OperandType& input : launch.inputs) types += cat(types.empty() ? "" : ", ", name_of(input.type.dtype));
  return types;
}

bool fallback_allowed() {
  const char* wanted = std::getenv("MLXC_VULKAN_FALLBACK");
  return !(wanted && std::string_view(wanted) == "0");
}

}  // namespace

ProgramParts::ProgramParts(std::shared_ptr<Context> context_of, Device& device_of, Device& fallback_of)
    : context(std::move(context_of)),
      device(device_of),
      fallback(fallback_of),
      pipelines(context, DiskCache::open()),
      profile(*device_of.profile()) {}

void ProgramParts::log_once(const std::string& message) {
  {
    std::lock_guard lock(mutex_);
    if (!logged_.insert(message).second) return;
  }
  log(LogLevel::warning, message);
}

void ProgramParts::learn(double slowness) {
  slowness = std::clamp(slowness, 0.02, 100.0);
  const double now = slowness_.load(std::memory_order_relaxed);
  // The table is a guess, a measurement is not. A run can be slow for many reasons, the first one for memory that is touched the first
  // time; none is too fast.
  const bool first = !learnt_.exchange(true, std::memory_order_relaxed);
  slowness_.store(first || slowness < now ? slowness : now + 0.3 * (slowness - now), std::memory_order_relaxed);
}

void ProgramParts::run_on_host(const HostStep& step, std::span<const Binding> buffers, const std::atomic<bool>* cancel) {
  std::lock_guard lock(host_mutex_);
  if (!host_stream_) host_stream_ = fallback.new_stream(0);
  step.run(*host_stream_, buffers, cancel);
}

std::shared_ptr<ProgramParts> make_program_parts(std::shared_ptr<Context> context, Device& device, Device& fallback) {
  return std::make_shared<ProgramParts>(std::move(context), device, fallback);
}

std::unique_ptr<Executable> make_executable(std::shared_ptr<ProgramParts> parts, const CompilePlan& plan) {
  const size_t count = plan.launches.size();
  const Capabilities& caps = parts->context->caps;
  std::vector<std::string> unavailable(count);
  std::vector<int> keep;  // buffers that stay float32
  bool ordered = true;    // values may be handed over in orders of their own
  for (;;) {
    std::vector<LaunchPlan> launches = plan.launches;
    const Formats formats = choose_formats(launches, plan.temporary, caps, keep, ordered);
    LoweredProgram program = lower_program(std::move(launches), caps, unavailable, formats);
    const std::vector<Pipelines::Result> made = parts->pipelines.get(program.kernels);
    std::vector<std::string> refused(count);
    for (const Dispatch& dispatch : program.dispatches)
      if (const Pipelines::Result& result = made[size_t(dispatch.kernel)]; !result.pipeline)
        refused[size_t(dispatch.launch)] = result.reason;

    // What runs elsewhere needs its operands as they were planned; what only failed with 16-bit operands gets another chance.
    bool again = false;
    for (size_t i = 0; i < count; ++i) {
      if (program.reasons[i].empty() && refused[i].empty()) continue;
      bool changed = false;
      for (const OperandPlace& place : program.launches[i].places) {
        if (std::find(formats.halved.begin(), formats.halved.end(), place.buffer) == formats.halved.end()) continue;
        keep.push_back(place.buffer);
        changed = true;
      }
      changed = changed || formats.depends(int(i));
      if (changed) ordered = false;
      if (!changed && !refused[i].empty()) unavailable[i] = refused[i];
      again |= changed || !refused[i].empty();
    }
    if (again) continue;

    std::vector<std::unique_ptr<HostStep>> host_steps(count);
    for (size_t i = 0; i < count; ++i) {
      if (program.reasons[i].empty()) continue;
      const LaunchPlan& launch = program.launches[i];
      if (!fallback_allowed()) fail(Status::unsupported, program.reasons[i]);
      if (!HostStep::can_move(*launch.primitive))
        fail(Status::unsupported, launch.primitive->name(), " is written for ", parts->device.name(),
             " and cannot run there: ", program.reasons[i]);
      host_steps[i] = std::make_unique<HostStep>(launch, parts->device, parts->fallback);
      parts->log_once(cat(launch.primitive->name(), " of (", types_of(launch), ") runs on ", parts->fallback.name(), " and not on ",
                          parts->device.name(), ": ", program.reasons[i]));
    }
    std::vector<Pipelines::Pipeline> pipelines;
    pipelines.reserve(made.size());
    for (const Pipelines::Result& result : made) pipelines.push_back(result.pipeline);
    return std::make_unique<VulkanExecutable>(std::move(parts), std::move(program), std::move(pipelines), std::move(host_steps),
                                              plan.reason);
  }
}

}  // namespace mlxc::vulkan
