/* Which library this is. All of it works before anything is loaded. */
#ifndef MLXC_VERSION_H
#define MLXC_VERSION_H

#include "mlxc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MLXC_VERSION_MAJOR  0
#define MLXC_VERSION_MINOR  1
#define MLXC_VERSION_PATCH  0
#define MLXC_VERSION_STRING "0.1.0"
/* Rises whenever the ABI gains a function, a field or a number (tests/abi.txt says what came with which); the SONAME's number changes only
 * when it loses something. */
#define MLXC_ABI_VERSION 14

/* The version of the loaded library, "major.minor.patch". Static, never freed. Threads: any. */
MLXC_API const char *mlxc_version(void);

/* MLXC_ABI_VERSION of the loaded library. A caller built against a lower or equal number works with it. Threads: any. */
MLXC_API int32_t mlxc_abi_version(void);

/* 1 when the library can do `feature`, else 0 (also for NULL and unknown names, which is how an older library answers about newer
 * features). Names: "cpu", "vulkan", "array", "function", "generate", "score", "embed", "logits", "safetensors", "train",
 * "family:qwen3" and so on for model families. Threads: any. */
MLXC_API int32_t mlxc_has_feature(const char *feature);

/* How the library was built and what it found, as JSON: version, abi, compiler, build type, kernels chosen for this processor, cores,
 * features, model families, linked libraries. For bug reports.
 * Text result (see mlxc/types.h). Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT. */
MLXC_API mlxc_status mlxc_build_info(char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
