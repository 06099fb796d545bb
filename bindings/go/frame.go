package mlxc

// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
	"sync"
	"unsafe"
)

// frame is what a call of an array function lends to C: handles, sizes, the place of the results and of the error. C sees their addresses, so
// they lie on Go's heap; frames are used again, so that an operation allocates nothing but its Array.
type frame struct {
	*lent
	in   []*C.mlxc_array // the inputs; NULL for one that is missing
	used struct{ sizes, axes int }
}

// lent is the part that C sees, apart because it must not hold pointers into Go's memory.
type lent struct {
	out    [4]*C.mlxc_array
	small  [8]*C.mlxc_array // in, when they are few
	sizes  [4 * C.MLXC_MAX_RANK]C.int64_t
	axes   [2 * C.MLXC_MAX_RANK]C.int32_t
	number C.double
	e      C.mlxc_error
}

var frames = sync.Pool{New: func() any {
	f := &frame{lent: &lent{}}
	f.e.struct_size = C.uint32_t(unsafe.Sizeof(f.e))
	return f
}}

func newFrame() *frame { return frames.Get().(*frame) }

func (f *frame) release() {
	f.in, f.out, f.used.sizes, f.used.axes = nil, [4]*C.mlxc_array{}, 0, 0
	frames.Put(f)
}

// enter begins a call with arrays, of which nil ones are missing. The scope is the youngest one of theirs: the results belong to it.
func enter(arrays []*Array) (f *frame, scope *Scope, err error) {
	for _, a := range arrays {
		scope = younger(scope, a.owner())
	}
	f = newFrame()
	if len(arrays) <= len(f.small) {
		f.in = f.small[:len(arrays)]
	} else {
		f.in = make([]*C.mlxc_array, len(arrays))
	}
	for i, a := range arrays {
		f.in[i] = nil
		if a == nil {
			continue
		}
		if err := a.open(); err != nil {
			f.leave(arrays[:i])
			return nil, scope, err
		}
		f.in[i] = a.native()
	}
	return f, scope, nil
}

func (f *frame) leave(arrays []*Array) {
	for _, a := range arrays {
		if a != nil {
			a.leave()
		}
	}
	f.release()
}

// first is where the handles of the inputs from the i-th on lie.
func (f *frame) first(i int) **C.mlxc_array { return unsafe.SliceData(f.in[i:]) }

// dims lends a list of sizes. A list too long for C's ranks is lent as it is, for the library to refuse.
func (f *frame) dims(list []int) *C.int64_t {
	room := f.sizes[f.used.sizes:]
	if len(list) > len(room) {
		room = make([]C.int64_t, len(list))
	} else {
		f.used.sizes += len(list)
	}
	for i, size := range list {
		room[i] = C.int64_t(size)
	}
	return unsafe.SliceData(room)
}

// dimsOr is dims, or NULL without a list.
func (f *frame) dimsOr(list []int) *C.int64_t {
	if list == nil {
		return nil
	}
	return f.dims(list)
}

// over lends a list of axes.
func (f *frame) over(list []int) *C.int32_t {
	room := f.axes[f.used.axes:]
	if len(list) > len(room) {
		room = make([]C.int32_t, len(list))
	} else {
		f.used.axes += len(list)
	}
	for i, axis := range list {
		room[i] = axis32(axis)
	}
	return unsafe.SliceData(room)
}

// axis32 is an axis as C reads it; one that does not fit becomes one that cannot be right.
func axis32(axis int) C.int32_t { return C.int32_t(max(min(axis, math.MaxInt32), math.MinInt32+1)) }

func freeArray(p unsafe.Pointer) { C.mlxc_array_free((*C.mlxc_array)(p)) }

// from makes an array of others. build leaves it in f.out[0].
func from(op string, build func(f *frame) C.mlxc_status, inputs ...*Array) *Array {
	f, scope, err := enter(inputs)
	if err != nil {
		return failed(scope, err)
	}
	status := build(f)
	var a *Array
	if status == C.MLXC_OK {
		a = newArray(scope, f.out[0])
	} else {
		a = failed(scope, failure(op, status, &f.e))
	}
	f.leave(inputs)
	return a
}

// several makes a few arrays of others: those that build leaves in f.out, nil where it leaves none.
func several(op string, count int, build func(f *frame) C.mlxc_status, inputs ...*Array) (results [4]*Array) {
	f, scope, err := enter(inputs)
	if err == nil {
		err = failure(op, build(f), &f.e)
		for i := range count {
			if err == nil && f.out[i] != nil {
				results[i] = newArray(scope, f.out[i])
			}
		}
		f.leave(inputs)
	}
	if err != nil {
		for i := range count {
			results[i] = failed(scope, err)
		}
	}
	return results
}

// many makes a list of arrays of others. build leaves them where out points to.
func many(op string, count int, build func(f *frame, out **C.mlxc_array) C.mlxc_status, inputs ...*Array) []*Array {
	f, scope, err := enter(inputs)
	results := make([]*Array, count)
	if err == nil {
		out := make([]*C.mlxc_array, count)
		err = failure(op, build(f, unsafe.SliceData(out)), &f.e)
		for i := range results {
			if err == nil {
				results[i] = newArray(scope, out[i])
			}
		}
		f.leave(inputs)
	}
	if err != nil {
		for i := range results {
			results[i] = failed(scope, err)
		}
	}
	return results
}

// run calls the library with arrays that it makes nothing of.
func run(op string, call func(f *frame) C.mlxc_status, arrays ...*Array) error {
	f, _, err := enter(arrays)
	if err != nil {
		return err
	}
	err = failure(op, call(f), &f.e)
	f.leave(arrays)
	return err
}

// create makes an array of no other, on a device; nil: the default one.
func create(op string, device *Device, build func(f *frame, on *C.mlxc_device) C.mlxc_status) *Array {
	on, leave, err := enterDevice(device)
	if err != nil {
		return failed(nil, err)
	}
	defer leave()
	return from(op, func(f *frame) C.mlxc_status { return build(f, on) })
}

// mismatch is the failed array of an argument that never reached the library.
func mismatch(op string, scope *Scope, format string, values ...any) *Array {
	return failed(scope, invalid(op, fmt.Sprintf(format, values...)))
}
