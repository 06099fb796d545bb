package mlxc

// #include "shim.h"
import "C"

// UnaryOp is an elementwise operation of one array. Float functions of integers give float32.
type UnaryOp int32

const (
	OpAbs        UnaryOp = C.MLXC_UNARY_ABS
	OpNegative   UnaryOp = C.MLXC_UNARY_NEGATIVE
	OpExp        UnaryOp = C.MLXC_UNARY_EXP
	OpExpm1      UnaryOp = C.MLXC_UNARY_EXPM1
	OpLog        UnaryOp = C.MLXC_UNARY_LOG
	OpLog1p      UnaryOp = C.MLXC_UNARY_LOG1P
	OpLog2       UnaryOp = C.MLXC_UNARY_LOG2
	OpLog10      UnaryOp = C.MLXC_UNARY_LOG10
	OpSqrt       UnaryOp = C.MLXC_UNARY_SQRT
	OpRsqrt      UnaryOp = C.MLXC_UNARY_RSQRT
	OpSquare     UnaryOp = C.MLXC_UNARY_SQUARE
	OpReciprocal UnaryOp = C.MLXC_UNARY_RECIPROCAL
	OpSin        UnaryOp = C.MLXC_UNARY_SIN
	OpCos        UnaryOp = C.MLXC_UNARY_COS
	OpTan        UnaryOp = C.MLXC_UNARY_TAN
	OpAsin       UnaryOp = C.MLXC_UNARY_ASIN
	OpAcos       UnaryOp = C.MLXC_UNARY_ACOS
	OpAtan       UnaryOp = C.MLXC_UNARY_ATAN
	OpSinh       UnaryOp = C.MLXC_UNARY_SINH
	OpCosh       UnaryOp = C.MLXC_UNARY_COSH
	OpTanh       UnaryOp = C.MLXC_UNARY_TANH
	OpAsinh      UnaryOp = C.MLXC_UNARY_ASINH
	OpAcosh      UnaryOp = C.MLXC_UNARY_ACOSH
	OpAtanh      UnaryOp = C.MLXC_UNARY_ATANH
	OpFloor      UnaryOp = C.MLXC_UNARY_FLOOR
	OpCeil       UnaryOp = C.MLXC_UNARY_CEIL
	OpTrunc      UnaryOp = C.MLXC_UNARY_TRUNC
	OpRound      UnaryOp = C.MLXC_UNARY_ROUND // half to even
	OpSign       UnaryOp = C.MLXC_UNARY_SIGN
	OpErf        UnaryOp = C.MLXC_UNARY_ERF
	OpSigmoid    UnaryOp = C.MLXC_UNARY_SIGMOID
	OpSiLU       UnaryOp = C.MLXC_UNARY_SILU
	OpGELUTanh   UnaryOp = C.MLXC_UNARY_GELU_TANH
	OpGELUErf    UnaryOp = C.MLXC_UNARY_GELU_ERF
	OpReLU       UnaryOp = C.MLXC_UNARY_RELU
	OpNot        UnaryOp = C.MLXC_UNARY_LOGICAL_NOT
	OpBitNot     UnaryOp = C.MLXC_UNARY_BITWISE_NOT
	OpIsNaN      UnaryOp = C.MLXC_UNARY_ISNAN
	OpIsInf      UnaryOp = C.MLXC_UNARY_ISINF
	OpIsFinite   UnaryOp = C.MLXC_UNARY_ISFINITE
	OpErfinv     UnaryOp = C.MLXC_UNARY_ERFINV
	OpDegrees    UnaryOp = C.MLXC_UNARY_DEGREES
	OpRadians    UnaryOp = C.MLXC_UNARY_RADIANS
	OpSignBit    UnaryOp = C.MLXC_UNARY_SIGNBIT // also of -0 and of NaN
	OpIsPosInf   UnaryOp = C.MLXC_UNARY_ISPOSINF
	OpIsNegInf   UnaryOp = C.MLXC_UNARY_ISNEGINF
)

// BinaryOp is an elementwise operation of two arrays, which broadcast. Comparisons and logical ones give bool.
type BinaryOp int32

