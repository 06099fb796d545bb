/* The vote model from C: 64 features (two 32-byte identifiers) -> Linear 128 + ReLU -> Linear 1, mean over the batch. Prints one JSON line
 * a measurement: what sgemm reaches in this process, then votes a second for each size of batch. vote SECONDS TURNS BATCH...
 */
#define _GNU_SOURCE
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FEATURES = 64, HIDDEN = 128, PIECES = 11 };

static mlxc_error error = MLXC_ERROR_INIT;
#define TRY(call)                                        \
  do {                                                   \
    if ((call) != MLXC_OK) {                             \
      fprintf(stderr, "%s: %s\n", #call, error.message); \
      exit(1);                                           \
    }                                                    \
  } while (0)

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static mlxc_array* normal(int64_t n, int64_t m, uint64_t seed) {
  mlxc_array *key, *array;
  int64_t shape[2] = {n, m};
  TRY(mlxc_random_key(&key, NULL, seed, &error));
  TRY(mlxc_random_normal(&array, key, shape, 2, MLXC_DTYPE_FLOAT32, 0, 0.1, &error));
  TRY(mlxc_array_eval(&array, 1, &error));
  mlxc_array_free(key);
  return array;
}

static int by_value(const void* a, const void* b) {
  return (*(const double*)a > *(const double*)b) - (*(const double*)a < *(const double*)b);
}

/* Of pieces of a measurement: what takes the processor away for a moment counts the same for products and for votes. */
static double median(double* values, int count) {
  qsort(values, (size_t)count, sizeof *values, by_value);
  return values[count / 2];
}

/* GFLOP/s of products of two square matrices. */
static double sgemm(void) {
  enum { SIZE = 1024, TIMES = 11 };
  mlxc_array *a = normal(SIZE, SIZE, 1), *b = normal(SIZE, SIZE, 2), *c;
  double seconds[TIMES + 1];
  for (int i = 0; i <= TIMES; ++i) {
    TRY(mlxc_array_matmul(&c, a, b, &error));
    const double start = now();
    TRY(mlxc_array_eval(&c, 1, &error));
    seconds[i] = now() - start;
    mlxc_array_free(c);
  }
  mlxc_array_free(a);
  mlxc_array_free(b);
  return 2.0 * SIZE * SIZE * SIZE / median(seconds + 1, TIMES) * 1e-9; /* the first one plans */
}

static mlxc_function* vote_model(void) {
  mlxc_array *in, *x, *scaled, *votes;
  mlxc_module *layers[3], *model;
  mlxc_parameters* parameters;
  mlxc_function* function;
  int64_t shape[2] = {1, FEATURES};
  TRY(mlxc_module_linear(&layers[0], FEATURES, HIDDEN, 1, &error));
  TRY(mlxc_module_activation(&layers[1], MLXC_ACTIVATION_RELU, 0, &error));
  TRY(mlxc_module_linear(&layers[2], HIDDEN, 1, 1, &error));
  TRY(mlxc_module_sequential(&model, layers, 3, &error));
  TRY(mlxc_parameters_new(&parameters, NULL, 1, &error));
  TRY(mlxc_array_placeholder(&in, NULL, shape, 2, MLXC_DTYPE_UINT8, &error));
  TRY(mlxc_array_cast(&x, in, MLXC_DTYPE_FLOAT32, &error));
  TRY(mlxc_array_binary_scalar(&scaled, MLXC_BINARY_MULTIPLY, x, 1.0 / 255, &error));
  TRY(mlxc_module_forward(&votes, model, parameters, scaled, NULL, 0, &error));
  TRY(mlxc_function_new(&function, &in, 1, &votes, 1, NULL, 0, &error));
  mlxc_array_free(in), mlxc_array_free(x), mlxc_array_free(scaled), mlxc_array_free(votes);
  for (int i = 0; i < 3; ++i) mlxc_module_free(layers[i]);
  mlxc_module_free(model);
  mlxc_parameters_free(parameters);
  return function;
}

int main(int argc, char** argv) {
  if (argc < 4) return fprintf(stderr, "usage: vote SECONDS TURNS BATCH...\n"), 2;
  const double seconds = atof(argv[1]);
  const int turns = atoi(argv[2]);
  mlxc_function* vote = vote_model();
  int64_t most = 1;
  for (int i = 3; i < argc; ++i)
    if (atoll(argv[i]) > most) most = atoll(argv[i]);
  uint8_t* rows = malloc((size_t)most * FEATURES);
  float* votes = malloc((size_t)most * sizeof *votes);
  for (int64_t i = 0; i < most * FEATURES; ++i) rows[i] = (uint8_t)(i * 2654435761u >> 13);
  for (int turn = 0; turn < turns; ++turn) {
    printf("{\"what\": \"sgemm\", \"gflops\": %.2f}\n", sgemm());
    for (int i = 3; i < argc; ++i) {
      const int64_t batch = atoll(argv[i]);
      double rates[PIECES];
      for (int piece = -1; piece < PIECES; ++piece) { /* the first one plans */
        int64_t calls = 0;
        double mean = 0, elapsed = 0;
        for (const double start = now(); calls == 0 || elapsed < seconds / PIECES; elapsed = now() - start, ++calls)
          TRY(mlxc_function_run_rows(vote, rows, (size_t)batch * FEATURES, batch, votes, (size_t)batch * sizeof *votes, &mean, NULL,
                                     &error));
        if (piece >= 0) rates[piece] = (double)(calls * batch) / elapsed;
      }
      printf("{\"what\": \"C\", \"batch\": %lld, \"votes_per_second\": %.0f}\n", (long long)batch, median(rates, PIECES));
      fflush(stdout);
    }
  }
  free(rows), free(votes);
  mlxc_function_free(vote);
  return 0;
}
