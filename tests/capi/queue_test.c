/* Asynchronous requests: many on one queue, waiting, cancelling, freeing in every order, several threads. */
#include <pthread.h>
#include <time.h>

#include "check.h"

#define REQUESTS 40

static mlxc_model* model;

static mlxc_generate_options endless(int64_t max_tokens) {
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  options.temperature = 0;
  options.max_tokens = max_tokens;
  options.ignore_model_stop = 1;
  return options;
}

static void many_requests_on_one_queue(void) {
  mlxc_queue* queue = NULL;
  mlxc_request* requests[REQUESTS];
  mlxc_generate_options options = endless(4);
  mlxc_prompt prompt = text_prompt("Once upon a time");
  mlxc_event events[16];
  int tokens[REQUESTS] = {0}, done[REQUESTS] = {0}, all_done = 0;
  OK(mlxc_queue_new(&queue, &error));
  for (int i = 0; i < REQUESTS; ++i) {
    options.token_events = i % 4 != 3; /* every fourth only tells its end */
    OK(mlxc_generate_start(&requests[i], model, &prompt, &options, queue, (uint64_t)i, NULL, NULL, &error));
  }
  OK(mlxc_queue_close(queue, &error));
  mlxc_request* refused = (mlxc_request*)1;
  EXPECT(MLXC_END, mlxc_generate_start(&refused, model, &prompt, &options, queue, 0, NULL, NULL, &error));
  CHECK(refused == NULL);
  for (;;) {
    int64_t count = 0;
    mlxc_error error = MLXC_ERROR_INIT;
    mlxc_status status = mlxc_queue_next(queue, -1, events, 16, &count, &error);
    if (status == MLXC_END) break;
    if (!CHECK(status == MLXC_OK && count > 0)) break;
    for (int64_t e = 0; e < count; ++e) {
      uint64_t tag = events[e].tag;
      if (!CHECK(tag < REQUESTS && !done[tag])) continue;
      if (events[e].type == MLXC_EVENT_DONE) {
        CHECK(events[e].status == MLXC_OK && events[e].finish_reason == MLXC_FINISH_LENGTH && events[e].index == 4);
        done[tag] = 1;
        ++all_done;
      } else {
        CHECK(strlen(events[e].text) == events[e].text_bytes);
        if (events[e].token >= 0) CHECK(events[e].index == tokens[tag]++);
      }
    }
  }
  CHECK(all_done == REQUESTS);
  for (int i = 0; i < REQUESTS; ++i) {
    CHECK(tokens[i] == (i % 4 == 3 ? 0 : 4));
    mlxc_result* result = NULL;
    OK(mlxc_request_wait(requests[i], 0, &error)); /* whoever has seen the last event need not wait */
    OK(mlxc_request_result(&result, requests[i], &error));
    mlxc_result_free(result);
    mlxc_request_free(requests[i]);
  }
  mlxc_queue_free(queue);
}

static void waiting_and_results(void) {
  mlxc_request* request = NULL;
  mlxc_result* result = NULL;
  mlxc_generate_options options = endless(6);
  mlxc_prompt prompt = text_prompt("Once upon a time");
  const char* text = "";
  size_t bytes = 0;
  OK(mlxc_generate_start(&request, model, &prompt, &options, NULL, 0, NULL, NULL, &error));
  OK(mlxc_request_wait(request, -1, &error));
  OK(mlxc_request_result(&result, request, &error));
  mlxc_request_free(request);
  OK(mlxc_result_peek_text(result, 0, &text, &bytes, &error)); /* outlives the request */
  CHECK(bytes > 5 && strlen(text) == bytes);
  mlxc_result_free(result);

  options = endless(-1);
  OK(mlxc_generate_start(&request, model, &prompt, &options, NULL, 0, NULL, NULL, &error));
  EXPECT(MLXC_TIMEOUT, mlxc_request_wait(request, 0, &error));
  EXPECT(MLXC_TIMEOUT, mlxc_request_wait(request, 5, &error));
  EXPECT(MLXC_BUSY, mlxc_request_result(&result, request, &error));
  CHECK(result == NULL);
  OK(mlxc_request_cancel(request, &error));
  OK(mlxc_request_cancel(request, &error));
  OK(mlxc_request_wait(request, -1, &error));
  OK(mlxc_request_result(&result, request, &error));
  int32_t finish = 0, status = 0;
  OK(mlxc_result_finish(result, 0, &finish, &status, &error));
  CHECK(finish == MLXC_FINISH_CANCELLED && status == MLXC_CANCELLED);
  mlxc_result_free(result);
  mlxc_request_free(request);
}

