package mlxc

// #include "shim.h"
import "C"

import "unsafe"

// Module is a layer, or layers put together: a description that finds its parameters by name in a [Parameters], so one module serves any set of
// them. Modules are immutable; any number of goroutines may use one. Like an [Array], a module that could not be made holds the error, and
// so does what is made of it.
//
// [Sequential] and [Residual] take over the modules given to them: only the outermost one is closed.
type Module struct {
	handle
	err error
}

func (m *Module) native() *C.mlxc_module { return (*C.mlxc_module)(m.pointer) }

// newModule builds a module and closes those it is made of.
func newModule(op string, build func(f *frame, out **C.mlxc_module, parts []*C.mlxc_module) C.mlxc_status, parts ...*Module) *Module {
	defer func() {
		for _, part := range parts {
			part.Close()
		}
	}()
	if err := ready(); err != nil {
		return &Module{err: err}
	}
	natives := make([]*C.mlxc_module, len(parts))
	for i, part := range parts {
		if err := part.open(); err != nil {
			return &Module{err: err}
		}
		defer part.leave()
		natives[i] = part.native()
	}
	f := newFrame()
	defer f.release()
	var native *C.mlxc_module
	if status := build(f, &native, natives); status != C.MLXC_OK {
		return &Module{err: failure(op, status, &f.e)}
	}
	m := &Module{}
	m.hold(unsafe.Pointer(native), func(p unsafe.Pointer) { C.mlxc_module_free((*C.mlxc_module)(p)) })
	m.watch = newWatch(m, "Module")
	return m
}

func (m *Module) open() error {
	if m == nil {
		return ErrClosed
	}
	if m.err != nil {
		return m.err
	}
	if !m.enter() {
		return ErrClosed
	}
	return nil
}

// Err is why the module could not be made; nil: it could.
func (m *Module) Err() error {
	if m == nil {
		return ErrClosed
	}
	return m.err
}

// Close frees the module; parameters are not its own and stay.
func (m *Module) Close() error {
	if m != nil {
		m.close()
	}
	return nil
}

// Pass is what a forward pass needs beside its input.
type Pass struct {
	Training bool   // dropout drops, batch norms use the batch's statistics and renew theirs
	Key      *Array // for dropout: another one for every pass; nil where nothing is random
}

// Forward is the module's result for x, lazily, with these parameters; names that are new begin here, with the values that PyTorch begins
// with.
func (m *Module) Forward(parameters *Parameters, x *Array, pass Pass) *Array {
	scope := younger(x.owner(), pass.Key.owner())
	if err := m.open(); err != nil {
		return failed(scope, err)
	}
	defer m.leave()
	if parameters == nil || !parameters.enter() {
		return failed(scope, ErrClosed)
	}
	defer parameters.leave()
	return from("Forward", func(f *frame) C.mlxc_status {
		return C.mlxc_module_forward(&f.out[0], m.native(), parameters.native(), f.in[0], f.in[1], boolean(pass.Training), &f.e)
	}, x, pass.Key)
}

// Linear is [..., in] -> [..., out]: weight [out, in], and bias [out].
func Linear(in, out int, bias bool) *Module {
	return newModule("Linear", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_linear(to, C.int64_t(in), C.int64_t(out), boolean(bias), &f.e)
	})
}

// Convolution is [N, in, n...] -> [N, out, m...] as [Array.Convolution]; window.Kernel has one value a spatial axis, 1 to 3 of them.
func Convolution(in, out int, window Window, bias bool) *Module {
	axes := len(window.Kernel)
	w, err := window.over("Convolution", axes)
	if err != nil {
		return &Module{err: err}
	}
	return newModule("Convolution", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_convolution(to, C.int64_t(in), C.int64_t(out), f.dims(w.Kernel), f.dimsOr(w.Stride), f.dimsOr(w.Padding),
			f.dimsOr(w.Dilation), C.int32_t(axes), C.int64_t(w.Groups), boolean(bias), &f.e)
	})
}

// TransposedConvolution is [N, in, n...] -> [N, out, m...] as [Array.TransposedConvolution]; window.Kernel has one value a spatial axis, 1 to 3
// of them; outputPadding may be nil.
func TransposedConvolution(in, out int, window Window, outputPadding []int, bias bool) *Module {
	const op = "TransposedConvolution"
	axes := len(window.Kernel)
	w, err := window.over(op, axes)
	extra, ok := spread(outputPadding, axes)
	if err == nil && !ok {
		err = invalid(op, "outputPadding has neither one value nor one for each spatial axis")
	}
	if err != nil {
		return &Module{err: err}
	}
	return newModule(op, func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_transposed_convolution(to, C.int64_t(in), C.int64_t(out), f.dims(w.Kernel), f.dimsOr(w.Stride), f.dimsOr(w.Padding),
			f.dimsOr(w.Dilation), f.dimsOr(extra), C.int32_t(axes), C.int64_t(w.Groups), boolean(bias), &f.e)
	})
}

// MaxPool is the largest element of each window; window.Kernel has one value a spatial axis.
func MaxPool(window Window) *Module {
	axes := len(window.Kernel)
	w, err := window.over("MaxPool", axes)
	if err != nil {
		return &Module{err: err}
	}
	return newModule("MaxPool", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_max_pool(to, f.dims(w.Kernel), f.dimsOr(w.Stride), f.dimsOr(w.Padding), C.int32_t(axes), &f.e)
	})
}

// AveragePool is the mean of each window, padding counted as zeros; window.Kernel has one value a spatial axis.
func AveragePool(window Window) *Module {
	axes := len(window.Kernel)
	w, err := window.over("AveragePool", axes)
	if err != nil {
		return &Module{err: err}
	}
	return newModule("AveragePool", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_average_pool(to, f.dims(w.Kernel), f.dimsOr(w.Stride), f.dimsOr(w.Padding), C.int32_t(axes), &f.e)
	})
}

