package mlxc

// #include "shim.h"
import "C"

import "math"

// Where takes elements of a where condition is true, else of b; all three broadcast.
func Where(condition, a, b *Array) *Array {
	return from("Where", func(f *frame) C.mlxc_status { return C.mlxc_array_where(&f.out[0], f.in[0], f.in[1], f.in[2], &f.e) }, condition, a, b)
}

// Cast converts to another type: floats to integers toward zero, to bool as != 0, to 16-bit floats to nearest even.
func (a *Array) Cast(dtype DType) *Array {
	return from("Cast", func(f *frame) C.mlxc_status { return C.mlxc_array_cast(&f.out[0], f.in[0], C.int32_t(dtype), &f.e) }, a)
}

// Bitcast is the same bytes as another type of the same size.
func (a *Array) Bitcast(dtype DType) *Array {
	return from("Bitcast", func(f *frame) C.mlxc_status { return C.mlxc_array_bitcast(&f.out[0], f.in[0], C.int32_t(dtype), &f.e) }, a)
}

// Clip keeps elements between two bounds, either of which may be nil; a NaN stays.
func (a *Array) Clip(low, high *Array) *Array {
	return from("Clip", func(f *frame) C.mlxc_status { return C.mlxc_array_clip(&f.out[0], f.in[0], f.in[1], f.in[2], &f.e) }, a, low, high)
}

// ClipScalar keeps elements between two numbers; a NaN stays.
func (a *Array) ClipScalar(low, high float64) *Array {
	above := a.MaximumScalar(low)
	defer above.Close()
	return above.MinimumScalar(high)
}

// NaNToNum puts numbers in the place of NaN and of the infinities. An infinity given for itself means the type's largest or lowest number.
func (a *Array) NaNToNum(nan, positiveInfinity, negativeInfinity float64) *Array {
	return from("NaNToNum", func(f *frame) C.mlxc_status {
		high, low := C.double(positiveInfinity), C.double(negativeInfinity)
		return C.mlxc_array_nan_to_num(&f.out[0], f.in[0], C.double(nan), unless(math.IsInf(positiveInfinity, 1), &high),
			unless(math.IsInf(negativeInfinity, -1), &low), &f.e)
	}, a)
}

// unless is a pointer, or NULL.
func unless[T any](null bool, pointer *T) *T {
	if null {
		return nil
	}
	return pointer
}

// IsClose is where |a - b| <= absolute + relative |b|. Equal infinities are close; NaNs only with equalNaN.
func (a *Array) IsClose(b *Array, relative, absolute float64, equalNaN bool) *Array {
	return from("IsClose", func(f *frame) C.mlxc_status {
		return C.mlxc_array_isclose(&f.out[0], f.in[0], f.in[1], C.double(relative), C.double(absolute), boolean(equalNaN), &f.e)
	}, a, b)
}

// AllClose is whether all elements are close, as in [Array.IsClose]: a boolean scalar.
func (a *Array) AllClose(b *Array, relative, absolute float64, equalNaN bool) *Array {
	return from("AllClose", func(f *frame) C.mlxc_status {
		return C.mlxc_array_allclose(&f.out[0], f.in[0], f.in[1], C.double(relative), C.double(absolute), boolean(equalNaN), &f.e)
	}, a, b)
}

// AllEqual is whether shapes and all elements are equal: a boolean scalar.
func (a *Array) AllEqual(b *Array, equalNaN bool) *Array {
	return from("AllEqual", func(f *frame) C.mlxc_status {
		return C.mlxc_array_equal(&f.out[0], f.in[0], f.in[1], boolean(equalNaN), &f.e)
	}, a, b)
}

// ActivationOp is an activation. The comment says what the parameter is to it; others have none.
type ActivationOp int32

const (
	ActReLU        ActivationOp = C.MLXC_ACTIVATION_RELU
	ActReLU6       ActivationOp = C.MLXC_ACTIVATION_RELU6
	ActLeakyReLU   ActivationOp = C.MLXC_ACTIVATION_LEAKY_RELU // the slope below 0
	ActELU         ActivationOp = C.MLXC_ACTIVATION_ELU        // alpha
	ActSELU        ActivationOp = C.MLXC_ACTIVATION_SELU
	ActCELU        ActivationOp = C.MLXC_ACTIVATION_CELU // alpha
	ActGELU        ActivationOp = C.MLXC_ACTIVATION_GELU // the exact form
	ActGELUTanh    ActivationOp = C.MLXC_ACTIVATION_GELU_TANH
	ActSiLU        ActivationOp = C.MLXC_ACTIVATION_SILU
	ActSigmoid     ActivationOp = C.MLXC_ACTIVATION_SIGMOID
	ActLogSigmoid  ActivationOp = C.MLXC_ACTIVATION_LOG_SIGMOID
	ActTanh        ActivationOp = C.MLXC_ACTIVATION_TANH
	ActSoftplus    ActivationOp = C.MLXC_ACTIVATION_SOFTPLUS // beta
	ActSoftsign    ActivationOp = C.MLXC_ACTIVATION_SOFTSIGN
	ActMish        ActivationOp = C.MLXC_ACTIVATION_MISH
	ActHardSigmoid ActivationOp = C.MLXC_ACTIVATION_HARD_SIGMOID
	ActHardSwish   ActivationOp = C.MLXC_ACTIVATION_HARD_SWISH
	ActHardTanh    ActivationOp = C.MLXC_ACTIVATION_HARD_TANH
	ActHardShrink  ActivationOp = C.MLXC_ACTIVATION_HARD_SHRINK // the threshold
	ActSoftShrink  ActivationOp = C.MLXC_ACTIVATION_SOFT_SHRINK // the threshold
	ActTanhShrink  ActivationOp = C.MLXC_ACTIVATION_TANH_SHRINK
	ActStep        ActivationOp = C.MLXC_ACTIVATION_STEP
)

// DefaultParameter is the usual parameter of an activation: slope 0.01, thresholds 0.5, the others 1.
var DefaultParameter = math.NaN()

// Activation applies an activation to each element. Integers give float32.
func (a *Array) Activation(op ActivationOp, parameter float64) *Array {
	return from("Activation", func(f *frame) C.mlxc_status {
		return C.mlxc_array_activation(&f.out[0], C.int32_t(op), f.in[0], C.double(parameter), &f.e)
	}, a)
}

// Softmax over one axis; a negative one counts from the end.
func (a *Array) Softmax(axis int) *Array { return a.softmax("Softmax", axis, 0) }

// LogSoftmax is the logarithm of Softmax.
func (a *Array) LogSoftmax(axis int) *Array { return a.softmax("LogSoftmax", axis, 1) }

func (a *Array) softmax(op string, axis int, log C.int32_t) *Array {
	return from(op, func(f *frame) C.mlxc_status { return C.mlxc_array_softmax(&f.out[0], f.in[0], axis32(axis), log, &f.e) }, a)
}
