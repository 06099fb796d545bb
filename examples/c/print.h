/* Shows an array: its shape and its elements in row-major order. */
#ifndef MLXC_EXAMPLES_PRINT_H
#define MLXC_EXAMPLES_PRINT_H

#include "check.h"

static void print(mlxc_array* array) {
  int64_t shape[MLXC_MAX_RANK], rank, count = 1;
  mlxc_array* numbers;
  check(mlxc_array_shape(array, shape, MLXC_MAX_RANK, &rank, &error));
  printf("[");
  for (int64_t i = 0; i < rank; i++) {
    printf(i ? ", %d" : "%d", (int)shape[i]);
    count *= shape[i];
  }
  printf("]");
  double* values = calloc((size_t)count + 1, sizeof *values);
  if (!values) exit(1);
  check(mlxc_array_cast(&numbers, array, MLXC_DTYPE_FLOAT64, &error));
  check(mlxc_array_read(numbers, values, (size_t)count * sizeof *values, NULL, &error));
  for (int64_t i = 0; i < count; i++) printf(" %g", values[i]);
  printf("\n");
  mlxc_array_free(numbers);
  free(values);
}

#endif
