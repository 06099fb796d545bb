/* Arrays and functions through the C interface: values, views, lifetimes, broadcasting, captured graphs. */
#include "check.h"

#define F32 MLXC_DTYPE_FLOAT32

static mlxc_array* array_of(const float* values, int64_t rows, int64_t columns) {
  mlxc_array* array = NULL;
  int64_t shape[2] = {rows, columns};
  OK(mlxc_array_new(&array, NULL, values, (size_t)(rows * columns) * sizeof *values, shape, 2, F32, &error));
  return array;
}

/* Whether the host sees an array's memory: not on a GPU with memory of its own. */
static int peek(mlxc_array* a, const void** data, size_t* bytes) {
  mlxc_error error = MLXC_ERROR_INIT;
  const char* device = getenv("MLXC_DEVICE");
  const mlxc_status status = mlxc_array_peek(a, data, bytes, &error);
  if (status == MLXC_UNSUPPORTED && device && strncmp(device, "vulkan", 6) == 0) return 0;
  CHECK(status == MLXC_OK);
  return status == MLXC_OK;
}

static void values_are(mlxc_array* array, const float* expected, int64_t count, int line) {
  float values[64];
  size_t needed = 0;
  mlxc_error error = MLXC_ERROR_INIT;
  mlxc_status status = mlxc_array_read(array, values, sizeof values, &needed, &error);
  int good = status == MLXC_OK && needed == (size_t)count * sizeof(float);
  for (int64_t i = 0; good && i < count; ++i) good = values[i] - expected[i] < 1e-5f && expected[i] - values[i] < 1e-5f;
  if (!good) fprintf(stderr, "%s:%d: other values than expected, %s\n", __FILE__, line, error.message);
  CHECK(good);
}
/* Frees the array afterwards. */
#define VALUES(array, ...)                                                                                     \
  do {                                                                                                         \
    const float expected_values[] = {__VA_ARGS__};                                                             \
    values_are(array, expected_values, (int64_t)(sizeof expected_values / sizeof *expected_values), __LINE__); \
    mlxc_array_free(array);                                                                                    \
  } while (0)

static void operations(void) {
  const float six[] = {1, 2, 3, 4, 5, 6}, row[] = {10, 20, 30};
  mlxc_array *a = array_of(six, 2, 3), *b = array_of(row, 1, 3), *c = NULL, *d = NULL;
  int64_t shape[3] = {3, -1, 1}, start[2] = {1, 2}, stop[2] = {2, -4}, step[2] = {1, -2}, wide[2] = {2, 3};
  int32_t axes[2] = {1, 0}, first = 0, dtype = -1;
  OK(mlxc_array_binary(&c, MLXC_BINARY_ADD, a, b, &error));
  VALUES(c, 11, 22, 33, 14, 25, 36);
  OK(mlxc_array_binary_scalar(&c, MLXC_BINARY_MULTIPLY, a, 2, &error));
  VALUES(c, 2, 4, 6, 8, 10, 12);
  OK(mlxc_array_unary(&c, MLXC_UNARY_SQUARE, a, &error));
  VALUES(c, 1, 4, 9, 16, 25, 36);
  OK(mlxc_array_transpose(&c, a, axes, 2, &error));
  OK(mlxc_array_matmul(&d, a, c, &error));
  VALUES(d, 14, 32, 32, 77);
  const void* data = NULL;
  size_t bytes = 0;
  EXPECT(MLXC_UNSUPPORTED, mlxc_array_peek(c, &data, &bytes, &error)); /* a view in another order */
  OK(mlxc_array_contiguous(&d, c, &error));
  CHECK(!peek(d, &data, &bytes) || (bytes == sizeof six && ((const float*)data)[1] == 4));
  mlxc_array_free(d);
  VALUES(c, 1, 4, 2, 5, 3, 6); /* a read is in logical order all the same */
  OK(mlxc_array_slice(&c, a, start, stop, step, 2, &error));
  VALUES(c, 6, 4);
  OK(mlxc_array_reshape(&c, a, shape, 3, &error));
  int64_t got[3] = {0}, rank = 0;
  OK(mlxc_array_shape(c, got, 3, &rank, &error));
  CHECK(rank == 3 && got[0] == 3 && got[1] == 2 && got[2] == 1);
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_array_shape(c, got, 2, &rank, &error));
  VALUES(c, 1, 2, 3, 4, 5, 6);
  OK(mlxc_array_broadcast(&c, b, wide, 2, &error));
  VALUES(c, 10, 20, 30, 10, 20, 30);
  OK(mlxc_array_reduce(&c, MLXC_REDUCE_MEAN, a, &first, 1, 0, &error));
  VALUES(c, 2.5f, 3.5f, 4.5f);
  OK(mlxc_array_reduce(&c, MLXC_REDUCE_MAX, a, NULL, 0, 1, &error));
  VALUES(c, 6);
  OK(mlxc_array_softmax(&c, b, -1, 0, &error));
  VALUES(c, 2.0611537e-9f, 4.5397868e-5f, 0.9999546f);
  mlxc_array* pair[2] = {a, b};
  OK(mlxc_array_concatenate(&c, pair, 2, 0, &error));
  VALUES(c, 1, 2, 3, 4, 5, 6, 10, 20, 30);
  OK(mlxc_array_binary_scalar(&c, MLXC_BINARY_GREATER, a, 3, &error));
  OK(mlxc_array_dtype(c, &dtype, &error));
  CHECK(dtype == MLXC_DTYPE_BOOL);
  OK(mlxc_array_where(&d, c, a, b, &error));
  mlxc_array_free(c);
  VALUES(d, 10, 20, 30, 4, 5, 6);
  OK(mlxc_array_argmax(&c, a, 1, 0, &error));
  OK(mlxc_array_cast(&d, c, F32, &error));
  mlxc_array_free(c);
  VALUES(d, 2, 2);
  OK(mlxc_array_argmin(&c, a, 0, 1, &error));
  OK(mlxc_array_cast(&d, c, F32, &error));
  mlxc_array_free(c);
  VALUES(d, 0, 0, 0);
  OK(mlxc_array_arange(&c, NULL, 1, -1, -1, MLXC_DTYPE_INT32, &error));
  OK(mlxc_array_take(&d, a, c, &error));
  mlxc_array_free(c);
  VALUES(d, 4, 5, 6, 1, 2, 3);
  OK(mlxc_array_copy(&c, a, &error));
  mlxc_array_free(a);
  VALUES(c, 1, 2, 3, 4, 5, 6);
  mlxc_array_free(b);
}