static void an_empty_queue(void) {
  mlxc_queue* queue = NULL;
  mlxc_event event;
  int64_t count = 5;
  OK(mlxc_queue_new(&queue, &error));
  EXPECT(MLXC_TIMEOUT, mlxc_queue_next(queue, 0, &event, 1, &count, &error));
  CHECK(count == 0);
  EXPECT(MLXC_TIMEOUT, mlxc_queue_next(queue, 3, &event, 1, &count, &error));
  OK(mlxc_queue_wake(queue, &error));
  OK(mlxc_queue_next(queue, -1, &event, 1, &count, &error));
  CHECK(count == 0);
  OK(mlxc_queue_wake(queue, &error));
  OK(mlxc_queue_next(queue, INT64_MAX, &event, 1, &count, &error));
  OK(mlxc_queue_close(queue, &error));
  EXPECT(MLXC_END, mlxc_queue_next(queue, -1, &event, 1, &count, &error));
  mlxc_queue_free(queue);
}

static void freeing_in_every_order(void) {
  mlxc_generate_options options = endless(-1);
  mlxc_prompt prompt = text_prompt("Once upon a time");
  mlxc_event events[64];
  int64_t count = 0;

  /* The request first: it is cancelled, its last event still comes. */
  mlxc_queue* queue = NULL;
  mlxc_request* request = NULL;
  OK(mlxc_queue_new(&queue, &error));
  OK(mlxc_generate_start(&request, model, &prompt, &options, queue, 77, NULL, NULL, &error));
  mlxc_request_free(request);
  for (int last = 0; !last;) {
    mlxc_error error = MLXC_ERROR_INIT;
    if (!CHECK(mlxc_queue_next(queue, -1, events, 64, &count, &error) == MLXC_OK)) break;
    for (int64_t i = 0; i < count; ++i)
      if (events[i].type == MLXC_EVENT_DONE) {
        CHECK(events[i].status == MLXC_CANCELLED && events[i].tag == 77 && events[i].text_bytes > 0);
        last = 1;
      }
  }

  /* The queue first: the request is cancelled. */
  OK(mlxc_generate_start(&request, model, &prompt, &options, queue, 78, NULL, NULL, &error));
  mlxc_queue_free(queue);
  OK(mlxc_request_wait(request, -1, &error));
  mlxc_request_free(request);

  /* The model first: what was got from it stays readable. */
  mlxc_model* second = load_model(MLXC_PRECISION_NATIVE);
  mlxc_result* result = NULL;
  OK(mlxc_generate_start(&request, second, &prompt, &options, NULL, 0, NULL, NULL, &error));
  mlxc_model_free(second);
  OK(mlxc_request_wait(request, 0, &error)); /* free has waited for it */
  OK(mlxc_request_result(&result, request, &error));
  mlxc_request_free(request);
  mlxc_result_free(result);
}

static int32_t free_itself(const mlxc_event* event, void* user_data) {
  if (event->type == MLXC_EVENT_TOKEN && event->index == 2) mlxc_request_free(*(mlxc_request**)user_data);
  return 0;
}

static mlxc_request* counted;

static int32_t count_done(const mlxc_event* event, void* user_data) {
  if (event->type == MLXC_EVENT_DONE) {
    mlxc_request* request = __atomic_load_n(&counted, __ATOMIC_ACQUIRE);
    mlxc_result* result = NULL;
    if (request) { /* the result is there in the last callback already */
      OK(mlxc_request_wait(request, -1, &error));
      OK(mlxc_request_result(&result, request, &error));
      mlxc_result_free(result);
    }
    __atomic_fetch_add((int*)user_data, 1, __ATOMIC_RELAXED);
  }
  return event->type == MLXC_EVENT_TOKEN && event->index == 3 ? 1 : 0;
}

static int32_t free_model_and_tell(const mlxc_event* event, void* user_data) {
  mlxc_model_free(*(mlxc_model**)user_data);
  if (event->type == MLXC_EVENT_DONE) __atomic_store_n((mlxc_model**)user_data, NULL, __ATOMIC_RELEASE);
  return 0;
}

