/* Custom kernels: operations from source text, which are parts of the graph like all others. Class: immutable, shared.
 *
 * Source is GLSL (OpenGL Shading Language 4.60 for Vulkan 1.2) with a `void main()`; the library writes what stands before it. Every input
 * and output is there under its name: x.at[i] is element i in row-major order, and x_size (elements, uint), x_rank (int) and, from rank 1
 * on, x_shape[axis] (uint) are constants. Outputs are not cleared. Element types: float, double, int, uint, int8_t to int64_t, uint8_t to
 * uint64_t, float16_t; bool is uint8_t (0 or 1), bfloat16 its bits as uint16_t (kernels/common.glsl, which can be included, converts them).
 * Other extensions of GLSL (#extension) can be used as far as the device has them and is opened with them; there are no bindings, buffers
 * and images of one's own. Compiled code is kept on disk; every new combination of
 * dtypes and shapes is compiled once. A kernel must stay inside its arrays: that is not checked. One that never ends makes the device lost.
 *
 *   axpy:  void main() { uint i = gl_GlobalInvocationID.x; if (i < y_size) y.at[i] = a.at[0] * x.at[i]; }
 */
#ifndef MLXC_KERNEL_H
#define MLXC_KERNEL_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_kernel_options {
  uint32_t struct_size;
  uint32_t group_x, group_y, group_z; /* invocations of a workgroup: gl_WorkGroupSize */
} mlxc_kernel_options;

#define MLXC_KERNEL_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_kernel_options), 256, 1, 1 }

/* Shape and dtype of an array. Layout pinned. */
typedef struct mlxc_array_type {
  const int64_t *shape; /* rank dimensions */
  int32_t rank;
  int32_t dtype; /* MLXC_DTYPE_... */
} mlxc_array_type;

/* A kernel for a device (NULL: the default one). name: for profiles and messages. inputs, outputs: their names, NUL-terminated identifiers
 * of at most 31 letters; 16 together at most. The source is checked when it is applied, as types are known then. Ownership: the caller
 * frees it; arrays keep what they need. Threads: any. Errors: INVALID_ARGUMENT (names, group sizes, no output), UNSUPPORTED (the device
 * takes no source: the CPU), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_kernel_new(mlxc_kernel **out, mlxc_device *device, const char *name, const char *source, size_t source_bytes,
                                     const char *const *inputs, int64_t input_count, const char *const *outputs, int64_t output_count,
                                     const mlxc_kernel_options *options, mlxc_error *error);

/* Arrays that the kernel computes from inputs of its device, lazily. types: of the outputs. threads: three counts, of invocations along x,
 * y and z; whole workgroups run, so that gl_GlobalInvocationID may reach beyond. results: receives output_count handles; all NULL on
 * failure. There is no gradient: mlxc_stop_gradient makes the results constants. Ownership: the caller frees each result. Threads: any.
 * Errors: INVALID_ARGUMENT (counts, or the source does not compile: the compiler's message with the line of the source), UNSUPPORTED (the
 * device lacks what the source declares: features, shared memory, workgroups as large, bindings), INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_kernel_apply(mlxc_array **results, mlxc_kernel *kernel, mlxc_array *const *inputs, int64_t input_count,
                                       const mlxc_array_type *types, int64_t output_count, const int64_t *threads, mlxc_error *error);

/* Threads: any. */
MLXC_API void mlxc_kernel_free(mlxc_kernel *kernel);

#ifdef __cplusplus
}
#endif
#endif
