/* Made by internal/gen from include/mlxc: do not edit. */

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
#define MLXC_CANCELLED        1
#define MLXC_INVALID_ARGUMENT 2
#define MLXC_INVALID_HANDLE   3
#define MLXC_BUFFER_TOO_SMALL 4
#define MLXC_OUT_OF_MEMORY    5
#define MLXC_IO               6
#define MLXC_NOT_FOUND        7
#define MLXC_FORMAT           8
#define MLXC_UNSUPPORTED      9
#define MLXC_CONTEXT_FULL     10
#define MLXC_DEVICE_LOST      11
#define MLXC_TIMEOUT          12
#define MLXC_BUSY             13
#define MLXC_END              14
#define MLXC_INTERNAL         15
typedef struct mlxc_error {
  uint32_t struct_size;
  int32_t status;
  int64_t native;
  char message[496];
} mlxc_error;
#define MLXC_ERROR_INIT                       \
  {                                           \
    (uint32_t)sizeof(mlxc_error), 0, 0, { 0 } \
  }
MLXC_API const char *mlxc_status_name(mlxc_status status);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_TYPES_H
#define MLXC_TYPES_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
typedef struct mlxc_device mlxc_device;
typedef struct mlxc_model mlxc_model;
typedef struct mlxc_tokenizer mlxc_tokenizer;
typedef struct mlxc_decoder mlxc_decoder;
typedef struct mlxc_request mlxc_request;
typedef struct mlxc_queue mlxc_queue;
typedef struct mlxc_result mlxc_result;
typedef struct mlxc_cancel mlxc_cancel;
typedef struct mlxc_array mlxc_array;
typedef struct mlxc_function mlxc_function;
typedef struct mlxc_module mlxc_module;
typedef struct mlxc_parameters mlxc_parameters;
typedef struct mlxc_optimizer mlxc_optimizer;
typedef struct mlxc_dataset mlxc_dataset;
typedef struct mlxc_loader mlxc_loader;
typedef struct mlxc_trainer mlxc_trainer;
typedef struct mlxc_kernel mlxc_kernel;
typedef struct mlxc_stream mlxc_stream;
typedef struct mlxc_fence mlxc_fence;
#define MLXC_HANDLE_ANY        0
#define MLXC_HANDLE_DEVICE     1
#define MLXC_HANDLE_MODEL      2
#define MLXC_HANDLE_TOKENIZER  3
#define MLXC_HANDLE_DECODER    4
#define MLXC_HANDLE_REQUEST    5
#define MLXC_HANDLE_QUEUE      6
#define MLXC_HANDLE_RESULT     7
#define MLXC_HANDLE_CANCEL     8
#define MLXC_HANDLE_ARRAY      9
#define MLXC_HANDLE_FUNCTION   10
#define MLXC_HANDLE_MODULE     11
#define MLXC_HANDLE_PARAMETERS 12
#define MLXC_HANDLE_OPTIMIZER  13
#define MLXC_HANDLE_DATASET    14
#define MLXC_HANDLE_LOADER     15
#define MLXC_HANDLE_TRAINER    16
#define MLXC_HANDLE_KERNEL     17
#define MLXC_HANDLE_STREAM     18
#define MLXC_HANDLE_FENCE      19
typedef struct mlxc_text {
  const char *data;
  size_t bytes;
} mlxc_text;
typedef struct mlxc_prompt {
  const char *text;
  size_t text_bytes;
  const int32_t *tokens;
  int64_t token_count;
} mlxc_prompt;
typedef struct mlxc_token_logprob {
  int32_t token;
  float logprob;
} mlxc_token_logprob;
typedef struct mlxc_logit_bias {
  int32_t token;
  float bias;
} mlxc_logit_bias;
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_ARRAY_H
#define MLXC_ARRAY_H
#ifdef __cplusplus
extern "C" {
#endif
#define MLXC_DTYPE_BOOL     0
#define MLXC_DTYPE_UINT8    1
#define MLXC_DTYPE_INT8     2
#define MLXC_DTYPE_UINT16   3
#define MLXC_DTYPE_INT16    4
#define MLXC_DTYPE_UINT32   5
#define MLXC_DTYPE_INT32    6
#define MLXC_DTYPE_UINT64   7
#define MLXC_DTYPE_INT64    8
#define MLXC_DTYPE_FLOAT16  9
#define MLXC_DTYPE_BFLOAT16 10
#define MLXC_DTYPE_FLOAT32  11
#define MLXC_DTYPE_FLOAT64  12
#define MLXC_MAX_RANK       64
MLXC_API const char *mlxc_dtype_name(int32_t dtype);
MLXC_API size_t mlxc_dtype_size(int32_t dtype);
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
#define MLXC_UNARY_ROUND       27
#define MLXC_UNARY_SIGN        28
#define MLXC_UNARY_ERF         29
#define MLXC_UNARY_SIGMOID     30
#define MLXC_UNARY_SILU        31
#define MLXC_UNARY_GELU_TANH   32
#define MLXC_UNARY_GELU_ERF    33
#define MLXC_UNARY_RELU        34
#define MLXC_UNARY_LOGICAL_NOT 35
#define MLXC_UNARY_BITWISE_NOT 36
#define MLXC_UNARY_ISNAN       37
#define MLXC_UNARY_ISINF       38
#define MLXC_UNARY_ISFINITE    39
#define MLXC_UNARY_ERFINV      40
#define MLXC_UNARY_DEGREES     41
#define MLXC_UNARY_RADIANS     42
#define MLXC_UNARY_SIGNBIT     43
#define MLXC_UNARY_ISPOSINF    44
#define MLXC_UNARY_ISNEGINF    45
#define MLXC_BINARY_ADD           0
#define MLXC_BINARY_SUBTRACT      1
#define MLXC_BINARY_MULTIPLY      2
#define MLXC_BINARY_DIVIDE        3
#define MLXC_BINARY_FLOOR_DIVIDE  4
#define MLXC_BINARY_REMAINDER     5
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
#define MLXC_BINARY_COPYSIGN      26
#define MLXC_BINARY_NEXTAFTER     27
#define MLXC_BINARY_TRUNC_DIVIDE  28
#define MLXC_BINARY_TRUNC_MOD     29
#define MLXC_BINARY_LOGADDEXP2    30
#define MLXC_REDUCE_SUM       0
#define MLXC_REDUCE_MEAN      1
#define MLXC_REDUCE_PROD      2
#define MLXC_REDUCE_MAX       3
#define MLXC_REDUCE_MIN       4
#define MLXC_REDUCE_ANY       5
#define MLXC_REDUCE_ALL       6
#define MLXC_REDUCE_LOGSUMEXP 7
#define MLXC_REDUCE_COUNT     8
#define MLXC_AXIS_ALL INT32_MIN
MLXC_API mlxc_status mlxc_array_new(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape,
                                    int32_t rank, int32_t dtype, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_new_borrowed(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape,
                                             int32_t rank, int32_t dtype, void (*release)(void *user_data), void *user_data,
                                             mlxc_error *error);
MLXC_API mlxc_status mlxc_array_full(mlxc_array **out, mlxc_device *device, double value, const int64_t *shape, int32_t rank, int32_t dtype,
                                     mlxc_error *error);
MLXC_API mlxc_status mlxc_array_arange(mlxc_array **out, mlxc_device *device, double start, double stop, double step, int32_t dtype,
                                       mlxc_error *error);
MLXC_API mlxc_status mlxc_array_linspace(mlxc_array **out, mlxc_device *device, double start, double stop, int64_t count, int32_t endpoint,
                                         int32_t dtype, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_eye(mlxc_array **out, mlxc_device *device, int64_t rows, int64_t columns, int64_t k, int32_t dtype,
                                    mlxc_error *error);
MLXC_API mlxc_status mlxc_array_placeholder(mlxc_array **out, mlxc_device *device, const int64_t *shape, int32_t rank, int32_t dtype,
                                            mlxc_error *error);
MLXC_API mlxc_status mlxc_array_copy(mlxc_array **out, mlxc_array *array, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_clone(mlxc_array **out, mlxc_array *x, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_to_device(mlxc_array **out, mlxc_array *x, mlxc_device *device, mlxc_error *error);
MLXC_API void mlxc_array_free(mlxc_array *array);
MLXC_API mlxc_status mlxc_array_dtype(mlxc_array *array, int32_t *dtype, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_shape(mlxc_array *array, int64_t *shape, int64_t capacity, int64_t *needed, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_eval(mlxc_array *const *arrays, int64_t count, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_read(mlxc_array *array, void *buffer, size_t capacity, size_t *needed, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_peek(mlxc_array *array, const void **data, size_t *bytes, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_get(mlxc_array *array, const int64_t *index, int32_t rank, void *value, size_t bytes, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_set(mlxc_array **out, mlxc_array *x, const int64_t *index, int32_t rank, const void *value, size_t bytes,
                                    mlxc_error *error);
MLXC_API mlxc_status mlxc_array_dot(mlxc_array *const *arrays, int64_t count, char *buffer, size_t capacity, size_t *needed,
                                    mlxc_error *error);
MLXC_API mlxc_status mlxc_array_unary(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_binary(mlxc_array **out, int32_t op, mlxc_array *a, mlxc_array *b, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_binary_scalar(mlxc_array **out, int32_t op, mlxc_array *a, double b, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_where(mlxc_array **out, mlxc_array *condition, mlxc_array *a, mlxc_array *b, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_cast(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_matmul(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_softmax(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t log, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_reduce(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count,
                                       int32_t keepdims, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_argmax(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_argmin(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_reshape(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_transpose(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_slice(mlxc_array **out, mlxc_array *x, const int64_t *start, const int64_t *stop, const int64_t *step,
                                      int32_t rank, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_broadcast(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_as_strided(mlxc_array **out, mlxc_array *x, const int64_t *shape, const int64_t *strides, int32_t rank,
                                           int64_t offset, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_bitcast(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_contiguous(mlxc_array **out, mlxc_array *x, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_concatenate(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_take(mlxc_array **out, mlxc_array *x, mlxc_array *indices, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_CANCEL_H
#define MLXC_CANCEL_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_cancel_new(mlxc_cancel **out, mlxc_error *error);
MLXC_API mlxc_status mlxc_cancel_trigger(mlxc_cancel *cancel, mlxc_error *error);
MLXC_API void mlxc_cancel_free(mlxc_cancel *cancel);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_DATA_H
#define MLXC_DATA_H
#ifdef __cplusplus
extern "C" {
#endif
#define MLXC_FIELD_MAX_RANK 8
typedef struct mlxc_field {
  int32_t dtype;
  int32_t rank;
  int64_t shape[MLXC_FIELD_MAX_RANK];
} mlxc_field;
MLXC_API mlxc_status mlxc_dataset_new_arrays(mlxc_dataset **out, mlxc_array *const *fields, int64_t field_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_new_random(mlxc_dataset **out, int64_t samples, const int64_t *shape, int32_t rank, int64_t classes,
                                             uint64_t seed, mlxc_error *error);
typedef int32_t (*mlxc_dataset_callback)(const int64_t *samples, int64_t count, void *const *fields, void *user_data);
MLXC_API mlxc_status mlxc_dataset_new_callback(mlxc_dataset **out, int64_t samples, const mlxc_field *fields, int64_t field_count,
                                               mlxc_dataset_callback read, void (*release)(void *user_data), void *user_data,
                                               mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_open_npy(mlxc_dataset **out, const char *const *paths, int64_t field_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_open_safetensors(mlxc_dataset **out, const char *path, const char *const *names, int64_t field_count,
                                                   mlxc_error *error);
#define MLXC_CSV_NO_TARGET 0
#define MLXC_CSV_NUMBERS   1
#define MLXC_CSV_CLASSES   2
typedef struct mlxc_csv_options {
  uint32_t struct_size;
  int32_t target;
  const int64_t *target_columns;
  int64_t target_column_count;
  int32_t header;
  int32_t separator;
} mlxc_csv_options;
#define MLXC_CSV_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_csv_options), MLXC_CSV_CLASSES, NULL, 0, 1, ',' }
MLXC_API void mlxc_csv_options_init(mlxc_csv_options *options, uint32_t struct_size);
MLXC_API mlxc_status mlxc_dataset_open_csv(mlxc_dataset **out, const char *path, const mlxc_csv_options *options, mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_class_count(mlxc_dataset *dataset, int64_t *count, mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_class_name(mlxc_dataset *dataset, int64_t index, char *buffer, size_t capacity, size_t *needed,
                                             mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_new_tokens(mlxc_dataset **out, const int32_t *tokens, int64_t token_count, int64_t length, int64_t stride,
                                             mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_new_text(mlxc_dataset **out, mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes,
                                           int64_t length, int64_t stride, mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_select(mlxc_dataset **out, mlxc_dataset *dataset, const int64_t *samples, int64_t count,
                                         mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_split(mlxc_dataset **first, mlxc_dataset **second, mlxc_dataset *dataset, double fraction, uint64_t seed,
                                        mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_samples(mlxc_dataset *dataset, int64_t *samples, mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_fields(mlxc_dataset *dataset, mlxc_field *fields, int64_t capacity, int64_t *needed, mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_read(mlxc_array **fields, int64_t field_count, mlxc_dataset *dataset, mlxc_device *device,
                                       const int64_t *samples, int64_t count, mlxc_error *error);
MLXC_API void mlxc_dataset_free(mlxc_dataset *dataset);
typedef struct mlxc_loader_options {
  uint32_t struct_size;
  int32_t shuffle;
  int64_t batch_size;
  uint64_t seed;
  int32_t drop_last;
  int32_t prefetch;
} mlxc_loader_options;
#define MLXC_LOADER_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_loader_options), 0, 32, 0, 0, 2 }
MLXC_API void mlxc_loader_options_init(mlxc_loader_options *options, uint32_t struct_size);
MLXC_API mlxc_status mlxc_loader_new(mlxc_loader **out, mlxc_dataset *dataset, const mlxc_loader_options *options, mlxc_error *error);
MLXC_API mlxc_status mlxc_loader_batches(mlxc_loader *loader, int64_t *batches, mlxc_error *error);
MLXC_API mlxc_status mlxc_loader_start(mlxc_loader *loader, int64_t epoch, int64_t batch, mlxc_error *error);
MLXC_API mlxc_status mlxc_loader_next(mlxc_array **fields, int64_t field_count, mlxc_loader *loader, mlxc_device *device,
                                      mlxc_cancel *cancel, int64_t *samples, mlxc_error *error);
MLXC_API void mlxc_loader_free(mlxc_loader *loader);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_DEVICE_H
#define MLXC_DEVICE_H
#ifdef __cplusplus
extern "C" {
#endif
typedef struct mlxc_device_info {
  uint32_t struct_size;
  int32_t available;
  int64_t memory_bytes;
  int32_t threads;
  int32_t software;
  char name[64];
  char description[256];
  char reason[256];
  int64_t available_bytes;
} mlxc_device_info;
#define MLXC_DEVICE_INFO_INIT \
  { (uint32_t)sizeof(mlxc_device_info), 0, 0, 0, 0, {0}, {0}, {0}, 0 }
MLXC_API mlxc_status mlxc_device_count(int32_t *count, mlxc_error *error);
MLXC_API mlxc_status mlxc_device_list(int32_t index, mlxc_device_info *info, mlxc_error *error);
MLXC_API mlxc_status mlxc_device_open(mlxc_device **out, const char *name, mlxc_error *error);
MLXC_API mlxc_status mlxc_device_inspect(mlxc_device *device, mlxc_device_info *info, mlxc_error *error);
MLXC_API void mlxc_device_free(mlxc_device *device);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_ELEMENTWISE_H
#define MLXC_ELEMENTWISE_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_array_clip(mlxc_array **out, mlxc_array *x, mlxc_array *low, mlxc_array *high, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_nan_to_num(mlxc_array **out, mlxc_array *x, double nan, const double *positive_infinity,
                                           const double *negative_infinity, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_isclose(mlxc_array **out, mlxc_array *a, mlxc_array *b, double relative, double absolute, int32_t equal_nan,
                                        mlxc_error *error);
MLXC_API mlxc_status mlxc_array_allclose(mlxc_array **out, mlxc_array *a, mlxc_array *b, double relative, double absolute,
                                         int32_t equal_nan, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_equal(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t equal_nan, mlxc_error *error);
#define MLXC_ACTIVATION_RELU         0
#define MLXC_ACTIVATION_RELU6        1
#define MLXC_ACTIVATION_LEAKY_RELU   2
#define MLXC_ACTIVATION_ELU          3
#define MLXC_ACTIVATION_SELU         4
#define MLXC_ACTIVATION_CELU         5
#define MLXC_ACTIVATION_GELU         6
#define MLXC_ACTIVATION_GELU_TANH    7
#define MLXC_ACTIVATION_SILU         8
#define MLXC_ACTIVATION_SIGMOID      9
#define MLXC_ACTIVATION_LOG_SIGMOID  10
#define MLXC_ACTIVATION_TANH         11
#define MLXC_ACTIVATION_SOFTPLUS     12
#define MLXC_ACTIVATION_SOFTSIGN     13
#define MLXC_ACTIVATION_MISH         14
#define MLXC_ACTIVATION_HARD_SIGMOID 15
#define MLXC_ACTIVATION_HARD_SWISH   16
#define MLXC_ACTIVATION_HARD_TANH    17
#define MLXC_ACTIVATION_HARD_SHRINK  18
#define MLXC_ACTIVATION_SOFT_SHRINK  19
#define MLXC_ACTIVATION_TANH_SHRINK  20
#define MLXC_ACTIVATION_STEP         21
MLXC_API mlxc_status mlxc_array_activation(mlxc_array **out, int32_t op, mlxc_array *x, double parameter, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_MODEL_H
#define MLXC_MODEL_H
#ifdef __cplusplus
extern "C" {
#endif
#define MLXC_PRECISION_NATIVE 0
#define MLXC_PRECISION_HIGH   1
#define MLXC_WEIGHTS_MAPPED 0
#define MLXC_WEIGHTS_COPIED 1
typedef int32_t (*mlxc_progress_callback)(int64_t done, int64_t total, void *user_data);
typedef struct mlxc_model_options {
  uint32_t struct_size;
  int32_t precision;
  mlxc_device *device;
  int32_t threads;
  int32_t weights;
  int64_t context;
  int64_t cache_tokens;
  int64_t max_sequences;
  int64_t step_tokens;
  mlxc_progress_callback progress;
  void *progress_user_data;
  const char *adapter;
} mlxc_model_options;
#define MLXC_MODEL_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_model_options), MLXC_PRECISION_NATIVE, NULL, 0, MLXC_WEIGHTS_MAPPED, 0, 0, 0, 0, NULL, NULL, NULL }
MLXC_API void mlxc_model_options_init(mlxc_model_options *options, uint32_t struct_size);
#define MLXC_POOLING_MODEL (-1)
#define MLXC_POOLING_MEAN  0
#define MLXC_POOLING_LAST  1
#define MLXC_POOLING_CLS   2
typedef struct mlxc_model_info {
  uint32_t struct_size;
  int32_t causal;
  int64_t vocabulary;
  int64_t hidden;
  int64_t layers;
  int64_t heads;
  int64_t kv_heads;
  int64_t head_dim;
  int64_t context;
  int64_t parameters;
  int64_t weight_bytes;
  int32_t weight_dtype;
  int32_t precision;
  int32_t bos_token;
  int32_t pad_token;
  int32_t pooling;
  int32_t normalize_embeddings;
  int64_t max_embedding_tokens;
  float temperature;
  int32_t top_k;
  float top_p;
  float min_p;
  float repetition_penalty;
  int32_t has_tokenizer;
  char family[32];
  char architecture[64];
} mlxc_model_info;
#define MLXC_MODEL_INFO_INIT                                                                                                       \
  {                                                                                                                                \
    (uint32_t)sizeof(mlxc_model_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0f, 0, 0.0f, 0.0f, 0.0f, 0, {0}, { 0 } \
  }
typedef struct mlxc_model_stats {
  uint32_t struct_size;
  int32_t reserved;
  int64_t running;
  int64_t waiting;
  int64_t submitted;
  int64_t finished;
  int64_t prompt_tokens;
  int64_t generated_tokens;
  int64_t steps;
  int64_t cache_pages;
  int64_t cache_pages_used;
} mlxc_model_stats;
#define MLXC_MODEL_STATS_INIT \
  { (uint32_t)sizeof(mlxc_model_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
MLXC_API mlxc_status mlxc_model_load(mlxc_model **out, const char *path, const mlxc_model_options *options, mlxc_error *error);
MLXC_API mlxc_status mlxc_model_inspect(mlxc_model *model, mlxc_model_info *info, mlxc_error *error);
MLXC_API mlxc_status mlxc_model_json(mlxc_model *model, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
MLXC_API mlxc_status mlxc_model_stop_tokens(mlxc_model *model, int32_t *tokens, int64_t capacity, int64_t *needed, mlxc_error *error);
MLXC_API mlxc_status mlxc_model_read_stats(mlxc_model *model, mlxc_model_stats *stats, mlxc_error *error);
MLXC_API mlxc_status mlxc_model_tokenizer_copy(mlxc_tokenizer **out, mlxc_model *model, mlxc_error *error);
MLXC_API mlxc_status mlxc_model_device_copy(mlxc_device **out, mlxc_model *model, mlxc_error *error);
MLXC_API void mlxc_model_free(mlxc_model *model);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_EMBED_H
#define MLXC_EMBED_H
#ifdef __cplusplus
extern "C" {
#endif
typedef struct mlxc_embed_options {
  uint32_t struct_size;
  int32_t pooling;
  int32_t normalize;
  int32_t add_special_tokens;
  int32_t truncate;
  int32_t reserved;
  mlxc_cancel *cancel;
} mlxc_embed_options;
#define MLXC_EMBED_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_embed_options), MLXC_POOLING_MODEL, -1, 1, 1, 0, NULL }
MLXC_API void mlxc_embed_options_init(mlxc_embed_options *options, uint32_t struct_size);
MLXC_API mlxc_status mlxc_embed(mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options,
                                float *vectors, int64_t capacity, mlxc_error *error);
MLXC_API mlxc_status mlxc_embed_new(mlxc_array **out, mlxc_model *model, const mlxc_prompt *inputs, int64_t count,
                                    const mlxc_embed_options *options, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_FINETUNE_H
#define MLXC_FINETUNE_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_module_language_model(mlxc_module **out, const char *folder, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_load_model(mlxc_parameters **out, mlxc_device *device, const char *folder, int32_t trained,
                                                int32_t precision, uint64_t seed, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_save_model(mlxc_parameters *parameters, const char *like, const char *folder, mlxc_error *error);
typedef struct mlxc_lora_options {
  uint32_t struct_size;
  int32_t rank_stabilized;
  int64_t rank;
  double alpha;
  double dropout;
  const char *targets;
} mlxc_lora_options;
#define MLXC_LORA_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_lora_options), 0, 8, 16, 0, NULL }
MLXC_API void mlxc_lora_options_init(mlxc_lora_options *options, uint32_t struct_size);
MLXC_API mlxc_status mlxc_parameters_add_lora(mlxc_parameters *parameters, const mlxc_lora_options *options, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_load_adapter(mlxc_parameters *parameters, const char *folder, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_save_adapter(mlxc_parameters *parameters, const char *folder, const char *base_model,
                                                  mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_merge_adapter(mlxc_parameters *parameters, mlxc_error *error);
MLXC_API mlxc_status mlxc_adapter_merge(mlxc_device *device, const char *model, const char *adapter, const char *folder, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_FUNCTION_H
#define MLXC_FUNCTION_H
#ifdef __cplusplus
extern "C" {
#endif
typedef struct mlxc_state_pair {
  int32_t input;
  int32_t output;
} mlxc_state_pair;
MLXC_API mlxc_status mlxc_function_new(mlxc_function **out, mlxc_array *const *inputs, int64_t input_count, mlxc_array *const *outputs,
                                       int64_t output_count, const mlxc_state_pair *states, int64_t state_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_function_call(mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_array **outputs,
                                        int64_t output_count, mlxc_cancel *cancel, mlxc_error *error);
MLXC_API mlxc_status mlxc_function_run_rows(mlxc_function *function, const void *rows, size_t bytes, int64_t row_count, void *results,
                                            size_t result_bytes, double *mean, mlxc_cancel *cancel, mlxc_error *error);
MLXC_API mlxc_status mlxc_function_launches(mlxc_function *function, int64_t *launches, mlxc_error *error);
MLXC_API mlxc_status mlxc_function_dot(mlxc_function *function, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
MLXC_API void mlxc_function_free(mlxc_function *function);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_GENERATE_H
#define MLXC_GENERATE_H
#ifdef __cplusplus
extern "C" {
#endif
#define MLXC_FINISH_NONE      0
#define MLXC_FINISH_STOP      1
#define MLXC_FINISH_LENGTH    2
#define MLXC_FINISH_CANCELLED 3
#define MLXC_FINISH_ERROR     4
MLXC_API const char *mlxc_finish_reason_name(int32_t finish_reason);
typedef struct mlxc_generate_options {
  uint32_t struct_size;
  float temperature;
  int64_t top_k;
  float top_p;
  float min_p;
  float repetition_penalty;
  float presence_penalty;
  float frequency_penalty;
  int32_t ignore_model_stop;
  uint64_t seed;
  int64_t max_tokens;
  int64_t min_tokens;
  const mlxc_text *stop;
  int64_t stop_count;
  const int32_t *stop_tokens;
  int64_t stop_token_count;
  const mlxc_logit_bias *logit_bias;
  int64_t logit_bias_count;
  int32_t logprobs;
  int32_t top_logprobs;
  int32_t echo;
  int32_t keep_last_logits;
  int32_t add_special_tokens;
  int32_t token_events;
  mlxc_cancel *cancel;
} mlxc_generate_options;
#define MLXC_GENERATE_OPTIONS_INIT                                                                                                        \
  {                                                                                                                                       \
    (uint32_t)sizeof(mlxc_generate_options), -1.0f, -1, -1.0f, -1.0f, -1.0f, 0.0f, 0.0f, 0, 0, -1, 0, NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, \
        0, 1, 1, NULL                                                                                                                     \
  }
MLXC_API void mlxc_generate_options_init(mlxc_generate_options *options, uint32_t struct_size);
typedef struct mlxc_timings {
  uint32_t struct_size;
  int32_t reserved;
  double queue_seconds;
  double prompt_seconds;
  double first_token_seconds;
  double generate_seconds;
  int64_t prompt_tokens;
  int64_t generated_tokens;
} mlxc_timings;
#define MLXC_TIMINGS_INIT \
  { (uint32_t)sizeof(mlxc_timings), 0, 0, 0, 0, 0, 0, 0 }
#define MLXC_EVENT_TOKEN 1
#define MLXC_EVENT_DONE  2
typedef struct mlxc_event {
  uint64_t tag;
  int32_t type;
  int32_t status;
  int64_t index;
  int32_t token;
  int32_t finish_reason;
  const char *text;
  size_t text_bytes;
  const mlxc_token_logprob *top;
  int32_t top_count;
  float logprob;
  double seconds;
  uint64_t reserved[3];
} mlxc_event;
typedef int32_t (*mlxc_event_callback)(const mlxc_event *event, void *user_data);
typedef struct mlxc_batch_output {
  uint32_t struct_size;
  int32_t reserved;
  int32_t *tokens;
  float *logprobs;
  int64_t tokens_capacity;
  int64_t *token_counts;
  char *text;
  size_t text_capacity;
  size_t *text_bytes;
  float *last_logits;
  int64_t last_logits_capacity;
  int32_t *finish_reasons;
} mlxc_batch_output;
#define MLXC_BATCH_OUTPUT_INIT \
  { (uint32_t)sizeof(mlxc_batch_output), 0, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, 0, NULL }
MLXC_API mlxc_status mlxc_generate_batch(mlxc_result **result, mlxc_model *model, const mlxc_prompt *prompts, int64_t count,
                                         const mlxc_generate_options *options, const mlxc_batch_output *output,
                                         mlxc_event_callback callback, void *user_data, mlxc_error *error);
MLXC_API mlxc_status mlxc_generate_start(mlxc_request **out, mlxc_model *model, const mlxc_prompt *prompt,
                                         const mlxc_generate_options *options, mlxc_queue *queue, uint64_t tag,
                                         mlxc_event_callback callback, void *user_data, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_GRADIENT_H
#define MLXC_GRADIENT_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_grad(mlxc_array **gradients, mlxc_array *const *outputs, int64_t output_count, mlxc_array *const *wrt,
                               int64_t wrt_count, mlxc_array *const *cotangents, int64_t cotangent_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_set_requires_grad(mlxc_array *array, int32_t requires_grad, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_requires_grad(mlxc_array *array, int32_t *requires_grad, mlxc_error *error);
MLXC_API mlxc_status mlxc_stop_gradient(mlxc_array **out, mlxc_array *x, mlxc_error *error);
MLXC_API mlxc_status mlxc_checkpoint(mlxc_array **marked, mlxc_array *const *outputs, int64_t output_count, mlxc_array *const *inputs,
                                     int64_t input_count, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_INDEXING_H
#define MLXC_INDEXING_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_array_take_axis(mlxc_array **out, mlxc_array *x, mlxc_array *indices, int32_t axis, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_take_along_axis(mlxc_array **out, mlxc_array *x, mlxc_array *indices, int32_t axis, mlxc_error *error);
#define MLXC_SCATTER_SET      0
#define MLXC_SCATTER_ADD      1
#define MLXC_SCATTER_MULTIPLY 2
#define MLXC_SCATTER_MIN      3
#define MLXC_SCATTER_MAX      4
MLXC_API mlxc_status mlxc_array_put_along_axis(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_array *indices, mlxc_array *values,
                                               int32_t axis, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_gather(mlxc_array **out, mlxc_array *x, mlxc_array *const *indices, int64_t count, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_scatter(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_array *const *indices, int64_t count,
                                        mlxc_array *values, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_update(mlxc_array **out, mlxc_array *x, mlxc_array *values, const int64_t *start, const int64_t *stop,
                                       const int64_t *step, int32_t rank, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_nonzero(mlxc_array **outputs, int64_t output_count, mlxc_array *x, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_searchsorted(mlxc_array **out, mlxc_array *sorted, mlxc_array *values, int32_t right, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_sort(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t descending, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_argsort(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t descending, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_topk(mlxc_array **values, mlxc_array **indices, mlxc_array *x, int64_t k, int32_t axis, int32_t largest,
                                     mlxc_error *error);
MLXC_API mlxc_status mlxc_array_unique(mlxc_array **values, mlxc_array **indices, mlxc_array **inverse, mlxc_array **counts, mlxc_array *x,
                                       mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_KERNEL_H
#define MLXC_KERNEL_H
#ifdef __cplusplus
extern "C" {
#endif
typedef struct mlxc_kernel_options {
  uint32_t struct_size;
  uint32_t group_x, group_y, group_z;
} mlxc_kernel_options;
#define MLXC_KERNEL_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_kernel_options), 256, 1, 1 }
typedef struct mlxc_array_type {
  const int64_t *shape;
  int32_t rank;
  int32_t dtype;
} mlxc_array_type;
MLXC_API mlxc_status mlxc_kernel_new(mlxc_kernel **out, mlxc_device *device, const char *name, const char *source, size_t source_bytes,
                                     const char *const *inputs, int64_t input_count, const char *const *outputs, int64_t output_count,
                                     const mlxc_kernel_options *options, mlxc_error *error);
MLXC_API mlxc_status mlxc_kernel_apply(mlxc_array **results, mlxc_kernel *kernel, mlxc_array *const *inputs, int64_t input_count,
                                       const mlxc_array_type *types, int64_t output_count, const int64_t *threads, mlxc_error *error);
MLXC_API void mlxc_kernel_free(mlxc_kernel *kernel);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_LAYERS_H
#define MLXC_LAYERS_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_array_convolution(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, const int64_t *stride,
                                            const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, int64_t groups,
                                            mlxc_error *error);
MLXC_API mlxc_status mlxc_array_transposed_convolution(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias,
                                                       const int64_t *stride, const int64_t *padding, const int64_t *dilation,
                                                       const int64_t *output_padding, int32_t spatial_axes, int64_t groups,
                                                       mlxc_error *error);
MLXC_API mlxc_status mlxc_array_max_pool(mlxc_array **out, mlxc_array *x, const int64_t *kernel, const int64_t *stride,
                                         const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_average_pool(mlxc_array **out, mlxc_array *x, const int64_t *kernel, const int64_t *stride,
                                             const int64_t *padding, int32_t spatial_axes, int32_t count_padding, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_layer_norm(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, int32_t last_axes,
                                           double eps, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_rms_norm(mlxc_array **out, mlxc_array *x, mlxc_array *weight, double eps, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_batch_norm(mlxc_array **out, mlxc_array **batch_mean, mlxc_array **batch_variance, mlxc_array *x,
                                           mlxc_array *mean, mlxc_array *variance, mlxc_array *weight, mlxc_array *bias, double eps,
                                           mlxc_error *error);
MLXC_API mlxc_status mlxc_array_group_norm(mlxc_array **out, mlxc_array *x, int64_t groups, mlxc_array *weight, mlxc_array *bias,
                                           double eps, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_dropout(mlxc_array **out, mlxc_array *x, mlxc_array *key, double probability, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_attention(mlxc_array **out, mlxc_array *q, mlxc_array *k, mlxc_array *v, mlxc_array *mask, double scale,
                                          int32_t causal, mlxc_error *error);
#define MLXC_CELL_RNN_TANH 0
#define MLXC_CELL_RNN_RELU 1
#define MLXC_CELL_GRU      2
#define MLXC_CELL_LSTM     3
MLXC_API mlxc_status mlxc_array_recurrent(mlxc_array **outputs, mlxc_array **last_hidden, mlxc_array **last_cell, int32_t kind,
                                          mlxc_array *x, mlxc_array *hidden, mlxc_array *cell, mlxc_array *const *weights, int32_t reverse,
                                          mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_LINALG_H
#define MLXC_LINALG_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_linalg_cholesky(mlxc_array **out, mlxc_array *x, int32_t upper, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_qr(mlxc_array **q, mlxc_array **r, mlxc_array *x, int32_t complete, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_svd(mlxc_array **u, mlxc_array **s, mlxc_array **vh, mlxc_array *x, int32_t full, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_eigh(mlxc_array **values, mlxc_array **vectors, mlxc_array *x, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_solve(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_triangular_solve(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t upper, int32_t unit,
                                                  int32_t transposed, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_inverse(mlxc_array **out, mlxc_array *x, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_determinant(mlxc_array **out, mlxc_array *x, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_slogdet(mlxc_array **sign, mlxc_array **log, mlxc_array *x, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_pseudo_inverse(mlxc_array **out, mlxc_array *x, double tolerance, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_least_squares(mlxc_array **out, mlxc_array *a, mlxc_array *b, double tolerance, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_matrix_rank(mlxc_array **out, mlxc_array *x, double tolerance, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_matrix_power(mlxc_array **out, mlxc_array *x, int64_t power, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_cross(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t axis, mlxc_error *error);
MLXC_API mlxc_status mlxc_linalg_vector_norm(mlxc_array **out, mlxc_array *x, double p, const int32_t *axes, int32_t axis_count,
                                             int32_t keepdims, mlxc_error *error);
#define MLXC_NORM_FROBENIUS 0
#define MLXC_NORM_NUCLEAR   1
#define MLXC_NORM_P         2
MLXC_API mlxc_status mlxc_linalg_matrix_norm(mlxc_array **out, mlxc_array *x, int32_t kind, double p, int32_t keepdims, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_LOG_H
#define MLXC_LOG_H
#ifdef __cplusplus
extern "C" {
#endif
#define MLXC_LOG_DEBUG   0
#define MLXC_LOG_INFO    1
#define MLXC_LOG_WARNING 2
#define MLXC_LOG_ERROR   3
typedef void (*mlxc_log_callback)(int32_t level, const char *message, void *user_data);
MLXC_API mlxc_status mlxc_log_set(mlxc_log_callback callback, void *user_data, int32_t least, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_MANIPULATE_H
#define MLXC_MANIPULATE_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_array_stack(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_split(mlxc_array **outputs, int64_t output_count, mlxc_array *x, const int64_t *points, int64_t point_count,
                                      int32_t axis, mlxc_error *error);
#define MLXC_PAD_CONSTANT  0
#define MLXC_PAD_EDGE      1
#define MLXC_PAD_REFLECT   2
#define MLXC_PAD_SYMMETRIC 3
#define MLXC_PAD_WRAP      4
MLXC_API mlxc_status mlxc_array_pad(mlxc_array **out, mlxc_array *x, const int64_t *before, const int64_t *after, int32_t rank,
                                    int32_t mode, double value, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_repeat(mlxc_array **out, mlxc_array *x, const int64_t *counts, int64_t count, int32_t axis,
                                       mlxc_error *error);
MLXC_API mlxc_status mlxc_array_tile(mlxc_array **out, mlxc_array *x, const int64_t *repeats, int32_t rank, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_roll(mlxc_array **out, mlxc_array *x, const int64_t *shifts, const int32_t *axes, int32_t axis_count,
                                     mlxc_error *error);
MLXC_API mlxc_status mlxc_array_flip(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_swap_axes(mlxc_array **out, mlxc_array *x, int32_t a, int32_t b, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_move_axes(mlxc_array **out, mlxc_array *x, const int32_t *from, const int32_t *to, int32_t axis_count,
                                          mlxc_error *error);
MLXC_API mlxc_status mlxc_array_expand_dims(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_squeeze(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_diagonal(mlxc_array **out, mlxc_array *x, int64_t k, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_triangle(mlxc_array **out, mlxc_array *x, int64_t k, int32_t upper, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_MEMORY_H
#define MLXC_MEMORY_H
#ifdef __cplusplus
extern "C" {
#endif
typedef struct mlxc_memory_stats {
  uint32_t struct_size;
  int32_t reserved;
  int64_t active_bytes;
  int64_t cached_bytes;
  int64_t peak_bytes;
  int64_t requested_bytes;
  int64_t reserved_bytes;
  int64_t peak_requested_bytes;
  int64_t peak_reserved_bytes;
  int64_t limit_bytes;
  int64_t cache_limit_bytes;
  int64_t hits;
  int64_t misses;
  double hit_nanoseconds;
  double miss_nanoseconds;
  double fragmentation;
} mlxc_memory_stats;
#define MLXC_MEMORY_STATS_INIT \
  { (uint32_t)sizeof(mlxc_memory_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0 }
MLXC_API mlxc_status mlxc_memory_read(mlxc_device *device, mlxc_memory_stats *stats, mlxc_error *error);
MLXC_API mlxc_status mlxc_memory_reset_peak(mlxc_device *device, mlxc_error *error);
MLXC_API mlxc_status mlxc_memory_release_cache(mlxc_device *device, mlxc_error *error);
MLXC_API mlxc_status mlxc_memory_trim(mlxc_device *device, int64_t keep_bytes, mlxc_error *error);
MLXC_API mlxc_status mlxc_memory_set_limit(mlxc_device *device, int64_t bytes, mlxc_error *error);
MLXC_API mlxc_status mlxc_memory_set_cache_limit(mlxc_device *device, int64_t bytes, mlxc_error *error);
MLXC_API int64_t mlxc_handle_count(int32_t kind);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_MODULE_H
#define MLXC_MODULE_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_module_linear(mlxc_module **out, int64_t in, int64_t out_features, int32_t bias, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_convolution(mlxc_module **out, int64_t in, int64_t out_channels, const int64_t *kernel,
                                             const int64_t *stride, const int64_t *padding, const int64_t *dilation, int32_t spatial_axes,
                                             int64_t groups, int32_t bias, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_transposed_convolution(mlxc_module **out, int64_t in, int64_t out_channels, const int64_t *kernel,
                                                        const int64_t *stride, const int64_t *padding, const int64_t *dilation,
                                                        const int64_t *output_padding, int32_t spatial_axes, int64_t groups, int32_t bias,
                                                        mlxc_error *error);
MLXC_API mlxc_status mlxc_module_max_pool(mlxc_module **out, const int64_t *kernel, const int64_t *stride, const int64_t *padding,
                                          int32_t spatial_axes, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_average_pool(mlxc_module **out, const int64_t *kernel, const int64_t *stride, const int64_t *padding,
                                              int32_t spatial_axes, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_batch_norm(mlxc_module **out, int64_t channels, double eps, double momentum, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_layer_norm(mlxc_module **out, int64_t size, double eps, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_rms_norm(mlxc_module **out, int64_t size, double eps, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_group_norm(mlxc_module **out, int64_t groups, int64_t channels, double eps, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_dropout(mlxc_module **out, double probability, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_embedding(mlxc_module **out, int64_t count, int64_t size, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_positions(mlxc_module **out, int64_t count, int64_t size, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_activation(mlxc_module **out, int32_t op, double parameter, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_softmax(mlxc_module **out, int32_t axis, int32_t log, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_flatten(mlxc_module **out, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_attention(mlxc_module **out, int64_t size, int64_t heads, int32_t causal, int32_t bias, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_recurrent(mlxc_module **out, int32_t kind, int64_t in, int64_t hidden, int32_t bias, mlxc_error *error);
typedef struct mlxc_recurrent_options {
  uint32_t struct_size;
  int32_t bias;
  int64_t layers;
  int32_t batch_first;
  int32_t bidirectional;
  double dropout;
  int32_t last;
  int32_t reserved;
} mlxc_recurrent_options;
#define MLXC_RECURRENT_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_recurrent_options), 1, 1, 0, 0, 0, 0, 0 }
MLXC_API void mlxc_recurrent_options_init(mlxc_recurrent_options *options, uint32_t struct_size);
MLXC_API mlxc_status mlxc_module_recurrent_layers(mlxc_module **out, int32_t kind, int64_t in, int64_t hidden,
                                                  const mlxc_recurrent_options *options, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_sequential(mlxc_module **out, mlxc_module *const *modules, int64_t count, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_residual(mlxc_module **out, mlxc_module *body, mlxc_error *error);
MLXC_API mlxc_status mlxc_module_forward(mlxc_array **out, mlxc_module *module, mlxc_parameters *parameters, mlxc_array *x, mlxc_array *key,
                                         int32_t training, mlxc_error *error);
MLXC_API void mlxc_module_free(mlxc_module *module);
#define MLXC_PARAMETERS_ALL     0
#define MLXC_PARAMETERS_TRAINED 1
#define MLXC_PARAMETERS_BUFFERS 2
MLXC_API mlxc_status mlxc_parameters_new(mlxc_parameters **out, mlxc_device *device, uint64_t seed, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_copy(mlxc_parameters **out, mlxc_parameters *parameters, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_count(mlxc_parameters *parameters, int32_t select, int64_t *names, int64_t *elements,
                                           mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_name(mlxc_parameters *parameters, int32_t select, int64_t index, char *buffer, size_t capacity,
                                          size_t *needed, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_values(mlxc_parameters *parameters, int32_t select, mlxc_array **values, int64_t count,
                                            mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_set_values(mlxc_parameters *parameters, int32_t select, mlxc_array *const *values, int64_t count,
                                                mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_freeze(mlxc_parameters *parameters, const char *prefix, size_t prefix_bytes, int32_t frozen,
                                            int64_t *count, mlxc_error *error);
#define MLXC_INITIAL_CONSTANT        0
#define MLXC_INITIAL_UNIFORM         1
#define MLXC_INITIAL_NORMAL          2
#define MLXC_INITIAL_XAVIER_UNIFORM  3
#define MLXC_INITIAL_XAVIER_NORMAL   4
#define MLXC_INITIAL_KAIMING_UNIFORM 5
#define MLXC_INITIAL_KAIMING_NORMAL  6
MLXC_API mlxc_status mlxc_parameters_draw(mlxc_parameters *parameters, const char *prefix, size_t prefix_bytes, int32_t initial,
                                          double value, int64_t *count, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_to_device(mlxc_parameters *parameters, mlxc_device *device, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_save(mlxc_parameters *parameters, const char *path, mlxc_error *error);
MLXC_API mlxc_status mlxc_parameters_load(mlxc_parameters *parameters, const char *path, int32_t strict, mlxc_error *error);
MLXC_API void mlxc_parameters_free(mlxc_parameters *parameters);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_PLACEMENT_H
#define MLXC_PLACEMENT_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_placement_calibrate(const char *path, mlxc_error *error);
MLXC_API mlxc_status mlxc_placement_enable(mlxc_device *device, const char *path, mlxc_error *error);
MLXC_API mlxc_status mlxc_placement_disable(mlxc_device *device, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_PRODUCTS_H
#define MLXC_PRODUCTS_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_array_outer(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_inner(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_vecdot(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t axis, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_tensordot(mlxc_array **out, mlxc_array *a, mlxc_array *b, const int32_t *a_axes, const int32_t *b_axes,
                                          int32_t axis_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_kron(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_addmm(mlxc_array **out, mlxc_array *c, mlxc_array *a, mlxc_array *b, double alpha, double beta,
                                      mlxc_error *error);
MLXC_API mlxc_status mlxc_array_einsum(mlxc_array **out, const char *equation, size_t bytes, mlxc_array *const *operands, int64_t count,
                                       mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_PROFILE_H
#define MLXC_PROFILE_H
#ifdef __cplusplus
extern "C" {
#endif
typedef struct mlxc_profile_entry {
  char operation[32];
  char kernel[64];
  char device[32];
  char holds[256];
  char reason[256];
  int64_t operations;
  int64_t launches;
  double nanoseconds;
  double bytes;
  double flops;
} mlxc_profile_entry;
#define MLXC_PROFILE_OFF      0
#define MLXC_PROFILE_KERNELS  1
#define MLXC_PROFILE_PROGRAMS 2
MLXC_API mlxc_status mlxc_device_profile(mlxc_device *device, int32_t what, mlxc_error *error);
MLXC_API mlxc_status mlxc_device_profile_entries(mlxc_device *device, mlxc_profile_entry *entries, int64_t capacity, int64_t *needed,
                                                 mlxc_error *error);
MLXC_API mlxc_status mlxc_device_profile_text(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
MLXC_API mlxc_status mlxc_device_profile_trace(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_QUEUE_H
#define MLXC_QUEUE_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_queue_new(mlxc_queue **out, mlxc_error *error);
MLXC_API mlxc_status mlxc_queue_next(mlxc_queue *queue, int64_t timeout_ms, mlxc_event *events, int64_t capacity, int64_t *count,
                                     mlxc_error *error);
MLXC_API mlxc_status mlxc_queue_wake(mlxc_queue *queue, mlxc_error *error);
MLXC_API mlxc_status mlxc_queue_close(mlxc_queue *queue, mlxc_error *error);
MLXC_API void mlxc_queue_free(mlxc_queue *queue);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_RANDOM_H
#define MLXC_RANDOM_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_random_key(mlxc_array **out, mlxc_device *device, uint64_t seed, mlxc_error *error);
MLXC_API mlxc_status mlxc_random_split(mlxc_array **out, mlxc_array *key, int64_t count, mlxc_error *error);
MLXC_API mlxc_status mlxc_random_bits(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, mlxc_error *error);
MLXC_API mlxc_status mlxc_random_uniform(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double low,
                                         double high, mlxc_error *error);
MLXC_API mlxc_status mlxc_random_normal(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double mean,
                                        double deviation, mlxc_error *error);
MLXC_API mlxc_status mlxc_random_truncated_normal(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype,
                                                  double low, double high, mlxc_error *error);
MLXC_API mlxc_status mlxc_random_integers(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, int64_t low,
                                          int64_t high, mlxc_error *error);
MLXC_API mlxc_status mlxc_random_bernoulli(mlxc_array **out, mlxc_array *key, mlxc_array *probability, const int64_t *shape, int32_t rank,
                                           mlxc_error *error);
MLXC_API mlxc_status mlxc_random_categorical(mlxc_array **out, mlxc_array *key, mlxc_array *logits, int32_t axis, int64_t count,
                                             mlxc_error *error);
MLXC_API mlxc_status mlxc_random_permutation(mlxc_array **out, mlxc_array *key, int64_t count, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_REQUEST_H
#define MLXC_REQUEST_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_request_cancel(mlxc_request *request, mlxc_error *error);
MLXC_API mlxc_status mlxc_request_wait(mlxc_request *request, int64_t timeout_ms, mlxc_error *error);
MLXC_API mlxc_status mlxc_request_result(mlxc_result **out, mlxc_request *request, mlxc_error *error);
MLXC_API void mlxc_request_free(mlxc_request *request);
MLXC_API mlxc_status mlxc_result_count(mlxc_result *result, int64_t *count, mlxc_error *error);
MLXC_API mlxc_status mlxc_result_finish(mlxc_result *result, int64_t index, int32_t *finish_reason, int32_t *status, mlxc_error *error);
MLXC_API mlxc_status mlxc_result_peek_message(mlxc_result *result, int64_t index, const char **message, size_t *bytes, mlxc_error *error);
MLXC_API mlxc_status mlxc_result_peek_text(mlxc_result *result, int64_t index, const char **text, size_t *bytes, mlxc_error *error);
MLXC_API mlxc_status mlxc_result_peek_tokens(mlxc_result *result, int64_t index, const int32_t **tokens, int64_t *count, mlxc_error *error);
MLXC_API mlxc_status mlxc_result_peek_logprobs(mlxc_result *result, int64_t index, const float **logprobs, int64_t *count,
                                               mlxc_error *error);
MLXC_API mlxc_status mlxc_result_peek_top_logprobs(mlxc_result *result, int64_t index, int64_t position, const mlxc_token_logprob **top,
                                                   int64_t *count, mlxc_error *error);
MLXC_API mlxc_status mlxc_result_peek_last_logits(mlxc_result *result, int64_t index, const float **logits, int64_t *count,
                                                  mlxc_error *error);
MLXC_API mlxc_status mlxc_result_timings(mlxc_result *result, int64_t index, mlxc_timings *timings, mlxc_error *error);
MLXC_API void mlxc_result_free(mlxc_result *result);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_SCORE_H
#define MLXC_SCORE_H
#ifdef __cplusplus
extern "C" {
#endif
typedef struct mlxc_score_options {
  uint32_t struct_size;
  int32_t add_special_tokens;
  mlxc_cancel *cancel;
} mlxc_score_options;
#define MLXC_SCORE_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_score_options), 1, NULL }
MLXC_API void mlxc_score_options_init(mlxc_score_options *options, uint32_t struct_size);
MLXC_API mlxc_status mlxc_score(mlxc_model *model, const mlxc_prompt *prompts, int64_t prompt_count, const mlxc_prompt *labels,
                                int64_t label_count, const mlxc_score_options *options, float *scores, int64_t scores_capacity,
                                int32_t *token_counts, mlxc_error *error);
MLXC_API mlxc_status mlxc_logits(mlxc_model *model, const int32_t *tokens, int64_t token_count, float *logits, int64_t logits_capacity,
                                 float *hidden, int64_t hidden_capacity, mlxc_cancel *cancel, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_STATISTICS_H
#define MLXC_STATISTICS_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_array_reduce_as(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count,
                                          int32_t keepdims, int32_t dtype, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_variance(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, double correction,
                                         int32_t keepdims, int32_t root, mlxc_error *error);
MLXC_API mlxc_status mlxc_array_median(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims,
                                       mlxc_error *error);
#define MLXC_SCAN_SUM       0
#define MLXC_SCAN_PROD      1
#define MLXC_SCAN_MAX       2
#define MLXC_SCAN_MIN       3
#define MLXC_SCAN_LOGSUMEXP 4
MLXC_API mlxc_status mlxc_array_scan(mlxc_array **out, int32_t op, mlxc_array *x, int32_t axis, int32_t reverse, int32_t exclusive,
                                     mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_STREAM_H
#define MLXC_STREAM_H
#ifdef __cplusplus
extern "C" {
#endif
MLXC_API mlxc_status mlxc_stream_new(mlxc_stream **out, mlxc_device *device, int32_t threads, mlxc_error *error);
MLXC_API mlxc_status mlxc_stream_eval(mlxc_fence **done, mlxc_stream *stream, mlxc_array *const *arrays, int64_t count, mlxc_error *error);
MLXC_API mlxc_status mlxc_stream_call(mlxc_fence **done, mlxc_stream *stream, mlxc_function *function, mlxc_array *const *inputs,
                                      int64_t input_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_stream_record(mlxc_fence **done, mlxc_stream *stream, mlxc_error *error);
MLXC_API mlxc_status mlxc_stream_wait(mlxc_stream *stream, mlxc_fence *fence, mlxc_error *error);
MLXC_API mlxc_status mlxc_stream_synchronize(mlxc_stream *stream, mlxc_error *error);
MLXC_API void mlxc_stream_free(mlxc_stream *stream);
MLXC_API mlxc_status mlxc_fence_wait(mlxc_fence *fence, int64_t timeout_ms, mlxc_error *error);
MLXC_API mlxc_status mlxc_fence_query(mlxc_fence *fence, int32_t *done, mlxc_error *error);
MLXC_API mlxc_status mlxc_fence_notify(mlxc_fence *fence, void (*callback)(mlxc_status status, void *user_data), void *user_data,
                                       mlxc_error *error);
MLXC_API mlxc_status mlxc_fence_outputs(mlxc_fence *fence, mlxc_array **outputs, int64_t output_count, mlxc_error *error);
MLXC_API void mlxc_fence_free(mlxc_fence *fence);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_TOKENIZER_H
#define MLXC_TOKENIZER_H
#ifdef __cplusplus
extern "C" {
#endif
typedef struct mlxc_encode_options {
  uint32_t struct_size;
  int32_t add_special_tokens;
  int32_t parse_special;
  int32_t reserved;
} mlxc_encode_options;
#define MLXC_ENCODE_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_encode_options), 1, 1, 0 }
typedef struct mlxc_text_range {
  size_t begin;
  size_t end;
} mlxc_text_range;
typedef struct mlxc_decode_options {
  uint32_t struct_size;
  int32_t skip_special_tokens;
} mlxc_decode_options;
#define MLXC_DECODE_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_decode_options), 0 }
typedef struct mlxc_tokenizer_info {
  uint32_t struct_size;
  int32_t reserved;
  int64_t vocabulary;
  int64_t id_end;
  int64_t special_count;
} mlxc_tokenizer_info;
#define MLXC_TOKENIZER_INFO_INIT \
  { (uint32_t)sizeof(mlxc_tokenizer_info), 0, 0, 0, 0 }
MLXC_API void mlxc_encode_options_init(mlxc_encode_options *options, uint32_t struct_size);
MLXC_API void mlxc_decode_options_init(mlxc_decode_options *options, uint32_t struct_size);
MLXC_API mlxc_status mlxc_tokenizer_load(mlxc_tokenizer **out, const char *path, mlxc_error *error);
MLXC_API mlxc_status mlxc_tokenizer_inspect(mlxc_tokenizer *tokenizer, mlxc_tokenizer_info *info, mlxc_error *error);
MLXC_API mlxc_status mlxc_tokenizer_encode(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes,
                                           const mlxc_encode_options *options, int32_t *ids, int64_t capacity, int64_t *needed,
                                           mlxc_error *error);
MLXC_API mlxc_status mlxc_tokenizer_encode_ranges(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes,
                                                  const mlxc_encode_options *options, int32_t *ids, mlxc_text_range *ranges,
                                                  int64_t capacity, int64_t *needed, mlxc_error *error);
MLXC_API mlxc_status mlxc_tokenizer_decode(mlxc_tokenizer *tokenizer, const int32_t *ids, int64_t count, const mlxc_decode_options *options,
                                           char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
MLXC_API mlxc_status mlxc_tokenizer_special_tokens(mlxc_tokenizer *tokenizer, int32_t *ids, int64_t capacity, int64_t *needed,
                                                   mlxc_error *error);
MLXC_API mlxc_status mlxc_tokenizer_id(int32_t *id, mlxc_tokenizer *tokenizer, const char *piece, size_t piece_bytes, mlxc_error *error);
MLXC_API mlxc_status mlxc_tokenizer_piece(mlxc_tokenizer *tokenizer, int32_t id, char *buffer, size_t capacity, size_t *needed,
                                          mlxc_error *error);
MLXC_API void mlxc_tokenizer_free(mlxc_tokenizer *tokenizer);
MLXC_API mlxc_status mlxc_decoder_new(mlxc_decoder **out, mlxc_tokenizer *tokenizer, const mlxc_decode_options *options, mlxc_error *error);
MLXC_API mlxc_status mlxc_decoder_add(mlxc_decoder *decoder, const int32_t *ids, int64_t count, const char **text, size_t *bytes,
                                      mlxc_error *error);
MLXC_API mlxc_status mlxc_decoder_finish(mlxc_decoder *decoder, const char **text, size_t *bytes, mlxc_error *error);
MLXC_API void mlxc_decoder_free(mlxc_decoder *decoder);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_TRAIN_H
#define MLXC_TRAIN_H
#ifdef __cplusplus
extern "C" {
#endif
#define MLXC_REDUCTION_NONE       0
#define MLXC_REDUCTION_MEAN       1
#define MLXC_REDUCTION_SUM        2
#define MLXC_REDUCTION_BATCH_MEAN 3
MLXC_API mlxc_status mlxc_loss_squared_error(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction,
                                             mlxc_error *error);
MLXC_API mlxc_status mlxc_loss_absolute_error(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction,
                                              mlxc_error *error);
MLXC_API mlxc_status mlxc_loss_huber(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, double delta, int32_t reduction,
                                     mlxc_error *error);
MLXC_API mlxc_status mlxc_loss_cross_entropy(mlxc_array **out, mlxc_array *logits, mlxc_array *targets, double label_smoothing,
                                             int64_t ignore_index, int32_t reduction, mlxc_error *error);
MLXC_API mlxc_status mlxc_loss_binary_cross_entropy(mlxc_array **out, mlxc_array *logits, mlxc_array *targets, mlxc_array *positive_weight,
                                                    int32_t reduction, mlxc_error *error);
MLXC_API mlxc_status mlxc_loss_kl_divergence(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction,
                                             mlxc_error *error);
#define MLXC_OPTIMIZER_SGD     0
#define MLXC_OPTIMIZER_ADAM    1
#define MLXC_OPTIMIZER_ADAMW   2
#define MLXC_OPTIMIZER_LION    3
#define MLXC_OPTIMIZER_RMSPROP 4
typedef struct mlxc_optimizer_options {
  uint32_t struct_size;
  int32_t kind;
  double weight_decay;
  double momentum;
  double dampening;
  double beta1;
  double beta2;
  double alpha;
  double eps;
  int32_t nesterov;
  int32_t centered;
} mlxc_optimizer_options;
#define MLXC_OPTIMIZER_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_optimizer_options), MLXC_OPTIMIZER_ADAMW, 0, 0, 0, 0.9, 0.999, 0.99, 1e-8, 0, 0 }
MLXC_API void mlxc_optimizer_options_init(mlxc_optimizer_options *options, uint32_t struct_size);
MLXC_API mlxc_status mlxc_optimizer_new(mlxc_optimizer **out, const mlxc_optimizer_options *options, mlxc_error *error);
MLXC_API mlxc_status mlxc_optimizer_state_count(mlxc_optimizer *optimizer, int64_t parameter_count, int64_t *count, mlxc_error *error);
MLXC_API mlxc_status mlxc_optimizer_initial_states(mlxc_optimizer *optimizer, mlxc_array *const *parameters, int64_t parameter_count,
                                                   mlxc_array **states, int64_t state_count, mlxc_error *error);
MLXC_API mlxc_status mlxc_optimizer_update(mlxc_optimizer *optimizer, mlxc_array *const *parameters, mlxc_array *const *gradients,
                                           int64_t parameter_count, mlxc_array *const *states, int64_t state_count,
                                           mlxc_array *learning_rate, mlxc_array **new_parameters, mlxc_array **new_states,
                                           mlxc_error *error);
MLXC_API void mlxc_optimizer_free(mlxc_optimizer *optimizer);
MLXC_API mlxc_status mlxc_clip_norm(mlxc_array **clipped, mlxc_array **norm, mlxc_array *const *gradients, int64_t count, double max_norm,
                                    mlxc_error *error);
MLXC_API mlxc_status mlxc_clip_value(mlxc_array **clipped, mlxc_array *const *gradients, int64_t count, double limit, mlxc_error *error);
#define MLXC_SCHEDULE_CONSTANT  0
#define MLXC_SCHEDULE_STEP      1
#define MLXC_SCHEDULE_COSINE    2
#define MLXC_SCHEDULE_ONE_CYCLE 3
typedef struct mlxc_schedule {
  uint32_t struct_size;
  int32_t kind;
  double rate;
  double final_rate;
  double gamma;
  double warm_fraction;
  int64_t step_size;
  int64_t total_steps;
  int64_t warmup_steps;
} mlxc_schedule;
#define MLXC_SCHEDULE_INIT \
  { (uint32_t)sizeof(mlxc_schedule), MLXC_SCHEDULE_CONSTANT, 1e-3, 0, 0.1, 0.3, 1, 0, 0 }
MLXC_API void mlxc_schedule_init(mlxc_schedule *schedule, uint32_t struct_size);
MLXC_API mlxc_status mlxc_schedule_rate(const mlxc_schedule *schedule, int64_t step, double *rate, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_TRAINER_H
#define MLXC_TRAINER_H
#ifdef __cplusplus
extern "C" {
#endif
#define MLXC_TRAIN_CROSS_ENTROPY        0
#define MLXC_TRAIN_BINARY_CROSS_ENTROPY 1
#define MLXC_TRAIN_SQUARED_ERROR        2
#define MLXC_TRAIN_ABSOLUTE_ERROR       3
#define MLXC_TRAIN_HUBER                4
#define MLXC_TRAIN_KL_DIVERGENCE        5
#define MLXC_TRAIN_FLOAT32  0
#define MLXC_TRAIN_BFLOAT16 1
#define MLXC_TRAIN_FLOAT16  2
typedef struct mlxc_trainer_options {
  uint32_t struct_size;
  int32_t loss;
  double label_smoothing;
  int64_t ignore_index;
  double huber_delta;
  double clip_norm;
  double clip_value;
  int64_t accumulate;
  uint64_t seed;
  int32_t precision;
  int32_t gradient_norm;
  double loss_scale;
  int64_t loss_scale_steps;
  const mlxc_schedule *schedule;
} mlxc_trainer_options;
#define MLXC_TRAINER_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_trainer_options), MLXC_TRAIN_CROSS_ENTROPY, 0, -100, 1, 0, 0, 1, 0, MLXC_TRAIN_FLOAT32, 0, 65536, 2000, NULL }
MLXC_API void mlxc_trainer_options_init(mlxc_trainer_options *options, uint32_t struct_size);
MLXC_API mlxc_status mlxc_trainer_new(mlxc_trainer **out, mlxc_module *module, mlxc_parameters *parameters, mlxc_optimizer *optimizer,
                                      const mlxc_trainer_options *options, mlxc_error *error);
#define MLXC_TRAIN_GATHERED 0
#define MLXC_TRAIN_STEP     1
#define MLXC_TRAIN_EPOCH    2
typedef struct mlxc_train_event {
  int32_t kind;
  int32_t skipped;
  int64_t epoch;
  int64_t step;
  int64_t batch;
  int64_t batches;
  int64_t samples;
  double loss;
  double accuracy;
  double learning_rate;
  double gradient_norm;
  double loss_scale;
  double seconds;
  double samples_per_second;
  double validation_loss;
  double validation_accuracy;
  int32_t best;
  int32_t stopping;
  uint64_t reserved[4];
} mlxc_train_event;
typedef struct mlxc_fit_options {
  uint32_t struct_size;
  int32_t callback_steps;
  int64_t epochs;
  int64_t max_steps;
  int64_t patience;
  double min_delta;
  int32_t restore_best;
  int32_t append_logs;
  const char *checkpoint;
  int64_t checkpoint_steps;
  const char *json_log;
  const char *csv_log;
  mlxc_cancel *cancel;
} mlxc_fit_options;
#define MLXC_FIT_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_fit_options), 1, 1, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL, NULL }
MLXC_API void mlxc_fit_options_init(mlxc_fit_options *options, uint32_t struct_size);
typedef int32_t (*mlxc_train_callback)(const mlxc_train_event *event, void *user_data);
MLXC_API mlxc_status mlxc_trainer_fit(mlxc_trainer *trainer, mlxc_loader *train, mlxc_loader *validation, const mlxc_fit_options *options,
                                      mlxc_train_callback callback, void *user_data, mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_begin(mlxc_trainer *trainer, mlxc_loader *train, mlxc_loader *validation, const mlxc_fit_options *options,
                                        mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_next(mlxc_trainer *trainer, mlxc_train_event *event, mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_step(mlxc_trainer *trainer, mlxc_array *input, mlxc_array *target, mlxc_train_event *event,
                                       mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_evaluate(mlxc_trainer *trainer, mlxc_loader *loader, mlxc_cancel *cancel, double *loss, double *accuracy,
                                           mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_predict(mlxc_array **out, mlxc_trainer *trainer, mlxc_array *input, int64_t batch_size,
                                          mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_learning_rate(mlxc_trainer *trainer, double *rate, mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_set_learning_rate(mlxc_trainer *trainer, double rate, mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_position(mlxc_trainer *trainer, int64_t *epoch, int64_t *batch, int64_t *step, mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_parameters_copy(mlxc_parameters **out, mlxc_trainer *trainer, mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_histogram(mlxc_trainer *trainer, const char *name, size_t name_bytes, int64_t *counts, int64_t bins,
                                            double *low, double *high, mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_save(mlxc_trainer *trainer, const char *path, mlxc_error *error);
MLXC_API mlxc_status mlxc_trainer_load(mlxc_trainer *trainer, const char *path, mlxc_error *error);
MLXC_API void mlxc_trainer_free(mlxc_trainer *trainer);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_VERSION_H
#define MLXC_VERSION_H
#ifdef __cplusplus
extern "C" {
#endif
#define MLXC_VERSION_MAJOR  0
#define MLXC_VERSION_MINOR  1
#define MLXC_VERSION_PATCH  0
#define MLXC_VERSION_STRING "0.1.0"
#define MLXC_ABI_VERSION 14
MLXC_API const char *mlxc_version(void);
MLXC_API int32_t mlxc_abi_version(void);
MLXC_API int32_t mlxc_has_feature(const char *feature);
MLXC_API mlxc_status mlxc_build_info(char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
#ifdef __cplusplus
}
#endif
#endif
#ifndef MLXC_MLXC_H
#define MLXC_MLXC_H
#endif
