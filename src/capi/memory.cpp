#include "mlxc/memory.h"

#include "capi/objects.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_memory_read(mlxc_device* device, mlxc_memory_stats* stats, mlxc_error* error) {
  return guard(error, [&] {
    MemoryStats read = device_of(device).allocator().stats();
    mlxc_memory_stats value = MLXC_MEMORY_STATS_INIT;
    value.active_bytes = read.active;
    value.cached_bytes = read.cached;
    value.peak_bytes = read.peak;
    write_struct(stats, value, "stats");
  });
}

mlxc_status mlxc_memory_reset_peak(mlxc_device* device, mlxc_error* error) {
  return guard(error, [&] { device_of(device).allocator().reset_peak(); });
}

mlxc_status mlxc_memory_release_cache(mlxc_device* device, mlxc_error* error) {
  return guard(error, [&] { device_of(device).allocator().release_cache(); });
}

mlxc_status mlxc_memory_set_cache_limit(mlxc_device* device, int64_t bytes, mlxc_error* error) {
  return guard(error, [&] {
    Device& target = device_of(device);
    target.allocator().set_cache_limit(size_t(in_range(bytes, 0, INT64_MAX, "bytes")));
  });
}

int64_t mlxc_handle_count(int32_t kind) {
  if (kind < MLXC_HANDLE_ANY || kind > MLXC_HANDLE_FUNCTION) return -1;
  int64_t count = 0;
  for (int32_t k = MLXC_HANDLE_DEVICE; k <= MLXC_HANDLE_FUNCTION; ++k)
    if (kind == k || kind == MLXC_HANDLE_ANY) count += HandleTable::global().count(k);
  return count;
}

}  // extern "C"
}  // namespace mlxc::capi
