#include "backend/vulkan/fragments.h"

#include "backend/vulkan/lower_linear.h"
#include "base/log.h"

namespace mlxc::vulkan {
namespace {

bool probe(Context& context, Pipelines& pipelines, Allocator& allocator, bool bf16) {
  const DeviceApi& api = context.api;
  const FragmentProbe probe = fragment_probe(context.caps, bf16);
  const std::vector<Pipelines::Result> made = pipelines.get({&probe.kernel, 1});
  if (!made[0].pipeline) return false;
  const StoragePtr words = allocator.allocate(probe.words * sizeof(uint32_t), MemoryUse::readback);

  VkCommandPoolCreateInfo pool_info{};
  pool_info.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  pool_info.queueFamilyIndex = context.family;
  VkCommandPool pool = VK_NULL_HANDLE;
  api.vkCreateCommandPool(context.device, &pool_info, nullptr, &pool);
  const Owned<VkCommandPool> owned(context, api.vkDestroyCommandPool, pool);
  const struct Settle {  // before pool and memory go, whatever fails
    ~Settle() { queue.settle(); }
    Queue& queue;
  } settle{context.queue};
  VkCommandBufferAllocateInfo allocate{};
  allocate.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
  allocate.commandPool = pool;
  allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  allocate.commandBufferCount = 1;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  api.vkAllocateCommandBuffers(context.device, &allocate, &commands);
  VkCommandBufferBeginInfo begin{};
  begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  api.vkBeginCommandBuffer(commands, &begin);
  api.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, made[0].pipeline->get());
  const uint64_t address = words->memory().address;
  api.vkCmdPushConstants(commands, pipelines.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof address, &address);
  api.vkCmdDispatch(commands, 1, 1, 1);
  barrier_after(api, commands);
  api.vkEndCommandBuffer(commands);
  context.queue.wait(context.queue.submit({&commands, 1}));
  return fragments_match({reinterpret_cast<const uint32_t*>(words->data()), probe.words});
}

}  // namespace

void probe_fragments(Context& context, Pipelines& pipelines, Allocator& allocator) {
  Capabilities& caps = context.caps;
  if (!caps.fragment_layout) return;
  try {
    caps.fragment_layout = (!caps.coopmat_f16 || probe(context, pipelines, allocator, false)) &&
                           (!caps.coopmat_bf16 || probe(context, pipelines, allocator, true));
  } catch (const Error& error) {
    if (error.status() == Status::device_lost) throw;
    log(LogLevel::warning, "the layout of matrix fragments cannot be asked for: ", error.what());
    caps.fragment_layout = false;
  }
}

}  // namespace mlxc::vulkan
