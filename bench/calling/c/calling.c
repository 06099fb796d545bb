/* The measure of what calling costs: the same generations from C in process. calling MODEL THREADS REQUESTS TOKENS ROUNDS */
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

static long peak_kb(void) {
  char line[256];
  long kb = 0;
  FILE* file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "VmHWM: %ld", &kb);
  if (file) fclose(file);
  return kb;
}

int main(int argc, char** argv) {
  if (argc != 6) return fprintf(stderr, "usage: calling MODEL THREADS REQUESTS TOKENS ROUNDS\n"), 2;
  int requests = atoi(argv[3]), rounds = atoi(argv[5]);
  long long tokens = atoll(argv[4]);
  mlxc_error error = MLXC_ERROR_INIT;
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  options.threads = atoi(argv[2]);
  mlxc_model* model = NULL;
  if (mlxc_model_load(&model, argv[1], &options, &error)) return fprintf(stderr, "%s\n", error.message), 1;
  mlxc_prompt* prompts = calloc((size_t)requests, sizeof *prompts);
  char(*texts)[64] = calloc((size_t)requests, sizeof *texts);
  for (int i = 0; i < requests; ++i) {
    prompts[i].text = texts[i];
    prompts[i].text_bytes = (size_t)snprintf(texts[i], sizeof texts[i], "Once upon a time there were %d kings", i);
  }
  mlxc_generate_options generate = MLXC_GENERATE_OPTIONS_INIT;
  generate.temperature = 0;
  generate.max_tokens = tokens;
  generate.ignore_model_stop = 1;
  double cpu_start = 0;
  printf("{\"seconds\": [");
  for (int round = -1; round < rounds; ++round) { /* the first one warms up */
    double start = now();
    if (round == 0) cpu_start = cpu();
    mlxc_result* result = NULL;
    if (mlxc_generate_batch(&result, model, prompts, requests, &generate, NULL, NULL, NULL, &error))
      return fprintf(stderr, "%s\n", error.message), 1;
    const char* text = NULL;
    size_t bytes = 0, all = 0;
    for (int i = 0; i < requests; ++i, all += bytes) mlxc_result_peek_text(result, i, &text, &bytes, NULL);
    mlxc_result_free(result);
    if (all == 0) return fprintf(stderr, "no text came\n"), 1;
    if (round >= 0) printf("%s%.6f", round ? ", " : "", now() - start);
  }
  printf("], \"cpu\": %.6f, \"peak_kb\": %ld, \"cgo_calls\": 0, \"allocations\": 0}\n", (cpu() - cpu_start) / rounds, peak_kb());
  mlxc_model_free(model);
  free(prompts);
  free(texts);
  return 0;
}
