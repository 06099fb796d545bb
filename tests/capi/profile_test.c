/* Profiles: launches are counted, fused ones say what they hold, the trace is complete. On MLXC_DEVICE. */
#include "check.h"

static mlxc_device* device;

static mlxc_array* ones(int64_t rows, int64_t columns) {
  const int64_t shape[2] = {rows, columns};
  float* values = malloc((size_t)(rows * columns) * sizeof *values);
  mlxc_array* array = NULL;
  for (int64_t i = 0; i < rows * columns; ++i) values[i] = 1;
  OK(mlxc_array_new(&array, device, values, (size_t)(rows * columns) * sizeof *values, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  free(values);
  return array;
}

/* exp(x) * 2 + y, then its product with y. */
static void evaluate_chain_and_product(void) {
  mlxc_array *x = ones(64, 64), *y = ones(64, 64), *e = NULL, *d = NULL, *s = NULL, *p = NULL;
  OK(mlxc_array_unary(&e, MLXC_UNARY_EXP, x, &error));
  OK(mlxc_array_binary_scalar(&d, MLXC_BINARY_MULTIPLY, e, 2, &error));
  OK(mlxc_array_binary(&s, MLXC_BINARY_ADD, d, y, &error));
  OK(mlxc_array_matmul(&p, s, y, &error));
  OK(mlxc_array_eval(&p, 1, &error));
  mlxc_array* all[] = {x, y, e, d, s, p};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) mlxc_array_free(all[i]);
}

static int has_entry(const mlxc_profile_entry* entries, int64_t count, const char* operation, mlxc_profile_entry* found) {
  for (int64_t i = 0; i < count; ++i)
    if (strcmp(entries[i].operation, operation) == 0) {
      *found = entries[i];
      return 1;
    }
  return 0;
}

static void launches_and_what_they_hold_are_counted(void) {
  mlxc_profile_entry entries[16], found;
  int64_t count = 0;
  evaluate_chain_and_product(); /* planned */
  OK(mlxc_device_profile(device, 1, &error));
  evaluate_chain_and_product();
  evaluate_chain_and_product();
  OK(mlxc_device_profile(device, 0, &error));
  evaluate_chain_and_product(); /* not counted any more */
  OK(mlxc_device_profile_entries(device, entries, 16, &count, &error));
  if (!CHECK(has_entry(entries, count, "fused", &found))) return;
  CHECK(found.operations == 3);
  CHECK(strcmp(found.holds, "exp multiply add") == 0);
  CHECK(found.launches == 2);
  CHECK(found.nanoseconds > 0);
  CHECK(found.bytes == 2 * 3 * 64 * 64 * 4.0);
  if (!CHECK(has_entry(entries, count, "matmul", &found))) return;
  CHECK(found.operations == 1 && found.launches >= 2);
  CHECK(found.flops >= 2 * 2.0 * 64 * 64 * 64);
  CHECK(found.device[0] != 0 && found.kernel[0] != 0);
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_device_profile_entries(device, NULL, 0, &count, &error));
}

static char* text_of(mlxc_status (*function)(mlxc_device*, char*, size_t, size_t*, mlxc_error*), mlxc_device* of) {
  size_t needed = 0;
  EXPECT(MLXC_BUFFER_TOO_SMALL, function(of, NULL, 0, &needed, &error));
  char* text = malloc(needed);
  OK(function(of, text, needed, &needed, &error));
  return text;
}

static void tables_and_traces_name_every_launch(void) {
  char* table = text_of(mlxc_device_profile_text, device);
  CHECK(strstr(table, "matmul") && strstr(table, "exp multiply add") && strstr(table, "launches"));
  free(table);
  for (int all = 0; all < 2; ++all) {
    char* trace = text_of(mlxc_device_profile_trace, all ? NULL : device);
    int launches = 0;
    CHECK(strncmp(trace, "{\"displayTimeUnit\"", 18) == 0);
    for (const char* at = trace; (at = strstr(at, "\"ph\":\"X\"")); ++at) ++launches;
    CHECK(launches >= 4);
    CHECK(strstr(trace, "\"holds\":\"exp multiply add\"") != NULL);
    CHECK(strstr(trace, "\"process_name\"") != NULL);
    free(trace);
  }
}

static void switching_on_starts_afresh(void) {
  int64_t count = -1;
  mlxc_profile_entry entry;
  OK(mlxc_device_profile(device, 1, &error));
  OK(mlxc_device_profile(device, 0, &error));
  OK(mlxc_device_profile_entries(device, &entry, 1, &count, &error));
  CHECK(count == 0);
}

int main(void) {
  OK(mlxc_device_open(&device, NULL, &error));
  launches_and_what_they_hold_are_counted();
  tables_and_traces_name_every_launch();
  switching_on_starts_afresh();
  mlxc_device_free(device);
  return report("profile");
}
