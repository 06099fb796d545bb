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

#include "mlxc/types.h"

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

#define MLXC_MAX_RANK       64

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
#define MLXC_UNARY_ERFINV      40
#define MLXC_UNARY_DEGREES     41
#define MLXC_UNARY_RADIANS     42
#define MLXC_UNARY_SIGNBIT     43 /* bool; also of -0 and of NaN */
#define MLXC_UNARY_ISPOSINF    44 /* bool */
#define MLXC_UNARY_ISNEGINF    45 /* bool */

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
#define MLXC_BINARY_COPYSIGN      26 /* the magnitude of a with the sign of b */
#define MLXC_BINARY_NEXTAFTER     27 /* the number of the type beside a in the direction of b */
#define MLXC_BINARY_TRUNC_DIVIDE  28 /* toward zero, as C */
#define MLXC_BINARY_TRUNC_MOD     29 /* sign of the dividend, as C */
#define MLXC_BINARY_LOGADDEXP2    30

/* Reductions. */
#define MLXC_REDUCE_SUM       0
#define MLXC_REDUCE_MEAN      1
#define MLXC_REDUCE_PROD      2
#define MLXC_REDUCE_MAX       3
#define MLXC_REDUCE_MIN       4
#define MLXC_REDUCE_ANY       5
#define MLXC_REDUCE_ALL       6
#define MLXC_REDUCE_LOGSUMEXP 7
#define MLXC_REDUCE_COUNT     8 /* of elements that are not zero, int64 */

/* For mlxc_array_argmax and _argmin: over all axes, an index into the flattened array. */
#define MLXC_AXIS_ALL INT32_MIN

/* Creation */

/* A copy of `bytes` bytes of row-major data: exactly the elements of `shape` (`rank` dimensions, rank 0 is a scalar).
 * device NULL: the shared default device. Threads: any. Errors: shared; INVALID_ARGUMENT also when bytes does not fit shape and dtype. */
MLXC_API mlxc_status mlxc_array_new(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape,
                                    int32_t rank, int32_t dtype, mlxc_error *error);

/* Uses the caller's memory without a copy; it must stay unchanged until `release` is called with user_data. release (may be NULL for
 * memory that lives for ever) is called exactly once, when nothing uses the memory any more, or before this call returns when it fails.
 * It runs on the thread that drops the last use, and must not call into the library. A device with memory of its own (a GPU) takes a copy
 * and releases at once. Threads: any. Errors: as mlxc_array_new; also INVALID_ARGUMENT when data is not aligned to its element. */
MLXC_API mlxc_status mlxc_array_new_borrowed(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape,
                                             int32_t rank, int32_t dtype, void (*release)(void *user_data), void *user_data,
                                             mlxc_error *error);

/* Every element is `value`, converted to dtype. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_full(mlxc_array **out, mlxc_device *device, double value, const int64_t *shape, int32_t rank, int32_t dtype,
                                     mlxc_error *error);

/* start, start + step, ... before stop: [max(0, ceil((stop - start) / step))]. Threads: any. Errors: shared (step 0, not finite). */
MLXC_API mlxc_status mlxc_array_arange(mlxc_array **out, mlxc_device *device, double start, double stop, double step, int32_t dtype,
                                       mlxc_error *error);

/* count values from start to stop, evenly spaced, with stop (endpoint 1) or without. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_linspace(mlxc_array **out, mlxc_device *device, double start, double stop, int64_t count, int32_t endpoint,
                                         int32_t dtype, mlxc_error *error);

/* Ones on diagonal k of a matrix, zeros elsewhere. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_eye(mlxc_array **out, mlxc_device *device, int64_t rows, int64_t columns, int64_t k, int32_t dtype,
                                    mlxc_error *error);

/* An array without values, to be an input of mlxc_function_new. Reading or evaluating what depends on it is INVALID_ARGUMENT.
 * Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_placeholder(mlxc_array **out, mlxc_device *device, const int64_t *shape, int32_t rank, int32_t dtype,
                                            mlxc_error *error);

/* Another handle of the same array. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_copy(mlxc_array **out, mlxc_array *array, mlxc_error *error);

/* The same values in memory of their own, which nothing else shares. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_clone(mlxc_array **out, mlxc_array *x, mlxc_error *error);

/* The same values on a device (NULL: the default one); the array itself when it is there already, else evaluates. Threads: any. Errors:
 * shared, and those of mlxc_array_eval. */
MLXC_API mlxc_status mlxc_array_to_device(mlxc_array **out, mlxc_array *x, mlxc_device *device, mlxc_error *error);

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
 * Errors: as mlxc_array_eval; UNSUPPORTED for a view whose elements are not in row-major order (use mlxc_array_contiguous or read), and
 * for memory of a device that the host does not see. */
MLXC_API mlxc_status mlxc_array_peek(mlxc_array *array, const void **data, size_t *bytes, mlxc_error *error);

/* Evaluates and copies one element out. index: rank values, negative ones count from the end; bytes: the size of an element. Threads: any.
 * Errors: as mlxc_array_eval. */
MLXC_API mlxc_status mlxc_array_get(mlxc_array *array, const int64_t *index, int32_t rank, void *value, size_t bytes, mlxc_error *error);

/* The array with one element replaced; arguments as mlxc_array_get. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_set(mlxc_array **out, mlxc_array *x, const int64_t *index, int32_t rank, const void *value, size_t bytes,
                                    mlxc_error *error);

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

/* Index (int64) of the largest element along an axis (MLXC_AXIS_ALL: of all), the first of equals. Threads: any. Errors: shared. */
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

/* Element i of the result is element offset + sum(i * strides) of x in row-major order; elements may be seen more than once. A view.
 * Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_as_strided(mlxc_array **out, mlxc_array *x, const int64_t *shape, const int64_t *strides, int32_t rank,
                                           int64_t offset, mlxc_error *error);

/* The same bytes as another dtype of the same size. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_bitcast(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error);

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
