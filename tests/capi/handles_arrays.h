/* Part of handles_test.c: the functions about arrays beyond mlxc/array.h's first ones. */

static void array_functions(void) {
  mlxc_array* out;
  int64_t sizes[2] = {1, 1};
  float values[1] = {0};
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_array_linspace, &out, h, 1.0, 1.0, 1, 0, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_linspace, NULL, NULL, 1.0, 1.0, 1, 0, MLXC_DTYPE_FLOAT32, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_array_eye, &out, h, 0, 0, 0, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_eye, NULL, NULL, 0, 0, 0, MLXC_DTYPE_FLOAT32, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_clone, &out, h, &error);
  NULLS(mlxc_array_clone, NULL, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_to_device, &out, h, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_array_to_device, &out, array, h, &error);
  NULLS(mlxc_array_to_device, NULL, array, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_get, h, sizes, 1, values, 4, &error);
  NULLS(mlxc_array_get, array, sizes, 1, NULL, 4, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_set, &out, h, sizes, 1, values, 4, &error);
  NULLS(mlxc_array_set, NULL, array, sizes, 1, values, 4, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_as_strided, &out, h, sizes, sizes, 1, 0, &error);
  NULLS(mlxc_array_as_strided, NULL, array, sizes, sizes, 1, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_bitcast, &out, h, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_bitcast, NULL, array, MLXC_DTYPE_FLOAT32, &error);
}

static void manipulate_functions(void) {
  mlxc_array* out;
  mlxc_array* list[1];
  int64_t sizes[2] = {1, 1};
  int32_t axes[1] = {0};
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_stack, &out, &h, 1, 0, &error);
  NULLS(mlxc_array_stack, NULL, &array, 1, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_split, list, 1, h, sizes, 0, 0, &error);
  NULLS(mlxc_array_split, NULL, 1, array, sizes, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_pad, &out, h, sizes, sizes, 1, 0, 1.0, &error);
  NULLS(mlxc_array_pad, NULL, array, sizes, sizes, 1, 0, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_repeat, &out, h, sizes, 1, 0, &error);
  NULLS(mlxc_array_repeat, NULL, array, sizes, 1, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_tile, &out, h, sizes, 1, &error);
  NULLS(mlxc_array_tile, NULL, array, sizes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_roll, &out, h, sizes, axes, 1, &error);
  NULLS(mlxc_array_roll, NULL, array, sizes, axes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_flip, &out, h, axes, 1, &error);
  NULLS(mlxc_array_flip, NULL, array, axes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_swap_axes, &out, h, 0, 0, &error);
  NULLS(mlxc_array_swap_axes, NULL, array, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_move_axes, &out, h, axes, axes, 1, &error);
  NULLS(mlxc_array_move_axes, NULL, array, axes, axes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_expand_dims, &out, h, axes, 1, &error);
  NULLS(mlxc_array_expand_dims, NULL, array, axes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_squeeze, &out, h, axes, 1, &error);
  NULLS(mlxc_array_squeeze, NULL, array, axes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_diagonal, &out, h, 0, &error);
  NULLS(mlxc_array_diagonal, NULL, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_triangle, &out, h, 0, 0, &error);
  NULLS(mlxc_array_triangle, NULL, array, 0, 0, &error);
}

