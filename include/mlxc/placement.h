/* Placement: a device that lets every evaluation run where it is done first, by measured costs. Class: the device's. */
#ifndef MLXC_PLACEMENT_H
#define MLXC_PLACEMENT_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Measures launches, bandwidth, matrix products, factorizations and copies of every available device (software devices only with
 * MLXC_VULKAN_SOFTWARE=1) and writes them as a small JSON file, complete or not at all; `mlxc calibrate` is this call. path NULL:
 * placement.json in MLXC_CACHE_DIR, else $XDG_CACHE_HOME/mlxc, else ~/.cache/mlxc. Takes seconds. Threads: any, with nothing else running.
 * Errors: IO, NOT_FOUND (no such folder is known), OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_placement_calibrate(const char *path, mlxc_error *error);

/* From now on evaluations and functions of `device` (NULL: the default one) run on whichever measured device is estimated to be done first,
 * with the copies there and back; results are arrays of `device` all the same. What computes with 64-bit types, holds states, sorts
 * or runs kernels from source stays; factorizations go only where there is a kernel for them. Profiles say of every launch why it runs
 * where it does. path: as above. Results may differ in the last bits from device to device. Threads: any. Errors: NOT_FOUND or IO (no
 * file), FORMAT (not a file of mlxc_placement_calibrate), UNSUPPORTED (it does not hold this device, or its hardware has changed),
 * INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_placement_enable(mlxc_device *device, const char *path, mlxc_error *error);

/* Evaluations of `device` run there again. Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_placement_disable(mlxc_device *device, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
