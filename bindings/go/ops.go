package mlxc

// #include "shim.h"
import "C"

import "unsafe"

// UnaryOp is an elementwise operation of one array. Float functions of integers give float32.
type UnaryOp int32

const (
	OpAbs        UnaryOp = C.MLXC_UNARY_ABS
	OpNegative   UnaryOp = C.MLXC_UNARY_NEGATIVE
	OpExp        UnaryOp = C.MLXC_UNARY_EXP
	OpExpm1      UnaryOp = C.MLXC_UNARY_EXPM1
	OpLog        UnaryOp = C.MLXC_UNARY_LOG
	OpLog1p      UnaryOp = C.MLXC_UNARY_LOG1P
	OpLog2       UnaryOp = C.MLXC_UNARY_LOG2
	OpLog10      UnaryOp = C.MLXC_UNARY_LOG10
	OpSqrt       UnaryOp = C.MLXC_UNARY_SQRT
	OpRsqrt      UnaryOp = C.MLXC_UNARY_RSQRT
	OpSquare     UnaryOp = C.MLXC_UNARY_SQUARE
	OpReciprocal UnaryOp = C.MLXC_UNARY_RECIPROCAL
	OpSin        UnaryOp = C.MLXC_UNARY_SIN
	OpCos        UnaryOp = C.MLXC_UNARY_COS
	OpTan        UnaryOp = C.MLXC_UNARY_TAN
	OpAsin       UnaryOp = C.MLXC_UNARY_ASIN
	OpAcos       UnaryOp = C.MLXC_UNARY_ACOS
	OpAtan       UnaryOp = C.MLXC_UNARY_ATAN
	OpSinh       UnaryOp = C.MLXC_UNARY_SINH
	OpCosh       UnaryOp = C.MLXC_UNARY_COSH
	OpTanh       UnaryOp = C.MLXC_UNARY_TANH
	OpAsinh      UnaryOp = C.MLXC_UNARY_ASINH
	OpAcosh      UnaryOp = C.MLXC_UNARY_ACOSH
	OpAtanh      UnaryOp = C.MLXC_UNARY_ATANH
	OpFloor      UnaryOp = C.MLXC_UNARY_FLOOR
	OpCeil       UnaryOp = C.MLXC_UNARY_CEIL
	OpTrunc      UnaryOp = C.MLXC_UNARY_TRUNC
	OpRound      UnaryOp = C.MLXC_UNARY_ROUND // half to even
	OpSign       UnaryOp = C.MLXC_UNARY_SIGN
	OpErf        UnaryOp = C.MLXC_UNARY_ERF
	OpSigmoid    UnaryOp = C.MLXC_UNARY_SIGMOID
	OpSiLU       UnaryOp = C.MLXC_UNARY_SILU
	OpGELUTanh   UnaryOp = C.MLXC_UNARY_GELU_TANH
	OpGELUErf    UnaryOp = C.MLXC_UNARY_GELU_ERF
	OpReLU       UnaryOp = C.MLXC_UNARY_RELU
	OpNot        UnaryOp = C.MLXC_UNARY_LOGICAL_NOT
	OpBitNot     UnaryOp = C.MLXC_UNARY_BITWISE_NOT
	OpIsNaN      UnaryOp = C.MLXC_UNARY_ISNAN
	OpIsInf      UnaryOp = C.MLXC_UNARY_ISINF
	OpIsFinite   UnaryOp = C.MLXC_UNARY_ISFINITE
)

// BinaryOp is an elementwise operation of two arrays, which broadcast. Comparisons and logical ones give bool.
type BinaryOp int32

