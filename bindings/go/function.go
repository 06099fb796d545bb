package mlxc

// #include "shim.h"
import "C"

import (
	"context"
	"unsafe"
)

// Function is a graph captured once and run many times with new inputs. Any goroutine may call it; runs take turns.
type Function struct {
	handle
	native  *C.mlxc_function
	outputs int
}

// StatePair says that an output of a [Function] is the new value of an input and takes over its memory: parameters, moments, running values.
type StatePair struct{ Input, Output int }

// NewFunction captures the graph between inputs ([Placeholder], or arrays with data) and outputs. Other arrays behind the outputs are
// constants. The arrays may be closed at once.
func NewFunction(inputs, outputs []*Array, states ...StatePair) (*Function, error) {
	in, _, err := enter(inputs)
	if err != nil {
		return nil, err
	}
	defer in.leave(inputs)
	out, _, err := enter(outputs)
	if err != nil {
		return nil, err
	}
	defer out.leave(outputs)
	pairs := make([]C.mlxc_state_pair, len(states))
	for i, pair := range states {
		pairs[i] = C.mlxc_state_pair{input: axis32(pair.Input), output: axis32(pair.Output)}
	}
	f := &Function{outputs: len(outputs)}
	status := C.mlxc_function_new(&f.native, in.first(0), C.int64_t(len(inputs)), out.first(0), C.int64_t(len(outputs)),
		unsafe.SliceData(pairs), C.int64_t(len(pairs)), &in.e)
	if status != C.MLXC_OK {
		return nil, failure("NewFunction", status, &in.e)
	}
	f.hold(unsafe.Pointer(f.native), func(p unsafe.Pointer) { C.mlxc_function_free((*C.mlxc_function)(p)) })
	f.watch = newWatch(f, "Function")
	return f, nil
}

// Call runs the function and gives its outputs, computed. They belong to the youngest scope of the inputs; without one the caller closes
// them. An input that a [StatePair] names is used up: go on with the output. ctx stops the run.
func (f *Function) Call(ctx context.Context, inputs ...*Array) ([]*Array, error) {
	c, err := newCall(ctx, "Function.Call")
	if err != nil {
		return nil, err
	}
	defer c.release()
	if f == nil || !f.enter() {
		return nil, ErrClosed
	}
	defer f.leave()
	in, scope, err := enter(inputs)
	if err != nil {
		return nil, err
	}
	defer in.leave(inputs)
	out := make([]*C.mlxc_array, f.outputs)
	status := C.mlxc_function_call(f.native, in.first(0), C.int64_t(len(inputs)), unsafe.SliceData(out), C.int64_t(len(out)), c.cancel, &in.e)
	if status != C.MLXC_OK {
		return nil, c.failure(status, &in.e)
	}
	return arraysOf(scope, out), nil
}

// Launches is how many kernels a run has, after fusion; 0 once closed.
func (f *Function) Launches() int {
	if f == nil || !f.enter() {
		return 0
	}
	defer f.leave()
	var launches C.int64_t
	if C.mlxc_function_launches(f.native, &launches, nil) != C.MLXC_OK {
		return 0
	}
	return int(launches)
}

// DOT is the captured graph in the language of Graphviz.
func (f *Function) DOT() (string, error) {
	if f == nil || !f.enter() {
		return "", ErrClosed
	}
	defer f.leave()
	return readText("Function.DOT", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_function_dot(f.native, buffer, capacity, needed, e)
	})
}

// Close frees the function.
func (f *Function) Close() error {
	if f != nil {
		f.close()
	}
	return nil
}
