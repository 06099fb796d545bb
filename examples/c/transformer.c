/* Puts a small transformer together out of modules, trains it on a text, then lets it go on with the text's beginning.
 *
 *   cc transformer.c $(pkg-config --cflags --libs mlxc) -lm -o transformer
 *   ./transformer model         a folder with a tokenizer.json
 *
 * It sees one fable only, so it learns it by heart. Exits with 0 when it does.
 */
#include <mlxc/mlxc.h>
#include <string.h>

#include "progress.h"

enum { WIDTH = 64, WINDOW = 32, LAYERS = 2 };

static const char fable[] =
    "A fox once saw a crow fly off with a piece of cheese in its beak and settle on a branch of a tree. That is for me, as I am a fox, "
    "said Master Reynard, and he walked up to the foot of the tree. Good day, Mistress Crow, he cried. How well you are looking today: "
    "how glossy your feathers; how bright your eye. I feel sure your voice must surpass that of other birds, just as your figure does; "
    "let me hear but one song from you that I may greet you as the Queen of Birds. The crow lifted up her head and began to caw her "
    "best, but the moment she opened her mouth the piece of cheese fell to the ground, only to be snapped up by Master Fox. That will "
    "do, said he. That was all I wanted. In exchange for your cheese I will give you a piece of advice for the future: do not trust "
    "flatterers.";

/* x + body(layer_norm(x)) */
static mlxc_module* step_of(mlxc_module* body) {
  mlxc_module *parts[2] = {NULL, body}, *both, *all;
  check(mlxc_module_layer_norm(&parts[0], WIDTH, 1e-5, &error));
  check(mlxc_module_sequential(&both, parts, 2, &error));
  check(mlxc_module_residual(&all, both, &error));
  mlxc_module_free(parts[0]);
  mlxc_module_free(body);
  mlxc_module_free(both);
  return all;
}

static mlxc_module* transformer(int64_t vocabulary) {
  mlxc_module *layers[2 + 2 * LAYERS + 2], *all;
  int n = 0;
  check(mlxc_module_embedding(&layers[n++], vocabulary, WIDTH, &error));
  check(mlxc_module_positions(&layers[n++], WINDOW, WIDTH, &error));
  for (int i = 0; i < LAYERS; i++) {
    mlxc_module *attention, *parts[3], *mlp;
    check(mlxc_module_attention(&attention, WIDTH, 4, 1, 1, &error));
    layers[n++] = step_of(attention);
    check(mlxc_module_linear(&parts[0], WIDTH, 4 * WIDTH, 1, &error));
    check(mlxc_module_activation(&parts[1], MLXC_ACTIVATION_GELU, NAN, &error));
    check(mlxc_module_linear(&parts[2], 4 * WIDTH, WIDTH, 1, &error));
    check(mlxc_module_sequential(&mlp, parts, 3, &error));
    for (int j = 0; j < 3; j++) mlxc_module_free(parts[j]);
    layers[n++] = step_of(mlp);
  }
  check(mlxc_module_layer_norm(&layers[n++], WIDTH, 1e-5, &error));
  check(mlxc_module_linear(&layers[n++], WIDTH, vocabulary, 1, &error));
  check(mlxc_module_sequential(&all, layers, n, &error));
  while (n > 0) mlxc_module_free(layers[--n]);
  return all;
}

/* The most likely token behind the first `count`; no token sees those behind it, so the rest of the window does not matter. */
static int32_t next_token(mlxc_trainer* trainer, const int32_t* window, int count) {
  int64_t shape[2] = {1, WINDOW}, best[WINDOW];
  mlxc_array *input, *logits, *most_likely;
  check(mlxc_array_new(&input, NULL, window, WINDOW * sizeof *window, shape, 2, MLXC_DTYPE_INT32, &error));
  check(mlxc_trainer_predict(&logits, trainer, input, 1, &error));
  check(mlxc_array_argmax(&most_likely, logits, 2, 0, &error));
  check(mlxc_array_read(most_likely, best, sizeof best, NULL, &error));
  mlxc_array_free(input);
  mlxc_array_free(logits);
  mlxc_array_free(most_likely);
  return (int32_t)best[count - 1];
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s FOLDER_WITH_TOKENIZER\n", argv[0]);
    return 2;
  }
  mlxc_tokenizer* tokenizer;
  mlxc_dataset* data;
  mlxc_loader* loader;
  check(mlxc_tokenizer_load(&tokenizer, argv[1], &error));
  check(mlxc_dataset_new_text(&data, tokenizer, fable, sizeof fable - 1, WINDOW, 1, &error)); /* at every token */
  mlxc_loader_options loading = MLXC_LOADER_OPTIONS_INIT;
  loading.shuffle = 1;
  loading.batch_size = 16;
  check(mlxc_loader_new(&loader, data, &loading, &error));

  mlxc_tokenizer_info information = MLXC_TOKENIZER_INFO_INIT;
  check(mlxc_tokenizer_inspect(tokenizer, &information, &error));
  mlxc_module* model = transformer(information.id_end);
  mlxc_parameters* parameters;
  mlxc_trainer* trainer;
  mlxc_schedule schedule = MLXC_SCHEDULE_INIT;
  mlxc_trainer_options options = MLXC_TRAINER_OPTIONS_INIT;
  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  fit.epochs = 7;
  schedule.kind = MLXC_SCHEDULE_ONE_CYCLE;
  schedule.rate = 5e-3;
  check(mlxc_loader_batches(loader, &schedule.total_steps, &error));
  schedule.total_steps *= fit.epochs;
  options.schedule = &schedule;
  options.clip_norm = 1;
  check(mlxc_parameters_new(&parameters, NULL, 1, &error));
  check(mlxc_trainer_new(&trainer, model, parameters, NULL, &options, &error));
  check(mlxc_trainer_fit(trainer, loader, NULL, &fit, show_progress, NULL, &error));

  /* The first eight tokens of the fable, and what the model makes of them. */
  int32_t tokens[WINDOW] = {0}, *learnt = malloc(sizeof fable * sizeof *learnt);
  int64_t count, same = 0;
  char text[1024];
  size_t needed;
  mlxc_encode_options encoding = MLXC_ENCODE_OPTIONS_INIT;
  encoding.add_special_tokens = 0;
  check(mlxc_tokenizer_encode(tokenizer, fable, sizeof fable - 1, &encoding, learnt, sizeof fable, &count, &error));
  memcpy(tokens, learnt, 8 * sizeof *tokens);
  for (int i = 8; i < WINDOW; i++) {
    tokens[i] = next_token(trainer, tokens, i);
    same += tokens[i] == learnt[i];
  }
  check(mlxc_tokenizer_decode(tokenizer, tokens, WINDOW, NULL, text, sizeof text, &needed, &error));
  printf("%s ...\n%d of %d tokens are the fable's\n", text, (int)same, WINDOW - 8);

  free(learnt);
  mlxc_trainer_free(trainer);
  mlxc_parameters_free(parameters);
  mlxc_module_free(model);
  mlxc_loader_free(loader);
  mlxc_dataset_free(data);
  mlxc_tokenizer_free(tokenizer);
  return same >= WINDOW - 10 ? 0 : 1;
}
