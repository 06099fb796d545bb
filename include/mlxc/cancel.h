/* Cancel: lets another thread stop calls that do not return before their work is done. Class: internally locked. */
#ifndef MLXC_CANCEL_H
#define MLXC_CANCEL_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a cancel that is not triggered. Name it in the options of any number of calls.
 * Ownership: the caller frees it; running calls keep it alive. Threads: any. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_cancel_new(mlxc_cancel **out, mlxc_error *error);

/* Every call that names it, running or still to come, returns MLXC_CANCELLED soon (the work between two polls is bounded, also inside
 * a long prompt). Returns at once; triggering again does nothing. Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_cancel_trigger(mlxc_cancel *cancel, mlxc_error *error);

/* Frees without triggering. Threads: any. */
MLXC_API void mlxc_cancel_free(mlxc_cancel *cancel);

#ifdef __cplusplus
}
#endif
#endif
