package mlxc

// #include "shim.h"
import "C"

import "slices"

// Reshape gives the same elements another shape; one dimension may be -1.
func (a *Array) Reshape(shape ...int) *Array {
	return from("Reshape", func(f *frame) C.mlxc_status {
		return C.mlxc_array_reshape(&f.out[0], f.in[0], f.dims(shape), C.int32_t(len(shape)), &f.e)
	}, a)
}

// Transpose puts input axis axes[i] at i; without axes it reverses them.
func (a *Array) Transpose(axes ...int) *Array {
	return from("Transpose", func(f *frame) C.mlxc_status {
		return C.mlxc_array_transpose(&f.out[0], f.in[0], f.over(axes), C.int32_t(len(axes)), &f.e)
	}, a)
}

// Range is one axis of a slice, as Python writes it: Start:Stop:Step, with clipping and negative indices. A Step of 0 means 1.
type Range struct{ Start, Stop, Step int }

// Whole is the range of all elements of an axis.
var Whole = Range{Stop: int(^uint(0) >> 1)}

// bounds lends the three lists of a slice.
func (f *frame) bounds(ranges []Range) (start, stop, step *C.int64_t) {
	list := make([]int, 3*len(ranges))
	for i, r := range ranges {
		list[i], list[len(ranges)+i], list[2*len(ranges)+i] = r.Start, r.Stop, r.Step
		if r.Step == 0 {
			list[2*len(ranges)+i] = 1
		}
	}
	n := len(ranges)
	return f.dims(list[:n]), f.dims(list[n : 2*n]), f.dims(list[2*n:])
}

// Slice takes a range of every axis: a view.
func (a *Array) Slice(ranges ...Range) *Array {
	return from("Slice", func(f *frame) C.mlxc_status {
		start, stop, step := f.bounds(ranges)
		return C.mlxc_array_slice(&f.out[0], f.in[0], start, stop, step, C.int32_t(len(ranges)), &f.e)
	}, a)
}

// SliceAxis takes start to stop of one axis, which may be negative, and all of the others.
func (a *Array) SliceAxis(axis, start, stop int) *Array {
	rank := max(a.Rank(), 0)
	if axis < -rank || axis >= rank {
		if err := a.usable(); err != nil {
			return failed(a.owner(), err)
		}
		return mismatch("SliceAxis", a.owner(), "axis %d is out of range for an array of %d axes", axis, rank)
	}
	ranges := slices.Repeat([]Range{Whole}, rank)
	ranges[(axis+rank)%rank] = Range{Start: start, Stop: stop}
	return a.Slice(ranges...)
}

// Row is the sub-array at an index of axis 0, a negative one counts from the end: a view.
func (a *Array) Row(index int) *Array {
	size := a.Dim(0)
	if index < -size || index >= size {
		if err := a.usable(); err != nil {
			return failed(a.owner(), err)
		}
		return mismatch("Row", a.owner(), "row %d is out of range for an array of shape %v", index, a.Shape())
	}
	index = (index + size) % size
	row := a.SliceAxis(0, index, index+1)
	defer row.Close()
	return row.Squeeze(0)
}

// Broadcast repeats along dimensions of size 1: a view.
func (a *Array) Broadcast(shape ...int) *Array {
	return from("Broadcast", func(f *frame) C.mlxc_status {
		return C.mlxc_array_broadcast(&f.out[0], f.in[0], f.dims(shape), C.int32_t(len(shape)), &f.e)
	}, a)
}

// AsStrided is a view whose element i is element offset + sum(i strides) of a in row-major order; elements may be seen more than once.
func (a *Array) AsStrided(shape, strides []int, offset int) *Array {
	if len(shape) != len(strides) {
		return mismatch("AsStrided", a.owner(), "%d strides for %d dimensions", len(strides), len(shape))
	}
	return from("AsStrided", func(f *frame) C.mlxc_status {
		return C.mlxc_array_as_strided(&f.out[0], f.in[0], f.dims(shape), f.dims(strides), C.int32_t(len(shape)), C.int64_t(offset), &f.e)
	}, a)
}