static void indexing_functions(void) {
  mlxc_array* out;
  mlxc_array* list[1];
  int64_t sizes[2] = {1, 1};
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_take_axis, &out, h, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_take_axis, &out, array, h, 0, &error);
  NULLS(mlxc_array_take_axis, NULL, array, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_take_along_axis, &out, h, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_take_along_axis, &out, array, h, 0, &error);
  NULLS(mlxc_array_take_along_axis, NULL, array, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_put_along_axis, &out, 0, h, array, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_put_along_axis, &out, 0, array, h, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_put_along_axis, &out, 0, array, array, h, 0, &error);
  NULLS(mlxc_array_put_along_axis, NULL, 0, array, array, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_gather, &out, h, &array, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_gather, &out, array, &h, 1, &error);
  NULLS(mlxc_array_gather, NULL, array, &array, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_scatter, &out, 0, h, &array, 1, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_scatter, &out, 0, array, &h, 1, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_scatter, &out, 0, array, &array, 1, h, &error);
  NULLS(mlxc_array_scatter, NULL, 0, array, &array, 1, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_update, &out, h, array, sizes, sizes, sizes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_update, &out, array, h, sizes, sizes, sizes, 1, &error);
  NULLS(mlxc_array_update, NULL, array, array, sizes, sizes, sizes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_nonzero, list, 1, h, &error);
  NULLS(mlxc_array_nonzero, NULL, 1, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_searchsorted, &out, h, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_searchsorted, &out, array, h, 0, &error);
  NULLS(mlxc_array_searchsorted, NULL, array, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_sort, &out, h, 0, 0, &error);
  NULLS(mlxc_array_sort, NULL, array, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_argsort, &out, h, 0, 0, &error);
  NULLS(mlxc_array_argsort, NULL, array, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_topk, &out, &out, h, 0, 0, 0, &error);
  NULLS(mlxc_array_topk, NULL, &out, array, 0, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_unique, &out, &out, &out, &out, h, &error);
  NULLS(mlxc_array_unique, NULL, &out, &out, &out, array, &error);
}

static void statistics_functions(void) {
  mlxc_array* out;
  int32_t axes[1] = {0};
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_reduce_as, &out, 0, h, axes, 1, 0, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_reduce_as, NULL, 0, array, axes, 1, 0, MLXC_DTYPE_FLOAT32, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_variance, &out, h, axes, 1, 1.0, 0, 0, &error);
  NULLS(mlxc_array_variance, NULL, array, axes, 1, 1.0, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_median, &out, h, axes, 1, 0, &error);
  NULLS(mlxc_array_median, NULL, array, axes, 1, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_scan, &out, 0, h, 0, 0, 0, &error);
  NULLS(mlxc_array_scan, NULL, 0, array, 0, 0, 0, &error);
}

static void elementwise_functions(void) {
  mlxc_array* out;
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_clip, &out, h, array, array, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_clip, &out, array, h, array, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_clip, &out, array, array, h, &error);
  NULLS(mlxc_array_clip, NULL, array, array, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_nan_to_num, &out, h, 1.0, NULL, NULL, &error);
  NULLS(mlxc_array_nan_to_num, NULL, array, 1.0, NULL, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_isclose, &out, h, array, 1.0, 1.0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_isclose, &out, array, h, 1.0, 1.0, 0, &error);
  NULLS(mlxc_array_isclose, NULL, array, array, 1.0, 1.0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_allclose, &out, h, array, 1.0, 1.0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_allclose, &out, array, h, 1.0, 1.0, 0, &error);
  NULLS(mlxc_array_allclose, NULL, array, array, 1.0, 1.0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_equal, &out, h, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_equal, &out, array, h, 0, &error);
  NULLS(mlxc_array_equal, NULL, array, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_activation, &out, 0, h, 1.0, &error);
  NULLS(mlxc_array_activation, NULL, 0, array, 1.0, &error);
}

static void products_functions(void) {
  mlxc_array* out;
  int32_t axes[1] = {0};
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_outer, &out, h, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_outer, &out, array, h, &error);
  NULLS(mlxc_array_outer, NULL, array, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_inner, &out, h, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_inner, &out, array, h, &error);
  NULLS(mlxc_array_inner, NULL, array, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_vecdot, &out, h, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_vecdot, &out, array, h, 0, &error);
  NULLS(mlxc_array_vecdot, NULL, array, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_tensordot, &out, h, array, axes, axes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_tensordot, &out, array, h, axes, axes, 1, &error);
  NULLS(mlxc_array_tensordot, NULL, array, array, axes, axes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_kron, &out, h, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_kron, &out, array, h, &error);
  NULLS(mlxc_array_kron, NULL, array, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_addmm, &out, h, array, array, 1.0, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_addmm, &out, array, h, array, 1.0, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_addmm, &out, array, array, h, 1.0, 1.0, &error);
  NULLS(mlxc_array_addmm, NULL, array, array, array, 1.0, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_einsum, &out, "i->i", 4, &h, 1, &error);
  NULLS(mlxc_array_einsum, NULL, "i->i", 4, &array, 1, &error);
}

