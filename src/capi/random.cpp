#include "mlxc/random.h"

#include "capi/array_arguments.h"
#include "ops/random.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_random_key(mlxc_array** out, mlxc_device* device, uint64_t seed, mlxc_error* error) {
  return make(out, error, [&] { return random::key(device_of(device), seed); });
}

mlxc_status mlxc_random_split(mlxc_array** out, mlxc_array* key, int64_t count, mlxc_error* error) {
  return make(out, error, [&] { return random::split(*get(key), count); });
}

mlxc_status mlxc_random_bits(mlxc_array** out, mlxc_array* key, const int64_t* shape, int32_t rank, mlxc_error* error) {
  return make(out, error, [&] { return random::bits(*get(key), checked_shape(shape, rank)); });
}

mlxc_status mlxc_random_uniform(mlxc_array** out, mlxc_array* key, const int64_t* shape, int32_t rank, int32_t dtype, double low,
                                double high, mlxc_error* error) {
  return make(out, error, [&] { return random::uniform(*get(key), checked_shape(shape, rank), dtype_of(dtype), low, high); });
}

mlxc_status mlxc_random_normal(mlxc_array** out, mlxc_array* key, const int64_t* shape, int32_t rank, int32_t dtype, double mean,
                               double deviation, mlxc_error* error) {
  return make(out, error, [&] { return random::normal(*get(key), checked_shape(shape, rank), dtype_of(dtype), mean, deviation); });
}

mlxc_status mlxc_random_truncated_normal(mlxc_array** out, mlxc_array* key, const int64_t* shape, int32_t rank, int32_t dtype, double low,
                                         double high, mlxc_error* error) {
  return make(out, error, [&] { return random::truncated_normal(*get(key), checked_shape(shape, rank), dtype_of(dtype), low, high); });
}

mlxc_status mlxc_random_integers(mlxc_array** out, mlxc_array* key, const int64_t* shape, int32_t rank, int32_t dtype, int64_t low,
                                 int64_t high, mlxc_error* error) {
  return make(out, error, [&] { return random::integers(*get(key), checked_shape(shape, rank), low, high, dtype_of(dtype)); });
}

mlxc_status mlxc_random_bernoulli(mlxc_array** out, mlxc_array* key, mlxc_array* probability, const int64_t* shape, int32_t rank,
                                  mlxc_error* error) {
  return make(out, error, [&] { return random::bernoulli(*get(key), checked_shape(shape, rank), *get(probability)); });
}

mlxc_status mlxc_random_categorical(mlxc_array** out, mlxc_array* key, mlxc_array* logits, int32_t axis, int64_t count, mlxc_error* error) {
  return make(out, error, [&] { return random::categorical(*get(key), *get(logits), axis, count); });
}

mlxc_status mlxc_random_permutation(mlxc_array** out, mlxc_array* key, int64_t count, mlxc_error* error) {
  return make(out, error, [&] { return random::permutation(*get(key), count); });
}

}  // extern "C"
}  // namespace mlxc::capi
