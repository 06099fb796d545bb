/* What calling costs, from C in process: `bench_calling batch|stream MODEL REQUESTS TOKENS REPEATS` prints one JSON line.
 *   batch    one mlxc_generate_batch for all requests
 *   stream   one mlxc_generate_start a request into one queue, events drained many at a time
 */
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static long peak_kb(void) {
  char line[256];
  long peak = 0;
  FILE *status = fopen("/proc/self/status", "r");
  if (status == NULL) return 0;
  while (fgets(line, sizeof line, status)) {
    if (sscanf(line, "VmHWM: %ld", &peak) == 1) break;
  }
  fclose(status);
  return peak;
}

static int64_t batch(mlxc_model *model, const mlxc_prompt *prompts, int64_t count, const mlxc_generate_options *options, mlxc_error *error) {
  mlxc_result *result = NULL;
  int64_t tokens = 0;
  if (mlxc_generate_batch(&result, model, prompts, count, options, NULL, NULL, NULL, error) != MLXC_OK) return -1;
  for (int64_t i = 0; i < count; i++) {
    const int32_t *ids;
    int64_t n = 0;
    if (mlxc_result_peek_tokens(result, i, &ids, &n, error) != MLXC_OK) return -1;
    tokens += n;
  }
  mlxc_result_free(result);
  return tokens;
}

static int64_t stream(mlxc_model *model, const mlxc_prompt *prompts, int64_t count, const mlxc_generate_options *options, mlxc_error *error) {
  enum { CAPACITY = 256 };
  static mlxc_event events[CAPACITY];
  mlxc_queue *queue = NULL;
  mlxc_request **requests = calloc((size_t)count, sizeof(mlxc_request *));
  int64_t tokens = 0, open = 0;
  if (requests == NULL || mlxc_queue_new(&queue, error) != MLXC_OK) return -1;
  for (; open < count; open++) {
    if (mlxc_generate_start(&requests[open], model, &prompts[open], options, queue, (uint64_t)open, NULL, NULL, error) != MLXC_OK) return -1;
  }
  while (open > 0) {
    int64_t n = 0;
    if (mlxc_queue_next(queue, -1, events, CAPACITY, &n, error) != MLXC_OK) return -1;
    for (int64_t i = 0; i < n; i++) {
      if (events[i].type == MLXC_EVENT_DONE) {
        open--;
      } else if (events[i].token >= 0) {
        tokens++;
      }
    }
  }
  for (int64_t i = 0; i < count; i++) mlxc_request_free(requests[i]);
  mlxc_queue_free(queue);
  free(requests);
  return tokens;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: %s batch|stream MODEL REQUESTS TOKENS REPEATS\n", argv[0]);
    return 2;
  }
  const int64_t count = atoll(argv[3]);
  const int repeats = atoi(argv[5]);
  const char *text = "Once upon a time";
  mlxc_error error = MLXC_ERROR_INIT;
  mlxc_model *model = NULL;
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  options.max_tokens = atoll(argv[4]);
  options.ignore_model_stop = 1;
  mlxc_prompt *prompts = calloc((size_t)count, sizeof *prompts);
  if (prompts == NULL || mlxc_model_load(&model, argv[2], NULL, &error) != MLXC_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  for (int64_t i = 0; i < count; i++) {
    prompts[i].text = text;
    prompts[i].text_bytes = strlen(text);
  }
  int64_t tokens = 0;
  printf("{\"seconds\": [");
  for (int r = -1; r < repeats; r++) { /* the first run warms up: programs are planned, pages allocated */
    const double start = now();
    tokens = (strcmp(argv[1], "batch") == 0 ? batch : stream)(model, prompts, count, &options, &error);
    if (tokens < 0) {
      fprintf(stderr, "%s\n", error.message);
      return 1;
    }
    if (r >= 0) printf("%s%.6f", r ? ", " : "", now() - start);
  }
  printf("], \"tokens\": %lld, \"cgo_calls\": 0, \"peak_kb\": %ld}\n", (long long)tokens, peak_kb());
  mlxc_model_free(model);
  free(prompts);
  return 0;
}
