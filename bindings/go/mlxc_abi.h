/* Made by internal/gen from include/mlxc: do not edit. */
/* Status codes and the caller-owned error record. Values are pinned: they are never renumbered, new ones are added at the end. */
#ifndef MLXC_STATUS_H
#define MLXC_STATUS_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define MLXC_API
#else
#define MLXC_API __attribute__((visibility("hidden")))
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
/* Handles and the small records that several headers share.
 *
 * Conventions of every header here
 *   Results     Functions return mlxc_status; out-parameters come first, the optional mlxc_error last. On failure a handle
 *               out-parameter is set to NULL, unless the comment says otherwise.
 *   Handles     Opaque. A null, freed or wrong handle gives MLXC_INVALID_HANDLE without touching freed memory; once the slot of a
 *               freed handle has been reused many times (64 reuses, each delayed) detection is best effort. The _free functions
 *               take NULL and ignore handles that are not valid.
 *   Ownership   _new, _load, _open, _copy, _start and every `out` handle: the caller frees it. _get, _peek: borrowed, the comment states
 *               for how long. A child keeps its parent alive: free them in any order.
 *   Options     Structs start with struct_size; initialise them with MLXC_..._INIT (or ..._init() where macros are out of reach), change
 *               what you need. NULL means all defaults. Fields that an older caller does not know take their default; fields that an
 *               older library does not know must be zero, else MLXC_UNSUPPORTED.
 *   Text        UTF-8 with a length in bytes, never NUL dependent where a length is given. Text results: (buffer, capacity, &needed):
 *               *needed is the size in bytes with the terminating NUL, so the text is *needed - 1 bytes long. A short buffer gives
 *               MLXC_BUFFER_TOO_SMALL and the needed size and stays as it is; (NULL, 0, &needed) asks for the size.
 *   Lists       (pointer, capacity, &needed) in the same way, counted in elements.
 *   Callbacks   user_data comes last. A non-zero result stops the work and the call returns MLXC_CANCELLED. They must not throw or
 *               longjmp. Each comment names the thread they run on.
 *   Threads     Each handle has one class: "immutable, shared" and "internally locked" handles take calls from any thread at any time;
 *               "one thread at a time" handles answer MLXC_BUSY to a second call.
 */
#ifndef MLXC_TYPES_H
#define MLXC_TYPES_H

#include <stddef.h>
#include <stdint.h>


#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_device mlxc_device;       /* internally locked */
typedef struct mlxc_model mlxc_model;         /* internally locked */
typedef struct mlxc_tokenizer mlxc_tokenizer; /* immutable, shared */
typedef struct mlxc_decoder mlxc_decoder;     /* one thread at a time */
typedef struct mlxc_request mlxc_request;     /* internally locked */
typedef struct mlxc_queue mlxc_queue;         /* internally locked; mlxc_queue_next one thread at a time */
typedef struct mlxc_result mlxc_result;       /* immutable, shared */
typedef struct mlxc_cancel mlxc_cancel;       /* internally locked */
typedef struct mlxc_array mlxc_array;         /* immutable, shared */
typedef struct mlxc_function mlxc_function;   /* internally locked: one run at a time, others wait */

/* Kinds of handles, as counted by mlxc_handle_count. */
#define MLXC_HANDLE_ANY       0
#define MLXC_HANDLE_DEVICE    1
#define MLXC_HANDLE_MODEL     2
#define MLXC_HANDLE_TOKENIZER 3
#define MLXC_HANDLE_DECODER   4
#define MLXC_HANDLE_REQUEST   5
#define MLXC_HANDLE_QUEUE     6
#define MLXC_HANDLE_RESULT    7
#define MLXC_HANDLE_CANCEL    8
#define MLXC_HANDLE_ARRAY     9
#define MLXC_HANDLE_FUNCTION  10

/* Borrowed UTF-8 text. Layout pinned. */
typedef struct mlxc_text {
  const char *data; /* NULL only when bytes is 0 */
  size_t bytes;     /* without a terminating NUL, which is not needed */
} mlxc_text;

/* What to run a model on: text, which the model's tokenizer encodes, or token ids, which are used as they are. Layout pinned.
 * Exactly one of text and tokens is non-NULL (both NULL with counts 0: no token at all). The call copies what it needs. */
typedef struct mlxc_prompt {
  const char *text; /* UTF-8; special tokens written in it are recognised, ill-formed parts are read as U+FFFD */
  size_t text_bytes;
  const int32_t *tokens;
  int64_t token_count;
} mlxc_prompt;

/* Layout pinned. */
typedef struct mlxc_token_logprob {
  int32_t token;
  float logprob; /* natural logarithm, of the model's distribution before temperature, penalties and bias */
} mlxc_token_logprob;

/* Layout pinned. */
typedef struct mlxc_logit_bias {
  int32_t token;
  float bias; /* added to the logit; -INFINITY forbids the token */
} mlxc_logit_bias;

#ifdef __cplusplus
}
#endif
#endif
/* Arrays: typed, shaped, lazy. Class: immutable, shared.
 *
 * An operation builds a node and returns at once; shapes and types are known then, values after mlxc_array_eval or a read. Operations on
 * arrays of one device only. Broadcasting is NumPy's, type promotion the array API's: two different 16-bit floats give float32, an integer
 * with a float gives the float. Views (reshape, transpose, slice, broadcast) share memory; reading always gives row-major order.
 *
 * Every function with `mlxc_array **out` gives a new handle that the caller frees; inputs may be freed at any time.
 * Errors that all of them share: INVALID_HANDLE, INVALID_ARGUMENT (shapes, dtypes, an unknown operation, NULL), OUT_OF_MEMORY. */
#ifndef MLXC_ARRAY_H
#define MLXC_ARRAY_H


