/* What a service needs around its arrays: work beside the caller, a limit of memory, a profile, and a kernel of its own.
 *
 *   cc streams.c $(pkg-config --cflags --libs mlxc) -o streams
 *   ./streams [cpu | vulkan:0 | auto]
 */
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static mlxc_array* filled(mlxc_device* device, double value, int64_t side) {
  const int64_t shape[2] = {side, side};
  mlxc_array* array;
  check(mlxc_array_full(&array, device, value, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  return array;
}

static void say_done(mlxc_status status, void* user_data) { printf("%s is done: %s\n", (const char*)user_data, mlxc_status_name(status)); }

/* Two streams: independent work overlaps; `after` begins when the fence of `first` is done. */
static void streams(mlxc_device* device) {
  mlxc_stream *first, *second;
  mlxc_fence *product_done, *after_done;
  mlxc_array *x = filled(device, 0.5, 256), *product, *after;
  check(mlxc_stream_new(&first, device, 1, &error));
  check(mlxc_stream_new(&second, device, 1, &error));
  check(mlxc_array_matmul(&product, x, x, &error));
  check(mlxc_array_binary_scalar(&after, MLXC_BINARY_ADD, x, 1, &error));
  check(mlxc_stream_eval(&product_done, first, &product, 1, &error)); /* returns at once */
  check(mlxc_fence_notify(product_done, say_done, "the product", &error));
  check(mlxc_stream_wait(second, product_done, &error));
  check(mlxc_stream_eval(&after_done, second, &after, 1, &error));
  check(mlxc_fence_wait(after_done, -1, &error));
  check(mlxc_stream_synchronize(first, &error)); /* the callback has run, too */
  mlxc_fence_free(product_done), mlxc_fence_free(after_done);
  mlxc_array_free(x), mlxc_array_free(product), mlxc_array_free(after);
  mlxc_stream_free(first), mlxc_stream_free(second);
}

/* Past a limit the answer is an error, and everything that exists goes on. */
static void memory(mlxc_device* device) {
  mlxc_memory_stats stats = MLXC_MEMORY_STATS_INIT;
  check(mlxc_memory_read(device, &stats, &error));
  check(mlxc_memory_set_limit(device, stats.active_bytes + (16 << 20), &error));
  mlxc_array *large = filled(device, 1, 4096), *small = filled(device, 1, 1024);
  printf("64 MiB below a limit of 16: %s\n", mlxc_status_name(mlxc_array_eval(&large, 1, NULL)));
  printf("4 MiB: %s\n", mlxc_status_name(mlxc_array_eval(&small, 1, NULL)));
  check(mlxc_memory_set_limit(device, 0, &error));
  mlxc_array_free(large), mlxc_array_free(small);
  check(mlxc_memory_read(device, &stats, &error));
  printf("%lld allocations from the cache, %lld from the system; %.1f MB kept for reuse\n", (long long)stats.hits, (long long)stats.misses,
         (double)stats.cached_bytes / 1e6);
  check(mlxc_memory_trim(device, 0, &error));
}

/* Which launches there were, what was joined in them, how long they took. */
static void profile(mlxc_device* device) {
  mlxc_array *x = filled(device, 0.5, 512), *twice, *plus, *root;
  mlxc_profile_entry entries[16];
  int64_t count = 0;
  check(mlxc_array_eval(&x, 1, &error));
  check(mlxc_device_profile(device, MLXC_PROFILE_KERNELS, &error));
  check(mlxc_array_binary_scalar(&twice, MLXC_BINARY_MULTIPLY, x, 2, &error));
  check(mlxc_array_binary_scalar(&plus, MLXC_BINARY_ADD, twice, 1, &error));
  check(mlxc_array_unary(&root, MLXC_UNARY_SQRT, plus, &error));
  check(mlxc_array_eval(&root, 1, &error));
  check(mlxc_device_profile(device, MLXC_PROFILE_OFF, &error));
  check(mlxc_device_profile_entries(device, entries, 16, &count, &error)); /* mlxc_device_profile_text: a table; _trace: a time line */
  for (int64_t i = 0; i < count; ++i)
    printf("%s on %s holds %s: %.0f us\n", entries[i].operation, entries[i].device, entries[i].holds, entries[i].nanoseconds / 1e3);
  mlxc_array_free(x), mlxc_array_free(twice), mlxc_array_free(plus), mlxc_array_free(root);
}

/* An operation from source text. Its results are arrays like all others. */
static void kernel(mlxc_device* device) {
  static const char* source = "void main() { uint i = gl_GlobalInvocationID.x; if (i < y_size) y.at[i] = a.at[0] * x.at[i] + 1.0; }";
  const char *const inputs[] = {"a", "x"}, *const outputs[] = {"y"};
  const int64_t shape[2] = {64, 64}, threads[3] = {64 * 64, 1, 1}, corner[2] = {63, 63};
  const mlxc_array_type type = {shape, 2, MLXC_DTYPE_FLOAT32};
  mlxc_kernel* kernel;
  float value = 0;
  const mlxc_status status = mlxc_kernel_new(&kernel, device, "scaled", source, strlen(source), inputs, 2, outputs, 1, NULL, &error);
  if (status == MLXC_UNSUPPORTED) { /* the CPU takes none */
    printf("a kernel from source: %s\n", error.message);
    return;
  }
  check(status);
  mlxc_array *operands[2] = {filled(device, 3, 1), filled(device, 2, 64)}, *y;
  check(mlxc_kernel_apply(&y, kernel, operands, 2, &type, 1, threads, &error));
  check(mlxc_array_get(y, corner, 2, &value, sizeof value, &error));
  printf("a kernel from source: 3 * 2 + 1 = %g\n", value);
  mlxc_array_free(operands[0]), mlxc_array_free(operands[1]), mlxc_array_free(y);
  mlxc_kernel_free(kernel);
}

int main(int argc, char** argv) {
  mlxc_device* device;
  check(mlxc_device_open(&device, argc > 1 ? argv[1] : NULL, &error));
  streams(device);
  memory(device);
  profile(device);
  kernel(device);
  mlxc_device_free(device);
  return 0;
}
