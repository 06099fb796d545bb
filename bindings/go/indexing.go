package mlxc

// #include "shim.h"
import "C"

// Take gives rows along axis 0: [indices..., a's other axes]. Indices are int32 or int64; one out of range gives zeros.
func (a *Array) Take(indices *Array) *Array {
	return from("Take", func(f *frame) C.mlxc_status { return C.mlxc_array_take(&f.out[0], f.in[0], f.in[1], &f.e) }, a, indices)
}

// TakeAxis is NumPy's take: the axes of indices replace the axis. Here and below -1 is the last element, and an index out of range reads as 0
// and is not written.
func (a *Array) TakeAxis(indices *Array, axis int) *Array {
	return from("TakeAxis", func(f *frame) C.mlxc_status {
		return C.mlxc_array_take_axis(&f.out[0], f.in[0], f.in[1], axis32(axis), &f.e)
	}, a, indices)
}

// TakeAlongAxis gives, along the axis, the element that indices names at each place.
func (a *Array) TakeAlongAxis(indices *Array, axis int) *Array {
	return from("TakeAlongAxis", func(f *frame) C.mlxc_status {
		return C.mlxc_array_take_along_axis(&f.out[0], f.in[0], f.in[1], axis32(axis), &f.e)
	}, a, indices)
}

// ScatterOp is how a value meets the element that it is written to.
type ScatterOp int32

const (
	ScatterSet      ScatterOp = C.MLXC_SCATTER_SET // of several to one place, the last wins
	ScatterAdd      ScatterOp = C.MLXC_SCATTER_ADD
	ScatterMultiply ScatterOp = C.MLXC_SCATTER_MULTIPLY
	ScatterMin      ScatterOp = C.MLXC_SCATTER_MIN
	ScatterMax      ScatterOp = C.MLXC_SCATTER_MAX
)

// PutAlongAxis is a with values written where [Array.TakeAlongAxis] would read.
func (a *Array) PutAlongAxis(op ScatterOp, indices, values *Array, axis int) *Array {
	return from("PutAlongAxis", func(f *frame) C.mlxc_status {
		return C.mlxc_array_put_along_axis(&f.out[0], C.int32_t(op), f.in[0], f.in[1], f.in[2], axis32(axis), &f.e)
	}, a, indices, values)
}

// Gather is a[indices[0], indices[1], ...]: the index arrays broadcast, and replace as many first axes.
func (a *Array) Gather(indices ...*Array) *Array {
	return from("Gather", func(f *frame) C.mlxc_status {
		return C.mlxc_array_gather(&f.out[0], f.in[0], f.first(1), C.int64_t(len(indices)), &f.e)
	}, append([]*Array{a}, indices...)...)
}

// Scatter is a with values written to a[indices[0], indices[1], ...].
func (a *Array) Scatter(op ScatterOp, values *Array, indices ...*Array) *Array {
	return from("Scatter", func(f *frame) C.mlxc_status {
		return C.mlxc_array_scatter(&f.out[0], C.int32_t(op), f.in[0], f.first(2), C.int64_t(len(indices)), f.in[1], &f.e)
	}, append([]*Array{a, values}, indices...)...)
}

// Update is a with a range of every axis replaced by values, which broadcast.
func (a *Array) Update(values *Array, ranges ...Range) *Array {
	return from("Update", func(f *frame) C.mlxc_status {
		start, stop, step := f.bounds(ranges)
		return C.mlxc_array_update(&f.out[0], f.in[0], f.in[1], start, stop, step, C.int32_t(len(ranges)), &f.e)
	}, a, values)
}

// Nonzero gives the coordinates of the elements that are not 0, one int64 array an axis. It computes the array. Of a closed or failed array
// it gives one that holds the error.
func (a *Array) Nonzero() []*Array {
	rank := a.Rank()
	if err := a.usable(); err != nil {
		return []*Array{failed(a.owner(), err)}
	}
	return many("Nonzero", rank, func(f *frame, out **C.mlxc_array) C.mlxc_status {
		return C.mlxc_array_nonzero(out, C.int64_t(rank), f.in[0], &f.e)
	}, a)
}

// SearchSorted is where each value would go in the ascending array of one axis: before equal elements, or (right) after them. int64.
func (a *Array) SearchSorted(values *Array, right bool) *Array {
	return from("SearchSorted", func(f *frame) C.mlxc_status {
		return C.mlxc_array_searchsorted(&f.out[0], f.in[0], f.in[1], boolean(right), &f.e)
	}, a, values)
}

// Sort puts an axis in order. A NaN counts as larger than any number.
func (a *Array) Sort(axis int, descending bool) *Array {
	return from("Sort", func(f *frame) C.mlxc_status {
		return C.mlxc_array_sort(&f.out[0], f.in[0], axis32(axis), boolean(descending), &f.e)
	}, a)
}

// ArgSort is where the elements of the sorted axis come from (int64); equal ones keep their order.
func (a *Array) ArgSort(axis int, descending bool) *Array {
	return from("ArgSort", func(f *frame) C.mlxc_status {
		return C.mlxc_array_argsort(&f.out[0], f.in[0], axis32(axis), boolean(descending), &f.e)
	}, a)
}

// TopK is the k largest elements along an axis (or smallest), in order, and where they stand (int64).
func (a *Array) TopK(k, axis int, largest bool) (values, indices *Array) {
	r := several("TopK", 2, func(f *frame) C.mlxc_status {
		return C.mlxc_array_topk(&f.out[0], &f.out[1], f.in[0], C.int64_t(k), axis32(axis), boolean(largest), &f.e)
	}, a)
	return r[0], r[1]
}

// Unique is the different values of an array and what is known of them.
type Unique struct {
	Values  *Array // ascending; NaNs are all different
	First   *Array // where each first stands in the flattened array
	Inverse *Array // which of the values every element is, shaped as the array
	Counts  *Array // how often each occurs
}

// Close closes the four arrays.
func (u Unique) Close() error {
	for _, a := range [...]*Array{u.Values, u.First, u.Inverse, u.Counts} {
		a.Close()
	}
	return nil
}

// Unique computes the array and gives its different values.
func (a *Array) Unique() Unique {
	r := several("Unique", 4, func(f *frame) C.mlxc_status {
		return C.mlxc_array_unique(&f.out[0], &f.out[1], &f.out[2], &f.out[3], f.in[0], &f.e)
	}, a)
	return Unique{r[0], r[1], r[2], r[3]}
}
