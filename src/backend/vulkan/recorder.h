// Dispatches into command buffers: addresses bound, barriers where ranges demand them, cut into pieces of bounded time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/vulkan/context.h"
#include "backend/vulkan/pipelines.h"
#include "backend/vulkan/profile.h"
#include "backend/vulkan/program.h"

namespace mlxc::vulkan {

// What has been read and written since the last barrier, by address.
class Hazards {
 public:
  struct Touch {
    uint64_t begin, end;
    Access access;
  };
  // Whether a dispatch must wait: it reads what was written, or writes what was read or written.
  bool conflict(std::span<const Touch> touches) const;
  void add(std::span<const Touch> touches);
  void clear();

 private:
  struct Range {
    uint64_t begin, end;
  };
  static bool overlaps(const std::vector<Range>& ranges, const Touch& touch);
  std::vector<Range> read_, written_;
};

// Where the regions of a program lie in one run.
struct Bases {
  std::vector<uint64_t> buffers;
  uint64_t scratch = 0, table = 0, counters = 0;
};

// How long work takes about: decides where a submission ends.
struct Rates {
  double flops = 20e12, bytes = 500e9, dispatch = 3e-6;  // per second, per second, seconds
  double seconds(const Work& work) const;
  static Rates of(const Capabilities& caps);
};
inline constexpr double kMostSecondsASubmission = 0.01;

// Command buffers for a range of dispatches. They can be submitted again and again, one run at a time.
class Commands {
 public:
  struct Part {
    VkCommandBuffer commands = VK_NULL_HANDLE;
    double seconds = 0;   // estimated
    double overhead = 0;  // of them, what dispatches cost by being there
  };

  // pipelines: by kernel. timing: timestamps around every part, and every dispatch.
  Commands(const Context& context, VkPipelineLayout layout, std::span<const Dispatch> dispatches,
           std::span<const Pipelines::Pipeline> pipelines, const Bases& bases, const Rates& rates, Timing timing);

  std::span<const Part> parts() const { return parts_; }
  int barriers() const { return barriers_; }
  int dispatches() const { return dispatches_; }
  // Nanoseconds of all parts, and of each dispatch (empty when kernels are not timed), once all parts are done.
  struct Times {
    double whole = 0;
    std::vector<double> dispatches;
  };
  Times times() const;

 private:
  void begin();
  void end();
  void stamp();

  const Context& context_;
  Owned<VkCommandPool> pool_;
  Owned<VkQueryPool> queries_;
  std::vector<Part> parts_;
  std::vector<uint32_t> stamps_;   // of each dispatch: the query after it; the one before it is the one before
  std::vector<uint32_t> borders_;  // the first query of each part, and the last
  uint32_t next_query_ = 0, query_count_ = 0;
  int barriers_ = 0, dispatches_ = 0;
};

}  // namespace mlxc::vulkan