static void what_does_not_fit(void) {
  const float values[] = {1, 2, 3, 4, 5, 6};
  mlxc_array *a = array_of(values, 2, 3), *b = array_of(values, 3, 2), *c = (mlxc_array*)1;
  int64_t huge[2] = {INT64_MAX, 2}, negative[1] = {-1}, seven[1] = {7};
  float one = 0;
  size_t needed = 0;
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_binary(&c, MLXC_BINARY_ADD, a, b, &error));
  CHECK(c == NULL);
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_matmul(&c, a, a, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_reshape(&c, a, seven, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_full(&c, NULL, 0, huge, 2, F32, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_full(&c, NULL, 0, negative, 1, F32, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_arange(&c, NULL, 0, 1e300, 1, F32, &error));
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_array_read(a, &one, sizeof one, &needed, &error));
  CHECK(needed == sizeof values && one == 0);
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_array_read(a, NULL, 0, &needed, &error));
  OK(mlxc_array_eval(NULL, 0, &error));
  /* A huge array that nobody evaluates costs nothing; evaluating it is an error, not a crash. */
  int64_t large[1] = {(int64_t)1 << 50};
  OK(mlxc_array_full(&c, NULL, 1, large, 1, F32, &error));
  EXPECT(MLXC_OUT_OF_MEMORY, mlxc_array_eval(&c, 1, &error));
  mlxc_array_free(c);
  /* A view may have more bytes than an address; what would have to hold them is an error too. */
  mlxc_array *scalar, *wide, *indices;
  int64_t widest[1] = {(int64_t)1 << 62}, counts[2] = {INT64_MAX, 1};
  OK(mlxc_array_new(&scalar, NULL, values, sizeof one, NULL, 0, F32, &error));
  OK(mlxc_array_broadcast(&wide, scalar, widest, 1, &error));
  EXPECT(MLXC_OUT_OF_MEMORY, mlxc_array_read(wide, &one, 0, &needed, &error));
  OK(mlxc_array_unary(&c, MLXC_UNARY_EXP, wide, &error));
  EXPECT(MLXC_OUT_OF_MEMORY, mlxc_array_eval(&c, 1, &error));
  mlxc_array_free(c);
  OK(mlxc_array_cast(&indices, wide, MLXC_DTYPE_INT64, &error));
  OK(mlxc_array_take_axis(&c, a, indices, 0, &error));
  EXPECT(MLXC_OUT_OF_MEMORY, mlxc_array_eval(&c, 1, &error));
  mlxc_array_free(c);
  EXPECT(MLXC_OUT_OF_MEMORY, mlxc_array_repeat(&c, a, counts, 2, 0, &error));
  mlxc_array_free(indices);
  mlxc_array_free(wide);
  mlxc_array_free(scalar);
  mlxc_array_free(a);
  mlxc_array_free(b);
}

