package mlxc

// #include "shim.h"
import "C"

import (
	"runtime"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"
)

// NewArray copies data, row-major, into an array on the default device. Without a shape it has one dimension.
func NewArray[T Element](data []T, shape ...int) *Array { return NewArrayOn(nil, data, shape...) }

// NewArrayOn is NewArray on a device; nil: the default one.
func NewArrayOn[T Element](device *Device, data []T, shape ...int) *Array {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	return makeArray("NewArray", device, data, shape)
}

// Scalar is an array without dimensions on the default device.
func Scalar[T Element](value T) *Array { return makeArray("Scalar", nil, []T{value}, []int{}) }

func makeArray[T Element](op string, device *Device, data []T, shape []int) *Array {
	return newFromBytes(op, device, unsafe.Pointer(unsafe.SliceData(data)), sizeOf(data), shape, DTypeOf[T]())
}

// sizeOf is the bytes of a slice's elements.
func sizeOf[T Element](data []T) int {
	var zero T
	return len(data) * int(unsafe.Sizeof(zero))
}

func newFromBytes(op string, device *Device, data unsafe.Pointer, bytes int, shape []int, dtype DType) *Array {
	return create(op, device, func(f *frame, on *C.mlxc_device) C.mlxc_status {
		return C.mlxc_array_new(&f.out[0], on, data, C.size_t(bytes), f.dims(shape), C.int32_t(len(shape)), C.int32_t(dtype), &f.e)
	})
}

// NewArrayOfBytes copies the bytes of row-major elements of any type, float16 and bfloat16 too.
func (d *Device) NewArrayOfBytes(data []byte, dtype DType, shape ...int) *Array {
	return newFromBytes("NewArrayOfBytes", d, unsafe.Pointer(unsafe.SliceData(data)), len(data), shape, dtype)
}

// Full is an array of one value on the device; on a nil *Device, as with all of these, on the default one.
func (d *Device) Full(value float64, dtype DType, shape ...int) *Array {
	return create("Full", d, func(f *frame, on *C.mlxc_device) C.mlxc_status {
		return C.mlxc_array_full(&f.out[0], on, C.double(value), f.dims(shape), C.int32_t(len(shape)), C.int32_t(dtype), &f.e)
	})
}

// Arange is start, start+step, ... before stop on the device.
func (d *Device) Arange(start, stop, step float64, dtype DType) *Array {
	return create("Arange", d, func(f *frame, on *C.mlxc_device) C.mlxc_status {
		return C.mlxc_array_arange(&f.out[0], on, C.double(start), C.double(stop), C.double(step), C.int32_t(dtype), &f.e)
	})
}

// Linspace is count values from start to stop on the device, evenly spaced, with stop (endpoint) or without.
func (d *Device) Linspace(start, stop float64, count int, endpoint bool, dtype DType) *Array {
	return create("Linspace", d, func(f *frame, on *C.mlxc_device) C.mlxc_status {
		return C.mlxc_array_linspace(&f.out[0], on, C.double(start), C.double(stop), C.int64_t(count), boolean(endpoint), C.int32_t(dtype), &f.e)
	})
}

// Eye is ones on diagonal k of a matrix on the device, zeros elsewhere.
func (d *Device) Eye(rows, columns, k int, dtype DType) *Array {
	return create("Eye", d, func(f *frame, on *C.mlxc_device) C.mlxc_status {
		return C.mlxc_array_eye(&f.out[0], on, C.int64_t(rows), C.int64_t(columns), C.int64_t(k), C.int32_t(dtype), &f.e)
	})
}

// Placeholder is an array without values, to be an input of [NewFunction] that runs on the device.
func (d *Device) Placeholder(dtype DType, shape ...int) *Array {
	return create("Placeholder", d, func(f *frame, on *C.mlxc_device) C.mlxc_status {
		return C.mlxc_array_placeholder(&f.out[0], on, f.dims(shape), C.int32_t(len(shape)), C.int32_t(dtype), &f.e)
	})
}

// Full is an array of one value on the default device.
func Full(value float64, dtype DType, shape ...int) *Array {
	return (*Device)(nil).Full(value, dtype, shape...)
}

// Zeros is Full with 0.
func Zeros(dtype DType, shape ...int) *Array { return Full(0, dtype, shape...) }

