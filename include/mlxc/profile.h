/* Profiles: where the time of a device goes, launch by launch. Class: the device's. */
#ifndef MLXC_PROFILE_H
#define MLXC_PROFILE_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Equal launches together. Layout pinned. */
typedef struct mlxc_profile_entry {
  char operation[32]; /* of the graph, as in mlxc_array_dot */
  char kernel[64];    /* that ran it; on the CPU its instruction set */
  char device[32];    /* that ran it */
  char holds[256];    /* the operations that were joined into the launch, by spaces, in order; cut when it is long */
  char reason[256];   /* why it ran there and not on the device that was asked for; empty: it ran where it was asked for */
  int64_t operations; /* how many it holds */
  int64_t launches;
  double nanoseconds; /* in all; on a GPU its own time, for a launch on another device with the copies there and back */
  double bytes;       /* in all, of the operands, each once: what has to be moved at least */
  double flops;       /* in all, about */
} mlxc_profile_entry;

#define MLXC_PROFILE_OFF      0
#define MLXC_PROFILE_KERNELS  1 /* every launch: a GPU runs its kernels one after the other then, so the whole takes longer than without */
#define MLXC_PROFILE_PROGRAMS 2 /* whole programs, which run as they always do */

/* Times what runs on a device: MLXC_PROFILE_KERNELS or _PROGRAMS start afresh, MLXC_PROFILE_OFF stops.
 * Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_device_profile(mlxc_device *device, int32_t what, mlxc_error *error);

/* What was timed since, most time first. A list. Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_device_profile_entries(mlxc_device *device, mlxc_profile_entry *entries, int64_t capacity, int64_t *needed,
                                                 mlxc_error *error);

/* The same as a table for people, with rates, what fused launches hold, why launches ran elsewhere, and each program's launches, dispatches
 * and barriers. Text result. Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_device_profile_text(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

/* Every launch on a time line: JSON in the Trace Event Format, which chrome://tracing and ui.perfetto.dev open. One process a device, one
 * row a thread that ran programs; the host's monotonic clock in microseconds. The first 262144 launches. NULL: all open devices. Text
 * result. Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_device_profile_trace(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
