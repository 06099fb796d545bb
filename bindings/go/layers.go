package mlxc

// #include "shim.h"
import "C"

// Window says how a convolution or a pool moves over the spatial axes. Each list has a value an axis, or one for all of them; nil: the usual.
type Window struct {
	Kernel   []int // of pools; a convolution's is that of its weight
	Stride   []int // nil: 1, for pools the kernel
	Padding  []int // nil: 0
	Dilation []int // nil: 1
	Groups   int   // of channels, for convolutions; 0: 1
}

// spread gives a list a value for each of so many axes; nil stays nil.
func spread(list []int, axes int) ([]int, bool) {
	if list == nil || len(list) == axes {
		return list, true
	}
	if len(list) != 1 {
		return nil, false
	}
	all := make([]int, axes)
	for i := range all {
		all[i] = list[0]
	}
	return all, true
}

// over gives every list of the window so many values.
func (w Window) over(op string, axes int) (Window, error) {
	for _, list := range [...]*[]int{&w.Kernel, &w.Stride, &w.Padding, &w.Dilation} {
		values, ok := spread(*list, axes)
		if !ok {
			return w, invalid(op, "a list of the window has neither one value nor one for each spatial axis")
		}
		*list = values
	}
	if w.Groups == 0 {
		w.Groups = 1
	}
	return w, nil
}

// spatial is the window for an array [batch, channels, spatial...].
func (w Window) spatial(op string, x *Array) (Window, int, error) {
	axes := max(x.Rank()-2, 0)
	if err := x.usable(); err != nil {
		return w, 0, err
	}
	w, err := w.over(op, axes)
	return w, axes, err
}

// Convolution of a [N, C, n...] with weight [O, C / groups, k...] and bias [O] (or nil) is [N, O, m...], for 1 to 3 spatial axes.
func (a *Array) Convolution(weight, bias *Array, window Window) *Array {
	w, axes, err := window.spatial("Convolution", a)
	if err != nil {
		return failed(younger(a.owner(), weight.owner()), err)
	}
	return from("Convolution", func(f *frame) C.mlxc_status {
		return C.mlxc_array_convolution(&f.out[0], f.in[0], f.in[1], f.in[2], f.dimsOr(w.Stride), f.dimsOr(w.Padding), f.dimsOr(w.Dilation),
			C.int32_t(axes), C.int64_t(w.Groups), &f.e)
	}, a, weight, bias)
}

// TransposedConvolution of a [N, C, n...] with weight [C, O / groups, k...]; outputPadding (nil: none) makes the result larger at the end.
func (a *Array) TransposedConvolution(weight, bias *Array, window Window, outputPadding []int) *Array {
	const op = "TransposedConvolution"
	w, axes, err := window.spatial(op, a)
	extra, ok := spread(outputPadding, axes)
	if err == nil && !ok {
		err = invalid(op, "outputPadding has neither one value nor one for each spatial axis")
	}
	if err != nil {
		return failed(younger(a.owner(), weight.owner()), err)
	}
	return from(op, func(f *frame) C.mlxc_status {
		return C.mlxc_array_transposed_convolution(&f.out[0], f.in[0], f.in[1], f.in[2], f.dimsOr(w.Stride), f.dimsOr(w.Padding),
			f.dimsOr(w.Dilation), f.dimsOr(extra), C.int32_t(axes), C.int64_t(w.Groups), &f.e)
	}, a, weight, bias)
}

// MaxPool is the largest element of each window; padding counts as -Inf.
func (a *Array) MaxPool(window Window) *Array {
	w, axes, err := window.spatial("MaxPool", a)
	if err != nil {
		return failed(a.owner(), err)
	}
	return from("MaxPool", func(f *frame) C.mlxc_status {
		return C.mlxc_array_max_pool(&f.out[0], f.in[0], f.dimsOr(w.Kernel), f.dimsOr(w.Stride), f.dimsOr(w.Padding), f.dimsOr(w.Dilation),
			C.int32_t(axes), &f.e)
	}, a)
}

// AveragePool is the mean of each window; padding counts as zeros, or not at all.
func (a *Array) AveragePool(window Window, countPadding bool) *Array {
	w, axes, err := window.spatial("AveragePool", a)
	if err != nil {
		return failed(a.owner(), err)
	}
	return from("AveragePool", func(f *frame) C.mlxc_status {
		return C.mlxc_array_average_pool(&f.out[0], f.in[0], f.dimsOr(w.Kernel), f.dimsOr(w.Stride), f.dimsOr(w.Padding), C.int32_t(axes),
			boolean(countPadding), &f.e)
	}, a)
}

