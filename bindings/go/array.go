package mlxc

// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
	"unsafe"
)

// DType is an element type.
type DType int32

const (
	Bool     DType = C.MLXC_DTYPE_BOOL
	Uint8    DType = C.MLXC_DTYPE_UINT8
	Int8     DType = C.MLXC_DTYPE_INT8
	Uint16   DType = C.MLXC_DTYPE_UINT16
	Int16    DType = C.MLXC_DTYPE_INT16
	Uint32   DType = C.MLXC_DTYPE_UINT32
	Int32    DType = C.MLXC_DTYPE_INT32
	Uint64   DType = C.MLXC_DTYPE_UINT64
	Int64    DType = C.MLXC_DTYPE_INT64
	Float16  DType = C.MLXC_DTYPE_FLOAT16
	BFloat16 DType = C.MLXC_DTYPE_BFLOAT16
	Float32  DType = C.MLXC_DTYPE_FLOAT32
	Float64  DType = C.MLXC_DTYPE_FLOAT64
)

var dtypes = [...]struct {
	name string
	size int
}{{"bool", 1}, {"uint8", 1}, {"int8", 1}, {"uint16", 2}, {"int16", 2}, {"uint32", 4}, {"int32", 4}, {"uint64", 8}, {"int64", 8},
	{"float16", 2}, {"bfloat16", 2}, {"float32", 4}, {"float64", 8}}

func (d DType) String() string {
	if d >= 0 && int(d) < len(dtypes) {
		return dtypes[d].name
	}
	return "unknown"
}

// Size is the bytes of an element; 0 for an unknown type.
func (d DType) Size() int {
	if d >= 0 && int(d) < len(dtypes) {
		return dtypes[d].size
	}
	return 0
}

// Element are the Go types that arrays are made from and read into. There is none for float16 and bfloat16: [Array.Cast] them.
type Element interface {
	bool | uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64
}

func dtypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case bool:
		return Bool
	case uint8:
		return Uint8
	case int8:
		return Int8
	case uint16:
		return Uint16
	case int16:
		return Int16
	case uint32:
		return Uint32
	case int32:
		return Int32
	case uint64:
		return Uint64
	case int64:
		return Int64
	case float32:
		return Float32
	default:
		return Float64
	}
}

// Array is a lazy array: operations give new ones at once, values are computed when they are read or by [Eval]. Arrays are immutable; any
// number of goroutines may use one. Close frees it; [Scope] frees many together.
type Array struct {
	handle
	native *C.mlxc_array
}

func newArray(native *C.mlxc_array) *Array {
	a := &Array{native: native}
	a.free = func() { C.mlxc_array_free(native) }
	a.watch = newWatch(a, "Array")
	return a
}

func arrayOr(op string, native *C.mlxc_array, status C.mlxc_status, e *C.mlxc_error) (*Array, error) {
	if status != C.MLXC_OK {
		return nil, failure(op, status, e)
	}
	return newArray(native), nil
}

// dims is a shape as C reads it.
func dims(shape []int) []C.int64_t {
	list := make([]C.int64_t, len(shape))
	for i, size := range shape {
		list[i] = C.int64_t(size)
	}
	return list
}

// axes32 is a list of axes as C reads it; one that does not fit becomes one that cannot be right.
func axes32(axes []int) []C.int32_t {
	list := make([]C.int32_t, len(axes))
	for i, axis := range axes {
		list[i] = C.int32_t(max(min(axis, math.MaxInt32), math.MinInt32))
	}
	return list
}

// NewArray copies data, row-major, into an array on the default device. Without a shape it has one dimension.
func NewArray[T Element](data []T, shape ...int) (*Array, error) {
	return NewArrayOn(nil, data, shape...)
}

// Scalar is an array without dimensions.
func Scalar[T Element](value T) (*Array, error) {
	data := []T{value}
	return makeArray(nil, unsafe.Pointer(&data[0]), int(unsafe.Sizeof(value)), []int{}, dtypeOf[T]())
}

