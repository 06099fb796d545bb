/* Tokenizers (class: immutable, shared) and incremental decoders (class: one thread at a time). */
#ifndef MLXC_TOKENIZER_H
#define MLXC_TOKENIZER_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_encode_options {
  uint32_t struct_size;
  int32_t add_special_tokens; /* 1: as the post-processor adds them (a leading BOS, [CLS] and [SEP], ...) */
  int32_t parse_special;      /* 1: special tokens written in the text are recognised; 0: they are plain text, for text from users */
  int32_t reserved;
} mlxc_encode_options;

#define MLXC_ENCODE_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_encode_options), 1, 1, 0 }

/* Where a token lies in the encoded text, in bytes: [begin, end); both 0 for a token that the post-processor added. Layout pinned. */
typedef struct mlxc_text_range {
  size_t begin;
  size_t end;
} mlxc_text_range;

typedef struct mlxc_decode_options {
  uint32_t struct_size;
  int32_t skip_special_tokens; /* 1: special tokens give no text */
} mlxc_decode_options;

#define MLXC_DECODE_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_decode_options), 0 }

typedef struct mlxc_tokenizer_info {
  uint32_t struct_size;
  int32_t reserved;
  int64_t vocabulary;    /* how many tokens there are, added ones included */
  int64_t id_end;        /* one past the largest id; larger than vocabulary when ids have gaps */
  int64_t special_count; /* see mlxc_tokenizer_special_tokens */
} mlxc_tokenizer_info;

#define MLXC_TOKENIZER_INFO_INIT \
  { (uint32_t)sizeof(mlxc_tokenizer_info), 0, 0, 0, 0 }

/* Write the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_encode_options_init(mlxc_encode_options *options, uint32_t struct_size);
MLXC_API void mlxc_decode_options_init(mlxc_decode_options *options, uint32_t struct_size);

/* Loads a tokenizer.json; `path` (UTF-8, NUL-terminated) names the file or a folder that holds it.
 * Ownership: the caller frees the handle. Threads: any.
 * Errors: NOT_FOUND, FORMAT (malformed), UNSUPPORTED (a component that this build lacks; named), IO, OUT_OF_MEMORY, INVALID_ARGUMENT. */
MLXC_API mlxc_status mlxc_tokenizer_load(mlxc_tokenizer **out, const char *path, mlxc_error *error);

/* Describes the tokenizer. Set info->struct_size first. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_tokenizer_inspect(mlxc_tokenizer *tokenizer, mlxc_tokenizer_info *info, mlxc_error *error);

/* Encodes `text` into ids, as Hugging Face tokenizers do. Ill-formed UTF-8 is read as U+FFFD. List of ids: text_bytes + 16 places are
 * enough for one call with all but odd tokenizers.
 * Threads: any. Errors: INVALID_ARGUMENT, BUFFER_TOO_SMALL, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_tokenizer_encode(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes,
                                           const mlxc_encode_options *options, int32_t *ids, int64_t capacity, int64_t *needed,
                                           mlxc_error *error);

/* The same with the place of each token in the text; both lists have `capacity` places and *needed elements. As mlxc_tokenizer_encode. */
MLXC_API mlxc_status mlxc_tokenizer_encode_ranges(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes,
                                                  const mlxc_encode_options *options, int32_t *ids, mlxc_text_range *ranges,
                                                  int64_t capacity, int64_t *needed, mlxc_error *error);

/* Decodes ids into text. Ids without a token give no text, as in Hugging Face tokenizers; bytes that are not UTF-8 become U+FFFD.
 * Text result. Threads: any. Errors: INVALID_ARGUMENT, BUFFER_TOO_SMALL, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_tokenizer_decode(mlxc_tokenizer *tokenizer, const int32_t *ids, int64_t count, const mlxc_decode_options *options,
                                           char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

/* The ids of all special tokens, rising. List of ids. Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_tokenizer_special_tokens(mlxc_tokenizer *tokenizer, int32_t *ids, int64_t capacity, int64_t *needed,
                                                   mlxc_error *error);

/* The id of a vocabulary entry or added token, spelled as in tokenizer.json. *id is -1 on failure.
 * Threads: any. Errors: NOT_FOUND, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_tokenizer_id(int32_t *id, mlxc_tokenizer *tokenizer, const char *piece, size_t piece_bytes, mlxc_error *error);

/* The spelling of an id in tokenizer.json (not its decoded text: byte-level pieces are in their printable alphabet). Text result.
 * Threads: any. Errors: NOT_FOUND (no such id), BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_tokenizer_piece(mlxc_tokenizer *tokenizer, int32_t id, char *buffer, size_t capacity, size_t *needed,
                                          mlxc_error *error);

/* Decoders and models keep what they need. Threads: any. */
MLXC_API void mlxc_tokenizer_free(mlxc_tokenizer *tokenizer);

/* Makes a decoder for one stream of ids. Ownership: the caller frees it; it keeps the tokenizer alive.
 * Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_decoder_new(mlxc_decoder **out, mlxc_tokenizer *tokenizer, const mlxc_decode_options *options, mlxc_error *error);

/* Takes more ids and gives the text that is now certain; bytes of an unfinished character are held back. The pieces of text joined equal
 * mlxc_tokenizer_decode of all ids.
 * Ownership: *text (*bytes long, NUL-terminated) is borrowed until the next call on this decoder or its free.
 * Threads: one at a time. Errors: BUSY, INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_decoder_add(mlxc_decoder *decoder, const int32_t *ids, int64_t count, const char **text, size_t *bytes,
                                      mlxc_error *error);

/* Ends the stream: gives what was held back (an unfinished character becomes U+FFFD) and makes the decoder ready for another stream.
 * Ownership, threads, errors: as mlxc_decoder_add. */
MLXC_API mlxc_status mlxc_decoder_finish(mlxc_decoder *decoder, const char **text, size_t *bytes, mlxc_error *error);

/* Threads: any, not during a call on it. */
MLXC_API void mlxc_decoder_free(mlxc_decoder *decoder);

#ifdef __cplusplus
}
#endif
#endif
