package mlxc

// #include "shim.h"
import "C"

import "slices"

// Grad gives for each array of wrt the gradient of an output of one element, such as a loss, in its shape and type; zeros where the output
// does not depend on it. The gradients are arrays like any other: lazy, and differentiable again. Evaluated together with the output they
// share all work. Evaluating an array drops what it was computed from: take gradients before, or mark the leaves ([Array.RequireGrad]).
func Grad(output *Array, wrt ...*Array) []*Array { return VJP([]*Array{output}, nil, wrt) }

// VJP is Grad of several outputs: the sum over them of cotangent times d output / d array. Each cotangent is shaped like its output; nil:
// ones, for outputs of one element.
func VJP(outputs, cotangents, wrt []*Array) []*Array {
	if len(cotangents) != 0 && len(cotangents) != len(outputs) {
		return failures(len(wrt), invalid("VJP", "there must be as many cotangents as outputs, or none"))
	}
	return many("Grad", len(wrt), func(f *frame, out **C.mlxc_array) C.mlxc_status {
		n, m := len(outputs), len(wrt)
		return C.mlxc_grad(out, f.first(0), C.int64_t(n), f.first(n), C.int64_t(m), f.first(n+m), C.int64_t(len(cotangents)), &f.e)
	}, slices.Concat(outputs, wrt, cotangents)...)
}

func failures(count int, err error) []*Array {
	list := make([]*Array, count)
	for i := range list {
		list[i] = failed(nil, err)
	}
	return list
}

// ValueAndGrad calls a function of arrays that gives one number, and gives its value and the gradients for its arguments.
func ValueAndGrad(f func(x ...*Array) *Array, x ...*Array) (value *Array, gradients []*Array) {
	value = f(x...)
	return value, Grad(value, x...)
}

// RequireGrad marks the array, whatever the handle: what is built from it after the call keeps what it was computed from when it is
// evaluated, so that gradients can be taken afterwards too.
func (a *Array) RequireGrad(keep bool) error {
	return run("RequireGrad", func(f *frame) C.mlxc_status {
		return C.mlxc_array_set_requires_grad(f.in[0], boolean(keep), &f.e)
	}, a)
}

// RequiresGrad is whether the array is marked.
func (a *Array) RequiresGrad() bool {
	marked := false
	_ = run("RequiresGrad", func(f *frame) C.mlxc_status {
		status := C.mlxc_array_requires_grad(f.in[0], &f.axes[0], &f.e)
		marked = status == C.MLXC_OK && f.axes[0] != 0
		return status
	}, a)
	return marked
}

// StopGradient is the same values as a constant for gradients.
func (a *Array) StopGradient() *Array {
	return from("StopGradient", func(f *frame) C.mlxc_status { return C.mlxc_stop_gradient(&f.out[0], f.in[0], &f.e) }, a)
}

// Checkpoint gives the outputs once more: gradients through these compute the part of the graph between inputs and outputs a second time
// instead of keeping its values.
func Checkpoint(outputs, inputs []*Array) []*Array {
	return many("Checkpoint", len(outputs), func(f *frame, out **C.mlxc_array) C.mlxc_status {
		n := len(outputs)
		return C.mlxc_checkpoint(out, f.first(0), C.int64_t(n), f.first(n), C.int64_t(len(inputs)), &f.e)
	}, slices.Concat(outputs, inputs)...)
}
