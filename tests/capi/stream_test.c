/* Streams: order, fences across streams and devices, callbacks, errors, cancelling. On MLXC_DEVICE. */
#include <pthread.h>

#include "check.h"

static mlxc_device* device;

static mlxc_array* filled(mlxc_device* on, double value, int64_t count) {
  mlxc_array* array = NULL;
  OK(mlxc_array_full(&array, on, value, &count, 1, MLXC_DTYPE_FLOAT32, &error));
  return array;
}

static mlxc_array* plus(mlxc_array* x, double value) {
  mlxc_array* out = NULL;
  OK(mlxc_array_binary_scalar(&out, MLXC_BINARY_ADD, x, value, &error));
  return out;
}

static float first_of(mlxc_array* array) {
  float value = -1;
  const int64_t index[1] = {0};
  OK(mlxc_array_get(array, index, 1, &value, sizeof value, &error));
  return value;
}

static void evaluation_returns_at_once_and_the_fence_tells(void) {
  mlxc_stream* stream = NULL;
  mlxc_fence* done = NULL;
  int32_t is_done = 0;
  OK(mlxc_stream_new(&stream, device, 1, &error));
  mlxc_array *x = filled(device, 1, 100000), *y = plus(x, 2);
  OK(mlxc_stream_eval(&done, stream, &y, 1, &error));
  OK(mlxc_fence_wait(done, -1, &error));
  OK(mlxc_fence_query(done, &is_done, &error));
  CHECK(is_done == 1 && first_of(y) == 3);
  mlxc_fence_free(done);
  mlxc_stream_free(stream);
  mlxc_array_free(x);
  mlxc_array_free(y);
}

/* Holds a stream inside a callback until it is opened. */
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  pthread_t main;
  mlxc_stream* frees;   /* freed before the callback returns */
  mlxc_fence* waits_on; /* waited for in the callback */
  mlxc_status waited;
  int open, missed;
} gate;

static gate new_gate(void) {
  gate at = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, pthread_self(), NULL, NULL, MLXC_OK, 0, 0};
  return at;
}

static void stand(mlxc_status status, void* user_data) {
  gate* at = user_data;
  (void)status;
  if (pthread_equal(pthread_self(), at->main)) { /* the work was done before the callback was registered */
    at->missed = 1;
    return;
  }
  pthread_mutex_lock(&at->mutex);
  while (!at->open) pthread_cond_wait(&at->changed, &at->mutex);
  pthread_mutex_unlock(&at->mutex);
  if (at->waits_on) at->waited = mlxc_fence_wait(at->waits_on, -1, NULL);
  mlxc_stream_free(at->frees);
}

static void open_gate(gate* at) {
  pthread_mutex_lock(&at->mutex);
  at->open = 1;
  pthread_cond_broadcast(&at->changed);
  pthread_mutex_unlock(&at->mutex);
}

static void hold(mlxc_stream* stream, mlxc_device* of, gate* at) {
  do {
    mlxc_fence* done = NULL;
    mlxc_array *x = filled(of, 1, 1 << 20), *y = plus(x, 1);
    at->missed = 0;
    OK(mlxc_stream_eval(&done, stream, &y, 1, &error));
    OK(mlxc_fence_notify(done, stand, at, &error));
    mlxc_fence_free(done);
    mlxc_array_free(x);
    mlxc_array_free(y);
  } while (at->missed);
}

/* `other` may be a device of its own: fences keep the order across devices. */
static void streams_overlap_and_wait_for_fences(mlxc_device* other) {
  mlxc_stream *first = NULL, *second = NULL, *third = NULL;
  mlxc_fence *done = NULL, *after = NULL, *beside = NULL;
  gate at = new_gate();
  int32_t is_done = 1;
  OK(mlxc_stream_new(&first, other, 1, &error));
  OK(mlxc_stream_new(&second, device, 1, &error));
  OK(mlxc_stream_new(&third, device, 1, &error));
  mlxc_array *a = filled(other, 1, 100), *x = plus(a, 1), *b = filled(device, 5, 100), *y = plus(b, 1), *z = plus(b, 2);
  hold(first, other, &at);
  OK(mlxc_stream_eval(&done, first, &x, 1, &error));
  OK(mlxc_stream_wait(second, done, &error));
  OK(mlxc_stream_eval(&after, second, &y, 1, &error));
  OK(mlxc_stream_eval(&beside, third, &z, 1, &error));
  OK(mlxc_fence_wait(beside, -1, &error)); /* goes on beside the stream that stands still */
  CHECK(first_of(z) == 7);
  OK(mlxc_fence_query(after, &is_done, &error));
  CHECK(is_done == 0);
  EXPECT(MLXC_TIMEOUT, mlxc_fence_wait(after, 1, &error));
  open_gate(&at);
  OK(mlxc_fence_wait(after, -1, &error));
  OK(mlxc_fence_query(done, &is_done, &error));
  CHECK(is_done == 1 && first_of(x) == 2 && first_of(y) == 6);
  OK(mlxc_stream_synchronize(first, &error));
  mlxc_array* arrays[] = {a, x, b, y, z};
  for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; ++i) mlxc_array_free(arrays[i]);
  mlxc_fence_free(done);
  mlxc_fence_free(after);
  mlxc_fence_free(beside);
  mlxc_stream_free(first);
  mlxc_stream_free(second);
  mlxc_stream_free(third);
}

