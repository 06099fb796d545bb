/* Placement: evaluations go where the file says that they are done first, and the profile says why. On two devices where there are two. */
#include <unistd.h>

#include "check.h"

static char path[256];
static mlxc_device *cpu, *gpu;

static void write_file(const char* text) {
  FILE* file = fopen(path, "w");
  if (!CHECK(file != NULL)) return;
  fputs(text, file);
  fclose(file);
}

/* A file of two devices whose launches, and columns of factorizations, take so many seconds; copies cost next to nothing. */
static void write_costs(double cpu_launch, double gpu_launch) {
  char text[2048];
  mlxc_device_info first = MLXC_DEVICE_INFO_INIT, second = MLXC_DEVICE_INFO_INIT;
  OK(mlxc_device_inspect(cpu, &first, &error));
  OK(mlxc_device_inspect(gpu, &second, &error));
  snprintf(
      text, sizeof text,
      "{\"version\":2,\"devices\":[{\"name\":\"%s\",\"description\":\"%s\",\"launch_seconds\":%g,\"bytes_per_second\":1e12,"
      "\"flops_per_second\":1e12,\"factorization_column_seconds\":%g,\"factorization_flops_per_second\":1e12,\"transfer_seconds\":1e-9,"
      "\"transfer_bytes_per_second\":1e12},{\"name\":\"%s\",\"description\":\"%s\","
      "\"launch_seconds\":%g,\"bytes_per_second\":1e12,\"flops_per_second\":1e12,\"factorization_column_seconds\":%g,"
      "\"factorization_flops_per_second\":1e12,\"transfer_seconds\":1e-9,\"transfer_bytes_per_second\":1e12}]}",
      first.name, first.description, cpu_launch, cpu_launch, second.name, second.description, gpu_launch, gpu_launch);
  write_file(text);
}