// NewArrayOn is NewArray on a device; nil: the default one.
func NewArrayOn[T Element](device *Device, data []T, shape ...int) (*Array, error) {
	var zero T
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	return makeArray(device, unsafe.Pointer(unsafe.SliceData(data)), len(data)*int(unsafe.Sizeof(zero)), shape, dtypeOf[T]())
}

// enterDevice gives the native device, nil for the default one, and what to call afterwards.
func enterDevice(device *Device) (*C.mlxc_device, func(), error) {
	if device == nil {
		return nil, func() {}, ready()
	}
	if !device.enter() {
		return nil, nil, ErrClosed
	}
	return device.native, device.leave, nil
}

func makeArray(device *Device, data unsafe.Pointer, bytes int, shape []int, dtype DType) (*Array, error) {
	on, leave, err := enterDevice(device)
	if err != nil {
		return nil, err
	}
	defer leave()
	sizes := dims(shape)
	var out *C.mlxc_array
	e := newNativeError()
	status := C.mlxc_array_new(&out, on, data, C.size_t(bytes), unsafe.SliceData(sizes), C.int32_t(len(sizes)), C.int32_t(dtype), &e)
	return arrayOr("NewArray", out, status, &e)
}

// Full is an array of one value on the default device.
func Full(value float64, dtype DType, shape ...int) (*Array, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	sizes := dims(shape)
	var out *C.mlxc_array
	e := newNativeError()
	status := C.mlxc_array_full(&out, nil, C.double(value), unsafe.SliceData(sizes), C.int32_t(len(sizes)), C.int32_t(dtype), &e)
	return arrayOr("Full", out, status, &e)
}

// Arange is start, start+step, ... before stop on the default device.
func Arange(start, stop, step float64, dtype DType) (*Array, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	var out *C.mlxc_array
	e := newNativeError()
	status := C.mlxc_array_arange(&out, nil, C.double(start), C.double(stop), C.double(step), C.int32_t(dtype), &e)
	return arrayOr("Arange", out, status, &e)
}

// Placeholder is an array without values, to be an input of [NewFunction].
func Placeholder(dtype DType, shape ...int) (*Array, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	sizes := dims(shape)
	var out *C.mlxc_array
	e := newNativeError()
	status := C.mlxc_array_placeholder(&out, nil, unsafe.SliceData(sizes), C.int32_t(len(sizes)), C.int32_t(dtype), &e)
	return arrayOr("Placeholder", out, status, &e)
}

// Close frees the array; what was computed from it stays.
func (a *Array) Close() error {
	if a != nil {
		a.close()
	}
	return nil
}

func (a *Array) open() bool { return a != nil && a.enter() }

// DType is the element type; -1 once closed.
func (a *Array) DType() DType {
	if !a.open() {
		return -1
	}
	defer a.leave()
	var dtype C.int32_t
	if C.mlxc_array_dtype(a.native, &dtype, nil) != C.MLXC_OK {
		return -1
	}
	return DType(dtype)
}

// Shape is the dimensions, outermost first; nil once closed.
func (a *Array) Shape() []int {
	if !a.open() {
		return nil
	}
	defer a.leave()
	var sizes [C.MLXC_MAX_RANK]C.int64_t
	var rank C.int64_t
	if C.mlxc_array_shape(a.native, &sizes[0], C.int64_t(len(sizes)), &rank, nil) != C.MLXC_OK {
		return nil
	}
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = int(sizes[i])
	}
	return shape
}

// Len is the number of elements; 0 once closed.
func (a *Array) Len() int {
	shape := a.Shape()
	if shape == nil {
		return 0
	}
	count := 1
	for _, size := range shape {
		count *= size
	}
	return count
}

// Read computes the array and copies its elements out, row-major. T must be the array's type.
func Read[T Element](a *Array) ([]T, error) {
	if have, want := a.DType(), dtypeOf[T](); have != want && have >= 0 {
		return nil, invalid("Read", fmt.Sprintf("the array holds %s, not %s: Cast it first", have, want))
	}
	data := make([]T, a.Len())
	var zero T
	if err := a.read(unsafe.Pointer(unsafe.SliceData(data)), len(data)*int(unsafe.Sizeof(zero))); err != nil {
		return nil, err
	}
	return data, nil
}