static int released = 0;
static void release(void* user_data) {
  ++released;
  free(user_data);
}

static void borrowed_memory(void) {
  float* memory = malloc(4 * sizeof *memory);
  mlxc_array *a = NULL, *b = NULL;
  int64_t shape[1] = {4};
  const void* view = NULL;
  size_t bytes = 0;
  if (!memory) return;
  for (int i = 0; i < 4; ++i) memory[i] = (float)i;
  OK(mlxc_array_new_borrowed(&a, NULL, memory, 16, shape, 1, F32, release, memory, &error));
  /* A device with memory of its own takes a copy and lets go at once. */
  int copied = mlxc_array_peek(a, &view, &bytes, NULL) != MLXC_OK || view != memory;
  CHECK(!copied || getenv("MLXC_DEVICE"));
  CHECK(copied || bytes == 16);
  OK(mlxc_array_binary_scalar(&b, MLXC_BINARY_ADD, a, 1, &error));
  mlxc_array_free(a);
  CHECK(released == copied); /* b still needs it */
  VALUES(b, 1, 2, 3, 4);
  CHECK(released == 1);
}

static void functions(void) {
  mlxc_array *x = NULL, *w = NULL, *product = NULL, *sum = NULL, *total = NULL, *next = NULL;
  mlxc_function *function = NULL, *counter = NULL;
  int64_t any[2] = {2, 2}, launches = 0;
  const float weights[] = {1, 2, 3, 4}, input[] = {1, 0, 0, 1}, larger[] = {1, 1, 1, 1, 1, 1};
  OK(mlxc_array_placeholder(&x, NULL, any, 2, F32, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_eval(&x, 1, &error));
  w = array_of(weights, 2, 2);
  OK(mlxc_array_matmul(&product, x, w, &error));
  OK(mlxc_array_reduce(&sum, MLXC_REDUCE_SUM, product, NULL, 0, 0, &error));
  mlxc_array *outputs[2] = {product, sum}, *results[2];
  OK(mlxc_function_new(&function, &x, 1, outputs, 2, NULL, 0, &error));
  mlxc_array_free(w);
  mlxc_array_free(x);
  mlxc_array_free(product);
  mlxc_array_free(sum);
  OK(mlxc_function_launches(function, &launches, &error));
  CHECK(launches >= 1);
  char dot[4096];
  size_t needed = 0;
  OK(mlxc_function_dot(function, dot, sizeof dot, &needed, &error));
  CHECK(strncmp(dot, "digraph", 7) == 0);
  for (int round = 0; round < 3; ++round) {
    mlxc_array* in = round < 2 ? array_of(input, 2, 2) : array_of(larger, 3, 2); /* another shape plans again */
    OK(mlxc_function_call(function, &in, 1, results, 2, NULL, &error));
    mlxc_array_free(in);
    if (round < 2)
      VALUES(results[0], 1, 2, 3, 4);
    else
      VALUES(results[0], 4, 6, 4, 6, 4, 6);
    if (round < 2)
      VALUES(results[1], 10);
    else
      VALUES(results[1], 30);
  }
  mlxc_array* wrong = NULL;
  OK(mlxc_array_full(&wrong, NULL, 1, any, 2, MLXC_DTYPE_INT32, &error));
  results[0] = results[1] = wrong;
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_function_call(function, &wrong, 1, results, 2, NULL, &error));
  CHECK(results[0] == NULL && results[1] == NULL);
  mlxc_array_free(wrong);
  mlxc_cancel* cancel = NULL;
  OK(mlxc_cancel_new(&cancel, &error));
  OK(mlxc_cancel_trigger(cancel, &error));
  mlxc_array* in = array_of(input, 2, 2);
  EXPECT(MLXC_CANCELLED, mlxc_function_call(function, &in, 1, results, 2, cancel, &error));
  mlxc_array_free(in);
  mlxc_cancel_free(cancel);
  mlxc_function_free(function);

  /* An elementwise operation renews a state in place too, unless somebody wants the old value as well. */
  mlxc_state_pair pair = {0, 0};
  int64_t scalar[1] = {1};
  const void *before = NULL, *after = NULL;
  size_t bytes = 0;
  OK(mlxc_array_placeholder(&total, NULL, scalar, 1, F32, &error));
  OK(mlxc_array_binary_scalar(&next, MLXC_BINARY_ADD, total, 1, &error));
  OK(mlxc_function_new(&counter, &total, 1, &next, 1, &pair, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_function_new(&function, &total, 1, (mlxc_array*[]){next, total}, 2, &pair, 1, &error));
  CHECK(function == NULL);
  mlxc_array_free(next);
  mlxc_array_free(total);
  OK(mlxc_array_full(&total, NULL, 0, scalar, 1, F32, &error));
  peek(total, &before, &bytes);
  for (int i = 0; i < 3; ++i) {
    OK(mlxc_function_call(counter, &total, 1, &next, 1, NULL, &error));
    mlxc_array_free(total);
    total = next;
  }
  CHECK(!peek(total, &after, &bytes) || before == after);
  VALUES(total, 3);
  mlxc_function_free(counter);
}

static void graphs_are_drawn(void) {
  mlxc_array *a = NULL, *b = NULL;
  int64_t shape[1] = {2};
  size_t needed = 0;
  char dot[2048];
  OK(mlxc_array_full(&a, NULL, 1, shape, 1, F32, &error));
  OK(mlxc_array_unary(&b, MLXC_UNARY_EXP, a, &error));
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_array_dot(&b, 1, NULL, 0, &needed, &error));
  OK(mlxc_array_dot(&b, 1, dot, sizeof dot, &needed, &error));
  CHECK(strstr(dot, "exp") && strlen(dot) == needed - 1);
  mlxc_array_free(a);
  mlxc_array_free(b);
}

