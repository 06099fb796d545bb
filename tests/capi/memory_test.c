/* Memory: statistics, limits, out of memory and what comes after, trim. On MLXC_DEVICE. */
#include "check.h"

static mlxc_memory_stats stats_now(void) {
  mlxc_memory_stats stats = MLXC_MEMORY_STATS_INIT;
  OK(mlxc_memory_read(NULL, &stats, &error));
  return stats;
}

static mlxc_array* evaluated(int64_t megabytes, mlxc_status expected) {
  const int64_t shape[1] = {megabytes << 18};
  mlxc_array* array = NULL;
  OK(mlxc_array_full(&array, NULL, 1.5, shape, 1, MLXC_DTYPE_FLOAT32, &error));
  EXPECT(expected, mlxc_array_eval(&array, 1, &error));
  return array;
}

static void freed_memory_is_counted_and_reused(void) {
  const mlxc_memory_stats before = stats_now();
  mlxc_array* array = evaluated(8, MLXC_OK);
  const mlxc_memory_stats during = stats_now();
  CHECK(during.active_bytes - before.active_bytes >= 8 << 20);
  CHECK(during.requested_bytes - before.requested_bytes >= 8 << 20);
  CHECK(during.active_bytes >= during.requested_bytes);
  CHECK(during.peak_bytes >= during.active_bytes && during.peak_requested_bytes >= during.requested_bytes);
  CHECK(during.reserved_bytes >= during.active_bytes + during.cached_bytes);
#if !defined(__SANITIZE_ADDRESS__) /* with it, guards lie between the arrays */
  CHECK(getenv("MLXC_DEVICE") || during.reserved_bytes == during.active_bytes + during.cached_bytes);
#endif
  CHECK(during.fragmentation >= 0 && during.fragmentation < 1);
  mlxc_array_free(array);
  CHECK(stats_now().active_bytes == before.active_bytes); /* at once */
  for (int i = 0; i < 20; ++i) mlxc_array_free(evaluated(8, MLXC_OK));
  const mlxc_memory_stats after = stats_now();
  CHECK(after.misses == during.misses && after.hits >= during.hits + 20);
  CHECK(after.hit_nanoseconds > 0 && after.miss_nanoseconds > 0);
}

static void beyond_the_limit_is_out_of_memory_and_smaller_goes_on(void) {
  float value = 0;
  const int64_t index[1] = {-1};
  mlxc_array* first = evaluated(4, MLXC_OK); /* what a device keeps from the first read on is not in question here */
  OK(mlxc_array_get(first, index, 1, &value, sizeof value, &error));
  mlxc_array_free(first);
  mlxc_memory_stats stats = stats_now();
  OK(mlxc_memory_set_limit(NULL, stats.active_bytes + (20 << 20), &error));
  mlxc_array* large = evaluated(32, MLXC_OUT_OF_MEMORY);
  mlxc_array* small = evaluated(4, MLXC_OK);
  OK(mlxc_array_get(small, index, 1, &value, sizeof value, &error));
  CHECK(value == 1.5f);
  OK(mlxc_memory_set_limit(NULL, 0, &error));
  OK(mlxc_array_eval(&large, 1, &error)); /* what failed is as it was */
  mlxc_array_free(large);
  mlxc_array_free(small);
  CHECK(stats_now().active_bytes == stats.active_bytes);
}

/* Something of every kind, from a square matrix. */
enum { SIDE = 320, KINDS = 10 };
static mlxc_array* heavy(int kind, mlxc_array* x) {
  const int64_t image[4] = {1, 1, SIDE, SIDE}, kernel[4] = {4, 1, 3, 3};
  mlxc_array *out = NULL, *other = NULL, *third = NULL, *pair[2] = {x, x};
  switch (kind) {
    case 0: OK(mlxc_array_matmul(&out, x, x, &error)); break;
    case 1: OK(mlxc_array_sort(&out, x, 0, 0, &error)); break;
    case 2: OK(mlxc_array_scan(&out, MLXC_SCAN_SUM, x, 0, 0, 0, &error)); break;
    case 3: OK(mlxc_array_concatenate(&out, pair, 2, 1, &error)); break;
    case 4:
      OK(mlxc_array_reshape(&other, x, image, 4, &error));
      OK(mlxc_array_full(&third, NULL, 0.5, kernel, 4, MLXC_DTYPE_FLOAT32, &error));
      OK(mlxc_array_convolution(&out, other, third, NULL, NULL, NULL, NULL, 2, 1, &error));
      break;
    case 5: OK(mlxc_linalg_svd(&out, &other, &third, x, 0, &error)); break;
    case 6: OK(mlxc_linalg_solve(&out, x, x, &error)); break;
    case 7: OK(mlxc_array_softmax(&out, x, -1, 0, &error)); break;
    case 8:
      OK(mlxc_array_binary(&other, MLXC_BINARY_MULTIPLY, x, x, &error));
      OK(mlxc_array_reduce(&third, MLXC_REDUCE_SUM, other, NULL, 0, 0, &error));
      OK(mlxc_grad(&out, &third, 1, &x, 1, NULL, 0, &error));
      break;
    default: OK(mlxc_array_cast(&out, x, MLXC_DTYPE_FLOAT64, &error));
  }
  mlxc_array_free(other);
  mlxc_array_free(third);
  return out;
}

