package mlxc_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"libmlxc.dev/go/mlxc"
)

func TestArraysComputeLazily(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	w := s.Own(mlxc.NewArray([]float32{1, 0, 0, 1, 1, 1}, 3, 2))
	product := s.Own(x.Matmul(w))
	total := s.Own(product.Sum())
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	if shape := product.Shape(); !slices.Equal(shape, []int{2, 2}) || product.DType() != mlxc.Float32 || product.Len() != 4 {
		t.Errorf("shape %v, %s, %d", shape, product.DType(), product.Len())
	}
	if err := mlxc.Eval(product, total); err != nil {
		t.Fatal(err)
	}
	if values := must(product.Float32s()); !slices.Equal(values, []float32{4, 5, 10, 11}) {
		t.Errorf("product %v", values)
	}
	if values := must(total.Float32s()); !slices.Equal(values, []float32{30}) || len(total.Shape()) != 0 {
		t.Errorf("sum %v of shape %v", values, total.Shape())
	}
	if graph := must(mlxc.DOT(s.Own(product.Exp()))); !strings.HasPrefix(graph, "digraph") {
		t.Errorf("DOT gave %q", graph)
	}
}

func TestArrayOperations(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	mask := s.Own(x.BinaryScalar(mlxc.OpGreater, 2.5))
	zero := s.Own(mlxc.Full(0, mlxc.Float32, 1))
	rows := s.Own(mlxc.NewArray([]int64{1, 0, 1}))
	for name, c := range map[string]struct {
		array *mlxc.Array
		err   error
		shape []int
		want  []float32
	}{
		"add":         pair(x.Add(x)).is([]int{2, 3}, 2, 4, 6, 8, 10, 12),
		"subtract":    pair(x.Subtract(x)).is([]int{2, 3}, 0, 0, 0, 0, 0, 0),
		"multiply":    pair(x.Multiply(x)).is([]int{2, 3}, 1, 4, 9, 16, 25, 36),
		"divide":      pair(x.Divide(x)).is([]int{2, 3}, 1, 1, 1, 1, 1, 1),
		"scalar":      pair(x.BinaryScalar(mlxc.OpPower, 2)).is([]int{2, 3}, 1, 4, 9, 16, 25, 36),
		"sqrt":        pair(s.Own(x.Multiply(x)).Sqrt()).is([]int{2, 3}, 1, 2, 3, 4, 5, 6),
		"where":       pair(mlxc.Where(mask, x, zero)).is([]int{2, 3}, 0, 0, 3, 4, 5, 6),
		"mean":        pair(x.Mean(1)).is([]int{2}, 2, 5),
		"max":         pair(x.Max(0)).is([]int{3}, 4, 5, 6),
		"min":         pair(x.Reduce(mlxc.OpMin, true, -1)).is([]int{2, 1}, 1, 4),
		"argmax":      pair(x.ArgMax(1, false)).is([]int{2}, 2, 2),
		"argmin":      pair(x.ArgMin(0, true)).is([]int{1, 3}, 0, 0, 0),
		"reshape":     pair(x.Reshape(3, -1)).is([]int{3, 2}, 1, 2, 3, 4, 5, 6),
		"transpose":   pair(x.Transpose()).is([]int{3, 2}, 1, 4, 2, 5, 3, 6),
		"permute":     pair(x.Transpose(1, 0)).is([]int{3, 2}, 1, 4, 2, 5, 3, 6),
		"slice":       pair(x.Slice(mlxc.Range{0, 2, 1}, mlxc.Range{Start: -1, Stop: -10, Step: -2})).is([]int{2, 2}, 3, 1, 6, 4),
		"broadcast":   pair(zero.Broadcast(2, 2)).is([]int{2, 2}, 0, 0, 0, 0),
		"concatenate": pair(mlxc.Concatenate(1, x, x)).is([]int{2, 6}, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6),
		"take":        pair(x.Take(rows)).is([]int{3, 3}, 4, 5, 6, 1, 2, 3, 4, 5, 6),
		"arange":      pair(mlxc.Arange(1, 2, 0.25, mlxc.Float64)).is([]int{4}, 1, 1.25, 1.5, 1.75),
		"cast":        pair(s.Own(mlxc.NewArray([]float64{1.9, -1.9})).Cast(mlxc.Int32)).is([]int{2}, 1, -1),
		"bfloat16":    pair(x.Cast(mlxc.BFloat16)).is([]int{2, 3}, 1, 2, 3, 4, 5, 6),
		"scalars":     pair(mlxc.Scalar(true)).is([]int{}, 1),
	} {
		array := s.Own(c.array, c.err)
		if array == nil {
			t.Errorf("%s: %v", name, c.err)
			continue
		}
		if values, err := array.Float32s(); err != nil || !slices.Equal(values, c.want) || !slices.Equal(array.Shape(), c.shape) {
			t.Errorf("%s: %v of shape %v, %v; expected %v of %v", name, values, array.Shape(), err, c.want, c.shape)
		}
	}
	softmax := must(s.Own(x.Softmax(-1)).Float32s())
	logs := must(s.Own(x.LogSoftmax(1)).Float32s())
	for i, p := range softmax {
		want := math.Exp(float64(i%3)) / (1 + math.E + math.E*math.E)
		if math.Abs(float64(p)-want) > 1e-6 || math.Abs(float64(logs[i])-math.Log(want)) > 1e-5 {
			t.Errorf("softmax[%d] is %g and %g, expected %g", i, p, logs[i], want)
		}
	}
	if raw := must(s.Own(mlxc.NewArray([]uint16{258})).Bytes()); !slices.Equal(raw, []byte{2, 1}) {
		t.Errorf("bytes %v", raw)
	}
}

