/* Adapters through the C interface: a loop written by hand trains one on a model in float32; saved, it is served beside the weights and
 * merged into them, and all ways say the same. */
#include <unistd.h>

#include "check.h"

#define MODEL MLXC_TEST_DATA "/models/qwen3-untied"
#define ADAPTER MLXC_TEST_DATA "/models/adapters/qwen3-untied.head"

enum { COUNT = 2, LENGTH = 12, MATRICES = 6, STATES = 1 + 2 * MATRICES, GENERATED = 16 };

static mlxc_array* tokens(int32_t first) {
  int32_t values[COUNT * LENGTH];
  int64_t shape[2] = {COUNT, LENGTH};
  mlxc_array* array = NULL;
  for (int i = 0; i < COUNT * LENGTH; ++i) values[i] = (first + i * 7) % 300;
  OK(mlxc_array_new(&array, NULL, values, sizeof values, shape, 2, MLXC_DTYPE_INT32, &error));
  return array;
}

static float number(mlxc_array* array) {
  float value = 0;
  OK(mlxc_array_read(array, &value, sizeof value, NULL, &error));
  return value;
}

static void greedy(const char* folder, const char* adapter, int32_t out[GENERATED]) {
  const int32_t prompt_tokens[] = {5, 12, 19, 26, 33};
  mlxc_model* model = NULL;
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  mlxc_generate_options generate = MLXC_GENERATE_OPTIONS_INIT;
  mlxc_batch_output output = MLXC_BATCH_OUTPUT_INIT;
  mlxc_prompt prompt = token_prompt(prompt_tokens, 5);
  int64_t count = 0;
  options.adapter = adapter;
  options.precision = MLXC_PRECISION_HIGH;
  generate.max_tokens = GENERATED;
  generate.temperature = 0;
  generate.ignore_model_stop = 1;
  output.tokens = out;
  output.tokens_capacity = GENERATED;
  output.token_counts = &count;
  OK(mlxc_model_load(&model, folder, &options, &error));
  OK(mlxc_generate_batch(NULL, model, &prompt, 1, &generate, &output, NULL, NULL, &error));
  CHECK(count == GENERATED);
  mlxc_model_free(model);
}

