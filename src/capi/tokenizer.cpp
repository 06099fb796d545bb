#include "mlxc/tokenizer.h"

#include "capi/objects.h"

namespace mlxc::capi {
namespace {

EncodeOptions read(const mlxc_encode_options* options) {
  mlxc_encode_options read = read_options(options, mlxc_encode_options MLXC_ENCODE_OPTIONS_INIT, "options");
  return {.add_special_tokens = flag_of(read.add_special_tokens, "add_special_tokens"),
          .parse_special = flag_of(read.parse_special, "parse_special")};
}

bool skip_special(const mlxc_decode_options* options) {
  return flag_of(read_options(options, mlxc_decode_options MLXC_DECODE_OPTIONS_INIT, "options").skip_special_tokens, "skip_special_tokens");
}

// Runs `body` on the decoder and lends its text; a second call meanwhile is BUSY.
template <class Body>
void decode(mlxc_decoder* decoder, const char** text, size_t* bytes, Body body) {
  clear(text, "text");
  clear(bytes, "bytes");
  auto object = get(decoder);
  std::unique_lock lock(object->mutex, std::try_to_lock);
  if (!lock) fail(Status::busy, "the decoder is in use by another call");
  body(*object);
  *text = object->text.c_str();
  *bytes = object->text.size();
}

}  // namespace

extern "C" {

void mlxc_encode_options_init(mlxc_encode_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_encode_options MLXC_ENCODE_OPTIONS_INIT);
}

void mlxc_decode_options_init(mlxc_decode_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_decode_options MLXC_DECODE_OPTIONS_INIT);
}

mlxc_status mlxc_tokenizer_load(mlxc_tokenizer** out, const char* path, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_tokenizer>(Tokenizer::load_file(path_of(path)));
  });
}

mlxc_status mlxc_tokenizer_inspect(mlxc_tokenizer* tokenizer, mlxc_tokenizer_info* info, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(tokenizer);
    mlxc_tokenizer_info value = MLXC_TOKENIZER_INFO_INIT;
    value.vocabulary = int64_t(object->vocab_size());
    value.id_end = object->id_end();
    value.special_count = int64_t(object->special_tokens().size());
    write_struct(info, value, "info");
  });
}

mlxc_status mlxc_tokenizer_encode(mlxc_tokenizer* tokenizer, const char* text, size_t text_bytes, const mlxc_encode_options* options,
                                  int32_t* ids, int64_t capacity, int64_t* needed, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(tokenizer);
    auto encoded = object->encode(text_of(text, text_bytes, "text"), read(options));
    give_list(std::span<const int32_t>(encoded), ids, capacity, needed);
  });
}

mlxc_status mlxc_tokenizer_encode_ranges(mlxc_tokenizer* tokenizer, const char* text, size_t text_bytes, const mlxc_encode_options* options,
                                         int32_t* ids, mlxc_text_range* ranges, int64_t capacity, int64_t* needed, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(tokenizer);
    auto encoded = object->encode_with_offsets(text_of(text, text_bytes, "text"), read(options));
    give_list(std::span<const int32_t>(encoded.ids), ids, capacity, needed);
    check_room(ranges, capacity, int64_t(encoded.offsets.size()), "ranges");
    for (size_t i = 0; i < encoded.offsets.size(); ++i) ranges[i] = {encoded.offsets[i].begin, encoded.offsets[i].end};
  });
}

mlxc_status mlxc_tokenizer_decode(mlxc_tokenizer* tokenizer, const int32_t* ids, int64_t count, const mlxc_decode_options* options,
                                  char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(tokenizer);
    give_text(object->decode(list_of(ids, count, "ids"), skip_special(options)), buffer, capacity, needed);
  });
}

mlxc_status mlxc_tokenizer_special_tokens(mlxc_tokenizer* tokenizer, int32_t* ids, int64_t capacity, int64_t* needed, mlxc_error* error) {
  return guard(error, [&] {
    std::vector<int32_t> all;
    for (const auto& special : get(tokenizer)->special_tokens()) all.push_back(special.id);
    give_list(std::span<const int32_t>(all), ids, capacity, needed);
  });
}

mlxc_status mlxc_tokenizer_id(int32_t* id, mlxc_tokenizer* tokenizer, const char* piece, size_t piece_bytes, mlxc_error* error) {
  return guard(error, [&] {
    *require(id, "id") = -1;
    auto object = get(tokenizer);
    auto text = text_of(piece, piece_bytes, "piece");
    auto found = object->token_to_id(text);
    if (!found) fail(Status::not_found, "the vocabulary has no entry \"", text.substr(0, 100), "\"");
    *id = *found;
  });
}

mlxc_status mlxc_tokenizer_piece(mlxc_tokenizer* tokenizer, int32_t id, char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(tokenizer);
    auto piece = object->id_to_token(id);
    if (!piece) fail(Status::not_found, "the vocabulary has no id ", id, "; ids end at ", object->id_end());
    give_text(*piece, buffer, capacity, needed);
  });
}

void mlxc_tokenizer_free(mlxc_tokenizer* tokenizer) { take(tokenizer); }

mlxc_status mlxc_decoder_new(mlxc_decoder** out, mlxc_tokenizer* tokenizer, const mlxc_decode_options* options, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_decoder>(std::make_shared<DecoderObject>(get(tokenizer), skip_special(options)));
  });
}

mlxc_status mlxc_decoder_add(mlxc_decoder* decoder, const int32_t* ids, int64_t count, const char** text, size_t* bytes,
                             mlxc_error* error) {
  return guard(error, [&] {
    decode(decoder, text, bytes, [&](DecoderObject& object) {
      auto list = list_of(ids, count, "ids");
      object.text.clear();
      for (int32_t id : list) object.text += object.stream.push(id);
    });
  });
}

mlxc_status mlxc_decoder_finish(mlxc_decoder* decoder, const char** text, size_t* bytes, mlxc_error* error) {
  return guard(error, [&] { decode(decoder, text, bytes, [](DecoderObject& object) { object.text = object.stream.flush(); }); });
}

void mlxc_decoder_free(mlxc_decoder* decoder) { take(decoder); }

}  // extern "C"
}  // namespace mlxc::capi