static void random_functions(void) {
  mlxc_array* out;
  int64_t sizes[2] = {1, 1};
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_random_key, &out, h, 0, &error);
  NULLS(mlxc_random_key, NULL, NULL, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_split, &out, h, 1, &error);
  NULLS(mlxc_random_split, NULL, array, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_bits, &out, h, sizes, 1, &error);
  NULLS(mlxc_random_bits, NULL, array, sizes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_uniform, &out, h, sizes, 1, MLXC_DTYPE_FLOAT32, 1.0, 1.0, &error);
  NULLS(mlxc_random_uniform, NULL, array, sizes, 1, MLXC_DTYPE_FLOAT32, 1.0, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_normal, &out, h, sizes, 1, MLXC_DTYPE_FLOAT32, 1.0, 1.0, &error);
  NULLS(mlxc_random_normal, NULL, array, sizes, 1, MLXC_DTYPE_FLOAT32, 1.0, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_truncated_normal, &out, h, sizes, 1, MLXC_DTYPE_FLOAT32, 1.0, 1.0, &error);
  NULLS(mlxc_random_truncated_normal, NULL, array, sizes, 1, MLXC_DTYPE_FLOAT32, 1.0, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_integers, &out, h, sizes, 1, MLXC_DTYPE_FLOAT32, 0, 0, &error);
  NULLS(mlxc_random_integers, NULL, array, sizes, 1, MLXC_DTYPE_FLOAT32, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_bernoulli, &out, h, array, sizes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_bernoulli, &out, array, h, sizes, 1, &error);
  NULLS(mlxc_random_bernoulli, NULL, array, array, sizes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_categorical, &out, h, array, 0, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_categorical, &out, array, h, 0, 1, &error);
  NULLS(mlxc_random_categorical, NULL, array, array, 0, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_random_permutation, &out, h, 1, &error);
  NULLS(mlxc_random_permutation, NULL, array, 1, &error);
}