static void train(mlxc_parameters* parameters, float* first, float* last) {
  mlxc_module* module = NULL;
  mlxc_optimizer* optimizer = NULL;
  mlxc_array *input = tokens(5), *target = tokens(12), *logits = NULL, *loss = NULL, *rate = NULL;
  mlxc_array *values[MATRICES], *states[STATES], *gradients[MATRICES], *new_values[MATRICES], *new_states[STATES];
  int64_t names = 0;
  OK(mlxc_module_language_model(&module, MODEL, &error));
  OK(mlxc_module_forward(&logits, module, parameters, input, NULL, 0, &error)); /* the matrices begin */
  mlxc_array_free(logits);
  OK(mlxc_parameters_count(parameters, MLXC_PARAMETERS_TRAINED, &names, NULL, &error));
  CHECK(names == MATRICES);
  OK(mlxc_optimizer_new(&optimizer, NULL, &error));
  OK(mlxc_array_full(&rate, NULL, 0.02, NULL, 0, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_parameters_values(parameters, MLXC_PARAMETERS_TRAINED, values, MATRICES, &error));
  OK(mlxc_optimizer_initial_states(optimizer, values, MATRICES, states, STATES, &error));
  for (int step = 0; step < 12; ++step) {
    OK(mlxc_module_forward(&logits, module, parameters, input, NULL, 1, &error));
    OK(mlxc_loss_cross_entropy(&loss, logits, target, 0, -100, MLXC_REDUCTION_MEAN, &error));
    OK(mlxc_grad(gradients, &loss, 1, values, MATRICES, NULL, 0, &error));
    OK(mlxc_optimizer_update(optimizer, values, gradients, MATRICES, states, STATES, rate, new_values, new_states, &error));
    mlxc_array* results[1 + MATRICES + STATES] = {loss};
    memcpy(results + 1, new_values, sizeof new_values);
    memcpy(results + 1 + MATRICES, new_states, sizeof new_states);
    OK(mlxc_array_eval(results, 1 + MATRICES + STATES, &error));
    *last = number(loss);
    if (step == 0) *first = *last;
    OK(mlxc_parameters_set_values(parameters, MLXC_PARAMETERS_TRAINED, new_values, MATRICES, &error));
    for (int i = 0; i < MATRICES; ++i) mlxc_array_free(values[i]), mlxc_array_free(gradients[i]), mlxc_array_free(new_values[i]);
    for (int i = 0; i < STATES; ++i) mlxc_array_free(states[i]), states[i] = new_states[i];
    OK(mlxc_parameters_values(parameters, MLXC_PARAMETERS_TRAINED, values, MATRICES, &error));
    mlxc_array_free(logits);
    mlxc_array_free(loss);
  }
  for (int i = 0; i < MATRICES; ++i) mlxc_array_free(values[i]);
  for (int i = 0; i < STATES; ++i) mlxc_array_free(states[i]);
  mlxc_array_free(input);
  mlxc_array_free(target);
  mlxc_array_free(rate);
  mlxc_optimizer_free(optimizer);
  mlxc_module_free(module);
}

static void an_adapter_trained_saved_served_and_merged(const char* folder) {
  char adapter[600], merged[600], saved[600];
  float first = 0, last = 0;
  int32_t plain[GENERATED], beside[GENERATED], inside[GENERATED], again[GENERATED];
  mlxc_parameters* parameters = NULL;
  mlxc_lora_options lora = MLXC_LORA_OPTIONS_INIT;
  snprintf(adapter, sizeof adapter, "%s/adapter", folder);
  snprintf(merged, sizeof merged, "%s/merged", folder);
  snprintf(saved, sizeof saved, "%s/saved", folder);
  lora.rank = 4;
  lora.targets = "self_attn.q_proj"; /* of three layers */
  OK(mlxc_parameters_load_model(&parameters, NULL, MODEL, 0, MLXC_PRECISION_HIGH, 3, &error));
  OK(mlxc_parameters_add_lora(parameters, &lora, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_parameters_add_lora(parameters, &lora, &error));
  train(parameters, &first, &last);
  CHECK(last < 0.8f * first);
  OK(mlxc_parameters_save_adapter(parameters, adapter, "qwen3-untied", &error));
  OK(mlxc_adapter_merge(NULL, MODEL, adapter, merged, &error));
  OK(mlxc_parameters_merge_adapter(parameters, &error));
  OK(mlxc_parameters_save_model(parameters, MODEL, saved, &error));
  mlxc_parameters_free(parameters);

  greedy(MODEL, NULL, plain);
  greedy(MODEL, adapter, beside);
  greedy(merged, NULL, inside);
  greedy(saved, NULL, again);
  CHECK(memcmp(beside, plain, sizeof plain) != 0);
  CHECK(memcmp(beside, inside, sizeof plain) == 0);
  CHECK(memcmp(beside, again, sizeof plain) == 0);
}

static void folders_that_do_not_fit(void) {
  mlxc_model* model = NULL;
  mlxc_parameters* parameters = NULL;
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  options.adapter = "/nowhere";
  EXPECT(MLXC_NOT_FOUND, mlxc_model_load(&model, MODEL, &options, &error));
  options.adapter = ADAPTER;
  EXPECT(MLXC_FORMAT, mlxc_model_load(&model, MLXC_TEST_DATA "/models/fable-qwen3", &options, &error));
  OK(mlxc_parameters_load_model(&parameters, NULL, MODEL, 0, MLXC_PRECISION_HIGH, 0, &error));
  EXPECT(MLXC_NOT_FOUND, mlxc_parameters_load_adapter(parameters, "/nowhere", &error));
  OK(mlxc_parameters_load_adapter(parameters, ADAPTER, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_parameters_load_adapter(parameters, ADAPTER, &error));
  mlxc_parameters_free(parameters);
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_adapter_merge(NULL, MODEL, ADAPTER, MODEL, &error));
  EXPECT(MLXC_UNSUPPORTED, mlxc_module_language_model((mlxc_module* [1]){NULL}, MLXC_TEST_DATA "/models/bert-mean", &error));
}

int main(void) {
  char folder[] = "/tmp/mlxc-finetune-XXXXXX", command[100];
  if (!mkdtemp(folder)) return 1;
  an_adapter_trained_saved_served_and_merged(folder);
  folders_that_do_not_fit();
  snprintf(command, sizeof command, "rm -r %s", folder);
  CHECK(system(command) == 0);
  return report("finetune");
}