// Contiguous is the same values in row-major memory: a copy of a view, the array itself when it is already so.
func (a *Array) Contiguous() *Array {
	return from("Contiguous", func(f *frame) C.mlxc_status { return C.mlxc_array_contiguous(&f.out[0], f.in[0], &f.e) }, a)
}

// Concatenate joins arrays along an axis.
func Concatenate(axis int, arrays ...*Array) *Array {
	return from("Concatenate", func(f *frame) C.mlxc_status {
		return C.mlxc_array_concatenate(&f.out[0], f.first(0), C.int64_t(len(arrays)), axis32(axis), &f.e)
	}, arrays...)
}

// Stack joins arrays of one shape along a new axis.
func Stack(axis int, arrays ...*Array) *Array {
	return from("Stack", func(f *frame) C.mlxc_status {
		return C.mlxc_array_stack(&f.out[0], f.first(0), C.int64_t(len(arrays)), axis32(axis), &f.e)
	}, arrays...)
}

// Split cuts an axis before each of the ascending points: len(points) + 1 views.
func (a *Array) Split(axis int, points ...int) []*Array {
	return many("Split", len(points)+1, func(f *frame, out **C.mlxc_array) C.mlxc_status {
		return C.mlxc_array_split(out, C.int64_t(len(points)+1), f.in[0], f.dims(points), C.int64_t(len(points)), axis32(axis), &f.e)
	}, a)
}

// mostItems is how long a list may be, in the library too. What a caller counts wrong must not end in Go's panic about memory.
const mostItems = 1 << 24

// Chunks cuts an axis into parts of equal size: views. The size must be a multiple of their number.
func (a *Array) Chunks(axis, count int) []*Array {
	size := a.Dim(axis)
	if count <= 0 || count > mostItems || size%count != 0 || size < 0 {
		err := a.usable()
		if err == nil {
			err = mismatch("Chunks", a.owner(), "axis %d of an array of shape %v has no %d equal parts", axis, a.Shape(), count).err
		}
		if count <= 0 || count > mostItems {
			count = 1 // the error needs a place
		}
		return failures(count, err)
	}
	points := make([]int, count-1)
	for i := range points {
		points[i] = (i + 1) * (size / count)
	}
	return a.Split(axis, points...)
}

// PadMode is what stands around the elements.
type PadMode int32

const (
	PadConstant  PadMode = C.MLXC_PAD_CONSTANT
	PadEdge      PadMode = C.MLXC_PAD_EDGE      // the outermost element again and again
	PadReflect   PadMode = C.MLXC_PAD_REFLECT   // mirrored, the edge not repeated
	PadSymmetric PadMode = C.MLXC_PAD_SYMMETRIC // mirrored with the edge
	PadWrap      PadMode = C.MLXC_PAD_WRAP      // periodic
)

// Pad puts before[i] and after[i] more elements on axis i; value is that of PadConstant.
func (a *Array) Pad(before, after []int, mode PadMode, value float64) *Array {
	if len(before) != len(after) {
		return mismatch("Pad", a.owner(), "%d sizes before and %d after", len(before), len(after))
	}
	return from("Pad", func(f *frame) C.mlxc_status {
		return C.mlxc_array_pad(&f.out[0], f.in[0], f.dims(before), f.dims(after), C.int32_t(len(before)), C.int32_t(mode), C.double(value), &f.e)
	}, a)
}

// Repeat gives each element of an axis counts[i] times in a row; one count holds for all.
func (a *Array) Repeat(axis int, counts ...int) *Array {
	return from("Repeat", func(f *frame) C.mlxc_status {
		return C.mlxc_array_repeat(&f.out[0], f.in[0], f.dims(counts), C.int64_t(len(counts)), axis32(axis), &f.e)
	}, a)
}