type result struct {
	array *mlxc.Array
	err   error
}

func pair(array *mlxc.Array, err error) result { return result{array, err} }

func (r result) is(shape []int, want ...float32) struct {
	array *mlxc.Array
	err   error
	shape []int
	want  []float32
} {
	return struct {
		array *mlxc.Array
		err   error
		shape []int
		want  []float32
	}{r.array, r.err, shape, want}
}

func TestElementTypes(t *testing.T) {
	roundTrip(t, []bool{true, false})
	roundTrip(t, []uint8{0, 255})
	roundTrip(t, []int8{-128, 127})
	roundTrip(t, []uint16{0, 65535})
	roundTrip(t, []int16{-32768, 32767})
	roundTrip(t, []uint32{0, math.MaxUint32})
	roundTrip(t, []int32{math.MinInt32, math.MaxInt32})
	roundTrip(t, []uint64{0, math.MaxUint64})
	roundTrip(t, []int64{math.MinInt64, math.MaxInt64})
	roundTrip(t, []float32{-0.5, math.MaxFloat32})
	roundTrip(t, []float64{-0.5, math.MaxFloat64})
	roundTrip(t, []float32{})
}

func roundTrip[T mlxc.Element](t *testing.T, data []T) {
	t.Helper()
	array := must(mlxc.NewArray(data))
	defer array.Close()
	if back, err := mlxc.Read[T](array); err != nil || !slices.Equal(back, data) {
		t.Errorf("%T: %v came back as %v, %v", data, data, back, err)
	}
	if array.DType().Size() == 0 || array.DType().String() == "unknown" {
		t.Errorf("%T became %s", data, array.DType())
	}
}

func TestArrayErrors(t *testing.T) {
	a := must(mlxc.NewArray([]float32{1, 2, 3}))
	defer a.Close()
	b := must(mlxc.NewArray([]float32{1, 2}))
	defer b.Close()
	hole := must(mlxc.Placeholder(mlxc.Float32, 2))
	defer hole.Close()
	for name, call := range map[string]func() error{
		"shapes that do not broadcast": func() error { _, err := a.Add(b); return err },
		"data that does not fit":       func() error { _, err := mlxc.NewArray([]float32{1, 2}, 3); return err },
		"an axis out of range":         func() error { _, err := a.Softmax(7); return err },
		"an axis beyond 32 bits":       func() error { _, err := a.Sum(1 << 40); return err },
		"a slice of another rank":      func() error { _, err := a.Slice(); return err },
		"an unknown operation":         func() error { _, err := a.Unary(999); return err },
		"reading as another type":      func() error { _, err := mlxc.Read[int32](a); return err },
		"a placeholder's values":       func() error { _, err := hole.Float32s(); return err },
		"nothing to join":              func() error { _, err := mlxc.Concatenate(0); return err },
		"a function without output":    func() error { _, err := mlxc.NewFunction([]*mlxc.Array{a}, nil); return err },
	} {
		if err := call(); !errors.Is(err, mlxc.ErrInvalidArgument) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s := mlxc.NewScope()
	defer s.Close()
	if c := s.Own(s.Own(s.Own(a.Add(b)).Exp()).Sum()); c != nil || !errors.Is(s.Err(), mlxc.ErrInvalidArgument) {
		t.Errorf("a scope kept %v, not the first error", s.Err())
	}
}

func TestScopeKeepsWhatIsAsked(t *testing.T) {
	before := mlxc.LiveHandles()
	s := mlxc.NewScope()
	x := s.Own(mlxc.NewArray([]float32{1, 2}))
	kept := s.Keep(s.Own(x.Exp()))
	s.Close()
	if live := mlxc.LiveHandles(); live != before+1 {
		t.Errorf("%d handles beside the %d of before, expected 1", live-before, before)
	}
	if values := must(kept.Float32s()); values[0] != float32(math.E) {
		t.Errorf("exp(1) is %v", values[0])
	}
	kept.Close()
}

func TestFunctionsRunWithNewInputs(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x, sum := s.Own(mlxc.Placeholder(mlxc.Float32, 2)), s.Own(mlxc.Placeholder(mlxc.Float32, 2))
	next := s.Own(sum.Add(s.Own(x.Multiply(x))))
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	function, err := mlxc.NewFunction([]*mlxc.Array{x, sum}, []*mlxc.Array{next})
	if err != nil {
		t.Fatal(err)
	}
	defer function.Close()
	if function.Launches() != 1 {
		t.Errorf("%d launches for a product and a sum, which fuse", function.Launches())
	}
	state := s.Own(mlxc.Full(0, mlxc.Float32, 2))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range 3 {
		out, err := function.Call(ctx, s.Own(mlxc.NewArray([]float32{float32(i), 1})), state)
		if err != nil {
			t.Fatal(err)
		}
		state = s.Own(out[0], nil)
	}
	if values := must(state.Float32s()); !slices.Equal(values, []float32{5, 3}) {
		t.Errorf("after three calls the state is %v", values)
	}
	if _, err := function.Call(ctx, state); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("a missing input gave %v", err)
	}
	cancel()
	if _, err := function.Call(ctx, x, state); !errors.Is(err, context.Canceled) {
		t.Errorf("a spent context gave %v", err)
	}
}

func TestArraysServeManyGoroutines(t *testing.T) {
	x := must(mlxc.NewArray(make([]float32, 1000)))
	y := must(x.Exp())
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 50 {
				sum, err := y.Sum()
				if errors.Is(err, mlxc.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				if values, err := sum.Float32s(); err != nil || values[0] != 1000 {
					t.Errorf("%v, %v", values, err)
				}
				sum.Close()
			}
		}()
	}
	x.Close()
	y.Close()
	group.Wait()
}