#ifdef __cplusplus
extern "C" {
#endif

/* Element types. */
#define MLXC_DTYPE_BOOL     0 /* one byte, 0 or 1 */
#define MLXC_DTYPE_UINT8    1
#define MLXC_DTYPE_INT8     2
#define MLXC_DTYPE_UINT16   3
#define MLXC_DTYPE_INT16    4
#define MLXC_DTYPE_UINT32   5
#define MLXC_DTYPE_INT32    6
#define MLXC_DTYPE_UINT64   7
#define MLXC_DTYPE_INT64    8
#define MLXC_DTYPE_FLOAT16  9 /* IEEE 754 binary16 */
#define MLXC_DTYPE_BFLOAT16 10
#define MLXC_DTYPE_FLOAT32  11
#define MLXC_DTYPE_FLOAT64  12

#define MLXC_MAX_RANK       12

/* "float32" and so on, "unknown" for other values. Static, never freed. Threads: any. */
MLXC_API const char *mlxc_dtype_name(int32_t dtype);

/* Bytes of an element; 0 for an unknown dtype. Threads: any. */
MLXC_API size_t mlxc_dtype_size(int32_t dtype);

/* Elementwise operations of one array. */
#define MLXC_UNARY_ABS         0
#define MLXC_UNARY_NEGATIVE    1
#define MLXC_UNARY_EXP         2
#define MLXC_UNARY_EXPM1       3
#define MLXC_UNARY_LOG         4
#define MLXC_UNARY_LOG1P       5
#define MLXC_UNARY_LOG2        6
#define MLXC_UNARY_LOG10       7
#define MLXC_UNARY_SQRT        8
#define MLXC_UNARY_RSQRT       9
#define MLXC_UNARY_SQUARE      10
#define MLXC_UNARY_RECIPROCAL  11
#define MLXC_UNARY_SIN         12
#define MLXC_UNARY_COS         13
#define MLXC_UNARY_TAN         14
#define MLXC_UNARY_ASIN        15
#define MLXC_UNARY_ACOS        16
#define MLXC_UNARY_ATAN        17
#define MLXC_UNARY_SINH        18
#define MLXC_UNARY_COSH        19
#define MLXC_UNARY_TANH        20
#define MLXC_UNARY_ASINH       21
#define MLXC_UNARY_ACOSH       22
#define MLXC_UNARY_ATANH       23
#define MLXC_UNARY_FLOOR       24
#define MLXC_UNARY_CEIL        25
#define MLXC_UNARY_TRUNC       26
#define MLXC_UNARY_ROUND       27 /* half to even */
#define MLXC_UNARY_SIGN        28
#define MLXC_UNARY_ERF         29
#define MLXC_UNARY_SIGMOID     30
#define MLXC_UNARY_SILU        31
#define MLXC_UNARY_GELU_TANH   32 /* the tanh form */
#define MLXC_UNARY_GELU_ERF    33 /* the exact form */
#define MLXC_UNARY_RELU        34
#define MLXC_UNARY_LOGICAL_NOT 35
#define MLXC_UNARY_BITWISE_NOT 36
#define MLXC_UNARY_ISNAN       37 /* bool */
#define MLXC_UNARY_ISINF       38
#define MLXC_UNARY_ISFINITE    39

/* Elementwise operations of two arrays. Comparisons and logical ones give bool. */
#define MLXC_BINARY_ADD           0
#define MLXC_BINARY_SUBTRACT      1
#define MLXC_BINARY_MULTIPLY      2
#define MLXC_BINARY_DIVIDE        3 /* integers give float32 */
#define MLXC_BINARY_FLOOR_DIVIDE  4
#define MLXC_BINARY_REMAINDER     5 /* sign of the divisor */
#define MLXC_BINARY_POWER         6
#define MLXC_BINARY_MINIMUM       7
#define MLXC_BINARY_MAXIMUM       8
#define MLXC_BINARY_ATAN2         9
#define MLXC_BINARY_HYPOT         10
#define MLXC_BINARY_LOGADDEXP     11
#define MLXC_BINARY_EQUAL         12
#define MLXC_BINARY_NOT_EQUAL     13
#define MLXC_BINARY_LESS          14
#define MLXC_BINARY_LESS_EQUAL    15
#define MLXC_BINARY_GREATER       16
#define MLXC_BINARY_GREATER_EQUAL 17
#define MLXC_BINARY_LOGICAL_AND   18
#define MLXC_BINARY_LOGICAL_OR    19
#define MLXC_BINARY_LOGICAL_XOR   20
#define MLXC_BINARY_BITWISE_AND   21
#define MLXC_BINARY_BITWISE_OR    22
#define MLXC_BINARY_BITWISE_XOR   23
#define MLXC_BINARY_SHIFT_LEFT    24
#define MLXC_BINARY_SHIFT_RIGHT   25

/* Reductions. */
#define MLXC_REDUCE_SUM       0
#define MLXC_REDUCE_MEAN      1
#define MLXC_REDUCE_PROD      2
#define MLXC_REDUCE_MAX       3
#define MLXC_REDUCE_MIN       4
#define MLXC_REDUCE_ANY       5
#define MLXC_REDUCE_ALL       6
#define MLXC_REDUCE_LOGSUMEXP 7

/* Creation */

/* A copy of `bytes` bytes of row-major data: exactly the elements of `shape` (`rank` dimensions, rank 0 is a scalar).
 * device NULL: the shared default device. Threads: any. Errors: shared; INVALID_ARGUMENT also when bytes does not fit shape and dtype. */
MLXC_API mlxc_status mlxc_array_new(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape,
                                    int32_t rank, int32_t dtype, mlxc_error *error);

/* Uses the caller's memory without a copy; it must stay unchanged until `release` is called with user_data. release (may be NULL for
 * memory that lives for ever) is called exactly once, when nothing uses the memory any more, or before this call returns when it fails.
 * It runs on the thread that drops the last use, and must not call into the library.
 * Threads: any. Errors: as mlxc_array_new; also INVALID_ARGUMENT when data is not aligned to its element. */
MLXC_API mlxc_status mlxc_array_new_borrowed(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape,
                                             int32_t rank, int32_t dtype, void (*release)(void *user_data), void *user_data,
                                             mlxc_error *error);

/* Every element is `value`, converted to dtype. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_full(mlxc_array **out, mlxc_device *device, double value, const int64_t *shape, int32_t rank, int32_t dtype,
                                     mlxc_error *error);

/* start, start + step, ... before stop: [max(0, ceil((stop - start) / step))]. Threads: any. Errors: shared (step 0, not finite). */
MLXC_API mlxc_status mlxc_array_arange(mlxc_array **out, mlxc_device *device, double start, double stop, double step, int32_t dtype,
                                       mlxc_error *error);

/* An array without values, to be an input of mlxc_function_new. Reading or evaluating what depends on it is INVALID_ARGUMENT.
 * Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_placeholder(mlxc_array **out, mlxc_device *device, const int64_t *shape, int32_t rank, int32_t dtype,
                                            mlxc_error *error);

/* Another handle of the same array. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_copy(mlxc_array **out, mlxc_array *array, mlxc_error *error);

/* Threads: any. */
MLXC_API void mlxc_array_free(mlxc_array *array);

/* Reading */

/* Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_dtype(mlxc_array *array, int32_t *dtype, mlxc_error *error);

/* The dimensions, outermost first: a list (*needed is the rank, at most MLXC_MAX_RANK). Threads: any. Errors: shared, BUFFER_TOO_SMALL. */
MLXC_API mlxc_status mlxc_array_shape(mlxc_array *array, int64_t *shape, int64_t capacity, int64_t *needed, mlxc_error *error);

/* Evaluates the arrays together, sharing what they have in common. count 0 is fine. Threads: any; evaluations on one device take turns.
 * Errors: shared, UNSUPPORTED (the device has no kernel for an operation and dtype; named). */
MLXC_API mlxc_status mlxc_array_eval(mlxc_array *const *arrays, int64_t count, mlxc_error *error);

/* Evaluates and copies the elements out in row-major order. *needed (may be NULL) is the size in bytes.
 * Threads: any. Errors: as mlxc_array_eval, BUFFER_TOO_SMALL. */
MLXC_API mlxc_status mlxc_array_read(mlxc_array *array, void *buffer, size_t capacity, size_t *needed, mlxc_error *error);

/* Evaluates and gives the address of the elements without a copy, *bytes long, row-major.
 * Ownership: borrowed until this array handle is freed; read only. Threads: any.
 * Errors: as mlxc_array_eval; UNSUPPORTED for a view whose elements are not in row-major order (use mlxc_array_contiguous or read). */
MLXC_API mlxc_status mlxc_array_peek(mlxc_array *array, const void **data, size_t *bytes, mlxc_error *error);

/* The graph behind the arrays in Graphviz' DOT language. Text result. Threads: any. Errors: shared, BUFFER_TOO_SMALL. */
MLXC_API mlxc_status mlxc_array_dot(mlxc_array *const *arrays, int64_t count, char *buffer, size_t capacity, size_t *needed,
                                    mlxc_error *error);

/* Elementwise */

/* op: MLXC_UNARY_... Float functions of integers give float32. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_unary(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_error *error);

/* op: MLXC_BINARY_... Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_binary(mlxc_array **out, int32_t op, mlxc_array *a, mlxc_array *b, mlxc_error *error);

/* The same with a number as the second operand, which takes the dtype of a (so 0.5 with an int32 array is 0). Threads: any. Errors: shared.
 */
MLXC_API mlxc_status mlxc_array_binary_scalar(mlxc_array **out, int32_t op, mlxc_array *a, double b, mlxc_error *error);

/* a where condition (bool) is true, else b; all three broadcast. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_where(mlxc_array **out, mlxc_array *condition, mlxc_array *a, mlxc_array *b, mlxc_error *error);

/* Converts to dtype: floats to integers toward zero, to bool as != 0, to 16-bit floats to nearest even. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_cast(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error);

/* Products and reductions */

/* NumPy's matmul: [..., m, k] by [..., k, n], vectors as rows or columns; 16-bit floats sum in float32. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_matmul(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);

/* Softmax over one axis (negative counts from the end), float32 inside; log 1: its logarithm. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_softmax(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t log, mlxc_error *error);

/* op: MLXC_REDUCE_... over `axes` (axis_count 0: all of them); keepdims 1 keeps them with size 1. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_reduce(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count,
                                       int32_t keepdims, mlxc_error *error);

/* Index (int64) of the largest element along an axis, the first of equals. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_argmax(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error);

/* Index (int64) of the smallest. As mlxc_array_argmax. */
MLXC_API mlxc_status mlxc_array_argmin(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error);

/* Shape */

/* The same elements in another shape; one dimension may be -1. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_reshape(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error);

/* Output axis i is input axis axes[i]; axis_count 0 reverses the axes. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_transpose(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);

/* x[start:stop:step] on every axis with Python's clipping and negative indices; rank values each, step NULL: ones. The open end of a
 * negative step (Python's None) is any stop below -size. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_slice(mlxc_array **out, mlxc_array *x, const int64_t *start, const int64_t *stop, const int64_t *step,
                                      int32_t rank, mlxc_error *error);

/* Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_broadcast(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error);

/* The same values in row-major memory: a copy of a view, the array itself when it is already so. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_contiguous(mlxc_array **out, mlxc_array *x, mlxc_error *error);

/* Joins along an axis; all other dimensions equal. count at least 1. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_concatenate(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error);

/* Rows of x along axis 0: [indices..., x's other axes]. indices: int32 or int64; out of range gives zeros. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_take(mlxc_array **out, mlxc_array *x, mlxc_array *indices, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
/* Cancel: lets another thread stop calls that do not return before their work is done. Class: internally locked. */
#ifndef MLXC_CANCEL_H
#define MLXC_CANCEL_H


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
/* Devices: where arrays live and models run. Class: internally locked. */
#ifndef MLXC_DEVICE_H
#define MLXC_DEVICE_H


#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_device_info {
  uint32_t struct_size;
  int32_t available;    /* 1: mlxc_device_open takes this name; 0: it does not, see reason */
  int64_t memory_bytes; /* in all; 0 when unknown */
  int32_t threads;      /* CPU: cores this process may use (affinity, cgroup quota), the default of threads; else 0 */
  int32_t reserved;
  char name[64];         /* "cpu", "vulkan:0" */
  char description[256]; /* the hardware's own name and the kernels chosen for it */
  char reason[256];      /* why it is not available; empty when it is */
} mlxc_device_info;

