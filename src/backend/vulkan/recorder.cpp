#include "backend/vulkan/recorder.h"

#include <algorithm>
#include <cstring>

namespace mlxc::vulkan {
namespace {

uint64_t base_of(const Bases& bases, const Target& target) {
  switch (target.region) {
    case Ref::Kind::operand: return bases.buffers[size_t(target.buffer)];
    case Ref::Kind::scratch: return bases.scratch;
    case Ref::Kind::table: return bases.table;
    case Ref::Kind::counters: return bases.counters;
  }
  return 0;
}

void touches_of(const Dispatch& dispatch, const Bases& bases, std::vector<Hazards::Touch>* touches) {
  touches->clear();
  for (const Target& target : dispatch.targets) {
    const uint64_t base = base_of(bases, target);
    touches->push_back({base + uint64_t(target.begin), base + uint64_t(target.end), target.access});
  }
}

}  // namespace

bool Hazards::overlaps(const std::vector<Range>& ranges, const Touch& touch) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) { return range.begin < touch.end && touch.begin < range.end; });
}

bool Hazards::conflict(std::span<const Touch> touches) const {
  return std::any_of(touches.begin(), touches.end(), [&](const Touch& touch) {
    return touch.begin < touch.end && (overlaps(written_, touch) || (touch.access != Access::read && overlaps(read_, touch)));
  });
}

void Hazards::add(std::span<const Touch> touches) {
  for (const Touch& touch : touches) {
    if (touch.begin >= touch.end) continue;
    if (touch.access != Access::write) read_.push_back({touch.begin, touch.end});
    if (touch.access != Access::read) written_.push_back({touch.begin, touch.end});
  }
}

void Hazards::clear() {
  read_.clear();
  written_.clear();
}

double Rates::seconds(const Work& work) const { return std::max(work.flops / flops, work.bytes / bytes) + dispatch; }

Rates Rates::of(const Capabilities& caps) {
  if (caps.software) return {5e9, 5e9, 40e-6};
  const double units = caps.multiprocessors ? caps.multiprocessors : 16;
  return {units * (caps.coopmat_f16 ? 1e12 : 0.1e12), units * 1e10, 3e-6};
}

Commands::Commands(const Context& context, VkPipelineLayout layout, std::span<const Dispatch> dispatches,
                   std::span<const Pipelines::Pipeline> pipelines, const Bases& bases, const Rates& rates, Timing timing)
    : context_(context), dispatches_(int(dispatches.size())) {
  const DeviceApi& api = context.api;
  VkCommandPoolCreateInfo pool_info{};
  pool_info.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  pool_info.queueFamilyIndex = context.family;
  VkCommandPool pool = VK_NULL_HANDLE;
  api.vkCreateCommandPool(context.device, &pool_info, nullptr, &pool);
  pool_ = {context, api.vkDestroyCommandPool, pool};
  if (timing != Timing::none && context.caps.timestamp_period > 0 && !dispatches.empty()) {
    VkQueryPoolCreateInfo query_info{};
    query_info.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    query_info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    query_count_ = uint32_t((timing == Timing::kernels ? 3 : 2) *
                            dispatches.size());  // at most one after each dispatch, one before each part and one after it
    query_info.queryCount = query_count_;
    VkQueryPool queries = VK_NULL_HANDLE;
    api.vkCreateQueryPool(context.device, &query_info, nullptr, &queries);
    queries_ = {context, api.vkDestroyQueryPool, queries};
  }

  Hazards hazards;
  std::vector<Hazards::Touch> touches;
  VkPipeline bound = VK_NULL_HANDLE;
  bool open = false;
  for (const Dispatch& dispatch : dispatches) {
    const double seconds = rates.seconds(dispatch.work);
    if (open && parts_.back().seconds + seconds > kMostSecondsASubmission) {
      end();
      open = false;
    }
    if (!open) {
      begin();
      open = true;
      hazards.clear();
      bound = VK_NULL_HANDLE;
    }
    const VkCommandBuffer commands = parts_.back().commands;
    touches_of(dispatch, bases, &touches);
    if (hazards.conflict(touches)) {
      VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, VK_ACCESS_SHADER_WRITE_BIT,
                              VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT};
      api.vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1, &barrier, 0,
                               nullptr, 0, nullptr);
      hazards.clear();
      ++barriers_;
    }
    hazards.add(touches);
    if (const VkPipeline pipeline = pipelines[size_t(dispatch.kernel)]->get(); pipeline != bound) {
      api.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
      bound = pipeline;
    }
    uint32_t pushed[kPushBytes / 4];
    size_t count = 0;
    for (const Target& target : dispatch.targets) {
      const uint64_t address = base_of(bases, target) + uint64_t(target.offset);
      pushed[count++] = uint32_t(address);
      pushed[count++] = uint32_t(address >> 32);
    }
    for (uint32_t word : dispatch.words) pushed[count++] = word;
    if (count) api.vkCmdPushConstants(commands, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, uint32_t(count * 4), pushed);
    api.vkCmdDispatch(commands, dispatch.groups.x, dispatch.groups.y, dispatch.groups.z);
    if (queries_ && timing == Timing::kernels) {
      stamp();
      stamps_.push_back(next_query_ - 1);
    }
    parts_.back().seconds += seconds;
    parts_.back().overhead += rates.dispatch;
  }
  if (open) end();
}

void Commands::begin() {
  const DeviceApi& api = context_.api;
  VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, nullptr, pool_.get(), VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                   1};
  Part part;
  api.vkAllocateCommandBuffers(context_.device, &info, &part.commands);
  parts_.push_back(part);
  VkCommandBufferBeginInfo begin{};
  begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  api.vkBeginCommandBuffer(part.commands, &begin);
  barrier_before(api, part.commands);
  if (!queries_) return;
  api.vkCmdResetQueryPool(part.commands, queries_.get(), next_query_, query_count_ - next_query_);
  borders_.push_back(next_query_);
  stamp();
}

void Commands::end() {
  if (queries_) {
    borders_.push_back(next_query_);
    stamp();
  }
  barrier_after(context_.api, parts_.back().commands);
  context_.api.vkEndCommandBuffer(parts_.back().commands);
}

void Commands::stamp() {
  context_.api.vkCmdWriteTimestamp(parts_.back().commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, queries_.get(), next_query_);
  ++next_query_;
}

Commands::Times Commands::times() const {
  Times times;
  if (!queries_) return times;
  std::vector<uint64_t> ticks(next_query_);
  context_.api.vkGetQueryPoolResults(context_.device, queries_.get(), 0, next_query_, ticks.size() * 8, ticks.data(), 8,
                                     VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
  const double period = context_.caps.timestamp_period;
  for (size_t i = 0; i + 1 < borders_.size(); i += 2) times.whole += double(ticks[borders_[i + 1]] - ticks[borders_[i]]) * period;
  for (uint32_t after : stamps_) times.dispatches.push_back(double(ticks[after] - ticks[after - 1]) * period);
  return times;
}

}  // namespace mlxc::vulkan