// BatchNorm is over everything but axis 1: weight, bias, and the buffers running_mean and running_var, which a training pass renews by
// momentum (0.1 is usual).
func BatchNorm(channels int, eps, momentum float64) *Module {
	return newModule("BatchNorm", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_batch_norm(to, C.int64_t(channels), C.double(eps), C.double(momentum), &f.e)
	})
}

// LayerNorm is over the last axis: weight and bias.
func LayerNorm(size int, eps float64) *Module {
	return newModule("LayerNorm", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_layer_norm(to, C.int64_t(size), C.double(eps), &f.e)
	})
}

// RMSNorm is over the last axis: weight.
func RMSNorm(size int, eps float64) *Module {
	return newModule("RMSNorm", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_rms_norm(to, C.int64_t(size), C.double(eps), &f.e)
	})
}

// GroupNorm is over groups of channels (axis 1): weight and bias.
func GroupNorm(groups, channels int, eps float64) *Module {
	return newModule("GroupNorm", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_group_norm(to, C.int64_t(groups), C.int64_t(channels), C.double(eps), &f.e)
	})
}

// Dropout drops in training passes, which need a key then.
func Dropout(probability float64) *Module {
	return newModule("Dropout", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_dropout(to, C.double(probability), &f.e)
	})
}

// Embedding is integers [...] -> [..., size]: weight [count, size].
func Embedding(count, size int) *Module {
	return newModule("Embedding", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_embedding(to, C.int64_t(count), C.int64_t(size), &f.e)
	})
}

// Positions adds a learned row for each of T <= count places to [N, T, size]: weight [count, size].
func Positions(count, size int) *Module {
	return newModule("Positions", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_positions(to, C.int64_t(count), C.int64_t(size), &f.e)
	})
}

// Activation is an activation with its usual parameter.
func Activation(op ActivationOp) *Module { return ActivationBy(op, DefaultParameter) }

// ActivationBy is an activation with a parameter.
func ActivationBy(op ActivationOp, parameter float64) *Module {
	return newModule("Activation", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_activation(to, C.int32_t(op), C.double(parameter), &f.e)
	})
}

// Softmax is over one axis; negative ones count from the end.
func Softmax(axis int) *Module { return softmax("Softmax", axis, false) }

// LogSoftmax is its logarithm.
func LogSoftmax(axis int) *Module { return softmax("LogSoftmax", axis, true) }

func softmax(op string, axis int, log bool) *Module {
	return newModule(op, func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_softmax(to, axis32(axis), boolean(log), &f.e)
	})
}

// Flatten makes one axis of all but the first.
func Flatten() *Module {
	return newModule("Flatten", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_flatten(to, &f.e)
	})
}

// SelfAttention is over [N, T, size] with so many heads: q_proj, k_proj, v_proj and out_proj. causal: no look ahead.
func SelfAttention(size, heads int, causal, bias bool) *Module {
	return newModule("SelfAttention", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_attention(to, C.int64_t(size), C.int64_t(heads), boolean(causal), boolean(bias), &f.e)
	})
}

// Recurrent is [T, N, in] -> [T, N, hidden]: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0.
func Recurrent(kind Cell, in, hidden int, bias bool) *Module {
	return newModule("Recurrent", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_recurrent(to, C.int32_t(kind), C.int64_t(in), C.int64_t(hidden), boolean(bias), &f.e)
	})
}

// RecurrentOptions says how the layers of [RecurrentLayers] are put together.
type RecurrentOptions struct {
	Layers        int // 0: 1
	NoBias        bool
	BatchFirst    bool    // [N, T, ...] in and out, as loaders give batches; else [T, N, ...]
	Bidirectional bool    // a second cell a layer runs from the last step to the first; the outputs of both stand side by side
	Last          bool    // only the states after the last step, [N, hidden]: what a classifier needs
	Dropout       float64 // between layers, in training passes
}

// RecurrentLayers is [Recurrent] of several layers and directions. Names of further layers end in l1, l2 and so on, those of the second
// direction in _reverse.
func RecurrentLayers(kind Cell, in, hidden int, options RecurrentOptions) *Module {
	return newModule("RecurrentLayers", func(f *frame, to **C.mlxc_module, _ []*C.mlxc_module) C.mlxc_status {
		var given C.mlxc_recurrent_options
		C.mlxc_recurrent_options_init(&given, C.uint32_t(unsafe.Sizeof(given)))
		if options.Layers != 0 {
			given.layers = C.int64_t(options.Layers)
		}
		given.bias, given.batch_first = boolean(!options.NoBias), boolean(options.BatchFirst)
		given.bidirectional, given.last = boolean(options.Bidirectional), boolean(options.Last)
		given.dropout = C.double(options.Dropout)
		return C.mlxc_module_recurrent_layers(to, C.int32_t(kind), C.int64_t(in), C.int64_t(hidden), &given, &f.e)
	})
}

// Sequential is modules one after the other, which it takes over; their names begin with "0.", "1.", ...
func Sequential(modules ...*Module) *Module {
	return newModule("Sequential", func(f *frame, to **C.mlxc_module, parts []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_sequential(to, unsafe.SliceData(parts), C.int64_t(len(parts)), &f.e)
	}, modules...)
}

// Residual is x + body(x); it takes the body over.
func Residual(body *Module) *Module {
	return newModule("Residual", func(f *frame, to **C.mlxc_module, parts []*C.mlxc_module) C.mlxc_status {
		return C.mlxc_module_residual(to, parts[0], &f.e)
	}, body)
}