static void every_operation_has_its_number(void) {
  const struct {
    int32_t op;
    float x, expected;
  } unary[] = {{MLXC_UNARY_ABS, -2, 2},         {MLXC_UNARY_EXP, 1, 2.7182818f}, {MLXC_UNARY_LOG, 1, 0},
               {MLXC_UNARY_SQRT, 9, 3},         {MLXC_UNARY_ROUND, 2.5f, 2},     {MLXC_UNARY_RELU, -1, 0},
               {MLXC_UNARY_SILU, 0, 0},         {MLXC_UNARY_TANH, 0, 0},         {MLXC_UNARY_RECIPROCAL, 4, 0.25f},
               {MLXC_UNARY_ERF, 1, 0.8427008f}, {MLXC_UNARY_CEIL, 1.2f, 2},      {MLXC_UNARY_SIGMOID, 0, 0.5f}};
  const struct {
    int32_t op;
    float a, b, expected;
  } binary[] = {{MLXC_BINARY_SUBTRACT, 5, 3, 2},    {MLXC_BINARY_DIVIDE, 1, 4, 0.25f}, {MLXC_BINARY_POWER, 2, 5, 32},
                {MLXC_BINARY_MINIMUM, 1, 2, 1},     {MLXC_BINARY_REMAINDER, -5, 3, 1}, {MLXC_BINARY_HYPOT, 3, 4, 5},
                {MLXC_BINARY_FLOOR_DIVIDE, 7, 2, 3}};
  for (size_t i = 0; i < sizeof unary / sizeof *unary; ++i) {
    mlxc_array *x = array_of(&unary[i].x, 1, 1), *y = NULL;
    OK(mlxc_array_unary(&y, unary[i].op, x, &error));
    VALUES(y, unary[i].expected);
    mlxc_array_free(x);
  }
  for (size_t i = 0; i < sizeof binary / sizeof *binary; ++i) {
    mlxc_array *x = array_of(&binary[i].a, 1, 1), *y = NULL;
    OK(mlxc_array_binary_scalar(&y, binary[i].op, x, binary[i].b, &error));
    VALUES(y, binary[i].expected);
    mlxc_array_free(x);
  }
}

