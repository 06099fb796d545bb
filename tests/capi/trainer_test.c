/* Datasets, loaders and trainers as a C program meets them. */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "check.h"

#define FOLDER MLXC_TEST_DATA "/../examples/data/"

static mlxc_dataset* digits(void) {
  const char* paths[2] = {FOLDER "digits_images.npy", FOLDER "digits_labels.npy"};
  mlxc_dataset* dataset = NULL;
  OK(mlxc_dataset_open_npy(&dataset, paths, 2, &error));
  return dataset;
}

static mlxc_loader* loader_of(mlxc_dataset* dataset, int64_t batch, int32_t shuffle) {
  mlxc_loader* loader = NULL;
  mlxc_loader_options options = MLXC_LOADER_OPTIONS_INIT;
  options.batch_size = batch, options.shuffle = shuffle, options.seed = 1;
  OK(mlxc_loader_new(&loader, dataset, &options, &error));
  return loader;
}

static mlxc_trainer* perceptron(int64_t in, int64_t classes, const mlxc_trainer_options* options) {
  mlxc_module *layers[4], *module;
  mlxc_parameters* parameters;
  mlxc_trainer* trainer = NULL;
  OK(mlxc_module_flatten(&layers[0], &error));
  OK(mlxc_module_linear(&layers[1], in, 32, 1, &error));
  OK(mlxc_module_activation(&layers[2], MLXC_ACTIVATION_RELU, NAN, &error));
  OK(mlxc_module_linear(&layers[3], 32, classes, 1, &error));
  OK(mlxc_module_sequential(&module, layers, 4, &error));
  OK(mlxc_parameters_new(&parameters, NULL, 1, &error));
  OK(mlxc_trainer_new(&trainer, module, parameters, NULL, options, &error));
  for (int i = 0; i < 4; ++i) mlxc_module_free(layers[i]);
  mlxc_module_free(module);
  mlxc_parameters_free(parameters);
  return trainer;
}

static void datasets(void) {
  mlxc_dataset *all = digits(), *part, *rest;
  mlxc_field fields[2];
  mlxc_array* batch[2];
  int64_t samples, needed, chosen[3] = {5, 0, 1796};
  uint8_t labels[3];
  OK(mlxc_dataset_samples(all, &samples, &error));
  CHECK(samples == 1797);
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_dataset_fields(all, NULL, 0, &needed, &error));
  CHECK(needed == 2);
  OK(mlxc_dataset_fields(all, fields, 2, &needed, &error));
  CHECK(fields[0].dtype == MLXC_DTYPE_FLOAT16 && fields[0].rank == 3 && fields[0].shape[1] == 8 && fields[1].rank == 0);
  OK(mlxc_dataset_read(batch, 2, all, NULL, chosen, 3, &error));
  OK(mlxc_array_read(batch[1], labels, sizeof labels, NULL, &error));
  CHECK(labels[0] == 5 && labels[1] == 0 && labels[2] == 8);
  mlxc_array_free(batch[0]), mlxc_array_free(batch[1]);
  OK(mlxc_dataset_split(&part, &rest, all, 0.25, 3, &error));
  OK(mlxc_dataset_samples(part, &samples, &error));
  CHECK(samples == 449);
  mlxc_dataset_free(rest);
  OK(mlxc_dataset_select(&rest, part, chosen, 2, &error));
  OK(mlxc_dataset_samples(rest, &samples, &error));
  CHECK(samples == 2);
  mlxc_dataset_free(all), mlxc_dataset_free(part), mlxc_dataset_free(rest);
}

typedef struct {
  int calls, released, stop_at;
} maker;

static int32_t squares(const int64_t* samples, int64_t count, void* const* fields, void* user_data) {
  maker* state = user_data;
  float *x = fields[0], *y = fields[1];
  if (++state->calls == state->stop_at) return 1;
  for (int64_t i = 0; i < count; ++i) {
    x[2 * i] = (float)samples[i], x[2 * i + 1] = 1;
    y[i] = (float)(samples[i] * samples[i]);
  }
  return 0;
}