#define MLXC_DEVICE_INFO_INIT                                       \
  {                                                                 \
    (uint32_t)sizeof(mlxc_device_info), 0, 0, 0, 0, {0}, {0}, { 0 } \
  }

/* How many devices this build knows of, including those that cannot be used here. Threads: any. Errors: INVALID_ARGUMENT. */
MLXC_API mlxc_status mlxc_device_count(int32_t *count, mlxc_error *error);

/* Describes device `index` of [0, count), with the reason when it cannot be used. Set info->struct_size first.
 * Threads: any. Errors: INVALID_ARGUMENT (index out of range, struct_size). */
MLXC_API mlxc_status mlxc_device_list(int32_t index, mlxc_device_info *info, mlxc_error *error);

/* Opens a device by name: "cpu", or NULL or "auto" for the best available one. A device exists once in a process; every call gives
 * another handle of it.
 * Ownership: the caller frees the handle; arrays and models do not need it.
 * Threads: any. Errors: NOT_FOUND (unknown name; lists the known ones), UNSUPPORTED (known, not available; says why), INVALID_ARGUMENT. */
MLXC_API mlxc_status mlxc_device_open(mlxc_device **out, const char *name, mlxc_error *error);

/* Describes an open device. Set info->struct_size first. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_device_inspect(mlxc_device *device, mlxc_device_info *info, mlxc_error *error);

/* Threads: any. */
MLXC_API void mlxc_device_free(mlxc_device *device);

#ifdef __cplusplus
}
#endif
#endif
/* Models: load a published folder, ask what it is, free it. Class: internally locked.
 *
 * A loaded model has one worker thread; all requests and calls on it share its steps. Loading the same folder twice with the same
 * options shares the weights. */
#ifndef MLXC_MODEL_H
#define MLXC_MODEL_H


