#include "mlxc/embed.h"

#include "capi/requests.h"

namespace mlxc::capi {
namespace {

std::vector<float> embed(const ModelObject& model, const mlxc_prompt* inputs, int64_t count, const mlxc_embed_options& options) {
  const ModelInfo& info = model.info();
  auto pooling = in_range(options.pooling, MLXC_POOLING_MODEL, MLXC_POOLING_CLS, "pooling");
  auto normalize = in_range(options.normalize, -1, 1, "normalize");
  bool truncate = flag_of(options.truncate, "truncate");
  CallCancel cancel(model, get_optional(options.cancel));
  auto tokens = model.tokens_of(inputs, count, flag_of(options.add_special_tokens, "add_special_tokens"), "input");
  int64_t limit = info.max_embedding_tokens > 0 ? info.max_embedding_tokens : info.context;
  for (size_t i = 0; !truncate && i < tokens.size(); ++i)
    if (int64_t(tokens[i].size()) > limit)
      fail(Status::context_full, "input ", i, " has ", tokens[i].size(), " tokens, the model takes ", limit);
  if (tokens.empty()) return {};
  return model.engine().embed(tokens, pooling == MLXC_POOLING_MODEL ? info.pooling : Pooling(pooling),
                              normalize == -1 ? info.normalize_embeddings : normalize == 1, cancel.flag());
}

mlxc_embed_options read(const mlxc_embed_options* options) {
  return read_options(options, mlxc_embed_options MLXC_EMBED_OPTIONS_INIT, "options");
}

}  // namespace

extern "C" {

void mlxc_embed_options_init(mlxc_embed_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_embed_options MLXC_EMBED_OPTIONS_INIT);
}

mlxc_status mlxc_embed(mlxc_model* model, const mlxc_prompt* inputs, int64_t count, const mlxc_embed_options* options, float* vectors,
                       int64_t capacity, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(model);
    check_count(count, kMaxItems, "inputs");
    check_room(vectors, capacity, count * object->info().hidden, "vectors");
    auto result = embed(*object, inputs, count, read(options));
    std::copy(result.begin(), result.end(), vectors);
  });
}

mlxc_status mlxc_embed_new(mlxc_array** out, mlxc_model* model, const mlxc_prompt* inputs, int64_t count, const mlxc_embed_options* options,
                           mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    auto object = get(model);
    auto vectors = std::make_shared<const std::vector<float>>(embed(*object, inputs, count, read(options)));
    // The array borrows the vectors and keeps them.
    auto storage = std::make_shared<Storage>(const_cast<float*>(vectors->data()), vectors->size() * sizeof(float), vectors);
    put_array(out, Array::from_storage(object->engine().model().device(), storage, {count, object->info().hidden}, DType::f32));
  });
}

}  // extern "C"
}  // namespace mlxc::capi
