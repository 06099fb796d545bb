#include "mlxc/memory.h"

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "capi/objects.h"

namespace mlxc::capi {
namespace {

// Calls `body` with the allocator of the device; NULL: of every open one.
template <class Body>
void for_each_allocator(mlxc_device* device, Body&& body) {
  if (device) return body(get(device)->device->allocator());
  body(cpu_device().allocator());
  for (Device* open : open_vulkan_devices()) body(open->allocator());
}

}  // namespace

extern "C" {

mlxc_status mlxc_memory_read(mlxc_device* device, mlxc_memory_stats* stats, mlxc_error* error) {
  return guard(error, [&] {
    mlxc_memory_stats value = MLXC_MEMORY_STATS_INIT;
    double hit_time = 0, miss_time = 0;
    for_each_allocator(device, [&](Allocator& allocator) {
      const MemoryStats read = allocator.stats();
      value.active_bytes += read.active;
      value.cached_bytes += read.cached;
      value.peak_bytes += read.peak;
      value.requested_bytes += read.requested;
      value.reserved_bytes += read.reserved;
      value.peak_requested_bytes += read.peak_requested;
      value.peak_reserved_bytes += read.peak_reserved;
      value.limit_bytes += read.limit;
      value.cache_limit_bytes += read.cache_limit;
      value.hits += read.hits;
      value.misses += read.misses;
      hit_time += read.hit_nanoseconds * double(read.hits);
      miss_time += read.miss_nanoseconds * double(read.misses);
    });
    if (value.hits) value.hit_nanoseconds = hit_time / double(value.hits);
    if (value.misses) value.miss_nanoseconds = miss_time / double(value.misses);
    if (value.peak_reserved_bytes) value.fragmentation = 1 - double(value.peak_requested_bytes) / double(value.peak_reserved_bytes);
    write_struct(stats, value, "stats");
  });
}

mlxc_status mlxc_memory_reset_peak(mlxc_device* device, mlxc_error* error) {
  return guard(error, [&] { for_each_allocator(device, [](Allocator& allocator) { allocator.reset_peak(); }); });
}

mlxc_status mlxc_memory_release_cache(mlxc_device* device, mlxc_error* error) {
  return guard(error, [&] { for_each_allocator(device, [](Allocator& allocator) { allocator.release_cache(); }); });
}

mlxc_status mlxc_memory_trim(mlxc_device* device, int64_t keep_bytes, mlxc_error* error) {
  return guard(error, [&] {
    const size_t keep = size_t(in_range(keep_bytes, 0, INT64_MAX, "keep_bytes"));
    for_each_allocator(device, [&](Allocator& allocator) { allocator.trim(keep); });
  });
}

mlxc_status mlxc_memory_set_limit(mlxc_device* device, int64_t bytes, mlxc_error* error) {
  return guard(error, [&] {
    const size_t limit = size_t(in_range(bytes, 0, INT64_MAX, "bytes"));
    for_each_allocator(device, [&](Allocator& allocator) { allocator.set_limit(limit); });
  });
}

mlxc_status mlxc_memory_set_cache_limit(mlxc_device* device, int64_t bytes, mlxc_error* error) {
  return guard(error, [&] {
    const size_t limit = size_t(in_range(bytes, 0, INT64_MAX, "bytes"));
    for_each_allocator(device, [&](Allocator& allocator) { allocator.set_cache_limit(limit); });
  });
}

int64_t mlxc_handle_count(int32_t kind) {
  if (kind < MLXC_HANDLE_ANY || kind > MLXC_HANDLE_FENCE) return -1;
  int64_t count = 0;
  for (int32_t k = MLXC_HANDLE_DEVICE; k <= MLXC_HANDLE_FENCE; ++k)
    if (kind == k || kind == MLXC_HANDLE_ANY) count += HandleTable::global().count(k);
  return count;
}

}  // extern "C"
}  // namespace mlxc::capi