// LayerNorm is (a - mean) / sqrt(variance + eps) weight + bias over the last axes. weight and bias may be nil.
func (a *Array) LayerNorm(weight, bias *Array, lastAxes int, eps float64) *Array {
	return from("LayerNorm", func(f *frame) C.mlxc_status {
		return C.mlxc_array_layer_norm(&f.out[0], f.in[0], f.in[1], f.in[2], axis32(lastAxes), C.double(eps), &f.e)
	}, a, weight, bias)
}

// RMSNorm is a / sqrt(mean(a^2) + eps) weight over the last axis. weight may be nil.
func (a *Array) RMSNorm(weight *Array, eps float64) *Array {
	return from("RMSNorm", func(f *frame) C.mlxc_status {
		return C.mlxc_array_rms_norm(&f.out[0], f.in[0], f.in[1], C.double(eps), &f.e)
	}, a, weight)
}

// BatchNorm is over everything but axis 1, by the batch's own mean and population variance, which it gives too. weight and bias may be nil.
func (a *Array) BatchNorm(weight, bias *Array, eps float64) (out, mean, variance *Array) {
	r := several("BatchNorm", 3, func(f *frame) C.mlxc_status {
		return C.mlxc_array_batch_norm(&f.out[0], &f.out[1], &f.out[2], f.in[0], nil, nil, f.in[1], f.in[2], C.double(eps), &f.e)
	}, a, weight, bias)
	return r[0], r[1], r[2]
}

// BatchNormBy is BatchNorm by a given mean and variance, as after training.
func (a *Array) BatchNormBy(mean, variance, weight, bias *Array, eps float64) *Array {
	return from("BatchNormBy", func(f *frame) C.mlxc_status {
		return C.mlxc_array_batch_norm(&f.out[0], nil, nil, f.in[0], f.in[1], f.in[2], f.in[3], f.in[4], C.double(eps), &f.e)
	}, a, mean, variance, weight, bias)
}

// GroupNorm is over each group of channels (axis 1) and everything behind them. weight and bias may be nil.
func (a *Array) GroupNorm(groups int, weight, bias *Array, eps float64) *Array {
	return from("GroupNorm", func(f *frame) C.mlxc_status {
		return C.mlxc_array_group_norm(&f.out[0], f.in[0], C.int64_t(groups), f.in[1], f.in[2], C.double(eps), &f.e)
	}, a, weight, bias)
}

// Dropout zeroes each element with the probability and divides the others by 1 - probability.
func (a *Array) Dropout(key *Array, probability float64) *Array {
	return from("Dropout", func(f *frame) C.mlxc_status {
		return C.mlxc_array_dropout(&f.out[0], f.in[0], f.in[1], C.double(probability), &f.e)
	}, a, key)
}

// Attention is softmax(q k^T scale + mask) v over the last two axes. A boolean mask keeps where true, another is added; nil: none. scale 0 is
// 1 / sqrt(last axis). causal: a query sees keys up to its own place, counted from the end.
func Attention(q, k, v, mask *Array, scale float64, causal bool) *Array {
	return from("Attention", func(f *frame) C.mlxc_status {
		return C.mlxc_array_attention(&f.out[0], f.in[0], f.in[1], f.in[2], f.in[3], C.double(scale), boolean(causal), &f.e)
	}, q, k, v, mask)
}

// Cell is a recurrent cell. The comment is its number of gates G.
type Cell int32

const (
	CellRNNTanh Cell = C.MLXC_CELL_RNN_TANH // 1
	CellRNNReLU Cell = C.MLXC_CELL_RNN_RELU // 1
	CellGRU     Cell = C.MLXC_CELL_GRU      // 3: reset, update, new
	CellLSTM    Cell = C.MLXC_CELL_LSTM     // 4: input, forget, cell, output
)

// CellWeights are the parameters of a recurrent layer; the biases may be nil.
type CellWeights struct {
	Input      *Array // [G H, I]
	Hidden     *Array // [G H, H]
	InputBias  *Array // [G H]
	HiddenBias *Array // [G H]
}

// Recurrent runs a cell over a [T, N, I]: outputs [T, N, H] and the states after the last step, [N, H]. hidden and cell are the first states,
// both nil for zeros; cell and lastCell are for the LSTM, nil else. reverse: from the last step to the first.
func (a *Array) Recurrent(kind Cell, weights CellWeights, hidden, cell *Array, reverse bool) (outputs, lastHidden, lastCell *Array) {
	r := several("Recurrent", 3, func(f *frame) C.mlxc_status {
		last := &f.out[2]
		if kind != CellLSTM {
			last = nil
		}
		return C.mlxc_array_recurrent(&f.out[0], &f.out[1], last, C.int32_t(kind), f.in[0], f.in[1], f.in[2], f.first(3), boolean(reverse), &f.e)
	}, a, hidden, cell, weights.Input, weights.Hidden, weights.InputBias, weights.HiddenBias)
	return r[0], r[1], r[2]
}
