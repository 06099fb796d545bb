/* Handles and the small records that several headers share.
 *
 * Conventions of every header here
 *   Results     Functions return mlxc_status; out-parameters come first, the optional mlxc_error last. On failure a handle
 *               out-parameter is set to NULL, unless the comment says otherwise.
 *   Handles     Opaque. A null, freed or wrong handle gives MLXC_INVALID_HANDLE without touching freed memory; once the slot of a
 *               freed handle has been reused many times (64 reuses, each delayed) detection is best effort. The _free functions
 *               take NULL and ignore handles that are not valid.
 *   Ownership   _new, _load, _open, _copy, _start and every `out` handle: the caller frees it. _get, _peek: borrowed, the comment states
 *               for how long. A child keeps its parent alive: free them in any order.
 *   Options     Structs start with struct_size; initialise them with MLXC_..._INIT (or ..._init() where macros are out of reach), change
 *               what you need. NULL means all defaults. Fields that an older caller does not know take their default; fields that an
 *               older library does not know must be zero, else MLXC_UNSUPPORTED.
 *   Text        UTF-8 with a length in bytes, never NUL dependent where a length is given. Text results: (buffer, capacity, &needed):
 *               *needed is the size in bytes with the terminating NUL, so the text is *needed - 1 bytes long. A short buffer gives
 *               MLXC_BUFFER_TOO_SMALL and the needed size and stays as it is; (NULL, 0, &needed) asks for the size.
 *   Lists       (pointer, capacity, &needed) in the same way, counted in elements.
 *   Callbacks   user_data comes last. A non-zero result stops the work and the call returns MLXC_CANCELLED. They must not throw or
 *               longjmp. Each comment names the thread they run on.
 *   Threads     Each handle has one class: "immutable, shared" and "internally locked" handles take calls from any thread at any time;
 *               "one thread at a time" handles answer MLXC_BUSY to a second call.
 */
#ifndef MLXC_TYPES_H
#define MLXC_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "mlxc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_device mlxc_device;         /* internally locked */
typedef struct mlxc_model mlxc_model;           /* internally locked */
typedef struct mlxc_tokenizer mlxc_tokenizer;   /* immutable, shared */
typedef struct mlxc_decoder mlxc_decoder;       /* one thread at a time */
typedef struct mlxc_request mlxc_request;       /* internally locked */
typedef struct mlxc_queue mlxc_queue;           /* internally locked; mlxc_queue_next one thread at a time */
typedef struct mlxc_result mlxc_result;         /* immutable, shared */
typedef struct mlxc_cancel mlxc_cancel;         /* internally locked */
typedef struct mlxc_array mlxc_array;           /* immutable, shared */
typedef struct mlxc_function mlxc_function;     /* internally locked: one run at a time, others wait */
typedef struct mlxc_module mlxc_module;         /* immutable, shared */
typedef struct mlxc_parameters mlxc_parameters; /* internally locked */
typedef struct mlxc_optimizer mlxc_optimizer;   /* immutable, shared */
typedef struct mlxc_dataset mlxc_dataset;       /* immutable, shared */
typedef struct mlxc_loader mlxc_loader;         /* one thread at a time */
typedef struct mlxc_trainer mlxc_trainer;       /* one thread at a time */
typedef struct mlxc_kernel mlxc_kernel;         /* immutable, shared */
typedef struct mlxc_stream mlxc_stream;         /* internally locked */
typedef struct mlxc_fence mlxc_fence;           /* internally locked */

/* Kinds of handles, as counted by mlxc_handle_count. */
#define MLXC_HANDLE_ANY        0
#define MLXC_HANDLE_DEVICE     1
#define MLXC_HANDLE_MODEL      2
#define MLXC_HANDLE_TOKENIZER  3
#define MLXC_HANDLE_DECODER    4
#define MLXC_HANDLE_REQUEST    5
#define MLXC_HANDLE_QUEUE      6
#define MLXC_HANDLE_RESULT     7
#define MLXC_HANDLE_CANCEL     8
#define MLXC_HANDLE_ARRAY      9
#define MLXC_HANDLE_FUNCTION   10
#define MLXC_HANDLE_MODULE     11
#define MLXC_HANDLE_PARAMETERS 12
#define MLXC_HANDLE_OPTIMIZER  13
#define MLXC_HANDLE_DATASET    14
#define MLXC_HANDLE_LOADER     15
#define MLXC_HANDLE_TRAINER    16
#define MLXC_HANDLE_KERNEL     17
#define MLXC_HANDLE_STREAM     18
#define MLXC_HANDLE_FENCE      19

/* Borrowed UTF-8 text. Layout pinned. */
typedef struct mlxc_text {
  const char *data; /* NULL only when bytes is 0 */
  size_t bytes;     /* without a terminating NUL, which is not needed */
} mlxc_text;

/* What to run a model on: text, which the model's tokenizer encodes, or token ids, which are used as they are. Layout pinned.
 * Exactly one of text and tokens is non-NULL (both NULL with counts 0: no token at all). The call copies what it needs. */
typedef struct mlxc_prompt {
  const char *text; /* UTF-8; special tokens written in it are recognised, ill-formed parts are read as U+FFFD */
  size_t text_bytes;
  const int32_t *tokens;
  int64_t token_count;
} mlxc_prompt;

/* Layout pinned. */
typedef struct mlxc_token_logprob {
  int32_t token;
  float logprob; /* natural logarithm, of the model's distribution before temperature, penalties and bias */
} mlxc_token_logprob;

/* Layout pinned. */
typedef struct mlxc_logit_bias {
  int32_t token;
  float bias; /* added to the logit; -INFINITY forbids the token */
} mlxc_logit_bias;

#ifdef __cplusplus
}
#endif
#endif