/* A function with a state: each call writes one row of a table in place. */
static void states_are_updated_in_place(void) {
  mlxc_array *table = NULL, *row = NULL, *at = NULL, *next = NULL;
  mlxc_function* function = NULL;
  const int64_t shape[2] = {3, 2}, row_shape[2] = {1, 2}, one[1] = {1};
  const mlxc_state_pair state = {0, 0};
  OK(mlxc_array_placeholder(&table, NULL, shape, 2, F32, &error));
  OK(mlxc_array_placeholder(&row, NULL, row_shape, 2, F32, &error));
  OK(mlxc_array_placeholder(&at, NULL, one, 1, MLXC_DTYPE_INT64, &error));
  OK(mlxc_array_scatter(&next, MLXC_SCATTER_ADD, table, &at, 1, row, &error));
  mlxc_array* inputs[3] = {table, row, at};
  OK(mlxc_function_new(&function, inputs, 3, &next, 1, &state, 1, &error));
  for (int i = 0; i < 3; ++i) mlxc_array_free(inputs[i]);
  mlxc_array_free(next);

  OK(mlxc_array_full(&table, NULL, 0, shape, 2, F32, &error));
  OK(mlxc_array_eval(&table, 1, &error));
  const void *before = NULL, *after = NULL;
  size_t bytes = 0;
  peek(table, &before, &bytes);
  for (int64_t i = 0; i < 4; ++i) {
    const float values[2] = {(float)(i + 1), 10};
    const int64_t place = i % 2 ? -1 : 0;
    row = array_of(values, 1, 2);
    OK(mlxc_array_new(&at, NULL, &place, sizeof place, one, 1, MLXC_DTYPE_INT64, &error));
    mlxc_array* now[3] = {table, row, at};
    OK(mlxc_function_call(function, now, 3, &next, 1, NULL, &error));
    for (int k = 0; k < 3; ++k) mlxc_array_free(now[k]);
    table = next;
  }
  CHECK(!peek(table, &after, &bytes) || (before == after && bytes == 24));
  VALUES(table, 4, 20, 0, 0, 6, 20);
  mlxc_function_free(function);

  /* The same with a slice. */
  const int64_t start[2] = {1, 0}, stop[2] = {2, 2};
  OK(mlxc_array_placeholder(&table, NULL, shape, 2, F32, &error));
  OK(mlxc_array_placeholder(&row, NULL, row_shape, 2, F32, &error));
  OK(mlxc_array_update(&next, table, row, start, stop, NULL, 2, &error));
  mlxc_array* both[2] = {table, row};
  OK(mlxc_function_new(&function, both, 2, &next, 1, &state, 1, &error));
  mlxc_array_free(table);
  mlxc_array_free(row);
  mlxc_array_free(next);
  const float six[] = {1, 2, 3, 4, 5, 6}, two[] = {30, 40};
  both[0] = array_of(six, 3, 2);
  both[1] = array_of(two, 1, 2);
  OK(mlxc_function_call(function, both, 2, &next, 1, NULL, &error));
  VALUES(next, 1, 2, 30, 40, 5, 6);
  mlxc_array_free(both[0]);
  mlxc_array_free(both[1]);
  mlxc_function_free(function);
}