// Tile gives the whole array repeats[i] times along axis i; the shorter of shape and repeats gets ones in front.
func (a *Array) Tile(repeats ...int) *Array {
	return from("Tile", func(f *frame) C.mlxc_status {
		return C.mlxc_array_tile(&f.out[0], f.in[0], f.dims(repeats), C.int32_t(len(repeats)), &f.e)
	}, a)
}

// Roll moves elements shifts[i] places along axes[i]; what leaves at one end comes in at the other. Without axes: along the flattened array.
func (a *Array) Roll(shifts, axes []int) *Array {
	if len(shifts) != max(len(axes), 1) {
		return mismatch("Roll", a.owner(), "%d shifts for %d axes", len(shifts), len(axes))
	}
	return from("Roll", func(f *frame) C.mlxc_status {
		return C.mlxc_array_roll(&f.out[0], f.in[0], f.dims(shifts), f.over(axes), C.int32_t(len(axes)), &f.e)
	}, a)
}

// Flip reverses axes, all of them when none is given: a view.
func (a *Array) Flip(axes ...int) *Array {
	return from("Flip", func(f *frame) C.mlxc_status {
		return C.mlxc_array_flip(&f.out[0], f.in[0], f.over(axes), C.int32_t(len(axes)), &f.e)
	}, a)
}

// SwapAxes exchanges two axes: a view.
func (a *Array) SwapAxes(i, j int) *Array {
	return from("SwapAxes", func(f *frame) C.mlxc_status {
		return C.mlxc_array_swap_axes(&f.out[0], f.in[0], axis32(i), axis32(j), &f.e)
	}, a)
}

// MoveAxes puts axis source[i] at place to[i]; the others keep their order: a view.
func (a *Array) MoveAxes(source, to []int) *Array {
	if len(source) != len(to) {
		return mismatch("MoveAxes", a.owner(), "%d axes for %d places", len(source), len(to))
	}
	return from("MoveAxes", func(f *frame) C.mlxc_status {
		return C.mlxc_array_move_axes(&f.out[0], f.in[0], f.over(source), f.over(to), C.int32_t(len(to)), &f.e)
	}, a)
}

// ExpandDims puts axes of size 1 in; axes are places in the result.
func (a *Array) ExpandDims(axes ...int) *Array {
	return from("ExpandDims", func(f *frame) C.mlxc_status {
		return C.mlxc_array_expand_dims(&f.out[0], f.in[0], f.over(axes), C.int32_t(len(axes)), &f.e)
	}, a)
}

// Squeeze takes axes of size 1 out, all of them when none is given.
func (a *Array) Squeeze(axes ...int) *Array {
	return from("Squeeze", func(f *frame) C.mlxc_status {
		return C.mlxc_array_squeeze(&f.out[0], f.in[0], f.over(axes), C.int32_t(len(axes)), &f.e)
	}, a)
}

// Diagonal k (above the main one when positive) of the matrices in the last two axes.
func (a *Array) Diagonal(k int) *Array {
	return from("Diagonal", func(f *frame) C.mlxc_status { return C.mlxc_array_diagonal(&f.out[0], f.in[0], C.int64_t(k), &f.e) }, a)
}

// Tril keeps the elements on and below diagonal k of the matrices in the last two axes; the others become 0.
func (a *Array) Tril(k int) *Array {
	return from("Tril", func(f *frame) C.mlxc_status { return C.mlxc_array_triangle(&f.out[0], f.in[0], C.int64_t(k), 0, &f.e) }, a)
}

// Triu keeps the elements on and above diagonal k.
func (a *Array) Triu(k int) *Array {
	return from("Triu", func(f *frame) C.mlxc_status { return C.mlxc_array_triangle(&f.out[0], f.in[0], C.int64_t(k), 1, &f.e) }, a)
}
