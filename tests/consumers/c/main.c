/* A stranger's C program, compiled against the installed headers and library only. */
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  mlxc_error error = MLXC_ERROR_INIT;
  mlxc_model* model = NULL;
  if (argc < 2 || mlxc_abi_version() < MLXC_ABI_VERSION) return 2;
  if (mlxc_model_load(&model, "/no/such/folder", NULL, &error) != MLXC_NOT_FOUND || model != NULL || error.message[0] == '\0') {
    fprintf(stderr, "a missing folder gave %s: %s\n", mlxc_status_name(error.status), error.message);
    return 1;
  }
  if (mlxc_model_load(&model, argv[1], NULL, &error) != MLXC_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  const char* text = "Once upon a time";
  mlxc_prompt prompt = {text, strlen(text), NULL, 0};
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  options.max_tokens = 8;
  options.temperature = 0;
  char story[1024];
  size_t bytes = 0;
  mlxc_batch_output output = MLXC_BATCH_OUTPUT_INIT;
  output.text = story;
  output.text_capacity = sizeof story;
  output.text_bytes = &bytes;
  if (mlxc_generate_batch(NULL, model, &prompt, 1, &options, &output, NULL, NULL, &error) != MLXC_OK || bytes == 0) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  printf("%s%s\n", text, story);
  mlxc_model_free(model);
  return 0;
}
