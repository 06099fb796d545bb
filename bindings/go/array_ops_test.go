package mlxc_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmlxc.dev/go/mlxc"
)

var (
	inf = float32(math.Inf(1))
	nan = float32(math.NaN())
)

// close says whether lists agree to six digits, NaN with NaN.
func near(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return x == y || x != x && y != y || math.Abs(float64(x-y)) <= 1e-6*max(1, math.Abs(float64(y)))
	})
}

type operation struct {
	name  string
	array *mlxc.Array
	shape []int
	want  []float32
}

func check(t *testing.T, operations []operation) {
	t.Helper()
	for _, c := range operations {
		values, err := c.array.Float32s()
		if err != nil || !near(values, c.want) || !slices.Equal(c.array.Shape(), c.shape) {
			t.Errorf("%s: %v of shape %v, %v; expected %v of %v", c.name, values, c.array.Shape(), err, c.want, c.shape)
		}
	}
}

func TestUnaryOperations(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	const x = 0.3
	a := s.Own(mlxc.NewArray([]float64{x}))
	big := a.AddScalar(1)
	for name, c := range map[string]struct {
		array *mlxc.Array
		want  float64
	}{
		"Abs": {a.Negative().Abs(), x}, "Negative": {a.Negative(), -x}, "Exp": {a.Exp(), math.Exp(x)}, "Expm1": {a.Expm1(), math.Expm1(x)},
		"Log": {a.Log(), math.Log(x)}, "Log1p": {a.Log1p(), math.Log1p(x)}, "Log2": {a.Log2(), math.Log2(x)}, "Log10": {a.Log10(), math.Log10(x)},
		"Sqrt": {a.Sqrt(), math.Sqrt(x)}, "Rsqrt": {a.Rsqrt(), 1 / math.Sqrt(x)}, "Square": {a.Square(), x * x}, "Reciprocal": {a.Reciprocal(), 1 / x},
		"Sin": {a.Sin(), math.Sin(x)}, "Cos": {a.Cos(), math.Cos(x)}, "Tan": {a.Tan(), math.Tan(x)}, "Asin": {a.Asin(), math.Asin(x)},
		"Acos": {a.Acos(), math.Acos(x)}, "Atan": {a.Atan(), math.Atan(x)}, "Sinh": {a.Sinh(), math.Sinh(x)}, "Cosh": {a.Cosh(), math.Cosh(x)},
		"Tanh": {a.Tanh(), math.Tanh(x)}, "Asinh": {a.Asinh(), math.Asinh(x)}, "Acosh": {big.Acosh(), math.Acosh(1 + x)}, "Atanh": {a.Atanh(), math.Atanh(x)},
		"Floor": {a.Floor(), 0}, "Ceil": {a.Ceil(), 1}, "Trunc": {a.Negative().Trunc(), 0}, "Round": {a.AddScalar(1.2).Round(), 2}, "Sign": {a.Sign(), 1},
		"Erf": {a.Erf(), math.Erf(x)}, "Erfinv": {a.Erfinv(), math.Erfinv(x)}, "Sigmoid": {a.Sigmoid(), 1 / (1 + math.Exp(-x))},
		"SiLU": {a.SiLU(), x / (1 + math.Exp(-x))}, "GELU": {a.GELU(), x * (1 + math.Erf(x/math.Sqrt2)) / 2},
		"GELUTanh": {a.GELUTanh(), x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))}, "ReLU": {a.Negative().ReLU(), 0},
		"Not": {a.Not(), 0}, "BitNot": {a.Cast(mlxc.Int32).BitNot(), -1}, "IsNaN": {a.IsNaN(), 0}, "IsInf": {a.DivideScalar(0).IsInf(), 1},
		"IsPosInf": {a.DivideScalar(0).IsPosInf(), 1}, "IsNegInf": {a.DivideScalar(0).IsNegInf(), 0}, "IsFinite": {a.IsFinite(), 1},
		"SignBit": {a.Negative().SignBit(), 1}, "Degrees": {a.Degrees(), x * 180 / math.Pi}, "Radians": {a.Radians(), x * math.Pi / 180},
	} {
		values, err := mlxc.Read[float64](c.array.Cast(mlxc.Float64))
		if err != nil || math.Abs(values[0]-c.want) > 1e-12 {
			t.Errorf("%s(%g) is %v, %v; expected %g", name, x, values, err, c.want)
		}
	}
	for op, want := range map[mlxc.ActivationOp]float32{
		mlxc.ActReLU: 0, mlxc.ActReLU6: 0, mlxc.ActLeakyReLU: -0.02, mlxc.ActELU: float32(math.Expm1(-2)), mlxc.ActSELU: -1.5201665,
		mlxc.ActCELU: float32(math.Expm1(-2)), mlxc.ActGELU: -0.04550026, mlxc.ActGELUTanh: -0.04540229, mlxc.ActSiLU: -0.23840584,
		mlxc.ActSigmoid: 0.11920292, mlxc.ActLogSigmoid: -2.1269281, mlxc.ActTanh: -0.9640276, mlxc.ActSoftplus: 0.12692805,
		mlxc.ActSoftsign: -2. / 3, mlxc.ActMish: -0.25250158, mlxc.ActHardSigmoid: 1. / 6, mlxc.ActHardSwish: -1. / 3, mlxc.ActHardTanh: -1,
		mlxc.ActHardShrink: -2, mlxc.ActSoftShrink: -1.5, mlxc.ActTanhShrink: -1.0359724, mlxc.ActStep: 0,
	} {
		two := s.Own(mlxc.NewArray([]float32{-2}))
		if value, err := two.Activation(op, mlxc.DefaultParameter).Float32(); err != nil || !near([]float32{value}, []float32{want}) {
			t.Errorf("activation %d of -2 is %g, %v; expected %g", op, value, err, want)
		}
	}
}

