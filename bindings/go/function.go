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

// NewFunction captures the graph between inputs ([Placeholder], or arrays with data) and outputs. Other arrays behind the outputs are
// constants. The arrays may be closed at once.
func NewFunction(inputs, outputs []*Array) (*Function, error) {
	in, leaveIn, err := enterAll(inputs)
	if err != nil {
		return nil, err
	}
	defer leaveIn()
	out, leaveOut, err := enterAll(outputs)
	if err != nil {
		return nil, err
	}
	defer leaveOut()
	f := &Function{outputs: len(outputs)}
	e := newNativeError()
	status := C.mlxc_function_new(&f.native, unsafe.SliceData(in), C.int64_t(len(in)), unsafe.SliceData(out), C.int64_t(len(out)),
		nil, 0, &e)
	if status != C.MLXC_OK {
		return nil, failure("NewFunction", status, &e)
	}
	native := f.native
	f.free = func() { C.mlxc_function_free(native) }
	f.watch = newWatch(f, "Function")
	return f, nil
}

// Call runs the function and gives its outputs, computed; the caller closes them. ctx stops the run.
func (f *Function) Call(ctx context.Context, inputs ...*Array) ([]*Array, error) {
	const op = "Function.Call"
	if ctx == nil {
		ctx = context.Background()
	}
	if ctx.Err() != nil {
		return nil, contextError(op, ctx)
	}
	if f == nil || !f.enter() {
		return nil, ErrClosed
	}
	defer f.leave()
	in, leave, err := enterAll(inputs)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := make([]*C.mlxc_array, f.outputs)
	e := newNativeError()
	c := &call{op: op, ctx: ctx}
	if ctx.Done() != nil {
		if status := C.mlxc_cancel_new(&c.cancel, &e); status != C.MLXC_OK {
			return nil, failure(op, status, &e)
		}
	}
	c.stop = context.AfterFunc(ctx, c.trigger)
	status := C.mlxc_function_call(f.native, unsafe.SliceData(in), C.int64_t(len(in)), unsafe.SliceData(out), C.int64_t(len(out)), c.cancel, &e)
	c.release()
	if status == C.MLXC_CANCELLED && ctx.Err() != nil {
		return nil, contextError(op, ctx)
	}
	if status != C.MLXC_OK {
		return nil, failure(op, status, &e)
	}
	results := make([]*Array, len(out))
	for i, native := range out {
		results[i] = newArray(native)
	}
	return results, nil
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

// Close frees the function.
func (f *Function) Close() error {
	if f != nil {
		f.close()
	}
	return nil
}
