/* The optional log. Without a callback nothing is logged; the library never prints. */
#ifndef MLXC_LOG_H
#define MLXC_LOG_H

#include "mlxc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MLXC_LOG_DEBUG   0
#define MLXC_LOG_INFO    1
#define MLXC_LOG_WARNING 2
#define MLXC_LOG_ERROR   3

/* `message` is one line of UTF-8 without a line end, NUL-terminated, borrowed for the duration of the call. */
typedef void (*mlxc_log_callback)(int32_t level, const char *message, void *user_data);

/* Replaces the log callback of the process; NULL clears it. Messages below `least` (MLXC_LOG_...) are dropped before they are made.
 * Ownership: when the call returns the former callback is not running and will not run again, so its user_data may go.
 * Threads: any. The callback runs on whichever thread logs, several at once.
 * Errors: INVALID_ARGUMENT (an unknown level), BUSY (called from inside a log callback). */
MLXC_API mlxc_status mlxc_log_set(mlxc_log_callback callback, void *user_data, int32_t least, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