static void layers_functions(void) {
  mlxc_array* out;
  int64_t sizes[2] = {1, 1};
  mlxc_array* weights[4] = {array, array, NULL, NULL};
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_convolution, &out, h, array, array, sizes, sizes, sizes, 1, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_convolution, &out, array, h, array, sizes, sizes, sizes, 1, 1, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_convolution, &out, array, array, h, sizes, sizes, sizes, 1, 1, &error);
  NULLS(mlxc_array_convolution, NULL, array, array, array, sizes, sizes, sizes, 1, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_transposed_convolution, &out, h, array, array, sizes, sizes, sizes, sizes, 1, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_transposed_convolution, &out, array, h, array, sizes, sizes, sizes, sizes, 1, 1, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_transposed_convolution, &out, array, array, h, sizes, sizes, sizes, sizes, 1, 1,
               &error);
  NULLS(mlxc_array_transposed_convolution, NULL, array, array, array, sizes, sizes, sizes, sizes, 1, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_max_pool, &out, h, sizes, sizes, sizes, sizes, 1, &error);
  NULLS(mlxc_array_max_pool, NULL, array, sizes, sizes, sizes, sizes, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_average_pool, &out, h, sizes, sizes, sizes, 1, 0, &error);
  NULLS(mlxc_array_average_pool, NULL, array, sizes, sizes, sizes, 1, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_layer_norm, &out, h, array, array, 1, 1.0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_layer_norm, &out, array, h, array, 1, 1.0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_layer_norm, &out, array, array, h, 1, 1.0, &error);
  NULLS(mlxc_array_layer_norm, NULL, array, array, array, 1, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_rms_norm, &out, h, array, 1.0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_rms_norm, &out, array, h, 1.0, &error);
  NULLS(mlxc_array_rms_norm, NULL, array, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_batch_norm, &out, &out, &out, h, array, array, array, array, 1.0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_batch_norm, &out, &out, &out, array, h, array, array, array, 1.0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_batch_norm, &out, &out, &out, array, array, h, array, array, 1.0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_batch_norm, &out, &out, &out, array, array, array, h, array, 1.0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_batch_norm, &out, &out, &out, array, array, array, array, h, 1.0, &error);
  NULLS(mlxc_array_batch_norm, NULL, &out, &out, array, array, array, array, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_group_norm, &out, h, 1, array, array, 1.0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_group_norm, &out, array, 1, h, array, 1.0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_group_norm, &out, array, 1, array, h, 1.0, &error);
  NULLS(mlxc_array_group_norm, NULL, array, 1, array, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_dropout, &out, h, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_dropout, &out, array, h, 1.0, &error);
  NULLS(mlxc_array_dropout, NULL, array, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_attention, &out, h, array, array, array, 1.0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_attention, &out, array, h, array, array, 1.0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_attention, &out, array, array, h, array, 1.0, 0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_attention, &out, array, array, array, h, 1.0, 0, &error);
  NULLS(mlxc_array_attention, NULL, array, array, array, array, 1.0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_recurrent, &out, &out, &out, 0, h, array, array, weights, 0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_recurrent, &out, &out, &out, 0, array, h, array, weights, 0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_recurrent, &out, &out, &out, 0, array, array, h, weights, 0, &error);
  NULLS(mlxc_array_recurrent, NULL, &out, &out, 0, array, array, array, weights, 0, &error);
}

static void linalg_functions(void) {
  mlxc_array* out;
  int32_t axes[1] = {0};
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_cholesky, &out, h, 0, &error);
  NULLS(mlxc_linalg_cholesky, NULL, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_qr, &out, &out, h, 0, &error);
  NULLS(mlxc_linalg_qr, NULL, &out, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_svd, &out, &out, &out, h, 0, &error);
  NULLS(mlxc_linalg_svd, NULL, &out, &out, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_eigh, &out, &out, h, &error);
  NULLS(mlxc_linalg_eigh, NULL, &out, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_solve, &out, h, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_solve, &out, array, h, &error);
  NULLS(mlxc_linalg_solve, NULL, array, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_triangular_solve, &out, h, array, 0, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_triangular_solve, &out, array, h, 0, 0, 0, &error);
  NULLS(mlxc_linalg_triangular_solve, NULL, array, array, 0, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_inverse, &out, h, &error);
  NULLS(mlxc_linalg_inverse, NULL, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_determinant, &out, h, &error);
  NULLS(mlxc_linalg_determinant, NULL, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_slogdet, &out, &out, h, &error);
  NULLS(mlxc_linalg_slogdet, NULL, &out, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_pseudo_inverse, &out, h, 1.0, &error);
  NULLS(mlxc_linalg_pseudo_inverse, NULL, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_least_squares, &out, h, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_least_squares, &out, array, h, 1.0, &error);
  NULLS(mlxc_linalg_least_squares, NULL, array, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_matrix_rank, &out, h, 1.0, &error);
  NULLS(mlxc_linalg_matrix_rank, NULL, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_matrix_power, &out, h, 0, &error);
  NULLS(mlxc_linalg_matrix_power, NULL, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_cross, &out, h, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_cross, &out, array, h, 0, &error);
  NULLS(mlxc_linalg_cross, NULL, array, array, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_vector_norm, &out, h, 1.0, axes, 1, 0, &error);
  NULLS(mlxc_linalg_vector_norm, NULL, array, 1.0, axes, 1, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_linalg_matrix_norm, &out, h, 0, 1.0, 0, &error);
  NULLS(mlxc_linalg_matrix_norm, NULL, array, 0, 1.0, 0, &error);
}