static void limit_to_a_little_more(void) { OK(mlxc_memory_set_limit(NULL, stats_now().active_bytes + (64 << 10), &error)); }

static void every_kind_of_work_survives_it(void) {
  static float values[SIDE * SIDE], results[4];
  const int64_t shape[2] = {SIDE, SIDE}, one = 1;
  mlxc_array *x = NULL, *refused = NULL;
  uint32_t state = 1;
  for (int i = 0; i < SIDE * SIDE; ++i)
    values[i] = (float)((state = state * 1664525u + 1013904223u) >> 8) / (1 << 24) + (i % (SIDE + 1) ? 0 : SIDE);
  OK(mlxc_array_new(&x, NULL, values, sizeof values, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  const int64_t before = stats_now().active_bytes;
  for (int kind = 0; kind < KINDS; ++kind) {
    mlxc_array *result = heavy(kind, x), *small = NULL, *finite = NULL, *all = NULL;
    uint8_t good = 0;
    limit_to_a_little_more();
    EXPECT(MLXC_OUT_OF_MEMORY, mlxc_array_eval(&result, 1, &error));
    EXPECT(MLXC_OUT_OF_MEMORY, mlxc_array_new(&refused, NULL, values, sizeof values, shape, 2, MLXC_DTYPE_FLOAT32, &error));
    OK(mlxc_array_full(&small, NULL, 2, &one, 1, MLXC_DTYPE_FLOAT32, &error));
    OK(mlxc_array_read(small, results, sizeof(float), NULL, &error)); /* the next smaller call */
    CHECK(results[0] == 2);
    mlxc_array_free(small);
    OK(mlxc_memory_set_limit(NULL, 0, &error));
    OK(mlxc_array_unary(&finite, MLXC_UNARY_ISFINITE, result, &error));
    OK(mlxc_array_reduce(&all, MLXC_REDUCE_ALL, finite, NULL, 0, 0, &error));
    OK(mlxc_array_read(all, &good, 1, NULL, &error)); /* what failed is as it was */
    CHECK(good == 1);
    mlxc_array_free(result);
    mlxc_array_free(finite);
    mlxc_array_free(all);
  }
  CHECK(getenv("MLXC_DEVICE") || stats_now().active_bytes == before); /* a GPU's programs hold tables */
  mlxc_array_free(x);
}

static void functions_and_models_survive_it(void) {
  static float rows[20000 * 8], votes[20000];
  const int64_t shape[2] = {1, 8};
  mlxc_array *hole = NULL, *sums = NULL, *given = NULL, *result = NULL;
  mlxc_function* function = NULL;
  mlxc_model* model = NULL;
  const int64_t axis_shape[2] = {20000, 8};
  const int32_t axis = 1;
  OK(mlxc_array_placeholder(&hole, NULL, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_scan(&sums, MLXC_SCAN_SUM, hole, axis, 0, 0, &error));
  OK(mlxc_function_new(&function, &hole, 1, &sums, 1, NULL, 0, &error));
  OK(mlxc_array_full(&given, NULL, 1, axis_shape, 2, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_eval(&given, 1, &error));
  limit_to_a_little_more();
  EXPECT(MLXC_OUT_OF_MEMORY, mlxc_function_call(function, &given, 1, &result, 1, NULL, &error));
  CHECK(result == NULL);
  OK(mlxc_function_run_rows(function, rows, 8 * sizeof(float), 1, votes, 8 * sizeof(float), NULL, NULL, &error));
  if (getenv("MLXC_DEVICE")) EXPECT(MLXC_OUT_OF_MEMORY, mlxc_model_load(&model, MODEL_PATH, NULL, &error)); /* the CPU maps the file */
  CHECK(model == NULL);
  OK(mlxc_memory_set_limit(NULL, 0, &error));
  OK(mlxc_function_call(function, &given, 1, &result, 1, NULL, &error));
  mlxc_array_free(result);
  OK(mlxc_model_load(&model, MODEL_PATH, NULL, &error));
  mlxc_model_free(model);
  mlxc_function_free(function);
  mlxc_array_free(hole);
  mlxc_array_free(sums);
  mlxc_array_free(given);
}

static void trimming_gives_free_blocks_back(void) {
  mlxc_array_free(evaluated(16, MLXC_OK));
  mlxc_array_free(evaluated(24, MLXC_OK));
  CHECK(stats_now().cached_bytes >= 24 << 20);
  const int64_t reserved = stats_now().reserved_bytes;
  OK(mlxc_memory_trim(NULL, 0, &error));
  CHECK(stats_now().reserved_bytes <= reserved - (24 << 20));
  OK(mlxc_memory_set_cache_limit(NULL, 0, &error));
  const int64_t cached = stats_now().cached_bytes;
  mlxc_array_free(evaluated(24, MLXC_OK));
  CHECK(stats_now().cached_bytes <= cached);
  OK(mlxc_memory_set_cache_limit(NULL, (int64_t)1 << 30, &error));
}

static void peaks_start_again(void) {
  mlxc_array_free(evaluated(16, MLXC_OK));
  OK(mlxc_memory_reset_peak(NULL, &error));
  const mlxc_memory_stats stats = stats_now();
  CHECK(stats.peak_bytes == stats.active_bytes && stats.peak_reserved_bytes == stats.reserved_bytes);
  CHECK(stats.peak_requested_bytes == stats.requested_bytes);
}

/* An older caller's struct ends after peak_bytes. */
static void older_structs_are_filled_as_far_as_they_reach(void) {
  mlxc_memory_stats stats;
  memset(&stats, 0x55, sizeof stats);
  stats.struct_size = (uint32_t)offsetof(mlxc_memory_stats, requested_bytes);
  OK(mlxc_memory_read(NULL, &stats, &error));
  CHECK(stats.peak_bytes < (int64_t)1 << 40 && stats.requested_bytes == 0x5555555555555555LL);
}

/* MLXC_TEST_LARGE=1: one array of more than 4 GiB, 9 GiB of memory in all. */
static void sizes_past_4_gib_work(void) {
  const int64_t count = ((int64_t)1 << 32) + 5, shape[1] = {count};
  const int64_t last[1] = {count - 1}, far[1] = {((int64_t)1 << 32) + 1};
  mlxc_array *zeros = NULL, *marked = NULL, *plus = NULL, *sum = NULL;
  uint8_t one = 1, value = 0;
  int64_t total = 0;
  OK(mlxc_array_full(&zeros, NULL, 0, shape, 1, MLXC_DTYPE_UINT8, &error));
  OK(mlxc_array_set(&marked, zeros, far, 1, &one, 1, &error));
  OK(mlxc_array_binary_scalar(&plus, MLXC_BINARY_ADD, marked, 2, &error));
  OK(mlxc_array_eval(&plus, 1, &error));
  mlxc_array_free(zeros);
  mlxc_array_free(marked);
  OK(mlxc_array_get(plus, far, 1, &value, 1, &error));
  CHECK(value == 3);
  OK(mlxc_array_get(plus, last, 1, &value, 1, &error));
  CHECK(value == 2);
  OK(mlxc_array_reduce(&sum, MLXC_REDUCE_COUNT, plus, NULL, 0, 0, &error));
  OK(mlxc_array_read(sum, &total, sizeof total, NULL, &error));
  CHECK(total == count);
  mlxc_array_free(plus);
  mlxc_array_free(sum);
}

int main(void) {
  freed_memory_is_counted_and_reused();
  beyond_the_limit_is_out_of_memory_and_smaller_goes_on();
  trimming_gives_free_blocks_back();
  peaks_start_again();
  older_structs_are_filled_as_far_as_they_reach();
  every_kind_of_work_survives_it();
  functions_and_models_survive_it();
  const char* large = getenv("MLXC_TEST_LARGE");
  if (large && strcmp(large, "1") == 0) sizes_past_4_gib_work();
  return report("memory");
}
