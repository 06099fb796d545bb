/* Completion queues: one waiting thread drains the events of any number of requests, of one model or several. Class: internally locked. */
#ifndef MLXC_QUEUE_H
#define MLXC_QUEUE_H

#include "mlxc/generate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Ownership: the caller frees it; requests that deliver into it keep its memory alive. Threads: any. Errors: INVALID_ARGUMENT,
 * OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_queue_new(mlxc_queue **out, mlxc_error *error);

/* Waits for events and takes up to `capacity` of them, oldest first; events of one request are in order. *count is how many came.
 * timeout_ms: 0 does not wait, negative waits without limit. OK with *count 0: mlxc_queue_wake was called.
 * Ownership: pointers in the events are borrowed until the next call of mlxc_queue_next on this queue, or its free.
 * Threads: any, one at a time.
 * Errors: TIMEOUT (*count 0), END (closed, and the last event of its last request was taken), CANCELLED (the queue was freed while
 * waiting), BUSY (another thread is in this call), INVALID_ARGUMENT (capacity below 1, NULL), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_queue_next(mlxc_queue *queue, int64_t timeout_ms, mlxc_event *events, int64_t capacity, int64_t *count,
                                     mlxc_error *error);

/* Makes the present or the next mlxc_queue_next return, with the events there are or none. Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_queue_wake(mlxc_queue *queue, mlxc_error *error);

/* No more requests may name the queue (END). Those that run go on; when their last event is taken mlxc_queue_next gives END.
 * Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_queue_close(mlxc_queue *queue, mlxc_error *error);

/* Drops what was not taken and cancels the requests that still deliver into it. Threads: any, callbacks too. */
MLXC_API void mlxc_queue_free(mlxc_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
