package mlxc

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"unsafe"
)

// Function is a graph captured once and run many times with new inputs. Any goroutine may call it; runs take turns.
type Function struct {
	handle
	native  *C.mlxc_function
	outputs int
	in, out DType // of the first input and output
	row     int   // elements of a row of the first input
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
	if len(inputs) > 0 && len(outputs) > 0 {
		f.in, f.out = inputs[0].DType(), outputs[0].DType()
		shape, rank := inputs[0].dims()
		f.row = 1
		for _, size := range shape[min(1, max(rank, 0)):max(rank, 0)] {
			f.row *= size
		}
	}
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

// RunRows runs a function of one input and one output over a batch of rows in Go's memory, without an array, a copy, a plan for each size of
// batch or an allocation: classifiers, scores, small networks. Axis 0 of input and output counts rows, and row i of the output must depend on
// row i of the input only. results receives the output's rows (nil: not wanted) and mean is over all its elements, NaN of none. Any number of
// goroutines may call at the same time, each with memory of its own. ctx stops the run; a context that can be cancelled costs allocations.
func RunRows[In, Out Element](ctx context.Context, f *Function, rows []In, results []Out) (mean float64, err error) {
	return runRows(ctx, f, true, rows, results)
}

// RunRowsInto is RunRows without the mean, for outputs of any type.
func RunRowsInto[In, Out Element](ctx context.Context, f *Function, rows []In, results []Out) error {
	_, err := runRows(ctx, f, false, rows, results)
	return err
}

func runRows[In, Out Element](ctx context.Context, f *Function, wantMean bool, rows []In, results []Out) (float64, error) {
	if f == nil || !f.enter() {
		return 0, ErrClosed
	}
	defer f.leave()
	if have, want := DTypeOf[In](), f.in; have != want {
		return 0, invalid("RunRows", fmt.Sprintf("rows of %s, the function takes %s", have, want))
	}
	if have, want := DTypeOf[Out](), f.out; results != nil && have != want {
		return 0, invalid("RunRows", fmt.Sprintf("results of %s, the function gives %s", have, want))
	}
	if f.row <= 0 || len(rows)%f.row != 0 {
		return 0, invalid("RunRows", fmt.Sprintf("%d elements are no whole number of rows of %d", len(rows), f.row))
	}
	return f.runRows(ctx, unsafe.Pointer(unsafe.SliceData(rows)), sizeOf(rows), len(rows)/f.row, unsafe.Pointer(unsafe.SliceData(results)), sizeOf(results), wantMean)
}

func (f *Function) runRows(ctx context.Context, rows unsafe.Pointer, bytes, count int, results unsafe.Pointer, room int, wantMean bool) (float64, error) {
	const op = "RunRows"
	frame := newFrame()
	defer frame.release()
	mean := &frame.number
	if !wantMean {
		mean = nil
	}
	if ctx == nil || ctx.Done() == nil { // without a call, which lies on the heap
		status := C.mlxc_function_run_rows(f.native, rows, C.size_t(bytes), C.int64_t(count), results, C.size_t(room), mean, nil, &frame.e)
		return float64(frame.number), failure(op, status, &frame.e)
	}
	c, err := newCall(ctx, op)
	if err != nil {
		return 0, err
	}
	defer c.release()
	status := C.mlxc_function_run_rows(f.native, rows, C.size_t(bytes), C.int64_t(count), results, C.size_t(room), mean, c.cancel, &frame.e)
	if status != C.MLXC_OK {
		return 0, c.failure(status, &frame.e)
	}
	return float64(frame.number), nil
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
