/* Trains a convolutional network to read handwritten digits, 8 by 8 pixels: the set that scikit-learn ships.
 *
 *   cc digits.c $(pkg-config --cflags --libs mlxc) -lm -o digits
 *   ./digits ../data        the folder with digits_images.npy and digits_labels.npy
 *
 * Exits with 0 when at least 98 % of the digits that it never saw are read right.
 */
#include <mlxc/mlxc.h>
#include <string.h>

#include "progress.h"

static mlxc_module* network(void) {
  const int64_t three[2] = {3, 3}, two[2] = {2, 2}, one[2] = {1, 1};
  mlxc_module *layers[10], *all;
  int n = 0;
  for (int64_t in = 1, out = 16; out <= 32; in = out, out *= 2) {
    check(mlxc_module_convolution(&layers[n++], in, out, three, NULL, one, NULL, 2, 1, 0, &error));
    check(mlxc_module_batch_norm(&layers[n++], out, 1e-5, 0.1, &error));
    check(mlxc_module_activation(&layers[n++], MLXC_ACTIVATION_RELU, NAN, &error));
    check(mlxc_module_max_pool(&layers[n++], two, NULL, NULL, 2, &error));
  }
  check(mlxc_module_flatten(&layers[n++], &error));
  check(mlxc_module_linear(&layers[n++], 32 * 2 * 2, 10, 1, &error));
  check(mlxc_module_sequential(&all, layers, n, &error));
  while (n > 0) mlxc_module_free(layers[--n]);
  return all;
}

int main(int argc, char** argv) {
  char images[1024], labels[1024];
  const char *folder = argc > 1 ? argv[1] : "../data", *paths[2] = {images, labels};
  snprintf(images, sizeof images, "%s/digits_images.npy", folder);
  snprintf(labels, sizeof labels, "%s/digits_labels.npy", folder);

  mlxc_dataset *digits, *seen, *unseen;
  check(mlxc_dataset_open_npy(&digits, paths, 2, &error));
  check(mlxc_dataset_split(&seen, &unseen, digits, 0.8, 0, &error));
  mlxc_loader *train, *test;
  mlxc_loader_options loading = MLXC_LOADER_OPTIONS_INIT;
  loading.shuffle = 1;
  check(mlxc_loader_new(&train, seen, &loading, &error));
  loading.shuffle = 0;
  loading.batch_size = 360;
  check(mlxc_loader_new(&test, unseen, &loading, &error));

  mlxc_module* model = network();
  mlxc_parameters* parameters;
  check(mlxc_parameters_new(&parameters, NULL, 1, &error));
  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  fit.epochs = 8;
  mlxc_schedule schedule = MLXC_SCHEDULE_INIT;
  schedule.kind = MLXC_SCHEDULE_ONE_CYCLE;
  schedule.rate = 0.01;
  check(mlxc_loader_batches(train, &schedule.total_steps, &error));
  schedule.total_steps *= fit.epochs;
  mlxc_trainer_options options = MLXC_TRAINER_OPTIONS_INIT;
  options.schedule = &schedule;
  mlxc_trainer* trainer;
  check(mlxc_trainer_new(&trainer, model, parameters, NULL, &options, &error));

  check(mlxc_trainer_fit(trainer, train, test, &fit, show_progress, NULL, &error));
  double loss, accuracy;
  check(mlxc_trainer_evaluate(trainer, test, NULL, &loss, &accuracy, &error));
  printf("%.1f %% of the unseen digits are read right\n", 100 * accuracy);

  mlxc_trainer_free(trainer);
  mlxc_parameters_free(parameters);
  mlxc_module_free(model);
  mlxc_loader_free(train);
  mlxc_loader_free(test);
  mlxc_dataset_free(digits);
  mlxc_dataset_free(seen);
  mlxc_dataset_free(unseen);
  return accuracy >= 0.98 ? 0 : 1;
}
