package mlxc_test

import (
	"errors"
	"testing"

	"libmlxc.dev/go/mlxc"
)

// Lazy arrays may be larger than any memory. Reading one is an error of the library's, not the end of the process.
func TestReadingMoreThanMemoryIsAnError(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	one := s.Own(mlxc.Scalar(float32(1)))
	for name, a := range map[string]*mlxc.Array{
		"64 TiB":                          s.Own(mlxc.Zeros(mlxc.Float32, 1<<44)),
		"more than an address":            s.Own(mlxc.Zeros(mlxc.Float32, 1<<59)),
		"one number, broadcast":           one.Broadcast(1<<22, 1<<22),
		"one number, broadcast even more": one.Broadcast(1<<20, 1<<30, 1<<9),
		"another type":                    one.Broadcast(1<<22, 1<<22).Cast(mlxc.Float64),
	} {
		_, err := a.Float32s()
		_, bytes := a.Bytes()
		if !errors.Is(err, mlxc.ErrOutOfMemory) || !errors.Is(bytes, mlxc.ErrOutOfMemory) {
			t.Errorf("%s: got %v, bytes %v", name, err, bytes)
		}
	}
	if values := must(one.Broadcast(3, 2).Float32s()); len(values) != 6 || values[5] != 1 {
		t.Errorf("a broadcast number reads %v", values)
	}
}

func TestCountsBeyondAnyListAreErrors(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	a, empty, key := s.Own(mlxc.Zeros(mlxc.Float32, 12)), s.Own(mlxc.Zeros(mlxc.Float32, 0)), s.Own(mlxc.RandomKey(1))
	for name, list := range map[string][]*mlxc.Array{
		"chunks": a.Chunks(0, 1<<60), "chunks of nothing": empty.Chunks(0, 1<<60), "no chunks": a.Chunks(0, 0), "less than none": a.Chunks(0, -1),
		"keys": mlxc.SplitKey(key, 1<<60), "less than no keys": mlxc.SplitKey(key, -1),
	} {
		if len(list) != 1 || !errors.Is(list[0].Err(), mlxc.ErrInvalidArgument) {
			t.Errorf("%s: %d arrays", name, len(list))
		}
	}
	if none := mlxc.SplitKey(key, 0); len(none) != 0 {
		t.Errorf("no keys are %d", len(none))
	}
}
