package mlxc

// #include "shim.h"
import "C"

// Random numbers come from explicit keys: no hidden state. The same key always gives the same numbers, on every device, so split a key for
// every use.

// RandomKey is a key from a number, on the default device.
func RandomKey(seed uint64) *Array { return (*Device)(nil).RandomKey(seed) }

// RandomKey is a key from a number, on the device.
func (d *Device) RandomKey(seed uint64) *Array {
	return create("RandomKey", d, func(f *frame, on *C.mlxc_device) C.mlxc_status {
		return C.mlxc_random_key(&f.out[0], on, C.uint64_t(seed), &f.e)
	})
}

// SplitKey gives independent keys.
func SplitKey(key *Array, count int) []*Array {
	if count < 0 || count > mostItems {
		return []*Array{mismatch("SplitKey", key.owner(), "%d keys, it can be 0 to %d", count, mostItems)}
	}
	rows := from("SplitKey", func(f *frame) C.mlxc_status { return C.mlxc_random_split(&f.out[0], f.in[0], C.int64_t(count), &f.e) }, key)
	defer rows.Close()
	keys := make([]*Array, count)
	for i := range keys {
		keys[i] = rows.Row(i)
	}
	return keys
}

// RandomBits is uint32 words.
func RandomBits(key *Array, shape ...int) *Array {
	return from("RandomBits", func(f *frame) C.mlxc_status {
		return C.mlxc_random_bits(&f.out[0], f.in[0], f.dims(shape), C.int32_t(len(shape)), &f.e)
	}, key)
}

// RandomUniform is floats in [low, high).
func RandomUniform(key *Array, low, high float64, dtype DType, shape ...int) *Array {
	return from("RandomUniform", func(f *frame) C.mlxc_status {
		return C.mlxc_random_uniform(&f.out[0], f.in[0], f.dims(shape), C.int32_t(len(shape)), C.int32_t(dtype), C.double(low), C.double(high), &f.e)
	}, key)
}

// RandomNormal is normally distributed floats.
func RandomNormal(key *Array, mean, deviation float64, dtype DType, shape ...int) *Array {
	return from("RandomNormal", func(f *frame) C.mlxc_status {
		return C.mlxc_random_normal(&f.out[0], f.in[0], f.dims(shape), C.int32_t(len(shape)), C.int32_t(dtype), C.double(mean), C.double(deviation), &f.e)
	}, key)
}

// RandomTruncatedNormal is standard normal numbers under the condition that they lie in [low, high].
func RandomTruncatedNormal(key *Array, low, high float64, dtype DType, shape ...int) *Array {
	return from("RandomTruncatedNormal", func(f *frame) C.mlxc_status {
		return C.mlxc_random_truncated_normal(&f.out[0], f.in[0], f.dims(shape), C.int32_t(len(shape)), C.int32_t(dtype), C.double(low), C.double(high), &f.e)
	}, key)
}

// RandomIntegers is integers in [low, high).
func RandomIntegers(key *Array, low, high int, dtype DType, shape ...int) *Array {
	return from("RandomIntegers", func(f *frame) C.mlxc_status {
		return C.mlxc_random_integers(&f.out[0], f.in[0], f.dims(shape), C.int32_t(len(shape)), C.int32_t(dtype), C.int64_t(low), C.int64_t(high), &f.e)
	}, key)
}

// RandomBernoulli is true with the given probability, which broadcasts to the shape.
func RandomBernoulli(key, probability *Array, shape ...int) *Array {
	return from("RandomBernoulli", func(f *frame) C.mlxc_status {
		return C.mlxc_random_bernoulli(&f.out[0], f.in[0], f.in[1], f.dims(shape), C.int32_t(len(shape)), &f.e)
	}, key, probability)
}

// RandomCategorical is count draws from softmax(logits) along an axis, int64; they replace that axis as the last one.
func RandomCategorical(key, logits *Array, axis, count int) *Array {
	return from("RandomCategorical", func(f *frame) C.mlxc_status {
		return C.mlxc_random_categorical(&f.out[0], f.in[0], f.in[1], axis32(axis), C.int64_t(count), &f.e)
	}, key, logits)
}

// RandomPermutation is 0 to count - 1 in random order, int64.
func RandomPermutation(key *Array, count int) *Array {
	return from("RandomPermutation", func(f *frame) C.mlxc_status {
		return C.mlxc_random_permutation(&f.out[0], f.in[0], C.int64_t(count), &f.e)
	}, key)
}
