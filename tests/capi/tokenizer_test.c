/* Tokenizer handles: both ways, ranges, pieces, streams; short buffers, ill-formed text, huge counts. */
#include "check.h"

static const char kText[] = "Once upon a time, na\xc3\xafve caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\xa6\x8a";

static void both_ways(mlxc_tokenizer* tokenizer) {
  int32_t ids[128], again[128];
  mlxc_text_range ranges[128];
  int64_t count = 0, count_again = 0;
  char text[256];
  size_t needed = 0;
  OK(mlxc_tokenizer_encode(tokenizer, kText, sizeof kText - 1, NULL, ids, 128, &count, &error));
  CHECK(count > 5);
  OK(mlxc_tokenizer_encode_ranges(tokenizer, kText, sizeof kText - 1, NULL, again, ranges, 128, &count_again, &error));
  CHECK(count == count_again && memcmp(ids, again, (size_t)count * sizeof *ids) == 0);
  CHECK(ranges[0].begin == 0 && ranges[0].end > 0 && ranges[count - 1].end == sizeof kText - 1);
  OK(mlxc_tokenizer_decode(tokenizer, ids, count, NULL, text, sizeof text, &needed, &error));
  CHECK(needed == sizeof kText && strcmp(text, kText) == 0);

  /* Sizes are asked for and respected exactly. */
  count = 0;
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_tokenizer_encode(tokenizer, kText, sizeof kText - 1, NULL, NULL, 0, &count, &error));
  CHECK(count == count_again);
  again[0] = -7;
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_tokenizer_encode(tokenizer, kText, sizeof kText - 1, NULL, again, count - 1, &count, &error));
  CHECK(again[0] == -7);
  OK(mlxc_tokenizer_encode(tokenizer, kText, sizeof kText - 1, NULL, again, count, &count, &error));
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_tokenizer_decode(tokenizer, ids, count, NULL, NULL, 0, &needed, &error));
  CHECK(needed == sizeof kText);
  text[0] = '?';
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_tokenizer_decode(tokenizer, ids, count, NULL, text, needed - 1, &needed, &error));
  CHECK(text[0] == '?');
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_tokenizer_decode(tokenizer, ids, count, NULL, NULL, 100, &needed, &error));
  OK(mlxc_tokenizer_decode(tokenizer, NULL, 0, NULL, text, sizeof text, &needed, &error));
  CHECK(needed == 1 && text[0] == '\0');
  OK(mlxc_tokenizer_encode(tokenizer, NULL, 0, NULL, NULL, 0, &count, &error));
  CHECK(count == 0);
}