static void callbacks_of_requests(void) {
  mlxc_generate_options options = endless(-1);
  mlxc_prompt prompt = text_prompt("Once upon a time");
  mlxc_request* request = NULL;
  int done = 0;
  OK(mlxc_generate_start(&request, model, &prompt, &options, NULL, 1, count_done, &done, &error));
  __atomic_store_n(&counted, request, __ATOMIC_RELEASE);
  OK(mlxc_request_wait(request, -1, &error)); /* ended by the callback's result */
  CHECK(__atomic_load_n(&done, __ATOMIC_RELAXED) == 1);
  mlxc_request_free(request);

  /* A request that frees itself. It may begin before the handle is there, so its number is awaited. */
  mlxc_model* second = load_model(MLXC_PRECISION_NATIVE);
  static mlxc_request* self;
  OK(mlxc_generate_start(&self, second, &prompt, &options, NULL, 1, free_itself, &self, &error));
  mlxc_model_free(second); /* either way it is over now */
  mlxc_request_free(self);

  /* The model freed in a callback of a request that nobody waits for. */
  static mlxc_model* third;
  third = load_model(MLXC_PRECISION_NATIVE);
  OK(mlxc_generate_start(&request, third, &prompt, &options, NULL, 1, free_model_and_tell, &third, &error));
  OK(mlxc_request_wait(request, -1, &error));
  CHECK(__atomic_load_n(&third, __ATOMIC_ACQUIRE) == NULL);
  mlxc_request_free(request);

  mlxc_queue* queue = NULL;
  OK(mlxc_queue_new(&queue, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_generate_start(&request, model, &prompt, &options, queue, 1, count_done, &done, &error));
  mlxc_queue_free(queue);
}

struct job {
  mlxc_model* model;
  mlxc_cancel* cancel;
  int64_t shape;
  mlxc_status status;
};

static void* generate_until_stopped(void* argument) {
  struct job* job = argument;
  mlxc_generate_options options = endless(-1);
  mlxc_prompt prompt = text_prompt("Once upon a time");
  options.cancel = job->cancel;
  job->status = mlxc_generate_batch(NULL, job->model, &prompt, 1, &options, NULL, NULL, NULL, NULL);
  return NULL;
}

static void pause_ms(long ms) {
  struct timespec time = {0, ms * 1000000};
  nanosleep(&time, NULL);
}

static void stopped_by_another_thread(void) {
  struct job jobs[2] = {{model, NULL, 0, MLXC_OK}, {NULL, NULL, 0, MLXC_OK}};
  pthread_t threads[2];
  OK(mlxc_cancel_new(&jobs[0].cancel, &error));
  jobs[1].model = load_model(MLXC_PRECISION_NATIVE);
  for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, generate_until_stopped, &jobs[i]);
  pause_ms(30);
  OK(mlxc_cancel_trigger(jobs[0].cancel, &error));
  mlxc_model_free(jobs[1].model);
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  CHECK(jobs[0].status == MLXC_CANCELLED && (jobs[1].status == MLXC_CANCELLED || jobs[1].status == MLXC_INVALID_HANDLE));
  mlxc_cancel_free(jobs[0].cancel);
}

static void* wait_on_queue(void* argument) {
  mlxc_event event;
  int64_t count;
  mlxc_status status;
  do status = mlxc_queue_next(argument, -1, &event, 1, &count, NULL);
  while (status == MLXC_BUSY);
  return (void*)(intptr_t)status;
}

static void a_queue_freed_while_waited_on(void) {
  mlxc_queue* queue = NULL;
  pthread_t thread;
  void* status = NULL;
  OK(mlxc_queue_new(&queue, &error));
  pthread_create(&thread, NULL, wait_on_queue, queue);
  mlxc_event event;
  int64_t count;
  while (mlxc_queue_next(queue, 0, &event, 1, &count, NULL) != MLXC_BUSY) pause_ms(1); /* refused once the other thread waits */
  mlxc_queue_free(queue);
  pthread_join(thread, &status);
  CHECK((mlxc_status)(intptr_t)status == MLXC_CANCELLED);
}

/* Two threads on everything at once: one model, arrays, handles that come and go. */
static void* mixed_work(void* argument) {
  struct job* job = argument;
  mlxc_generate_options options = endless(3);
  mlxc_prompt prompt = text_prompt("The fox");
  float values[256], sum = 0;
  for (int round = 0; round < 4; ++round) {
    mlxc_array *a = NULL, *b = NULL, *c = NULL;
    OK(mlxc_generate_batch(NULL, job->model, &prompt, 1, &options, NULL, NULL, NULL, &error));
    OK(mlxc_embed(job->model, &prompt, 1, NULL, values, 256, &error));
    OK(mlxc_array_full(&a, NULL, 2, &job->shape, 1, MLXC_DTYPE_FLOAT32, &error));
    OK(mlxc_array_binary(&b, MLXC_BINARY_MULTIPLY, a, a, &error));
    mlxc_array_free(a);
    OK(mlxc_array_reduce(&c, MLXC_REDUCE_SUM, b, NULL, 0, 0, &error));
    OK(mlxc_array_read(c, &sum, sizeof sum, NULL, &error));
    CHECK(sum == 4 * (float)job->shape);
    mlxc_array_free(b);
    mlxc_array_free(c);
  }
  return NULL;
}

static void two_threads_at_once(void) {
  struct job jobs[2] = {{model, NULL, 100, MLXC_OK}, {model, NULL, 300, MLXC_OK}};
  pthread_t threads[2];
  for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, mixed_work, &jobs[i]);
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
}

int main(void) {
  model = load_model(MLXC_PRECISION_NATIVE);
  an_empty_queue();
  many_requests_on_one_queue();
  waiting_and_results();
  freeing_in_every_order();
  callbacks_of_requests();
  stopped_by_another_thread();
  a_queue_freed_while_waited_on();
  two_threads_at_once();
  mlxc_model_free(model);
  return report("queue");
}