#ifdef __cplusplus
extern "C" {
#endif

/* Precision of matrix products. */
#define MLXC_PRECISION_NATIVE 0 /* products may round their inputs to the weights' 16-bit type; sums are float32 */
#define MLXC_PRECISION_HIGH   1 /* activations stay float32: results match a float32 run of the reference */

/* How weights are held. */
#define MLXC_WEIGHTS_MAPPED 0 /* mapped from the file: fast to load, shared between processes; the file must not shrink meanwhile */
#define MLXC_WEIGHTS_COPIED 1 /* read into memory: the file may change or go after loading */

/* `done` of `total` bytes are read. Runs on the loading thread. Non-zero stops the load with MLXC_CANCELLED. */
typedef int32_t (*mlxc_progress_callback)(int64_t done, int64_t total, void *user_data);

typedef struct mlxc_model_options {
  uint32_t struct_size;
  int32_t precision;               /* MLXC_PRECISION_... */
  mlxc_device *device;             /* NULL: the best available one */
  int32_t threads;                 /* CPU threads of the model's worker; 0: as many cores as this process may use */
  int32_t weights;                 /* MLXC_WEIGHTS_... */
  int64_t context;                 /* most positions of one sequence; 0: the model's own limit */
  int64_t cache_tokens;            /* limit of cached keys and values over all sequences, in tokens; 0: chosen from the memory */
  int64_t max_sequences;           /* requests that run together, more wait in line; 0: chosen */
  int64_t step_tokens;             /* most tokens of one step: long prompts run in chunks; 0: chosen */
  mlxc_progress_callback progress; /* NULL: none */
  void *progress_user_data;
} mlxc_model_options;

#define MLXC_MODEL_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_model_options), MLXC_PRECISION_NATIVE, NULL, 0, MLXC_WEIGHTS_MAPPED, 0, 0, 0, 0, NULL, NULL }

/* Writes the defaults into the first struct_size bytes of *options, struct_size included: MLXC_MODEL_OPTIONS_INIT for callers without
 * macros. NULL, and a struct_size below 4 or above 4096, are ignored. Threads: any. */
MLXC_API void mlxc_model_options_init(mlxc_model_options *options, uint32_t struct_size);

/* Poolings of token vectors into one embedding. */
#define MLXC_POOLING_MODEL (-1) /* what the model's files say: the pooling config of an encoder; LAST for a causal model */
#define MLXC_POOLING_MEAN  0
#define MLXC_POOLING_LAST  1
#define MLXC_POOLING_CLS   2 /* the first token */

typedef struct mlxc_model_info {
  uint32_t struct_size;
  int32_t causal;     /* 1: generates, scores, gives logits; 0: an encoder, embeddings only */
  int64_t vocabulary; /* rows of the logits */
  int64_t hidden;     /* width of embeddings */
  int64_t layers;
  int64_t heads;
  int64_t kv_heads;
  int64_t head_dim;
  int64_t context; /* most positions of one sequence, as loaded */
  int64_t parameters;
  int64_t weight_bytes;
  int32_t weight_dtype;         /* MLXC_DTYPE_... of the largest part */
  int32_t precision;            /* MLXC_PRECISION_... */
  int32_t bos_token;            /* -1: none */
  int32_t pad_token;            /* -1: none */
  int32_t pooling;              /* MLXC_POOLING_... used by default */
  int32_t normalize_embeddings; /* 1: embeddings have length 1 by default */
  int64_t max_embedding_tokens; /* longer texts are cut by mlxc_embed */
  float temperature;            /* sampling defaults of generation_config.json; the neutral values (0, 0, 1, 0, 1) where it has none */
  int32_t top_k;
  float top_p;
  float min_p;
  float repetition_penalty;
  int32_t has_tokenizer; /* 1: text can be given; 0: token ids only */
  char family[32];       /* "qwen3", "llama", ... */
  char architecture[64]; /* as published, for example "Qwen3ForCausalLM" */
} mlxc_model_info;

#define MLXC_MODEL_INFO_INIT                                                                                                       \
  {                                                                                                                                \
    (uint32_t)sizeof(mlxc_model_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0f, 0, 0.0f, 0.0f, 0.0f, 0, {0}, { 0 } \
  }

typedef struct mlxc_model_stats {
  uint32_t struct_size;
  int32_t reserved;
  int64_t running;   /* requests in the present step */
  int64_t waiting;   /* requests in line */
  int64_t submitted; /* since loading */
  int64_t finished;
  int64_t prompt_tokens; /* run through the model since loading; also counts inside a long prompt */
  int64_t generated_tokens;
  int64_t steps;
  int64_t cache_pages;
  int64_t cache_pages_used;
} mlxc_model_stats;

#define MLXC_MODEL_STATS_INIT \
  { (uint32_t)sizeof(mlxc_model_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* Loads a model folder as published on Hugging Face: config.json, one or several safetensors files and, for text, tokenizer.json.
 * `path` is UTF-8, NUL-terminated. Without a tokenizer file the model takes token ids only.
 * Ownership: the caller frees the handle. Threads: any; returns when the model is ready.
 * Errors: NOT_FOUND (no such folder, file or tensor; named), FORMAT (malformed file), UNSUPPORTED (unknown family; lists the supported
 * ones), OUT_OF_MEMORY, IO, CANCELLED (by the progress callback), INVALID_ARGUMENT, INVALID_HANDLE (the device). */
MLXC_API mlxc_status mlxc_model_load(mlxc_model **out, const char *path, const mlxc_model_options *options, mlxc_error *error);

/* Describes the model. Set info->struct_size first. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_inspect(mlxc_model *model, mlxc_model_info *info, mlxc_error *error);

/* The same and more as JSON: path, family, sizes, dtypes, token ids, defaults, device. Text result.
 * Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_json(mlxc_model *model, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

/* The tokens that end a text: those of generation_config.json and config.json. List of ids.
 * Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_stop_tokens(mlxc_model *model, int32_t *tokens, int64_t capacity, int64_t *needed, mlxc_error *error);

/* What the model's worker does and did. Set stats->struct_size first. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_read_stats(mlxc_model *model, mlxc_model_stats *stats, mlxc_error *error);

/* A handle of the model's tokenizer. Ownership: the caller frees it; it outlives the model.
 * Threads: any. Errors: NOT_FOUND (the folder has none), INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_tokenizer_copy(mlxc_tokenizer **out, mlxc_model *model, mlxc_error *error);

/* A handle of the model's device. Ownership: the caller frees it. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_device_copy(mlxc_device **out, mlxc_model *model, mlxc_error *error);

/* Cancels every request and call of the model, which then end with MLXC_CANCELLED, and drops the caller's reference. When it returns no
 * callback of the model runs or will run; inside a callback it returns at once, and the rest happens when that callback has returned.
 * Requests and results that were got from it stay readable. Threads: any. */
MLXC_API void mlxc_model_free(mlxc_model *model);

#ifdef __cplusplus
}
#endif
#endif
/* Embeddings: one vector for each text. */
#ifndef MLXC_EMBED_H
#define MLXC_EMBED_H


#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_embed_options {
  uint32_t struct_size;
  int32_t pooling;            /* MLXC_POOLING_... */
  int32_t normalize;          /* 1: vectors of length 1; 0: as they are; -1: as the model's files say */
  int32_t add_special_tokens; /* 1: texts get the special tokens of the post-processor */
  int32_t truncate; /* encoders. 1: inputs are cut to max_embedding_tokens, a final [SEP] stays; 0: longer ones are CONTEXT_FULL */
  int32_t reserved;
  mlxc_cancel *cancel; /* NULL: none */
} mlxc_embed_options;

#define MLXC_EMBED_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_embed_options), MLXC_POOLING_MODEL, -1, 1, 1, 0, NULL }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_embed_options_init(mlxc_embed_options *options, uint32_t struct_size);

/* Embeds `count` texts (or token lists) and copies the vectors out.
 *   vectors: [count, hidden] float32, row-major; capacity in elements; hidden from mlxc_model_inspect.
 * Works with encoders and causal models. Threads: any.
 * Errors: BUFFER_TOO_SMALL (the message has the size; checked before any work), INVALID_ARGUMENT (empty input, token outside
 * the vocabulary, text without a tokenizer), CONTEXT_FULL, CANCELLED, OUT_OF_MEMORY, INVALID_HANDLE, BUSY (from inside
 * a callback of this model). */
MLXC_API mlxc_status mlxc_embed(mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options,
                                float *vectors, int64_t capacity, mlxc_error *error);

/* The same as an array [count, hidden] float32: mlxc_array_peek reads it without a copy, and it can go on into array operations.
 * Ownership: the caller frees the array. Threads and errors: as mlxc_embed. */
MLXC_API mlxc_status mlxc_embed_new(mlxc_array **out, mlxc_model *model, const mlxc_prompt *inputs, int64_t count,
                                    const mlxc_embed_options *options, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
/* Functions: a graph captured once, then run many times with new inputs. Class: internally locked, one run at a time, others wait. */
#ifndef MLXC_FUNCTION_H
#define MLXC_FUNCTION_H


#ifdef __cplusplus
extern "C" {
#endif

/* Output `output` is the new value of input `input` and takes over its memory: caches, moments, running sums. Layout pinned. */
typedef struct mlxc_state_pair {
  int32_t input;
  int32_t output;
} mlxc_state_pair;

/* Captures the graph between `inputs` (placeholders, or arrays with data) and `outputs`. Other arrays that the outputs reach are constants.
 * states (may be NULL): pairs of input and output that share memory.
 * Ownership: the caller frees the function; the arrays may be freed at once. Threads: any.
 * Errors: INVALID_ARGUMENT (an input that is a computed array, no output, an index out of range, a state whose old value is still
 * needed), INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_function_new(mlxc_function **out, mlxc_array *const *inputs, int64_t input_count, mlxc_array *const *outputs,
                                       int64_t output_count, const mlxc_state_pair *states, int64_t state_count, mlxc_error *error);

/* Runs with new inputs of the captured dtypes, in the captured order, and gives the outputs, evaluated. Other shapes are planned on first
 * use. An input named as a state is used up: its handle reads the new value or stale memory afterwards, use the output instead.
 *   outputs: receives output_count handles; all NULL on failure.
 * Ownership: the caller frees each output. Threads: any, one run at a time. `cancel` may be NULL; a cancelled run leaves states half
 * updated. Errors: INVALID_ARGUMENT (counts, dtypes, shapes), CANCELLED, INVALID_HANDLE, OUT_OF_MEMORY, UNSUPPORTED. */
MLXC_API mlxc_status mlxc_function_call(mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_array **outputs,
                                        int64_t output_count, mlxc_cancel *cancel, mlxc_error *error);

/* How many kernel launches the captured program has, after fusion. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_function_launches(mlxc_function *function, int64_t *launches, mlxc_error *error);

/* The captured graph in Graphviz' DOT language. Text result. Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_function_dot(mlxc_function *function, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

/* Threads: any. */
MLXC_API void mlxc_function_free(mlxc_function *function);

#ifdef __cplusplus
}
#endif
#endif
/* Generating text: a batch in one call, or requests that run by themselves and report to a queue or a callback. */
#ifndef MLXC_GENERATE_H
#define MLXC_GENERATE_H


#ifdef __cplusplus
extern "C" {
#endif

/* Why a text ended. */
#define MLXC_FINISH_NONE      0 /* still running */
#define MLXC_FINISH_STOP      1 /* a stop token or stop string */
#define MLXC_FINISH_LENGTH    2 /* max_tokens or the context is reached */
#define MLXC_FINISH_CANCELLED 3
#define MLXC_FINISH_ERROR     4 /* see the status */

/* "none", "stop", "length", "cancelled", "error", or "unknown". Static, never freed. Threads: any. */
MLXC_API const char *mlxc_finish_reason_name(int32_t finish_reason);

typedef struct mlxc_generate_options {
  uint32_t struct_size;
  float temperature;         /* 0: greedy; -1: the model's default (generation_config.json), greedy where it has none */
  int64_t top_k;             /* keep the k most likely tokens; 0: all; -1: the model's default */
  float top_p;               /* keep the most likely tokens that together reach p; 1: all; -1: the model's default */
  float min_p;               /* keep tokens of at least min_p times the highest probability; 0: all; -1: the model's default */
  float repetition_penalty;  /* logits of seen tokens are divided (positive) or multiplied by it; 1: off; -1: the model's default */
  float presence_penalty;    /* subtracted once from logits of generated tokens; 0: off */
  float frequency_penalty;   /* subtracted for each time the token was generated; 0: off */
  int32_t ignore_model_stop; /* 1: the model's own stop tokens do not stop */
  uint64_t seed;             /* fixes sampling: same seed and prompt, same tokens, whatever runs beside it */
  int64_t max_tokens;        /* most generated tokens; -1: up to the context; 0: none, the prompt is run and that is all */
  int64_t min_tokens;        /* before as many, stop tokens are masked and stop strings do not count */
  const mlxc_text *stop;     /* strings that end the text before the first one found, also across token borders; tokens stay whole */
  int64_t stop_count;
  const int32_t *stop_tokens; /* beside the model's own */
  int64_t stop_token_count;
  const mlxc_logit_bias *logit_bias;
  int64_t logit_bias_count;
  int32_t logprobs;           /* 1: log-probability of each generated token */
  int32_t top_logprobs;       /* the n most likely tokens of each step with theirs, 0 to 100 */
  int32_t echo;               /* 1: tokens and text of the result begin with the prompt's */
  int32_t keep_last_logits;   /* 1: the result holds the logits behind the last token */
  int32_t add_special_tokens; /* 1: text prompts get the special tokens of the post-processor; 0: as they are */
  int32_t token_events;       /* mlxc_generate_start. 1: an event for each token; 0: only the last one, MLXC_EVENT_DONE */
  mlxc_cancel *cancel;        /* NULL: none; mlxc_generate_batch only */
} mlxc_generate_options;

#define MLXC_GENERATE_OPTIONS_INIT                                                                                                        \
  {                                                                                                                                       \
    (uint32_t)sizeof(mlxc_generate_options), -1.0f, -1, -1.0f, -1.0f, -1.0f, 0.0f, 0.0f, 0, 0, -1, 0, NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, \
        0, 1, 1, NULL                                                                                                                     \
  }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_generate_options_init(mlxc_generate_options *options, uint32_t struct_size);

/* How long things took and how much there was. Seconds. */
typedef struct mlxc_timings {
  uint32_t struct_size;
  int32_t reserved;
  double queue_seconds;       /* waiting in line */
  double prompt_seconds;      /* from leaving the line to the end of the prompt */
  double first_token_seconds; /* from the submission to the first token */
  double generate_seconds;    /* from the first token to the last */
  int64_t prompt_tokens;
  int64_t generated_tokens;
} mlxc_timings;

#define MLXC_TIMINGS_INIT \
  { (uint32_t)sizeof(mlxc_timings), 0, 0, 0, 0, 0, 0, 0 }

/* Kinds of events. */
#define MLXC_EVENT_TOKEN 1 /* a token was generated, or held-back text is now certain (token is -1) */
#define MLXC_EVENT_DONE  2 /* the request's last event; exactly one comes for every started request */

/* Layout pinned. Pointers are borrowed: in a callback for its duration, from mlxc_queue_next until the next call of it on that queue. */
typedef struct mlxc_event {
  uint64_t tag;          /* as given to mlxc_generate_start; in mlxc_generate_batch the index of the prompt */
  int32_t type;          /* MLXC_EVENT_... */
  int32_t status;        /* DONE: MLXC_OK, MLXC_CANCELLED or what failed */
  int64_t index;         /* TOKEN: of the generated token, from 0; DONE: how many were generated */
  int32_t token;         /* -1: none */
  int32_t finish_reason; /* MLXC_FINISH_...; NONE for every TOKEN but the last one */
  const char *text;      /* TOKEN: new text, whole UTF-8 characters, may be empty; DONE: the error's sentence. NUL-terminated */
  size_t text_bytes;
  const mlxc_token_logprob *top; /* with top_logprobs: most likely first; else NULL */
  int32_t top_count;
  float logprob;  /* with logprobs */
  double seconds; /* since the submission */
  uint64_t reserved[3];
} mlxc_event;

/* Runs on the model's worker thread, one at a time for all requests of the model: return soon. A non-zero result cancels: the request in
 * mlxc_generate_start, the whole call in mlxc_generate_batch. Calls on the same model from inside that wait for its work (batch, score,
 * embed, logits, request_wait) give MLXC_BUSY; starting, cancelling and freeing are fine. */
typedef int32_t (*mlxc_event_callback)(const mlxc_event *event, void *user_data);

/* The caller's own memory for the results of a batch of n prompts. Each pointer may be NULL: not wanted. Rows of prompt i start at
 * i * tokens_capacity and i * text_capacity. */
typedef struct mlxc_batch_output {
  uint32_t struct_size;
  int32_t reserved;
  int32_t *tokens;              /* [n, tokens_capacity] generated tokens, without a final stop token */
  float *logprobs;              /* [n, tokens_capacity] of generated tokens, with options.logprobs (a prompt that is echoed has none) */
  int64_t tokens_capacity;      /* elements of a row */
  int64_t *token_counts;        /* [n] needed when tokens or logprobs is given */
  char *text;                   /* [n, text_capacity] NUL-terminated UTF-8 */
  size_t text_capacity;         /* bytes of a row */
  size_t *text_bytes;           /* [n] length without the NUL */
  float *last_logits;           /* [n, vocabulary] with options.keep_last_logits */
  int64_t last_logits_capacity; /* elements in all */
  int32_t *finish_reasons;      /* [n] MLXC_FINISH_... */
} mlxc_batch_output;

#define MLXC_BATCH_OUTPUT_INIT \
  { (uint32_t)sizeof(mlxc_batch_output), 0, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, 0, NULL }

/* Generates after each of `count` prompts together, and returns when all are done.
 * Results go to the caller's buffers (`output`), to a result handle (`result`), or both; each may be NULL. `callback` (may be NULL) is
 * called for every token of every prompt (MLXC_EVENT_TOKEN) and at the end of each (MLXC_EVENT_DONE), tag = index of the prompt.
 * Ownership: the caller frees *result. Once generation has begun *result is set also when the status is CANCELLED (what was generated so
 * far) or BUFFER_TOO_SMALL (everything; rows of `output` that were large enough are filled, counts and text_bytes hold what is needed).
 * count 0 is fine and gives an empty result.
 * Threads: any; the callback runs on the model's worker thread.
 * Errors: CONTEXT_FULL (a prompt is too long; both numbers), INVALID_ARGUMENT (option out of range, an empty prompt for a model
 * without a BOS token, token outside the vocabulary, text without a tokenizer), CANCELLED, BUFFER_TOO_SMALL, UNSUPPORTED (an encoder),
 * OUT_OF_MEMORY, INVALID_HANDLE, BUSY (from inside a callback of this model). */
MLXC_API mlxc_status mlxc_generate_batch(mlxc_result **result, mlxc_model *model, const mlxc_prompt *prompts, int64_t count,
                                         const mlxc_generate_options *options, const mlxc_batch_output *output,
                                         mlxc_event_callback callback, void *user_data, mlxc_error *error);

/* Starts generating after one prompt and returns at once. It joins the running requests at their next step.
 * Events go to `queue` or to `callback`, whichever is not NULL (not both); with neither use mlxc_request_wait. `tag` comes back in events.
 * Ownership: the caller frees the request; freeing it before its end cancels it. The queue is kept alive.
 * Threads: any; the callback runs on the model's worker thread.
 * Errors: as mlxc_generate_batch, and END (the queue is closed). */
MLXC_API mlxc_status mlxc_generate_start(mlxc_request **out, mlxc_model *model, const mlxc_prompt *prompt,
                                         const mlxc_generate_options *options, mlxc_queue *queue, uint64_t tag,
                                         mlxc_event_callback callback, void *user_data, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
/* The optional log. Without a callback nothing is logged; the library never prints. */
#ifndef MLXC_LOG_H
#define MLXC_LOG_H


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
/* Memory statistics and limits, and the number of live handles. */
#ifndef MLXC_MEMORY_H
#define MLXC_MEMORY_H


#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of array memory (weights copied in, caches, activations, arrays). Weights mapped from a file are not counted: the operating
 * system may drop and reread their pages. */
typedef struct mlxc_memory_stats {
  uint32_t struct_size;
  int32_t reserved;
  int64_t active_bytes; /* in use */
  int64_t cached_bytes; /* freed and kept for reuse */
  int64_t peak_bytes;   /* highest active_bytes since the start or the last reset */
} mlxc_memory_stats;

#define MLXC_MEMORY_STATS_INIT \
  { (uint32_t)sizeof(mlxc_memory_stats), 0, 0, 0, 0 }

/* Statistics of one device; NULL: the sum over all open devices. Set stats->struct_size first.
 * Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_read(mlxc_device *device, mlxc_memory_stats *stats, mlxc_error *error);

/* Sets peak_bytes to active_bytes; NULL: on all open devices. Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_reset_peak(mlxc_device *device, mlxc_error *error);

/* Gives cached memory back to the operating system; NULL: on all open devices. Threads: any. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_release_cache(mlxc_device *device, mlxc_error *error);

/* Limits the memory kept for reuse, in bytes; 0 keeps none. NULL: on all open devices.
 * Threads: any. Errors: INVALID_ARGUMENT (negative), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_memory_set_cache_limit(mlxc_device *device, int64_t bytes, mlxc_error *error);

/* Live handles of a kind (MLXC_HANDLE_...), MLXC_HANDLE_ANY for all; -1 for an unknown kind. For leak tests. Threads: any. */
MLXC_API int64_t mlxc_handle_count(int32_t kind);

#ifdef __cplusplus
}
#endif
#endif
/* Completion queues: one waiting thread drains the events of any number of requests, of one model or several. Class: internally locked. */
#ifndef MLXC_QUEUE_H
#define MLXC_QUEUE_H


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
/* Requests: running generations (class: internally locked), and their results (class: immutable, shared). */
#ifndef MLXC_REQUEST_H
#define MLXC_REQUEST_H


#ifdef __cplusplus
extern "C" {
#endif

/* Asks the request to stop and returns at once; it ends with MLXC_CANCELLED soon, also inside a long prompt. Nothing happens when it has
 * ended. Threads: any, callbacks too. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_request_cancel(mlxc_request *request, mlxc_error *error);

/* Waits until the request has ended, however it ended, and its last event is delivered. timeout_ms: 0 asks without waiting, negative has
 * no limit. Threads: any, several at once. Errors: TIMEOUT, INVALID_HANDLE, BUSY (from inside a callback of its model). */
MLXC_API mlxc_status mlxc_request_wait(mlxc_request *request, int64_t timeout_ms, mlxc_error *error);

/* The result of a request that has ended, with one text. Its status is that of the request: CANCELLED and failures keep what was
 * generated until then. Ownership: the caller frees the result. Threads: any.
 * Errors: BUSY (still running), INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_request_result(mlxc_result **out, mlxc_request *request, mlxc_error *error);

/* Cancels the request when it is still running; its MLXC_EVENT_DONE still comes. Threads: any, callbacks too. */
MLXC_API void mlxc_request_free(mlxc_request *request);

/* How many texts the result holds: the prompts of the batch. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_count(mlxc_result *result, int64_t *count, mlxc_error *error);

/* How text `index` ended: *finish_reason is MLXC_FINISH_...; the return value tells only about this call. *status (may be NULL) is
 * MLXC_OK, MLXC_CANCELLED or what failed. Threads: any. Errors: INVALID_ARGUMENT (index), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_finish(mlxc_result *result, int64_t index, int32_t *finish_reason, int32_t *status, mlxc_error *error);

/* The sentence that explains a status other than MLXC_OK; empty otherwise.
 * Ownership: borrowed, NUL-terminated, until the result is freed. Threads: any. Errors: INVALID_ARGUMENT (index), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_peek_message(mlxc_result *result, int64_t index, const char **message, size_t *bytes, mlxc_error *error);

/* The generated text (with echo: after the prompt's). Ownership, threads, errors: as mlxc_result_peek_message. */
MLXC_API mlxc_status mlxc_result_peek_text(mlxc_result *result, int64_t index, const char **text, size_t *bytes, mlxc_error *error);

/* The generated tokens without a final stop token (with echo: after the prompt's). `*count` elements.
 * Ownership: borrowed until the result is freed; NULL when *count is 0. Threads: any. Errors: INVALID_ARGUMENT (index), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_peek_tokens(mlxc_result *result, int64_t index, const int32_t **tokens, int64_t *count, mlxc_error *error);

/* Log-probability of each generated token, natural logarithm; empty without options.logprobs. As mlxc_result_peek_tokens. */
MLXC_API mlxc_status mlxc_result_peek_logprobs(mlxc_result *result, int64_t index, const float **logprobs, int64_t *count,
                                               mlxc_error *error);

/* The most likely tokens at generated token `position`, most likely first; empty without options.top_logprobs. As
 * mlxc_result_peek_tokens; also INVALID_ARGUMENT for a position outside the generated tokens. */
MLXC_API mlxc_status mlxc_result_peek_top_logprobs(mlxc_result *result, int64_t index, int64_t position, const mlxc_token_logprob **top,
                                                   int64_t *count, mlxc_error *error);

/* Logits [vocabulary] behind the last generated token; empty without options.keep_last_logits. As mlxc_result_peek_tokens. */
MLXC_API mlxc_status mlxc_result_peek_last_logits(mlxc_result *result, int64_t index, const float **logits, int64_t *count,
                                                  mlxc_error *error);

/* Times and counts. Set timings->struct_size first. Threads: any. Errors: INVALID_ARGUMENT (index), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_timings(mlxc_result *result, int64_t index, mlxc_timings *timings, mlxc_error *error);

/* Ends the borrowed pointers. Threads: any. */
MLXC_API void mlxc_result_free(mlxc_result *result);

#ifdef __cplusplus
}
#endif
#endif
/* Probabilities of given text: scores of labels, and logits of given tokens. */
#ifndef MLXC_SCORE_H
#define MLXC_SCORE_H


#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_score_options {
  uint32_t struct_size;
  int32_t add_special_tokens; /* 1: text prompts get the special tokens of the post-processor; labels never do */
  mlxc_cancel *cancel;        /* NULL: none */
} mlxc_score_options;

#define MLXC_SCORE_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_score_options), 1, NULL }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_score_options_init(mlxc_score_options *options, uint32_t struct_size);

/* Scores each label as a continuation of each prompt and returns log-probabilities.
 *   scores:       [prompt_count, label_count], float32, natural log, summed over the label's tokens; scores_capacity in elements.
 *   token_counts: [label_count], how many tokens each label has, for callers that normalise; may be NULL.
 * Labels are text or tokens; text is tokenized by itself, without special tokens: write the leading space it has after the prompt. One
 * pass over each prompt serves all its labels (shared prefix). count 0 of either is fine and writes no score.
 * Threads: any. Errors: INVALID_ARGUMENT (an empty prompt or label, token outside the vocabulary, text without a tokenizer),
 * CONTEXT_FULL (prompt and label longer than the context; both numbers), BUFFER_TOO_SMALL, CANCELLED, UNSUPPORTED (an encoder),
 * OUT_OF_MEMORY, INVALID_HANDLE, BUSY (from inside a callback of this model). */
MLXC_API mlxc_status mlxc_score(mlxc_model *model, const mlxc_prompt *prompts, int64_t prompt_count, const mlxc_prompt *labels,
                                int64_t label_count, const mlxc_score_options *options, float *scores, int64_t scores_capacity,
                                int32_t *token_counts, mlxc_error *error);

/* Logits of every token of a sequence: row t is the model's prediction after tokens [0, t].
 *   logits: [token_count, vocabulary] float32, row-major; NULL: not wanted.
 *   hidden: [token_count, hidden] float32, the states behind them after the final norm; NULL: not wanted.
 * Capacities in elements. `cancel` may be NULL.
 * Threads: any. Errors: BUFFER_TOO_SMALL (the message has the size; mlxc_model_inspect has vocabulary and hidden), INVALID_ARGUMENT (no
 * token, token outside the vocabulary, neither buffer), CONTEXT_FULL, CANCELLED, UNSUPPORTED (an encoder), OUT_OF_MEMORY, INVALID_HANDLE,
 * BUSY (from inside a callback of this model). */
MLXC_API mlxc_status mlxc_logits(mlxc_model *model, const int32_t *tokens, int64_t token_count, float *logits, int64_t logits_capacity,
                                 float *hidden, int64_t hidden_capacity, mlxc_cancel *cancel, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
/* Tokenizers (class: immutable, shared) and incremental decoders (class: one thread at a time). */
#ifndef MLXC_TOKENIZER_H
#define MLXC_TOKENIZER_H


#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_encode_options {
  uint32_t struct_size;
  int32_t add_special_tokens; /* 1: as the post-processor adds them (a leading BOS, [CLS] and [SEP], ...) */
  int32_t parse_special;      /* 1: special tokens written in the text are recognised; 0: they are plain text, for text from users */
  int32_t reserved;
} mlxc_encode_options;

#define MLXC_ENCODE_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_encode_options), 1, 1, 0 }

/* Where a token lies in the encoded text, in bytes: [begin, end); both 0 for a token that the post-processor added. Layout pinned. */
typedef struct mlxc_text_range {
  size_t begin;
  size_t end;
} mlxc_text_range;

typedef struct mlxc_decode_options {
  uint32_t struct_size;
  int32_t skip_special_tokens; /* 1: special tokens give no text */
} mlxc_decode_options;

#define MLXC_DECODE_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_decode_options), 0 }

typedef struct mlxc_tokenizer_info {
  uint32_t struct_size;
  int32_t reserved;
  int64_t vocabulary;    /* how many tokens there are, added ones included */
  int64_t id_end;        /* one past the largest id; larger than vocabulary when ids have gaps */
  int64_t special_count; /* see mlxc_tokenizer_special_tokens */
} mlxc_tokenizer_info;

#define MLXC_TOKENIZER_INFO_INIT \
  { (uint32_t)sizeof(mlxc_tokenizer_info), 0, 0, 0, 0 }

/* Write the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_encode_options_init(mlxc_encode_options *options, uint32_t struct_size);
MLXC_API void mlxc_decode_options_init(mlxc_decode_options *options, uint32_t struct_size);

/* Loads a tokenizer.json; `path` (UTF-8, NUL-terminated) names the file or a folder that holds it.
 * Ownership: the caller frees the handle. Threads: any.
 * Errors: NOT_FOUND, FORMAT (malformed), UNSUPPORTED (a component that this build lacks; named), IO, OUT_OF_MEMORY, INVALID_ARGUMENT. */
MLXC_API mlxc_status mlxc_tokenizer_load(mlxc_tokenizer **out, const char *path, mlxc_error *error);

/* Describes the tokenizer. Set info->struct_size first. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_tokenizer_inspect(mlxc_tokenizer *tokenizer, mlxc_tokenizer_info *info, mlxc_error *error);

/* Encodes `text` into ids, as Hugging Face tokenizers do. Ill-formed UTF-8 is read as U+FFFD. List of ids: text_bytes + 16 places are
 * enough for one call with all but odd tokenizers.
 * Threads: any. Errors: INVALID_ARGUMENT, BUFFER_TOO_SMALL, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_tokenizer_encode(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes,
                                           const mlxc_encode_options *options, int32_t *ids, int64_t capacity, int64_t *needed,
                                           mlxc_error *error);

/* The same with the place of each token in the text; both lists have `capacity` places and *needed elements. As mlxc_tokenizer_encode. */
MLXC_API mlxc_status mlxc_tokenizer_encode_ranges(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes,
                                                  const mlxc_encode_options *options, int32_t *ids, mlxc_text_range *ranges,
                                                  int64_t capacity, int64_t *needed, mlxc_error *error);

/* Decodes ids into text. Ids without a token give no text, as in Hugging Face tokenizers; bytes that are not UTF-8 become U+FFFD.
 * Text result. Threads: any. Errors: INVALID_ARGUMENT, BUFFER_TOO_SMALL, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_tokenizer_decode(mlxc_tokenizer *tokenizer, const int32_t *ids, int64_t count, const mlxc_decode_options *options,
                                           char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

/* The ids of all special tokens, rising. List of ids. Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_tokenizer_special_tokens(mlxc_tokenizer *tokenizer, int32_t *ids, int64_t capacity, int64_t *needed,
                                                   mlxc_error *error);

/* The id of a vocabulary entry or added token, spelled as in tokenizer.json. *id is -1 on failure.
 * Threads: any. Errors: NOT_FOUND, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_tokenizer_id(int32_t *id, mlxc_tokenizer *tokenizer, const char *piece, size_t piece_bytes, mlxc_error *error);

/* The spelling of an id in tokenizer.json (not its decoded text: byte-level pieces are in their printable alphabet). Text result.
 * Threads: any. Errors: NOT_FOUND (no such id), BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_tokenizer_piece(mlxc_tokenizer *tokenizer, int32_t id, char *buffer, size_t capacity, size_t *needed,
                                          mlxc_error *error);

/* Decoders and models keep what they need. Threads: any. */
MLXC_API void mlxc_tokenizer_free(mlxc_tokenizer *tokenizer);

/* Makes a decoder for one stream of ids. Ownership: the caller frees it; it keeps the tokenizer alive.
 * Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_decoder_new(mlxc_decoder **out, mlxc_tokenizer *tokenizer, const mlxc_decode_options *options, mlxc_error *error);

/* Takes more ids and gives the text that is now certain; bytes of an unfinished character are held back. The pieces of text joined equal
 * mlxc_tokenizer_decode of all ids.
 * Ownership: *text (*bytes long, NUL-terminated) is borrowed until the next call on this decoder or its free.
 * Threads: one at a time. Errors: BUSY, INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_decoder_add(mlxc_decoder *decoder, const int32_t *ids, int64_t count, const char **text, size_t *bytes,
                                      mlxc_error *error);

/* Ends the stream: gives what was held back (an unfinished character becomes U+FFFD) and makes the decoder ready for another stream.
 * Ownership, threads, errors: as mlxc_decoder_add. */
MLXC_API mlxc_status mlxc_decoder_finish(mlxc_decoder *decoder, const char **text, size_t *bytes, mlxc_error *error);

/* Threads: any, not during a call on it. */
MLXC_API void mlxc_decoder_free(mlxc_decoder *decoder);

#ifdef __cplusplus
}
#endif
#endif
/* Which library this is. All of it works before anything is loaded. */
#ifndef MLXC_VERSION_H
#define MLXC_VERSION_H


#ifdef __cplusplus
extern "C" {
#endif

#define MLXC_VERSION_MAJOR  0
#define MLXC_VERSION_MINOR  1
#define MLXC_VERSION_PATCH  0
#define MLXC_VERSION_STRING "0.1.0"
/* Rises when the ABI gains something; the SONAME's number changes only when it loses something. */
#define MLXC_ABI_VERSION 1

/* The version of the loaded library, "major.minor.patch". Static, never freed. Threads: any. */
MLXC_API const char *mlxc_version(void);

/* MLXC_ABI_VERSION of the loaded library. A caller built against a lower or equal number works with it. Threads: any. */
MLXC_API int32_t mlxc_abi_version(void);

/* 1 when the library can do `feature`, else 0 (also for NULL and unknown names, which is how an older library answers about newer
 * features). Names: "cpu", "vulkan", "array", "function", "generate", "score", "embed", "logits", "safetensors", "gguf", "train",
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
/* libmlxc: language models and arrays behind one C interface. Conventions: mlxc/types.h; policy: docs/ABI.md. */
#ifndef MLXC_MLXC_H
#define MLXC_MLXC_H


#endif
