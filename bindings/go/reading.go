package mlxc

// #include "shim.h"
import "C"

import (
	"fmt"
	"iter"
	"math"
	"sync"
	"unsafe"
)

// typed enters an array that is read as elements of T.
func typed[T Element](op string, a *Array) error {
	if err := a.Err(); err != nil {
		return err
	}
	if have, want := a.DType(), DTypeOf[T](); have != want && have >= 0 {
		return invalid(op, fmt.Sprintf("the array holds %s, not %s: Cast it first", have, want))
	}
	return nil
}

// Read computes the array and copies its elements out, row-major. T must be the array's type.
func Read[T Element](a *Array) ([]T, error) {
	if err := typed[T]("Read", a); err != nil {
		return nil, err
	}
	if err := a.room("Read"); err != nil {
		return nil, err
	}
	data := make([]T, a.Len())
	if err := a.read(unsafe.Pointer(unsafe.SliceData(data)), sizeOf(data)); err != nil {
		return nil, err
	}
	return data, nil
}

// ReadInto is Read into a buffer, which must have room for all elements; it gives the part that was filled and allocates nothing.
func ReadInto[T Element](a *Array, buffer []T) ([]T, error) {
	if err := typed[T]("ReadInto", a); err != nil {
		return nil, err
	}
	count := a.Len()
	if count > len(buffer) {
		return nil, &Error{Op: "ReadInto", Status: StatusBufferTooSmall, Message: fmt.Sprintf("%d elements, room for %d", count, len(buffer))}
	}
	buffer = buffer[:count]
	return buffer, a.read(unsafe.Pointer(unsafe.SliceData(buffer)), sizeOf(buffer))
}

// Item computes the array and gives its only element.
func Item[T Element](a *Array) (T, error) {
	var values [1]T
	read, err := ReadInto(a, values[:])
	if err == nil && len(read) != 1 {
		err = invalid("Item", "the array has no element")
	}
	return values[0], err
}

// At computes the array and gives the element at an index, one value an axis; negative ones count from the end.
func At[T Element](a *Array, index ...int) (T, error) {
	var value [1]T
	if err := typed[T]("At", a); err != nil {
		return value[0], err
	}
	err := run("At", func(f *frame) C.mlxc_status {
		return C.mlxc_array_get(f.in[0], f.dims(index), C.int32_t(len(index)), unsafe.Pointer(&value[0]), C.size_t(sizeOf(value[:])), &f.e)
	}, a)
	return value[0], err
}

// With is the array with one element replaced, of the array's type; the index is as in [At].
func With[T Element](a *Array, value T, index ...int) *Array {
	if err := typed[T]("With", a); err != nil {
		return failed(a.owner(), err)
	}
	values := [1]T{value}
	return from("With", func(f *frame) C.mlxc_status {
		return C.mlxc_array_set(&f.out[0], f.in[0], f.dims(index), C.int32_t(len(index)), unsafe.Pointer(&values[0]), C.size_t(sizeOf(values[:])), &f.e)
	}, a)
}

// View computes the array and calls use with its elements where they lie, without a copy: row-major, read only, gone when use returns.
// [ErrUnsupported]: they do not lie in row-major order ([Array.Contiguous]), or in a device's own memory.
func View[T Element](a *Array, use func(values []T) error) error {
	if err := typed[T]("View", a); err != nil {
		return err
	}
	if err := a.open(); err != nil {
		return err
	}
	defer a.leave()
	var data unsafe.Pointer
	var bytes C.size_t
	e := newNativeError()
	if status := C.mlxc_array_peek(a.native(), &data, &bytes, &e); status != C.MLXC_OK {
		return failure("View", status, &e)
	}
	var zero T
	if data == nil || bytes == 0 {
		return use(nil)
	}
	return use(unsafe.Slice((*T)(data), int(bytes)/int(unsafe.Sizeof(zero))))
}

// Elements computes the array and goes over its elements in row-major order. A failure is the only thing that the loop sees then.
func Elements[T Element](a *Array) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		c := a.Contiguous()
		defer c.Close()
		err := View(c, func(values []T) error {
			for _, value := range values {
				if !yield(value, nil) {
					break
				}
			}
			return nil
		})
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// Rows goes over the sub-arrays along axis 0: views, each closed when the loop goes on. Of an array that has no axis, is closed or failed it
// gives one, which holds the error.
func (a *Array) Rows() iter.Seq2[int, *Array] {
	return func(yield func(int, *Array) bool) {
		give := func(i int) bool {
			row := a.Row(i)
			defer row.Close() // also when the loop's body panics
			return yield(i, row)
		}
		count := a.Dim(0)
		if count < 0 {
			count = 1 // row 0 is the error
		}
		for i := range count {
			if !give(i) {
				return
			}
		}
	}
}

// Float32s computes the array and copies its elements out, row-major and as float32, whatever its type.
func (a *Array) Float32s() ([]float32, error) {
	if a.Err() != nil || a.DType() == Float32 {
		return Read[float32](a)
	}
	floats := a.Cast(Float32)
	defer floats.Close()
	return Read[float32](floats)
}

// Float32 computes the array and gives its only element, as float32 whatever its type.
func (a *Array) Float32() (float32, error) {
	if a.Err() != nil || a.DType() == Float32 {
		return Item[float32](a)
	}
	float := a.Cast(Float32)
	defer float.Close()
	return Item[float32](float)
}

// Bytes computes the array and copies the bytes of its elements out, row-major.
func (a *Array) Bytes() ([]byte, error) {
	if err := a.Err(); err != nil {
		return nil, err
	}
	if err := a.room("Bytes"); err != nil {
		return nil, err
	}
	data := make([]byte, a.Len()*max(a.DType(), 0).Size())
	if err := a.read(unsafe.Pointer(unsafe.SliceData(data)), len(data)); err != nil {
		return nil, err
	}
	return data, nil
}

// room computes the array before Go takes memory for its elements: where that is too little the library gives an error, and Go ends the
// process. A view may have more elements than memory, by broadcasting, so what the host cannot hold is refused too.
func (a *Array) room(op string) error {
	if err := run(op, func(f *frame) C.mlxc_status { return C.mlxc_array_eval(f.first(0), 1, &f.e) }, a); err != nil {
		return err
	}
	const always = 1 << 30 // not worth a question
	if count, size := a.Len(), max(a.DType(), 0).Size(); count > always/8 && count > hostMemory()/size {
		return &Error{Op: op, Status: StatusOutOfMemory, Message: fmt.Sprintf("%d elements of %d bytes do not fit the memory of this host", count, size)}
	}
	return nil
}

var hostMemory = sync.OnceValue(func() int {
	if cpu, err := OpenDevice("cpu"); err == nil {
		defer cpu.Close()
		if info, err := cpu.Info(); err == nil && info.Memory > 0 {
			return int(min(info.Memory, math.MaxInt))
		}
	}
	return math.MaxInt >> 16 // what a process may address
})

func (a *Array) read(buffer unsafe.Pointer, bytes int) error {
	return run("Read", func(f *frame) C.mlxc_status {
		return C.mlxc_array_read(f.in[0], buffer, C.size_t(bytes), nil, &f.e)
	}, a)
}