func TestBinaryOperations(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	a, b := s.Own(mlxc.NewArray([]int32{-7, 6})), s.Own(mlxc.NewArray([]int32{2, 4}))
	x, y := a.Cast(mlxc.Float32), b.Cast(mlxc.Float32)
	p, q := s.Own(mlxc.NewArray([]bool{true, true})), s.Own(mlxc.NewArray([]bool{true, false}))
	two := []int{2}
	check(t, []operation{
		{"Add", a.Add(b), two, []float32{-5, 10}}, {"Subtract", a.Subtract(b), two, []float32{-9, 2}}, {"Multiply", a.Multiply(b), two, []float32{-14, 24}},
		{"Divide", a.Divide(b), two, []float32{-3.5, 1.5}}, {"FloorDivide", a.FloorDivide(b), two, []float32{-4, 1}},
		{"Remainder", a.Remainder(b), two, []float32{1, 2}}, {"TruncDivide", a.TruncDivide(b), two, []float32{-3, 1}},
		{"TruncMod", a.TruncMod(b), two, []float32{-1, 2}}, {"Power", a.Power(b), two, []float32{49, 1296}},
		{"Minimum", a.Minimum(b), two, []float32{-7, 4}}, {"Maximum", a.Maximum(b), two, []float32{2, 6}},
		{"Atan2", x.Atan2(y), two, []float32{float32(math.Atan2(-7, 2)), float32(math.Atan2(6, 4))}},
		{"Hypot", x.Hypot(y), two, []float32{float32(math.Hypot(7, 2)), float32(math.Hypot(6, 4))}},
		{"LogAddExp", y.LogAddExp(y), two, []float32{2 + math.Ln2, 4 + math.Ln2}}, {"LogAddExp2", y.LogAddExp2(y), two, []float32{3, 5}},
		{"CopySign", y.CopySign(x), two, []float32{-2, 4}}, {"NextAfter", y.NextAfter(x), two, []float32{math.Nextafter32(2, -7), math.Nextafter32(4, 6)}},
		{"Equal", a.Equal(a), two, []float32{1, 1}}, {"NotEqual", a.NotEqual(b), two, []float32{1, 1}}, {"Less", a.Less(b), two, []float32{1, 0}},
		{"LessEqual", a.LessEqual(a), two, []float32{1, 1}}, {"Greater", a.Greater(b), two, []float32{0, 1}},
		{"GreaterEqual", a.GreaterEqual(b), two, []float32{0, 1}}, {"And", p.And(q), two, []float32{1, 0}}, {"Or", p.Or(q), two, []float32{1, 1}},
		{"Xor", p.Xor(q), two, []float32{0, 1}}, {"BitAnd", a.BitAnd(b), two, []float32{0, 4}}, {"BitOr", a.BitOr(b), two, []float32{-5, 6}},
		{"BitXor", a.BitXor(b), two, []float32{-5, 2}}, {"ShiftLeft", a.ShiftLeft(b), two, []float32{-28, 96}},
		{"ShiftRight", a.ShiftRight(b), two, []float32{-2, 0}},
		{"AddScalar", x.AddScalar(0.5), two, []float32{-6.5, 6.5}}, {"SubtractScalar", x.SubtractScalar(0.5), two, []float32{-7.5, 5.5}},
		{"MultiplyScalar", x.MultiplyScalar(2), two, []float32{-14, 12}}, {"DivideScalar", x.DivideScalar(2), two, []float32{-3.5, 3}},
		{"PowerScalar", x.PowerScalar(2), two, []float32{49, 36}}, {"MinimumScalar", x.MinimumScalar(0), two, []float32{-7, 0}},
		{"MaximumScalar", x.MaximumScalar(0), two, []float32{0, 6}}, {"BinaryScalar", a.BinaryScalar(mlxc.OpGreater, 0), two, []float32{0, 1}},
		{"Where", mlxc.Where(q, x, s.Own(mlxc.Scalar(float32(9)))), two, []float32{-7, 9}},
		{"Clip", x.Clip(nil, y), two, []float32{-7, 4}}, {"ClipScalar", x.ClipScalar(-1, 1), two, []float32{-1, 1}},
		{"NaNToNum", s.Own(mlxc.NewArray([]float32{nan, inf, -inf})).NaNToNum(1, 2, 3), []int{3}, []float32{1, 2, 3}},
		{"NaNToNum by the type", s.Own(mlxc.NewArray([]float32{inf, -inf})).NaNToNum(0, math.Inf(1), math.Inf(-1)), two, []float32{math.MaxFloat32, -math.MaxFloat32}},
		{"IsClose", x.IsClose(x.AddScalar(1e-3), 0, 1e-2, false), two, []float32{1, 1}}, {"AllClose", x.AllClose(y, 1e-5, 1e-8, false), []int{}, []float32{0}},
		{"AllEqual", x.AllEqual(x, true), []int{}, []float32{1}}, {"Cast", s.Own(mlxc.NewArray([]float64{1.9, -1.9})).Cast(mlxc.Int32), two, []float32{1, -1}},
		{"BFloat16", x.Cast(mlxc.BFloat16), two, []float32{-7, 6}}, {"Bitcast", s.Own(mlxc.NewArray([]uint32{0x3f800000})).Bitcast(mlxc.Float32), []int{1}, []float32{1}},
	})
}

