package mlxc

// #include "shim.h"
import "C"

// Reduction is what becomes of the losses of the elements.
type Reduction int32

const (
	ReductionNone      Reduction = C.MLXC_REDUCTION_NONE
	ReductionMean      Reduction = C.MLXC_REDUCTION_MEAN
	ReductionSum       Reduction = C.MLXC_REDUCTION_SUM
	ReductionBatchMean Reduction = C.MLXC_REDUCTION_BATCH_MEAN // the sum over the size of the first axis
)

// Losses, as PyTorch defines them. 16-bit floats are computed as float32.

// SquaredError is (prediction - target)^2, of one shape.
func SquaredError(prediction, target *Array, reduction Reduction) *Array {
	return from("SquaredError", func(f *frame) C.mlxc_status {
		return C.mlxc_loss_squared_error(&f.out[0], f.in[0], f.in[1], C.int32_t(reduction), &f.e)
	}, prediction, target)
}

// AbsoluteError is |prediction - target|.
func AbsoluteError(prediction, target *Array, reduction Reduction) *Array {
	return from("AbsoluteError", func(f *frame) C.mlxc_status {
		return C.mlxc_loss_absolute_error(&f.out[0], f.in[0], f.in[1], C.int32_t(reduction), &f.e)
	}, prediction, target)
}

// Huber is half the squared error up to delta, then a line.
func Huber(prediction, target *Array, delta float64, reduction Reduction) *Array {
	return from("Huber", func(f *frame) C.mlxc_status {
		return C.mlxc_loss_huber(&f.out[0], f.in[0], f.in[1], C.double(delta), C.int32_t(reduction), &f.e)
	}, prediction, target)
}

// DefaultIgnoreIndex is the target that usually does not count.
const DefaultIgnoreIndex = -100

// CrossEntropyOptions are what a cross-entropy may differ in; the zero value is the plain one.
type CrossEntropyOptions struct {
	LabelSmoothing float64   // of the target, spread evenly
	IgnoreIndex    *int      // targets that do not count; nil: DefaultIgnoreIndex
	Reduction      Reduction // the zero value keeps the elements' losses: ReductionMean is usual
}

// CrossEntropy is -log softmax(logits)[target], the mean of it: logits [..., classes]; targets: class indices [...] of an integer type, or
// probabilities [..., classes].
func CrossEntropy(logits, targets *Array) *Array {
	return CrossEntropyBy(logits, targets, CrossEntropyOptions{Reduction: ReductionMean})
}

// CrossEntropyBy is CrossEntropy with options. The mean of none is 0.
func CrossEntropyBy(logits, targets *Array, options CrossEntropyOptions) *Array {
	ignore := DefaultIgnoreIndex
	if options.IgnoreIndex != nil {
		ignore = *options.IgnoreIndex
	}
	return from("CrossEntropy", func(f *frame) C.mlxc_status {
		return C.mlxc_loss_cross_entropy(&f.out[0], f.in[0], f.in[1], C.double(options.LabelSmoothing), C.int64_t(ignore),
			C.int32_t(options.Reduction), &f.e)
	}, logits, targets)
}

// BinaryCrossEntropy is of logits against probabilities of one shape. positiveWeight (nil: none) scales the loss of positive targets and
// broadcasts.
func BinaryCrossEntropy(logits, targets, positiveWeight *Array, reduction Reduction) *Array {
	return from("BinaryCrossEntropy", func(f *frame) C.mlxc_status {
		return C.mlxc_loss_binary_cross_entropy(&f.out[0], f.in[0], f.in[1], f.in[2], C.int32_t(reduction), &f.e)
	}, logits, targets, positiveWeight)
}

// KLDivergence is target (log(target) - prediction), where prediction is a log-probability.
func KLDivergence(prediction, target *Array, reduction Reduction) *Array {
	return from("KLDivergence", func(f *frame) C.mlxc_status {
		return C.mlxc_loss_kl_divergence(&f.out[0], f.in[0], f.in[1], C.int32_t(reduction), &f.e)
	}, prediction, target)
}
