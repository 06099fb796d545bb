/* A classifier of pairs of 32-byte identifiers, captured once and run over batches of any size by one call.
 *
 *   cc votes.c $(pkg-config --cflags --libs mlxc) -o votes
 *   ./votes
 */
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

enum { FEATURES = 64, HIDDEN = 128, MOST = 10000 };

/* bytes -> Linear 128 + ReLU -> Linear 1. Captured with one row; the number of rows is free. */
static mlxc_function* vote_model(void) {
  mlxc_module *layers[3], *model;
  mlxc_parameters* parameters;
  mlxc_array *bytes, *x, *scaled, *votes;
  mlxc_function* function;
  const int64_t shape[2] = {1, FEATURES};
  check(mlxc_module_linear(&layers[0], FEATURES, HIDDEN, 1, &error));
  check(mlxc_module_activation(&layers[1], MLXC_ACTIVATION_RELU, 0, &error));
  check(mlxc_module_linear(&layers[2], HIDDEN, 1, 1, &error));
  check(mlxc_module_sequential(&model, layers, 3, &error));
  check(mlxc_parameters_new(&parameters, NULL, 1, &error)); /* random; mlxc_parameters_load reads trained ones */
  check(mlxc_array_placeholder(&bytes, NULL, shape, 2, MLXC_DTYPE_UINT8, &error));
  check(mlxc_array_cast(&x, bytes, MLXC_DTYPE_FLOAT32, &error));
  check(mlxc_array_binary_scalar(&scaled, MLXC_BINARY_MULTIPLY, x, 1.0 / 255, &error));
  check(mlxc_module_forward(&votes, model, parameters, scaled, NULL, 0, &error));
  check(mlxc_function_new(&function, &bytes, 1, &votes, 1, NULL, 0, &error));
  mlxc_array* arrays[] = {bytes, x, scaled, votes};
  for (int i = 0; i < 4; ++i) mlxc_array_free(arrays[i]);
  for (int i = 0; i < 3; ++i) mlxc_module_free(layers[i]);
  mlxc_module_free(model);
  mlxc_parameters_free(parameters);
  return function;
}

int main(void) {
  mlxc_function* vote = vote_model();
  uint8_t* rows = malloc(MOST * FEATURES);
  float* votes = malloc(MOST * sizeof *votes);
  if (!rows || !votes) return 1;
  for (size_t i = 0; i < (size_t)MOST * FEATURES; ++i) rows[i] = (uint8_t)(i * 2654435761u >> 13);
  for (int64_t batch = 10; batch <= MOST; batch *= 10) { /* any thread may call, several at the same time */
    double mean = 0;
    check(mlxc_function_run_rows(vote, rows, (size_t)batch * FEATURES, batch, votes, (size_t)batch * sizeof *votes, &mean, NULL, &error));
    printf("%6lld votes, mean %+.4f, first %+.4f, last %+.4f\n", (long long)batch, mean, votes[0], votes[batch - 1]);
  }
  free(rows);
  free(votes);
  mlxc_function_free(vote);
  return 0;
}
