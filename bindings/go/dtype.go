package mlxc

// #include "shim.h"
import "C"

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

// DTypeOf is the element type of arrays made from a Go type.
func DTypeOf[T Element]() DType {
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
