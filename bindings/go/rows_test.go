package mlxc_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"libmlxc.dev/go/mlxc"
)

// vote is a small classifier of rows of eight bytes.
func vote(t testing.TB) *mlxc.Function {
	t.Helper()
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.Placeholder(mlxc.Uint8, 1, 8))
	weights := mlxc.RandomNormal(s.Own(mlxc.RandomKey(1)), 0, 0.1, mlxc.Float32, 8, 16)
	last := mlxc.RandomNormal(s.Own(mlxc.RandomKey(2)), 0, 0.1, mlxc.Float32, 16, 1)
	function, err := mlxc.NewFunction([]*mlxc.Array{x}, []*mlxc.Array{x.Cast(mlxc.Float32).Matmul(weights).ReLU().Matmul(last)})
	if err != nil {
		t.Fatal(err)
	}
	return function
}

func TestRowsOfAnyNumber(t *testing.T) {
	function := vote(t)
	defer function.Close()
	const most = 70001
	rows := make([]uint8, most*8)
	for i := range rows {
		rows[i] = uint8(i * 7919 >> 3)
	}
	ctx := context.Background()
	all := make([]float32, most)
	if _, err := mlxc.RunRows(ctx, function, rows, all); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, count := range []int{1, 2, 7, 100, 1000, 1025, 10000, most} {
		group.Add(1)
		go func() { // callers at the same time, each with a buffer of its own
			defer group.Done()
			results := make([]float32, count)
			mean, err := mlxc.RunRows(ctx, function, rows[:count*8], results)
			sum := 0.0
			for _, value := range results {
				sum += float64(value)
			}
			same := slices.EqualFunc(results, all[:count], func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-4 })
			if err != nil || !same || mean != sum/float64(count) {
				t.Errorf("%d rows: mean %g, expected %g; %v", count, mean, sum/float64(count), err)
			}
		}()
	}
	group.Wait()
	if mean, err := mlxc.RunRows(ctx, function, []uint8{}, []float32(nil)); err != nil || !math.IsNaN(mean) {
		t.Errorf("no rows have the mean %g, %v", mean, err)
	}
	if err := mlxc.RunRowsInto(ctx, function, rows[:16], all); err != nil {
		t.Error(err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	if _, err := mlxc.RunRows(cancelled, function, rows, all); err != nil {
		t.Error(err)
	}
	cancel()
	if _, err := mlxc.RunRows(cancelled, function, rows, all); !errors.Is(err, context.Canceled) {
		t.Errorf("a spent context gave %v", err)
	}
	for name, err := range map[string]error{
		"rows of another type":    second(mlxc.RunRows(ctx, function, []int8{1}, all)),
		"results of another type": second(mlxc.RunRows(ctx, function, rows, []float64{1})),
		"half a row":              second(mlxc.RunRows(ctx, function, rows[:4], all)),
	} {
		if !errors.Is(err, mlxc.ErrInvalidArgument) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	function.Close()
	if _, err := mlxc.RunRows(ctx, function, rows, all); !errors.Is(err, mlxc.ErrClosed) {
		t.Errorf("a closed function gave %v", err)
	}
}

func TestRowsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	function := vote(t)
	defer function.Close()
	rows, results := make([]uint8, 100*8), make([]float32, 100)
	ctx := context.Background()
	if allocations := testing.AllocsPerRun(100, func() { _, _ = mlxc.RunRows(ctx, function, rows, results) }); allocations != 0 {
		t.Errorf("%g allocations a call", allocations)
	}
}

func ExampleRunRows() {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.Placeholder(mlxc.Float32, 1, 2)) // rows of two features, any number of them
	norm, err := mlxc.NewFunction([]*mlxc.Array{x}, []*mlxc.Array{x.VectorNorm(2, false, 1)})
	if err != nil {
		panic(err)
	}
	defer norm.Close()
	lengths := make([]float32, 3)
	mean, err := mlxc.RunRows(context.Background(), norm, []float32{3, 4, 6, 8, 0, 0}, lengths)
	fmt.Println(lengths, mean, err)
	// Output: [5 10 0] 5 <nil>
}