func TestCreation(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	own := s.Own
	cpu := must(mlxc.OpenDevice("cpu"))
	defer cpu.Close()
	x := own(mlxc.NewArrayOn(cpu, []float32{1, 2}))
	check(t, []operation{
		{"Full", own(mlxc.Full(3, mlxc.Int16, 2)), []int{2}, []float32{3, 3}}, {"Zeros", own(mlxc.Zeros(mlxc.Bool, 1, 2)), []int{1, 2}, []float32{0, 0}},
		{"Ones", own(mlxc.Ones(mlxc.Float16)), []int{}, []float32{1}}, {"Scalar", own(mlxc.Scalar(true)), []int{}, []float32{1}},
		{"Arange", own(mlxc.Arange(1, 2, 0.25, mlxc.Float64)), []int{4}, []float32{1, 1.25, 1.5, 1.75}},
		{"Linspace", own(mlxc.Linspace(0, 1, 3, true, mlxc.Float32)), []int{3}, []float32{0, 0.5, 1}},
		{"Linspace, open", own(cpu.Linspace(0, 1, 2, false, mlxc.Float32)), []int{2}, []float32{0, 0.5}},
		{"Eye", own(mlxc.Eye(2, mlxc.Float32)), []int{2, 2}, []float32{1, 0, 0, 1}},
		{"Eye, shifted", own(cpu.Eye(2, 3, 1, mlxc.Float32)), []int{2, 3}, []float32{0, 1, 0, 0, 0, 1}},
		{"Full on a device", own(cpu.Full(2, mlxc.Float32, 1)), []int{1}, []float32{2}}, {"Copy", x.Copy(), []int{2}, []float32{1, 2}},
		{"Clone", x.Clone(), []int{2}, []float32{1, 2}}, {"ToDevice", x.ToDevice(cpu), []int{2}, []float32{1, 2}}, {"ToDevice, default", x.ToDevice(nil), []int{2}, []float32{1, 2}},
	})
}

