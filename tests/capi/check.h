/* A small harness: CHECK counts and reports, report() is the exit code. */
#ifndef MLXC_TESTS_CAPI_CHECK_H
#define MLXC_TESTS_CAPI_CHECK_H

#include <mlxc/mlxc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An allocation that is too large is a NULL, as without sanitizers, not the end of the process. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
__attribute__((visibility("default"))) const char* __asan_default_options(void);
__attribute__((visibility("default"))) const char* __tsan_default_options(void);
const char* __asan_default_options(void) { return "allocator_may_return_null=1"; }
const char* __tsan_default_options(void) { return "allocator_may_return_null=1"; }
__attribute__((visibility("default"))) const char* __lsan_default_suppressions(void);
const char* __lsan_default_suppressions(void) { return "leak:libvulkan_lvp.so\n"; } /* a driver's own, one a pipeline */
#endif

static int check_failures = 0, check_count = 0;

static inline int check_that(int good, const char* file, int line, const char* text) {
  __atomic_fetch_add(&check_count, 1, __ATOMIC_RELAXED);
  if (!good) {
    fprintf(stderr, "%s:%d: %s\n", file, line, text);
    __atomic_fetch_add(&check_failures, 1, __ATOMIC_RELAXED);
  }
  return good;
}

static inline int check_status(mlxc_status actual, mlxc_status expected, const mlxc_error* error, const char* file, int line,
                               const char* text) {
  __atomic_fetch_add(&check_count, 1, __ATOMIC_RELAXED);
  if (actual == expected) return 1;
  fprintf(stderr, "%s:%d: %s is %s, expected %s%s%s\n", file, line, text, mlxc_status_name(actual), mlxc_status_name(expected),
          error ? ": " : "", error ? error->message : "");
  __atomic_fetch_add(&check_failures, 1, __ATOMIC_RELAXED);
  return 0;
}

#define CHECK(condition) check_that(!!(condition), __FILE__, __LINE__, #condition)
/* `call` may use `&error`. */
#define EXPECT(expected, call)                                                                \
  do {                                                                                        \
    mlxc_error error = MLXC_ERROR_INIT;                                                       \
    mlxc_status got_status = (call);                                                          \
    check_status(got_status, (expected), &error, __FILE__, __LINE__, #call);                  \
    if (got_status != MLXC_OK && got_status == error.status) CHECK(error.message[0] != '\0'); \
    (void)error;                                                                              \
  } while (0)
#define OK(call) EXPECT(MLXC_OK, call)

static inline int report(const char* name) {
  CHECK(mlxc_handle_count(MLXC_HANDLE_ANY) == 0); /* every test frees what it makes */
  printf("%s: %d checks, %d failures\n", name, check_count, check_failures);
  return check_failures == 0 ? 0 : 1;
}

#define MODEL_PATH MLXC_TEST_DATA "/models/fable-qwen3"

static inline mlxc_model* load_model(int32_t precision) {
  mlxc_model* model = NULL;
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  options.precision = precision;
  OK(mlxc_model_load(&model, MODEL_PATH, &options, &error));
  if (!model) exit(1);
  return model;
}

static inline mlxc_prompt text_prompt(const char* text) {
  mlxc_prompt prompt = {NULL, 0, NULL, 0};
  prompt.text = text;
  prompt.text_bytes = strlen(text);
  return prompt;
}

static inline mlxc_prompt token_prompt(const int32_t* tokens, int64_t count) {
  mlxc_prompt prompt = {NULL, 0, NULL, 0};
  prompt.tokens = tokens;
  prompt.token_count = count;
  return prompt;
}

#endif
