/* Kernels from source: GLSL with named operands as operations of the graph. On vulkan:0 where there is one; the CPU says that it takes
 * none. */
#include "check.h"

static mlxc_device* device;

static mlxc_array* numbers(int64_t rows, int64_t columns) {
  const int64_t shape[2] = {rows, columns};
  float* values = malloc((size_t)(rows * columns) * sizeof *values);
  mlxc_array* array = NULL;
  for (int64_t i = 0; i < rows * columns; ++i) values[i] = (float)i;
  OK(mlxc_array_new(&array, device, values, (size_t)(rows * columns) * sizeof *values, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  free(values);
  return array;
}

static mlxc_status new_kernel(mlxc_kernel** out, const char* source, const char* const* inputs, int64_t input_count,
                              const char* const* outputs, int64_t output_count, mlxc_error* error) {
  return mlxc_kernel_new(out, device, "mine", source, strlen(source), inputs, input_count, outputs, output_count, NULL, error);
}

static const char* const X[] = {"x"};
static const char* const Y[] = {"y"};

static void results_are_arrays_like_others(void) {
  static const char* source = "void main() { uint i = gl_GlobalInvocationID.x; if (i < y_size) y.at[i] = a.at[0] * x.at[i]; }";
  const char* const inputs[] = {"a", "x"};
  const int64_t shape[2] = {7, 5}, threads[3] = {35, 1, 1};
  const mlxc_array_type type = {shape, 2, MLXC_DTYPE_FLOAT32};
  mlxc_kernel* kernel = NULL;
  mlxc_array *x = numbers(5, 7), *turned = NULL, *a = NULL, *y = NULL, *plus = NULL, *operands[2];
  float values[35];
  OK(new_kernel(&kernel, source, inputs, 2, Y, 1, &error));
  OK(mlxc_array_full(&a, device, 3, NULL, 0, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_transpose(&turned, x, NULL, 0, &error)); /* strided: the kernel sees it row-major */
  operands[0] = a;
  operands[1] = turned;
  OK(mlxc_kernel_apply(&y, kernel, operands, 2, &type, 1, threads, &error));
  mlxc_kernel_free(kernel); /* arrays keep what they need */
  OK(mlxc_array_binary_scalar(&plus, MLXC_BINARY_ADD, y, 1, &error));
  OK(mlxc_array_read(plus, values, sizeof values, NULL, &error));
  int good = 1;
  for (int row = 0; row < 7; ++row)
    for (int column = 0; column < 5; ++column) good &= values[row * 5 + column] == 3.0f * (float)(column * 7 + row) + 1;
  CHECK(good);
  mlxc_array* all[] = {x, turned, a, y, plus};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) mlxc_array_free(all[i]);
}

static void several_outputs_types_and_axes(void) {
  static const char* source =
      "uint parity(float value) { return uint(value) % 2u; }\n"
      "void main() {\n"
      "  uvec2 at = gl_GlobalInvocationID.xy;\n"
      "  if (at.x >= x_shape[1] || at.y >= x_shape[0]) return;\n"
      "  float value = x.at[at.y * x_shape[1] + at.x];\n"
      "  turned.at[at.x * turned_shape[1] + at.y] = int(value);\n"
      "  odd.at[at.y * x_shape[1] + at.x] = uint8_t(parity(value));\n"
      "  halved.at[at.y * x_shape[1] + at.x] = float16_t(0.5 * value);\n"
      "}\n";
  const char* const outputs[] = {"turned", "odd", "halved"};
  const int64_t shape[2] = {9, 20}, turned_shape[2] = {20, 9}, threads[3] = {20, 9, 1};
  const mlxc_array_type types[3] = {{turned_shape, 2, MLXC_DTYPE_INT32}, {shape, 2, MLXC_DTYPE_BOOL}, {shape, 2, MLXC_DTYPE_FLOAT16}};
  mlxc_kernel_options options = MLXC_KERNEL_OPTIONS_INIT;
  mlxc_kernel* kernel = NULL;
  mlxc_array *x = numbers(9, 20), *results[3] = {NULL, NULL, NULL}, *halved = NULL;
  int32_t turned[180];
  uint8_t odd[180];
  float half[180];
  options.group_x = 8;
  options.group_y = 8;
  OK(mlxc_kernel_new(&kernel, device, "three", source, strlen(source), X, 1, outputs, 3, &options, &error));
  OK(mlxc_kernel_apply(results, kernel, &x, 1, types, 3, threads, &error));
  OK(mlxc_array_cast(&halved, results[2], MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_read(results[0], turned, sizeof turned, NULL, &error));
  OK(mlxc_array_read(results[1], odd, sizeof odd, NULL, &error));
  OK(mlxc_array_read(halved, half, sizeof half, NULL, &error));
  int good = 1;
  for (int i = 0; i < 180; ++i) good &= turned[(i % 20) * 9 + i / 20] == i && odd[i] == i % 2 && half[i] == 0.5f * (float)i;
  CHECK(good);
  mlxc_kernel_free(kernel);
  mlxc_array_free(x);
  mlxc_array_free(halved);
  for (int i = 0; i < 3; ++i) mlxc_array_free(results[i]);
}

static void captured_functions_hold_them(void) {
  static const char* source = "void main() { uint i = gl_GlobalInvocationID.x; if (i < y_size) y.at[i] = x.at[i] * x.at[i]; }";
  const int64_t shape[2] = {4, 4}, threads[3] = {16, 1, 1};
  const mlxc_array_type type = {shape, 2, MLXC_DTYPE_FLOAT32};
  mlxc_kernel* kernel = NULL;
  mlxc_function* function = NULL;
  mlxc_array *x = NULL, *y = NULL, *given = numbers(4, 4), *result = NULL;
  mlxc_profile_entry entry;
  int64_t count = 0, launches = 0;
  float values[16];
  OK(new_kernel(&kernel, source, X, 1, Y, 1, &error));
  OK(mlxc_array_placeholder(&x, device, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_kernel_apply(&y, kernel, &x, 1, &type, 1, threads, &error));
  OK(mlxc_function_new(&function, &x, 1, &y, 1, NULL, 0, &error));
  OK(mlxc_function_launches(function, &launches, &error));
  CHECK(launches == 1);
  OK(mlxc_device_profile(device, 1, &error));
  OK(mlxc_function_call(function, &given, 1, &result, 1, NULL, &error));
  OK(mlxc_device_profile(device, 0, &error));
  OK(mlxc_array_read(result, values, sizeof values, NULL, &error));
  CHECK(values[15] == 225);
  OK(mlxc_device_profile_entries(device, &entry, 1, &count, &error));
  CHECK(count == 1 && strcmp(entry.operation, "mine") == 0 && entry.launches == 1);
  mlxc_function_free(function);
  mlxc_kernel_free(kernel);
  mlxc_array* all[] = {x, y, given, result};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) mlxc_array_free(all[i]);
}

static void mistakes_are_shown_with_the_compilers_words(void) {
  static const char* source = "void main() {\n  float value = x.at[0];\n  y.at[0] = valeu;\n}\n";
  const int64_t shape[1] = {1}, threads[3] = {1, 1, 1};
  const mlxc_array_type type = {shape, 1, MLXC_DTYPE_FLOAT32};
  mlxc_kernel* kernel = NULL;
  mlxc_array *x = numbers(1, 1), *y = NULL;
  mlxc_error record = MLXC_ERROR_INIT;
  OK(new_kernel(&kernel, source, X, 1, Y, 1, &error));
  CHECK(mlxc_kernel_apply(&y, kernel, &x, 1, &type, 1, threads, &record) == MLXC_INVALID_ARGUMENT);
  CHECK(y == NULL && strstr(record.message, "valeu") != NULL && strstr(record.message, ":3:") != NULL);
  mlxc_kernel_free(kernel);
  mlxc_array_free(x);
}

static void arguments_are_checked(void) {
  static const char* source = "void main() {}";
  const char *const twice[] = {"x", "x"}, *const digit[] = {"1x"}, *const reserved[] = {"gl_x"}, *const none[] = {NULL};
  const int64_t shape[1] = {4}, threads[3] = {4, 1, 1}, no_threads[3] = {0, 1, 1};
  const mlxc_array_type type = {shape, 1, MLXC_DTYPE_FLOAT32}, strange = {shape, 1, 99};
  mlxc_kernel_options options = MLXC_KERNEL_OPTIONS_INIT;
  mlxc_kernel* kernel = NULL;
  mlxc_array *x = numbers(2, 2), *y = NULL, *both[2] = {x, x};
  EXPECT(MLXC_INVALID_ARGUMENT, new_kernel(&kernel, source, twice, 2, Y, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, new_kernel(&kernel, source, Y, 1, Y, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, new_kernel(&kernel, source, digit, 1, Y, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, new_kernel(&kernel, source, reserved, 1, Y, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, new_kernel(&kernel, source, none, 1, Y, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, new_kernel(&kernel, source, X, 1, NULL, 0, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, new_kernel(&kernel, "", X, 1, Y, 1, &error));
  options.group_y = 0;
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_kernel_new(&kernel, device, "mine", source, strlen(source), X, 1, Y, 1, &options, &error));
  CHECK(kernel == NULL);
  OK(new_kernel(&kernel, source, X, 1, Y, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_kernel_apply(&y, kernel, both, 2, &type, 1, threads, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_kernel_apply(&y, kernel, &x, 1, &type, 1, no_threads, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_kernel_apply(&y, kernel, &x, 1, &strange, 1, threads, &error));
  mlxc_kernel_free(kernel);
  mlxc_array_free(x);
}

static void what_the_device_has_not_is_unsupported(void) {
  static const char* const sources[] = {
      "layout(set = 0, binding = 3) buffer B { float v[]; } b;\nvoid main() { y.at[0] = b.v[1]; }",
      "layout(set = 0, binding = 0) uniform sampler2D image;\nvoid main() { y.at[0] = texture(image, vec2(0)).x; }",
      "#extension GL_EXT_shader_realtime_clock : require\nvoid main() { y.at[0] = float(clockRealtime2x32EXT().x); }",
      "shared float much[1 << 24];\nvoid main() { much[gl_LocalInvocationIndex] = x.at[0]; barrier(); y.at[0] = much[uint(x.at[1])]; }"};
  const int64_t shape[1] = {1}, threads[3] = {1, 1, 1};
  const mlxc_array_type type = {shape, 1, MLXC_DTYPE_FLOAT32};
  mlxc_array *x = numbers(1, 2), *y = NULL;
  for (size_t i = 0; i < sizeof sources / sizeof sources[0]; ++i) {
    mlxc_kernel* kernel = NULL;
    mlxc_error record = MLXC_ERROR_INIT;
    OK(new_kernel(&kernel, sources[i], X, 1, Y, 1, &error));
    CHECK(mlxc_kernel_apply(&y, kernel, &x, 1, &type, 1, threads, &record) == MLXC_UNSUPPORTED);
    CHECK(y == NULL && strstr(record.message, i < 2 ? "bindings" : i < 3 ? "capability" : "shared memory") != NULL);
    mlxc_kernel_free(kernel);
  }
  mlxc_array_free(x);
}

static void the_cpu_takes_no_source(void) {
  mlxc_device* cpu = NULL;
  mlxc_kernel* kernel = NULL;
  OK(mlxc_device_open(&cpu, "cpu", &error));
  EXPECT(MLXC_UNSUPPORTED, mlxc_kernel_new(&kernel, cpu, "mine", "void main() {}", 14, X, 1, Y, 1, NULL, &error));
  CHECK(kernel == NULL);
  mlxc_device_free(cpu);
}

int main(void) {
  the_cpu_takes_no_source();
  if (mlxc_device_open(&device, "vulkan:0", NULL) == MLXC_OK) {
    results_are_arrays_like_others();
    several_outputs_types_and_axes();
    captured_functions_hold_them();
    mistakes_are_shown_with_the_compilers_words();
    arguments_are_checked();
    what_the_device_has_not_is_unsupported();
    mlxc_device_free(device);
  }
  return report("kernel");
}