func TestReductions(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{1, 2, 3, 4, 5, 0}, 2, 3))
	e := math.Exp(1) + math.Exp(2) + math.Exp(3)
	check(t, []operation{
		{"Sum", x.Sum(), []int{}, []float32{15}}, {"Mean", x.Mean(1), []int{2}, []float32{2, 3}}, {"Prod", x.Prod(0), []int{3}, []float32{4, 10, 0}},
		{"Max", x.Max(0), []int{3}, []float32{4, 5, 3}}, {"Min", x.Min(-1), []int{2}, []float32{1, 0}}, {"Any", x.Any(), []int{}, []float32{1}},
		{"All", x.All(1), []int{2}, []float32{1, 0}}, {"LogSumExp", x.Row(0).LogSumExp(), []int{}, []float32{float32(math.Log(e))}},
		{"CountNonzero", x.CountNonzero(1), []int{2}, []float32{3, 2}}, {"Reduce", x.Reduce(mlxc.OpMin, true, -1), []int{2, 1}, []float32{1, 0}},
		{"ReduceAs", x.ReduceAs(mlxc.OpSum, mlxc.Int64, false, 0, 1), []int{}, []float32{15}},
		{"ArgMax", x.ArgMax(1, false), []int{2}, []float32{2, 1}}, {"ArgMin", x.ArgMin(0, true), []int{1, 3}, []float32{0, 0, 1}},
		{"ArgMaxAll", x.ArgMaxAll(), []int{}, []float32{4}}, {"ArgMinAll", x.ArgMinAll(), []int{}, []float32{5}},
		{"Variance", x.Variance(1, false, 1), []int{2}, []float32{1, 7}}, {"StdDev", x.StdDev(0, true, 1), []int{2, 1}, []float32{float32(math.Sqrt(2. / 3)), float32(math.Sqrt(14. / 3))}},
		{"Median", x.Median(false), []int{}, []float32{2.5}}, {"CumSum", x.CumSum(1), []int{2, 3}, []float32{1, 3, 6, 4, 9, 9}},
		{"CumProd", x.CumProd(0), []int{2, 3}, []float32{1, 2, 3, 4, 10, 0}}, {"CumMax", x.CumMax(1), []int{2, 3}, []float32{1, 2, 3, 4, 5, 5}},
		{"CumMin", x.CumMin(1), []int{2, 3}, []float32{1, 1, 1, 4, 4, 0}}, {"Scan", x.Scan(mlxc.ScanSum, 1, true, true), []int{2, 3}, []float32{5, 3, 0, 5, 0, 0}},
	})
	softmax, logs := must(x.Softmax(-1).Float32s()), must(x.LogSoftmax(1).Float32s())
	for i := range 3 {
		if want := math.Exp(float64(i+1)) / e; !near(softmax[i:i+1], []float32{float32(want)}) || math.Abs(float64(logs[i])-math.Log(want)) > 1e-6 {
			t.Errorf("softmax[%d] is %g and %g, expected %g", i, softmax[i], logs[i], want)
		}
	}
}

func TestShapes(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	row := x.Row(0)
	square := s.Own(mlxc.Arange(1, 10, 1, mlxc.Float32)).Reshape(3, 3)
	parts, halves := x.Split(1, 1), x.Chunks(0, 2)
	check(t, []operation{
		{"Reshape", x.Reshape(3, -1), []int{3, 2}, []float32{1, 2, 3, 4, 5, 6}}, {"Transpose", x.Transpose(), []int{3, 2}, []float32{1, 4, 2, 5, 3, 6}},
		{"Transpose, axes", x.Transpose(1, 0), []int{3, 2}, []float32{1, 4, 2, 5, 3, 6}},
		{"Slice", x.Slice(mlxc.Range{0, 2, 1}, mlxc.Range{Start: -1, Stop: -10, Step: -2}), []int{2, 2}, []float32{3, 1, 6, 4}},
		{"Slice, whole", x.Slice(mlxc.Whole, mlxc.Range{Start: 1, Stop: 2}), []int{2, 1}, []float32{2, 5}},
		{"SliceAxis", x.SliceAxis(-1, -2, 3), []int{2, 2}, []float32{2, 3, 5, 6}}, {"Row", x.Row(-1), []int{3}, []float32{4, 5, 6}},
		{"Broadcast", s.Own(mlxc.Zeros(mlxc.Float32, 1)).Broadcast(2, 2), []int{2, 2}, []float32{0, 0, 0, 0}},
		{"AsStrided", row.AsStrided([]int{2, 2}, []int{1, 1}, 0), []int{2, 2}, []float32{1, 2, 2, 3}},
		{"Contiguous", x.Transpose().Contiguous(), []int{3, 2}, []float32{1, 4, 2, 5, 3, 6}},
		{"Concatenate", mlxc.Concatenate(1, x, x), []int{2, 6}, []float32{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}},
		{"Stack", mlxc.Stack(-1, row, row), []int{3, 2}, []float32{1, 1, 2, 2, 3, 3}},
		{"Stack of many", mlxc.Stack(0, slices.Repeat([]*mlxc.Array{row}, 9)...).Sum(0), []int{3}, []float32{9, 18, 27}},
		{"Split", parts[1], []int{2, 2}, []float32{2, 3, 5, 6}}, {"Chunks", halves[1], []int{1, 3}, []float32{4, 5, 6}},
		{"Pad", row.Pad([]int{1}, []int{2}, mlxc.PadReflect, 0), []int{6}, []float32{2, 1, 2, 3, 2, 1}},
		{"Pad, constant", row.Pad([]int{0}, []int{1}, mlxc.PadConstant, 7), []int{4}, []float32{1, 2, 3, 7}},
		{"Repeat", row.Repeat(0, 1, 0, 2), []int{3}, []float32{1, 3, 3}}, {"Repeat all", row.Repeat(0, 2), []int{6}, []float32{1, 1, 2, 2, 3, 3}},
		{"Tile", row.Tile(2), []int{6}, []float32{1, 2, 3, 1, 2, 3}}, {"Roll", x.Roll([]int{1}, []int{1}), []int{2, 3}, []float32{3, 1, 2, 6, 4, 5}},
		{"Roll, flat", x.Roll([]int{1}, nil), []int{2, 3}, []float32{6, 1, 2, 3, 4, 5}}, {"Flip", x.Flip(), []int{2, 3}, []float32{6, 5, 4, 3, 2, 1}},
		{"SwapAxes", x.SwapAxes(0, 1), []int{3, 2}, []float32{1, 4, 2, 5, 3, 6}}, {"MoveAxes", x.MoveAxes([]int{0}, []int{-1}), []int{3, 2}, []float32{1, 4, 2, 5, 3, 6}},
		{"ExpandDims", row.ExpandDims(0, -1), []int{1, 3, 1}, []float32{1, 2, 3}}, {"Squeeze", row.ExpandDims(0, 1).Squeeze(), []int{3}, []float32{1, 2, 3}},
		{"Diagonal", square.Diagonal(1), []int{2}, []float32{2, 6}}, {"Tril", square.Tril(-1), []int{3, 3}, []float32{0, 0, 0, 4, 0, 0, 7, 8, 0}},
		{"Triu", square.Triu(1), []int{3, 3}, []float32{0, 2, 3, 0, 0, 6, 0, 0, 0}},
	})
}