// Ones is Full with 1.
func Ones(dtype DType, shape ...int) *Array { return Full(1, dtype, shape...) }

// Arange is start, start+step, ... before stop on the default device.
func Arange(start, stop, step float64, dtype DType) *Array {
	return (*Device)(nil).Arange(start, stop, step, dtype)
}

// Linspace is count values from start to stop, evenly spaced, with stop (endpoint) or without, on the default device.
func Linspace(start, stop float64, count int, endpoint bool, dtype DType) *Array {
	return (*Device)(nil).Linspace(start, stop, count, endpoint, dtype)
}

// Eye is ones on the main diagonal of a square matrix on the default device, zeros elsewhere.
func Eye(size int, dtype DType) *Array { return (*Device)(nil).Eye(size, size, 0, dtype) }

// Placeholder is an array without values, to be an input of [NewFunction].
func Placeholder(dtype DType, shape ...int) *Array {
	return (*Device)(nil).Placeholder(dtype, shape...)
}

// Copy is another handle of the same array.
func (a *Array) Copy() *Array {
	return from("Copy", func(f *frame) C.mlxc_status { return C.mlxc_array_copy(&f.out[0], f.in[0], &f.e) }, a)
}

// Clone is the same values in memory of their own.
func (a *Array) Clone() *Array {
	return from("Clone", func(f *frame) C.mlxc_status { return C.mlxc_array_clone(&f.out[0], f.in[0], &f.e) }, a)
}

// ToDevice is the same values on a device (nil: the default one). It computes the array when it lies elsewhere.
func (a *Array) ToDevice(device *Device) *Array {
	on, leave, err := enterDevice(device)
	if err != nil {
		return failed(a.owner(), err)
	}
	defer leave()
	return from("ToDevice", func(f *frame) C.mlxc_status { return C.mlxc_array_to_device(&f.out[0], f.in[0], on, &f.e) }, a)
}

// borrowed is memory of Go that the library uses.
type borrowed struct {
	pinner   runtime.Pinner
	released atomic.Bool
}

// pin keeps Go's memory where it is. Memory that is not Go's, a mapped file for example, needs no pin and takes none.
func (b *borrowed) pin(data unsafe.Pointer) {
	defer func() { _ = recover() }()
	if data != nil {
		b.pinner.Pin(data)
	}
}

//export mlxcGoRelease
func mlxcGoRelease(user C.uintptr_t) {
	handle := cgo.Handle(user)
	memory := handle.Value().(*borrowed)
	handle.Delete()
	memory.pinner.Unpin()
	memory.released.Store(true)
}

// Borrow calls use with an array that is data itself, without a copy: for the length of the call the library reads Go's memory. data must
// not change until Borrow returns, and whatever was computed from the view must have been evaluated or closed by then: else the error is
// [ErrBusy], and data stays pinned, and must stay unchanged, until the last of it is closed. Without a shape the view has one dimension. The
// view belongs to a scope of its own, closed at the end; use [Scope.Keep] on results that are to stay. A device with memory of its own copies.
func Borrow[T Element](data []T, use func(view *Array) error, shape ...int) error {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	return borrow(unsafe.Pointer(unsafe.SliceData(data)), sizeOf(data), shape, DTypeOf[T](), use)
}

func borrow(data unsafe.Pointer, bytes int, shape []int, dtype DType, use func(view *Array) error) error {
	memory := &borrowed{}
	memory.pin(data)
	s := NewScope()
	defer s.Close() // also when use panics
	view := s.Own(create("Borrow", nil, func(f *frame, on *C.mlxc_device) C.mlxc_status {
		return C.mlxc_go_borrow(&f.out[0], on, data, C.size_t(bytes), f.dims(shape), C.int32_t(len(shape)), C.int32_t(dtype),
			C.uintptr_t(cgo.NewHandle(memory)), &f.e)
	}))
	err := view.Err()
	if err == nil {
		err = use(view)
	} else if !memory.released.Load() { // the library never heard of it
		memory.pinner.Unpin()
	}
	if err == nil {
		err = s.Err()
	}
	s.Close()
	if err == nil && !memory.released.Load() {
		err = &Error{Op: "Borrow", Status: StatusBusy,
			Message: "an array still depends on the borrowed memory: evaluate what is to stay inside of the call, and clone views of the memory"}
	}
	return err
}
