/* Random numbers from explicit keys: no hidden state. A key is an array of two uint32; the same key always gives the same numbers, on every
 * device, so split a key for every use. The generator is Philox4x32-10 (Salmon et al. 2011): word w of a stream is word w % 4 of the block
 * with counter (low half of w / 4, high half, 0, purpose) under the key; the purpose is 0 for numbers and 1 for split. How numbers are made
 * of words is part of the interface and stated below.
 *
 * As mlxc/array.h: every `out` is a new handle that the caller frees, and the shared errors are INVALID_HANDLE, INVALID_ARGUMENT,
 * OUT_OF_MEMORY. */
#ifndef MLXC_RANDOM_H
#define MLXC_RANDOM_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A key from a number: {low half, high half}. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_key(mlxc_array **out, mlxc_device *device, uint64_t seed, mlxc_error *error);

/* [count, 2]: each row is a key of its own. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_split(mlxc_array **out, mlxc_array *key, int64_t count, mlxc_error *error);

/* uint32 words. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_bits(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, mlxc_error *error);

/* low + u * (high - low), where u is the upper 24 bits of a word times 2^-24 (float32), the upper 53 of two words, the first one low
 * (float64), the upper 11 (float16) or 8 (bfloat16). Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_uniform(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double low,
                                         double high, mlxc_error *error);

/* mean + deviation * sqrt(2) * erfinv(u), where u = (2 k + 1) / 2^b - 1 and k is the upper b = 23 bits of a word, for float64 52 of two.
 * Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_normal(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, double mean,
                                        double deviation, mlxc_error *error);

/* A standard normal number under the condition that it lies in [low, high]. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_truncated_normal(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype,
                                                  double low, double high, mlxc_error *error);

/* In [low, high), all of which dtype must hold: low + (high - low) * word / 2^32 for at most 2^32 numbers, else low + two words modulo
 * their number. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_integers(mlxc_array **out, mlxc_array *key, const int64_t *shape, int32_t rank, int32_t dtype, int64_t low,
                                          int64_t high, mlxc_error *error);

/* True with the given probability, which broadcasts to the shape: uniform < probability. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_bernoulli(mlxc_array **out, mlxc_array *key, mlxc_array *probability, const int64_t *shape, int32_t rank,
                                           mlxc_error *error);

/* `count` draws from softmax(logits) along an axis, int64; they replace that axis as the last one. The largest of logits - log(-log(u)).
 * Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_categorical(mlxc_array **out, mlxc_array *key, mlxc_array *logits, int32_t axis, int64_t count,
                                             mlxc_error *error);

/* 0 to count - 1 in random order, int64: the order of uint64 numbers of two words each. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_random_permutation(mlxc_array **out, mlxc_array *key, int64_t count, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