func TestIndexing(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	v := s.Own(mlxc.NewArray([]float32{3, 1, 2, 3}))
	i := s.Own(mlxc.NewArray([]int64{1, 0, 1}))
	one := s.Own(mlxc.NewArray([]int32{1, -1}, 2, 1))
	ten := s.Own(mlxc.Scalar(float32(10)))
	nonzero := v.SubtractScalar(3).Nonzero()
	values, indices := v.TopK(2, 0, true)
	unique := v.Unique()
	defer unique.Close()
	check(t, []operation{
		{"Take", x.Take(i), []int{3, 3}, []float32{4, 5, 6, 1, 2, 3, 4, 5, 6}}, {"TakeAxis", x.TakeAxis(one, 1), []int{2, 2, 1}, []float32{2, 3, 5, 6}},
		{"TakeAlongAxis", x.TakeAlongAxis(one, 1), []int{2, 1}, []float32{2, 6}},
		{"PutAlongAxis", x.PutAlongAxis(mlxc.ScatterAdd, one, ten, 1), []int{2, 3}, []float32{1, 12, 3, 4, 5, 16}},
		{"Gather", x.Gather(i, i), []int{3}, []float32{5, 1, 5}}, {"Scatter", x.Scatter(mlxc.ScatterSet, ten, i, i), []int{2, 3}, []float32{10, 2, 3, 4, 10, 6}},
		{"Update", x.Update(ten, mlxc.Whole, mlxc.Range{Stop: 1}), []int{2, 3}, []float32{10, 2, 3, 10, 5, 6}}, {"Nonzero", nonzero[0], []int{2}, []float32{1, 2}},
		{"SearchSorted", v.Sort(0, false).SearchSorted(v, true), []int{4}, []float32{4, 1, 2, 4}}, {"Sort", v.Sort(0, true), []int{4}, []float32{3, 3, 2, 1}},
		{"ArgSort", v.ArgSort(0, false), []int{4}, []float32{1, 2, 0, 3}}, {"TopK", values, []int{2}, []float32{3, 3}}, {"TopK, where", indices, []int{2}, []float32{0, 3}},
		{"Unique", unique.Values, []int{3}, []float32{1, 2, 3}}, {"Unique, first", unique.First, []int{3}, []float32{1, 2, 0}},
		{"Unique, inverse", unique.Inverse, []int{4}, []float32{2, 0, 1, 2}}, {"Unique, counts", unique.Counts, []int{3}, []float32{1, 1, 2}},
	})
}

