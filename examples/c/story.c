/* Streams a story to the terminal: load a model folder, generate after one prompt, print each piece of text as it comes.
 *
 *   cc story.c $(pkg-config --cflags --libs mlxc) -o story
 *   ./story tests/models/fable-qwen3 "Once upon a time"
 */
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <string.h>

/* Called on the model's worker thread for every token. A result other than 0 would stop the generation. */
static int32_t print_piece(const mlxc_event* event, void* user_data) {
  (void)user_data;
  if (event->type == MLXC_EVENT_TOKEN) {
    fwrite(event->text, 1, event->text_bytes, stdout);
    fflush(stdout);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s MODEL_FOLDER PROMPT\n", argv[0]);
    return 2;
  }
  mlxc_error error = MLXC_ERROR_INIT;
  mlxc_model* model = NULL;
  if (mlxc_model_load(&model, argv[1], NULL, &error) != MLXC_OK) {
    fprintf(stderr, "%s: %s\n", mlxc_status_name(error.status), error.message);
    return 1;
  }

  mlxc_prompt prompt = {argv[2], strlen(argv[2]), NULL, 0};
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  options.max_tokens = 120;
  options.temperature = 0.8f;
  options.top_p = 0.95f;
  options.seed = 7;

  printf("%s", argv[2]);
  mlxc_result* result = NULL;
  int failed = mlxc_generate_batch(&result, model, &prompt, 1, &options, NULL, print_piece, NULL, &error) != MLXC_OK;
  printf("\n");
  if (failed) {
    fprintf(stderr, "%s: %s\n", mlxc_status_name(error.status), error.message);
  } else {
    mlxc_timings timings = MLXC_TIMINGS_INIT;
    if (mlxc_result_timings(result, 0, &timings, NULL) == MLXC_OK) {
      printf("\n%lld tokens, the first after %.1f ms\n", (long long)timings.generated_tokens, 1000 * timings.first_token_seconds);
    }
  }
  mlxc_result_free(result);
  mlxc_model_free(model);
  return failed;
}
