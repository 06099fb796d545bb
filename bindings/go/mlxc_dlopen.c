//go:build mlxc_dlopen

/* Made by internal/gen from include/mlxc: do not edit. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "shim.h"

static const char *(*p_mlxc_status_name)(mlxc_status status);
static const char *(*p_mlxc_dtype_name)(int32_t dtype);
static size_t (*p_mlxc_dtype_size)(int32_t dtype);
static mlxc_status (*p_mlxc_array_new)(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_new_borrowed)(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape, int32_t rank, int32_t dtype, void (*release)(void *user_data), void *user_data, mlxc_error *error);
static mlxc_status (*p_mlxc_array_full)(mlxc_array **out, mlxc_device *device, double value, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_arange)(mlxc_array **out, mlxc_device *device, double start, double stop, double step, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_linspace)(mlxc_array **out, mlxc_device *device, double start, double stop, int64_t count, int32_t endpoint, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_eye)(mlxc_array **out, mlxc_device *device, int64_t rows, int64_t columns, int64_t k, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_placeholder)(mlxc_array **out, mlxc_device *device, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_copy)(mlxc_array **out, mlxc_array *array, mlxc_error *error);
static mlxc_status (*p_mlxc_array_clone)(mlxc_array **out, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_array_to_device)(mlxc_array **out, mlxc_array *x, mlxc_device *device, mlxc_error *error);
static void (*p_mlxc_array_free)(mlxc_array *array);
static mlxc_status (*p_mlxc_array_dtype)(mlxc_array *array, int32_t *dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_shape)(mlxc_array *array, int64_t *shape, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_array_eval)(mlxc_array *const *arrays, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_read)(mlxc_array *array, void *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_array_peek)(mlxc_array *array, const void **data, size_t *bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_array_get)(mlxc_array *array, const int64_t *index, int32_t rank, void *value, size_t bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_array_set)(mlxc_array **out, mlxc_array *x, const int64_t *index, int32_t rank, const void *value, size_t bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_array_dot)(mlxc_array *const *arrays, int64_t count, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_array_unary)(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_array_binary)(mlxc_array **out, int32_t op, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_binary_scalar)(mlxc_array **out, int32_t op, mlxc_array *a, double b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_where)(mlxc_array **out, mlxc_array *condition, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_cast)(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_matmul)(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_softmax)(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t log, mlxc_error *error);
static mlxc_status (*p_mlxc_array_reduce)(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims, mlxc_error *error);
static mlxc_status (*p_mlxc_array_argmax)(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error);
static mlxc_status (*p_mlxc_array_argmin)(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error);
static mlxc_status (*p_mlxc_array_reshape)(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_array_transpose)(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_slice)(mlxc_array **out, mlxc_array *x, const int64_t *start, const int64_t *stop, const int64_t *step, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_array_broadcast)(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_array_as_strided)(mlxc_array **out, mlxc_array *x, const int64_t *shape, const int64_t *strides, int32_t rank, int64_t offset, mlxc_error *error);
static mlxc_status (*p_mlxc_array_bitcast)(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_contiguous)(mlxc_array **out, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_array_concatenate)(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_array_take)(mlxc_array **out, mlxc_array *x, mlxc_array *indices, mlxc_error *error);
static mlxc_status (*p_mlxc_cancel_new)(mlxc_cancel **out, mlxc_error *error);
static mlxc_status (*p_mlxc_cancel_trigger)(mlxc_cancel *cancel, mlxc_error *error);
static void (*p_mlxc_cancel_free)(mlxc_cancel *cancel);
static mlxc_status (*p_mlxc_dataset_new_arrays)(mlxc_dataset **out, mlxc_array *const *fields, int64_t field_count, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_new_random)(mlxc_dataset **out, int64_t samples, const int64_t *shape, int32_t rank, int64_t classes, uint64_t seed, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_new_callback)(mlxc_dataset **out, int64_t samples, const mlxc_field *fields, int64_t field_count, mlxc_dataset_callback read, void (*release)(void *user_data), void *user_data, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_open_npy)(mlxc_dataset **out, const char *const *paths, int64_t field_count, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_open_safetensors)(mlxc_dataset **out, const char *path, const char *const *names, int64_t field_count, mlxc_error *error);
static void (*p_mlxc_csv_options_init)(mlxc_csv_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_dataset_open_csv)(mlxc_dataset **out, const char *path, const mlxc_csv_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_class_count)(mlxc_dataset *dataset, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_class_name)(mlxc_dataset *dataset, int64_t index, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_new_tokens)(mlxc_dataset **out, const int32_t *tokens, int64_t token_count, int64_t length, int64_t stride, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_new_text)(mlxc_dataset **out, mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, int64_t length, int64_t stride, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_select)(mlxc_dataset **out, mlxc_dataset *dataset, const int64_t *samples, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_split)(mlxc_dataset **first, mlxc_dataset **second, mlxc_dataset *dataset, double fraction, uint64_t seed, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_samples)(mlxc_dataset *dataset, int64_t *samples, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_fields)(mlxc_dataset *dataset, mlxc_field *fields, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_dataset_read)(mlxc_array **fields, int64_t field_count, mlxc_dataset *dataset, mlxc_device *device, const int64_t *samples, int64_t count, mlxc_error *error);
static void (*p_mlxc_dataset_free)(mlxc_dataset *dataset);
static void (*p_mlxc_loader_options_init)(mlxc_loader_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_loader_new)(mlxc_loader **out, mlxc_dataset *dataset, const mlxc_loader_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_loader_batches)(mlxc_loader *loader, int64_t *batches, mlxc_error *error);
static mlxc_status (*p_mlxc_loader_start)(mlxc_loader *loader, int64_t epoch, int64_t batch, mlxc_error *error);
static mlxc_status (*p_mlxc_loader_next)(mlxc_array **fields, int64_t field_count, mlxc_loader *loader, mlxc_device *device, mlxc_cancel *cancel, int64_t *samples, mlxc_error *error);
static void (*p_mlxc_loader_free)(mlxc_loader *loader);
static mlxc_status (*p_mlxc_device_count)(int32_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_device_list)(int32_t index, mlxc_device_info *info, mlxc_error *error);
static mlxc_status (*p_mlxc_device_open)(mlxc_device **out, const char *name, mlxc_error *error);
static mlxc_status (*p_mlxc_device_inspect)(mlxc_device *device, mlxc_device_info *info, mlxc_error *error);
static void (*p_mlxc_device_free)(mlxc_device *device);
static mlxc_status (*p_mlxc_array_clip)(mlxc_array **out, mlxc_array *x, mlxc_array *low, mlxc_array *high, mlxc_error *error);
static mlxc_status (*p_mlxc_array_nan_to_num)(mlxc_array **out, mlxc_array *x, double nan, const double *positive_infinity, const double *negative_infinity, mlxc_error *error);
static mlxc_status (*p_mlxc_array_isclose)(mlxc_array **out, mlxc_array *a, mlxc_array *b, double relative, double absolute, int32_t equal_nan, mlxc_error *error);
static mlxc_status (*p_mlxc_array_allclose)(mlxc_array **out, mlxc_array *a, mlxc_array *b, double relative, double absolute, int32_t equal_nan, mlxc_error *error);
static mlxc_status (*p_mlxc_array_equal)(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t equal_nan, mlxc_error *error);
static mlxc_status (*p_mlxc_array_activation)(mlxc_array **out, int32_t op, mlxc_array *x, double parameter, mlxc_error *error);
static void (*p_mlxc_model_options_init)(mlxc_model_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_model_load)(mlxc_model **out, const char *path, const mlxc_model_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_model_inspect)(mlxc_model *model, mlxc_model_info *info, mlxc_error *error);
static mlxc_status (*p_mlxc_model_json)(mlxc_model *model, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_model_stop_tokens)(mlxc_model *model, int32_t *tokens, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_model_read_stats)(mlxc_model *model, mlxc_model_stats *stats, mlxc_error *error);
static mlxc_status (*p_mlxc_model_tokenizer_copy)(mlxc_tokenizer **out, mlxc_model *model, mlxc_error *error);
static mlxc_status (*p_mlxc_model_device_copy)(mlxc_device **out, mlxc_model *model, mlxc_error *error);
static void (*p_mlxc_model_free)(mlxc_model *model);
static void (*p_mlxc_embed_options_init)(mlxc_embed_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_embed)(mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options, float *vectors, int64_t capacity, mlxc_error *error);
static mlxc_status (*p_mlxc_embed_new)(mlxc_array **out, mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_module_language_model)(mlxc_module **out, const char *folder, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_load_model)(mlxc_parameters **out, mlxc_device *device, const char *folder, int32_t trained, int32_t precision, uint64_t seed, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_save_model)(mlxc_parameters *parameters, const char *like, const char *folder, mlxc_error *error);
static void (*p_mlxc_lora_options_init)(mlxc_lora_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_parameters_add_lora)(mlxc_parameters *parameters, const mlxc_lora_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_load_adapter)(mlxc_parameters *parameters, const char *folder, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_save_adapter)(mlxc_parameters *parameters, const char *folder, const char *base_model, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_merge_adapter)(mlxc_parameters *parameters, mlxc_error *error);
static mlxc_status (*p_mlxc_adapter_merge)(mlxc_device *device, const char *model, const char *adapter, const char *folder, mlxc_error *error);
static mlxc_status (*p_mlxc_function_new)(mlxc_function **out, mlxc_array *const *inputs, int64_t input_count, mlxc_array *const *outputs, int64_t output_count, const mlxc_state_pair *states, int64_t state_count, mlxc_error *error);
static mlxc_status (*p_mlxc_function_call)(mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_array **outputs, int64_t output_count, mlxc_cancel *cancel, mlxc_error *error);
static mlxc_status (*p_mlxc_function_run_rows)(mlxc_function *function, const void *rows, size_t bytes, int64_t row_count, void *results, size_t result_bytes, double *mean, mlxc_cancel *cancel, mlxc_error *error);
static mlxc_status (*p_mlxc_function_launches)(mlxc_function *function, int64_t *launches, mlxc_error *error);
static mlxc_status (*p_mlxc_function_dot)(mlxc_function *function, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static void (*p_mlxc_function_free)(mlxc_function *function);
static const char *(*p_mlxc_finish_reason_name)(int32_t finish_reason);
static void (*p_mlxc_generate_options_init)(mlxc_generate_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_generate_batch)(mlxc_result **result, mlxc_model *model, const mlxc_prompt *prompts, int64_t count, const mlxc_generate_options *options, const mlxc_batch_output *output, mlxc_event_callback callback, void *user_data, mlxc_error *error);
static mlxc_status (*p_mlxc_generate_start)(mlxc_request **out, mlxc_model *model, const mlxc_prompt *prompt, const mlxc_generate_options *options, mlxc_queue *queue, uint64_t tag, mlxc_event_callback callback, void *user_data, mlxc_error *error);
static mlxc_status (*p_mlxc_grad)(mlxc_array **gradients, mlxc_array *const *outputs, int64_t output_count, mlxc_array *const *wrt, int64_t wrt_count, mlxc_array *const *cotangents, int64_t cotangent_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_set_requires_grad)(mlxc_array *array, int32_t requires_grad, mlxc_error *error);
static mlxc_status (*p_mlxc_array_requires_grad)(mlxc_array *array, int32_t *requires_grad, mlxc_error *error);
static mlxc_status (*p_mlxc_stop_gradient)(mlxc_array **out, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_checkpoint)(mlxc_array **marked, mlxc_array *const *outputs, int64_t output_count, mlxc_array *const *inputs, int64_t input_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_take_axis)(mlxc_array **out, mlxc_array *x, mlxc_array *indices, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_array_take_along_axis)(mlxc_array **out, mlxc_array *x, mlxc_array *indices, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_array_put_along_axis)(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_array *indices, mlxc_array *values, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_array_gather)(mlxc_array **out, mlxc_array *x, mlxc_array *const *indices, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_scatter)(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_array *const *indices, int64_t count, mlxc_array *values, mlxc_error *error);
static mlxc_status (*p_mlxc_array_update)(mlxc_array **out, mlxc_array *x, mlxc_array *values, const int64_t *start, const int64_t *stop, const int64_t *step, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_array_nonzero)(mlxc_array **outputs, int64_t output_count, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_array_searchsorted)(mlxc_array **out, mlxc_array *sorted, mlxc_array *values, int32_t right, mlxc_error *error);
static mlxc_status (*p_mlxc_array_sort)(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t descending, mlxc_error *error);
static mlxc_status (*p_mlxc_array_argsort)(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t descending, mlxc_error *error);
static mlxc_status (*p_mlxc_array_topk)(mlxc_array **values, mlxc_array **indices, mlxc_array *x, int64_t k, int32_t axis, int32_t largest, mlxc_error *error);
static mlxc_status (*p_mlxc_array_unique)(mlxc_array **values, mlxc_array **indices, mlxc_array **inverse, mlxc_array **counts, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_kernel_new)(mlxc_kernel **out, mlxc_device *device, const char *name, const char *source, size_t source_bytes, const char *const *inputs, int64_t input_count, const char *const *outputs, int64_t output_count, const mlxc_kernel_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_kernel_apply)(mlxc_array **results, mlxc_kernel *kernel, mlxc_array *const *inputs, int64_t input_count, const mlxc_array_type *types, int64_t output_count, const int64_t *threads, mlxc_error *error);
static void (*p_mlxc_kernel_free)(mlxc_kernel *kernel);
static mlxc_status (*p_mlxc_array_convolution)(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, const int64_t *stride, const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, int64_t groups, mlxc_error *error);
static mlxc_status (*p_mlxc_array_transposed_convolution)(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, const int64_t *stride, const int64_t *padding, const int64_t *dilation, const int64_t *output_padding, int32_t spatial_axes, int64_t groups, mlxc_error *error);
static mlxc_status (*p_mlxc_array_max_pool)(mlxc_array **out, mlxc_array *x, const int64_t *kernel, const int64_t *stride, const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, mlxc_error *error);
static mlxc_status (*p_mlxc_array_average_pool)(mlxc_array **out, mlxc_array *x, const int64_t *kernel, const int64_t *stride, const int64_t *padding, int32_t spatial_axes, int32_t count_padding, mlxc_error *error);
static mlxc_status (*p_mlxc_array_layer_norm)(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, int32_t last_axes, double eps, mlxc_error *error);
static mlxc_status (*p_mlxc_array_rms_norm)(mlxc_array **out, mlxc_array *x, mlxc_array *weight, double eps, mlxc_error *error);
static mlxc_status (*p_mlxc_array_batch_norm)(mlxc_array **out, mlxc_array **batch_mean, mlxc_array **batch_variance, mlxc_array *x, mlxc_array *mean, mlxc_array *variance, mlxc_array *weight, mlxc_array *bias, double eps, mlxc_error *error);
static mlxc_status (*p_mlxc_array_group_norm)(mlxc_array **out, mlxc_array *x, int64_t groups, mlxc_array *weight, mlxc_array *bias, double eps, mlxc_error *error);
static mlxc_status (*p_mlxc_array_dropout)(mlxc_array **out, mlxc_array *x, mlxc_array *key, double probability, mlxc_error *error);
static mlxc_status (*p_mlxc_array_attention)(mlxc_array **out, mlxc_array *q, mlxc_array *k, mlxc_array *v, mlxc_array *mask, double scale, int32_t causal, mlxc_error *error);
static mlxc_status (*p_mlxc_array_recurrent)(mlxc_array **outputs, mlxc_array **last_hidden, mlxc_array **last_cell, int32_t kind, mlxc_array *x, mlxc_array *hidden, mlxc_array *cell, mlxc_array *const *weights, int32_t reverse, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_cholesky)(mlxc_array **out, mlxc_array *x, int32_t upper, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_qr)(mlxc_array **q, mlxc_array **r, mlxc_array *x, int32_t complete, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_svd)(mlxc_array **u, mlxc_array **s, mlxc_array **vh, mlxc_array *x, int32_t full, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_eigh)(mlxc_array **values, mlxc_array **vectors, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_solve)(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_triangular_solve)(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t upper, int32_t unit, int32_t transposed, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_inverse)(mlxc_array **out, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_determinant)(mlxc_array **out, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_slogdet)(mlxc_array **sign, mlxc_array **log, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_pseudo_inverse)(mlxc_array **out, mlxc_array *x, double tolerance, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_least_squares)(mlxc_array **out, mlxc_array *a, mlxc_array *b, double tolerance, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_matrix_rank)(mlxc_array **out, mlxc_array *x, double tolerance, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_matrix_power)(mlxc_array **out, mlxc_array *x, int64_t power, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_cross)(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_vector_norm)(mlxc_array **out, mlxc_array *x, double p, const int32_t *axes, int32_t axis_count, int32_t keepdims, mlxc_error *error);
static mlxc_status (*p_mlxc_linalg_matrix_norm)(mlxc_array **out, mlxc_array *x, int32_t kind, double p, int32_t keepdims, mlxc_error *error);
static mlxc_status (*p_mlxc_log_set)(mlxc_log_callback callback, void *user_data, int32_t least, mlxc_error *error);
static mlxc_status (*p_mlxc_array_stack)(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_array_split)(mlxc_array **outputs, int64_t output_count, mlxc_array *x, const int64_t *points, int64_t point_count, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_array_pad)(mlxc_array **out, mlxc_array *x, const int64_t *before, const int64_t *after, int32_t rank, int32_t mode, double value, mlxc_error *error);
static mlxc_status (*p_mlxc_array_repeat)(mlxc_array **out, mlxc_array *x, const int64_t *counts, int64_t count, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_array_tile)(mlxc_array **out, mlxc_array *x, const int64_t *repeats, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_array_roll)(mlxc_array **out, mlxc_array *x, const int64_t *shifts, const int32_t *axes, int32_t axis_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_flip)(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_swap_axes)(mlxc_array **out, mlxc_array *x, int32_t a, int32_t b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_move_axes)(mlxc_array **out, mlxc_array *x, const int32_t *from, const int32_t *to, int32_t axis_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_expand_dims)(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_squeeze)(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_diagonal)(mlxc_array **out, mlxc_array *x, int64_t k, mlxc_error *error);
static mlxc_status (*p_mlxc_array_triangle)(mlxc_array **out, mlxc_array *x, int64_t k, int32_t upper, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_read)(mlxc_device *device, mlxc_memory_stats *stats, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_reset_peak)(mlxc_device *device, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_release_cache)(mlxc_device *device, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_trim)(mlxc_device *device, int64_t keep_bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_set_limit)(mlxc_device *device, int64_t bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_set_cache_limit)(mlxc_device *device, int64_t bytes, mlxc_error *error);
static int64_t (*p_mlxc_handle_count)(int32_t kind);
static mlxc_status (*p_mlxc_module_linear)(mlxc_module **out, int64_t in, int64_t out_features, int32_t bias, mlxc_error *error);
static mlxc_status (*p_mlxc_module_convolution)(mlxc_module **out, int64_t in, int64_t out_channels, const int64_t *kernel, const int64_t *stride, const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, int64_t groups, int32_t bias, mlxc_error *error);
static mlxc_status (*p_mlxc_module_transposed_convolution)(mlxc_module **out, int64_t in, int64_t out_channels, const int64_t *kernel, const int64_t *stride, const int64_t *padding, const int64_t *dilation, const int64_t *output_padding, int32_t spatial_axes, int64_t groups, int32_t bias, mlxc_error *error);
static mlxc_status (*p_mlxc_module_max_pool)(mlxc_module **out, const int64_t *kernel, const int64_t *stride, const int64_t *padding, int32_t spatial_axes, mlxc_error *error);
static mlxc_status (*p_mlxc_module_average_pool)(mlxc_module **out, const int64_t *kernel, const int64_t *stride, const int64_t *padding, int32_t spatial_axes, mlxc_error *error);
static mlxc_status (*p_mlxc_module_batch_norm)(mlxc_module **out, int64_t channels, double eps, double momentum, mlxc_error *error);
static mlxc_status (*p_mlxc_module_layer_norm)(mlxc_module **out, int64_t size, double eps, mlxc_error *error);
static mlxc_status (*p_mlxc_module_rms_norm)(mlxc_module **out, int64_t size, double eps, mlxc_error *error);
static mlxc_status (*p_mlxc_module_group_norm)(mlxc_module **out, int64_t groups, int64_t channels, double eps, mlxc_error *error);
static mlxc_status (*p_mlxc_module_dropout)(mlxc_module **out, double probability, mlxc_error *error);
static mlxc_status (*p_mlxc_module_embedding)(mlxc_module **out, int64_t count, int64_t size, mlxc_error *error);
static mlxc_status (*p_mlxc_module_positions)(mlxc_module **out, int64_t count, int64_t size, mlxc_error *error);
static mlxc_status (*p_mlxc_module_activation)(mlxc_module **out, int32_t op, double parameter, mlxc_error *error);
static mlxc_status (*p_mlxc_module_softmax)(mlxc_module **out, int32_t axis, int32_t log, mlxc_error *error);
static mlxc_status (*p_mlxc_module_flatten)(mlxc_module **out, mlxc_error *error);
static mlxc_status (*p_mlxc_module_attention)(mlxc_module **out, int64_t size, int64_t heads, int32_t causal, int32_t bias, mlxc_error *error);
static mlxc_status (*p_mlxc_module_recurrent)(mlxc_module **out, int32_t kind, int64_t in, int64_t hidden, int32_t bias, mlxc_error *error);
static void (*p_mlxc_recurrent_options_init)(mlxc_recurrent_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_module_recurrent_layers)(mlxc_module **out, int32_t kind, int64_t in, int64_t hidden, const mlxc_recurrent_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_module_sequential)(mlxc_module **out, mlxc_module *const *modules, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_module_residual)(mlxc_module **out, mlxc_module *body, mlxc_error *error);
static mlxc_status (*p_mlxc_module_forward)(mlxc_array **out, mlxc_module *module, mlxc_parameters *parameters, mlxc_array *x, mlxc_array *key, int32_t training, mlxc_error *error);
static void (*p_mlxc_module_free)(mlxc_module *module);
static mlxc_status (*p_mlxc_parameters_new)(mlxc_parameters **out, mlxc_device *device, uint64_t seed, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_copy)(mlxc_parameters **out, mlxc_parameters *parameters, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_count)(mlxc_parameters *parameters, int32_t select, int64_t *names, int64_t *elements, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_name)(mlxc_parameters *parameters, int32_t select, int64_t index, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_values)(mlxc_parameters *parameters, int32_t select, mlxc_array **values, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_set_values)(mlxc_parameters *parameters, int32_t select, mlxc_array *const *values, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_freeze)(mlxc_parameters *parameters, const char *prefix, size_t prefix_bytes, int32_t frozen, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_draw)(mlxc_parameters *parameters, const char *prefix, size_t prefix_bytes, int32_t initial, double value, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_to_device)(mlxc_parameters *parameters, mlxc_device *device, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_save)(mlxc_parameters *parameters, const char *path, mlxc_error *error);
static mlxc_status (*p_mlxc_parameters_load)(mlxc_parameters *parameters, const char *path, int32_t strict, mlxc_error *error);
static void (*p_mlxc_parameters_free)(mlxc_parameters *parameters);
static mlxc_status (*p_mlxc_placement_calibrate)(const char *path, mlxc_error *error);
static mlxc_status (*p_mlxc_placement_enable)(mlxc_device *device, const char *path, mlxc_error *error);
static mlxc_status (*p_mlxc_placement_disable)(mlxc_device *device, mlxc_error *error);
static mlxc_status (*p_mlxc_array_outer)(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_inner)(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_vecdot)(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_array_tensordot)(mlxc_array **out, mlxc_array *a, mlxc_array *b, const int32_t *a_axes, const int32_t *b_axes, int32_t axis_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_kron)(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_addmm)(mlxc_array **out, mlxc_array *c, mlxc_array *a, mlxc_array *b, double alpha, double beta, mlxc_error *error);
static mlxc_status (*p_mlxc_array_einsum)(mlxc_array **out, const char *equation, size_t bytes, mlxc_array *const *operands, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_device_profile)(mlxc_device *device, int32_t what, mlxc_error *error);
static mlxc_status (*p_mlxc_device_profile_entries)(mlxc_device *device, mlxc_profile_entry *entries, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_device_profile_text)(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_device_profile_trace)(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_queue_new)(mlxc_queue **out, mlxc_error *error);
static mlxc_status (*p_mlxc_queue_next)(mlxc_queue *queue, int64_t timeout_ms, mlxc_event *events, int64_t capacity, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_queue_wake)(mlxc_queue *queue, mlxc_error *error);
static mlxc_status (*p_mlxc_queue_close)(mlxc_queue *queue, mlxc_error *error);
static void (*p_mlxc_queue_free)(mlxc_queue *queue);
static mlxc_status (*p_mlxc_random_key)(mlxc_array **out, mlxc_device *device, uint64_t seed, mlxc_error *error);
static mlxc_status (*p_mlxc_random_split)(mlxc_array **out, mlxc_array *key, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_random_bits)(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_random_uniform)(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double low, double high, mlxc_error *error);
static mlxc_status (*p_mlxc_random_normal)(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double mean, double deviation, mlxc_error *error);
static mlxc_status (*p_mlxc_random_truncated_normal)(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double low, double high, mlxc_error *error);
static mlxc_status (*p_mlxc_random_integers)(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, int64_t low, int64_t high, mlxc_error *error);
static mlxc_status (*p_mlxc_random_bernoulli)(mlxc_array **out, mlxc_array *key, mlxc_array *probability, const int64_t *shape, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_random_categorical)(mlxc_array **out, mlxc_array *key, mlxc_array *logits, int32_t axis, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_random_permutation)(mlxc_array **out, mlxc_array *key, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_request_cancel)(mlxc_request *request, mlxc_error *error);
static mlxc_status (*p_mlxc_request_wait)(mlxc_request *request, int64_t timeout_ms, mlxc_error *error);
static mlxc_status (*p_mlxc_request_result)(mlxc_result **out, mlxc_request *request, mlxc_error *error);
static void (*p_mlxc_request_free)(mlxc_request *request);
static mlxc_status (*p_mlxc_result_count)(mlxc_result *result, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_finish)(mlxc_result *result, int64_t index, int32_t *finish_reason, int32_t *status, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_message)(mlxc_result *result, int64_t index, const char **message, size_t *bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_text)(mlxc_result *result, int64_t index, const char **text, size_t *bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_tokens)(mlxc_result *result, int64_t index, const int32_t **tokens, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_logprobs)(mlxc_result *result, int64_t index, const float **logprobs, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_top_logprobs)(mlxc_result *result, int64_t index, int64_t position, const mlxc_token_logprob **top, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_last_logits)(mlxc_result *result, int64_t index, const float **logits, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_timings)(mlxc_result *result, int64_t index, mlxc_timings *timings, mlxc_error *error);
static void (*p_mlxc_result_free)(mlxc_result *result);
static void (*p_mlxc_score_options_init)(mlxc_score_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_score)(mlxc_model *model, const mlxc_prompt *prompts, int64_t prompt_count, const mlxc_prompt *labels, int64_t label_count, const mlxc_score_options *options, float *scores, int64_t scores_capacity, int32_t *token_counts, mlxc_error *error);
static mlxc_status (*p_mlxc_logits)(mlxc_model *model, const int32_t *tokens, int64_t token_count, float *logits, int64_t logits_capacity, float *hidden, int64_t hidden_capacity, mlxc_cancel *cancel, mlxc_error *error);
static mlxc_status (*p_mlxc_array_reduce_as)(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_variance)(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, double correction, int32_t keepdims, int32_t root, mlxc_error *error);
static mlxc_status (*p_mlxc_array_median)(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims, mlxc_error *error);
static mlxc_status (*p_mlxc_array_scan)(mlxc_array **out, int32_t op, mlxc_array *x, int32_t axis, int32_t reverse, int32_t exclusive, mlxc_error *error);
static mlxc_status (*p_mlxc_stream_new)(mlxc_stream **out, mlxc_device *device, int32_t threads, mlxc_error *error);
static mlxc_status (*p_mlxc_stream_eval)(mlxc_fence **done, mlxc_stream *stream, mlxc_array *const *arrays, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_stream_call)(mlxc_fence **done, mlxc_stream *stream, mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_error *error);
static mlxc_status (*p_mlxc_stream_record)(mlxc_fence **done, mlxc_stream *stream, mlxc_error *error);
static mlxc_status (*p_mlxc_stream_wait)(mlxc_stream *stream, mlxc_fence *fence, mlxc_error *error);
static mlxc_status (*p_mlxc_stream_synchronize)(mlxc_stream *stream, mlxc_error *error);
static void (*p_mlxc_stream_free)(mlxc_stream *stream);
static mlxc_status (*p_mlxc_fence_wait)(mlxc_fence *fence, int64_t timeout_ms, mlxc_error *error);
static mlxc_status (*p_mlxc_fence_query)(mlxc_fence *fence, int32_t *done, mlxc_error *error);
static mlxc_status (*p_mlxc_fence_notify)(mlxc_fence *fence, void (*callback)(mlxc_status status, void *user_data), void *user_data, mlxc_error *error);
static mlxc_status (*p_mlxc_fence_outputs)(mlxc_fence *fence, mlxc_array **outputs, int64_t output_count, mlxc_error *error);
static void (*p_mlxc_fence_free)(mlxc_fence *fence);
static void (*p_mlxc_encode_options_init)(mlxc_encode_options *options, uint32_t struct_size);
static void (*p_mlxc_decode_options_init)(mlxc_decode_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_tokenizer_load)(mlxc_tokenizer **out, const char *path, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_inspect)(mlxc_tokenizer *tokenizer, mlxc_tokenizer_info *info, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_encode)(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, const mlxc_encode_options *options, int32_t *ids, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_encode_ranges)(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, const mlxc_encode_options *options, int32_t *ids, mlxc_text_range *ranges, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_decode)(mlxc_tokenizer *tokenizer, const int32_t *ids, int64_t count, const mlxc_decode_options *options, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_special_tokens)(mlxc_tokenizer *tokenizer, int32_t *ids, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_id)(int32_t *id, mlxc_tokenizer *tokenizer, const char *piece, size_t piece_bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_piece)(mlxc_tokenizer *tokenizer, int32_t id, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static void (*p_mlxc_tokenizer_free)(mlxc_tokenizer *tokenizer);
static mlxc_status (*p_mlxc_decoder_new)(mlxc_decoder **out, mlxc_tokenizer *tokenizer, const mlxc_decode_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_decoder_add)(mlxc_decoder *decoder, const int32_t *ids, int64_t count, const char **text, size_t *bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_decoder_finish)(mlxc_decoder *decoder, const char **text, size_t *bytes, mlxc_error *error);
static void (*p_mlxc_decoder_free)(mlxc_decoder *decoder);
static mlxc_status (*p_mlxc_loss_squared_error)(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction, mlxc_error *error);
static mlxc_status (*p_mlxc_loss_absolute_error)(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction, mlxc_error *error);
static mlxc_status (*p_mlxc_loss_huber)(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, double delta, int32_t reduction, mlxc_error *error);
static mlxc_status (*p_mlxc_loss_cross_entropy)(mlxc_array **out, mlxc_array *logits, mlxc_array *targets, double label_smoothing, int64_t ignore_index, int32_t reduction, mlxc_error *error);
static mlxc_status (*p_mlxc_loss_binary_cross_entropy)(mlxc_array **out, mlxc_array *logits, mlxc_array *targets, mlxc_array *positive_weight, int32_t reduction, mlxc_error *error);
static mlxc_status (*p_mlxc_loss_kl_divergence)(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction, mlxc_error *error);
static void (*p_mlxc_optimizer_options_init)(mlxc_optimizer_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_optimizer_new)(mlxc_optimizer **out, const mlxc_optimizer_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_optimizer_state_count)(mlxc_optimizer *optimizer, int64_t parameter_count, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_optimizer_initial_states)(mlxc_optimizer *optimizer, mlxc_array *const *parameters, int64_t parameter_count, mlxc_array **states, int64_t state_count, mlxc_error *error);
static mlxc_status (*p_mlxc_optimizer_update)(mlxc_optimizer *optimizer, mlxc_array *const *parameters, mlxc_array *const *gradients, int64_t parameter_count, mlxc_array *const *states, int64_t state_count, mlxc_array *learning_rate, mlxc_array **new_parameters, mlxc_array **new_states, mlxc_error *error);
static void (*p_mlxc_optimizer_free)(mlxc_optimizer *optimizer);
static mlxc_status (*p_mlxc_clip_norm)(mlxc_array **clipped, mlxc_array **norm, mlxc_array *const *gradients, int64_t count, double max_norm, mlxc_error *error);
static mlxc_status (*p_mlxc_clip_value)(mlxc_array **clipped, mlxc_array *const *gradients, int64_t count, double limit, mlxc_error *error);
static void (*p_mlxc_schedule_init)(mlxc_schedule *schedule, uint32_t struct_size);
static mlxc_status (*p_mlxc_schedule_rate)(const mlxc_schedule *schedule, int64_t step, double *rate, mlxc_error *error);
static void (*p_mlxc_trainer_options_init)(mlxc_trainer_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_trainer_new)(mlxc_trainer **out, mlxc_module *module, mlxc_parameters *parameters, mlxc_optimizer *optimizer, const mlxc_trainer_options *options, mlxc_error *error);
static void (*p_mlxc_fit_options_init)(mlxc_fit_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_trainer_fit)(mlxc_trainer *trainer, mlxc_loader *train, mlxc_loader *validation, const mlxc_fit_options *options, mlxc_train_callback callback, void *user_data, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_begin)(mlxc_trainer *trainer, mlxc_loader *train, mlxc_loader *validation, const mlxc_fit_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_next)(mlxc_trainer *trainer, mlxc_train_event *event, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_step)(mlxc_trainer *trainer, mlxc_array *input, mlxc_array *target, mlxc_train_event *event, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_evaluate)(mlxc_trainer *trainer, mlxc_loader *loader, mlxc_cancel *cancel, double *loss, double *accuracy, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_predict)(mlxc_array **out, mlxc_trainer *trainer, mlxc_array *input, int64_t batch_size, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_learning_rate)(mlxc_trainer *trainer, double *rate, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_set_learning_rate)(mlxc_trainer *trainer, double rate, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_position)(mlxc_trainer *trainer, int64_t *epoch, int64_t *batch, int64_t *step, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_parameters_copy)(mlxc_parameters **out, mlxc_trainer *trainer, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_histogram)(mlxc_trainer *trainer, const char *name, size_t name_bytes, int64_t *counts, int64_t bins, double *low, double *high, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_save)(mlxc_trainer *trainer, const char *path, mlxc_error *error);
static mlxc_status (*p_mlxc_trainer_load)(mlxc_trainer *trainer, const char *path, mlxc_error *error);
static void (*p_mlxc_trainer_free)(mlxc_trainer *trainer);
static const char *(*p_mlxc_version)(void);
static int32_t (*p_mlxc_abi_version)(void);
static int32_t (*p_mlxc_has_feature)(const char *feature);
static mlxc_status (*p_mlxc_build_info)(char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

static const struct {
  const char *name;
  void **pointer;
} functions[] = {
    {"mlxc_status_name", (void **)&p_mlxc_status_name},
    {"mlxc_dtype_name", (void **)&p_mlxc_dtype_name},
    {"mlxc_dtype_size", (void **)&p_mlxc_dtype_size},
    {"mlxc_array_new", (void **)&p_mlxc_array_new},
    {"mlxc_array_new_borrowed", (void **)&p_mlxc_array_new_borrowed},
    {"mlxc_array_full", (void **)&p_mlxc_array_full},
    {"mlxc_array_arange", (void **)&p_mlxc_array_arange},
    {"mlxc_array_linspace", (void **)&p_mlxc_array_linspace},
    {"mlxc_array_eye", (void **)&p_mlxc_array_eye},
    {"mlxc_array_placeholder", (void **)&p_mlxc_array_placeholder},
    {"mlxc_array_copy", (void **)&p_mlxc_array_copy},
    {"mlxc_array_clone", (void **)&p_mlxc_array_clone},
    {"mlxc_array_to_device", (void **)&p_mlxc_array_to_device},
    {"mlxc_array_free", (void **)&p_mlxc_array_free},
    {"mlxc_array_dtype", (void **)&p_mlxc_array_dtype},
    {"mlxc_array_shape", (void **)&p_mlxc_array_shape},
    {"mlxc_array_eval", (void **)&p_mlxc_array_eval},
    {"mlxc_array_read", (void **)&p_mlxc_array_read},
    {"mlxc_array_peek", (void **)&p_mlxc_array_peek},
    {"mlxc_array_get", (void **)&p_mlxc_array_get},
    {"mlxc_array_set", (void **)&p_mlxc_array_set},
    {"mlxc_array_dot", (void **)&p_mlxc_array_dot},
    {"mlxc_array_unary", (void **)&p_mlxc_array_unary},
    {"mlxc_array_binary", (void **)&p_mlxc_array_binary},
    {"mlxc_array_binary_scalar", (void **)&p_mlxc_array_binary_scalar},
    {"mlxc_array_where", (void **)&p_mlxc_array_where},
    {"mlxc_array_cast", (void **)&p_mlxc_array_cast},
    {"mlxc_array_matmul", (void **)&p_mlxc_array_matmul},
    {"mlxc_array_softmax", (void **)&p_mlxc_array_softmax},
    {"mlxc_array_reduce", (void **)&p_mlxc_array_reduce},
    {"mlxc_array_argmax", (void **)&p_mlxc_array_argmax},
    {"mlxc_array_argmin", (void **)&p_mlxc_array_argmin},
    {"mlxc_array_reshape", (void **)&p_mlxc_array_reshape},
    {"mlxc_array_transpose", (void **)&p_mlxc_array_transpose},
    {"mlxc_array_slice", (void **)&p_mlxc_array_slice},
    {"mlxc_array_broadcast", (void **)&p_mlxc_array_broadcast},
    {"mlxc_array_as_strided", (void **)&p_mlxc_array_as_strided},
    {"mlxc_array_bitcast", (void **)&p_mlxc_array_bitcast},
    {"mlxc_array_contiguous", (void **)&p_mlxc_array_contiguous},
    {"mlxc_array_concatenate", (void **)&p_mlxc_array_concatenate},
    {"mlxc_array_take", (void **)&p_mlxc_array_take},
    {"mlxc_cancel_new", (void **)&p_mlxc_cancel_new},
    {"mlxc_cancel_trigger", (void **)&p_mlxc_cancel_trigger},
    {"mlxc_cancel_free", (void **)&p_mlxc_cancel_free},
    {"mlxc_dataset_new_arrays", (void **)&p_mlxc_dataset_new_arrays},
    {"mlxc_dataset_new_random", (void **)&p_mlxc_dataset_new_random},
    {"mlxc_dataset_new_callback", (void **)&p_mlxc_dataset_new_callback},
    {"mlxc_dataset_open_npy", (void **)&p_mlxc_dataset_open_npy},
    {"mlxc_dataset_open_safetensors", (void **)&p_mlxc_dataset_open_safetensors},
    {"mlxc_csv_options_init", (void **)&p_mlxc_csv_options_init},
    {"mlxc_dataset_open_csv", (void **)&p_mlxc_dataset_open_csv},
    {"mlxc_dataset_class_count", (void **)&p_mlxc_dataset_class_count},
    {"mlxc_dataset_class_name", (void **)&p_mlxc_dataset_class_name},
    {"mlxc_dataset_new_tokens", (void **)&p_mlxc_dataset_new_tokens},
    {"mlxc_dataset_new_text", (void **)&p_mlxc_dataset_new_text},
    {"mlxc_dataset_select", (void **)&p_mlxc_dataset_select},
    {"mlxc_dataset_split", (void **)&p_mlxc_dataset_split},
    {"mlxc_dataset_samples", (void **)&p_mlxc_dataset_samples},
    {"mlxc_dataset_fields", (void **)&p_mlxc_dataset_fields},
    {"mlxc_dataset_read", (void **)&p_mlxc_dataset_read},
    {"mlxc_dataset_free", (void **)&p_mlxc_dataset_free},
    {"mlxc_loader_options_init", (void **)&p_mlxc_loader_options_init},
    {"mlxc_loader_new", (void **)&p_mlxc_loader_new},
    {"mlxc_loader_batches", (void **)&p_mlxc_loader_batches},
    {"mlxc_loader_start", (void **)&p_mlxc_loader_start},
    {"mlxc_loader_next", (void **)&p_mlxc_loader_next},
    {"mlxc_loader_free", (void **)&p_mlxc_loader_free},
    {"mlxc_device_count", (void **)&p_mlxc_device_count},
    {"mlxc_device_list", (void **)&p_mlxc_device_list},
    {"mlxc_device_open", (void **)&p_mlxc_device_open},
    {"mlxc_device_inspect", (void **)&p_mlxc_device_inspect},
    {"mlxc_device_free", (void **)&p_mlxc_device_free},
    {"mlxc_array_clip", (void **)&p_mlxc_array_clip},
    {"mlxc_array_nan_to_num", (void **)&p_mlxc_array_nan_to_num},
    {"mlxc_array_isclose", (void **)&p_mlxc_array_isclose},
    {"mlxc_array_allclose", (void **)&p_mlxc_array_allclose},
    {"mlxc_array_equal", (void **)&p_mlxc_array_equal},
    {"mlxc_array_activation", (void **)&p_mlxc_array_activation},
    {"mlxc_model_options_init", (void **)&p_mlxc_model_options_init},
    {"mlxc_model_load", (void **)&p_mlxc_model_load},
    {"mlxc_model_inspect", (void **)&p_mlxc_model_inspect},
    {"mlxc_model_json", (void **)&p_mlxc_model_json},
    {"mlxc_model_stop_tokens", (void **)&p_mlxc_model_stop_tokens},
    {"mlxc_model_read_stats", (void **)&p_mlxc_model_read_stats},
    {"mlxc_model_tokenizer_copy", (void **)&p_mlxc_model_tokenizer_copy},
    {"mlxc_model_device_copy", (void **)&p_mlxc_model_device_copy},
    {"mlxc_model_free", (void **)&p_mlxc_model_free},
    {"mlxc_embed_options_init", (void **)&p_mlxc_embed_options_init},
    {"mlxc_embed", (void **)&p_mlxc_embed},
    {"mlxc_embed_new", (void **)&p_mlxc_embed_new},
    {"mlxc_module_language_model", (void **)&p_mlxc_module_language_model},
    {"mlxc_parameters_load_model", (void **)&p_mlxc_parameters_load_model},
    {"mlxc_parameters_save_model", (void **)&p_mlxc_parameters_save_model},
    {"mlxc_lora_options_init", (void **)&p_mlxc_lora_options_init},
    {"mlxc_parameters_add_lora", (void **)&p_mlxc_parameters_add_lora},
    {"mlxc_parameters_load_adapter", (void **)&p_mlxc_parameters_load_adapter},
    {"mlxc_parameters_save_adapter", (void **)&p_mlxc_parameters_save_adapter},
    {"mlxc_parameters_merge_adapter", (void **)&p_mlxc_parameters_merge_adapter},
    {"mlxc_adapter_merge", (void **)&p_mlxc_adapter_merge},
    {"mlxc_function_new", (void **)&p_mlxc_function_new},
    {"mlxc_function_call", (void **)&p_mlxc_function_call},
    {"mlxc_function_run_rows", (void **)&p_mlxc_function_run_rows},
    {"mlxc_function_launches", (void **)&p_mlxc_function_launches},
    {"mlxc_function_dot", (void **)&p_mlxc_function_dot},
    {"mlxc_function_free", (void **)&p_mlxc_function_free},
    {"mlxc_finish_reason_name", (void **)&p_mlxc_finish_reason_name},
    {"mlxc_generate_options_init", (void **)&p_mlxc_generate_options_init},
    {"mlxc_generate_batch", (void **)&p_mlxc_generate_batch},
    {"mlxc_generate_start", (void **)&p_mlxc_generate_start},
    {"mlxc_grad", (void **)&p_mlxc_grad},
    {"mlxc_array_set_requires_grad", (void **)&p_mlxc_array_set_requires_grad},
    {"mlxc_array_requires_grad", (void **)&p_mlxc_array_requires_grad},
    {"mlxc_stop_gradient", (void **)&p_mlxc_stop_gradient},
    {"mlxc_checkpoint", (void **)&p_mlxc_checkpoint},
    {"mlxc_array_take_axis", (void **)&p_mlxc_array_take_axis},
    {"mlxc_array_take_along_axis", (void **)&p_mlxc_array_take_along_axis},
    {"mlxc_array_put_along_axis", (void **)&p_mlxc_array_put_along_axis},
    {"mlxc_array_gather", (void **)&p_mlxc_array_gather},
    {"mlxc_array_scatter", (void **)&p_mlxc_array_scatter},
    {"mlxc_array_update", (void **)&p_mlxc_array_update},
    {"mlxc_array_nonzero", (void **)&p_mlxc_array_nonzero},
    {"mlxc_array_searchsorted", (void **)&p_mlxc_array_searchsorted},
    {"mlxc_array_sort", (void **)&p_mlxc_array_sort},
    {"mlxc_array_argsort", (void **)&p_mlxc_array_argsort},
    {"mlxc_array_topk", (void **)&p_mlxc_array_topk},
    {"mlxc_array_unique", (void **)&p_mlxc_array_unique},
    {"mlxc_kernel_new", (void **)&p_mlxc_kernel_new},
    {"mlxc_kernel_apply", (void **)&p_mlxc_kernel_apply},
    {"mlxc_kernel_free", (void **)&p_mlxc_kernel_free},
    {"mlxc_array_convolution", (void **)&p_mlxc_array_convolution},
    {"mlxc_array_transposed_convolution", (void **)&p_mlxc_array_transposed_convolution},
    {"mlxc_array_max_pool", (void **)&p_mlxc_array_max_pool},
    {"mlxc_array_average_pool", (void **)&p_mlxc_array_average_pool},
    {"mlxc_array_layer_norm", (void **)&p_mlxc_array_layer_norm},
    {"mlxc_array_rms_norm", (void **)&p_mlxc_array_rms_norm},
    {"mlxc_array_batch_norm", (void **)&p_mlxc_array_batch_norm},
    {"mlxc_array_group_norm", (void **)&p_mlxc_array_group_norm},
    {"mlxc_array_dropout", (void **)&p_mlxc_array_dropout},
    {"mlxc_array_attention", (void **)&p_mlxc_array_attention},
    {"mlxc_array_recurrent", (void **)&p_mlxc_array_recurrent},
    {"mlxc_linalg_cholesky", (void **)&p_mlxc_linalg_cholesky},
    {"mlxc_linalg_qr", (void **)&p_mlxc_linalg_qr},
    {"mlxc_linalg_svd", (void **)&p_mlxc_linalg_svd},
    {"mlxc_linalg_eigh", (void **)&p_mlxc_linalg_eigh},
    {"mlxc_linalg_solve", (void **)&p_mlxc_linalg_solve},
    {"mlxc_linalg_triangular_solve", (void **)&p_mlxc_linalg_triangular_solve},
    {"mlxc_linalg_inverse", (void **)&p_mlxc_linalg_inverse},
    {"mlxc_linalg_determinant", (void **)&p_mlxc_linalg_determinant},
    {"mlxc_linalg_slogdet", (void **)&p_mlxc_linalg_slogdet},
    {"mlxc_linalg_pseudo_inverse", (void **)&p_mlxc_linalg_pseudo_inverse},
    {"mlxc_linalg_least_squares", (void **)&p_mlxc_linalg_least_squares},
    {"mlxc_linalg_matrix_rank", (void **)&p_mlxc_linalg_matrix_rank},
    {"mlxc_linalg_matrix_power", (void **)&p_mlxc_linalg_matrix_power},
    {"mlxc_linalg_cross", (void **)&p_mlxc_linalg_cross},
    {"mlxc_linalg_vector_norm", (void **)&p_mlxc_linalg_vector_norm},
    {"mlxc_linalg_matrix_norm", (void **)&p_mlxc_linalg_matrix_norm},
    {"mlxc_log_set", (void **)&p_mlxc_log_set},
    {"mlxc_array_stack", (void **)&p_mlxc_array_stack},
    {"mlxc_array_split", (void **)&p_mlxc_array_split},
    {"mlxc_array_pad", (void **)&p_mlxc_array_pad},
    {"mlxc_array_repeat", (void **)&p_mlxc_array_repeat},
    {"mlxc_array_tile", (void **)&p_mlxc_array_tile},
    {"mlxc_array_roll", (void **)&p_mlxc_array_roll},
    {"mlxc_array_flip", (void **)&p_mlxc_array_flip},
    {"mlxc_array_swap_axes", (void **)&p_mlxc_array_swap_axes},
    {"mlxc_array_move_axes", (void **)&p_mlxc_array_move_axes},
    {"mlxc_array_expand_dims", (void **)&p_mlxc_array_expand_dims},
    {"mlxc_array_squeeze", (void **)&p_mlxc_array_squeeze},
    {"mlxc_array_diagonal", (void **)&p_mlxc_array_diagonal},
    {"mlxc_array_triangle", (void **)&p_mlxc_array_triangle},
    {"mlxc_memory_read", (void **)&p_mlxc_memory_read},
    {"mlxc_memory_reset_peak", (void **)&p_mlxc_memory_reset_peak},
    {"mlxc_memory_release_cache", (void **)&p_mlxc_memory_release_cache},
    {"mlxc_memory_trim", (void **)&p_mlxc_memory_trim},
    {"mlxc_memory_set_limit", (void **)&p_mlxc_memory_set_limit},
    {"mlxc_memory_set_cache_limit", (void **)&p_mlxc_memory_set_cache_limit},
    {"mlxc_handle_count", (void **)&p_mlxc_handle_count},
    {"mlxc_module_linear", (void **)&p_mlxc_module_linear},
    {"mlxc_module_convolution", (void **)&p_mlxc_module_convolution},
    {"mlxc_module_transposed_convolution", (void **)&p_mlxc_module_transposed_convolution},
    {"mlxc_module_max_pool", (void **)&p_mlxc_module_max_pool},
    {"mlxc_module_average_pool", (void **)&p_mlxc_module_average_pool},
    {"mlxc_module_batch_norm", (void **)&p_mlxc_module_batch_norm},
    {"mlxc_module_layer_norm", (void **)&p_mlxc_module_layer_norm},
    {"mlxc_module_rms_norm", (void **)&p_mlxc_module_rms_norm},
    {"mlxc_module_group_norm", (void **)&p_mlxc_module_group_norm},
    {"mlxc_module_dropout", (void **)&p_mlxc_module_dropout},
    {"mlxc_module_embedding", (void **)&p_mlxc_module_embedding},
    {"mlxc_module_positions", (void **)&p_mlxc_module_positions},
    {"mlxc_module_activation", (void **)&p_mlxc_module_activation},
    {"mlxc_module_softmax", (void **)&p_mlxc_module_softmax},
    {"mlxc_module_flatten", (void **)&p_mlxc_module_flatten},
    {"mlxc_module_attention", (void **)&p_mlxc_module_attention},
    {"mlxc_module_recurrent", (void **)&p_mlxc_module_recurrent},
    {"mlxc_recurrent_options_init", (void **)&p_mlxc_recurrent_options_init},
    {"mlxc_module_recurrent_layers", (void **)&p_mlxc_module_recurrent_layers},
    {"mlxc_module_sequential", (void **)&p_mlxc_module_sequential},
    {"mlxc_module_residual", (void **)&p_mlxc_module_residual},
    {"mlxc_module_forward", (void **)&p_mlxc_module_forward},
    {"mlxc_module_free", (void **)&p_mlxc_module_free},
    {"mlxc_parameters_new", (void **)&p_mlxc_parameters_new},
    {"mlxc_parameters_copy", (void **)&p_mlxc_parameters_copy},
    {"mlxc_parameters_count", (void **)&p_mlxc_parameters_count},
    {"mlxc_parameters_name", (void **)&p_mlxc_parameters_name},
    {"mlxc_parameters_values", (void **)&p_mlxc_parameters_values},
    {"mlxc_parameters_set_values", (void **)&p_mlxc_parameters_set_values},
    {"mlxc_parameters_freeze", (void **)&p_mlxc_parameters_freeze},
    {"mlxc_parameters_draw", (void **)&p_mlxc_parameters_draw},
    {"mlxc_parameters_to_device", (void **)&p_mlxc_parameters_to_device},
    {"mlxc_parameters_save", (void **)&p_mlxc_parameters_save},
    {"mlxc_parameters_load", (void **)&p_mlxc_parameters_load},
    {"mlxc_parameters_free", (void **)&p_mlxc_parameters_free},
    {"mlxc_placement_calibrate", (void **)&p_mlxc_placement_calibrate},
    {"mlxc_placement_enable", (void **)&p_mlxc_placement_enable},
    {"mlxc_placement_disable", (void **)&p_mlxc_placement_disable},
    {"mlxc_array_outer", (void **)&p_mlxc_array_outer},
    {"mlxc_array_inner", (void **)&p_mlxc_array_inner},
    {"mlxc_array_vecdot", (void **)&p_mlxc_array_vecdot},
    {"mlxc_array_tensordot", (void **)&p_mlxc_array_tensordot},
    {"mlxc_array_kron", (void **)&p_mlxc_array_kron},
    {"mlxc_array_addmm", (void **)&p_mlxc_array_addmm},
    {"mlxc_array_einsum", (void **)&p_mlxc_array_einsum},
    {"mlxc_device_profile", (void **)&p_mlxc_device_profile},
    {"mlxc_device_profile_entries", (void **)&p_mlxc_device_profile_entries},
    {"mlxc_device_profile_text", (void **)&p_mlxc_device_profile_text},
    {"mlxc_device_profile_trace", (void **)&p_mlxc_device_profile_trace},
    {"mlxc_queue_new", (void **)&p_mlxc_queue_new},
    {"mlxc_queue_next", (void **)&p_mlxc_queue_next},
    {"mlxc_queue_wake", (void **)&p_mlxc_queue_wake},
    {"mlxc_queue_close", (void **)&p_mlxc_queue_close},
    {"mlxc_queue_free", (void **)&p_mlxc_queue_free},
    {"mlxc_random_key", (void **)&p_mlxc_random_key},
    {"mlxc_random_split", (void **)&p_mlxc_random_split},
    {"mlxc_random_bits", (void **)&p_mlxc_random_bits},
    {"mlxc_random_uniform", (void **)&p_mlxc_random_uniform},
    {"mlxc_random_normal", (void **)&p_mlxc_random_normal},
    {"mlxc_random_truncated_normal", (void **)&p_mlxc_random_truncated_normal},
    {"mlxc_random_integers", (void **)&p_mlxc_random_integers},
    {"mlxc_random_bernoulli", (void **)&p_mlxc_random_bernoulli},
    {"mlxc_random_categorical", (void **)&p_mlxc_random_categorical},
    {"mlxc_random_permutation", (void **)&p_mlxc_random_permutation},
    {"mlxc_request_cancel", (void **)&p_mlxc_request_cancel},
    {"mlxc_request_wait", (void **)&p_mlxc_request_wait},
    {"mlxc_request_result", (void **)&p_mlxc_request_result},
    {"mlxc_request_free", (void **)&p_mlxc_request_free},
    {"mlxc_result_count", (void **)&p_mlxc_result_count},
    {"mlxc_result_finish", (void **)&p_mlxc_result_finish},
    {"mlxc_result_peek_message", (void **)&p_mlxc_result_peek_message},
    {"mlxc_result_peek_text", (void **)&p_mlxc_result_peek_text},
    {"mlxc_result_peek_tokens", (void **)&p_mlxc_result_peek_tokens},
    {"mlxc_result_peek_logprobs", (void **)&p_mlxc_result_peek_logprobs},
    {"mlxc_result_peek_top_logprobs", (void **)&p_mlxc_result_peek_top_logprobs},
    {"mlxc_result_peek_last_logits", (void **)&p_mlxc_result_peek_last_logits},
    {"mlxc_result_timings", (void **)&p_mlxc_result_timings},
    {"mlxc_result_free", (void **)&p_mlxc_result_free},
    {"mlxc_score_options_init", (void **)&p_mlxc_score_options_init},
    {"mlxc_score", (void **)&p_mlxc_score},
    {"mlxc_logits", (void **)&p_mlxc_logits},
    {"mlxc_array_reduce_as", (void **)&p_mlxc_array_reduce_as},
    {"mlxc_array_variance", (void **)&p_mlxc_array_variance},
    {"mlxc_array_median", (void **)&p_mlxc_array_median},
    {"mlxc_array_scan", (void **)&p_mlxc_array_scan},
    {"mlxc_stream_new", (void **)&p_mlxc_stream_new},
    {"mlxc_stream_eval", (void **)&p_mlxc_stream_eval},
    {"mlxc_stream_call", (void **)&p_mlxc_stream_call},
    {"mlxc_stream_record", (void **)&p_mlxc_stream_record},
    {"mlxc_stream_wait", (void **)&p_mlxc_stream_wait},
    {"mlxc_stream_synchronize", (void **)&p_mlxc_stream_synchronize},
    {"mlxc_stream_free", (void **)&p_mlxc_stream_free},
    {"mlxc_fence_wait", (void **)&p_mlxc_fence_wait},
    {"mlxc_fence_query", (void **)&p_mlxc_fence_query},
    {"mlxc_fence_notify", (void **)&p_mlxc_fence_notify},
    {"mlxc_fence_outputs", (void **)&p_mlxc_fence_outputs},
    {"mlxc_fence_free", (void **)&p_mlxc_fence_free},
    {"mlxc_encode_options_init", (void **)&p_mlxc_encode_options_init},
    {"mlxc_decode_options_init", (void **)&p_mlxc_decode_options_init},
    {"mlxc_tokenizer_load", (void **)&p_mlxc_tokenizer_load},
    {"mlxc_tokenizer_inspect", (void **)&p_mlxc_tokenizer_inspect},
    {"mlxc_tokenizer_encode", (void **)&p_mlxc_tokenizer_encode},
    {"mlxc_tokenizer_encode_ranges", (void **)&p_mlxc_tokenizer_encode_ranges},
    {"mlxc_tokenizer_decode", (void **)&p_mlxc_tokenizer_decode},
    {"mlxc_tokenizer_special_tokens", (void **)&p_mlxc_tokenizer_special_tokens},
    {"mlxc_tokenizer_id", (void **)&p_mlxc_tokenizer_id},
    {"mlxc_tokenizer_piece", (void **)&p_mlxc_tokenizer_piece},
    {"mlxc_tokenizer_free", (void **)&p_mlxc_tokenizer_free},
    {"mlxc_decoder_new", (void **)&p_mlxc_decoder_new},
    {"mlxc_decoder_add", (void **)&p_mlxc_decoder_add},
    {"mlxc_decoder_finish", (void **)&p_mlxc_decoder_finish},
    {"mlxc_decoder_free", (void **)&p_mlxc_decoder_free},
    {"mlxc_loss_squared_error", (void **)&p_mlxc_loss_squared_error},
    {"mlxc_loss_absolute_error", (void **)&p_mlxc_loss_absolute_error},
    {"mlxc_loss_huber", (void **)&p_mlxc_loss_huber},
    {"mlxc_loss_cross_entropy", (void **)&p_mlxc_loss_cross_entropy},
    {"mlxc_loss_binary_cross_entropy", (void **)&p_mlxc_loss_binary_cross_entropy},
    {"mlxc_loss_kl_divergence", (void **)&p_mlxc_loss_kl_divergence},
    {"mlxc_optimizer_options_init", (void **)&p_mlxc_optimizer_options_init},
    {"mlxc_optimizer_new", (void **)&p_mlxc_optimizer_new},
    {"mlxc_optimizer_state_count", (void **)&p_mlxc_optimizer_state_count},
    {"mlxc_optimizer_initial_states", (void **)&p_mlxc_optimizer_initial_states},
    {"mlxc_optimizer_update", (void **)&p_mlxc_optimizer_update},
    {"mlxc_optimizer_free", (void **)&p_mlxc_optimizer_free},
    {"mlxc_clip_norm", (void **)&p_mlxc_clip_norm},
    {"mlxc_clip_value", (void **)&p_mlxc_clip_value},
    {"mlxc_schedule_init", (void **)&p_mlxc_schedule_init},
    {"mlxc_schedule_rate", (void **)&p_mlxc_schedule_rate},
    {"mlxc_trainer_options_init", (void **)&p_mlxc_trainer_options_init},
    {"mlxc_trainer_new", (void **)&p_mlxc_trainer_new},
    {"mlxc_fit_options_init", (void **)&p_mlxc_fit_options_init},
    {"mlxc_trainer_fit", (void **)&p_mlxc_trainer_fit},
    {"mlxc_trainer_begin", (void **)&p_mlxc_trainer_begin},
    {"mlxc_trainer_next", (void **)&p_mlxc_trainer_next},
    {"mlxc_trainer_step", (void **)&p_mlxc_trainer_step},
    {"mlxc_trainer_evaluate", (void **)&p_mlxc_trainer_evaluate},
    {"mlxc_trainer_predict", (void **)&p_mlxc_trainer_predict},
    {"mlxc_trainer_learning_rate", (void **)&p_mlxc_trainer_learning_rate},
    {"mlxc_trainer_set_learning_rate", (void **)&p_mlxc_trainer_set_learning_rate},
    {"mlxc_trainer_position", (void **)&p_mlxc_trainer_position},
    {"mlxc_trainer_parameters_copy", (void **)&p_mlxc_trainer_parameters_copy},
    {"mlxc_trainer_histogram", (void **)&p_mlxc_trainer_histogram},
    {"mlxc_trainer_save", (void **)&p_mlxc_trainer_save},
    {"mlxc_trainer_load", (void **)&p_mlxc_trainer_load},
    {"mlxc_trainer_free", (void **)&p_mlxc_trainer_free},
    {"mlxc_version", (void **)&p_mlxc_version},
    {"mlxc_abi_version", (void **)&p_mlxc_abi_version},
    {"mlxc_has_feature", (void **)&p_mlxc_has_feature},
    {"mlxc_build_info", (void **)&p_mlxc_build_info},
};

int mlxc_go_open(const char *path, char *reason, size_t capacity) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *text = dlerror();
    snprintf(reason, capacity, "%s", text ? text : "dlopen failed");
    return 0;
  }
  /* Apple's mlx-c builds a libmlxc too: without these two it is another library. */
  if (!dlsym(library, "mlxc_abi_version") || !dlsym(library, "mlxc_model_load")) {
    snprintf(reason, capacity, "it is another library of that name: mlxc_abi_version is missing");
    dlclose(library);
    return 0;
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) *functions[i].pointer = dlsym(library, functions[i].name);
  return 1;
}