func TestProductsAndLinearAlgebra(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	m := s.Own(mlxc.NewArray([]float32{4, 2, 2, 3}, 2, 2))
	b := s.Own(mlxc.NewArray([]float32{8, 7}))
	eye := s.Own(mlxc.Eye(2, mlxc.Float32))
	q, r := m.QR(false)
	u, sv, vh := m.SVD(true)
	values, vectors := m.Eigh()
	sign, log := m.SLogDet()
	low, high := float32((7-math.Sqrt(17))/2), float32((7+math.Sqrt(17))/2)
	x, y := s.Own(mlxc.NewArray([]float32{1, 0, 0})), s.Own(mlxc.NewArray([]float32{0, 1, 0}))
	check(t, []operation{
		{"Matmul", m.Matmul(b), []int{2}, []float32{46, 37}}, {"Outer", b.Outer(b), []int{2, 2}, []float32{64, 56, 56, 49}}, {"Inner", b.Inner(b), []int{}, []float32{113}},
		{"VecDot", m.VecDot(m, -1), []int{2}, []float32{20, 13}}, {"TensorDot", m.TensorDot(m, []int{0, 1}, []int{1, 0}), []int{}, []float32{33}},
		{"Kron", b.Kron(b), []int{4}, []float32{64, 56, 56, 49}}, {"AddMM", mlxc.AddMM(eye, m, eye, 2, 3), []int{2, 2}, []float32{11, 4, 4, 9}},
		{"Einsum", mlxc.Einsum("ij,j->i", m, b), []int{2}, []float32{46, 37}},
		{"Cholesky", m.Cholesky(false), []int{2, 2}, []float32{2, 0, 1, float32(math.Sqrt2)}}, {"QR", q.Matmul(r), []int{2, 2}, []float32{4, 2, 2, 3}},
		{"SVD", u.Matmul(sv.ExpandDims(1).Multiply(vh)), []int{2, 2}, []float32{4, 2, 2, 3}}, {"SingularValues", m.SingularValues(), []int{2}, []float32{high, low}},
		{"Eigh", values, []int{2}, []float32{low, high}}, {"Eigh, vectors", m.Matmul(vectors).Subtract(vectors.Multiply(values)).Abs().Max().Round(), []int{}, []float32{0}},
		{"EigenvaluesSymmetric", m.EigenvaluesSymmetric(), []int{2}, []float32{low, high}}, {"Solve", m.Solve(b), []int{2}, []float32{1.25, 1.5}},
		{"TriangularSolve", m.TriangularSolve(b, mlxc.Triangle{Upper: true}), []int{2}, []float32{(8 - 14./3) / 4, 7. / 3}},
		{"Inverse", m.Inverse(), []int{2, 2}, []float32{0.375, -0.25, -0.25, 0.5}}, {"Determinant", m.Determinant(), []int{}, []float32{8}},
		{"SLogDet, sign", sign, []int{}, []float32{1}}, {"SLogDet", log, []int{}, []float32{float32(math.Log(8))}},
		{"PseudoInverse", m.PseudoInverse(mlxc.DefaultTolerance), []int{2, 2}, []float32{0.375, -0.25, -0.25, 0.5}},
		{"LeastSquares", m.LeastSquares(b, mlxc.DefaultTolerance), []int{2}, []float32{1.25, 1.5}}, {"MatrixRank", m.MatrixRank(mlxc.DefaultTolerance), []int{}, []float32{2}},
		{"MatrixPower", m.MatrixPower(2), []int{2, 2}, []float32{20, 14, 14, 13}}, {"Cross", x.Cross(y, 0), []int{3}, []float32{0, 0, 1}},
		{"VectorNorm", b.VectorNorm(math.Inf(1), true), []int{1}, []float32{8}}, {"MatrixNorm", m.MatrixNorm(mlxc.NormFrobenius, 0, false), []int{}, []float32{float32(math.Sqrt(33))}},
	})
}

