/* Part of handles_test.c: kernels from source, streams. */

static void kernel_functions(void) {
  static const char* const names[] = {"y"};
  mlxc_kernel* out;
  mlxc_array* results[1];
  const int64_t shape[1] = {1}, threads[3] = {1, 1, 1};
  const mlxc_array_type type = {shape, 1, MLXC_DTYPE_FLOAT32};
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_kernel_new, &out, h, "none", "void main() {}", 14, NULL, 0, names, 1, NULL, &error);
  NULLS(mlxc_kernel_new, NULL, NULL, "none", "void main() {}", 14, NULL, 0, names, 1, NULL, &error);
  NULLS(mlxc_kernel_new, &out, NULL, NULL, "void main() {}", 14, NULL, 0, names, 1, NULL, &error);
  NULLS(mlxc_kernel_new, &out, NULL, "none", NULL, 14, NULL, 0, names, 1, NULL, &error);
  BAD(MLXC_HANDLE_KERNEL, mlxc_kernel, mlxc_kernel_apply, results, h, NULL, 0, &type, 1, threads, &error);
  NULLS(mlxc_kernel_apply, NULL, kernel, NULL, 0, &type, 1, threads, &error);
  BAD_FREE(MLXC_HANDLE_KERNEL, mlxc_kernel, mlxc_kernel_free);
}

static void on_done(mlxc_status status, void* user_data) { (void)status, (void)user_data; }

static void stream_functions(void) {
  mlxc_stream* out;
  mlxc_fence* done;
  mlxc_array* outputs[1];
  int32_t is_done;
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_stream_new, &out, h, 1, &error);
  NULLS(mlxc_stream_new, NULL, NULL, 1, &error);
  NULLS(mlxc_stream_new, &out, NULL, -1, &error);
  BAD(MLXC_HANDLE_STREAM, mlxc_stream, mlxc_stream_eval, &done, h, &array, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_stream_eval, &done, stream, &h, 1, &error);
  NULLS(mlxc_stream_eval, &done, stream, NULL, 1, &error);
  BAD(MLXC_HANDLE_STREAM, mlxc_stream, mlxc_stream_call, &done, h, function, &array, 1, &error);
  BAD(MLXC_HANDLE_FUNCTION, mlxc_function, mlxc_stream_call, &done, stream, h, &array, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_stream_call, &done, stream, function, &h, 1, &error);
  BAD(MLXC_HANDLE_STREAM, mlxc_stream, mlxc_stream_record, &done, h, &error);
  NULLS(mlxc_stream_record, NULL, stream, &error);
  BAD(MLXC_HANDLE_STREAM, mlxc_stream, mlxc_stream_wait, h, fence, &error);
  BAD(MLXC_HANDLE_FENCE, mlxc_fence, mlxc_stream_wait, stream, h, &error);
  BAD(MLXC_HANDLE_STREAM, mlxc_stream, mlxc_stream_synchronize, h, &error);
  BAD(MLXC_HANDLE_FENCE, mlxc_fence, mlxc_fence_wait, h, 0, &error);
  BAD(MLXC_HANDLE_FENCE, mlxc_fence, mlxc_fence_query, h, &is_done, &error);
  NULLS(mlxc_fence_query, fence, NULL, &error);
  BAD(MLXC_HANDLE_FENCE, mlxc_fence, mlxc_fence_notify, h, on_done, NULL, &error);
  NULLS(mlxc_fence_notify, fence, NULL, NULL, &error);
  BAD(MLXC_HANDLE_FENCE, mlxc_fence, mlxc_fence_outputs, h, outputs, 1, &error);
  NULLS(mlxc_fence_outputs, fence, NULL, 1, &error);
  BAD_FREE(MLXC_HANDLE_FENCE, mlxc_fence, mlxc_fence_free);
  BAD_FREE(MLXC_HANDLE_STREAM, mlxc_stream, mlxc_stream_free);
}

static void placement_functions(void) {
  note("mlxc_placement_calibrate");
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_placement_calibrate("", &error));
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_placement_enable, h, "/no/such/file", &error);
  NULLS(mlxc_placement_enable, NULL, "", &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_placement_disable, h, &error);
}
