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
  int64_t active_bytes;         /* in use */
  int64_t cached_bytes;         /* freed and kept for reuse */
  int64_t peak_bytes;           /* highest active_bytes since the start or the last reset */
  int64_t requested_bytes;      /* what the live arrays asked for: active_bytes before rounding up */
  int64_t reserved_bytes;       /* taken from the operating system or the driver: active_bytes + cached_bytes; of a GPU's memory also the
                                   rest of blocks that live arrays lie in, which only new arrays can use */
  int64_t peak_requested_bytes; /* highest since the start or the last reset, as peak_bytes */
  int64_t peak_reserved_bytes;
  int64_t limit_bytes;       /* of active_bytes; 0: none */
  int64_t cache_limit_bytes; /* of cached_bytes, as far as whole blocks are free */
  int64_t hits;              /* allocations since the start that were served from what was freed before */
  int64_t misses;            /* that took a new block from the operating system or the driver */
  double hit_nanoseconds;    /* mean time of a hit; every 64th is timed */
  double miss_nanoseconds;   /* mean time of a miss */
  double fragmentation;      /* 1 - peak_requested_bytes / peak_reserved_bytes: rounding, holes and room that was never used; 0 to 1 */
} mlxc_memory_stats;

#define MLXC_MEMORY_STATS_INIT \
  { (uint32_t)sizeof(mlxc_memory_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0 }

/* Statistics of one device; NULL: the sum over all open devices (times: the means over all). Set stats->struct_size first.
 * Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_read(mlxc_device *device, mlxc_memory_stats *stats, mlxc_error *error);

/* Sets each peak to what there is now; NULL: on all open devices. Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_reset_peak(mlxc_device *device, mlxc_error *error);

/* Gives cached memory back to the operating system or the driver; NULL: on all open devices. On the CPU all of it; of a GPU's memory what
 * shares a block with live arrays stays.
 * Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_release_cache(mlxc_device *device, mlxc_error *error);

/* The same until at most keep_bytes of free blocks are left. Threads: any. Errors: INVALID_ARGUMENT (negative), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_trim(mlxc_device *device, int64_t keep_bytes, mlxc_error *error);

/* Limits what arrays may hold together (active_bytes); 0: no limit but the device's own. What would exceed it is OUT_OF_MEMORY, which
 * changes nothing: smaller requests go on. What is held already stays. NULL: on all open devices. Threads: any. Errors: INVALID_ARGUMENT
 * (negative), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_set_limit(mlxc_device *device, int64_t bytes, mlxc_error *error);

/* Limits the memory kept for reuse, in bytes; 0 keeps none. At first it is a quarter of the device's memory. NULL: on all open devices.
 * Threads: any. Errors: INVALID_ARGUMENT (negative), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_set_cache_limit(mlxc_device *device, int64_t bytes, mlxc_error *error);

/* Live handles of a kind (MLXC_HANDLE_...), MLXC_HANDLE_ANY for all; -1 for an unknown kind. For leak tests. Threads: any. */
MLXC_API int64_t mlxc_handle_count(int32_t kind);

#ifdef __cplusplus
}
#endif
#endif
