package mlxc

// #include "shim.h"
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// Array is a lazy array: operations give new ones at once, values are computed when they are read or by [Eval]. Arrays are immutable; any
// number of goroutines may use one.
//
// # Errors
//
// An operation that fails (shapes that do not fit, a closed array, memory) gives an array that holds the error. It has no shape, every
// operation on it gives the same error again, and so does reading it. So a computation is written as one expression and checked once:
// where it is read, by [Eval], by [Array.Err] or by [Scope.Err].
//
// # Ownership
//
// Every array is a native handle, which Close frees; the garbage collector does not. An array may belong to a [Scope], which closes it: what
// is computed from arrays of a scope belongs to that scope too. What is computed from arrays without a scope is the caller's to close.
type Array struct {
	handle
	scope atomic.Pointer[Scope]
	slot  int // in the scope's list, guarded by the scope
	err   error
}

func (a *Array) native() *C.mlxc_array { return (*C.mlxc_array)(a.pointer) }

// newArray takes over a native array, for a scope or (nil) for the caller.
func newArray(scope *Scope, native *C.mlxc_array) *Array {
	a := &Array{}
	a.hold(unsafe.Pointer(native), freeArray)
	a.watch = newWatch(a, "Array")
	if scope != nil {
		scope.adopt(a)
	}
	return a
}

// failed is the array of an operation that failed.
func failed(scope *Scope, err error) *Array {
	if scope != nil {
		scope.note(err)
	}
	return &Array{err: err}
}

// owner is the scope that the array belongs to; nil: none.
func (a *Array) owner() *Scope {
	if a == nil {
		return nil
	}
	return a.scope.Load()
}

// Close frees the array; what was computed from it stays.
func (a *Array) Close() error {
	if a != nil {
		a.close() // first: a scope that takes the array now sees it
		if scope := a.scope.Load(); scope != nil {
			scope.drop(a)
		}
	}
	return nil
}

// Err is the failure of the operation that the array is the result of, or of one before it; nil: there was none so far. Values are not
// computed by asking; see [Eval].
func (a *Array) Err() error {
	if a == nil {
		return ErrClosed
	}
	return a.err
}

// open enters the array for a call.
func (a *Array) open() error {
	if a == nil {
		return ErrClosed
	}
	if a.err != nil {
		return a.err
	}
	if !a.enter() {
		return ErrClosed
	}
	return nil
}

// usable is why the array has no shape: it failed or is closed. Asked after the shape was, as it may be closed meanwhile.
func (a *Array) usable() error {
	err := a.open()
	if err == nil {
		a.leave()
	}
	return err
}

// DType is the element type; -1 once closed or failed.
func (a *Array) DType() DType {
	if a.open() != nil {
		return -1
	}
	defer a.leave()
	f := newFrame()
	defer f.release()
	if C.mlxc_array_dtype(a.native(), &f.axes[0], nil) != C.MLXC_OK {
		return -1
	}
	return DType(f.axes[0])
}

// Shape is the dimensions, outermost first; nil once closed or failed.
func (a *Array) Shape() []int {
	shape, rank := a.dims()
	if rank < 0 {
		return nil
	}
	return append(make([]int, 0, rank), shape[:rank]...)
}

// Rank is the number of dimensions; -1 once closed or failed.
func (a *Array) Rank() int {
	_, rank := a.dims()
	return rank
}

// Dim is the size of an axis, a negative one counts from the end; -1 for an axis that is not there.
func (a *Array) Dim(axis int) int {
	shape, rank := a.dims()
	if axis < 0 {
		axis += rank
	}
	if axis < 0 || axis >= rank {
		return -1
	}
	return shape[axis]
}

// Len is the number of elements; 0 once closed or failed.
func (a *Array) Len() int {
	shape, rank := a.dims()
	if rank < 0 {
		return 0
	}
	count := 1
	for _, size := range shape[:rank] {
		count *= size
	}
	return count
}

func (a *Array) dims() (shape [C.MLXC_MAX_RANK]int, rank int) {
	if a.open() != nil {
		return shape, -1
	}
	defer a.leave()
	f := newFrame()
	defer f.release()
	last := len(f.sizes) - 1
	if C.mlxc_array_shape(a.native(), &f.sizes[0], C.MLXC_MAX_RANK, &f.sizes[last], nil) != C.MLXC_OK {
		return shape, -1
	}
	rank = int(f.sizes[last])
	for i := range rank {
		shape[i] = int(f.sizes[i])
	}
	return shape, rank
}

// Eval computes arrays together, sharing what they have in common.
func Eval(arrays ...*Array) error {
	return run("Eval", func(f *frame) C.mlxc_status {
		return C.mlxc_array_eval(f.first(0), C.int64_t(len(arrays)), &f.e)
	}, arrays...)
}

// DOT is the graph behind arrays in the language of Graphviz.
func DOT(arrays ...*Array) (text string, err error) {
	f, _, err := enter(arrays)
	if err != nil {
		return "", err
	}
	defer f.leave(arrays)
	return readText("DOT", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_dot(f.first(0), C.int64_t(len(arrays)), buffer, capacity, needed, e)
	})
}