static void hostile_input(mlxc_tokenizer* tokenizer) {
  const char bad[] = "a\xff\xc3(\xed\xa0\x80\0b";
  const int32_t strange[] = {-1, INT32_MIN, INT32_MAX, 1000000};
  int32_t ids[64];
  char text[64];
  int64_t count = 0;
  size_t needed = 0;
  OK(mlxc_tokenizer_encode(tokenizer, bad, sizeof bad - 1, NULL, ids, 64, &count, &error));
  OK(mlxc_tokenizer_decode(tokenizer, ids, count, NULL, text, sizeof text, &needed, &error));
  CHECK(needed - 1 > 3 && memchr(text, 'b', needed) != NULL && memchr(text, 0xff, needed) == NULL); /* NUL inside, still whole */
  OK(mlxc_tokenizer_decode(tokenizer, strange, 4, NULL, text, sizeof text, &needed, &error));
  CHECK(needed == 1);
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_tokenizer_encode(tokenizer, "a", SIZE_MAX, NULL, ids, 64, &count, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_tokenizer_encode(tokenizer, "a", 1, NULL, ids, -1, &count, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_tokenizer_decode(tokenizer, ids, -1, NULL, text, sizeof text, &needed, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_tokenizer_decode(tokenizer, ids, INT64_MAX, NULL, text, sizeof text, &needed, &error));
  EXPECT(MLXC_NOT_FOUND, mlxc_tokenizer_piece(tokenizer, INT32_MAX, text, sizeof text, &needed, &error));
  EXPECT(MLXC_NOT_FOUND, mlxc_tokenizer_id(ids, tokenizer, "no such piece\n", 14, &error));
  CHECK(ids[0] == -1);
  mlxc_encode_options options = MLXC_ENCODE_OPTIONS_INIT;
  options.add_special_tokens = 2;
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_tokenizer_encode(tokenizer, "a", 1, &options, ids, 64, &count, &error));
  mlxc_tokenizer* none = (mlxc_tokenizer*)1;
  EXPECT(MLXC_NOT_FOUND, mlxc_tokenizer_load(&none, "/no/such/folder", &error));
  CHECK(none == NULL);
}

static void vocabulary_and_specials(mlxc_tokenizer* tokenizer) {
  mlxc_tokenizer_info info = MLXC_TOKENIZER_INFO_INIT;
  int32_t special[16], ids[16], id = -2;
  int64_t count = 0;
  char piece[256];
  size_t needed = 0;
  OK(mlxc_tokenizer_inspect(tokenizer, &info, &error));
  CHECK(info.vocabulary > 0 && info.id_end >= info.vocabulary && info.special_count >= 1);
  OK(mlxc_tokenizer_special_tokens(tokenizer, special, 16, &count, &error));
  CHECK(count == info.special_count);
  OK(mlxc_tokenizer_piece(tokenizer, special[0], piece, sizeof piece, &needed, &error));
  OK(mlxc_tokenizer_id(&id, tokenizer, piece, needed - 1, &error));
  CHECK(id == special[0]);

  /* The same text as a special token, and as plain text. */
  mlxc_encode_options plain = MLXC_ENCODE_OPTIONS_INIT;
  plain.parse_special = 0;
  OK(mlxc_tokenizer_encode(tokenizer, piece, needed - 1, NULL, ids, 16, &count, &error));
  CHECK(count == 1 && ids[0] == special[0]);
  OK(mlxc_tokenizer_encode(tokenizer, piece, needed - 1, &plain, ids, 16, &count, &error));
  CHECK(count > 1);
  mlxc_decode_options skip = MLXC_DECODE_OPTIONS_INIT;
  skip.skip_special_tokens = 1;
  OK(mlxc_tokenizer_decode(tokenizer, special, 1, &skip, piece, sizeof piece, &needed, &error));
  CHECK(needed == 1);
  OK(mlxc_tokenizer_decode(tokenizer, special, 1, NULL, piece, sizeof piece, &needed, &error));
  CHECK(needed > 1);
}

static void streams(mlxc_tokenizer* tokenizer) {
  mlxc_decoder* decoder = NULL;
  int32_t ids[128];
  int64_t count = 0;
  const char* piece = NULL;
  size_t bytes = 0;
  OK(mlxc_tokenizer_encode(tokenizer, kText, sizeof kText - 1, NULL, ids, 128, &count, &error));
  OK(mlxc_decoder_new(&decoder, tokenizer, NULL, &error));
  for (int round = 0; round < 2; ++round) { /* finish makes it ready for another stream */
    char text[256] = "";
    for (int64_t i = 0; i < count; ++i) {
      OK(mlxc_decoder_add(decoder, ids + i, 1, &piece, &bytes, &error));
      CHECK(bytes == 0 || ((unsigned char)piece[0] & 0xc0) != 0x80); /* never begins inside a character */
      CHECK(piece[bytes] == '\0');
      strcat(text, piece);
    }
    OK(mlxc_decoder_finish(decoder, &piece, &bytes, &error));
    strcat(text, piece);
    CHECK(strcmp(text, kText) == 0);
  }
  mlxc_decoder_free(decoder);
}

int main(void) {
  mlxc_tokenizer *tokenizer = NULL, *same = NULL;
  OK(mlxc_tokenizer_load(&tokenizer, MODEL_PATH, &error));
  OK(mlxc_tokenizer_load(&same, MODEL_PATH "/tokenizer.json", &error));
  mlxc_tokenizer_free(same);
  both_ways(tokenizer);
  hostile_input(tokenizer);
  vocabulary_and_specials(tokenizer);
  streams(tokenizer);
  mlxc_tokenizer_free(tokenizer);

  /* A tokenizer from a model outlives it. */
  mlxc_model* model = load_model(MLXC_PRECISION_NATIVE);
  OK(mlxc_model_tokenizer_copy(&tokenizer, model, &error));
  mlxc_model_free(model);
  both_ways(tokenizer);
  mlxc_tokenizer_free(tokenizer);
  return report("tokenizer");
}
