package mlxc

// #include "shim.h"
import "C"

import (
	"context"
	"runtime/cgo"
	"sync"
	"unsafe"
)

// Stream computes beside its caller: work in order, on a thread of its own. Work of different streams overlaps; what depends on values that
// another stream of the device computes waits for them by itself. Any number of goroutines may use one.
type Stream struct {
	handle
	native *C.mlxc_stream
}

// NewStream makes a stream of a device; nil: the default one. threads are those of the CPU that it computes with, 0: as many as the process
// may use.
func NewStream(device *Device, threads int) (*Stream, error) {
	on, leave, err := enterDevice(device)
	if err != nil {
		return nil, err
	}
	defer leave()
	e := newNativeError()
	s := &Stream{}
	if status := C.mlxc_stream_new(&s.native, on, axis32(threads), &e); status != C.MLXC_OK {
		return nil, failure("NewStream", status, &e)
	}
	s.hold(unsafe.Pointer(s.native), func(p unsafe.Pointer) { C.mlxc_stream_free((*C.mlxc_stream)(p)) })
	s.watch = newWatch(s, "Stream")
	return s, nil
}

// Eval computes arrays of the stream's device together, as [Eval], and returns at once. The arrays may be closed at once, too. The fence
// tells how it went.
func (s *Stream) Eval(arrays ...*Array) (*Fence, error) {
	return s.add("Stream.Eval", 0, func(done **C.mlxc_fence, f *frame) C.mlxc_status {
		return C.mlxc_stream_eval(done, s.native, f.first(0), C.int64_t(len(arrays)), &f.e)
	}, arrays...)
}

// Call runs a function, as [Function.Call], and returns at once; [Fence.Outputs] gives what it returned.
func (s *Stream) Call(function *Function, inputs ...*Array) (*Fence, error) {
	if function == nil || !function.enter() {
		return nil, ErrClosed
	}
	defer function.leave()
	return s.add("Stream.Call", function.outputs, func(done **C.mlxc_fence, f *frame) C.mlxc_status {
		return C.mlxc_stream_call(done, s.native, function.native, f.first(0), C.int64_t(len(inputs)), &f.e)
	}, inputs...)
}

// Record gives a fence of everything added so far.
func (s *Stream) Record() (*Fence, error) {
	return s.add("Stream.Record", 0, func(done **C.mlxc_fence, f *frame) C.mlxc_status { return C.mlxc_stream_record(done, s.native, &f.e) })
}

// add adds work that build describes.
func (s *Stream) add(op string, outputs int, build func(done **C.mlxc_fence, f *frame) C.mlxc_status, arrays ...*Array) (*Fence, error) {
	if s == nil || !s.enter() {
		return nil, ErrClosed
	}
	defer s.leave()
	f, _, err := enter(arrays)
	if err != nil {
		return nil, err
	}
	defer f.leave(arrays)
	fence := &Fence{outputs: outputs}
	if status := build(&fence.native, f); status != C.MLXC_OK {
		return nil, failure(op, status, &f.e)
	}
	fence.hold(unsafe.Pointer(fence.native), func(p unsafe.Pointer) { C.mlxc_fence_free((*C.mlxc_fence)(p)) })
	fence.watch = newWatch(fence, "Fence")
	return fence, nil
}

// WaitFor lets what is added from now on begin when the fence, of any stream and device, is done, well or not. It returns at once.
func (s *Stream) WaitFor(fence *Fence) error {
	if s == nil || fence == nil || !s.enter() {
		return ErrClosed
	}
	defer s.leave()
	if !fence.enter() {
		return ErrClosed
	}
	defer fence.leave()
	e := newNativeError()
	return failure("Stream.WaitFor", C.mlxc_stream_wait(s.native, fence.native, &e), &e)
}

// Synchronize returns when everything added so far has ended, well or not. To stop waiting by a context, use [Stream.Record].
func (s *Stream) Synchronize() error {
	if s == nil || !s.enter() {
		return ErrClosed
	}
	defer s.leave()
	e := newNativeError()
	return failure("Stream.Synchronize", C.mlxc_stream_synchronize(s.native, &e), &e)
}

// Close cancels what runs and what waits: their fences are done with [ErrCancelled]. Synchronize before to keep the work.
func (s *Stream) Close() error {
	if s != nil {
		s.close()
	}
	return nil
}

// Fence is done when what was added to its stream before it has ended. Any number of goroutines may use one.
type Fence struct {
	handle
	native  *C.mlxc_fence
	outputs int // of the function that Stream.Call ran

	once sync.Once
	ends chan struct{}
}

// Done is closed when the work has ended, well or not, or the stream was closed.
func (f *Fence) Done() <-chan struct{} {
	if f == nil {
		ends := make(chan struct{})
		close(ends)
		return ends
	}
	f.once.Do(func() {
		f.ends = make(chan struct{})
		if !f.enter() {
			close(f.ends)
			return
		}
		defer f.leave()
		handle := cgo.NewHandle(f.ends)
		if C.mlxc_go_notify(f.native, C.uintptr_t(handle), nil) != C.MLXC_OK { // no memory: nobody will call
			handle.Delete()
			close(f.ends)
		}
	})
	return f.ends
}

//export mlxcGoDone
func mlxcGoDone(user C.uintptr_t) {
	handle := cgo.Handle(user)
	ends := handle.Value().(chan struct{})
	handle.Delete()
	close(ends)
}

// Wait returns when the fence is done, with the error of its work, or when ctx ends; the work goes on then.
func (f *Fence) Wait(ctx context.Context) error {
	const op = "Fence.Wait"
	if f == nil || !f.enter() {
		return ErrClosed
	}
	defer f.leave()
	if ctx != nil && ctx.Done() != nil {
		select {
		case <-f.Done():
		case <-ctx.Done():
			return contextError(op, ctx)
		}
	}
	e := newNativeError()
	return failure(op, C.mlxc_fence_wait(f.native, -1, &e), &e)
}

// IsDone says whether the work has ended.
func (f *Fence) IsDone() bool {
	if f == nil || !f.enter() {
		return false
	}
	defer f.leave()
	var done C.int32_t
	return C.mlxc_fence_query(f.native, &done, nil) == C.MLXC_OK && done != 0
}

// Outputs gives what the function of [Stream.Call] returned, for the caller to close. [ErrBusy] before the fence is done.
func (f *Fence) Outputs() ([]*Array, error) {
	if f == nil || !f.enter() {
		return nil, ErrClosed
	}
	defer f.leave()
	out := make([]*C.mlxc_array, f.outputs)
	e := newNativeError()
	if status := C.mlxc_fence_outputs(f.native, unsafe.SliceData(out), C.int64_t(len(out)), &e); status != C.MLXC_OK {
		return nil, failure("Fence.Outputs", status, &e)
	}
	return arraysOf(nil, out), nil
}

// Close frees the fence; the work goes on.
func (f *Fence) Close() error {
	if f != nil {
		f.close()
	}
	return nil
}
