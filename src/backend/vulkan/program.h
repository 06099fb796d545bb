// A lowered program: its dispatches in order, with everything but addresses.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "backend/vulkan/formats.h"

namespace mlxc::vulkan {

// An argument of a dispatch: an address and the bytes around it that the kernel touches, all from the start of a region.
struct Target {
  Ref::Kind region;
  int buffer;  // Ref::Kind::operand: which binding
  int64_t offset, begin, end;
  Access access;
};

struct Dispatch {
  int launch, kernel;
  Grid groups;
  std::vector<Target> targets;
  std::vector<uint32_t> words;
  Work work;
};

// See Emitter::verdict.
struct Verdict {
  int launch;
  int64_t offset;  // in the counters
  std::function<std::string(uint32_t)> describe;
};

// See Emitter::repeat.
struct Repeat {
  size_t begin, end;  // dispatches
  int64_t offset;     // of the word, in the counters
  int most;
  std::string complaint;
};

struct LoweredProgram {
  std::vector<LaunchPlan> launches;
  std::vector<std::string> reasons;  // by launch: why it runs on the fallback device; empty: it runs here
  std::vector<int> joined;           // by launch: the one before it that it does as well, or -1
  std::vector<Kernel> kernels;       // each once
  std::vector<Dispatch> dispatches;  // in order of their launches
  std::vector<Verdict> verdicts;
  std::vector<Repeat> repeats;   // in order
  std::vector<std::byte> table;  // constants
  int64_t scratch_bytes = 0, counter_bytes = 0;
};

// Lowers every launch; one that throws Error(unsupported) gets its reason instead of dispatches. `unavailable`: by launch, reasons known
// before.
LoweredProgram lower_program(std::vector<LaunchPlan> launches, const Capabilities& caps, std::vector<std::string> unavailable,
                             const Formats& formats = {});

inline constexpr int64_t kScratchAlignment = 256, kTableAlignment = 16, kCounterAlignment = 64;
inline constexpr size_t kPushBytes = 128;  // what every device has

}  // namespace mlxc::vulkan