const (
	OpAdd          BinaryOp = C.MLXC_BINARY_ADD
	OpSubtract     BinaryOp = C.MLXC_BINARY_SUBTRACT
	OpMultiply     BinaryOp = C.MLXC_BINARY_MULTIPLY
	OpDivide       BinaryOp = C.MLXC_BINARY_DIVIDE // integers give float32
	OpFloorDivide  BinaryOp = C.MLXC_BINARY_FLOOR_DIVIDE
	OpRemainder    BinaryOp = C.MLXC_BINARY_REMAINDER // sign of the divisor
	OpPower        BinaryOp = C.MLXC_BINARY_POWER
	OpMinimum      BinaryOp = C.MLXC_BINARY_MINIMUM
	OpMaximum      BinaryOp = C.MLXC_BINARY_MAXIMUM
	OpAtan2        BinaryOp = C.MLXC_BINARY_ATAN2
	OpHypot        BinaryOp = C.MLXC_BINARY_HYPOT
	OpLogAddExp    BinaryOp = C.MLXC_BINARY_LOGADDEXP
	OpEqual        BinaryOp = C.MLXC_BINARY_EQUAL
	OpNotEqual     BinaryOp = C.MLXC_BINARY_NOT_EQUAL
	OpLess         BinaryOp = C.MLXC_BINARY_LESS
	OpLessEqual    BinaryOp = C.MLXC_BINARY_LESS_EQUAL
	OpGreater      BinaryOp = C.MLXC_BINARY_GREATER
	OpGreaterEqual BinaryOp = C.MLXC_BINARY_GREATER_EQUAL
	OpAnd          BinaryOp = C.MLXC_BINARY_LOGICAL_AND
	OpOr           BinaryOp = C.MLXC_BINARY_LOGICAL_OR
	OpXor          BinaryOp = C.MLXC_BINARY_LOGICAL_XOR
	OpBitAnd       BinaryOp = C.MLXC_BINARY_BITWISE_AND
	OpBitOr        BinaryOp = C.MLXC_BINARY_BITWISE_OR
	OpBitXor       BinaryOp = C.MLXC_BINARY_BITWISE_XOR
	OpShiftLeft    BinaryOp = C.MLXC_BINARY_SHIFT_LEFT
	OpShiftRight   BinaryOp = C.MLXC_BINARY_SHIFT_RIGHT
)

// ReduceOp is a reduction over axes.
type ReduceOp int32

const (
	OpSum       ReduceOp = C.MLXC_REDUCE_SUM
	OpMean      ReduceOp = C.MLXC_REDUCE_MEAN
	OpProd      ReduceOp = C.MLXC_REDUCE_PROD
	OpMax       ReduceOp = C.MLXC_REDUCE_MAX
	OpMin       ReduceOp = C.MLXC_REDUCE_MIN
	OpAny       ReduceOp = C.MLXC_REDUCE_ANY
	OpAll       ReduceOp = C.MLXC_REDUCE_ALL
	OpLogSumExp ReduceOp = C.MLXC_REDUCE_LOGSUMEXP
)

// from makes an array of others, whose native handles it lends to build.
func from(op string, inputs []*Array, build func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status) (*Array, error) {
	natives, leave, err := enterAll(inputs)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out *C.mlxc_array
	e := newNativeError()
	status := build(natives, &out, &e)
	return arrayOr(op, out, status, &e)
}

// Unary applies an operation to each element.
func (a *Array) Unary(op UnaryOp) (*Array, error) {
	return from("Unary", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_unary(out, C.int32_t(op), in[0], e)
	})
}

// Binary applies an operation to the elements of two arrays.
func (a *Array) Binary(op BinaryOp, b *Array) (*Array, error) {
	return from("Binary", []*Array{a, b}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_binary(out, C.int32_t(op), in[0], in[1], e)
	})
}

// BinaryScalar is Binary with a number, which takes the array's type: 0.5 with integers is 0.
func (a *Array) BinaryScalar(op BinaryOp, b float64) (*Array, error) {
	return from("BinaryScalar", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_binary_scalar(out, C.int32_t(op), in[0], C.double(b), e)
	})
}

func (a *Array) Add(b *Array) (*Array, error)      { return a.Binary(OpAdd, b) }
func (a *Array) Subtract(b *Array) (*Array, error) { return a.Binary(OpSubtract, b) }
func (a *Array) Multiply(b *Array) (*Array, error) { return a.Binary(OpMultiply, b) }
func (a *Array) Divide(b *Array) (*Array, error)   { return a.Binary(OpDivide, b) }
func (a *Array) Exp() (*Array, error)              { return a.Unary(OpExp) }
func (a *Array) Log() (*Array, error)              { return a.Unary(OpLog) }
func (a *Array) Sqrt() (*Array, error)             { return a.Unary(OpSqrt) }
func (a *Array) Tanh() (*Array, error)             { return a.Unary(OpTanh) }

// Where takes elements of a where condition is true, else of b.
func Where(condition, a, b *Array) (*Array, error) {
	return from("Where", []*Array{condition, a, b}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_where(out, in[0], in[1], in[2], e)
	})
}

// Cast converts to another type: floats to integers toward zero, to bool as != 0, to 16-bit floats to nearest even.
func (a *Array) Cast(dtype DType) (*Array, error) {
	return from("Cast", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_cast(out, in[0], C.int32_t(dtype), e)
	})
}

// Matmul is NumPy's matmul: [..., m, k] by [..., k, n].
func (a *Array) Matmul(b *Array) (*Array, error) {
	return from("Matmul", []*Array{a, b}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_matmul(out, in[0], in[1], e)
	})
}

