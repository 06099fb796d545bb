package mlxc

// #include "shim.h"
import "C"

// Matmul is NumPy's matmul: [..., m, k] by [..., k, n], vectors as rows or columns; 16-bit floats sum in float32.
func (a *Array) Matmul(b *Array) *Array {
	return from("Matmul", func(f *frame) C.mlxc_status { return C.mlxc_array_matmul(&f.out[0], f.in[0], f.in[1], &f.e) }, a, b)
}

// Outer is every element of one flattened array times every one of the other: a matrix.
func (a *Array) Outer(b *Array) *Array {
	return from("Outer", func(f *frame) C.mlxc_status { return C.mlxc_array_outer(&f.out[0], f.in[0], f.in[1], &f.e) }, a, b)
}

// Inner sums products over both last axes.
func (a *Array) Inner(b *Array) *Array {
	return from("Inner", func(f *frame) C.mlxc_status { return C.mlxc_array_inner(&f.out[0], f.in[0], f.in[1], &f.e) }, a, b)
}

// VecDot is the scalar products of vectors along an axis; the other axes broadcast.
func (a *Array) VecDot(b *Array, axis int) *Array {
	return from("VecDot", func(f *frame) C.mlxc_status {
		return C.mlxc_array_vecdot(&f.out[0], f.in[0], f.in[1], axis32(axis), &f.e)
	}, a, b)
}

// TensorDot sums products over axis aAxes[i] of a with axis bAxes[i] of b; what remains of a comes before what remains of b.
func (a *Array) TensorDot(b *Array, aAxes, bAxes []int) *Array {
	if len(aAxes) != len(bAxes) {
		return mismatch("TensorDot", younger(a.owner(), b.owner()), "%d axes of one array for %d of the other", len(aAxes), len(bAxes))
	}
	return from("TensorDot", func(f *frame) C.mlxc_status {
		return C.mlxc_array_tensordot(&f.out[0], f.in[0], f.in[1], f.over(aAxes), f.over(bAxes), C.int32_t(len(aAxes)), &f.e)
	}, a, b)
}

// Kron is the Kronecker product.
func (a *Array) Kron(b *Array) *Array {
	return from("Kron", func(f *frame) C.mlxc_status { return C.mlxc_array_kron(&f.out[0], f.in[0], f.in[1], &f.e) }, a, b)
}

// AddMM is beta c + alpha (a matmul b).
func AddMM(c, a, b *Array, alpha, beta float64) *Array {
	return from("AddMM", func(f *frame) C.mlxc_status {
		return C.mlxc_array_addmm(&f.out[0], f.in[0], f.in[1], f.in[2], C.double(alpha), C.double(beta), &f.e)
	}, c, a, b)
}

// Einsum is NumPy's einsum with letters, "...", repeated letters and an implied output: Einsum("bij,bjk->bik", x, y).
func Einsum(equation string, operands ...*Array) *Array {
	return from("Einsum", func(f *frame) C.mlxc_status {
		return C.mlxc_array_einsum(&f.out[0], textData(equation), C.size_t(len(equation)), f.first(0), C.int64_t(len(operands)), &f.e)
	}, operands...)
}