static void release_maker(void* user_data) { ((maker*)user_data)->released++; }

static void loaders(void) {
  maker state = {0, 0, 0};
  mlxc_field fields[2] = {{MLXC_DTYPE_FLOAT32, 1, {2}}, {MLXC_DTYPE_FLOAT32, 0, {0}}};
  mlxc_dataset* dataset;
  mlxc_array* batch[2];
  float first[2][10], y[4];
  OK(mlxc_dataset_new_callback(&dataset, 10, fields, 2, squares, release_maker, &state, &error));
  mlxc_loader* loader = loader_of(dataset, 4, 1);
  int64_t batches, samples;
  OK(mlxc_loader_batches(loader, &batches, &error));
  CHECK(batches == 3);
  for (int round = 0; round < 2; ++round) {
    int at = 0;
    OK(mlxc_loader_start(loader, 7, 0, &error));
    while (mlxc_loader_next(batch, 2, loader, NULL, NULL, &samples, NULL) == MLXC_OK) {
      OK(mlxc_array_read(batch[1], y, (size_t)samples * sizeof *y, NULL, &error));
      for (int64_t i = 0; i < samples && at < 10; ++i) first[round][at++] = y[i];
      mlxc_array_free(batch[0]), mlxc_array_free(batch[1]);
    }
    CHECK(at == 10);
    EXPECT(MLXC_END, mlxc_loader_next(batch, 2, loader, NULL, NULL, &samples, &error));
    CHECK(!batch[0] && !batch[1]);
  }
  CHECK(memcmp(first[0], first[1], sizeof first[0]) == 0);
  float sum = 0;
  for (int i = 0; i < 10; ++i) sum += first[0][i];
  CHECK(sum == 285); /* 0^2 + ... + 9^2: each sample once */

  state.stop_at = state.calls + 1;
  OK(mlxc_loader_start(loader, 0, 0, &error));
  EXPECT(MLXC_CANCELLED, mlxc_loader_next(batch, 2, loader, NULL, NULL, NULL, &error));
  OK(mlxc_loader_next(batch, 2, loader, NULL, NULL, NULL, &error)); /* the same batch again */
  mlxc_array_free(batch[0]), mlxc_array_free(batch[1]);
  mlxc_cancel* cancel;
  OK(mlxc_cancel_new(&cancel, &error));
  OK(mlxc_cancel_trigger(cancel, &error));
  EXPECT(MLXC_CANCELLED, mlxc_loader_next(batch, 2, loader, NULL, cancel, NULL, &error));
  mlxc_cancel_free(cancel);
  mlxc_dataset_free(dataset);
  CHECK(state.released == 0);
  mlxc_loader_free(loader);
  CHECK(state.released == 1);
}

typedef struct {
  mlxc_trainer* trainer;
  mlxc_cancel* cancel;
  int steps, epochs, stop_at, cancel_at;
  mlxc_train_event last;
} watcher;

static int32_t watch(const mlxc_train_event* event, void* user_data) {
  watcher* state = user_data;
  state->last = *event;
  if (event->kind == MLXC_TRAIN_EPOCH) {
    state->epochs++;
    return 0;
  }
  double rate, low, high;
  int64_t counts[8], total = 0, step;
  OK(mlxc_trainer_learning_rate(state->trainer, &rate, &error));
  OK(mlxc_trainer_histogram(state->trainer, "1.weight", 8, counts, 8, &low, &high, &error));
  for (int i = 0; i < 8; ++i) total += counts[i];
  CHECK(total == 64 * 32 && low < 0 && high > 0);
  OK(mlxc_trainer_position(state->trainer, NULL, NULL, &step, &error));
  CHECK(step == event->step + 1);
  EXPECT(MLXC_BUSY, mlxc_trainer_next(state->trainer, &state->last, &error));
  if (++state->steps == state->cancel_at) OK(mlxc_cancel_trigger(state->cancel, &error));
  return state->steps == state->stop_at;
}

