/* Three small problems with one function: classes from a CSV file, yes or no from a callback, numbers from arrays.
 *
 *   cc tables.c $(pkg-config --cflags --libs mlxc) -lm -o tables
 *   ./tables ../data        the folder with iris.csv
 */
#include <mlxc/mlxc.h>
#include <string.h>

#include "progress.h"

/* in -> 16 -> 16 -> out, trained on four fifths of the data. Gives the trainer; *judge holds the rest. */
static mlxc_trainer* learn(mlxc_dataset* data, int64_t in, int64_t out, int32_t loss, int64_t epochs, mlxc_loader** judge) {
  mlxc_module *layers[5], *model;
  check(mlxc_module_linear(&layers[0], in, 16, 1, &error));
  check(mlxc_module_activation(&layers[1], MLXC_ACTIVATION_TANH, NAN, &error));
  check(mlxc_module_linear(&layers[2], 16, 16, 1, &error));
  check(mlxc_module_activation(&layers[3], MLXC_ACTIVATION_TANH, NAN, &error));
  check(mlxc_module_linear(&layers[4], 16, out, 1, &error));
  check(mlxc_module_sequential(&model, layers, 5, &error));
  for (int i = 0; i < 5; i++) mlxc_module_free(layers[i]);

  mlxc_dataset *seen, *unseen;
  mlxc_loader* train;
  mlxc_loader_options loading = MLXC_LOADER_OPTIONS_INIT;
  loading.shuffle = 1;
  check(mlxc_dataset_split(&seen, &unseen, data, 0.8, 1, &error));
  check(mlxc_loader_new(&train, seen, &loading, &error));
  check(mlxc_loader_new(judge, unseen, NULL, &error));

  mlxc_parameters* parameters;
  mlxc_trainer* trainer;
  mlxc_trainer_options options = MLXC_TRAINER_OPTIONS_INIT;
  options.loss = loss;
  check(mlxc_parameters_new(&parameters, NULL, 1, &error));
  check(mlxc_trainer_new(&trainer, model, parameters, NULL, &options, &error));
  check(mlxc_trainer_set_learning_rate(trainer, 0.01, &error));
  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  fit.epochs = epochs;
  fit.callback_steps = 0; /* epochs only */
  fit.patience = 10;      /* ends early when nothing gets better any more */
  fit.restore_best = 1;
  check(mlxc_trainer_fit(trainer, train, *judge, &fit, show_progress, NULL, &error));
  mlxc_parameters_free(parameters);
  mlxc_module_free(model);
  mlxc_loader_free(train);
  mlxc_dataset_free(seen);
  mlxc_dataset_free(unseen);
  return trainer;
}

/* Three kinds of iris by the sizes of their leaves. */
static double classes(const char* folder) {
  char path[1024], name[32];
  size_t needed;
  int64_t count;
  double loss, accuracy;
  mlxc_dataset* data;
  mlxc_loader* judge;
  snprintf(path, sizeof path, "%s/iris.csv", folder);
  check(mlxc_dataset_open_csv(&data, path, NULL, &error));
  check(mlxc_dataset_class_count(data, &count, &error));
  for (int64_t i = 0; i < count; i++) {
    check(mlxc_dataset_class_name(data, i, name, sizeof name, &needed, &error));
    printf("class %d is %s\n", (int)i, name);
  }
  mlxc_trainer* trainer = learn(data, 4, count, MLXC_TRAIN_CROSS_ENTROPY, 30, &judge);
  check(mlxc_trainer_evaluate(trainer, judge, NULL, &loss, &accuracy, &error));
  mlxc_trainer_free(trainer);
  mlxc_loader_free(judge);
  mlxc_dataset_free(data);
  return accuracy;
}

/* Points of a square: is one inside the circle? Made as they are asked for. */
static int32_t points(const int64_t* samples, int64_t count, void* const* fields, void* user_data) {
  float *x = fields[0], *inside = fields[1];
  (void)user_data;
  for (int64_t i = 0; i < count; i++) {
    uint64_t random = (uint64_t)(samples[i] + 1) * 0x9e3779b97f4a7c15u;
    random ^= random >> 31;
    x[2 * i] = (float)(random & 0xffff) / 32768 - 1;
    x[2 * i + 1] = (float)(random >> 16 & 0xffff) / 32768 - 1;
    inside[i] = x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1] < 0.6f;
  }
  return 0;
}

static double yes_or_no(void) {
  const mlxc_field fields[2] = {{MLXC_DTYPE_FLOAT32, 1, {2}}, {MLXC_DTYPE_FLOAT32, 0, {0}}};
  double loss, accuracy;
  mlxc_dataset* data;
  mlxc_loader* judge;
  check(mlxc_dataset_new_callback(&data, 2000, fields, 2, points, NULL, NULL, &error));
  mlxc_trainer* trainer = learn(data, 2, 1, MLXC_TRAIN_BINARY_CROSS_ENTROPY, 20, &judge);
  check(mlxc_trainer_evaluate(trainer, judge, NULL, &loss, &accuracy, &error));
  mlxc_trainer_free(trainer);
  mlxc_loader_free(judge);
  mlxc_dataset_free(data);
  return accuracy;
}

/* sin(3 x), out of arrays. Gives the mean squared error. */
static double numbers(void) {
  enum { COUNT = 600 };
  float x[COUNT], y[COUNT];
  int64_t column[2] = {COUNT, 1};
  double loss;
  mlxc_array* arrays[2];
  mlxc_dataset* data;
  mlxc_loader* judge;
  for (int i = 0; i < COUNT; i++) {
    x[i] = (float)i / (COUNT / 2) - 1;
    y[i] = sinf(3 * x[i]);
  }
  check(mlxc_array_new(&arrays[0], NULL, x, sizeof x, column, 2, MLXC_DTYPE_FLOAT32, &error));
  check(mlxc_array_new(&arrays[1], NULL, y, sizeof y, column, 2, MLXC_DTYPE_FLOAT32, &error));
  check(mlxc_dataset_new_arrays(&data, arrays, 2, &error));
  mlxc_trainer* trainer = learn(data, 1, 1, MLXC_TRAIN_SQUARED_ERROR, 60, &judge);
  check(mlxc_trainer_evaluate(trainer, judge, NULL, &loss, NULL, &error));
  mlxc_trainer_free(trainer);
  mlxc_loader_free(judge);
  mlxc_dataset_free(data);
  mlxc_array_free(arrays[0]);
  mlxc_array_free(arrays[1]);
  return loss;
}

int main(int argc, char** argv) {
  double flowers = classes(argc > 1 ? argv[1] : "../data"), circle = yes_or_no(), curve = numbers();
  printf("iris %.0f %%, circle %.0f %%, curve %.4f\n", 100 * flowers, 100 * circle, curve);
  return flowers >= 0.9 && circle >= 0.95 && curve < 0.01 ? 0 : 1;
}
