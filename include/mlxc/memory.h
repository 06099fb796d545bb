/* Memory statistics and limits, and the number of live handles. */
#ifndef MLXC_MEMORY_H
#define MLXC_MEMORY_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of array memory (weights copied in, caches, activations, arrays). Weights mapped from a file are not counted: the operating
 * system may drop and reread their pages. */
typedef struct mlxc_memory_stats {
  uint32_t struct_size;
  int32_t reserved;
  int64_t active_bytes; /* in use */
  int64_t cached_bytes; /* freed and kept for reuse */
  int64_t peak_bytes;   /* highest active_bytes since the start or the last reset */
} mlxc_memory_stats;

#define MLXC_MEMORY_STATS_INIT \
  { (uint32_t)sizeof(mlxc_memory_stats), 0, 0, 0, 0 }

/* Statistics of one device; NULL: the sum over all open devices. Set stats->struct_size first.
 * Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_read(mlxc_device *device, mlxc_memory_stats *stats, mlxc_error *error);

/* Sets peak_bytes to active_bytes; NULL: on all open devices. Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_reset_peak(mlxc_device *device, mlxc_error *error);

/* Gives cached memory back to the operating system; NULL: on all open devices. Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_release_cache(mlxc_device *device, mlxc_error *error);

/* Limits the memory kept for reuse, in bytes; 0 keeps none. NULL: on all open devices.
 * Threads: any. Errors: INVALID_ARGUMENT (negative), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_set_cache_limit(mlxc_device *device, int64_t bytes, mlxc_error *error);

/* Live handles of a kind (MLXC_HANDLE_...), MLXC_HANDLE_ANY for all; -1 for an unknown kind. For leak tests. Threads: any. */
MLXC_API int64_t mlxc_handle_count(int32_t kind);

#ifdef __cplusplus
}
#endif
#endif
