/* Status codes and the caller-owned error record. Values are pinned: they are never renumbered, new ones are added at the end. */
#ifndef MLXC_STATUS_H
#define MLXC_STATUS_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define MLXC_API
#else
#define MLXC_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t mlxc_status;

#define MLXC_OK               0
#define MLXC_CANCELLED        1  /* stopped by the caller: a callback's non-zero result, request_cancel, or a free */
#define MLXC_INVALID_ARGUMENT 2  /* a value, shape, dtype or text that the call cannot take */
#define MLXC_INVALID_HANDLE   3  /* null, freed, or of another kind */
#define MLXC_BUFFER_TOO_SMALL 4  /* *needed holds the size; nothing was cut */
#define MLXC_OUT_OF_MEMORY    5  /* host or device memory */
#define MLXC_IO               6  /* the operating system refused; native = errno */
#define MLXC_NOT_FOUND        7  /* no such file, tensor, token or device */
#define MLXC_FORMAT           8  /* a file's content is malformed */
#define MLXC_UNSUPPORTED      9  /* well-formed, but this build cannot do it */
#define MLXC_CONTEXT_FULL     10 /* the prompt, or prompt and label, exceed the model's context */
#define MLXC_DEVICE_LOST      11
#define MLXC_TIMEOUT          12
#define MLXC_BUSY             13 /* a one-thread-at-a-time handle is in use by another call */
#define MLXC_END              14 /* nothing more will come from this queue or iterator */
#define MLXC_INTERNAL         15 /* a defect of the library: please report the message */

/* Filled on failure, untouched on success. Caller's own memory; pass NULL when not wanted.
 * Set struct_size to sizeof(mlxc_error) (MLXC_ERROR_INIT does). */
typedef struct mlxc_error {
  uint32_t struct_size;
  int32_t status;    /* MLXC_... */
  int64_t native;    /* errno, VkResult or LAPACK info; 0 = none */
  char message[496]; /* UTF-8, NUL-terminated, one sentence: what, actual and expected value, hint */
} mlxc_error;

#define MLXC_ERROR_INIT                       \
  {                                           \
    (uint32_t)sizeof(mlxc_error), 0, 0, { 0 } \
  }

/* The constant's name, for example "MLXC_IO"; "MLXC_UNKNOWN" for a value this build does not know. Static, never freed. Threads: any. */
MLXC_API const char *mlxc_status_name(mlxc_status status);

#ifdef __cplusplus
}
#endif
#endif