const (
	OpAdd          BinaryOp = C.MLXC_BINARY_ADD
	OpSubtract     BinaryOp = C.MLXC_BINARY_SUBTRACT
	OpMultiply     BinaryOp = C.MLXC_BINARY_MULTIPLY
	OpDivide       BinaryOp = C.MLXC_BINARY_DIVIDE // integers give float32
	OpFloorDivide  BinaryOp = C.MLXC_BINARY_FLOOR_DIVIDE
	OpRemainder    BinaryOp = C.MLXC_BINARY_REMAINDER // sign of the divisor
	OpPower        BinaryOp = C.MLXC_BINARY_POWER
	OpMinimum      BinaryOp = C.MLXC_BINARY_MINIMUM
	OpMaximum      BinaryOp = C.MLXC_BINARY_MAXIMUM
	OpAtan2        BinaryOp = C.MLXC_BINARY_ATAN2
	OpHypot        BinaryOp = C.MLXC_BINARY_HYPOT
	OpLogAddExp    BinaryOp = C.MLXC_BINARY_LOGADDEXP
	OpEqual        BinaryOp = C.MLXC_BINARY_EQUAL
	OpNotEqual     BinaryOp = C.MLXC_BINARY_NOT_EQUAL
	OpLess         BinaryOp = C.MLXC_BINARY_LESS
	OpLessEqual    BinaryOp = C.MLXC_BINARY_LESS_EQUAL
	OpGreater      BinaryOp = C.MLXC_BINARY_GREATER
	OpGreaterEqual BinaryOp = C.MLXC_BINARY_GREATER_EQUAL
	OpAnd          BinaryOp = C.MLXC_BINARY_LOGICAL_AND
	OpOr           BinaryOp = C.MLXC_BINARY_LOGICAL_OR
	OpXor          BinaryOp = C.MLXC_BINARY_LOGICAL_XOR
	OpBitAnd       BinaryOp = C.MLXC_BINARY_BITWISE_AND
	OpBitOr        BinaryOp = C.MLXC_BINARY_BITWISE_OR
	OpBitXor       BinaryOp = C.MLXC_BINARY_BITWISE_XOR
	OpShiftLeft    BinaryOp = C.MLXC_BINARY_SHIFT_LEFT
	OpShiftRight   BinaryOp = C.MLXC_BINARY_SHIFT_RIGHT
	OpCopySign     BinaryOp = C.MLXC_BINARY_COPYSIGN
	OpNextAfter    BinaryOp = C.MLXC_BINARY_NEXTAFTER
	OpTruncDivide  BinaryOp = C.MLXC_BINARY_TRUNC_DIVIDE // toward zero, as Go
	OpTruncMod     BinaryOp = C.MLXC_BINARY_TRUNC_MOD    // sign of the dividend, as Go
	OpLogAddExp2   BinaryOp = C.MLXC_BINARY_LOGADDEXP2
)

// Unary applies an operation to each element.
func (a *Array) Unary(op UnaryOp) *Array {
	return from("Unary", func(f *frame) C.mlxc_status { return C.mlxc_array_unary(&f.out[0], C.int32_t(op), f.in[0], &f.e) }, a)
}

// Binary applies an operation to the elements of two arrays.
func (a *Array) Binary(op BinaryOp, b *Array) *Array {
	return from("Binary", func(f *frame) C.mlxc_status {
		return C.mlxc_array_binary(&f.out[0], C.int32_t(op), f.in[0], f.in[1], &f.e)
	}, a, b)
}

// BinaryScalar is Binary with a number, which takes the array's type: 0.5 with integers is 0.
func (a *Array) BinaryScalar(op BinaryOp, b float64) *Array {
	return from("BinaryScalar", func(f *frame) C.mlxc_status {
		return C.mlxc_array_binary_scalar(&f.out[0], C.int32_t(op), f.in[0], C.double(b), &f.e)
	}, a)
}

// Operations of each element.