static void a_fit_reports_stops_and_goes_on(void) {
  mlxc_trainer_options options = MLXC_TRAINER_OPTIONS_INIT;
  options.gradient_norm = 1;
  mlxc_dataset *all = digits(), *train, *test;
  OK(mlxc_dataset_split(&train, &test, all, 0.8, 0, &error));
  mlxc_loader *data = loader_of(train, 64, 1), *validation = loader_of(test, 256, 0);
  mlxc_trainer* trainer = perceptron(64, 10, &options);
  OK(mlxc_trainer_set_learning_rate(trainer, 0.01, &error));
  watcher state = {trainer, NULL, 0, 0, 5, 8, {0}};
  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  fit.epochs = 6;
  EXPECT(MLXC_CANCELLED, mlxc_trainer_fit(trainer, data, validation, &fit, watch, &state, &error)); /* the callback */
  CHECK(state.steps == 5);
  OK(mlxc_cancel_new(&state.cancel, &error));
  fit.cancel = state.cancel;
  EXPECT(MLXC_CANCELLED, mlxc_trainer_fit(trainer, data, validation, &fit, watch, &state, &error));
  CHECK(state.steps == 8 && state.epochs == 0);
  fit.cancel = NULL;
  OK(mlxc_trainer_fit(trainer, data, validation, &fit, watch, &state, &error));
  CHECK(state.steps == 6 * 23 && state.epochs == 6 && state.last.step == 6 * 23 && state.last.samples == 1438);
  CHECK(state.last.loss < 0.3 && state.last.accuracy > 0.9 && state.last.validation_accuracy > 0.85);
  mlxc_cancel_free(state.cancel);

  double loss, accuracy;
  OK(mlxc_trainer_evaluate(trainer, validation, NULL, &loss, &accuracy, &error));
  CHECK(loss == state.last.validation_loss && accuracy == state.last.validation_accuracy);
  mlxc_array *batch[2], *y;
  int64_t sample = 0, shape[2], rank;
  OK(mlxc_dataset_read(batch, 2, test, NULL, &sample, 1, &error));
  OK(mlxc_trainer_predict(&y, trainer, batch[0], 8, &error));
  OK(mlxc_array_shape(y, shape, 2, &rank, &error));
  CHECK(rank == 2 && shape[0] == 1 && shape[1] == 10);
  mlxc_array_free(batch[0]), mlxc_array_free(batch[1]), mlxc_array_free(y);
  mlxc_trainer_free(trainer);
  mlxc_loader_free(data), mlxc_loader_free(validation);
  mlxc_dataset_free(all), mlxc_dataset_free(train), mlxc_dataset_free(test);
}