/* Without a function: who still needs the old values keeps them. */
static void elements_and_copies(void) {
  const float six[] = {1, 2, 3, 4, 5, 6}, nine = 9;
  float value = 0;
  const int64_t last[2] = {-1, 2}, beyond[2] = {2, 0};
  mlxc_array *a = array_of(six, 2, 3), *b = NULL, *c = NULL;
  OK(mlxc_array_set(&b, a, last, 2, &nine, sizeof nine, &error));
  OK(mlxc_array_get(b, last, 2, &value, sizeof value, &error));
  CHECK(value == 9);
  OK(mlxc_array_get(a, last, 2, &value, sizeof value, &error));
  CHECK(value == 6);
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_get(a, beyond, 2, &value, sizeof value, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_get(a, last, 2, &value, 8, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_get(a, last, 1, &value, sizeof value, &error));
  VALUES(b, 1, 2, 3, 4, 5, 9);
  OK(mlxc_array_clone(&b, a, &error));
  OK(mlxc_array_to_device(&c, a, NULL, &error));
  mlxc_array_free(a);
  VALUES(b, 1, 2, 3, 4, 5, 6);
  VALUES(c, 1, 2, 3, 4, 5, 6);
}

/* A number through each family, so that every header meets its library. */
static void families(void) {
  const float six[] = {3, 1, 2, 6, 5, 4}, spd[] = {4, 2, 2, 3};
  mlxc_array *a = array_of(six, 2, 3), *m = array_of(spd, 2, 2), *b = NULL, *c = NULL, *d = NULL, *key = NULL;
  mlxc_array* parts[2] = {NULL, NULL};
  const int64_t point = 1, one[2] = {1, 0}, none[2] = {0, 0}, shape[1] = {4};
  const int32_t axis = 1;
  OK(mlxc_array_sort(&b, a, 1, 0, &error));
  VALUES(b, 1, 2, 3, 4, 5, 6);
  OK(mlxc_array_topk(&b, &c, a, 2, 1, 1, &error));
  mlxc_array_free(c);
  VALUES(b, 3, 2, 6, 5);
  OK(mlxc_array_scan(&b, MLXC_SCAN_SUM, a, 1, 0, 0, &error));
  VALUES(b, 3, 4, 6, 6, 11, 15);
  OK(mlxc_array_variance(&b, a, &axis, 1, 0, 0, 1, &error));
  VALUES(b, 0.81649658f, 0.81649658f);
  OK(mlxc_array_median(&b, a, NULL, 0, 0, &error));
  VALUES(b, 3.5f);
  OK(mlxc_array_pad(&b, m, one, none, 2, MLXC_PAD_CONSTANT, 7, &error));
  VALUES(b, 7, 7, 4, 2, 2, 3);
  OK(mlxc_array_split(parts, 2, a, &point, 1, 0, &error));
  VALUES(parts[0], 3, 1, 2);
  VALUES(parts[1], 6, 5, 4);
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_split(parts, 1, a, &point, 1, 0, &error));
  OK(mlxc_array_einsum(&b, "ij,jk->ki", 9, (mlxc_array*[]){m, a}, 2, &error));
  VALUES(b, 24, 24, 14, 17, 16, 16);
  OK(mlxc_array_activation(&b, MLXC_ACTIVATION_HARD_TANH, m, 0, &error));
  VALUES(b, 1, 1, 1, 1);
  OK(mlxc_linalg_cholesky(&b, m, 0, &error));
  VALUES(b, 2, 0, 1, 1.4142135f);
  OK(mlxc_linalg_slogdet(&b, &c, m, &error));
  VALUES(b, 1);
  VALUES(c, 2.0794415f);
  OK(mlxc_linalg_inverse(&b, m, &error));
  VALUES(b, 0.375f, -0.25f, -0.25f, 0.5f);
  OK(mlxc_random_key(&key, NULL, 0, &error));
  OK(mlxc_random_bits(&b, key, shape, 1, &error));
  uint32_t words[4] = {0};
  OK(mlxc_array_read(b, words, sizeof words, NULL, &error));
  CHECK(words[0] == 0x6627e8d5u && words[1] == 0xe169c58du && words[2] == 0xbc57ac4cu &&
        words[3] == 0x9b00dbd8u); /* Random123's known answer */
  mlxc_array_free(b);
  mlxc_array_free(key);
  OK(mlxc_array_unique(&b, NULL, NULL, &c, m, &error));
  OK(mlxc_array_cast(&d, c, F32, &error));
  mlxc_array_free(c);
  VALUES(b, 2, 3, 4);
  VALUES(d, 2, 1, 1);
  OK(mlxc_linalg_svd(NULL, &b, NULL, m, 0, &error));
  VALUES(b, 5.5615528f, 1.4384472f);
  OK(mlxc_array_argmax(&b, a, MLXC_AXIS_ALL, 0, &error));
  OK(mlxc_array_cast(&c, b, F32, &error));
  mlxc_array_free(b);
  VALUES(c, 3);
  const float singular[] = {1, 1, 1, 1};
  mlxc_array_free(m);
  m = array_of(singular, 2, 2);
  OK(mlxc_linalg_inverse(&b, m, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_array_eval(&b, 1, &error)); /* known only when it runs */
  mlxc_array_free(b);
  mlxc_array_free(m);
  mlxc_array_free(a);
}

int main(void) {
  operations();
  what_does_not_fit();
  borrowed_memory();
  functions();
  graphs_are_drawn();
  every_operation_has_its_number();
  states_are_updated_in_place();
  elements_and_copies();
  families();
  return report("array");
}
