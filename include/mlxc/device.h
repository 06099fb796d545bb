/* Devices: where arrays live and models run. Class: internally locked. */
#ifndef MLXC_DEVICE_H
#define MLXC_DEVICE_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_device_info {
  uint32_t struct_size;
  int32_t available;       /* 1: mlxc_device_open takes this name; 0: it does not, see reason */
  int64_t memory_bytes;    /* in all; 0 when unknown */
  int32_t threads;         /* CPU: cores this process may use (affinity, cgroup quota), the default of threads; else 0 */
  int32_t software;        /* 1: a CPU that plays a GPU (lavapipe); never chosen by "auto" unless MLXC_VULKAN_SOFTWARE=1 */
  char name[64];           /* "cpu", "vulkan:0" */
  char description[256];   /* the hardware's own name and the kernels chosen for it */
  char reason[256];        /* why it is not available; empty when it is */
  int64_t available_bytes; /* of the memory, what this process may still take; an estimate, 0 when unknown */
} mlxc_device_info;

#define MLXC_DEVICE_INFO_INIT \
  { (uint32_t)sizeof(mlxc_device_info), 0, 0, 0, 0, {0}, {0}, {0}, 0 }

/* How many devices this build knows of, including those that cannot be used here. Threads: any. Errors: INVALID_ARGUMENT. */
MLXC_API mlxc_status mlxc_device_count(int32_t *count, mlxc_error *error);

/* Describes device `index` of [0, count), with the reason when it cannot be used. Set info->struct_size first.
 * Threads: any. Errors: INVALID_ARGUMENT (index out of range, struct_size). */
MLXC_API mlxc_status mlxc_device_list(int32_t index, mlxc_device_info *info, mlxc_error *error);

/* Opens a device by name: "cpu"; "vulkan:0" and so on; "auto" for the first Vulkan device of real hardware, else the CPU; NULL for what the
 * environment variable MLXC_DEVICE names, else the CPU. Where a call takes a device, NULL means the same. A device exists once in a
 * process; every call gives another handle of it. A device that was lost (MLXC_DEVICE_LOST) stays lost for whoever holds it, and opening
 * its name gives a new one. Ownership: the caller frees the handle; arrays and models do not need it. Threads: any. Errors: NOT_FOUND
 * (unknown name; lists the known ones), UNSUPPORTED (known, not available; says why), DEVICE_LOST, OUT_OF_MEMORY, INVALID_ARGUMENT. */
MLXC_API mlxc_status mlxc_device_open(mlxc_device **out, const char *name, mlxc_error *error);

/* Describes an open device. Set info->struct_size first. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_device_inspect(mlxc_device *device, mlxc_device_info *info, mlxc_error *error);

/* Where the time goes: mlxc/profile.h. */

/* Threads: any. */
MLXC_API void mlxc_device_free(mlxc_device *device);

#ifdef __cplusplus
}
#endif
#endif
