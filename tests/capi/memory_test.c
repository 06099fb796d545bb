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
  CHECK(getenv("MLXC_DEVICE") || during.reserved_bytes == during.active_bytes + during.cached_bytes);
  CHECK(during.fragmentation >= 0 && during.fragmentation < 1);
  mlxc_array_free(array);
  CHECK(stats_now().active_bytes == before.active_bytes); /* at once */
  for (int i = 0; i < 20; ++i) mlxc_array_free(evaluated(8, MLXC_OK));
  const mlxc_memory_stats after = stats_now();
  CHECK(after.misses == during.misses && after.hits >= during.hits + 20);
  CHECK(after.hit_nanoseconds > 0 && after.miss_nanoseconds > 0);
}

static void beyond_the_limit_is_out_of_memory_and_smaller_goes_on(void) {
  mlxc_memory_stats stats = stats_now();
  OK(mlxc_memory_set_limit(NULL, stats.active_bytes + (20 << 20), &error));
  mlxc_array* large = evaluated(32, MLXC_OUT_OF_MEMORY);
  mlxc_array* small = evaluated(4, MLXC_OK);
  float value = 0;
  const int64_t index[1] = {-1};
  OK(mlxc_array_get(small, index, 1, &value, sizeof value, &error));
  CHECK(value == 1.5f);
  OK(mlxc_memory_set_limit(NULL, 0, &error));
  OK(mlxc_array_eval(&large, 1, &error)); /* what failed is as it was */
  mlxc_array_free(large);
  mlxc_array_free(small);
  CHECK(stats_now().active_bytes == stats.active_bytes);
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
  const char* large = getenv("MLXC_TEST_LARGE");
  if (large && strcmp(large, "1") == 0) sizes_past_4_gib_work();
  return report("memory");
}
