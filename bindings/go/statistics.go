package mlxc

// #include "shim.h"
import "C"

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
	OpCount     ReduceOp = C.MLXC_REDUCE_COUNT // of elements that are not zero, int64
)

// Reduce combines the elements along axes, all of them when none is given; keepDims keeps those with size 1.
func (a *Array) Reduce(op ReduceOp, keepDims bool, axes ...int) *Array {
	return from("Reduce", func(f *frame) C.mlxc_status {
		return C.mlxc_array_reduce(&f.out[0], C.int32_t(op), f.in[0], f.over(axes), C.int32_t(len(axes)), boolean(keepDims), &f.e)
	}, a)
}

// ReduceAs is Reduce of the elements converted to a type, which the result has.
func (a *Array) ReduceAs(op ReduceOp, dtype DType, keepDims bool, axes ...int) *Array {
	return from("ReduceAs", func(f *frame) C.mlxc_status {
		return C.mlxc_array_reduce_as(&f.out[0], C.int32_t(op), f.in[0], f.over(axes), C.int32_t(len(axes)), boolean(keepDims), C.int32_t(dtype), &f.e)
	}, a)
}

// Reductions along axes, all of them when none is given. [Array.Reduce] can keep the axes.

func (a *Array) Sum(axes ...int) *Array          { return a.Reduce(OpSum, false, axes...) }
func (a *Array) Mean(axes ...int) *Array         { return a.Reduce(OpMean, false, axes...) }
func (a *Array) Prod(axes ...int) *Array         { return a.Reduce(OpProd, false, axes...) }
func (a *Array) Max(axes ...int) *Array          { return a.Reduce(OpMax, false, axes...) }
func (a *Array) Min(axes ...int) *Array          { return a.Reduce(OpMin, false, axes...) }
func (a *Array) Any(axes ...int) *Array          { return a.Reduce(OpAny, false, axes...) }       // whether one element is true
func (a *Array) All(axes ...int) *Array          { return a.Reduce(OpAll, false, axes...) }       // whether every element is
func (a *Array) LogSumExp(axes ...int) *Array    { return a.Reduce(OpLogSumExp, false, axes...) } // log of the sum of exponentials
func (a *Array) CountNonzero(axes ...int) *Array { return a.Reduce(OpCount, false, axes...) }     // int64

// ArgMax is the index (int64) of the largest element along an axis, the first of equals.
func (a *Array) ArgMax(axis int, keepDims bool) *Array {
	return from("ArgMax", func(f *frame) C.mlxc_status {
		return C.mlxc_array_argmax(&f.out[0], f.in[0], axis32(axis), boolean(keepDims), &f.e)
	}, a)
}

// ArgMin is the index (int64) of the smallest element along an axis, the first of equals.
func (a *Array) ArgMin(axis int, keepDims bool) *Array {
	return from("ArgMin", func(f *frame) C.mlxc_status {
		return C.mlxc_array_argmin(&f.out[0], f.in[0], axis32(axis), boolean(keepDims), &f.e)
	}, a)
}

// ArgMaxAll is the index (int64) of the largest element into the flattened array.
func (a *Array) ArgMaxAll() *Array {
	return from("ArgMaxAll", func(f *frame) C.mlxc_status { return C.mlxc_array_argmax(&f.out[0], f.in[0], C.MLXC_AXIS_ALL, 0, &f.e) }, a)
}

// ArgMinAll is the index (int64) of the smallest element into the flattened array.
func (a *Array) ArgMinAll() *Array {
	return from("ArgMinAll", func(f *frame) C.mlxc_status { return C.mlxc_array_argmin(&f.out[0], f.in[0], C.MLXC_AXIS_ALL, 0, &f.e) }, a)
}

// Variance is the sum of squared differences from the mean over (number of elements - correction): 0 for the population, 1 for a sample.
func (a *Array) Variance(correction float64, keepDims bool, axes ...int) *Array {
	return a.variance("Variance", correction, keepDims, 0, axes)
}

// StdDev is the square root of Variance.
func (a *Array) StdDev(correction float64, keepDims bool, axes ...int) *Array {
	return a.variance("StdDev", correction, keepDims, 1, axes)
}

func (a *Array) variance(op string, correction float64, keepDims bool, root C.int32_t, axes []int) *Array {
	return from(op, func(f *frame) C.mlxc_status {
		return C.mlxc_array_variance(&f.out[0], f.in[0], f.over(axes), C.int32_t(len(axes)), C.double(correction), boolean(keepDims), root, &f.e)
	}, a)
}

// Median is the middle value, the mean of the two middle ones for an even number; NaN where there is one. Integers give float32.
func (a *Array) Median(keepDims bool, axes ...int) *Array {
	return from("Median", func(f *frame) C.mlxc_status {
		return C.mlxc_array_median(&f.out[0], f.in[0], f.over(axes), C.int32_t(len(axes)), boolean(keepDims), &f.e)
	}, a)
}

// ScanOp is a running result.
type ScanOp int32

const (
	ScanSum       ScanOp = C.MLXC_SCAN_SUM
	ScanProd      ScanOp = C.MLXC_SCAN_PROD
	ScanMax       ScanOp = C.MLXC_SCAN_MAX
	ScanMin       ScanOp = C.MLXC_SCAN_MIN
	ScanLogSumExp ScanOp = C.MLXC_SCAN_LOGSUMEXP
)

// Scan is the reduction of the elements up to each one along an axis; exclusive: to the one before, from the neutral element; reverse: from
// the other end. Sums and products of integers are int64 or uint64.
func (a *Array) Scan(op ScanOp, axis int, reverse, exclusive bool) *Array {
	return from("Scan", func(f *frame) C.mlxc_status {
		return C.mlxc_array_scan(&f.out[0], C.int32_t(op), f.in[0], axis32(axis), boolean(reverse), boolean(exclusive), &f.e)
	}, a)
}

func (a *Array) CumSum(axis int) *Array  { return a.Scan(ScanSum, axis, false, false) }
func (a *Array) CumProd(axis int) *Array { return a.Scan(ScanProd, axis, false, false) }
func (a *Array) CumMax(axis int) *Array  { return a.Scan(ScanMax, axis, false, false) }
func (a *Array) CumMin(axis int) *Array  { return a.Scan(ScanMin, axis, false, false) }
