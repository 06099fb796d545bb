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

// What the library reads as 32 bits must not become another number on the way.
func TestNumbersBeyond32BitsAreErrors(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	parameters := must(mlxc.NewParameters(nil, 1))
	defer parameters.Close()
	module := mlxc.Softmax(1 << 32)
	defer module.Close()
	model := load(t, fable)
	_, _, top := stream(t.Context(), model, "a", mlxc.MaxTokens(1), mlxc.TopLogprobs(1<<32+2))
	_, batch := model.GenerateBatch(t.Context(), []string{"a"}, mlxc.MaxTokens(1), mlxc.TopLogprobs(1<<32+2))
	for name, err := range map[string]error{
		"an axis of a module": module.Forward(parameters, s.Own(mlxc.Ones(mlxc.Float32, 2, 3)), mlxc.Pass{}).Err(),
		"top logprobs":        top, "top logprobs of a batch": batch,
		"threads": second(mlxc.LoadModel(fable, mlxc.WithThreads(1<<32))),
	} {
		if !errors.Is(err, mlxc.ErrInvalidArgument) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNilValuesAreClosedOnes(t *testing.T) {
	if err := (*mlxc.Scope)(nil).Close(); err != nil {
		t.Error(err)
	}
	if _, err := (*mlxc.Stepper)(nil).Step(nil, 1); !errors.Is(err, mlxc.ErrClosed) {
		t.Errorf("no stepper gave %v", err)
	}
	if _, err := mlxc.NewStepper(nil, nil).Step(nil, 1); !errors.Is(err, mlxc.ErrClosed) {
		t.Errorf("a stepper of nothing gave %v", err)
	}
	select {
	case <-(*mlxc.Fence)(nil).Done():
	default:
		t.Error("no fence is never done")
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