static mlxc_status missing(const char *name, mlxc_error *error) {
  if (error && error->struct_size >= sizeof *error) {
    error->status = MLXC_UNSUPPORTED;
    error->native = 0;
    snprintf(error->message, sizeof error->message, "the opened library has no %s; install a newer one", name);
  }
  return MLXC_UNSUPPORTED;
}

const char *mlxc_status_name(mlxc_status status) {
  return p_mlxc_status_name ? p_mlxc_status_name(status) : 0;
}
const char *mlxc_dtype_name(int32_t dtype) {
  return p_mlxc_dtype_name ? p_mlxc_dtype_name(dtype) : 0;
}
size_t mlxc_dtype_size(int32_t dtype) {
  return p_mlxc_dtype_size ? p_mlxc_dtype_size(dtype) : 0;
}
mlxc_status mlxc_array_new(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_new ? p_mlxc_array_new(out, device, data, bytes, shape, rank, dtype, error) : missing("mlxc_array_new", error);
}
mlxc_status mlxc_array_new_borrowed(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape, int32_t rank, int32_t dtype, void (*release)(void *user_data), void *user_data, mlxc_error *error) {
  return p_mlxc_array_new_borrowed ? p_mlxc_array_new_borrowed(out, device, data, bytes, shape, rank, dtype, release, user_data, error) : missing("mlxc_array_new_borrowed", error);
}
mlxc_status mlxc_array_full(mlxc_array **out, mlxc_device *device, double value, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_full ? p_mlxc_array_full(out, device, value, shape, rank, dtype, error) : missing("mlxc_array_full", error);
}
mlxc_status mlxc_array_arange(mlxc_array **out, mlxc_device *device, double start, double stop, double step, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_arange ? p_mlxc_array_arange(out, device, start, stop, step, dtype, error) : missing("mlxc_array_arange", error);
}
mlxc_status mlxc_array_linspace(mlxc_array **out, mlxc_device *device, double start, double stop, int64_t count, int32_t endpoint, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_linspace ? p_mlxc_array_linspace(out, device, start, stop, count, endpoint, dtype, error) : missing("mlxc_array_linspace", error);
}
mlxc_status mlxc_array_eye(mlxc_array **out, mlxc_device *device, int64_t rows, int64_t columns, int64_t k, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_eye ? p_mlxc_array_eye(out, device, rows, columns, k, dtype, error) : missing("mlxc_array_eye", error);
}
mlxc_status mlxc_array_placeholder(mlxc_array **out, mlxc_device *device, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_placeholder ? p_mlxc_array_placeholder(out, device, shape, rank, dtype, error) : missing("mlxc_array_placeholder", error);
}
mlxc_status mlxc_array_copy(mlxc_array **out, mlxc_array *array, mlxc_error *error) {
  return p_mlxc_array_copy ? p_mlxc_array_copy(out, array, error) : missing("mlxc_array_copy", error);
}
mlxc_status mlxc_array_clone(mlxc_array **out, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_array_clone ? p_mlxc_array_clone(out, x, error) : missing("mlxc_array_clone", error);
}
mlxc_status mlxc_array_to_device(mlxc_array **out, mlxc_array *x, mlxc_device *device, mlxc_error *error) {
  return p_mlxc_array_to_device ? p_mlxc_array_to_device(out, x, device, error) : missing("mlxc_array_to_device", error);
}
void mlxc_array_free(mlxc_array *array) {
  if (p_mlxc_array_free) p_mlxc_array_free(array);
}
mlxc_status mlxc_array_dtype(mlxc_array *array, int32_t *dtype, mlxc_error *error) {
  return p_mlxc_array_dtype ? p_mlxc_array_dtype(array, dtype, error) : missing("mlxc_array_dtype", error);
}
mlxc_status mlxc_array_shape(mlxc_array *array, int64_t *shape, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_array_shape ? p_mlxc_array_shape(array, shape, capacity, needed, error) : missing("mlxc_array_shape", error);
}
mlxc_status mlxc_array_eval(mlxc_array *const *arrays, int64_t count, mlxc_error *error) {
  return p_mlxc_array_eval ? p_mlxc_array_eval(arrays, count, error) : missing("mlxc_array_eval", error);
}
mlxc_status mlxc_array_read(mlxc_array *array, void *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_array_read ? p_mlxc_array_read(array, buffer, capacity, needed, error) : missing("mlxc_array_read", error);
}
mlxc_status mlxc_array_peek(mlxc_array *array, const void **data, size_t *bytes, mlxc_error *error) {
  return p_mlxc_array_peek ? p_mlxc_array_peek(array, data, bytes, error) : missing("mlxc_array_peek", error);
}
mlxc_status mlxc_array_get(mlxc_array *array, const int64_t *index, int32_t rank, void *value, size_t bytes, mlxc_error *error) {
  return p_mlxc_array_get ? p_mlxc_array_get(array, index, rank, value, bytes, error) : missing("mlxc_array_get", error);
}
mlxc_status mlxc_array_set(mlxc_array **out, mlxc_array *x, const int64_t *index, int32_t rank, const void *value, size_t bytes, mlxc_error *error) {
  return p_mlxc_array_set ? p_mlxc_array_set(out, x, index, rank, value, bytes, error) : missing("mlxc_array_set", error);
}
mlxc_status mlxc_array_dot(mlxc_array *const *arrays, int64_t count, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_array_dot ? p_mlxc_array_dot(arrays, count, buffer, capacity, needed, error) : missing("mlxc_array_dot", error);
}
mlxc_status mlxc_array_unary(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_array_unary ? p_mlxc_array_unary(out, op, x, error) : missing("mlxc_array_unary", error);
}
mlxc_status mlxc_array_binary(mlxc_array **out, int32_t op, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_array_binary ? p_mlxc_array_binary(out, op, a, b, error) : missing("mlxc_array_binary", error);
}
mlxc_status mlxc_array_binary_scalar(mlxc_array **out, int32_t op, mlxc_array *a, double b, mlxc_error *error) {
  return p_mlxc_array_binary_scalar ? p_mlxc_array_binary_scalar(out, op, a, b, error) : missing("mlxc_array_binary_scalar", error);
}
mlxc_status mlxc_array_where(mlxc_array **out, mlxc_array *condition, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_array_where ? p_mlxc_array_where(out, condition, a, b, error) : missing("mlxc_array_where", error);
}
mlxc_status mlxc_array_cast(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_cast ? p_mlxc_array_cast(out, x, dtype, error) : missing("mlxc_array_cast", error);
}
mlxc_status mlxc_array_matmul(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_array_matmul ? p_mlxc_array_matmul(out, a, b, error) : missing("mlxc_array_matmul", error);
}
mlxc_status mlxc_array_softmax(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t log, mlxc_error *error) {
  return p_mlxc_array_softmax ? p_mlxc_array_softmax(out, x, axis, log, error) : missing("mlxc_array_softmax", error);
}
mlxc_status mlxc_array_reduce(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims, mlxc_error *error) {
  return p_mlxc_array_reduce ? p_mlxc_array_reduce(out, op, x, axes, axis_count, keepdims, error) : missing("mlxc_array_reduce", error);
}
mlxc_status mlxc_array_argmax(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error) {
  return p_mlxc_array_argmax ? p_mlxc_array_argmax(out, x, axis, keepdims, error) : missing("mlxc_array_argmax", error);
}
mlxc_status mlxc_array_argmin(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error) {
  return p_mlxc_array_argmin ? p_mlxc_array_argmin(out, x, axis, keepdims, error) : missing("mlxc_array_argmin", error);
}
mlxc_status mlxc_array_reshape(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error) {
  return p_mlxc_array_reshape ? p_mlxc_array_reshape(out, x, shape, rank, error) : missing("mlxc_array_reshape", error);
}
mlxc_status mlxc_array_transpose(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error) {
  return p_mlxc_array_transpose ? p_mlxc_array_transpose(out, x, axes, axis_count, error) : missing("mlxc_array_transpose", error);
}
mlxc_status mlxc_array_slice(mlxc_array **out, mlxc_array *x, const int64_t *start, const int64_t *stop, const int64_t *step, int32_t rank, mlxc_error *error) {
  return p_mlxc_array_slice ? p_mlxc_array_slice(out, x, start, stop, step, rank, error) : missing("mlxc_array_slice", error);
}
mlxc_status mlxc_array_broadcast(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error) {
  return p_mlxc_array_broadcast ? p_mlxc_array_broadcast(out, x, shape, rank, error) : missing("mlxc_array_broadcast", error);
}
mlxc_status mlxc_array_as_strided(mlxc_array **out, mlxc_array *x, const int64_t *shape, const int64_t *strides, int32_t rank, int64_t offset, mlxc_error *error) {
  return p_mlxc_array_as_strided ? p_mlxc_array_as_strided(out, x, shape, strides, rank, offset, error) : missing("mlxc_array_as_strided", error);
}
mlxc_status mlxc_array_bitcast(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_bitcast ? p_mlxc_array_bitcast(out, x, dtype, error) : missing("mlxc_array_bitcast", error);
}
mlxc_status mlxc_array_contiguous(mlxc_array **out, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_array_contiguous ? p_mlxc_array_contiguous(out, x, error) : missing("mlxc_array_contiguous", error);
}
mlxc_status mlxc_array_concatenate(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error) {
  return p_mlxc_array_concatenate ? p_mlxc_array_concatenate(out, arrays, count, axis, error) : missing("mlxc_array_concatenate", error);
}
mlxc_status mlxc_array_take(mlxc_array **out, mlxc_array *x, mlxc_array *indices, mlxc_error *error) {
  return p_mlxc_array_take ? p_mlxc_array_take(out, x, indices, error) : missing("mlxc_array_take", error);
}
mlxc_status mlxc_cancel_new(mlxc_cancel **out, mlxc_error *error) {
  return p_mlxc_cancel_new ? p_mlxc_cancel_new(out, error) : missing("mlxc_cancel_new", error);
}
mlxc_status mlxc_cancel_trigger(mlxc_cancel *cancel, mlxc_error *error) {
  return p_mlxc_cancel_trigger ? p_mlxc_cancel_trigger(cancel, error) : missing("mlxc_cancel_trigger", error);
}
void mlxc_cancel_free(mlxc_cancel *cancel) {
  if (p_mlxc_cancel_free) p_mlxc_cancel_free(cancel);
}
mlxc_status mlxc_dataset_new_arrays(mlxc_dataset **out, mlxc_array *const *fields, int64_t field_count, mlxc_error *error) {
  return p_mlxc_dataset_new_arrays ? p_mlxc_dataset_new_arrays(out, fields, field_count, error) : missing("mlxc_dataset_new_arrays", error);
}
mlxc_status mlxc_dataset_new_random(mlxc_dataset **out, int64_t samples, const int64_t *shape, int32_t rank, int64_t classes, uint64_t seed, mlxc_error *error) {
  return p_mlxc_dataset_new_random ? p_mlxc_dataset_new_random(out, samples, shape, rank, classes, seed, error) : missing("mlxc_dataset_new_random", error);
}
mlxc_status mlxc_dataset_new_callback(mlxc_dataset **out, int64_t samples, const mlxc_field *fields, int64_t field_count, mlxc_dataset_callback read, void (*release)(void *user_data), void *user_data, mlxc_error *error) {
  return p_mlxc_dataset_new_callback ? p_mlxc_dataset_new_callback(out, samples, fields, field_count, read, release, user_data, error) : missing("mlxc_dataset_new_callback", error);
}
mlxc_status mlxc_dataset_open_npy(mlxc_dataset **out, const char *const *paths, int64_t field_count, mlxc_error *error) {
  return p_mlxc_dataset_open_npy ? p_mlxc_dataset_open_npy(out, paths, field_count, error) : missing("mlxc_dataset_open_npy", error);
}
mlxc_status mlxc_dataset_open_safetensors(mlxc_dataset **out, const char *path, const char *const *names, int64_t field_count, mlxc_error *error) {
  return p_mlxc_dataset_open_safetensors ? p_mlxc_dataset_open_safetensors(out, path, names, field_count, error) : missing("mlxc_dataset_open_safetensors", error);
}
void mlxc_csv_options_init(mlxc_csv_options *options, uint32_t struct_size) {
  if (p_mlxc_csv_options_init) p_mlxc_csv_options_init(options, struct_size);
}
mlxc_status mlxc_dataset_open_csv(mlxc_dataset **out, const char *path, const mlxc_csv_options *options, mlxc_error *error) {
  return p_mlxc_dataset_open_csv ? p_mlxc_dataset_open_csv(out, path, options, error) : missing("mlxc_dataset_open_csv", error);
}
mlxc_status mlxc_dataset_class_count(mlxc_dataset *dataset, int64_t *count, mlxc_error *error) {
  return p_mlxc_dataset_class_count ? p_mlxc_dataset_class_count(dataset, count, error) : missing("mlxc_dataset_class_count", error);
}
mlxc_status mlxc_dataset_class_name(mlxc_dataset *dataset, int64_t index, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_dataset_class_name ? p_mlxc_dataset_class_name(dataset, index, buffer, capacity, needed, error) : missing("mlxc_dataset_class_name", error);
}
mlxc_status mlxc_dataset_new_tokens(mlxc_dataset **out, const int32_t *tokens, int64_t token_count, int64_t length, int64_t stride, mlxc_error *error) {
  return p_mlxc_dataset_new_tokens ? p_mlxc_dataset_new_tokens(out, tokens, token_count, length, stride, error) : missing("mlxc_dataset_new_tokens", error);
}
mlxc_status mlxc_dataset_new_text(mlxc_dataset **out, mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, int64_t length, int64_t stride, mlxc_error *error) {
  return p_mlxc_dataset_new_text ? p_mlxc_dataset_new_text(out, tokenizer, text, text_bytes, length, stride, error) : missing("mlxc_dataset_new_text", error);
}
mlxc_status mlxc_dataset_select(mlxc_dataset **out, mlxc_dataset *dataset, const int64_t *samples, int64_t count, mlxc_error *error) {
  return p_mlxc_dataset_select ? p_mlxc_dataset_select(out, dataset, samples, count, error) : missing("mlxc_dataset_select", error);
}
mlxc_status mlxc_dataset_split(mlxc_dataset **first, mlxc_dataset **second, mlxc_dataset *dataset, double fraction, uint64_t seed, mlxc_error *error) {
  return p_mlxc_dataset_split ? p_mlxc_dataset_split(first, second, dataset, fraction, seed, error) : missing("mlxc_dataset_split", error);
}
mlxc_status mlxc_dataset_samples(mlxc_dataset *dataset, int64_t *samples, mlxc_error *error) {
  return p_mlxc_dataset_samples ? p_mlxc_dataset_samples(dataset, samples, error) : missing("mlxc_dataset_samples", error);
}
mlxc_status mlxc_dataset_fields(mlxc_dataset *dataset, mlxc_field *fields, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_dataset_fields ? p_mlxc_dataset_fields(dataset, fields, capacity, needed, error) : missing("mlxc_dataset_fields", error);
}
mlxc_status mlxc_dataset_read(mlxc_array **fields, int64_t field_count, mlxc_dataset *dataset, mlxc_device *device, const int64_t *samples, int64_t count, mlxc_error *error) {
  return p_mlxc_dataset_read ? p_mlxc_dataset_read(fields, field_count, dataset, device, samples, count, error) : missing("mlxc_dataset_read", error);
}
void mlxc_dataset_free(mlxc_dataset *dataset) {
  if (p_mlxc_dataset_free) p_mlxc_dataset_free(dataset);
}
void mlxc_loader_options_init(mlxc_loader_options *options, uint32_t struct_size) {
  if (p_mlxc_loader_options_init) p_mlxc_loader_options_init(options, struct_size);
}
mlxc_status mlxc_loader_new(mlxc_loader **out, mlxc_dataset *dataset, const mlxc_loader_options *options, mlxc_error *error) {
  return p_mlxc_loader_new ? p_mlxc_loader_new(out, dataset, options, error) : missing("mlxc_loader_new", error);
}
mlxc_status mlxc_loader_batches(mlxc_loader *loader, int64_t *batches, mlxc_error *error) {
  return p_mlxc_loader_batches ? p_mlxc_loader_batches(loader, batches, error) : missing("mlxc_loader_batches", error);
}
mlxc_status mlxc_loader_start(mlxc_loader *loader, int64_t epoch, int64_t batch, mlxc_error *error) {
  return p_mlxc_loader_start ? p_mlxc_loader_start(loader, epoch, batch, error) : missing("mlxc_loader_start", error);
}
mlxc_status mlxc_loader_next(mlxc_array **fields, int64_t field_count, mlxc_loader *loader, mlxc_device *device, mlxc_cancel *cancel, int64_t *samples, mlxc_error *error) {
  return p_mlxc_loader_next ? p_mlxc_loader_next(fields, field_count, loader, device, cancel, samples, error) : missing("mlxc_loader_next", error);
}
void mlxc_loader_free(mlxc_loader *loader) {
  if (p_mlxc_loader_free) p_mlxc_loader_free(loader);
}
mlxc_status mlxc_device_count(int32_t *count, mlxc_error *error) {
  return p_mlxc_device_count ? p_mlxc_device_count(count, error) : missing("mlxc_device_count", error);
}
mlxc_status mlxc_device_list(int32_t index, mlxc_device_info *info, mlxc_error *error) {
  return p_mlxc_device_list ? p_mlxc_device_list(index, info, error) : missing("mlxc_device_list", error);
}
mlxc_status mlxc_device_open(mlxc_device **out, const char *name, mlxc_error *error) {
  return p_mlxc_device_open ? p_mlxc_device_open(out, name, error) : missing("mlxc_device_open", error);
}
mlxc_status mlxc_device_inspect(mlxc_device *device, mlxc_device_info *info, mlxc_error *error) {
  return p_mlxc_device_inspect ? p_mlxc_device_inspect(device, info, error) : missing("mlxc_device_inspect", error);
}
void mlxc_device_free(mlxc_device *device) {
  if (p_mlxc_device_free) p_mlxc_device_free(device);
}
mlxc_status mlxc_array_clip(mlxc_array **out, mlxc_array *x, mlxc_array *low, mlxc_array *high, mlxc_error *error) {
  return p_mlxc_array_clip ? p_mlxc_array_clip(out, x, low, high, error) : missing("mlxc_array_clip", error);
}
mlxc_status mlxc_array_nan_to_num(mlxc_array **out, mlxc_array *x, double nan, const double *positive_infinity, const double *negative_infinity, mlxc_error *error) {
  return p_mlxc_array_nan_to_num ? p_mlxc_array_nan_to_num(out, x, nan, positive_infinity, negative_infinity, error) : missing("mlxc_array_nan_to_num", error);
}
mlxc_status mlxc_array_isclose(mlxc_array **out, mlxc_array *a, mlxc_array *b, double relative, double absolute, int32_t equal_nan, mlxc_error *error) {
  return p_mlxc_array_isclose ? p_mlxc_array_isclose(out, a, b, relative, absolute, equal_nan, error) : missing("mlxc_array_isclose", error);
}
mlxc_status mlxc_array_allclose(mlxc_array **out, mlxc_array *a, mlxc_array *b, double relative, double absolute, int32_t equal_nan, mlxc_error *error) {
  return p_mlxc_array_allclose ? p_mlxc_array_allclose(out, a, b, relative, absolute, equal_nan, error) : missing("mlxc_array_allclose", error);
}
mlxc_status mlxc_array_equal(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t equal_nan, mlxc_error *error) {
  return p_mlxc_array_equal ? p_mlxc_array_equal(out, a, b, equal_nan, error) : missing("mlxc_array_equal", error);
}
mlxc_status mlxc_array_activation(mlxc_array **out, int32_t op, mlxc_array *x, double parameter, mlxc_error *error) {
  return p_mlxc_array_activation ? p_mlxc_array_activation(out, op, x, parameter, error) : missing("mlxc_array_activation", error);
}
void mlxc_model_options_init(mlxc_model_options *options, uint32_t struct_size) {
  if (p_mlxc_model_options_init) p_mlxc_model_options_init(options, struct_size);
}
mlxc_status mlxc_model_load(mlxc_model **out, const char *path, const mlxc_model_options *options, mlxc_error *error) {
  return p_mlxc_model_load ? p_mlxc_model_load(out, path, options, error) : missing("mlxc_model_load", error);
}
mlxc_status mlxc_model_inspect(mlxc_model *model, mlxc_model_info *info, mlxc_error *error) {
  return p_mlxc_model_inspect ? p_mlxc_model_inspect(model, info, error) : missing("mlxc_model_inspect", error);
}
mlxc_status mlxc_model_json(mlxc_model *model, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_model_json ? p_mlxc_model_json(model, buffer, capacity, needed, error) : missing("mlxc_model_json", error);
}
mlxc_status mlxc_model_stop_tokens(mlxc_model *model, int32_t *tokens, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_model_stop_tokens ? p_mlxc_model_stop_tokens(model, tokens, capacity, needed, error) : missing("mlxc_model_stop_tokens", error);
}
mlxc_status mlxc_model_read_stats(mlxc_model *model, mlxc_model_stats *stats, mlxc_error *error) {
  return p_mlxc_model_read_stats ? p_mlxc_model_read_stats(model, stats, error) : missing("mlxc_model_read_stats", error);
}
mlxc_status mlxc_model_tokenizer_copy(mlxc_tokenizer **out, mlxc_model *model, mlxc_error *error) {
  return p_mlxc_model_tokenizer_copy ? p_mlxc_model_tokenizer_copy(out, model, error) : missing("mlxc_model_tokenizer_copy", error);
}
mlxc_status mlxc_model_device_copy(mlxc_device **out, mlxc_model *model, mlxc_error *error) {
  return p_mlxc_model_device_copy ? p_mlxc_model_device_copy(out, model, error) : missing("mlxc_model_device_copy", error);
}
void mlxc_model_free(mlxc_model *model) {
  if (p_mlxc_model_free) p_mlxc_model_free(model);
}
void mlxc_embed_options_init(mlxc_embed_options *options, uint32_t struct_size) {
  if (p_mlxc_embed_options_init) p_mlxc_embed_options_init(options, struct_size);
}
mlxc_status mlxc_embed(mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options, float *vectors, int64_t capacity, mlxc_error *error) {
  return p_mlxc_embed ? p_mlxc_embed(model, inputs, count, options, vectors, capacity, error) : missing("mlxc_embed", error);
}
mlxc_status mlxc_embed_new(mlxc_array **out, mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options, mlxc_error *error) {
  return p_mlxc_embed_new ? p_mlxc_embed_new(out, model, inputs, count, options, error) : missing("mlxc_embed_new", error);
}
mlxc_status mlxc_module_language_model(mlxc_module **out, const char *folder, mlxc_error *error) {
  return p_mlxc_module_language_model ? p_mlxc_module_language_model(out, folder, error) : missing("mlxc_module_language_model", error);
}
mlxc_status mlxc_parameters_load_model(mlxc_parameters **out, mlxc_device *device, const char *folder, int32_t trained, int32_t precision, uint64_t seed, mlxc_error *error) {
  return p_mlxc_parameters_load_model ? p_mlxc_parameters_load_model(out, device, folder, trained, precision, seed, error) : missing("mlxc_parameters_load_model", error);
}
mlxc_status mlxc_parameters_save_model(mlxc_parameters *parameters, const char *like, const char *folder, mlxc_error *error) {
  return p_mlxc_parameters_save_model ? p_mlxc_parameters_save_model(parameters, like, folder, error) : missing("mlxc_parameters_save_model", error);
}
void mlxc_lora_options_init(mlxc_lora_options *options, uint32_t struct_size) {
  if (p_mlxc_lora_options_init) p_mlxc_lora_options_init(options, struct_size);
}
mlxc_status mlxc_parameters_add_lora(mlxc_parameters *parameters, const mlxc_lora_options *options, mlxc_error *error) {
  return p_mlxc_parameters_add_lora ? p_mlxc_parameters_add_lora(parameters, options, error) : missing("mlxc_parameters_add_lora", error);
}
mlxc_status mlxc_parameters_load_adapter(mlxc_parameters *parameters, const char *folder, mlxc_error *error) {
  return p_mlxc_parameters_load_adapter ? p_mlxc_parameters_load_adapter(parameters, folder, error) : missing("mlxc_parameters_load_adapter", error);
}
mlxc_status mlxc_parameters_save_adapter(mlxc_parameters *parameters, const char *folder, const char *base_model, mlxc_error *error) {
  return p_mlxc_parameters_save_adapter ? p_mlxc_parameters_save_adapter(parameters, folder, base_model, error) : missing("mlxc_parameters_save_adapter", error);
}
mlxc_status mlxc_parameters_merge_adapter(mlxc_parameters *parameters, mlxc_error *error) {
  return p_mlxc_parameters_merge_adapter ? p_mlxc_parameters_merge_adapter(parameters, error) : missing("mlxc_parameters_merge_adapter", error);
}
mlxc_status mlxc_adapter_merge(mlxc_device *device, const char *model, const char *adapter, const char *folder, mlxc_error *error) {
  return p_mlxc_adapter_merge ? p_mlxc_adapter_merge(device, model, adapter, folder, error) : missing("mlxc_adapter_merge", error);
}
mlxc_status mlxc_function_new(mlxc_function **out, mlxc_array *const *inputs, int64_t input_count, mlxc_array *const *outputs, int64_t output_count, const mlxc_state_pair *states, int64_t state_count, mlxc_error *error) {
  return p_mlxc_function_new ? p_mlxc_function_new(out, inputs, input_count, outputs, output_count, states, state_count, error) : missing("mlxc_function_new", error);
}
mlxc_status mlxc_function_call(mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_array **outputs, int64_t output_count, mlxc_cancel *cancel, mlxc_error *error) {
  return p_mlxc_function_call ? p_mlxc_function_call(function, inputs, input_count, outputs, output_count, cancel, error) : missing("mlxc_function_call", error);
}
mlxc_status mlxc_function_run_rows(mlxc_function *function, const void *rows, size_t bytes, int64_t row_count, void *results, size_t result_bytes, double *mean, mlxc_cancel *cancel, mlxc_error *error) {
  return p_mlxc_function_run_rows ? p_mlxc_function_run_rows(function, rows, bytes, row_count, results, result_bytes, mean, cancel, error) : missing("mlxc_function_run_rows", error);
}
mlxc_status mlxc_function_launches(mlxc_function *function, int64_t *launches, mlxc_error *error) {
  return p_mlxc_function_launches ? p_mlxc_function_launches(function, launches, error) : missing("mlxc_function_launches", error);
}
mlxc_status mlxc_function_dot(mlxc_function *function, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_function_dot ? p_mlxc_function_dot(function, buffer, capacity, needed, error) : missing("mlxc_function_dot", error);
}
void mlxc_function_free(mlxc_function *function) {
  if (p_mlxc_function_free) p_mlxc_function_free(function);
}
const char *mlxc_finish_reason_name(int32_t finish_reason) {
  return p_mlxc_finish_reason_name ? p_mlxc_finish_reason_name(finish_reason) : 0;
}
void mlxc_generate_options_init(mlxc_generate_options *options, uint32_t struct_size) {
  if (p_mlxc_generate_options_init) p_mlxc_generate_options_init(options, struct_size);
}
mlxc_status mlxc_generate_batch(mlxc_result **result, mlxc_model *model, const mlxc_prompt *prompts, int64_t count, const mlxc_generate_options *options, const mlxc_batch_output *output, mlxc_event_callback callback, void *user_data, mlxc_error *error) {
  return p_mlxc_generate_batch ? p_mlxc_generate_batch(result, model, prompts, count, options, output, callback, user_data, error) : missing("mlxc_generate_batch", error);
}
mlxc_status mlxc_generate_start(mlxc_request **out, mlxc_model *model, const mlxc_prompt *prompt, const mlxc_generate_options *options, mlxc_queue *queue, uint64_t tag, mlxc_event_callback callback, void *user_data, mlxc_error *error) {
  return p_mlxc_generate_start ? p_mlxc_generate_start(out, model, prompt, options, queue, tag, callback, user_data, error) : missing("mlxc_generate_start", error);
}
mlxc_status mlxc_grad(mlxc_array **gradients, mlxc_array *const *outputs, int64_t output_count, mlxc_array *const *wrt, int64_t wrt_count, mlxc_array *const *cotangents, int64_t cotangent_count, mlxc_error *error) {
  return p_mlxc_grad ? p_mlxc_grad(gradients, outputs, output_count, wrt, wrt_count, cotangents, cotangent_count, error) : missing("mlxc_grad", error);
}
mlxc_status mlxc_array_set_requires_grad(mlxc_array *array, int32_t requires_grad, mlxc_error *error) {
  return p_mlxc_array_set_requires_grad ? p_mlxc_array_set_requires_grad(array, requires_grad, error) : missing("mlxc_array_set_requires_grad", error);
}
mlxc_status mlxc_array_requires_grad(mlxc_array *array, int32_t *requires_grad, mlxc_error *error) {
  return p_mlxc_array_requires_grad ? p_mlxc_array_requires_grad(array, requires_grad, error) : missing("mlxc_array_requires_grad", error);
}
mlxc_status mlxc_stop_gradient(mlxc_array **out, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_stop_gradient ? p_mlxc_stop_gradient(out, x, error) : missing("mlxc_stop_gradient", error);
}
mlxc_status mlxc_checkpoint(mlxc_array **marked, mlxc_array *const *outputs, int64_t output_count, mlxc_array *const *inputs, int64_t input_count, mlxc_error *error) {
  return p_mlxc_checkpoint ? p_mlxc_checkpoint(marked, outputs, output_count, inputs, input_count, error) : missing("mlxc_checkpoint", error);
}
mlxc_status mlxc_array_take_axis(mlxc_array **out, mlxc_array *x, mlxc_array *indices, int32_t axis, mlxc_error *error) {
  return p_mlxc_array_take_axis ? p_mlxc_array_take_axis(out, x, indices, axis, error) : missing("mlxc_array_take_axis", error);
}
mlxc_status mlxc_array_take_along_axis(mlxc_array **out, mlxc_array *x, mlxc_array *indices, int32_t axis, mlxc_error *error) {
  return p_mlxc_array_take_along_axis ? p_mlxc_array_take_along_axis(out, x, indices, axis, error) : missing("mlxc_array_take_along_axis", error);
}
mlxc_status mlxc_array_put_along_axis(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_array *indices, mlxc_array *values, int32_t axis, mlxc_error *error) {
  return p_mlxc_array_put_along_axis ? p_mlxc_array_put_along_axis(out, op, x, indices, values, axis, error) : missing("mlxc_array_put_along_axis", error);
}
mlxc_status mlxc_array_gather(mlxc_array **out, mlxc_array *x, mlxc_array *const *indices, int64_t count, mlxc_error *error) {
  return p_mlxc_array_gather ? p_mlxc_array_gather(out, x, indices, count, error) : missing("mlxc_array_gather", error);
}
mlxc_status mlxc_array_scatter(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_array *const *indices, int64_t count, mlxc_array *values, mlxc_error *error) {
  return p_mlxc_array_scatter ? p_mlxc_array_scatter(out, op, x, indices, count, values, error) : missing("mlxc_array_scatter", error);
}
mlxc_status mlxc_array_update(mlxc_array **out, mlxc_array *x, mlxc_array *values, const int64_t *start, const int64_t *stop, const int64_t *step, int32_t rank, mlxc_error *error) {
  return p_mlxc_array_update ? p_mlxc_array_update(out, x, values, start, stop, step, rank, error) : missing("mlxc_array_update", error);
}
mlxc_status mlxc_array_nonzero(mlxc_array **outputs, int64_t output_count, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_array_nonzero ? p_mlxc_array_nonzero(outputs, output_count, x, error) : missing("mlxc_array_nonzero", error);
}
mlxc_status mlxc_array_searchsorted(mlxc_array **out, mlxc_array *sorted, mlxc_array *values, int32_t right, mlxc_error *error) {
  return p_mlxc_array_searchsorted ? p_mlxc_array_searchsorted(out, sorted, values, right, error) : missing("mlxc_array_searchsorted", error);
}
mlxc_status mlxc_array_sort(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t descending, mlxc_error *error) {
  return p_mlxc_array_sort ? p_mlxc_array_sort(out, x, axis, descending, error) : missing("mlxc_array_sort", error);
}
mlxc_status mlxc_array_argsort(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t descending, mlxc_error *error) {
  return p_mlxc_array_argsort ? p_mlxc_array_argsort(out, x, axis, descending, error) : missing("mlxc_array_argsort", error);
}
mlxc_status mlxc_array_topk(mlxc_array **values, mlxc_array **indices, mlxc_array *x, int64_t k, int32_t axis, int32_t largest, mlxc_error *error) {
  return p_mlxc_array_topk ? p_mlxc_array_topk(values, indices, x, k, axis, largest, error) : missing("mlxc_array_topk", error);
}
mlxc_status mlxc_array_unique(mlxc_array **values, mlxc_array **indices, mlxc_array **inverse, mlxc_array **counts, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_array_unique ? p_mlxc_array_unique(values, indices, inverse, counts, x, error) : missing("mlxc_array_unique", error);
}
mlxc_status mlxc_kernel_new(mlxc_kernel **out, mlxc_device *device, const char *name, const char *source, size_t source_bytes, const char *const *inputs, int64_t input_count, const char *const *outputs, int64_t output_count, const mlxc_kernel_options *options, mlxc_error *error) {
  return p_mlxc_kernel_new ? p_mlxc_kernel_new(out, device, name, source, source_bytes, inputs, input_count, outputs, output_count, options, error) : missing("mlxc_kernel_new", error);
}
mlxc_status mlxc_kernel_apply(mlxc_array **results, mlxc_kernel *kernel, mlxc_array *const *inputs, int64_t input_count, const mlxc_array_type *types, int64_t output_count, const int64_t *threads, mlxc_error *error) {
  return p_mlxc_kernel_apply ? p_mlxc_kernel_apply(results, kernel, inputs, input_count, types, output_count, threads, error) : missing("mlxc_kernel_apply", error);
}
void mlxc_kernel_free(mlxc_kernel *kernel) {
  if (p_mlxc_kernel_free) p_mlxc_kernel_free(kernel);
}
mlxc_status mlxc_array_convolution(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, const int64_t *stride, const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, int64_t groups, mlxc_error *error) {
  return p_mlxc_array_convolution ? p_mlxc_array_convolution(out, x, weight, bias, stride, padding, dilation, spatial_axes, groups, error) : missing("mlxc_array_convolution", error);
}
mlxc_status mlxc_array_transposed_convolution(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, const int64_t *stride, const int64_t *padding, const int64_t *dilation, const int64_t *output_padding, int32_t spatial_axes, int64_t groups, mlxc_error *error) {
  return p_mlxc_array_transposed_convolution ? p_mlxc_array_transposed_convolution(out, x, weight, bias, stride, padding, dilation, output_padding, spatial_axes, groups, error) : missing("mlxc_array_transposed_convolution", error);
}
mlxc_status mlxc_array_max_pool(mlxc_array **out, mlxc_array *x, const int64_t *kernel, const int64_t *stride, const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, mlxc_error *error) {
  return p_mlxc_array_max_pool ? p_mlxc_array_max_pool(out, x, kernel, stride, padding, dilation, spatial_axes, error) : missing("mlxc_array_max_pool", error);
}
mlxc_status mlxc_array_average_pool(mlxc_array **out, mlxc_array *x, const int64_t *kernel, const int64_t *stride, const int64_t *padding, int32_t spatial_axes, int32_t count_padding, mlxc_error *error) {
  return p_mlxc_array_average_pool ? p_mlxc_array_average_pool(out, x, kernel, stride, padding, spatial_axes, count_padding, error) : missing("mlxc_array_average_pool", error);
}
mlxc_status mlxc_array_layer_norm(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, int32_t last_axes, double eps, mlxc_error *error) {
  return p_mlxc_array_layer_norm ? p_mlxc_array_layer_norm(out, x, weight, bias, last_axes, eps, error) : missing("mlxc_array_layer_norm", error);
}
mlxc_status mlxc_array_rms_norm(mlxc_array **out, mlxc_array *x, mlxc_array *weight, double eps, mlxc_error *error) {
  return p_mlxc_array_rms_norm ? p_mlxc_array_rms_norm(out, x, weight, eps, error) : missing("mlxc_array_rms_norm", error);
}
mlxc_status mlxc_array_batch_norm(mlxc_array **out, mlxc_array **batch_mean, mlxc_array **batch_variance, mlxc_array *x, mlxc_array *mean, mlxc_array *variance, mlxc_array *weight, mlxc_array *bias, double eps, mlxc_error *error) {
  return p_mlxc_array_batch_norm ? p_mlxc_array_batch_norm(out, batch_mean, batch_variance, x, mean, variance, weight, bias, eps, error) : missing("mlxc_array_batch_norm", error);
}
mlxc_status mlxc_array_group_norm(mlxc_array **out, mlxc_array *x, int64_t groups, mlxc_array *weight, mlxc_array *bias, double eps, mlxc_error *error) {
  return p_mlxc_array_group_norm ? p_mlxc_array_group_norm(out, x, groups, weight, bias, eps, error) : missing("mlxc_array_group_norm", error);
}
mlxc_status mlxc_array_dropout(mlxc_array **out, mlxc_array *x, mlxc_array *key, double probability, mlxc_error *error) {
  return p_mlxc_array_dropout ? p_mlxc_array_dropout(out, x, key, probability, error) : missing("mlxc_array_dropout", error);
}
mlxc_status mlxc_array_attention(mlxc_array **out, mlxc_array *q, mlxc_array *k, mlxc_array *v, mlxc_array *mask, double scale, int32_t causal, mlxc_error *error) {
  return p_mlxc_array_attention ? p_mlxc_array_attention(out, q, k, v, mask, scale, causal, error) : missing("mlxc_array_attention", error);
}
mlxc_status mlxc_array_recurrent(mlxc_array **outputs, mlxc_array **last_hidden, mlxc_array **last_cell, int32_t kind, mlxc_array *x, mlxc_array *hidden, mlxc_array *cell, mlxc_array *const *weights, int32_t reverse, mlxc_error *error) {
  return p_mlxc_array_recurrent ? p_mlxc_array_recurrent(outputs, last_hidden, last_cell, kind, x, hidden, cell, weights, reverse, error) : missing("mlxc_array_recurrent", error);
}
mlxc_status mlxc_linalg_cholesky(mlxc_array **out, mlxc_array *x, int32_t upper, mlxc_error *error) {
  return p_mlxc_linalg_cholesky ? p_mlxc_linalg_cholesky(out, x, upper, error) : missing("mlxc_linalg_cholesky", error);
}
mlxc_status mlxc_linalg_qr(mlxc_array **q, mlxc_array **r, mlxc_array *x, int32_t complete, mlxc_error *error) {
  return p_mlxc_linalg_qr ? p_mlxc_linalg_qr(q, r, x, complete, error) : missing("mlxc_linalg_qr", error);
}
mlxc_status mlxc_linalg_svd(mlxc_array **u, mlxc_array **s, mlxc_array **vh, mlxc_array *x, int32_t full, mlxc_error *error) {
  return p_mlxc_linalg_svd ? p_mlxc_linalg_svd(u, s, vh, x, full, error) : missing("mlxc_linalg_svd", error);
}
mlxc_status mlxc_linalg_eigh(mlxc_array **values, mlxc_array **vectors, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_linalg_eigh ? p_mlxc_linalg_eigh(values, vectors, x, error) : missing("mlxc_linalg_eigh", error);
}
mlxc_status mlxc_linalg_solve(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_linalg_solve ? p_mlxc_linalg_solve(out, a, b, error) : missing("mlxc_linalg_solve", error);
}
mlxc_status mlxc_linalg_triangular_solve(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t upper, int32_t unit, int32_t transposed, mlxc_error *error) {
  return p_mlxc_linalg_triangular_solve ? p_mlxc_linalg_triangular_solve(out, a, b, upper, unit, transposed, error) : missing("mlxc_linalg_triangular_solve", error);
}
mlxc_status mlxc_linalg_inverse(mlxc_array **out, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_linalg_inverse ? p_mlxc_linalg_inverse(out, x, error) : missing("mlxc_linalg_inverse", error);
}
mlxc_status mlxc_linalg_determinant(mlxc_array **out, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_linalg_determinant ? p_mlxc_linalg_determinant(out, x, error) : missing("mlxc_linalg_determinant", error);
}
mlxc_status mlxc_linalg_slogdet(mlxc_array **sign, mlxc_array **log, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_linalg_slogdet ? p_mlxc_linalg_slogdet(sign, log, x, error) : missing("mlxc_linalg_slogdet", error);
}
mlxc_status mlxc_linalg_pseudo_inverse(mlxc_array **out, mlxc_array *x, double tolerance, mlxc_error *error) {
  return p_mlxc_linalg_pseudo_inverse ? p_mlxc_linalg_pseudo_inverse(out, x, tolerance, error) : missing("mlxc_linalg_pseudo_inverse", error);
}
mlxc_status mlxc_linalg_least_squares(mlxc_array **out, mlxc_array *a, mlxc_array *b, double tolerance, mlxc_error *error) {
  return p_mlxc_linalg_least_squares ? p_mlxc_linalg_least_squares(out, a, b, tolerance, error) : missing("mlxc_linalg_least_squares", error);
}
mlxc_status mlxc_linalg_matrix_rank(mlxc_array **out, mlxc_array *x, double tolerance, mlxc_error *error) {
  return p_mlxc_linalg_matrix_rank ? p_mlxc_linalg_matrix_rank(out, x, tolerance, error) : missing("mlxc_linalg_matrix_rank", error);
}
mlxc_status mlxc_linalg_matrix_power(mlxc_array **out, mlxc_array *x, int64_t power, mlxc_error *error) {
  return p_mlxc_linalg_matrix_power ? p_mlxc_linalg_matrix_power(out, x, power, error) : missing("mlxc_linalg_matrix_power", error);
}
mlxc_status mlxc_linalg_cross(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t axis, mlxc_error *error) {
  return p_mlxc_linalg_cross ? p_mlxc_linalg_cross(out, a, b, axis, error) : missing("mlxc_linalg_cross", error);
}
mlxc_status mlxc_linalg_vector_norm(mlxc_array **out, mlxc_array *x, double p, const int32_t *axes, int32_t axis_count, int32_t keepdims, mlxc_error *error) {
  return p_mlxc_linalg_vector_norm ? p_mlxc_linalg_vector_norm(out, x, p, axes, axis_count, keepdims, error) : missing("mlxc_linalg_vector_norm", error);
}
mlxc_status mlxc_linalg_matrix_norm(mlxc_array **out, mlxc_array *x, int32_t kind, double p, int32_t keepdims, mlxc_error *error) {
  return p_mlxc_linalg_matrix_norm ? p_mlxc_linalg_matrix_norm(out, x, kind, p, keepdims, error) : missing("mlxc_linalg_matrix_norm", error);
}
mlxc_status mlxc_log_set(mlxc_log_callback callback, void *user_data, int32_t least, mlxc_error *error) {
  return p_mlxc_log_set ? p_mlxc_log_set(callback, user_data, least, error) : missing("mlxc_log_set", error);
}
mlxc_status mlxc_array_stack(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error) {
  return p_mlxc_array_stack ? p_mlxc_array_stack(out, arrays, count, axis, error) : missing("mlxc_array_stack", error);
}
mlxc_status mlxc_array_split(mlxc_array **outputs, int64_t output_count, mlxc_array *x, const int64_t *points, int64_t point_count, int32_t axis, mlxc_error *error) {
  return p_mlxc_array_split ? p_mlxc_array_split(outputs, output_count, x, points, point_count, axis, error) : missing("mlxc_array_split", error);
}
mlxc_status mlxc_array_pad(mlxc_array **out, mlxc_array *x, const int64_t *before, const int64_t *after, int32_t rank, int32_t mode, double value, mlxc_error *error) {
  return p_mlxc_array_pad ? p_mlxc_array_pad(out, x, before, after, rank, mode, value, error) : missing("mlxc_array_pad", error);
}
mlxc_status mlxc_array_repeat(mlxc_array **out, mlxc_array *x, const int64_t *counts, int64_t count, int32_t axis, mlxc_error *error) {
  return p_mlxc_array_repeat ? p_mlxc_array_repeat(out, x, counts, count, axis, error) : missing("mlxc_array_repeat", error);
}
mlxc_status mlxc_array_tile(mlxc_array **out, mlxc_array *x, const int64_t *repeats, int32_t rank, mlxc_error *error) {
  return p_mlxc_array_tile ? p_mlxc_array_tile(out, x, repeats, rank, error) : missing("mlxc_array_tile", error);
}
mlxc_status mlxc_array_roll(mlxc_array **out, mlxc_array *x, const int64_t *shifts, const int32_t *axes, int32_t axis_count, mlxc_error *error) {
  return p_mlxc_array_roll ? p_mlxc_array_roll(out, x, shifts, axes, axis_count, error) : missing("mlxc_array_roll", error);
}
mlxc_status mlxc_array_flip(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error) {
  return p_mlxc_array_flip ? p_mlxc_array_flip(out, x, axes, axis_count, error) : missing("mlxc_array_flip", error);
}
mlxc_status mlxc_array_swap_axes(mlxc_array **out, mlxc_array *x, int32_t a, int32_t b, mlxc_error *error) {
  return p_mlxc_array_swap_axes ? p_mlxc_array_swap_axes(out, x, a, b, error) : missing("mlxc_array_swap_axes", error);
}
mlxc_status mlxc_array_move_axes(mlxc_array **out, mlxc_array *x, const int32_t *from, const int32_t *to, int32_t axis_count, mlxc_error *error) {
  return p_mlxc_array_move_axes ? p_mlxc_array_move_axes(out, x, from, to, axis_count, error) : missing("mlxc_array_move_axes", error);
}
mlxc_status mlxc_array_expand_dims(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error) {
  return p_mlxc_array_expand_dims ? p_mlxc_array_expand_dims(out, x, axes, axis_count, error) : missing("mlxc_array_expand_dims", error);
}
mlxc_status mlxc_array_squeeze(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error) {
  return p_mlxc_array_squeeze ? p_mlxc_array_squeeze(out, x, axes, axis_count, error) : missing("mlxc_array_squeeze", error);
}
mlxc_status mlxc_array_diagonal(mlxc_array **out, mlxc_array *x, int64_t k, mlxc_error *error) {
  return p_mlxc_array_diagonal ? p_mlxc_array_diagonal(out, x, k, error) : missing("mlxc_array_diagonal", error);
}
mlxc_status mlxc_array_triangle(mlxc_array **out, mlxc_array *x, int64_t k, int32_t upper, mlxc_error *error) {
  return p_mlxc_array_triangle ? p_mlxc_array_triangle(out, x, k, upper, error) : missing("mlxc_array_triangle", error);
}
mlxc_status mlxc_memory_read(mlxc_device *device, mlxc_memory_stats *stats, mlxc_error *error) {
  return p_mlxc_memory_read ? p_mlxc_memory_read(device, stats, error) : missing("mlxc_memory_read", error);
}
mlxc_status mlxc_memory_reset_peak(mlxc_device *device, mlxc_error *error) {
  return p_mlxc_memory_reset_peak ? p_mlxc_memory_reset_peak(device, error) : missing("mlxc_memory_reset_peak", error);
}
mlxc_status mlxc_memory_release_cache(mlxc_device *device, mlxc_error *error) {
  return p_mlxc_memory_release_cache ? p_mlxc_memory_release_cache(device, error) : missing("mlxc_memory_release_cache", error);
}
mlxc_status mlxc_memory_trim(mlxc_device *device, int64_t keep_bytes, mlxc_error *error) {
  return p_mlxc_memory_trim ? p_mlxc_memory_trim(device, keep_bytes, error) : missing("mlxc_memory_trim", error);
}
mlxc_status mlxc_memory_set_limit(mlxc_device *device, int64_t bytes, mlxc_error *error) {
  return p_mlxc_memory_set_limit ? p_mlxc_memory_set_limit(device, bytes, error) : missing("mlxc_memory_set_limit", error);
}
mlxc_status mlxc_memory_set_cache_limit(mlxc_device *device, int64_t bytes, mlxc_error *error) {
  return p_mlxc_memory_set_cache_limit ? p_mlxc_memory_set_cache_limit(device, bytes, error) : missing("mlxc_memory_set_cache_limit", error);
}
int64_t mlxc_handle_count(int32_t kind) {
  return p_mlxc_handle_count ? p_mlxc_handle_count(kind) : 0;
}
mlxc_status mlxc_module_linear(mlxc_module **out, int64_t in, int64_t out_features, int32_t bias, mlxc_error *error) {
  return p_mlxc_module_linear ? p_mlxc_module_linear(out, in, out_features, bias, error) : missing("mlxc_module_linear", error);
}
mlxc_status mlxc_module_convolution(mlxc_module **out, int64_t in, int64_t out_channels, const int64_t *kernel, const int64_t *stride, const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, int64_t groups, int32_t bias, mlxc_error *error) {
  return p_mlxc_module_convolution ? p_mlxc_module_convolution(out, in, out_channels, kernel, stride, padding, dilation, spatial_axes, groups, bias, error) : missing("mlxc_module_convolution", error);
}
mlxc_status mlxc_module_transposed_convolution(mlxc_module **out, int64_t in, int64_t out_channels, const int64_t *kernel, const int64_t *stride, const int64_t *padding, const int64_t *dilation, const int64_t *output_padding, int32_t spatial_axes, int64_t groups, int32_t bias, mlxc_error *error) {
  return p_mlxc_module_transposed_convolution ? p_mlxc_module_transposed_convolution(out, in, out_channels, kernel, stride, padding, dilation, output_padding, spatial_axes, groups, bias, error) : missing("mlxc_module_transposed_convolution", error);
}
mlxc_status mlxc_module_max_pool(mlxc_module **out, const int64_t *kernel, const int64_t *stride, const int64_t *padding, int32_t spatial_axes, mlxc_error *error) {
  return p_mlxc_module_max_pool ? p_mlxc_module_max_pool(out, kernel, stride, padding, spatial_axes, error) : missing("mlxc_module_max_pool", error);
}
mlxc_status mlxc_module_average_pool(mlxc_module **out, const int64_t *kernel, const int64_t *stride, const int64_t *padding, int32_t spatial_axes, mlxc_error *error) {
  return p_mlxc_module_average_pool ? p_mlxc_module_average_pool(out, kernel, stride, padding, spatial_axes, error) : missing("mlxc_module_average_pool", error);
}
mlxc_status mlxc_module_batch_norm(mlxc_module **out, int64_t channels, double eps, double momentum, mlxc_error *error) {
  return p_mlxc_module_batch_norm ? p_mlxc_module_batch_norm(out, channels, eps, momentum, error) : missing("mlxc_module_batch_norm", error);
}
mlxc_status mlxc_module_layer_norm(mlxc_module **out, int64_t size, double eps, mlxc_error *error) {
  return p_mlxc_module_layer_norm ? p_mlxc_module_layer_norm(out, size, eps, error) : missing("mlxc_module_layer_norm", error);
}
mlxc_status mlxc_module_rms_norm(mlxc_module **out, int64_t size, double eps, mlxc_error *error) {
  return p_mlxc_module_rms_norm ? p_mlxc_module_rms_norm(out, size, eps, error) : missing("mlxc_module_rms_norm", error);
}
mlxc_status mlxc_module_group_norm(mlxc_module **out, int64_t groups, int64_t channels, double eps, mlxc_error *error) {
  return p_mlxc_module_group_norm ? p_mlxc_module_group_norm(out, groups, channels, eps, error) : missing("mlxc_module_group_norm", error);
}
mlxc_status mlxc_module_dropout(mlxc_module **out, double probability, mlxc_error *error) {
  return p_mlxc_module_dropout ? p_mlxc_module_dropout(out, probability, error) : missing("mlxc_module_dropout", error);
}
mlxc_status mlxc_module_embedding(mlxc_module **out, int64_t count, int64_t size, mlxc_error *error) {
  return p_mlxc_module_embedding ? p_mlxc_module_embedding(out, count, size, error) : missing("mlxc_module_embedding", error);
}
mlxc_status mlxc_module_positions(mlxc_module **out, int64_t count, int64_t size, mlxc_error *error) {
  return p_mlxc_module_positions ? p_mlxc_module_positions(out, count, size, error) : missing("mlxc_module_positions", error);
}
mlxc_status mlxc_module_activation(mlxc_module **out, int32_t op, double parameter, mlxc_error *error) {
  return p_mlxc_module_activation ? p_mlxc_module_activation(out, op, parameter, error) : missing("mlxc_module_activation", error);
}
mlxc_status mlxc_module_softmax(mlxc_module **out, int32_t axis, int32_t log, mlxc_error *error) {
  return p_mlxc_module_softmax ? p_mlxc_module_softmax(out, axis, log, error) : missing("mlxc_module_softmax", error);
}
mlxc_status mlxc_module_flatten(mlxc_module **out, mlxc_error *error) {
  return p_mlxc_module_flatten ? p_mlxc_module_flatten(out, error) : missing("mlxc_module_flatten", error);
}
mlxc_status mlxc_module_attention(mlxc_module **out, int64_t size, int64_t heads, int32_t causal, int32_t bias, mlxc_error *error) {
  return p_mlxc_module_attention ? p_mlxc_module_attention(out, size, heads, causal, bias, error) : missing("mlxc_module_attention", error);
}
mlxc_status mlxc_module_recurrent(mlxc_module **out, int32_t kind, int64_t in, int64_t hidden, int32_t bias, mlxc_error *error) {
  return p_mlxc_module_recurrent ? p_mlxc_module_recurrent(out, kind, in, hidden, bias, error) : missing("mlxc_module_recurrent", error);
}
void mlxc_recurrent_options_init(mlxc_recurrent_options *options, uint32_t struct_size) {
  if (p_mlxc_recurrent_options_init) p_mlxc_recurrent_options_init(options, struct_size);
}
mlxc_status mlxc_module_recurrent_layers(mlxc_module **out, int32_t kind, int64_t in, int64_t hidden, const mlxc_recurrent_options *options, mlxc_error *error) {
  return p_mlxc_module_recurrent_layers ? p_mlxc_module_recurrent_layers(out, kind, in, hidden, options, error) : missing("mlxc_module_recurrent_layers", error);
}
mlxc_status mlxc_module_sequential(mlxc_module **out, mlxc_module *const *modules, int64_t count, mlxc_error *error) {
  return p_mlxc_module_sequential ? p_mlxc_module_sequential(out, modules, count, error) : missing("mlxc_module_sequential", error);
}
mlxc_status mlxc_module_residual(mlxc_module **out, mlxc_module *body, mlxc_error *error) {
  return p_mlxc_module_residual ? p_mlxc_module_residual(out, body, error) : missing("mlxc_module_residual", error);
}
mlxc_status mlxc_module_forward(mlxc_array **out, mlxc_module *module, mlxc_parameters *parameters, mlxc_array *x, mlxc_array *key, int32_t training, mlxc_error *error) {
  return p_mlxc_module_forward ? p_mlxc_module_forward(out, module, parameters, x, key, training, error) : missing("mlxc_module_forward", error);
}
void mlxc_module_free(mlxc_module *module) {
  if (p_mlxc_module_free) p_mlxc_module_free(module);
}
mlxc_status mlxc_parameters_new(mlxc_parameters **out, mlxc_device *device, uint64_t seed, mlxc_error *error) {
  return p_mlxc_parameters_new ? p_mlxc_parameters_new(out, device, seed, error) : missing("mlxc_parameters_new", error);
}
mlxc_status mlxc_parameters_copy(mlxc_parameters **out, mlxc_parameters *parameters, mlxc_error *error) {
  return p_mlxc_parameters_copy ? p_mlxc_parameters_copy(out, parameters, error) : missing("mlxc_parameters_copy", error);
}
mlxc_status mlxc_parameters_count(mlxc_parameters *parameters, int32_t select, int64_t *names, int64_t *elements, mlxc_error *error) {
  return p_mlxc_parameters_count ? p_mlxc_parameters_count(parameters, select, names, elements, error) : missing("mlxc_parameters_count", error);
}
mlxc_status mlxc_parameters_name(mlxc_parameters *parameters, int32_t select, int64_t index, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_parameters_name ? p_mlxc_parameters_name(parameters, select, index, buffer, capacity, needed, error) : missing("mlxc_parameters_name", error);
}
mlxc_status mlxc_parameters_values(mlxc_parameters *parameters, int32_t select, mlxc_array **values, int64_t count, mlxc_error *error) {
  return p_mlxc_parameters_values ? p_mlxc_parameters_values(parameters, select, values, count, error) : missing("mlxc_parameters_values", error);
}
mlxc_status mlxc_parameters_set_values(mlxc_parameters *parameters, int32_t select, mlxc_array *const *values, int64_t count, mlxc_error *error) {
  return p_mlxc_parameters_set_values ? p_mlxc_parameters_set_values(parameters, select, values, count, error) : missing("mlxc_parameters_set_values", error);
}
mlxc_status mlxc_parameters_freeze(mlxc_parameters *parameters, const char *prefix, size_t prefix_bytes, int32_t frozen, int64_t *count, mlxc_error *error) {
  return p_mlxc_parameters_freeze ? p_mlxc_parameters_freeze(parameters, prefix, prefix_bytes, frozen, count, error) : missing("mlxc_parameters_freeze", error);
}
mlxc_status mlxc_parameters_draw(mlxc_parameters *parameters, const char *prefix, size_t prefix_bytes, int32_t initial, double value, int64_t *count, mlxc_error *error) {
  return p_mlxc_parameters_draw ? p_mlxc_parameters_draw(parameters, prefix, prefix_bytes, initial, value, count, error) : missing("mlxc_parameters_draw", error);
}
mlxc_status mlxc_parameters_to_device(mlxc_parameters *parameters, mlxc_device *device, mlxc_error *error) {
  return p_mlxc_parameters_to_device ? p_mlxc_parameters_to_device(parameters, device, error) : missing("mlxc_parameters_to_device", error);
}
mlxc_status mlxc_parameters_save(mlxc_parameters *parameters, const char *path, mlxc_error *error) {
  return p_mlxc_parameters_save ? p_mlxc_parameters_save(parameters, path, error) : missing("mlxc_parameters_save", error);
}
mlxc_status mlxc_parameters_load(mlxc_parameters *parameters, const char *path, int32_t strict, mlxc_error *error) {
  return p_mlxc_parameters_load ? p_mlxc_parameters_load(parameters, path, strict, error) : missing("mlxc_parameters_load", error);
}
void mlxc_parameters_free(mlxc_parameters *parameters) {
  if (p_mlxc_parameters_free) p_mlxc_parameters_free(parameters);
}
mlxc_status mlxc_placement_calibrate(const char *path, mlxc_error *error) {
  return p_mlxc_placement_calibrate ? p_mlxc_placement_calibrate(path, error) : missing("mlxc_placement_calibrate", error);
}
mlxc_status mlxc_placement_enable(mlxc_device *device, const char *path, mlxc_error *error) {
  return p_mlxc_placement_enable ? p_mlxc_placement_enable(device, path, error) : missing("mlxc_placement_enable", error);
}
mlxc_status mlxc_placement_disable(mlxc_device *device, mlxc_error *error) {
  return p_mlxc_placement_disable ? p_mlxc_placement_disable(device, error) : missing("mlxc_placement_disable", error);
}
mlxc_status mlxc_array_outer(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_array_outer ? p_mlxc_array_outer(out, a, b, error) : missing("mlxc_array_outer", error);
}
mlxc_status mlxc_array_inner(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_array_inner ? p_mlxc_array_inner(out, a, b, error) : missing("mlxc_array_inner", error);
}
mlxc_status mlxc_array_vecdot(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t axis, mlxc_error *error) {
  return p_mlxc_array_vecdot ? p_mlxc_array_vecdot(out, a, b, axis, error) : missing("mlxc_array_vecdot", error);
}
mlxc_status mlxc_array_tensordot(mlxc_array **out, mlxc_array *a, mlxc_array *b, const int32_t *a_axes, const int32_t *b_axes, int32_t axis_count, mlxc_error *error) {
  return p_mlxc_array_tensordot ? p_mlxc_array_tensordot(out, a, b, a_axes, b_axes, axis_count, error) : missing("mlxc_array_tensordot", error);
}
mlxc_status mlxc_array_kron(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_array_kron ? p_mlxc_array_kron(out, a, b, error) : missing("mlxc_array_kron", error);
}
mlxc_status mlxc_array_addmm(mlxc_array **out, mlxc_array *c, mlxc_array *a, mlxc_array *b, double alpha, double beta, mlxc_error *error) {
  return p_mlxc_array_addmm ? p_mlxc_array_addmm(out, c, a, b, alpha, beta, error) : missing("mlxc_array_addmm", error);
}
mlxc_status mlxc_array_einsum(mlxc_array **out, const char *equation, size_t bytes, mlxc_array *const *operands, int64_t count, mlxc_error *error) {
  return p_mlxc_array_einsum ? p_mlxc_array_einsum(out, equation, bytes, operands, count, error) : missing("mlxc_array_einsum", error);
}
mlxc_status mlxc_device_profile(mlxc_device *device, int32_t what, mlxc_error *error) {
  return p_mlxc_device_profile ? p_mlxc_device_profile(device, what, error) : missing("mlxc_device_profile", error);
}
mlxc_status mlxc_device_profile_entries(mlxc_device *device, mlxc_profile_entry *entries, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_device_profile_entries ? p_mlxc_device_profile_entries(device, entries, capacity, needed, error) : missing("mlxc_device_profile_entries", error);
}
mlxc_status mlxc_device_profile_text(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_device_profile_text ? p_mlxc_device_profile_text(device, buffer, capacity, needed, error) : missing("mlxc_device_profile_text", error);
}
mlxc_status mlxc_device_profile_trace(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_device_profile_trace ? p_mlxc_device_profile_trace(device, buffer, capacity, needed, error) : missing("mlxc_device_profile_trace", error);
}
mlxc_status mlxc_queue_new(mlxc_queue **out, mlxc_error *error) {
  return p_mlxc_queue_new ? p_mlxc_queue_new(out, error) : missing("mlxc_queue_new", error);
}
mlxc_status mlxc_queue_next(mlxc_queue *queue, int64_t timeout_ms, mlxc_event *events, int64_t capacity, int64_t *count, mlxc_error *error) {
  return p_mlxc_queue_next ? p_mlxc_queue_next(queue, timeout_ms, events, capacity, count, error) : missing("mlxc_queue_next", error);
}
mlxc_status mlxc_queue_wake(mlxc_queue *queue, mlxc_error *error) {
  return p_mlxc_queue_wake ? p_mlxc_queue_wake(queue, error) : missing("mlxc_queue_wake", error);
}
mlxc_status mlxc_queue_close(mlxc_queue *queue, mlxc_error *error) {
  return p_mlxc_queue_close ? p_mlxc_queue_close(queue, error) : missing("mlxc_queue_close", error);
}
void mlxc_queue_free(mlxc_queue *queue) {
  if (p_mlxc_queue_free) p_mlxc_queue_free(queue);
}
mlxc_status mlxc_random_key(mlxc_array **out, mlxc_device *device, uint64_t seed, mlxc_error *error) {
  return p_mlxc_random_key ? p_mlxc_random_key(out, device, seed, error) : missing("mlxc_random_key", error);
}
mlxc_status mlxc_random_split(mlxc_array **out, mlxc_array *key, int64_t count, mlxc_error *error) {
  return p_mlxc_random_split ? p_mlxc_random_split(out, key, count, error) : missing("mlxc_random_split", error);
}
mlxc_status mlxc_random_bits(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, mlxc_error *error) {
  return p_mlxc_random_bits ? p_mlxc_random_bits(out, key, shape, rank, error) : missing("mlxc_random_bits", error);
}
mlxc_status mlxc_random_uniform(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double low, double high, mlxc_error *error) {
  return p_mlxc_random_uniform ? p_mlxc_random_uniform(out, key, shape, rank, dtype, low, high, error) : missing("mlxc_random_uniform", error);
}
mlxc_status mlxc_random_normal(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double mean, double deviation, mlxc_error *error) {
  return p_mlxc_random_normal ? p_mlxc_random_normal(out, key, shape, rank, dtype, mean, deviation, error) : missing("mlxc_random_normal", error);
}
mlxc_status mlxc_random_truncated_normal(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double low, double high, mlxc_error *error) {
  return p_mlxc_random_truncated_normal ? p_mlxc_random_truncated_normal(out, key, shape, rank, dtype, low, high, error) : missing("mlxc_random_truncated_normal", error);
}
mlxc_status mlxc_random_integers(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, int64_t low, int64_t high, mlxc_error *error) {
  return p_mlxc_random_integers ? p_mlxc_random_integers(out, key, shape, rank, dtype, low, high, error) : missing("mlxc_random_integers", error);
}
mlxc_status mlxc_random_bernoulli(mlxc_array **out, mlxc_array *key, mlxc_array *probability, const int64_t *shape, int32_t rank, mlxc_error *error) {
  return p_mlxc_random_bernoulli ? p_mlxc_random_bernoulli(out, key, probability, shape, rank, error) : missing("mlxc_random_bernoulli", error);
}
mlxc_status mlxc_random_categorical(mlxc_array **out, mlxc_array *key, mlxc_array *logits, int32_t axis, int64_t count, mlxc_error *error) {
  return p_mlxc_random_categorical ? p_mlxc_random_categorical(out, key, logits, axis, count, error) : missing("mlxc_random_categorical", error);
}
mlxc_status mlxc_random_permutation(mlxc_array **out, mlxc_array *key, int64_t count, mlxc_error *error) {
  return p_mlxc_random_permutation ? p_mlxc_random_permutation(out, key, count, error) : missing("mlxc_random_permutation", error);
}
mlxc_status mlxc_request_cancel(mlxc_request *request, mlxc_error *error) {
  return p_mlxc_request_cancel ? p_mlxc_request_cancel(request, error) : missing("mlxc_request_cancel", error);
}
mlxc_status mlxc_request_wait(mlxc_request *request, int64_t timeout_ms, mlxc_error *error) {
  return p_mlxc_request_wait ? p_mlxc_request_wait(request, timeout_ms, error) : missing("mlxc_request_wait", error);
}
mlxc_status mlxc_request_result(mlxc_result **out, mlxc_request *request, mlxc_error *error) {
  return p_mlxc_request_result ? p_mlxc_request_result(out, request, error) : missing("mlxc_request_result", error);
}
void mlxc_request_free(mlxc_request *request) {
  if (p_mlxc_request_free) p_mlxc_request_free(request);
}
mlxc_status mlxc_result_count(mlxc_result *result, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_count ? p_mlxc_result_count(result, count, error) : missing("mlxc_result_count", error);
}
mlxc_status mlxc_result_finish(mlxc_result *result, int64_t index, int32_t *finish_reason, int32_t *status, mlxc_error *error) {
  return p_mlxc_result_finish ? p_mlxc_result_finish(result, index, finish_reason, status, error) : missing("mlxc_result_finish", error);
}
mlxc_status mlxc_result_peek_message(mlxc_result *result, int64_t index, const char **message, size_t *bytes, mlxc_error *error) {
  return p_mlxc_result_peek_message ? p_mlxc_result_peek_message(result, index, message, bytes, error) : missing("mlxc_result_peek_message", error);
}
mlxc_status mlxc_result_peek_text(mlxc_result *result, int64_t index, const char **text, size_t *bytes, mlxc_error *error) {
  return p_mlxc_result_peek_text ? p_mlxc_result_peek_text(result, index, text, bytes, error) : missing("mlxc_result_peek_text", error);
}
mlxc_status mlxc_result_peek_tokens(mlxc_result *result, int64_t index, const int32_t **tokens, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_peek_tokens ? p_mlxc_result_peek_tokens(result, index, tokens, count, error) : missing("mlxc_result_peek_tokens", error);
}
mlxc_status mlxc_result_peek_logprobs(mlxc_result *result, int64_t index, const float **logprobs, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_peek_logprobs ? p_mlxc_result_peek_logprobs(result, index, logprobs, count, error) : missing("mlxc_result_peek_logprobs", error);
}
mlxc_status mlxc_result_peek_top_logprobs(mlxc_result *result, int64_t index, int64_t position, const mlxc_token_logprob **top, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_peek_top_logprobs ? p_mlxc_result_peek_top_logprobs(result, index, position, top, count, error) : missing("mlxc_result_peek_top_logprobs", error);
}
mlxc_status mlxc_result_peek_last_logits(mlxc_result *result, int64_t index, const float **logits, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_peek_last_logits ? p_mlxc_result_peek_last_logits(result, index, logits, count, error) : missing("mlxc_result_peek_last_logits", error);
}
mlxc_status mlxc_result_timings(mlxc_result *result, int64_t index, mlxc_timings *timings, mlxc_error *error) {
  return p_mlxc_result_timings ? p_mlxc_result_timings(result, index, timings, error) : missing("mlxc_result_timings", error);
}
void mlxc_result_free(mlxc_result *result) {
  if (p_mlxc_result_free) p_mlxc_result_free(result);
}
void mlxc_score_options_init(mlxc_score_options *options, uint32_t struct_size) {
  if (p_mlxc_score_options_init) p_mlxc_score_options_init(options, struct_size);
}
mlxc_status mlxc_score(mlxc_model *model, const mlxc_prompt *prompts, int64_t prompt_count, const mlxc_prompt *labels, int64_t label_count, const mlxc_score_options *options, float *scores, int64_t scores_capacity, int32_t *token_counts, mlxc_error *error) {
  return p_mlxc_score ? p_mlxc_score(model, prompts, prompt_count, labels, label_count, options, scores, scores_capacity, token_counts, error) : missing("mlxc_score", error);
}
mlxc_status mlxc_logits(mlxc_model *model, const int32_t *tokens, int64_t token_count, float *logits, int64_t logits_capacity, float *hidden, int64_t hidden_capacity, mlxc_cancel *cancel, mlxc_error *error) {
  return p_mlxc_logits ? p_mlxc_logits(model, tokens, token_count, logits, logits_capacity, hidden, hidden_capacity, cancel, error) : missing("mlxc_logits", error);
}
mlxc_status mlxc_array_reduce_as(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_reduce_as ? p_mlxc_array_reduce_as(out, op, x, axes, axis_count, keepdims, dtype, error) : missing("mlxc_array_reduce_as", error);
}
mlxc_status mlxc_array_variance(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, double correction, int32_t keepdims, int32_t root, mlxc_error *error) {
  return p_mlxc_array_variance ? p_mlxc_array_variance(out, x, axes, axis_count, correction, keepdims, root, error) : missing("mlxc_array_variance", error);
}
mlxc_status mlxc_array_median(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims, mlxc_error *error) {
  return p_mlxc_array_median ? p_mlxc_array_median(out, x, axes, axis_count, keepdims, error) : missing("mlxc_array_median", error);
}
mlxc_status mlxc_array_scan(mlxc_array **out, int32_t op, mlxc_array *x, int32_t axis, int32_t reverse, int32_t exclusive, mlxc_error *error) {
  return p_mlxc_array_scan ? p_mlxc_array_scan(out, op, x, axis, reverse, exclusive, error) : missing("mlxc_array_scan", error);
}
mlxc_status mlxc_stream_new(mlxc_stream **out, mlxc_device *device, int32_t threads, mlxc_error *error) {
  return p_mlxc_stream_new ? p_mlxc_stream_new(out, device, threads, error) : missing("mlxc_stream_new", error);
}
mlxc_status mlxc_stream_eval(mlxc_fence **done, mlxc_stream *stream, mlxc_array *const *arrays, int64_t count, mlxc_error *error) {
  return p_mlxc_stream_eval ? p_mlxc_stream_eval(done, stream, arrays, count, error) : missing("mlxc_stream_eval", error);
}
mlxc_status mlxc_stream_call(mlxc_fence **done, mlxc_stream *stream, mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_error *error) {
  return p_mlxc_stream_call ? p_mlxc_stream_call(done, stream, function, inputs, input_count, error) : missing("mlxc_stream_call", error);
}
mlxc_status mlxc_stream_record(mlxc_fence **done, mlxc_stream *stream, mlxc_error *error) {
  return p_mlxc_stream_record ? p_mlxc_stream_record(done, stream, error) : missing("mlxc_stream_record", error);
}
mlxc_status mlxc_stream_wait(mlxc_stream *stream, mlxc_fence *fence, mlxc_error *error) {
  return p_mlxc_stream_wait ? p_mlxc_stream_wait(stream, fence, error) : missing("mlxc_stream_wait", error);
}
mlxc_status mlxc_stream_synchronize(mlxc_stream *stream, mlxc_error *error) {
  return p_mlxc_stream_synchronize ? p_mlxc_stream_synchronize(stream, error) : missing("mlxc_stream_synchronize", error);
}
void mlxc_stream_free(mlxc_stream *stream) {
  if (p_mlxc_stream_free) p_mlxc_stream_free(stream);
}
mlxc_status mlxc_fence_wait(mlxc_fence *fence, int64_t timeout_ms, mlxc_error *error) {
  return p_mlxc_fence_wait ? p_mlxc_fence_wait(fence, timeout_ms, error) : missing("mlxc_fence_wait", error);
}
mlxc_status mlxc_fence_query(mlxc_fence *fence, int32_t *done, mlxc_error *error) {
  return p_mlxc_fence_query ? p_mlxc_fence_query(fence, done, error) : missing("mlxc_fence_query", error);
}
mlxc_status mlxc_fence_notify(mlxc_fence *fence, void (*callback)(mlxc_status status, void *user_data), void *user_data, mlxc_error *error) {
  return p_mlxc_fence_notify ? p_mlxc_fence_notify(fence, callback, user_data, error) : missing("mlxc_fence_notify", error);
}
mlxc_status mlxc_fence_outputs(mlxc_fence *fence, mlxc_array **outputs, int64_t output_count, mlxc_error *error) {
  return p_mlxc_fence_outputs ? p_mlxc_fence_outputs(fence, outputs, output_count, error) : missing("mlxc_fence_outputs", error);
}
void mlxc_fence_free(mlxc_fence *fence) {
  if (p_mlxc_fence_free) p_mlxc_fence_free(fence);
}
void mlxc_encode_options_init(mlxc_encode_options *options, uint32_t struct_size) {
  if (p_mlxc_encode_options_init) p_mlxc_encode_options_init(options, struct_size);
}
void mlxc_decode_options_init(mlxc_decode_options *options, uint32_t struct_size) {
  if (p_mlxc_decode_options_init) p_mlxc_decode_options_init(options, struct_size);
}
mlxc_status mlxc_tokenizer_load(mlxc_tokenizer **out, const char *path, mlxc_error *error) {
  return p_mlxc_tokenizer_load ? p_mlxc_tokenizer_load(out, path, error) : missing("mlxc_tokenizer_load", error);
}
mlxc_status mlxc_tokenizer_inspect(mlxc_tokenizer *tokenizer, mlxc_tokenizer_info *info, mlxc_error *error) {
  return p_mlxc_tokenizer_inspect ? p_mlxc_tokenizer_inspect(tokenizer, info, error) : missing("mlxc_tokenizer_inspect", error);
}
mlxc_status mlxc_tokenizer_encode(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, const mlxc_encode_options *options, int32_t *ids, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_encode ? p_mlxc_tokenizer_encode(tokenizer, text, text_bytes, options, ids, capacity, needed, error) : missing("mlxc_tokenizer_encode", error);
}
mlxc_status mlxc_tokenizer_encode_ranges(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, const mlxc_encode_options *options, int32_t *ids, mlxc_text_range *ranges, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_encode_ranges ? p_mlxc_tokenizer_encode_ranges(tokenizer, text, text_bytes, options, ids, ranges, capacity, needed, error) : missing("mlxc_tokenizer_encode_ranges", error);
}
mlxc_status mlxc_tokenizer_decode(mlxc_tokenizer *tokenizer, const int32_t *ids, int64_t count, const mlxc_decode_options *options, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_decode ? p_mlxc_tokenizer_decode(tokenizer, ids, count, options, buffer, capacity, needed, error) : missing("mlxc_tokenizer_decode", error);
}
mlxc_status mlxc_tokenizer_special_tokens(mlxc_tokenizer *tokenizer, int32_t *ids, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_special_tokens ? p_mlxc_tokenizer_special_tokens(tokenizer, ids, capacity, needed, error) : missing("mlxc_tokenizer_special_tokens", error);
}
mlxc_status mlxc_tokenizer_id(int32_t *id, mlxc_tokenizer *tokenizer, const char *piece, size_t piece_bytes, mlxc_error *error) {
  return p_mlxc_tokenizer_id ? p_mlxc_tokenizer_id(id, tokenizer, piece, piece_bytes, error) : missing("mlxc_tokenizer_id", error);
}
mlxc_status mlxc_tokenizer_piece(mlxc_tokenizer *tokenizer, int32_t id, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_piece ? p_mlxc_tokenizer_piece(tokenizer, id, buffer, capacity, needed, error) : missing("mlxc_tokenizer_piece", error);
}
void mlxc_tokenizer_free(mlxc_tokenizer *tokenizer) {
  if (p_mlxc_tokenizer_free) p_mlxc_tokenizer_free(tokenizer);
}
mlxc_status mlxc_decoder_new(mlxc_decoder **out, mlxc_tokenizer *tokenizer, const mlxc_decode_options *options, mlxc_error *error) {
  return p_mlxc_decoder_new ? p_mlxc_decoder_new(out, tokenizer, options, error) : missing("mlxc_decoder_new", error);
}
mlxc_status mlxc_decoder_add(mlxc_decoder *decoder, const int32_t *ids, int64_t count, const char **text, size_t *bytes, mlxc_error *error) {
  return p_mlxc_decoder_add ? p_mlxc_decoder_add(decoder, ids, count, text, bytes, error) : missing("mlxc_decoder_add", error);
}
mlxc_status mlxc_decoder_finish(mlxc_decoder *decoder, const char **text, size_t *bytes, mlxc_error *error) {
  return p_mlxc_decoder_finish ? p_mlxc_decoder_finish(decoder, text, bytes, error) : missing("mlxc_decoder_finish", error);
}
void mlxc_decoder_free(mlxc_decoder *decoder) {
  if (p_mlxc_decoder_free) p_mlxc_decoder_free(decoder);
}
mlxc_status mlxc_loss_squared_error(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction, mlxc_error *error) {
  return p_mlxc_loss_squared_error ? p_mlxc_loss_squared_error(out, prediction, target, reduction, error) : missing("mlxc_loss_squared_error", error);
}
mlxc_status mlxc_loss_absolute_error(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction, mlxc_error *error) {
  return p_mlxc_loss_absolute_error ? p_mlxc_loss_absolute_error(out, prediction, target, reduction, error) : missing("mlxc_loss_absolute_error", error);
}
mlxc_status mlxc_loss_huber(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, double delta, int32_t reduction, mlxc_error *error) {
  return p_mlxc_loss_huber ? p_mlxc_loss_huber(out, prediction, target, delta, reduction, error) : missing("mlxc_loss_huber", error);
}
mlxc_status mlxc_loss_cross_entropy(mlxc_array **out, mlxc_array *logits, mlxc_array *targets, double label_smoothing, int64_t ignore_index, int32_t reduction, mlxc_error *error) {
  return p_mlxc_loss_cross_entropy ? p_mlxc_loss_cross_entropy(out, logits, targets, label_smoothing, ignore_index, reduction, error) : missing("mlxc_loss_cross_entropy", error);
}
mlxc_status mlxc_loss_binary_cross_entropy(mlxc_array **out, mlxc_array *logits, mlxc_array *targets, mlxc_array *positive_weight, int32_t reduction, mlxc_error *error) {
  return p_mlxc_loss_binary_cross_entropy ? p_mlxc_loss_binary_cross_entropy(out, logits, targets, positive_weight, reduction, error) : missing("mlxc_loss_binary_cross_entropy", error);
}
mlxc_status mlxc_loss_kl_divergence(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction, mlxc_error *error) {
  return p_mlxc_loss_kl_divergence ? p_mlxc_loss_kl_divergence(out, prediction, target, reduction, error) : missing("mlxc_loss_kl_divergence", error);
}
void mlxc_optimizer_options_init(mlxc_optimizer_options *options, uint32_t struct_size) {
  if (p_mlxc_optimizer_options_init) p_mlxc_optimizer_options_init(options, struct_size);
}
mlxc_status mlxc_optimizer_new(mlxc_optimizer **out, const mlxc_optimizer_options *options, mlxc_error *error) {
  return p_mlxc_optimizer_new ? p_mlxc_optimizer_new(out, options, error) : missing("mlxc_optimizer_new", error);
}
mlxc_status mlxc_optimizer_state_count(mlxc_optimizer *optimizer, int64_t parameter_count, int64_t *count, mlxc_error *error) {
  return p_mlxc_optimizer_state_count ? p_mlxc_optimizer_state_count(optimizer, parameter_count, count, error) : missing("mlxc_optimizer_state_count", error);
}
mlxc_status mlxc_optimizer_initial_states(mlxc_optimizer *optimizer, mlxc_array *const *parameters, int64_t parameter_count, mlxc_array **states, int64_t state_count, mlxc_error *error) {
  return p_mlxc_optimizer_initial_states ? p_mlxc_optimizer_initial_states(optimizer, parameters, parameter_count, states, state_count, error) : missing("mlxc_optimizer_initial_states", error);
}
mlxc_status mlxc_optimizer_update(mlxc_optimizer *optimizer, mlxc_array *const *parameters, mlxc_array *const *gradients, int64_t parameter_count, mlxc_array *const *states, int64_t state_count, mlxc_array *learning_rate, mlxc_array **new_parameters, mlxc_array **new_states, mlxc_error *error) {
  return p_mlxc_optimizer_update ? p_mlxc_optimizer_update(optimizer, parameters, gradients, parameter_count, states, state_count, learning_rate, new_parameters, new_states, error) : missing("mlxc_optimizer_update", error);
}
void mlxc_optimizer_free(mlxc_optimizer *optimizer) {
  if (p_mlxc_optimizer_free) p_mlxc_optimizer_free(optimizer);
}
mlxc_status mlxc_clip_norm(mlxc_array **clipped, mlxc_array **norm, mlxc_array *const *gradients, int64_t count, double max_norm, mlxc_error *error) {
  return p_mlxc_clip_norm ? p_mlxc_clip_norm(clipped, norm, gradients, count, max_norm, error) : missing("mlxc_clip_norm", error);
}
mlxc_status mlxc_clip_value(mlxc_array **clipped, mlxc_array *const *gradients, int64_t count, double limit, mlxc_error *error) {
  return p_mlxc_clip_value ? p_mlxc_clip_value(clipped, gradients, count, limit, error) : missing("mlxc_clip_value", error);
}
void mlxc_schedule_init(mlxc_schedule *schedule, uint32_t struct_size) {
  if (p_mlxc_schedule_init) p_mlxc_schedule_init(schedule, struct_size);
}
mlxc_status mlxc_schedule_rate(const mlxc_schedule *schedule, int64_t step, double *rate, mlxc_error *error) {
  return p_mlxc_schedule_rate ? p_mlxc_schedule_rate(schedule, step, rate, error) : missing("mlxc_schedule_rate", error);
}
void mlxc_trainer_options_init(mlxc_trainer_options *options, uint32_t struct_size) {
  if (p_mlxc_trainer_options_init) p_mlxc_trainer_options_init(options, struct_size);
}
mlxc_status mlxc_trainer_new(mlxc_trainer **out, mlxc_module *module, mlxc_parameters *parameters, mlxc_optimizer *optimizer, const mlxc_trainer_options *options, mlxc_error *error) {
  return p_mlxc_trainer_new ? p_mlxc_trainer_new(out, module, parameters, optimizer, options, error) : missing("mlxc_trainer_new", error);
}
void mlxc_fit_options_init(mlxc_fit_options *options, uint32_t struct_size) {
  if (p_mlxc_fit_options_init) p_mlxc_fit_options_init(options, struct_size);
}
mlxc_status mlxc_trainer_fit(mlxc_trainer *trainer, mlxc_loader *train, mlxc_loader *validation, const mlxc_fit_options *options, mlxc_train_callback callback, void *user_data, mlxc_error *error) {
  return p_mlxc_trainer_fit ? p_mlxc_trainer_fit(trainer, train, validation, options, callback, user_data, error) : missing("mlxc_trainer_fit", error);
}
mlxc_status mlxc_trainer_begin(mlxc_trainer *trainer, mlxc_loader *train, mlxc_loader *validation, const mlxc_fit_options *options, mlxc_error *error) {
  return p_mlxc_trainer_begin ? p_mlxc_trainer_begin(trainer, train, validation, options, error) : missing("mlxc_trainer_begin", error);
}
mlxc_status mlxc_trainer_next(mlxc_trainer *trainer, mlxc_train_event *event, mlxc_error *error) {
  return p_mlxc_trainer_next ? p_mlxc_trainer_next(trainer, event, error) : missing("mlxc_trainer_next", error);
}
mlxc_status mlxc_trainer_step(mlxc_trainer *trainer, mlxc_array *input, mlxc_array *target, mlxc_train_event *event, mlxc_error *error) {
  return p_mlxc_trainer_step ? p_mlxc_trainer_step(trainer, input, target, event, error) : missing("mlxc_trainer_step", error);
}
mlxc_status mlxc_trainer_evaluate(mlxc_trainer *trainer, mlxc_loader *loader, mlxc_cancel *cancel, double *loss, double *accuracy, mlxc_error *error) {
  return p_mlxc_trainer_evaluate ? p_mlxc_trainer_evaluate(trainer, loader, cancel, loss, accuracy, error) : missing("mlxc_trainer_evaluate", error);
}
mlxc_status mlxc_trainer_predict(mlxc_array **out, mlxc_trainer *trainer, mlxc_array *input, int64_t batch_size, mlxc_error *error) {
  return p_mlxc_trainer_predict ? p_mlxc_trainer_predict(out, trainer, input, batch_size, error) : missing("mlxc_trainer_predict", error);
}
mlxc_status mlxc_trainer_learning_rate(mlxc_trainer *trainer, double *rate, mlxc_error *error) {
  return p_mlxc_trainer_learning_rate ? p_mlxc_trainer_learning_rate(trainer, rate, error) : missing("mlxc_trainer_learning_rate", error);
}
mlxc_status mlxc_trainer_set_learning_rate(mlxc_trainer *trainer, double rate, mlxc_error *error) {
  return p_mlxc_trainer_set_learning_rate ? p_mlxc_trainer_set_learning_rate(trainer, rate, error) : missing("mlxc_trainer_set_learning_rate", error);
}
mlxc_status mlxc_trainer_position(mlxc_trainer *trainer, int64_t *epoch, int64_t *batch, int64_t *step, mlxc_error *error) {
  return p_mlxc_trainer_position ? p_mlxc_trainer_position(trainer, epoch, batch, step, error) : missing("mlxc_trainer_position", error);
}
mlxc_status mlxc_trainer_parameters_copy(mlxc_parameters **out, mlxc_trainer *trainer, mlxc_error *error) {
  return p_mlxc_trainer_parameters_copy ? p_mlxc_trainer_parameters_copy(out, trainer, error) : missing("mlxc_trainer_parameters_copy", error);
}
mlxc_status mlxc_trainer_histogram(mlxc_trainer *trainer, const char *name, size_t name_bytes, int64_t *counts, int64_t bins, double *low, double *high, mlxc_error *error) {
  return p_mlxc_trainer_histogram ? p_mlxc_trainer_histogram(trainer, name, name_bytes, counts, bins, low, high, error) : missing("mlxc_trainer_histogram", error);
}
mlxc_status mlxc_trainer_save(mlxc_trainer *trainer, const char *path, mlxc_error *error) {
  return p_mlxc_trainer_save ? p_mlxc_trainer_save(trainer, path, error) : missing("mlxc_trainer_save", error);
}
mlxc_status mlxc_trainer_load(mlxc_trainer *trainer, const char *path, mlxc_error *error) {
  return p_mlxc_trainer_load ? p_mlxc_trainer_load(trainer, path, error) : missing("mlxc_trainer_load", error);
}
void mlxc_trainer_free(mlxc_trainer *trainer) {
  if (p_mlxc_trainer_free) p_mlxc_trainer_free(trainer);
}
const char *mlxc_version(void) {
  return p_mlxc_version ? p_mlxc_version() : 0;
}
int32_t mlxc_abi_version(void) {
  return p_mlxc_abi_version ? p_mlxc_abi_version() : 0;
}
int32_t mlxc_has_feature(const char *feature) {
  return p_mlxc_has_feature ? p_mlxc_has_feature(feature) : 0;
}
mlxc_status mlxc_build_info(char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_build_info ? p_mlxc_build_info(buffer, capacity, needed, error) : missing("mlxc_build_info", error);
}