static void functions_give_their_outputs_by_the_fence(void) {
  const int64_t shape[1] = {3};
  const float values[3] = {1, 2, 3};
  float results[3];
  mlxc_stream* stream = NULL;
  mlxc_fence* done = NULL;
  mlxc_function* function = NULL;
  mlxc_array *x = NULL, *y = NULL, *given = NULL, *output = NULL, *two[2];
  OK(mlxc_stream_new(&stream, device, 0, &error));
  OK(mlxc_array_placeholder(&x, device, shape, 1, MLXC_DTYPE_FLOAT32, &error));
  y = plus(x, 100);
  OK(mlxc_function_new(&function, &x, 1, &y, 1, NULL, 0, &error));
  OK(mlxc_array_new(&given, device, values, sizeof values, shape, 1, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_stream_call(&done, stream, function, &given, 1, &error));
  mlxc_function_free(function);
  mlxc_array_free(given);
  OK(mlxc_fence_wait(done, -1, &error));
  OK(mlxc_fence_outputs(done, &output, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_fence_outputs(done, two, 2, &error));
  OK(mlxc_array_read(output, results, sizeof results, NULL, &error));
  CHECK(results[0] == 101 && results[2] == 103);
  mlxc_array_free(output);
  mlxc_array_free(x);
  mlxc_array_free(y);
  mlxc_fence_free(done);
  mlxc_stream_free(stream);
}

static void failed_work_is_told_and_the_stream_goes_on(void) {
  const int64_t shape[1] = {3};
  mlxc_stream* stream = NULL;
  mlxc_fence *failed = NULL, *done = NULL;
  mlxc_array *hole = NULL, *none = NULL, *x = filled(device, 1, 4), *y = plus(x, 1);
  OK(mlxc_stream_new(&stream, device, 1, &error));
  OK(mlxc_array_placeholder(&hole, device, shape, 1, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_stream_eval(&failed, stream, &hole, 1, &error));
  OK(mlxc_stream_wait(stream, failed, &error));
  OK(mlxc_stream_eval(&done, stream, &y, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_fence_wait(failed, -1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_fence_outputs(failed, &none, 1, &error));
  CHECK(none == NULL);
  mlxc_array_free(hole);
  OK(mlxc_fence_wait(done, -1, &error));
  CHECK(first_of(y) == 2);
  mlxc_fence_free(failed);
  mlxc_fence_free(done);
  mlxc_array_free(x);
  mlxc_array_free(y);
  mlxc_stream_free(stream);
}

static void a_freed_stream_cancels_what_waits(void) {
  mlxc_stream* stream = NULL;
  mlxc_fence* never = NULL;
  gate at = new_gate();
  OK(mlxc_stream_new(&stream, device, 1, &error));
  mlxc_array *x = filled(device, 1, 4), *y = plus(x, 1);
  at.frees = stream; /* inside its own callback: does not wait for itself */
  hold(stream, device, &at);
  OK(mlxc_stream_eval(&never, stream, &y, 1, &error));
  at.waits_on = never;
  open_gate(&at);
  EXPECT(MLXC_CANCELLED, mlxc_fence_wait(never, -1, &error));
  CHECK(at.waited == MLXC_BUSY);
  EXPECT(MLXC_INVALID_HANDLE, mlxc_stream_synchronize(stream, &error));
  CHECK(first_of(y) == 2); /* what was cancelled can be evaluated */
  mlxc_fence_free(never);
  mlxc_array_free(x);
  mlxc_array_free(y);
}

/* Many threads want the same values: one computes them. */
static mlxc_array* shared_array;
static void* read_shared(void* unused) {
  CHECK(first_of(shared_array) == 3);
  return unused;
}
static void threads_that_want_the_same_values_share_the_work(void) {
  pthread_t threads[4];
  for (int round = 0; round < 20; ++round) {
    mlxc_array *x = filled(device, 1, 200000), *y = plus(x, 1);
    shared_array = plus(y, 1);
    for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, read_shared, NULL);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
    mlxc_array_free(x);
    mlxc_array_free(y);
    mlxc_array_free(shared_array);
  }
}

int main(void) {
  mlxc_device* cpu = NULL;
  OK(mlxc_device_open(&device, NULL, &error));
  OK(mlxc_device_open(&cpu, "cpu", &error));
  evaluation_returns_at_once_and_the_fence_tells();
  streams_overlap_and_wait_for_fences(device);
  streams_overlap_and_wait_for_fences(cpu);
  functions_give_their_outputs_by_the_fence();
  failed_work_is_told_and_the_stream_goes_on();
  a_freed_stream_cancels_what_waits();
  threads_that_want_the_same_values_share_the_work();
  mlxc_device_free(cpu);
  mlxc_device_free(device);
  return report("stream");
}