// Softmax over one axis; a negative one counts from the end.
func (a *Array) Softmax(axis int) (*Array, error) { return a.softmax("Softmax", axis, 0) }

// LogSoftmax is the logarithm of Softmax.
func (a *Array) LogSoftmax(axis int) (*Array, error) { return a.softmax("LogSoftmax", axis, 1) }

func (a *Array) softmax(name string, axis int, log C.int32_t) (*Array, error) {
	along := axes32([]int{axis})
	return from(name, []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_softmax(out, in[0], along[0], log, e)
	})
}

// Reduce combines the elements along axes, all of them when none is given; keepDims keeps those with size 1.
func (a *Array) Reduce(op ReduceOp, keepDims bool, axes ...int) (*Array, error) {
	over := axes32(axes)
	return from("Reduce", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_reduce(out, C.int32_t(op), in[0], unsafe.SliceData(over), C.int32_t(len(over)), boolean(keepDims), e)
	})
}

func (a *Array) Sum(axes ...int) (*Array, error)  { return a.Reduce(OpSum, false, axes...) }
func (a *Array) Mean(axes ...int) (*Array, error) { return a.Reduce(OpMean, false, axes...) }
func (a *Array) Max(axes ...int) (*Array, error)  { return a.Reduce(OpMax, false, axes...) }
func (a *Array) Min(axes ...int) (*Array, error)  { return a.Reduce(OpMin, false, axes...) }

// ArgMax is the index (int64) of the largest element along an axis, the first of equals.
func (a *Array) ArgMax(axis int, keepDims bool) (*Array, error) {
	along := axes32([]int{axis})
	return from("ArgMax", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_argmax(out, in[0], along[0], boolean(keepDims), e)
	})
}

// ArgMin is the index (int64) of the smallest element along an axis, the first of equals.
func (a *Array) ArgMin(axis int, keepDims bool) (*Array, error) {
	along := axes32([]int{axis})
	return from("ArgMin", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_argmin(out, in[0], along[0], boolean(keepDims), e)
	})
}

// Reshape gives the same elements another shape; one dimension may be -1.
func (a *Array) Reshape(shape ...int) (*Array, error) {
	sizes := dims(shape)
	return from("Reshape", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_reshape(out, in[0], unsafe.SliceData(sizes), C.int32_t(len(sizes)), e)
	})
}

// Transpose puts input axis axes[i] at i; without axes it reverses them.
func (a *Array) Transpose(axes ...int) (*Array, error) {
	order := axes32(axes)
	return from("Transpose", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_transpose(out, in[0], unsafe.SliceData(order), C.int32_t(len(order)), e)
	})
}

// Range is one axis of a slice, as Python writes it: Start:Stop:Step, with clipping and negative indices. A Step of 0 means 1.
type Range struct{ Start, Stop, Step int }

// Slice takes a range of every axis.
func (a *Array) Slice(ranges ...Range) (*Array, error) {
	start, stop, step := make([]C.int64_t, len(ranges)), make([]C.int64_t, len(ranges)), make([]C.int64_t, len(ranges))
	for i, r := range ranges {
		start[i], stop[i], step[i] = C.int64_t(r.Start), C.int64_t(r.Stop), C.int64_t(r.Step)
		if r.Step == 0 {
			step[i] = 1
		}
	}
	return from("Slice", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_slice(out, in[0], unsafe.SliceData(start), unsafe.SliceData(stop), unsafe.SliceData(step), C.int32_t(len(ranges)), e)
	})
}

// Broadcast repeats along dimensions of size 1, without a copy.
func (a *Array) Broadcast(shape ...int) (*Array, error) {
	sizes := dims(shape)
	return from("Broadcast", []*Array{a}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_broadcast(out, in[0], unsafe.SliceData(sizes), C.int32_t(len(sizes)), e)
	})
}

// Concatenate joins arrays along an axis.
func Concatenate(axis int, arrays ...*Array) (*Array, error) {
	along := axes32([]int{axis})
	return from("Concatenate", arrays, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_concatenate(out, unsafe.SliceData(in), C.int64_t(len(in)), along[0], e)
	})
}

// Take gives rows along axis 0: [indices..., a's other axes]. Indices are int32 or int64; one out of range gives zeros.
func (a *Array) Take(indices *Array) (*Array, error) {
	return from("Take", []*Array{a, indices}, func(in []*C.mlxc_array, out **C.mlxc_array, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_take(out, in[0], in[1], e)
	})
}