func (a *Array) Abs() *Array        { return a.Unary(OpAbs) }        // the magnitude
func (a *Array) Negative() *Array   { return a.Unary(OpNegative) }   // 0 - x
func (a *Array) Exp() *Array        { return a.Unary(OpExp) }        // e to the power of each element
func (a *Array) Expm1() *Array      { return a.Unary(OpExpm1) }      // exp - 1, exact near 0
func (a *Array) Log() *Array        { return a.Unary(OpLog) }        // the natural logarithm
func (a *Array) Log1p() *Array      { return a.Unary(OpLog1p) }      // log of 1 + x, exact near 0
func (a *Array) Log2() *Array       { return a.Unary(OpLog2) }       // the logarithm to base 2
func (a *Array) Log10() *Array      { return a.Unary(OpLog10) }      // the logarithm to base 10
func (a *Array) Sqrt() *Array       { return a.Unary(OpSqrt) }       // the square root
func (a *Array) Rsqrt() *Array      { return a.Unary(OpRsqrt) }      // 1 / sqrt
func (a *Array) Square() *Array     { return a.Unary(OpSquare) }     // x x
func (a *Array) Reciprocal() *Array { return a.Unary(OpReciprocal) } // 1 / x
func (a *Array) Sin() *Array        { return a.Unary(OpSin) }        // the sine, of radians
func (a *Array) Cos() *Array        { return a.Unary(OpCos) }        // the cosine
func (a *Array) Tan() *Array        { return a.Unary(OpTan) }        // the tangent
func (a *Array) Asin() *Array       { return a.Unary(OpAsin) }       // the inverse sine
func (a *Array) Acos() *Array       { return a.Unary(OpAcos) }       // the inverse cosine
func (a *Array) Atan() *Array       { return a.Unary(OpAtan) }       // the inverse tangent
func (a *Array) Sinh() *Array       { return a.Unary(OpSinh) }       // the hyperbolic sine
func (a *Array) Cosh() *Array       { return a.Unary(OpCosh) }       // the hyperbolic cosine
func (a *Array) Tanh() *Array       { return a.Unary(OpTanh) }       // the hyperbolic tangent
func (a *Array) Asinh() *Array      { return a.Unary(OpAsinh) }      // the inverse hyperbolic sine
func (a *Array) Acosh() *Array      { return a.Unary(OpAcosh) }      // the inverse hyperbolic cosine
func (a *Array) Atanh() *Array      { return a.Unary(OpAtanh) }      // the inverse hyperbolic tangent
func (a *Array) Floor() *Array      { return a.Unary(OpFloor) }      // the next integer below
func (a *Array) Ceil() *Array       { return a.Unary(OpCeil) }       // the next integer above
func (a *Array) Trunc() *Array      { return a.Unary(OpTrunc) }      // the next integer toward 0
func (a *Array) Round() *Array      { return a.Unary(OpRound) }      // the nearest integer, half to even
func (a *Array) Sign() *Array       { return a.Unary(OpSign) }       // -1, 0 or 1
func (a *Array) Erf() *Array        { return a.Unary(OpErf) }        // the error function
func (a *Array) Erfinv() *Array     { return a.Unary(OpErfinv) }     // the inverse of the error function
func (a *Array) Sigmoid() *Array    { return a.Unary(OpSigmoid) }    // 1 / (1 + exp(-x))
func (a *Array) SiLU() *Array       { return a.Unary(OpSiLU) }       // x sigmoid(x)
func (a *Array) GELU() *Array       { return a.Unary(OpGELUErf) }    // x times the normal distribution function, exactly
func (a *Array) GELUTanh() *Array   { return a.Unary(OpGELUTanh) }   // GELU by tanh
func (a *Array) ReLU() *Array       { return a.Unary(OpReLU) }       // max(x, 0)
func (a *Array) Not() *Array        { return a.Unary(OpNot) }        // logical not
func (a *Array) BitNot() *Array     { return a.Unary(OpBitNot) }     // all bits turned
func (a *Array) IsNaN() *Array      { return a.Unary(OpIsNaN) }      // which elements are NaN
func (a *Array) IsInf() *Array      { return a.Unary(OpIsInf) }      // which are infinite
func (a *Array) IsPosInf() *Array   { return a.Unary(OpIsPosInf) }   // which are +infinity
func (a *Array) IsNegInf() *Array   { return a.Unary(OpIsNegInf) }   // which are -infinity
func (a *Array) IsFinite() *Array   { return a.Unary(OpIsFinite) }   // which are neither
func (a *Array) SignBit() *Array    { return a.Unary(OpSignBit) }    // which have the sign bit, -0 too
func (a *Array) Degrees() *Array    { return a.Unary(OpDegrees) }    // radians as degrees
func (a *Array) Radians() *Array    { return a.Unary(OpRadians) }    // degrees as radians

// Operations of the elements of two arrays, which broadcast.

