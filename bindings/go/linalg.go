package mlxc

// #include "shim.h"
import "C"

// Linear algebra over the matrices in the last two axes; the axes before are a batch. float32 and float64; other types are computed as
// float32. A matrix with a NaN or an infinity gives NaN; singular and indefinite matrices fail when the array is computed.

// Cholesky is L with L L^T = a, or (upper) U with U^T U = a; it reads the triangle that it returns.
func (a *Array) Cholesky(upper bool) *Array {
	return from("Cholesky", func(f *frame) C.mlxc_status { return C.mlxc_linalg_cholesky(&f.out[0], f.in[0], boolean(upper), &f.e) }, a)
}

// QR is a = q r: q [m, k], r [k, n] with k = min(m, n), or m when complete.
func (a *Array) QR(complete bool) (q, r *Array) {
	out := several("QR", 2, func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_qr(&f.out[0], &f.out[1], f.in[0], boolean(complete), &f.e)
	}, a)
	return out[0], out[1]
}

// SVD is a = u diag(s) vh, singular values descending; full: square u and vh.
func (a *Array) SVD(full bool) (u, s, vh *Array) {
	out := several("SVD", 3, func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_svd(&f.out[0], &f.out[1], &f.out[2], f.in[0], boolean(full), &f.e)
	}, a)
	return out[0], out[1], out[2]
}

// SingularValues are those of SVD alone, which is cheaper.
func (a *Array) SingularValues() *Array {
	return from("SingularValues", func(f *frame) C.mlxc_status { return C.mlxc_linalg_svd(nil, &f.out[0], nil, f.in[0], 0, &f.e) }, a)
}

// Eigh is the eigenvalues, ascending, and eigenvectors (columns) of symmetric matrices; it reads the lower triangle.
func (a *Array) Eigh() (values, vectors *Array) {
	out := several("Eigh", 2, func(f *frame) C.mlxc_status { return C.mlxc_linalg_eigh(&f.out[0], &f.out[1], f.in[0], &f.e) }, a)
	return out[0], out[1]
}

// EigenvaluesSymmetric are those of Eigh alone, which is cheaper.
func (a *Array) EigenvaluesSymmetric() *Array {
	return from("EigenvaluesSymmetric", func(f *frame) C.mlxc_status { return C.mlxc_linalg_eigh(&f.out[0], nil, f.in[0], &f.e) }, a)
}

// Solve is x with a x = b; b has one axis, or matrices of as many rows as a.
func (a *Array) Solve(b *Array) *Array {
	return from("Solve", func(f *frame) C.mlxc_status { return C.mlxc_linalg_solve(&f.out[0], f.in[0], f.in[1], &f.e) }, a, b)
}

// Triangle says how a triangular matrix is read.
type Triangle struct {
	Upper      bool // else the lower triangle
	Unit       bool // ones on the diagonal, whatever stands there
	Transposed bool // a^T x = b
}

// TriangularSolve is Solve for a triangular a.
func (a *Array) TriangularSolve(b *Array, t Triangle) *Array {
	return from("TriangularSolve", func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_triangular_solve(&f.out[0], f.in[0], f.in[1], boolean(t.Upper), boolean(t.Unit), boolean(t.Transposed), &f.e)
	}, a, b)
}

// Inverse of each matrix.
func (a *Array) Inverse() *Array {
	return from("Inverse", func(f *frame) C.mlxc_status { return C.mlxc_linalg_inverse(&f.out[0], f.in[0], &f.e) }, a)
}

// Determinant of each matrix.
func (a *Array) Determinant() *Array {
	return from("Determinant", func(f *frame) C.mlxc_status { return C.mlxc_linalg_determinant(&f.out[0], f.in[0], &f.e) }, a)
}

// SLogDet is the sign and the logarithm of the magnitude of the determinant; 0 and -Inf for singular matrices.
func (a *Array) SLogDet() (sign, log *Array) {
	out := several("SLogDet", 2, func(f *frame) C.mlxc_status { return C.mlxc_linalg_slogdet(&f.out[0], &f.out[1], f.in[0], &f.e) }, a)
	return out[0], out[1]
}

// DefaultTolerance is max(m, n) times the type's epsilon: singular values up to the tolerance times the largest count as 0.
const DefaultTolerance = -1.0

// PseudoInverse of each matrix.
func (a *Array) PseudoInverse(tolerance float64) *Array {
	return from("PseudoInverse", func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_pseudo_inverse(&f.out[0], f.in[0], C.double(tolerance), &f.e)
	}, a)
}

// LeastSquares is the shortest x that minimizes |a x - b|.
func (a *Array) LeastSquares(b *Array, tolerance float64) *Array {
	return from("LeastSquares", func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_least_squares(&f.out[0], f.in[0], f.in[1], C.double(tolerance), &f.e)
	}, a, b)
}

// MatrixRank is how many singular values are not 0, int64.
func (a *Array) MatrixRank(tolerance float64) *Array {
	return from("MatrixRank", func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_matrix_rank(&f.out[0], f.in[0], C.double(tolerance), &f.e)
	}, a)
}

// MatrixPower is a multiplied with itself; a negative power is one of the inverse.
func (a *Array) MatrixPower(power int) *Array {
	return from("MatrixPower", func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_matrix_power(&f.out[0], f.in[0], C.int64_t(power), &f.e)
	}, a)
}

// Cross is the cross product of vectors of three elements along an axis.
func (a *Array) Cross(b *Array, axis int) *Array {
	return from("Cross", func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_cross(&f.out[0], f.in[0], f.in[1], axis32(axis), &f.e)
	}, a, b)
}

// VectorNorm is (sum |a|^p)^(1/p) over axes, all of them when none is given; p may be 0 (how many are not 0) or an infinity.
func (a *Array) VectorNorm(p float64, keepDims bool, axes ...int) *Array {
	return from("VectorNorm", func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_vector_norm(&f.out[0], f.in[0], C.double(p), f.over(axes), C.int32_t(len(axes)), boolean(keepDims), &f.e)
	}, a)
}

// NormKind is a norm of matrices.
type NormKind int32

const (
	NormFrobenius NormKind = C.MLXC_NORM_FROBENIUS
	NormNuclear   NormKind = C.MLXC_NORM_NUCLEAR // the sum of the singular values
	NormP         NormKind = C.MLXC_NORM_P       // 1, -1: largest and smallest column sum; +Inf, -Inf: row sum; 2, -2: singular value
)

// MatrixNorm is a norm of each matrix; p is for NormP.
func (a *Array) MatrixNorm(kind NormKind, p float64, keepDims bool) *Array {
	return from("MatrixNorm", func(f *frame) C.mlxc_status {
		return C.mlxc_linalg_matrix_norm(&f.out[0], f.in[0], C.int32_t(kind), C.double(p), boolean(keepDims), &f.e)
	}, a)
}
