package mlxc_test

import (
	"context"
	"errors"
	"math"
	"os"
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
	product := x.Matmul(w)
	total := product.Sum()
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	if shape := product.Shape(); !slices.Equal(shape, []int{2, 2}) || product.DType() != mlxc.Float32 || product.Len() != 4 || product.Rank() != 2 {
		t.Errorf("shape %v, %s, %d", shape, product.DType(), product.Len())
	}
	if x.Dim(0) != 2 || x.Dim(-1) != 3 || x.Dim(2) != -1 || x.Dim(-3) != -1 {
		t.Errorf("dimensions %d, %d, %d, %d", x.Dim(0), x.Dim(-1), x.Dim(2), x.Dim(-3))
	}
	if err := mlxc.Eval(product, total); err != nil {
		t.Fatal(err)
	}
	if values := must(product.Float32s()); !slices.Equal(values, []float32{4, 5, 10, 11}) {
		t.Errorf("product %v", values)
	}
	if values := must(total.Float32s()); !slices.Equal(values, []float32{30}) || len(total.Shape()) != 0 || must(total.Float32()) != 30 {
		t.Errorf("sum %v of shape %v", values, total.Shape())
	}
	if graph := must(mlxc.DOT(product.Exp())); !strings.HasPrefix(graph, "digraph") {
		t.Errorf("DOT gave %q", graph)
	}
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
	array := mlxc.NewArray(data)
	defer array.Close()
	if back, err := mlxc.Read[T](array); err != nil || !slices.Equal(back, data) {
		t.Errorf("%T: %v came back as %v, %v", data, data, back, err)
	}
	buffer := make([]T, len(data)+1)
	if back, err := mlxc.ReadInto(array, buffer); err != nil || !slices.Equal(back, data) || cap(back) != cap(buffer) {
		t.Errorf("%T: %v came back as %v, %v", data, data, back, err)
	}
	var looped []T
	for value, err := range mlxc.Elements[T](array) {
		if err != nil {
			t.Error(err)
		}
		looped = append(looped, value)
	}
	if !slices.Equal(looped, data) {
		t.Errorf("%T: the loop saw %v", data, looped)
	}
	if array.DType() != mlxc.DTypeOf[T]() || array.DType().Size() == 0 || array.DType().String() == "unknown" {
		t.Errorf("%T became %s", data, array.DType())
	}
	if len(data) == 0 {
		return
	}
	if last, err := mlxc.At[T](array, -1); err != nil || last != data[len(data)-1] {
		t.Errorf("%T: the last element is %v, %v", data, last, err)
	}
	changed := mlxc.With(array, data[1], 0)
	defer changed.Close()
	if first, err := mlxc.At[T](changed, 0); err != nil || first != data[1] {
		t.Errorf("%T: the changed element is %v, %v", data, first, err)
	}
}

