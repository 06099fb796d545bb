package mlxc_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"libmlxc.dev/go/mlxc"
)

// xor is a problem that no single layer solves.
func xor(s *mlxc.Scope) (x, y *mlxc.Array) {
	return s.Own(mlxc.NewArray([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)), s.Own(mlxc.NewArray([]float32{0, 1, 1, 0}, 4, 1))
}

func mlp() *mlxc.Module {
	return mlxc.Sequential(mlxc.Linear(2, 16, true), mlxc.Activation(mlxc.ActTanh), mlxc.Linear(16, 1, true))
}

func TestTrainingByHand(t *testing.T) {
	for name, c := range map[string]struct {
		make func(...mlxc.OptimizerOption) (*mlxc.Optimizer, error)
		with []mlxc.OptimizerOption
		rate float64
		clip float64
	}{
		"SGD":     {mlxc.SGD, []mlxc.OptimizerOption{mlxc.WithMomentum(0.9, 0, true)}, 0.2, 1},
		"Adam":    {mlxc.Adam, []mlxc.OptimizerOption{mlxc.WithBetas(0.9, 0.99), mlxc.WithEps(1e-7)}, 0.03, 0},
		"AdamW":   {mlxc.AdamW, []mlxc.OptimizerOption{mlxc.WithWeightDecay(1e-4)}, 0.03, 0},
		"Lion":    {mlxc.Lion, nil, 0.005, 0},
		"RMSProp": {mlxc.RMSProp, []mlxc.OptimizerOption{mlxc.WithAlpha(0.95, true)}, 0.01, 0},
	} {
		s := mlxc.NewScope()
		x, y := xor(s)
		model := mlp()
		parameters := must(mlxc.NewParameters(nil, 1))
		optimizer := must(c.make(c.with...))
		stepper := mlxc.NewStepper(optimizer, parameters)
		stepper.MaxNorm = c.clip
		var first, last float32
		for step := range 200 {
			inner := mlxc.NewScope()
			loss := mlxc.BinaryCrossEntropy(model.Forward(parameters, inner.Use(x), mlxc.Pass{Training: true}), y, nil, mlxc.ReductionMean)
			value, err := stepper.Step(loss, c.rate)
			inner.Close()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if step == 0 {
				first = value
			}
			last = value
		}
		if !(first > 0.5 && last < 0.2) {
			t.Errorf("%s: the loss went from %g to %g", name, first, last)
		}
		for _, value := range []interface{ Close() error }{stepper, optimizer, parameters, model, s} {
			value.Close()
		}
	}
}

// A step is one program: forward, loss, gradients and update, with parameters and states that stay where they lie.
// Nothing of a step that failed is kept, the states of a first one neither.
func TestAFailedStepLeavesTheStepperAsItWas(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	parameters := must(mlxc.NewParameters(nil, 1))
	defer parameters.Close()
	optimizer := must(mlxc.SGD(mlxc.WithMomentum(0.9, 0, false)))
	defer optimizer.Close()
	linear := mlxc.Linear(3, 1, true)
	defer linear.Close()
	stepper := mlxc.NewStepper(optimizer, parameters)
	defer stepper.Close()
	x := s.Own(mlxc.Ones(mlxc.Float32, 2, 3))
	if _, err := stepper.Step(x.Sum(), 0.1); err == nil {
		t.Error("a step without parameters went well")
	}
	for _, bad := range []*mlxc.Array{linear.Forward(parameters, x, mlxc.Pass{}), nil} {
		if _, err := stepper.Step(bad, 0.1); err == nil {
			t.Error("a step against no loss went well")
		}
		for range 2 {
			if _, err := stepper.Step(linear.Forward(parameters, x, mlxc.Pass{}).Sum(), 0.1); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestATrainingStepIsOneFunction(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x, y := xor(s)
	model := mlp()
	defer model.Close()
	parameters := must(mlxc.NewParameters(nil, 1))
	defer parameters.Close()
	optimizer := must(mlxc.Adam())
	defer optimizer.Close()
	s.Own(model.Forward(parameters, x, mlxc.Pass{}))
	values := parameters.Values(s, mlxc.TrainedParameters)
	states := optimizer.InitialStates(values...)
	for _, state := range states {
		s.Own(state)
	}

	like := func(arrays []*mlxc.Array) []*mlxc.Array {
		holes := make([]*mlxc.Array, len(arrays))
		for i, a := range arrays {
			holes[i] = s.Own(mlxc.Placeholder(a.DType(), a.Shape()...))
		}
		return holes
	}
	in, target, rate := s.Own(mlxc.Placeholder(mlxc.Float32, 4, 2)), s.Own(mlxc.Placeholder(mlxc.Float32, 4, 1)), s.Own(mlxc.Placeholder(mlxc.Float32))
	parameterHoles, stateHoles := like(values), like(states)
	graph := must(parameters.Copy())
	defer graph.Close()
	if err := graph.Set(mlxc.TrainedParameters, parameterHoles...); err != nil {
		t.Fatal(err)
	}
	loss := mlxc.SquaredError(model.Forward(graph, in, mlxc.Pass{Training: true}), target, mlxc.ReductionMean)
	newValues, newStates := optimizer.Update(parameterHoles, mlxc.Grad(loss, parameterHoles...), stateHoles, rate)
	var pairs []mlxc.StatePair
	for i := range len(values) + len(states) {
		pairs = append(pairs, mlxc.StatePair{Input: 3 + i, Output: 1 + i})
	}
	step, err := mlxc.NewFunction(slices.Concat([]*mlxc.Array{in, target, rate}, parameterHoles, stateHoles),
		slices.Concat([]*mlxc.Array{loss}, newValues, newStates), pairs...)
	if err != nil {
		t.Fatal(err)
	}
	defer step.Close()

	state := slices.Concat(values, states)
	var losses []float32
	for range 100 {
		inner := mlxc.NewScope()
		now := inner.Own(mlxc.Scalar(float32(0.05)))
		out, err := step.Call(context.Background(), slices.Concat([]*mlxc.Array{x, y, now}, state)...)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, must(out[0].Float32()))
		for i, a := range out[1:] {
			state[i] = s.Own(a)
		}
		inner.Close()
	}
	if first, last := losses[0], losses[len(losses)-1]; !(last < first/10) {
		t.Errorf("the loss went from %g to %g", first, last)
	}
}

func TestParameters(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.Ones(mlxc.Float32, 2, 3, 4, 4))
	model := mlxc.Sequential(mlxc.Convolution(3, 4, mlxc.Window{Kernel: []int{3, 3}, Padding: []int{1}}, false), mlxc.BatchNorm(4, 1e-5, 0.1),
		mlxc.ActivationBy(mlxc.ActLeakyReLU, 0.2), mlxc.MaxPool(mlxc.Window{Kernel: []int{2, 2}}), mlxc.AveragePool(mlxc.Window{Kernel: []int{2, 2}}),
		mlxc.Flatten(), mlxc.Dropout(0.5), mlxc.Residual(mlxc.Linear(4, 4, true)))
	defer model.Close()
	parameters := must(mlxc.NewParameters(nil, 7))
	defer parameters.Close()
	key := s.Own(mlxc.RandomKey(1))
	out := model.Forward(parameters, x, mlxc.Pass{Training: true, Key: key})
	if shape := out.Shape(); !slices.Equal(shape, []int{2, 4}) {
		t.Fatalf("shape %v, %v", shape, out.Err())
	}
	want := []string{"0.weight", "1.bias", "1.running_mean", "1.running_var", "1.weight", "7.bias", "7.weight"}
	if names := must(parameters.Names(mlxc.AllParameters)); !slices.Equal(names, want) {
		t.Errorf("names %v", names)
	}
	if names, elements := parameters.Count(mlxc.TrainedParameters); names != 5 || elements != 3*4*9+4+4+4+16 {
		t.Errorf("%d names, %d elements", names, elements)
	}
	if count := must(parameters.Freeze("0", true)); count != 1 {
		t.Errorf("%d frozen", count)
	}
	if names, _ := parameters.Count(mlxc.TrainedParameters); names != 4 {
		t.Errorf("%d trained names beside a frozen one", names)
	}
	if count := must(parameters.Draw("7", mlxc.InitialConstant, 3)); count != 1 {
		t.Errorf("%d drawn", count)
	}
	path := filepath.Join(t.TempDir(), "parameters.safetensors")
	if err := parameters.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded := must(mlxc.NewParameters(nil, 8))
	defer loaded.Close()
	if err := loaded.Load(path, true); err != nil {
		t.Fatal(err)
	}
	if err := loaded.ToDevice(nil); err != nil {
		t.Fatal(err)
	}
	seen := 0
	saved := parameters.Values(s, mlxc.AllParameters)
	for name, value := range loaded.All(mlxc.AllParameters) {
		if same := must(mlxc.Item[bool](value.AllEqual(saved[seen], true))); !same || name != want[seen] {
			t.Errorf("%s came back otherwise", name)
		}
		if seen++; name == "7.weight" && must(value.Row(0).Row(0).Float32()) != 3 {
			t.Errorf("the drawn weight is %v", must(value.Float32s()))
		}
	}
	if seen != len(want) {
		t.Errorf("the loop saw %d", seen)
	}
	if err := loaded.Load(filepath.Join(t.TempDir(), "none"), true); !errors.Is(err, mlxc.ErrNotFound) {
		t.Errorf("a missing file gave %v", err)
	}
	if err := loaded.Set(mlxc.AllParameters, out); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("one value for seven names gave %v", err)
	}
}

func TestModulesAndTheirErrors(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	parameters := must(mlxc.NewParameters(nil, 7))
	x := s.Own(mlxc.Ones(mlxc.Float32, 2, 3, 8))
	ids := s.Own(mlxc.NewArray([]int32{1, 0, 2}))
	for name, c := range map[string]struct {
		module *mlxc.Module
		in     *mlxc.Array
		shape  []int
	}{
		"a": {mlxc.LayerNorm(8, 1e-5), x, []int{2, 3, 8}}, "b": {mlxc.RMSNorm(8, 1e-5), x, []int{2, 3, 8}}, "c": {mlxc.GroupNorm(3, 3, 1e-5), x, []int{2, 3, 8}},
		"d": {mlxc.Embedding(4, 5), ids, []int{3, 5}}, "e": {mlxc.SelfAttention(8, 2, true, true), x, []int{2, 3, 8}},
		"f": {mlxc.Recurrent(mlxc.CellGRU, 8, 6, true), x, []int{2, 3, 6}}, "g": {mlxc.Linear(8, 2, false), x, []int{2, 3, 2}},
		"h": {mlxc.TransposedConvolution(3, 4, mlxc.Window{Kernel: []int{3}, Stride: []int{2}}, []int{1}, true), x, []int{2, 4, 18}},
		"i": {mlxc.Softmax(-1), x, []int{2, 3, 8}}, "j": {mlxc.LogSoftmax(1), x, []int{2, 3, 8}},
		"k": {mlxc.RecurrentLayers(mlxc.CellLSTM, 8, 5, mlxc.RecurrentOptions{Layers: 2, BatchFirst: true, Bidirectional: true}), x, []int{2, 3, 10}},
		"l": {mlxc.RecurrentLayers(mlxc.CellGRU, 8, 5, mlxc.RecurrentOptions{NoBias: true, BatchFirst: true, Last: true}), x, []int{2, 5}},
	} {
		fresh := must(mlxc.NewParameters(nil, 1))
		if out := c.module.Forward(fresh, c.in, mlxc.Pass{}); !slices.Equal(out.Shape(), c.shape) || mlxc.Eval(out) != nil {
			t.Errorf("%s: shape %v, %v", name, out.Shape(), out.Err())
		}
		fresh.Close()
		c.module.Close()
	}
	for name, module := range map[string]*mlxc.Module{
		"a negative size": mlxc.Linear(-1, 2, true), "a window of two lengths": mlxc.Convolution(1, 1, mlxc.Window{Kernel: []int{1, 1}, Stride: []int{1, 1, 1}}, true),
		"an output padding of two lengths": mlxc.TransposedConvolution(1, 1, mlxc.Window{Kernel: []int{1, 1}}, []int{1, 1, 1}, true),
		"a dropout of one":                 mlxc.RecurrentLayers(mlxc.CellGRU, 1, 1, mlxc.RecurrentOptions{Dropout: 1}),
		"a part that failed":               mlxc.Sequential(mlxc.Flatten(), mlxc.Linear(-1, 2, true)), "an unknown activation": mlxc.Activation(999),
		"a residual of one": mlxc.Residual(mlxc.Linear(0, -1, true)),
	} {
		if err := module.Err(); !errors.Is(err, mlxc.ErrInvalidArgument) {
			t.Errorf("%s: got %v", name, err)
		}
		if err := module.Forward(parameters, x, mlxc.Pass{}).Err(); !errors.Is(err, mlxc.ErrInvalidArgument) {
			t.Errorf("%s: Forward gave %v", name, err)
		}
		module.Close()
	}
	closed := mlxc.Flatten()
	closed.Close()
	optimizer := must(mlxc.SGD())
	optimizer.Close()
	parameters.Close()
	open := mlxc.Flatten()
	defer open.Close()
	_, states := optimizer.Update(nil, nil, []*mlxc.Array{x}, x)
	for name, err := range map[string]error{
		"Forward of a closed module":     closed.Forward(parameters, x, mlxc.Pass{}).Err(),
		"Forward of closed parameters":   open.Forward(parameters, x, mlxc.Pass{}).Err(),
		"a part that is closed":          mlxc.Sequential(closed).Err(),
		"Names":                          second(parameters.Names(mlxc.AllParameters)),
		"Save":                           parameters.Save("x"),
		"Set":                            parameters.Set(mlxc.AllParameters),
		"Copy":                           second(parameters.Copy()),
		"InitialStates":                  optimizer.InitialStates(x)[0].Err(),
		"Update":                         states[0].Err(),
		"a nil module":                   (*mlxc.Module)(nil).Forward(parameters, x, mlxc.Pass{}).Err(),
		"a step with a closed optimizer": second(mlxc.NewStepper(optimizer, parameters).Step(x.Sum(), 1)),
	} {
		if !errors.Is(err, mlxc.ErrClosed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestLossesAndClipping(t *testing.T) {
	s := mlxc.NewScope()
	defer s.Close()
	p, y := s.Own(mlxc.NewArray([]float32{1, 2, 4})), s.Own(mlxc.NewArray([]float32{1, 0, 1}))
	logits := s.Own(mlxc.NewArray([]float32{0, 0, 0, 0}, 2, 2))
	classes := s.Own(mlxc.NewArray([]int64{1, -100}))
	one := 1
	clipped, norm := mlxc.ClipNorm(2.5, s.Own(mlxc.NewArray([]float32{3})), s.Own(mlxc.NewArray([]float32{4})))
	ln2 := float32(math.Ln2)
	check(t, []operation{
		{"SquaredError", mlxc.SquaredError(p, y, mlxc.ReductionSum), []int{}, []float32{13}}, {"AbsoluteError", mlxc.AbsoluteError(p, y, mlxc.ReductionMean), []int{}, []float32{5. / 3}},
		{"Huber", mlxc.Huber(p, y, 1, mlxc.ReductionNone), []int{3}, []float32{0, 1.5, 2.5}}, {"CrossEntropy", mlxc.CrossEntropy(logits, classes), []int{}, []float32{ln2}},
		{"CrossEntropyBy", mlxc.CrossEntropyBy(logits, s.Own(mlxc.NewArray([]int64{1, 0})), mlxc.CrossEntropyOptions{IgnoreIndex: &one, Reduction: mlxc.ReductionSum}), []int{}, []float32{ln2}},
		{"BinaryCrossEntropy", mlxc.BinaryCrossEntropy(logits, logits, nil, mlxc.ReductionMean), []int{}, []float32{ln2}},
		{"KLDivergence", mlxc.KLDivergence(y.MultiplyScalar(0), p, mlxc.ReductionBatchMean), []int{}, []float32{float32((2*math.Ln2 + 4*math.Log(4)) / 3)}},
		{"ClipNorm", clipped[1], []int{1}, []float32{2}}, {"ClipNorm, norm", norm, []int{}, []float32{5}},
		{"ClipValue", mlxc.ClipValue(1.5, p)[0], []int{3}, []float32{1, 1.5, 1.5}},
	})
}

func TestSchedules(t *testing.T) {
	for name, c := range map[string]struct {
		schedule mlxc.Schedule
		step     int
		want     float64
	}{
		"constant": {mlxc.ConstantRate(0.1), 1000, 0.1}, "step": {mlxc.StepRate(1, 0.5, 10), 25, 0.25}, "cosine": {mlxc.CosineRate(1, 0, 100), 50, 0.5},
		"one cycle": {mlxc.OneCycleRate(1, 101, 0.3), 0, 1. / 25}, "warm up": {mlxc.ConstantRate(1).WarmUp(3), 1, 0.5},
	} {
		if rate, err := c.schedule.Rate(c.step); err != nil || math.Abs(rate-c.want) > 1e-12 {
			t.Errorf("%s: %g, %v; expected %g", name, rate, err, c.want)
		}
	}
	if _, err := mlxc.ConstantRate(1).Rate(-1); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("a negative step gave %v", err)
	}
}