func TestRandomNumbersComeFromKeys(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	draw := func(seed uint64) []float32 {
		return must(mlxc.RandomUniform(s.Own(mlxc.RandomKey(seed)), -1, 1, mlxc.Float32, 100).Float32s())
	}
	if first := draw(1); !slices.Equal(first, draw(1)) || slices.Equal(first, draw(2)) || slices.Min(first) < -1 || slices.Max(first) >= 1 {
		t.Errorf("uniform numbers %v", first)
	}
	key := s.Own(mlxc.RandomKey(3))
	keys := mlxc.SplitKey(key, 2)
	if len(keys) != 2 || slices.Equal(must(mlxc.Read[uint32](keys[0])), must(mlxc.Read[uint32](keys[1]))) {
		t.Errorf("split keys %v", keys)
	}
	normal := mlxc.RandomNormal(keys[0], 5, 2, mlxc.Float64, 10000)
	if mean, deviation := must(normal.Mean().Float32()), must(normal.StdDev(0, false).Float32()); math.Abs(float64(mean)-5) > 0.1 || math.Abs(float64(deviation)-2) > 0.1 {
		t.Errorf("normal numbers have mean %g and deviation %g", mean, deviation)
	}
	truncated := mlxc.RandomTruncatedNormal(key, -1, 1, mlxc.Float32, 1000)
	if least, most := must(truncated.Min().Float32()), must(truncated.Max().Float32()); least < -1 || most > 1 || least > -0.9 {
		t.Errorf("truncated numbers from %g to %g", least, most)
	}
	integers := must(mlxc.Read[int16](mlxc.RandomIntegers(key, -2, 3, mlxc.Int16, 1000)))
	if slices.Min(integers) != -2 || slices.Max(integers) != 2 {
		t.Errorf("integers from %d to %d", slices.Min(integers), slices.Max(integers))
	}
	if words := mlxc.RandomBits(key, 2, 2); words.DType() != mlxc.Uint32 || words.Len() != 4 {
		t.Errorf("bits %s of shape %v", words.DType(), words.Shape())
	}
	half := s.Own(mlxc.Scalar(float32(0.5)))
	if share := must(mlxc.RandomBernoulli(key, half, 10000).Cast(mlxc.Float32).Mean().Float32()); math.Abs(float64(share)-0.5) > 0.03 {
		t.Errorf("%g are true", share)
	}
	logits := s.Own(mlxc.NewArray([]float32{0, -inf, 0}))
	draws := must(mlxc.Read[int64](mlxc.RandomCategorical(key, logits, 0, 1000)))
	if len(draws) != 1000 || slices.Contains(draws, 1) || !slices.Contains(draws, 0) || !slices.Contains(draws, 2) {
		t.Errorf("draws %v", draws)
	}
	order := must(mlxc.Read[int64](mlxc.RandomPermutation(key, 100)))
	if slices.IsSorted(order) {
		t.Error("the permutation is sorted")
	}
	if slices.Sort(order); order[0] != 0 || order[99] != 99 || len(slices.Compact(order)) != 100 {
		t.Errorf("the permutation has %v", order)
	}
}

func TestLayersAsFunctions(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.Arange(1, 10, 1, mlxc.Float32)).Reshape(1, 1, 3, 3)
	ones := s.Own(mlxc.Ones(mlxc.Float32, 1, 1, 2, 2))
	bias := s.Own(mlxc.NewArray([]float32{100}))
	v := s.Own(mlxc.NewArray([]float32{1, 2, 3, 4}, 2, 2))
	one := s.Own(mlxc.Ones(mlxc.Float32, 2))
	normal, mean, variance := v.BatchNorm(one, nil, 0)
	key := s.Own(mlxc.RandomKey(1))
	q := s.Own(mlxc.Zeros(mlxc.Float32, 2, 2))
	steps := s.Own(mlxc.Ones(mlxc.Float32, 2, 1, 1))
	rnn := mlxc.CellWeights{Input: s.Own(mlxc.Ones(mlxc.Float32, 1, 1)), Hidden: s.Own(mlxc.Ones(mlxc.Float32, 1, 1))}
	outputs, last, none := steps.Recurrent(mlxc.CellRNNReLU, rnn, nil, nil, false)
	lstm := mlxc.CellWeights{Input: s.Own(mlxc.Zeros(mlxc.Float32, 4, 1)), Hidden: s.Own(mlxc.Zeros(mlxc.Float32, 4, 1))}
	_, _, cell := steps.Recurrent(mlxc.CellLSTM, lstm, s.Own(mlxc.Zeros(mlxc.Float32, 1, 1)), s.Own(mlxc.Full(8, mlxc.Float32, 1, 1)), true)
	if none != nil {
		t.Error("a plain cell gave a cell state")
	}
	check(t, []operation{
		{"Convolution", x.Convolution(ones, bias, mlxc.Window{}), []int{1, 1, 2, 2}, []float32{112, 116, 124, 128}},
		{"Convolution, window", x.Convolution(ones, nil, mlxc.Window{Stride: []int{2}, Padding: []int{1, 0}}), []int{1, 1, 2, 1}, []float32{3, 24}},
		{"TransposedConvolution", ones.TransposedConvolution(ones, nil, mlxc.Window{Stride: []int{2}}, []int{0}), []int{1, 1, 4, 4}, slices.Repeat([]float32{1}, 16)},
		{"MaxPool", x.MaxPool(mlxc.Window{Kernel: []int{2}, Stride: []int{1}}), []int{1, 1, 2, 2}, []float32{5, 6, 8, 9}},
		{"AveragePool", x.AveragePool(mlxc.Window{Kernel: []int{3}}, true), []int{1, 1, 1, 1}, []float32{5}},
		{"LayerNorm", v.LayerNorm(one, nil, 1, 0), []int{2, 2}, []float32{-1, 1, -1, 1}}, {"RMSNorm", one.MultiplyScalar(3).RMSNorm(nil, 0), []int{2}, []float32{1, 1}},
		{"BatchNorm", normal, []int{2, 2}, []float32{-1, -1, 1, 1}}, {"BatchNorm, mean", mean, []int{2}, []float32{2, 3}}, {"BatchNorm, variance", variance, []int{2}, []float32{1, 1}},
		{"BatchNormBy", v.BatchNormBy(one, one, nil, one, 0), []int{2, 2}, []float32{1, 2, 3, 4}},
		{"GroupNorm", v.GroupNorm(1, nil, nil, 0), []int{2, 2}, []float32{-1, 1, -1, 1}}, {"Dropout", one.Dropout(key, 0), []int{2}, []float32{1, 1}},
		{"Attention", mlxc.Attention(q, q, v, nil, 0, false), []int{2, 2}, []float32{2, 3, 2, 3}},
		{"Attention, causal", mlxc.Attention(q, q, v, nil, 1, true), []int{2, 2}, []float32{1, 2, 2, 3}},
		{"Recurrent", outputs, []int{2, 1, 1}, []float32{1, 2}}, {"Recurrent, last", last, []int{1, 1}, []float32{2}}, {"LSTM, cell", cell, []int{1, 1}, []float32{2}},
	})
}

