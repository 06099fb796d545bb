/* Teaches a language model a short text by a LoRA adapter, then generates twice: with the adapter beside the model, and with the merged
 * model.
 *
 *   cc finetune.c $(pkg-config --cflags --libs mlxc) -o finetune
 *   ./finetune MODEL_FOLDER OUTPUT_FOLDER
 */
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

enum { WINDOW = 24, BATCH = 4, EPOCHS = 12 };

static const char text[] =
    "A lantern maker named Odalis lived where the river bends three times. Every evening she hung one lantern for each boat that was still "
    "out. One night there was a lantern too many. She counted the boats, she counted the lanterns, and she walked down to the water to "
    "ask. "
    "There sat a heron with a lantern of its own. \"I am late as well,\" said the heron, \"and nobody hangs a light for me.\" From then on "
    "Odalis hung one lantern more, and no boat was ever lost at the bend where the heron stood.";
static const char beginning[] = "A lantern maker named Odalis";

static int32_t show(const mlxc_train_event* event, void* user_data) {
  double* losses = user_data;
  if (event->kind != MLXC_TRAIN_EPOCH) return 0;
  if (event->epoch == 0) losses[0] = event->loss;
  losses[1] = event->loss;
  printf("epoch %2lld  loss %.4f\n", (long long)event->epoch + 1, event->loss);
  return 0;
}

/* The weights stay where they are, mapped from the file; the adapter is all that is trained. */
static void train(const char* folder, const char* adapter, double losses[2]) {
  mlxc_tokenizer* tokenizer;
  mlxc_dataset* windows;
  mlxc_loader* loader;
  mlxc_loader_options loading = MLXC_LOADER_OPTIONS_INIT;
  loading.batch_size = BATCH;
  loading.shuffle = 1;
  check(mlxc_tokenizer_load(&tokenizer, folder, &error));
  check(mlxc_dataset_new_text(&windows, tokenizer, text, strlen(text), WINDOW, WINDOW / 2, &error));
  check(mlxc_loader_new(&loader, windows, &loading, &error));

  mlxc_module* model;
  mlxc_parameters* parameters;
  mlxc_lora_options lora = MLXC_LORA_OPTIONS_INIT;
  check(mlxc_module_language_model(&model, folder, &error));
  check(mlxc_parameters_load_model(&parameters, NULL, folder, 0, MLXC_PRECISION_HIGH, 1, &error));
  check(mlxc_parameters_add_lora(parameters, &lora, &error));

  mlxc_trainer* trainer;
  mlxc_schedule schedule = MLXC_SCHEDULE_INIT;
  mlxc_trainer_options training = MLXC_TRAINER_OPTIONS_INIT;
  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  schedule.rate = 3e-3;
  training.schedule = &schedule;
  training.clip_norm = 1;
  fit.epochs = EPOCHS;
  fit.callback_steps = 0;
  check(mlxc_trainer_new(&trainer, model, parameters, NULL, &training, &error));
  mlxc_parameters_free(parameters);
  check(mlxc_trainer_fit(trainer, loader, NULL, &fit, show, losses, &error));
  check(mlxc_trainer_parameters_copy(&parameters, trainer, &error));
  check(mlxc_parameters_save_adapter(parameters, adapter, folder, &error));

  mlxc_parameters_free(parameters);
  mlxc_trainer_free(trainer);
  mlxc_module_free(model);
  mlxc_loader_free(loader);
  mlxc_dataset_free(windows);
  mlxc_tokenizer_free(tokenizer);
}

static void generate(const char* folder, const char* adapter, char* out, size_t capacity) {
  mlxc_model* model;
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  mlxc_generate_options greedy = MLXC_GENERATE_OPTIONS_INIT;
  mlxc_batch_output output = MLXC_BATCH_OUTPUT_INIT;
  mlxc_prompt prompt = {beginning, strlen(beginning), NULL, 0};
  options.precision = MLXC_PRECISION_HIGH;
  options.adapter = adapter;
  greedy.max_tokens = 32;
  greedy.temperature = 0;
  output.text = out;
  output.text_capacity = capacity;
  check(mlxc_model_load(&model, folder, &options, &error));
  check(mlxc_generate_batch(NULL, model, &prompt, 1, &greedy, &output, NULL, NULL, &error));
  mlxc_model_free(model);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s MODEL_FOLDER OUTPUT_FOLDER\n", argv[0]);
    return 2;
  }
  char adapter[4096], merged[4096], before[1024], beside[1024], inside[1024];
  double losses[2];
  snprintf(adapter, sizeof adapter, "%s/adapter", argv[2]);
  snprintf(merged, sizeof merged, "%s/merged", argv[2]);
  train(argv[1], adapter, losses);
  check(mlxc_adapter_merge(NULL, argv[1], adapter, merged, &error));

  generate(argv[1], NULL, before, sizeof before);
  generate(argv[1], adapter, beside, sizeof beside);
  generate(merged, NULL, inside, sizeof inside);
  printf("\nbefore:       %s%s\nwith adapter: %s%s\nmerged:       %s%s\n", beginning, before, beginning, beside, beginning, inside);
  return losses[1] < losses[0] / 2 && strcmp(beside, inside) == 0 && strcmp(before, beside) != 0 ? 0 : 1;
}
