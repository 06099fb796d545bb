/* Versioned structs: smaller ones take defaults, larger ones must end in zeros, results fill what there is. */
#include "check.h"

/* What a caller of a later version would pass. */
typedef struct {
  mlxc_generate_options known;
  uint64_t later[4];
} later_options;

static void options_of_other_sizes(mlxc_model* model) {
  mlxc_prompt prompt = text_prompt("Once upon a time");
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  later_options later;
  options.max_tokens = 2;
  OK(mlxc_generate_batch(NULL, model, &prompt, 1, &options, NULL, NULL, NULL, &error));

  memset(&later, 0, sizeof later);
  later.known = options;
  later.known.struct_size = (uint32_t)sizeof later;
  OK(mlxc_generate_batch(NULL, model, &prompt, 1, &later.known, NULL, NULL, NULL, &error));
  later.later[3] = 1;
  EXPECT(MLXC_UNSUPPORTED, mlxc_generate_batch(NULL, model, &prompt, 1, &later.known, NULL, NULL, NULL, &error));

  /* Only the fields up to max_tokens exist for this caller; garbage behind them is not read. */
  memset((char*)&options + offsetof(mlxc_generate_options, min_tokens), 0xff, sizeof options - offsetof(mlxc_generate_options, min_tokens));
  options.struct_size = (uint32_t)offsetof(mlxc_generate_options, min_tokens);
  OK(mlxc_generate_batch(NULL, model, &prompt, 1, &options, NULL, NULL, NULL, &error));
  options.struct_size = (uint32_t)sizeof options;
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_generate_batch(NULL, model, &prompt, 1, &options, NULL, NULL, NULL, &error));

  const uint32_t nonsense[] = {0, 1, 3, 5000, 0xffffffffu};
  for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; ++i) {
    mlxc_generate_options wrong = MLXC_GENERATE_OPTIONS_INIT;
    wrong.struct_size = nonsense[i];
    EXPECT(MLXC_INVALID_ARGUMENT, mlxc_generate_batch(NULL, model, &prompt, 1, &wrong, NULL, NULL, NULL, &error));
  }
}

static void results_of_other_sizes(mlxc_model* model) {
  struct {
    mlxc_model_info known;
    uint64_t later[2];
  } larger;
  memset(&larger, 0xee, sizeof larger);
  larger.known.struct_size = (uint32_t)sizeof larger;
  OK(mlxc_model_inspect(model, &larger.known, &error));
  CHECK(larger.known.struct_size == sizeof larger && larger.known.vocabulary == 4096 && larger.known.hidden == 256);
  CHECK(larger.later[0] == 0 && larger.later[1] == 0);

  mlxc_model_info smaller;
  memset(&smaller, 0xee, sizeof smaller);
  smaller.struct_size = (uint32_t)offsetof(mlxc_model_info, hidden);
  OK(mlxc_model_inspect(model, &smaller, &error));
  CHECK(smaller.vocabulary == 4096 && smaller.hidden == (int64_t)0xeeeeeeeeeeeeeeeeLL);

  smaller.struct_size = 0;
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_model_inspect(model, &smaller, &error));
}

#define INIT_MATCHES_MACRO(type, function, macro)                                      \
  do {                                                                                 \
    type by_macro = macro, by_function;                                                \
    unsigned char part[sizeof(type)];                                                  \
    memset(&by_function, 0xaa, sizeof by_function);                                    \
    function(&by_function, (uint32_t)sizeof by_function);                              \
    CHECK(memcmp(&by_macro, &by_function, sizeof by_macro) == 0);                      \
    memset(part, 0xaa, sizeof part);                                                   \
    function((type*)(void*)part, 3); /* too small to hold its size: nothing happens */ \
    CHECK(part[0] == 0xaa);                                                            \
  } while (0)

static void init_functions(void) {
  INIT_MATCHES_MACRO(mlxc_model_options, mlxc_model_options_init, MLXC_MODEL_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_generate_options, mlxc_generate_options_init, MLXC_GENERATE_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_encode_options, mlxc_encode_options_init, MLXC_ENCODE_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_decode_options, mlxc_decode_options_init, MLXC_DECODE_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_score_options, mlxc_score_options_init, MLXC_SCORE_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_embed_options, mlxc_embed_options_init, MLXC_EMBED_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_optimizer_options, mlxc_optimizer_options_init, MLXC_OPTIMIZER_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_schedule, mlxc_schedule_init, MLXC_SCHEDULE_INIT);
  INIT_MATCHES_MACRO(mlxc_recurrent_options, mlxc_recurrent_options_init, MLXC_RECURRENT_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_lora_options, mlxc_lora_options_init, MLXC_LORA_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_csv_options, mlxc_csv_options_init, MLXC_CSV_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_loader_options, mlxc_loader_options_init, MLXC_LOADER_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_trainer_options, mlxc_trainer_options_init, MLXC_TRAINER_OPTIONS_INIT);
  INIT_MATCHES_MACRO(mlxc_fit_options, mlxc_fit_options_init, MLXC_FIT_OPTIONS_INIT);
}

static void error_records(void) {
  mlxc_model* model = (mlxc_model*)1;
  mlxc_error error = MLXC_ERROR_INIT;
  CHECK(mlxc_model_load(&model, "/no/such/folder", NULL, &error) == MLXC_NOT_FOUND);
  CHECK(model == NULL && error.status == MLXC_NOT_FOUND && strstr(error.message, "/no/such/folder") != NULL);

  mlxc_error untouched = MLXC_ERROR_INIT;
  int32_t count;
  strcpy(untouched.message, "mine");
  CHECK(mlxc_device_count(&count, &untouched) == MLXC_OK && strcmp(untouched.message, "mine") == 0);

  /* Short and empty records: the library stays inside. */
  for (uint32_t size = 0; size <= 40; ++size) {
    mlxc_error* small = malloc(size > 4 ? size : 4);
    if (!small) return;
    memset(small, 0, size > 4 ? size : 4);
    memcpy(small, &size, sizeof size);
    CHECK(mlxc_model_load(&model, "/no/such/folder", NULL, small) == MLXC_NOT_FOUND);
    if (size > offsetof(mlxc_error, message)) CHECK(memchr(small->message, 0, size - offsetof(mlxc_error, message)) != NULL);
    free(small);
  }

  /* A message is cut between characters; a name is never a format. */
  char name[2000] = "%s%n%d";
  mlxc_device* device = NULL;
  while (strlen(name) + 3 < sizeof name) strcat(name, "\xc3\xa9");
  CHECK(mlxc_device_open(&device, name, &error) == MLXC_NOT_FOUND);
  size_t length = strlen(error.message);
  CHECK(length < sizeof error.message && length >= sizeof error.message - 2);
  CHECK((unsigned char)error.message[length - 1] == 0xa9 && strstr(error.message, "%s%n%d") != NULL);
  /* Bytes that are not UTF-8 do not reach the message. */
  CHECK(mlxc_model_load(&model, "/no/\xff\xfe\xc3/folder", NULL, &error) == MLXC_NOT_FOUND);
  CHECK(strchr(error.message, '\xff') == NULL && strchr(error.message, '\xfe') == NULL);
}

int main(void) {
  mlxc_model* model = load_model(MLXC_PRECISION_NATIVE);
  options_of_other_sizes(model);
  results_of_other_sizes(model);
  init_functions();
  error_records();
  mlxc_model_free(model);
  return report("structs");
}