// Float32s computes the array and copies its elements out, row-major and as float32, whatever its type.
func (a *Array) Float32s() ([]float32, error) {
	if a.DType() == Float32 {
		return Read[float32](a)
	}
	floats, err := a.Cast(Float32)
	if err != nil {
		return nil, err
	}
	defer floats.Close()
	return Read[float32](floats)
}

// Bytes computes the array and copies the bytes of its elements out, row-major.
func (a *Array) Bytes() ([]byte, error) {
	data := make([]byte, a.Len()*a.DType().Size())
	if err := a.read(unsafe.Pointer(unsafe.SliceData(data)), len(data)); err != nil {
		return nil, err
	}
	return data, nil
}

func (a *Array) read(buffer unsafe.Pointer, bytes int) error {
	if !a.open() {
		return ErrClosed
	}
	defer a.leave()
	var needed C.size_t
	e := newNativeError()
	return failure("Read", C.mlxc_array_read(a.native, buffer, C.size_t(bytes), &needed, &e), &e)
}

// entered are the native handles of arrays that a call uses.
func enterAll(arrays []*Array) (natives []*C.mlxc_array, leave func(), err error) {
	natives = make([]*C.mlxc_array, len(arrays))
	for i, a := range arrays {
		if !a.open() {
			for _, b := range arrays[:i] {
				b.leave()
			}
			return nil, nil, ErrClosed
		}
		natives[i] = a.native
	}
	return natives, func() {
		for _, a := range arrays {
			a.leave()
		}
	}, nil
}

// Eval computes arrays together, sharing what they have in common.
func Eval(arrays ...*Array) error {
	natives, leave, err := enterAll(arrays)
	if err != nil || len(arrays) == 0 {
		return err
	}
	defer leave()
	e := newNativeError()
	return failure("Eval", C.mlxc_array_eval(&natives[0], C.int64_t(len(natives)), &e), &e)
}

// DOT is the graph behind arrays in the language of Graphviz.
func DOT(arrays ...*Array) (string, error) {
	natives, leave, err := enterAll(arrays)
	if err != nil {
		return "", err
	}
	defer leave()
	return readText("DOT", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_array_dot(unsafe.SliceData(natives), C.int64_t(len(natives)), buffer, capacity, needed, e)
	})
}

// Scope frees temporaries together, and lets a computation be written without a check after each operation:
//
//	s := mlxc.NewScope()
//	defer s.Close()
//	x := s.Own(mlxc.NewArray(data, 2, 3))
//	y := s.Own(s.Own(x.Matmul(w)).Softmax(-1))
//	values, err := y.Float32s() // s.Err() tells about the first failure
//
// A Scope belongs to one goroutine.
type Scope struct {
	arrays []*Array
	err    error
}

// NewScope makes an empty scope.
func NewScope() *Scope { return &Scope{} }

// Own takes an operation's result: its array is closed with the scope. After a failure it gives nil, which all operations answer with
// [ErrClosed], and keeps the first error.
func (s *Scope) Own(a *Array, err error) *Array {
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		return nil
	}
	s.arrays = append(s.arrays, a)
	return a
}

// Keep takes an array out of the scope: the caller closes it.
func (s *Scope) Keep(a *Array) *Array {
	for i, b := range s.arrays {
		if a == b {
			s.arrays = append(s.arrays[:i], s.arrays[i+1:]...)
			break
		}
	}
	return a
}

// Err is the first failure that Own heard of.
func (s *Scope) Err() error { return s.err }

// Close closes the scope's arrays; the scope may be used again.
func (s *Scope) Close() error {
	for _, a := range s.arrays {
		a.Close()
	}
	clear(s.arrays)
	s.arrays, s.err = s.arrays[:0], nil
	return nil
}