/* The same run without a callback, saved in the middle by one trainer and finished by another. */
static void pieces_and_checkpoints(void) {
  mlxc_dataset* all = digits();
  mlxc_loader* data = loader_of(all, 256, 1);
  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  fit.epochs = 2;
  double losses[16], loss;
  int count = 0;
  mlxc_train_event event;
  mlxc_trainer* trainer = perceptron(64, 10, NULL);
  // A begin that fails begins nothing.
  mlxc_cancel* freed;
  OK(mlxc_cancel_new(&freed, &error));
  mlxc_cancel_free(freed);
  fit.cancel = freed;
  EXPECT(MLXC_INVALID_HANDLE, mlxc_trainer_begin(trainer, data, NULL, &fit, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_trainer_next(trainer, &event, &error));
  EXPECT(MLXC_INVALID_HANDLE, mlxc_trainer_fit(trainer, data, NULL, &fit, NULL, NULL, &error));
  fit.cancel = NULL;
  OK(mlxc_trainer_begin(trainer, data, NULL, &fit, &error));
  for (int i = 0; i < 16 + 2; ++i) {
    OK(mlxc_trainer_next(trainer, &event, &error));
    if (event.kind == MLXC_TRAIN_STEP && count < 16) losses[count++] = event.loss;
  }
  EXPECT(MLXC_END, mlxc_trainer_next(trainer, &event, &error));
  CHECK(count == 16);
  mlxc_trainer_free(trainer);

  char path[] = "/tmp/mlxc-trainer-XXXXXX";
  int file = mkstemp(path);
  CHECK(file >= 0);
  close(file);
  trainer = perceptron(64, 10, NULL);
  OK(mlxc_trainer_begin(trainer, data, NULL, &fit, &error));
  for (int i = 0; i < 3; ++i) {
    OK(mlxc_trainer_next(trainer, &event, &error));
    CHECK(event.loss == losses[i]);
  }
  OK(mlxc_trainer_save(trainer, path, &error));
  mlxc_trainer_free(trainer);
  trainer = perceptron(64, 10, NULL);
  OK(mlxc_trainer_load(trainer, path, &error));
  OK(mlxc_trainer_begin(trainer, data, NULL, &fit, &error));
  for (count = 3; mlxc_trainer_next(trainer, &event, NULL) == MLXC_OK;)
    if (event.kind == MLXC_TRAIN_STEP && count < 16) CHECK(event.loss == losses[count++]);
  CHECK(count == 16);

  /* The parameters of a trainer are a copy for whoever asks. */
  mlxc_parameters* parameters;
  int64_t names;
  OK(mlxc_trainer_parameters_copy(&parameters, trainer, &error));
  OK(mlxc_parameters_count(parameters, MLXC_PARAMETERS_TRAINED, &names, NULL, &error));
  CHECK(names == 4);
  mlxc_parameters_free(parameters);

  /* A batch of the caller's own is a step too. */
  mlxc_array* batch[2];
  int64_t samples[2] = {0, 1};
  OK(mlxc_dataset_read(batch, 2, all, NULL, samples, 2, &error));
  OK(mlxc_trainer_step(trainer, batch[0], batch[1], &event, &error));
  loss = event.loss;
  CHECK(event.kind == MLXC_TRAIN_STEP && event.step == 16 && event.samples == 2 && isnan(event.validation_loss));
  for (int i = 0; i < 20; ++i) OK(mlxc_trainer_step(trainer, batch[0], batch[1], &event, &error));
  CHECK(event.loss < loss);
  mlxc_array_free(batch[0]), mlxc_array_free(batch[1]);
  mlxc_trainer_free(trainer);
  mlxc_loader_free(data);
  mlxc_dataset_free(all);
  remove(path);
}

static int begun = 0;

static int32_t note_begin(const mlxc_train_event* event, void* user_data) {
  (void)event, (void)user_data;
  __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
  return 0;
}

static void* cancel_once_begun(void* cancel) {
  while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE)) sched_yield();
  mlxc_cancel_trigger(cancel, NULL);
  return NULL;
}

static void another_thread_cancels(void) {
  mlxc_dataset* dataset;
  int64_t shape[1] = {64};
  OK(mlxc_dataset_new_random(&dataset, 1000000, shape, 1, 10, 1, &error));
  mlxc_loader* data = loader_of(dataset, 16, 0);
  mlxc_trainer* trainer = perceptron(64, 10, NULL);
  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  fit.epochs = 1000;
  OK(mlxc_cancel_new(&fit.cancel, &error));
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, cancel_once_begun, fit.cancel) == 0);
  EXPECT(MLXC_CANCELLED, mlxc_trainer_fit(trainer, data, NULL, &fit, note_begin, NULL, &error));
  pthread_join(thread, NULL);
  mlxc_cancel_free(fit.cancel);
  mlxc_trainer_free(trainer);
  mlxc_loader_free(data);
  mlxc_dataset_free(dataset);
}

int main(void) {
  datasets();
  loaders();
  a_fit_reports_stops_and_goes_on();
  pieces_and_checkpoints();
  another_thread_cancels();
  return report("trainer");
}
