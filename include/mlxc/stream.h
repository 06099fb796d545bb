/* Streams: work beside the caller, in order on a thread of its own. Work of different streams overlaps. Class: internally locked.
 *
 * A CPU stream computes with threads of its own. A Vulkan device has one queue: launches of its streams take turns there, while what the
 * host does for them (planning, recording, copies, launches that run on the CPU) overlaps. A fence is done when what was added to its
 * stream before it has ended; streams wait for fences of any stream and device, which keeps dependencies across devices. What depends on
 * values that another stream of the device computes waits for them by itself.
 */
#ifndef MLXC_STREAM_H
#define MLXC_STREAM_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A stream of a device (NULL: the default one). threads: of the CPU, 0 = as many as the process may use.
 * Ownership: the caller frees it. Threads: any. Errors: INVALID_ARGUMENT (threads below 0 or above 1024), INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_stream_new(mlxc_stream **out, mlxc_device *device, int32_t threads, mlxc_error *error);

/* Evaluates arrays of the stream's device, as mlxc_array_eval, and returns at once. done (may be NULL): a fence of it.
 * Ownership: the caller frees the fence; the arrays' handles may be freed at once. Threads: any.
 * Errors: INVALID_ARGUMENT (an array of another device), INVALID_HANDLE, CANCELLED (the stream was freed); those of the work come from
 * mlxc_fence_wait. */
MLXC_API mlxc_status mlxc_stream_eval(mlxc_fence **done, mlxc_stream *stream, mlxc_array *const *arrays, int64_t count, mlxc_error *error);

/* Calls a function, as mlxc_function_call, and returns at once; mlxc_fence_outputs gives what it returned. Ownership, threads, errors: as
 * mlxc_stream_eval. */
MLXC_API mlxc_status mlxc_stream_call(mlxc_fence **done, mlxc_stream *stream, mlxc_function *function, mlxc_array *const *inputs,
                                      int64_t input_count, mlxc_error *error);

/* A fence of everything added so far. Ownership: the caller frees it. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE, CANCELLED. */
MLXC_API mlxc_status mlxc_stream_record(mlxc_fence **done, mlxc_stream *stream, mlxc_error *error);

/* What is added from now on begins when the fence is done, also when its work failed. Returns at once. Threads: any.
 * Errors: INVALID_HANDLE, CANCELLED. */
MLXC_API mlxc_status mlxc_stream_wait(mlxc_stream *stream, mlxc_fence *fence, mlxc_error *error);

/* Returns when everything added so far has ended, well or not. Threads: any. Errors: BUSY (in a callback of this stream), INVALID_HANDLE,
 * CANCELLED. */
MLXC_API mlxc_status mlxc_stream_synchronize(mlxc_stream *stream, mlxc_error *error);

/* Cancels what runs and what waits, and returns when no callback of the stream runs or will run; inside one it returns at once.
 * Synchronize before to keep the work. Threads: any. */
MLXC_API void mlxc_stream_free(mlxc_stream *stream);

/* Waits until the fence is done. timeout_ms: 0 does not wait, negative waits without limit. Threads: any.
 * Errors: the work's own, TIMEOUT, CANCELLED (the stream was freed), BUSY (on the stream's own thread), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_fence_wait(mlxc_fence *fence, int64_t timeout_ms, mlxc_error *error);

/* *done: 1 or 0. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_fence_query(mlxc_fence *fence, int32_t *done, mlxc_error *error);

/* Calls back once, with the status of the work, when the fence is done: on the stream's thread, or on this one when it is done already.
 * Other work of the stream waits meanwhile. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_fence_notify(mlxc_fence *fence, void (*callback)(mlxc_status status, void *user_data), void *user_data,
                                       mlxc_error *error);

/* The outputs of the function that mlxc_stream_call ran: receives output_count handles; all NULL on failure. Ownership: the caller frees
 * each; another call gives other handles of the same arrays. Threads: any. Errors: BUSY (not done), those of the work, INVALID_ARGUMENT
 * (another count), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_fence_outputs(mlxc_fence *fence, mlxc_array **outputs, int64_t output_count, mlxc_error *error);

/* The work goes on. Threads: any. */
MLXC_API void mlxc_fence_free(mlxc_fence *fence);

#ifdef __cplusplus
}
#endif
#endif