func TestGradients(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float64{1, 2, 3}))
	w := s.Own(mlxc.Scalar(2.0))
	value, gradients := mlxc.ValueAndGrad(func(in ...*mlxc.Array) *mlxc.Array { return in[0].Square().Multiply(in[1]).Sum() }, x, w)
	second := mlxc.Grad(gradients[0].Sum(), x)
	v := mlxc.VJP([]*mlxc.Array{x.Square()}, []*mlxc.Array{s.Own(mlxc.NewArray([]float64{1, 0, 10}))}, []*mlxc.Array{x})
	y := x.Exp().Sin()
	kept := mlxc.Checkpoint([]*mlxc.Array{y}, []*mlxc.Array{x})
	check(t, []operation{
		{"value", value, []int{}, []float32{28}}, {"by x", gradients[0], []int{3}, []float32{4, 8, 12}}, {"by w", gradients[1], []int{}, []float32{14}},
		{"second", second[0], []int{3}, []float32{4, 4, 4}}, {"VJP", v[0], []int{3}, []float32{2, 0, 60}},
		{"StopGradient", mlxc.Grad(x.StopGradient().Multiply(x).Sum(), x)[0], []int{3}, []float32{1, 2, 3}},
		{"Checkpoint", mlxc.Grad(kept[0].Sum(), x)[0].Subtract(mlxc.Grad(y.Sum(), x)[0]), []int{3}, []float32{0, 0, 0}},
	})
	late := x.Exp().Sum()
	if x.RequiresGrad() {
		t.Error("an array is marked that nobody marked")
	}
	if err := mlxc.Eval(late); err != nil {
		t.Fatal(err)
	}
	if err := mlxc.Grad(late, x)[0].Err(); err == nil {
		t.Error("a gradient through a forgotten history")
	}
	if err := x.RequireGrad(true); err != nil || !x.RequiresGrad() {
		t.Errorf("marking gave %v", err)
	}
	late = x.Square().Sum()
	if err := mlxc.Eval(late); err != nil {
		t.Fatal(err)
	}
	check(t, []operation{{"after evaluation", mlxc.Grad(late, x)[0], []int{3}, []float32{2, 4, 6}}})
}

// Every function of the ABI is used by the package: nothing is C only, but for what is named here with what stands for it.
func TestEveryFunctionOfTheLibraryHasAGoForm(t *testing.T) {
	without := map[string]string{
		"mlxc_status_name": "Status.Error", "mlxc_dtype_name": "DType.String", "mlxc_dtype_size": "DType.Size", "mlxc_finish_reason_name": "FinishReason.String",
		"mlxc_dataset_new_callback": "Trainer.Step takes batches that Go makes", "mlxc_trainer_fit": "Trainer.Fit takes events from mlxc_trainer_next",
		"mlxc_embed_new": "Embed gives all vectors in one call of mlxc_embed", "mlxc_queue_wake": "the poller ends with its model",
		"mlxc_request_wait": "streams take events from the queue", "mlxc_result_count": "GenerateBatch knows how many it asked for",
	}
	names := regexp.MustCompile(`\bmlxc_\w+`)
	used := map[string]bool{}
	for _, pattern := range []string{"*.go", "shim.c"} {
		for _, path := range must(filepath.Glob(pattern)) {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			for _, name := range names.FindAllString(string(must(os.ReadFile(path))), -1) {
				used[name] = true
			}
		}
	}
	declared := regexp.MustCompile(`\b(mlxc_\w+)\(`)
	for _, match := range declared.FindAllStringSubmatch(string(must(os.ReadFile("mlxc_abi.h"))), -1) {
		if name := match[1]; !used[name] && without[name] == "" {
			t.Errorf("%s has no Go form", name)
		}
	}
}
