/* Batches of rows through a captured function: a small classifier over two 32-byte identifiers, against the same sums in C. */
#include <math.h>
#include <pthread.h>

#include "check.h"

enum { FEATURES = 64, HIDDEN = 128, MOST = 100000 };
static const int64_t batches[] = {1, 2, 3, 5, 10, 16, 100, 127, 128, 129, 500, 1000, 1025, 4097, 20000, MOST};
enum { BATCHES = sizeof batches / sizeof *batches };

static float w1[HIDDEN * FEATURES], b1[HIDDEN], w2[HIDDEN], b2;
static uint8_t rows[MOST * FEATURES];
static float expected[MOST];

static uint32_t state = 1;
static float random_float(void) {
  state = state * 1664525u + 1013904223u;
  return (float)(state >> 8) / (float)(1 << 24) - 0.5f;
}

static void fill(void) {
  for (int i = 0; i < HIDDEN * FEATURES; ++i) w1[i] = random_float() / 64;
  for (int i = 0; i < HIDDEN; ++i) b1[i] = random_float(), w2[i] = random_float() / 8;
  b2 = random_float();
  for (int i = 0; i < MOST * FEATURES; ++i) rows[i] = (uint8_t)((random_float() + 0.5f) * 255);
  for (int i = 0; i < MOST; ++i) {
    double vote = b2;
    for (int j = 0; j < HIDDEN; ++j) {
      double h = b1[j];
      for (int k = 0; k < FEATURES; ++k) h += (double)w1[j * FEATURES + k] * rows[i * FEATURES + k];
      vote += h > 0 ? h * w2[j] : 0;
    }
    expected[i] = (float)vote;
  }
}

static mlxc_array* constant(const float* values, int64_t n, int64_t m) {
  mlxc_array* array = NULL;
  int64_t shape[2] = {n, m};
  OK(mlxc_array_new(&array, NULL, values, (size_t)(n * (m ? m : 1)) * sizeof *values, shape, m ? 2 : 1, MLXC_DTYPE_FLOAT32, &error));
  return array;
}

/* relu(x w1^T + b1) w2^T + b2, of bytes. */
static mlxc_function* vote_function(void) {
  int64_t shape[2] = {1, FEATURES};
  mlxc_array *a[12] = {NULL}, *in = NULL;
  mlxc_function* function = NULL;
  OK(mlxc_array_placeholder(&in, NULL, shape, 2, MLXC_DTYPE_UINT8, &error));
  a[0] = constant(w1, HIDDEN, FEATURES), a[1] = constant(b1, HIDDEN, 0), a[2] = constant(w2, HIDDEN, 1), a[3] = constant(&b2, 1, 0);
  OK(mlxc_array_cast(&a[4], in, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_transpose(&a[5], a[0], NULL, 0, &error));
  OK(mlxc_array_matmul(&a[6], a[4], a[5], &error));
  OK(mlxc_array_binary(&a[7], MLXC_BINARY_ADD, a[6], a[1], &error));
  OK(mlxc_array_unary(&a[8], MLXC_UNARY_RELU, a[7], &error));
  OK(mlxc_array_matmul(&a[9], a[8], a[2], &error));
  OK(mlxc_array_binary(&a[10], MLXC_BINARY_ADD, a[9], a[3], &error));
  OK(mlxc_function_new(&function, &in, 1, &a[10], 1, NULL, 0, &error));
  for (int i = 0; i < 12; ++i) mlxc_array_free(a[i]);
  mlxc_array_free(in);
  return function;
}

static int agrees(const float* votes, int64_t count, double mean) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (!(fabsf(votes[i] - expected[i]) < 2e-4f)) return 0;
    sum += votes[i];
  }
  return fabs(mean - sum / (double)count) < 1e-9;
}

static void* caller(void* function) {
  float* votes = malloc(MOST * sizeof *votes);
  for (int i = 0; i < (getenv("MLXC_DEVICE") ? 1 : 3) * BATCHES; ++i) {
    int64_t count = batches[i % (BATCHES - 1)];
    double mean = 0;
    OK(mlxc_function_run_rows(function, rows, (size_t)count * FEATURES, count, votes, (size_t)count * sizeof *votes, &mean, NULL, &error));
    CHECK(agrees(votes, count, mean));
  }
  free(votes);
  return NULL;
}

int main(void) {
  fill();
  mlxc_function* function = vote_function();
  float* votes = calloc(MOST, sizeof *votes);
  double mean = 0, alone = 0;

  for (int i = 0; i < BATCHES; ++i) {
    OK(mlxc_function_run_rows(function, rows, (size_t)batches[i] * FEATURES, batches[i], votes, MOST * sizeof *votes, &mean, NULL, &error));
    CHECK(agrees(votes, batches[i], mean));
    OK(mlxc_function_run_rows(function, rows, (size_t)batches[i] * FEATURES, batches[i], NULL, 0, &alone, NULL, &error));
    CHECK(alone == mean); /* the same rows give the same bytes */
  }
  OK(mlxc_function_run_rows(function, NULL, 0, 0, NULL, 0, &mean, NULL, &error));
  CHECK(isnan(mean));

  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) CHECK(pthread_create(&threads[i], NULL, caller, function) == 0);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);

  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_function_run_rows(function, rows, FEATURES, 2, votes, 8, NULL, NULL, &error));
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_function_run_rows(function, rows, 2 * FEATURES, 2, votes, 7, NULL, NULL, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_function_run_rows(function, rows, 0, INT64_MAX, votes, 8, NULL, NULL, &error));
  mlxc_cancel* cancel = NULL;
  OK(mlxc_cancel_new(&cancel, &error));
  OK(mlxc_cancel_trigger(cancel, &error));
  EXPECT(MLXC_CANCELLED, mlxc_function_run_rows(function, rows, sizeof rows, MOST, votes, MOST * sizeof *votes, NULL, cancel, &error));
  mlxc_cancel_free(cancel);
  mlxc_function_free(function);

  /* What is no function of rows. */
  int64_t shape[2] = {4, 3};
  mlxc_array *in = NULL, *sum = NULL, *sign = NULL;
  mlxc_function* other = NULL;
  OK(mlxc_array_placeholder(&in, NULL, shape, 2, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_reduce(&sum, MLXC_REDUCE_SUM, in, NULL, 0, 0, &error));
  OK(mlxc_function_new(&other, &in, 1, &sum, 1, NULL, 0, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_function_run_rows(other, votes, 12, 1, votes, 4, NULL, NULL, &error));
  mlxc_function_free(other);
  OK(mlxc_array_unary(&sign, MLXC_UNARY_ISNAN, in, &error));
  OK(mlxc_function_new(&other, &in, 1, &sign, 1, NULL, 0, &error));
  EXPECT(MLXC_UNSUPPORTED, mlxc_function_run_rows(other, votes, 12, 1, NULL, 0, &mean, NULL, &error));
  uint8_t flags[3] = {9, 9, 9};
  OK(mlxc_function_run_rows(other, votes, 12, 1, flags, 3, NULL, NULL, &error));
  CHECK(flags[0] == 0 && flags[2] == 0);
  mlxc_function_free(other);
  mlxc_array_free(in), mlxc_array_free(sum), mlxc_array_free(sign);
  free(votes);
  CHECK(mlxc_handle_count(MLXC_HANDLE_ANY) == 0);
  return report("rows");
}