/* x * 2 + 1 of arrays of the CPU: where its launch ran and why, by the profile of `device`. */
static int64_t launches_on(mlxc_device* device, mlxc_profile_entry* entry) {
  const int64_t shape[1] = {1000};
  float values[1000], results[1000];
  mlxc_array *x = NULL, *twice = NULL, *y = NULL;
  int64_t count = 0;
  for (int i = 0; i < 1000; ++i) values[i] = (float)i;
  OK(mlxc_array_new(&x, cpu, values, sizeof values, shape, 1, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_binary_scalar(&twice, MLXC_BINARY_MULTIPLY, x, 2, &error));
  OK(mlxc_array_binary_scalar(&y, MLXC_BINARY_ADD, twice, 1, &error));
  OK(mlxc_device_profile(device, 1, &error));
  OK(mlxc_array_read(y, results, sizeof results, NULL, &error));
  OK(mlxc_device_profile(device, 0, &error));
  CHECK(results[0] == 1 && results[999] == 1999);
  OK(mlxc_device_profile_entries(device, entry, 1, &count, &error));
  mlxc_array_free(x);
  mlxc_array_free(twice);
  mlxc_array_free(y);
  return count;
}

static void the_estimate_decides_and_the_profile_says_why(void) {
  mlxc_profile_entry entry;
  write_costs(1e-6, 1);
  OK(mlxc_placement_enable(cpu, path, &error));
  CHECK(launches_on(cpu, &entry) == 1 && strstr(entry.reason, "auto: estimated 1 us on cpu") != NULL);
  write_costs(1, 1e-6);
  OK(mlxc_placement_enable(cpu, path, &error));
  CHECK(launches_on(cpu, &entry) == 0);
  CHECK(launches_on(gpu, &entry) == 1 && strcmp(entry.device, "vulkan:0") == 0 && strstr(entry.reason, "with copies on vulkan:0") != NULL);
  OK(mlxc_placement_disable(cpu, &error));
  CHECK(launches_on(cpu, &entry) == 1 && entry.reason[0] == 0);
}

static void functions_go_there_too_and_come_back(void) {
  const int64_t shape[2] = {2, 3};
  const float values[6] = {1, 2, 3, 4, 5, 6};
  float results[6];
  mlxc_function* function = NULL;
  mlxc_array *x = NULL, *constant = NULL, *y = NULL, *given = NULL, *output = NULL;
  mlxc_profile_entry entry;
  int64_t count = 0;
  write_costs(1, 1e-6);
  OK(mlxc_placement_enable(cpu, path, &error));
  OK(mlxc_array_placeholder(&x, cpu, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_new(&constant, cpu, values, sizeof values, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_binary(&y, MLXC_BINARY_MULTIPLY, x, constant, &error));
  OK(mlxc_function_new(&function, &x, 1, &y, 1, NULL, 0, &error));
  OK(mlxc_array_new(&given, cpu, values, sizeof values, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  for (int placed = 1; placed >= 0; --placed) {
    if (!placed) OK(mlxc_placement_disable(cpu, &error)); /* holds for what was captured before, too */
    OK(mlxc_device_profile(gpu, 1, &error));
    OK(mlxc_function_call(function, &given, 1, &output, 1, NULL, &error));
    OK(mlxc_device_profile(gpu, 0, &error));
    OK(mlxc_device_profile_entries(gpu, &entry, 1, &count, &error));
    CHECK(count == placed);
    OK(mlxc_array_read(output, results, sizeof results, NULL, &error));
    CHECK(results[0] == 1 && results[5] == 36);
    mlxc_array_free(output);
  }
  mlxc_array* all[] = {x, constant, y, given};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) mlxc_array_free(all[i]);
  mlxc_function_free(function);
}

static void what_is_bound_to_its_device_stays(void) {
  const int64_t shape[1] = {1};
  const double value = 2;
  double result = 0;
  mlxc_array *x = NULL, *y = NULL;
  mlxc_profile_entry entry;
  int64_t count = 0;
  write_costs(1, 1e-6);
  OK(mlxc_placement_enable(cpu, path, &error));
  OK(mlxc_array_new(&x, cpu, &value, sizeof value, shape, 1, MLXC_DTYPE_FLOAT64, &error));
  OK(mlxc_array_unary(&y, MLXC_UNARY_SQUARE, x, &error));
  OK(mlxc_device_profile(cpu, 1, &error));
  OK(mlxc_array_read(y, &result, sizeof result, NULL, &error));
  OK(mlxc_device_profile(cpu, 0, &error));
  OK(mlxc_device_profile_entries(cpu, &entry, 1, &count, &error));
  CHECK(result == 4 && count == 1 && strstr(entry.reason, "float64") != NULL);
  OK(mlxc_placement_disable(cpu, &error));
  mlxc_array_free(x);
  mlxc_array_free(y);
}

/* The columns of a factorization cost what they take there; a device without a kernel for one is out of the question. */
static void factorizations_go_where_their_kernels_are(void) {
  const int64_t shape[2] = {2, 2};
  const float values[4] = {2, 1, 1, 2};
  float results[4];
  mlxc_array *x = NULL, *factor = NULL, *solved = NULL;
  mlxc_profile_entry entry;
  int64_t count = 0;
  write_costs(1, 1e-6);
  OK(mlxc_placement_enable(cpu, path, &error));
  OK(mlxc_array_new(&x, cpu, values, sizeof values, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_linalg_cholesky(&factor, x, 0, &error));
  OK(mlxc_linalg_solve(&solved, x, x, &error));
  OK(mlxc_device_profile(gpu, 1, &error));
  OK(mlxc_array_read(factor, results, sizeof results, NULL, &error));
  OK(mlxc_device_profile(gpu, 0, &error));
  OK(mlxc_device_profile_entries(gpu, &entry, 1, &count, &error));
  CHECK(results[0] > 1.41f && results[0] < 1.42f && results[1] == 0);
  CHECK(count == 1 && strcmp(entry.device, "vulkan:0") == 0);
  CHECK(strstr(entry.reason, "auto: estimated 2000000 us on cpu, ") != NULL && strstr(entry.reason, "with copies on vulkan:0") != NULL);
  OK(mlxc_device_profile(cpu, 1, &error));
  OK(mlxc_array_read(solved, results, sizeof results, NULL, &error));
  OK(mlxc_device_profile(cpu, 0, &error));
  OK(mlxc_device_profile_entries(cpu, &entry, 1, &count, &error));
  CHECK(count == 1 && strcmp(entry.device, "cpu") == 0 && strstr(entry.reason, "no kernel for solve on vulkan:0") != NULL);
  OK(mlxc_placement_disable(cpu, &error));
  mlxc_array* all[] = {x, factor, solved};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; ++k) mlxc_array_free(all[k]);
}

static void files_are_checked(void) {
  EXPECT(MLXC_NOT_FOUND, mlxc_placement_enable(cpu, "/no/such/file", &error));
  const char* bad[] = {"",
                       "[]",
                       "{\"version\":3,\"devices\":[]}",
                       "{\"version\":2}",
                       "{\"version\":2,\"devices\":[{\"name\":\"cpu\",\"description\":\"x\",\"launch_seconds\":-1}]}",
                       "{\"version\":2,\"devices\":[{\"name\":\"cpu\",\"description\":\"x\",\"launch_seconds\":1,\"bytes_per_second\":0,"
                       "\"flops_per_second\":1e9,\"factorization_column_seconds\":1,\"factorization_flops_per_second\":1e9,\"transfer_"
                       "seconds\":1,\"transfer_bytes_per_second\":1e9}]}"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    mlxc_status status;
    mlxc_error record = MLXC_ERROR_INIT;
    write_file(bad[i]);
    status = mlxc_placement_enable(cpu, path, &record);
    CHECK(status == MLXC_FORMAT || status == MLXC_UNSUPPORTED);
  }
  write_file("{\"version\":2,\"devices\":[]}");
  EXPECT(MLXC_UNSUPPORTED, mlxc_placement_enable(cpu, path, &error));
}

static void calibrating_measures_this_machine(void) {
  OK(mlxc_placement_calibrate(path, &error));
  OK(mlxc_placement_enable(cpu, path, &error));
  OK(mlxc_placement_disable(cpu, &error));
  EXPECT(MLXC_NOT_FOUND, mlxc_placement_calibrate("/no/such/folder/placement.json", &error));
}

int main(void) {
  const char* folder = getenv("TMPDIR");
  snprintf(path, sizeof path, "%s/mlxc-placement-%ld.json", folder ? folder : "/tmp", (long)getpid());
  setenv("MLXC_VULKAN_SOFTWARE", "1", 1);
  OK(mlxc_device_open(&cpu, "cpu", &error));
  files_are_checked();
  calibrating_measures_this_machine();
  if (mlxc_device_open(&gpu, "vulkan:0", NULL) == MLXC_OK) {
    the_estimate_decides_and_the_profile_says_why();
    functions_go_there_too_and_come_back();
    what_is_bound_to_its_device_stays();
    factorizations_go_where_their_kernels_are();
    mlxc_device_free(gpu);
  }
  mlxc_device_free(cpu);
  remove(path);
  return report("placement");
}