func (a *Array) Add(b *Array) *Array          { return a.Binary(OpAdd, b) }          // a + b
func (a *Array) Subtract(b *Array) *Array     { return a.Binary(OpSubtract, b) }     // a - b
func (a *Array) Multiply(b *Array) *Array     { return a.Binary(OpMultiply, b) }     // a b
func (a *Array) Divide(b *Array) *Array       { return a.Binary(OpDivide, b) }       // a / b; integers give float32
func (a *Array) FloorDivide(b *Array) *Array  { return a.Binary(OpFloorDivide, b) }  // a / b, rounded down
func (a *Array) Remainder(b *Array) *Array    { return a.Binary(OpRemainder, b) }    // what FloorDivide leaves, with the sign of b
func (a *Array) TruncDivide(b *Array) *Array  { return a.Binary(OpTruncDivide, b) }  // a / b, toward zero
func (a *Array) TruncMod(b *Array) *Array     { return a.Binary(OpTruncMod, b) }     // what TruncDivide leaves, with the sign of a
func (a *Array) Power(b *Array) *Array        { return a.Binary(OpPower, b) }        // a to the power of b
func (a *Array) Minimum(b *Array) *Array      { return a.Binary(OpMinimum, b) }      // the smaller element
func (a *Array) Maximum(b *Array) *Array      { return a.Binary(OpMaximum, b) }      // the larger element
func (a *Array) Atan2(b *Array) *Array        { return a.Binary(OpAtan2, b) }        // the angle of the point (b, a)
func (a *Array) Hypot(b *Array) *Array        { return a.Binary(OpHypot, b) }        // sqrt(a a + b b)
func (a *Array) LogAddExp(b *Array) *Array    { return a.Binary(OpLogAddExp, b) }    // log(exp a + exp b)
func (a *Array) LogAddExp2(b *Array) *Array   { return a.Binary(OpLogAddExp2, b) }   // the same to base 2
func (a *Array) CopySign(b *Array) *Array     { return a.Binary(OpCopySign, b) }     // the magnitude of a with the sign of b
func (a *Array) NextAfter(b *Array) *Array    { return a.Binary(OpNextAfter, b) }    // the number beside a in the direction of b
func (a *Array) Equal(b *Array) *Array        { return a.Binary(OpEqual, b) }        // a == b, elementwise
func (a *Array) NotEqual(b *Array) *Array     { return a.Binary(OpNotEqual, b) }     // a != b
func (a *Array) Less(b *Array) *Array         { return a.Binary(OpLess, b) }         // a < b
func (a *Array) LessEqual(b *Array) *Array    { return a.Binary(OpLessEqual, b) }    // a <= b
func (a *Array) Greater(b *Array) *Array      { return a.Binary(OpGreater, b) }      // a > b
func (a *Array) GreaterEqual(b *Array) *Array { return a.Binary(OpGreaterEqual, b) } // a >= b
func (a *Array) And(b *Array) *Array          { return a.Binary(OpAnd, b) }          // logical and
func (a *Array) Or(b *Array) *Array           { return a.Binary(OpOr, b) }           // logical or
func (a *Array) Xor(b *Array) *Array          { return a.Binary(OpXor, b) }          // logical exclusive or
func (a *Array) BitAnd(b *Array) *Array       { return a.Binary(OpBitAnd, b) }       // a & b
func (a *Array) BitOr(b *Array) *Array        { return a.Binary(OpBitOr, b) }        // a | b
func (a *Array) BitXor(b *Array) *Array       { return a.Binary(OpBitXor, b) }       // a ^ b
func (a *Array) ShiftLeft(b *Array) *Array    { return a.Binary(OpShiftLeft, b) }    // a << b
func (a *Array) ShiftRight(b *Array) *Array   { return a.Binary(OpShiftRight, b) }   // a >> b

// Operations of each element and a number, as in [Array.BinaryScalar].

func (a *Array) AddScalar(b float64) *Array      { return a.BinaryScalar(OpAdd, b) }
func (a *Array) SubtractScalar(b float64) *Array { return a.BinaryScalar(OpSubtract, b) }
func (a *Array) MultiplyScalar(b float64) *Array { return a.BinaryScalar(OpMultiply, b) }
func (a *Array) DivideScalar(b float64) *Array   { return a.BinaryScalar(OpDivide, b) }
func (a *Array) PowerScalar(b float64) *Array    { return a.BinaryScalar(OpPower, b) }
func (a *Array) MinimumScalar(b float64) *Array  { return a.BinaryScalar(OpMinimum, b) }
func (a *Array) MaximumScalar(b float64) *Array  { return a.BinaryScalar(OpMaximum, b) }