func TestReadingWithoutCopies(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	doubled := x.MultiplyScalar(2)
	if err := mlxc.View(doubled, func(values []float32) error {
		if !slices.Equal(values, []float32{2, 4, 6, 8, 10, 12}) {
			t.Errorf("the view shows %v", values)
		}
		doubled.Close() // what is in use stays until its call ends
		if values[5] != 12 {
			t.Errorf("after Close the view shows %v", values)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := mlxc.View(x.Transpose(), func([]float32) error { return nil }); !errors.Is(err, mlxc.ErrUnsupported) {
		t.Errorf("a transposed view gave %v", err)
	}
	mine := errors.New("mine")
	if err := mlxc.View(x, func([]float32) error { return mine }); err != mine {
		t.Errorf("the function's own error became %v", err)
	}
	var rows [][]float32
	for _, row := range x.Rows() {
		rows = append(rows, must(row.Float32s()))
	}
	if len(rows) != 2 || !slices.Equal(rows[1], []float32{4, 5, 6}) {
		t.Errorf("rows %v", rows)
	}
	if third := must(x.Row(-1).Row(2).Float32()); third != 6 {
		t.Errorf("the last row ends with %g", third)
	}
	if raw := must(s.Own(mlxc.NewArray([]uint16{258})).Bytes()); !slices.Equal(raw, []byte{2, 1}) {
		t.Errorf("bytes %v", raw)
	}
	half := s.Own((*mlxc.Device)(nil).NewArrayOfBytes([]byte{0, 0x3c, 0, 0xc0}, mlxc.Float16, 2))
	if values := must(half.Float32s()); !slices.Equal(values, []float32{1, -2}) {
		t.Errorf("float16 bytes became %v", values)
	}
}

func TestBorrowedMemory(t *testing.T) {
	before := mlxc.LiveHandles()
	data := []float32{1, 2, 3, 4, 5, 6}
	var kept *mlxc.Array
	if err := mlxc.Borrow(data, func(view *mlxc.Array) error {
		kept = view.Multiply(view).Sum(1)
		if err := mlxc.Eval(kept); err != nil {
			return err
		}
		kept = keep(kept)
		return nil
	}, 2, 3); err != nil {
		t.Fatal(err)
	}
	clear(data)
	if values := must(kept.Float32s()); !slices.Equal(values, []float32{14, 77}) {
		t.Errorf("the evaluated result is %v", values)
	}
	kept.Close()

	// What was not evaluated holds the memory: an error, and safe all the same.
	copy(data, []float32{1, 2, 3})
	err := mlxc.Borrow(data, func(view *mlxc.Array) error {
		kept = keep(view.Exp())
		return nil
	})
	if onGPU := strings.HasPrefix(os.Getenv("MLXC_DEVICE"), "vulkan"); errors.Is(err, mlxc.ErrBusy) == onGPU { // a GPU takes a copy
		t.Errorf("an unevaluated result gave %v", err)
	}
	kept.Close()

	mine := errors.New("mine")
	if err := mlxc.Borrow(data, func(*mlxc.Array) error { return mine }); err != mine {
		t.Errorf("the function's own error became %v", err)
	}
	if err := mlxc.Borrow(data, func(*mlxc.Array) error { return nil }, 7); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("a shape that does not fit gave %v", err)
	}
	if err := mlxc.Borrow(data, func(view *mlxc.Array) error { view.Reshape(7); return nil }); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("an operation that failed inside gave %v", err)
	}
	if err := mlxc.Borrow([]int64{}, func(view *mlxc.Array) error { return mlxc.Eval(view.Sum()) }); err != nil {
		t.Errorf("no data gave %v", err)
	}
	panics(func() { _ = mlxc.Borrow(data, func(*mlxc.Array) error { panic("inside") }) })
	rows := mlxc.Zeros(mlxc.Float32, 3, 4)
	defer rows.Close()
	before++
	panics(func() {
		for range rows.Rows() {
			panic("inside")
		}
	})
	if live := mlxc.LiveHandles(); live != before {
		t.Errorf("%d handles stayed", live-before)
	}
}

func panics(call func()) {
	defer func() { _ = recover() }()
	call()
}

// keep takes an array out of the scope that it belongs to, whichever that is.
func keep(a *mlxc.Array) *mlxc.Array {
	s := mlxc.NewScope()
	return s.Keep(s.Own(a))
}

func TestArrayErrors(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	a := s.Own(mlxc.NewArray([]float32{1, 2, 3}))
	b := s.Own(mlxc.NewArray([]float32{1, 2}))
	hole := s.Own(mlxc.Placeholder(mlxc.Float32, 2))
	failed := func(arrays ...*mlxc.Array) error { return arrays[0].Err() }
	for name, err := range map[string]error{
		"shapes that do not broadcast":      failed(a.Add(b)),
		"data that does not fit":            failed(mlxc.NewArray([]float32{1, 2}, 3)),
		"an axis out of range":              failed(a.Softmax(7)),
		"an axis beyond 32 bits":            failed(a.Sum(1 << 40)),
		"a slice of another rank":           failed(a.Slice()),
		"a slice of a missing axis":         failed(a.SliceAxis(1, 0, 1)),
		"a missing row":                     failed(a.Row(3)),
		"more axes than there can be":       failed(a.Reshape(make([]int, 100)...)),
		"an unknown operation":              failed(a.Unary(999)),
		"nothing to join":                   failed(mlxc.Concatenate(0)),
		"parts that are not equal":          failed(a.Chunks(0, 2)...),
		"more strides than dimensions":      failed(a.AsStrided([]int{1}, []int{1, 1}, 0)),
		"a bad equation":                    failed(mlxc.Einsum("ij->k", a)),
		"cotangents of another number":      failed(mlxc.VJP([]*mlxc.Array{a}, []*mlxc.Array{a, a}, []*mlxc.Array{a})...),
		"a gradient of many values":         failed(mlxc.Grad(a.Exp(), a)...),
		"a window of another rank":          failed(hole.MaxPool(mlxc.Window{Kernel: []int{1, 2}})),
		"an operation of a failed array":    failed(a.Add(b).Exp().Sum()),
		"reading as another type":           second(mlxc.Read[int32](a)),
		"setting an element of another":     failed(mlxc.With(a, 1.5, 0)),
		"an element that is not there":      second(mlxc.At[float32](a, 3)),
		"a placeholder's values":            second(hole.Float32s()),
		"reading a failed array":            second(a.Add(b).Float32s()),
		"looking at a failed array":         mlxc.View(a.Add(b), func([]float32) error { return nil }),
		"evaluating a failed array":         mlxc.Eval(a, a.Add(b)),
		"a function without output":         second(mlxc.NewFunction([]*mlxc.Array{a}, nil)),
		"a function of a failed array":      second(mlxc.NewFunction([]*mlxc.Array{a}, []*mlxc.Array{a.Add(b)})),
		"the loop over a failed array":      loopError(a.Add(b)),
		"the rows of a failed array":        rowError(a.Add(b)),
		"the rows of a number":              rowError(a.Sum()),
		"coordinates in a failed array":     failed(a.Add(b).Nonzero()...),
		"a state that is not there":         second(mlxc.NewFunction([]*mlxc.Array{a}, []*mlxc.Array{b}, mlxc.StatePair{Input: 3})),
		"an item of an array without items": second(mlxc.Item[float32](s.Own(mlxc.Zeros(mlxc.Float32, 0)))),
	} {
		if !errors.Is(err, mlxc.ErrInvalidArgument) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	closed := mlxc.NewArray([]float32{1})
	closed.Close()
	var none *mlxc.Array
	for name, err := range map[string]error{
		"an operation of a closed array": closed.Exp().Err(),
		"with one":                       a.Add(closed).Err(),
		"reading":                        second(closed.Float32s()),
		"reading nil":                    second(none.Float32s()),
		"evaluating":                     mlxc.Eval(closed),
		"marking":                        closed.RequireGrad(true),
		"a row":                          closed.Row(0).Err(),
		"a slice of an axis":             closed.SliceAxis(0, 0, 1).Err(),
		"chunks":                         failed(closed.Chunks(0, 1)...),
		"no chunks":                      failed(closed.Chunks(0, 0)...),
		"a pool":                         closed.MaxPool(mlxc.Window{Kernel: []int{2, 2}}).Err(),
		"a convolution":                  closed.Convolution(a, nil, mlxc.Window{Stride: []int{1, 1}}).Err(),
		"a transposed convolution":       closed.TransposedConvolution(a, nil, mlxc.Window{}, []int{1, 1}).Err(),
		"coordinates":                    failed(closed.Nonzero()...),
		"the loop over rows":             rowError(closed),
		"the loop over rows of nil":      rowError(none),
		"giving it to a scope":           mlxc.InScope(func(s *mlxc.Scope) error { s.Own(closed); return nil }),
	} {
		if !errors.Is(err, mlxc.ErrClosed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := none.Exp().Err(); err == nil {
		t.Error("an operation of nil did not fail")
	}
	if bad := a.Add(b); bad.Shape() != nil || bad.DType() != -1 || bad.Len() != 0 || bad.Close() != nil {
		t.Errorf("a failed array has shape %v, %s, %d elements", bad.Shape(), bad.DType(), bad.Len())
	}
	var failure *mlxc.Error
	if err := a.Add(b).Exp().Err(); !errors.As(err, &failure) || failure.Op != "Binary" {
		t.Errorf("the first error was lost: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func rowError(a *mlxc.Array) (last error) {
	for _, row := range a.Rows() {
		last = row.Err()
	}
	return last
}

func loopError(a *mlxc.Array) (last error) {
	for _, err := range mlxc.Elements[float32](a) {
		last = err
	}
	return last
}

func TestScopesCloseWhatIsComputed(t *testing.T) {
	before := mlxc.LiveHandles()
	live := func(what string, want int) {
		t.Helper()
		if have := mlxc.LiveHandles() - before; have != want {
			t.Errorf("%s: %d handles, expected %d", what, have, want)
		}
	}
	w := mlxc.NewArray([]float32{2, 3})
	outer, inner := mlxc.NewScope(), mlxc.NewScope()
	x := outer.Own(mlxc.NewArray([]float32{1, 2}))
	y := inner.Own(mlxc.NewArray([]float32{3, 4}))
	x.Add(w)              // outer
	z := x.Add(y)         // inner, the younger
	kept := z.Multiply(w) // inner, and taken out
	inner.Use(x).Square() // two of inner
	u, sv, vh := z.Reshape(1, 2).SVD(false)
	if outer.Len() != 2 || inner.Len() != 9 {
		t.Errorf("%d and %d arrays, expected 2 and 9", outer.Len(), inner.Len())
	}
	_, _, _ = u, sv, vh
	inner.Keep(kept)
	inner.Close()
	inner.Close()
	live("the inner scope is closed", 4) // w, x, x + w, kept
	if values := must(kept.Float32s()); !slices.Equal(values, []float32{8, 18}) {
		t.Errorf("kept %v", values)
	}
	if err := z.Exp().Err(); !errors.Is(err, mlxc.ErrClosed) {
		t.Errorf("an array of a closed scope gave %v", err)
	}
	inner.Own(x) // moves
	if outer.Len() != 1 || inner.Len() != 1 {
		t.Errorf("%d and %d arrays, expected 1 and 1", outer.Len(), inner.Len())
	}
	inner.Own(kept).Exp().Close()
	if inner.Len() != 2 {
		t.Errorf("%d arrays after closing one, expected 2", inner.Len())
	}
	inner.Close()
	outer.Close()
	w.Close()
	live("all is closed", 0)

	s := mlxc.NewScope()
	a := s.Own(mlxc.NewArray([]float32{1, 2, 3}))
	if a.Reshape(2); !errors.Is(s.Err(), mlxc.ErrInvalidArgument) {
		t.Errorf("the scope heard %v", s.Err())
	}
	s.Close()
	if s.Err() != nil {
		t.Errorf("a closed scope remembers %v", s.Err())
	}
	if s.Own(mlxc.NewArray([]float32{1}, 5)); !errors.Is(s.Err(), mlxc.ErrInvalidArgument) {
		t.Errorf("the scope heard %v of what was given to it", s.Err())
	}
	s.Close()
	err := mlxc.InScope(func(s *mlxc.Scope) error { s.Own(mlxc.Scalar(1.0)).Reshape(2); return nil })
	if !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("InScope gave %v", err)
	}
	live("all is closed again", 0)
}

// An array may be given to scopes and closed by any number of goroutines at once: one of them has it in the end, or nobody.
func TestScopesMayCompeteForAnArray(t *testing.T) {
	before := mlxc.LiveHandles()
	for range 300 {
		var scopes [3]*mlxc.Scope
		for i := range scopes {
			scopes[i] = mlxc.NewScope()
		}
		a, other := mlxc.Ones(mlxc.Float32, 2), mlxc.Ones(mlxc.Float32, 2)
		var group sync.WaitGroup
		for i, s := range scopes {
			group.Add(1)
			go func() {
				defer group.Done()
				s.Own(a)
				s.Own(other)
				if i == 2 {
					a.Close()
				}
			}()
		}
		group.Wait()
		held := 0
		for _, s := range scopes {
			held += s.Len()
		}
		if held != 1 {
			t.Fatalf("the scopes hold %d arrays, one of two is open", held)
		}
		for _, s := range scopes {
			s.Close()
		}
	}
	if live := mlxc.LiveHandles(); live != before {
		t.Errorf("%d handles stayed", live-before)
	}
}

func TestFunctionsRunWithNewInputs(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x, sum := s.Own(mlxc.Placeholder(mlxc.Float32, 2)), s.Own(mlxc.Placeholder(mlxc.Float32, 2))
	next := sum.Add(x.Multiply(x))
	function, err := mlxc.NewFunction([]*mlxc.Array{x, sum}, []*mlxc.Array{next}, mlxc.StatePair{Input: 1, Output: 0})
	if err != nil {
		t.Fatal(err)
	}
	defer function.Close()
	if function.Launches() != 1 {
		t.Errorf("%d launches for a product and a sum, which fuse", function.Launches())
	}
	if graph := must(function.DOT()); !strings.HasPrefix(graph, "digraph") {
		t.Errorf("DOT gave %q", graph)
	}
	state := s.Own(mlxc.Full(0, mlxc.Float32, 2))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range 3 {
		out, err := function.Call(ctx, s.Own(mlxc.NewArray([]float32{float32(i), 1})), state)
		if err != nil {
			t.Fatal(err)
		}
		state = out[0]
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
	s := mlxc.NewScope()
	x := s.Own(mlxc.NewArray(make([]float32, 1000)))
	y := x.Exp()
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 50 {
				sum := y.Sum()
				values, err := sum.Float32s()
				if errors.Is(err, mlxc.ErrClosed) {
					return
				}
				if err != nil || values[0] != 1000 {
					t.Errorf("%v, %v", values, err)
				}
				sum.Close()
			}
		}()
	}
	x.Close()
	y.Close()
	group.Wait()
	s.Close()
}
