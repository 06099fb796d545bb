/* Trains a small transformer from nothing but a config: it learns a text by heart, byte by byte, and recites it.
 *
 *   cc scratch.c $(pkg-config --cflags --libs mlxc) -o scratch
 *   ./scratch OUTPUT_FOLDER
 */
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

enum { WINDOW = 48, BATCH = 8, STEPS = 120, PROMPT = 12, MOST_BYTES = 256 };

static const char text[] =
    "The quick brown fox met the lazy dog at noon. By one they had agreed that neither of them liked to jump, and by two they were asleep.";

/* Any family that mlxc_model_load knows; this is Qwen 3 with tokens that are bytes. */
static const char config[] =
    "{\"architectures\": [\"Qwen3ForCausalLM\"], \"model_type\": \"qwen3\", \"vocab_size\": 256, \"hidden_size\": 64,\n"
    " \"intermediate_size\": 128, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"head_dim\": 16,\n"
    " \"max_position_embeddings\": 256, \"rms_norm_eps\": 1e-6, \"rope_theta\": 10000.0, \"tie_word_embeddings\": true}\n";

static int32_t show(const mlxc_train_event* event, void* user_data) {
  (void)user_data;
  if (event->kind == MLXC_TRAIN_STEP && event->step % 20 == 0)
    printf("step %3lld  loss %.4f  %.0f bytes/s\n", (long long)event->step, event->loss, event->samples_per_second * WINDOW);
  return 0;
}

static mlxc_parameters* train(const char* folder) {
  mlxc_module* model;
  mlxc_parameters* parameters;
  mlxc_array *logits, *tokens;
  int64_t one[2] = {1, 1};
  check(mlxc_module_language_model(&model, folder, &error));
  check(mlxc_parameters_new(&parameters, NULL, 1, &error));
  /* Names begin when a forward pass asks for them; weights are drawn as GPT-2's. */
  check(mlxc_array_full(&tokens, NULL, 0, one, 2, MLXC_DTYPE_INT32, &error));
  check(mlxc_module_forward(&logits, model, parameters, tokens, NULL, 0, &error));
  check(mlxc_parameters_draw(parameters, "", 0, MLXC_INITIAL_NORMAL, 0.02, NULL, &error));
  mlxc_array_free(tokens);
  mlxc_array_free(logits);

  int32_t bytes[sizeof text];
  for (size_t i = 0; i < sizeof text; i++) bytes[i] = (unsigned char)text[i];
  mlxc_dataset* windows;
  mlxc_loader* loader;
  mlxc_loader_options loading = MLXC_LOADER_OPTIONS_INIT;
  loading.batch_size = BATCH;
  loading.shuffle = 1;
  loading.drop_last = 1;
  check(mlxc_dataset_new_tokens(&windows, bytes, sizeof text, WINDOW, 1, &error));
  check(mlxc_loader_new(&loader, windows, &loading, &error));

  mlxc_trainer* trainer;
  mlxc_schedule schedule = MLXC_SCHEDULE_INIT;
  mlxc_trainer_options training = MLXC_TRAINER_OPTIONS_INIT;
  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  schedule.kind = MLXC_SCHEDULE_ONE_CYCLE;
  schedule.rate = 1e-2;
  schedule.total_steps = STEPS;
  training.schedule = &schedule;
  training.clip_norm = 1;
  fit.epochs = INT64_MAX;
  fit.max_steps = STEPS;
  check(mlxc_trainer_new(&trainer, model, parameters, NULL, &training, &error));
  mlxc_parameters_free(parameters);
  check(mlxc_trainer_fit(trainer, loader, NULL, &fit, show, NULL, &error));
  check(mlxc_trainer_parameters_copy(&parameters, trainer, &error));
  mlxc_trainer_free(trainer);
  mlxc_loader_free(loader);
  mlxc_dataset_free(windows);
  mlxc_module_free(model);
  return parameters;
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s OUTPUT_FOLDER\n", argv[0]);
    return 2;
  }
  char path[4096];
  snprintf(path, sizeof path, "%s/config.json", argv[1]);
  FILE* file = fopen(path, "w");
  if (!file || fputs(config, file) < 0 || fclose(file) != 0) {
    fprintf(stderr, "cannot write %s: the folder must be there\n", path);
    return 1;
  }
  mlxc_parameters* parameters = train(argv[1]);
  snprintf(path, sizeof path, "%s/model", argv[1]);
  check(mlxc_parameters_save_model(parameters, argv[1], path, &error));
  mlxc_parameters_free(parameters);

  /* What has been saved is served like any published model. */
  mlxc_model* model;
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  mlxc_generate_options greedy = MLXC_GENERATE_OPTIONS_INIT;
  mlxc_batch_output output = MLXC_BATCH_OUTPUT_INIT;
  int32_t prompt_bytes[PROMPT], said[MOST_BYTES];
  int64_t count = 0;
  char recited[MOST_BYTES + 1] = {0};
  for (int i = 0; i < PROMPT; i++) prompt_bytes[i] = (unsigned char)text[i];
  mlxc_prompt prompt = {NULL, 0, prompt_bytes, PROMPT};
  options.precision = MLXC_PRECISION_HIGH;
  greedy.max_tokens = WINDOW - PROMPT;
  greedy.temperature = 0;
  output.tokens = said;
  output.tokens_capacity = MOST_BYTES;
  output.token_counts = &count;
  check(mlxc_model_load(&model, path, &options, &error));
  check(mlxc_generate_batch(NULL, model, &prompt, 1, &greedy, &output, NULL, NULL, &error));
  mlxc_model_free(model);
  for (int64_t i = 0; i < count; i++) recited[i] = (char)said[i];
  printf("\n%.*s|%s\n", PROMPT, text, recited);
  return strncmp(recited, text + PROMPT, (size_t)count) == 0 && count == WINDOW - PROMPT ? 0 : 1;
}
