/* Compares texts by their embeddings: prints the similarity of the first text to each of the others.
 *
 *   cc embed.c $(pkg-config --cflags --libs mlxc) -o embed
 *   ./embed MODEL_FOLDER "A fox and a crow." "The crow and the fox." "Rain."
 */
#include <mlxc/mlxc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int report(const mlxc_error* error) {
  fprintf(stderr, "%s: %s\n", mlxc_status_name(error->status), error->message);
  return 1;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: %s MODEL_FOLDER TEXT TEXT...\n", argv[0]);
    return 2;
  }
  mlxc_error error = MLXC_ERROR_INIT;
  mlxc_model* model = NULL;
  mlxc_model_info info = MLXC_MODEL_INFO_INIT;
  if (mlxc_model_load(&model, argv[1], NULL, &error) != MLXC_OK) return report(&error);
  if (mlxc_model_inspect(model, &info, &error) != MLXC_OK) {
    mlxc_model_free(model);
    return report(&error);
  }

  int count = argc - 2;
  int64_t size = (int64_t)count * info.hidden;
  mlxc_prompt* texts = calloc((size_t)count, sizeof *texts);
  float* vectors = calloc((size_t)size, sizeof *vectors);
  int failed = texts == NULL || vectors == NULL;
  if (!failed) {
    for (int i = 0; i < count; i++) {
      texts[i].text = argv[i + 2];
      texts[i].text_bytes = strlen(argv[i + 2]);
    }
    mlxc_embed_options options = MLXC_EMBED_OPTIONS_INIT;
    options.normalize = 1; /* so that the dot product below is the cosine */
    failed = mlxc_embed(model, texts, count, &options, vectors, size, &error) != MLXC_OK && report(&error);
  }
  for (int i = 1; !failed && i < count; i++) {
    double cosine = 0;
    for (int64_t k = 0; k < info.hidden; k++) cosine += (double)vectors[k] * vectors[i * info.hidden + k];
    printf("%6.3f  %s\n", cosine, argv[i + 2]);
  }
  free(vectors);
  free(texts);
  mlxc_model_free(model);
  return failed;
}
