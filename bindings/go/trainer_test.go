package mlxc_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"libmlxc.dev/go/mlxc"
)

// closer closes what a test made, in the end and in any case.
func closer[T interface{ Close() error }](t *testing.T) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { value.Close() })
		return value
	}
}

// blobs are points around two centres.
func blobs(t *testing.T) *mlxc.Dataset {
	s := mlxc.NewScope()
	defer s.Close()
	noise := mlxc.RandomNormal(s.Own(mlxc.RandomKey(5)), 0, 0.5, mlxc.Float32, 100, 2)
	classes := s.Own(mlxc.Arange(0, 100, 1, mlxc.Int32)).BinaryScalar(mlxc.OpRemainder, 2)
	return closer[*mlxc.Dataset](t)(mlxc.NewDataset(noise.Add(classes.Cast(mlxc.Float32).MultiplyScalar(2).ExpandDims(1)), classes))
}

func newTrainer(t *testing.T, options ...mlxc.TrainerOption) *mlxc.Trainer {
	t.Helper()
	model := mlxc.Sequential(mlxc.Linear(2, 8, true), mlxc.Activation(mlxc.ActTanh), mlxc.Dropout(0.1), mlxc.Linear(8, 2, true))
	defer model.Close()
	parameters := must(mlxc.NewParameters(nil, 3))
	defer parameters.Close()
	optimizer := must(mlxc.Adam())
	defer optimizer.Close()
	return closer[*mlxc.Trainer](t)(mlxc.NewTrainer(model, parameters, optimizer, options...))
}

func TestTrainerFits(t *testing.T) {
	data := blobs(t)
	first, second, err := data.Split(0.8, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	defer second.Close()
	if first.Samples() != 80 || second.Samples() != 20 {
		t.Fatalf("%d and %d samples", first.Samples(), second.Samples())
	}
	train := closer[*mlxc.Loader](t)(mlxc.NewLoader(first, mlxc.BatchSize(16), mlxc.Shuffle(2)))
	checks := closer[*mlxc.Loader](t)(mlxc.NewLoader(second, mlxc.Prefetch(0)))
	trainer := newTrainer(t, mlxc.WithSchedule(mlxc.CosineRate(0.05, 0.001, 100)), mlxc.WithClipNorm(5), mlxc.WithTrainSeed(4))
	folder := t.TempDir()
	options := mlxc.FitOptions{Epochs: 20, CSVLog: filepath.Join(folder, "log.csv"), JSONLog: filepath.Join(folder, "log.jsonl"), Checkpoint: filepath.Join(folder, "checkpoint")}
	steps, epochs := 0, 0
	var last mlxc.TrainEvent
	for event, err := range trainer.Fit(context.Background(), train, checks, options) {
		if err != nil {
			t.Fatal(err)
		}
		switch event.Kind {
		case mlxc.TrainStep:
			if event.Step != steps || event.Samples != 16 || event.Batches != 5 || math.IsNaN(event.GradientNorm) || event.LearningRate <= 0 {
				t.Errorf("step %d is %+v", steps, event)
			}
			steps++
		case mlxc.TrainEpoch:
			epochs++
			last = event
		}
	}
	if steps != 100 || epochs != 20 || last.ValidationAccuracy < 0.9 || last.Loss > 0.3 || !(last.SamplesPerSecond > 0) {
		t.Errorf("%d steps, %d epochs, the last %+v", steps, epochs, last)
	}
	if log := must(os.ReadFile(options.JSONLog)); bytes.Count(log, []byte("\n")) != 120 {
		t.Errorf("%d lines in the log", bytes.Count(log, []byte("\n")))
	}
	if _, err := os.Stat(options.Checkpoint); err != nil {
		t.Error(err)
	}
	loss, accuracy, err := trainer.Evaluate(context.Background(), checks)
	if err != nil || math.Abs(loss-last.ValidationLoss) > 1e-6 || accuracy != last.ValidationAccuracy {
		t.Errorf("evaluated %g and %g, %v; the last epoch had %+v", loss, accuracy, err, last)
	}
	if epoch, batch, step, err := trainer.Position(); err != nil || epoch != 20 || batch != 0 || step != 100 {
		t.Errorf("at epoch %d, batch %d, step %d, %v", epoch, batch, step, err)
	}
	for _, bins := range []int{-1, 0, 1 << 60} {
		if _, _, _, err := trainer.Histogram("0.weight", bins); !errors.Is(err, mlxc.ErrInvalidArgument) {
			t.Errorf("a histogram of %d bins gave %v", bins, err)
		}
	}
	counts, low, high, err := trainer.Histogram("0.weight", 4)
	total := int64(0)
	for _, count := range counts {
		total += count
	}
	if err != nil || total != 16 || !(low < high) {
		t.Errorf("histogram %v from %g to %g, %v", counts, low, high, err)
	}
	parameters := closer[*mlxc.Parameters](t)(trainer.Parameters())
	if names := must(parameters.Names(mlxc.AllParameters)); !slices.Equal(names, []string{"0.bias", "0.weight", "3.bias", "3.weight"}) {
		t.Errorf("names %v", names)
	}
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{0, 0, 2, 2}, 2, 2))
	if classes, err := mlxc.Read[int64](trainer.Predict(x, 1).ArgMax(1, false)); err != nil || !slices.Equal(classes, []int64{0, 1}) {
		t.Errorf("predicted %v, %v", classes, err)
	}
	if err := trainer.SetLearningRate(0.5); err != nil || must(trainer.LearningRate()) != 0.5 {
		t.Errorf("the rate is %g, %v", must(trainer.LearningRate()), err)
	}
	if event, err := trainer.Step(x, s.Own(mlxc.NewArray([]int32{0, 1}))); err != nil || event.Kind != mlxc.TrainStep || event.Samples != 2 {
		t.Errorf("a step by hand gave %+v, %v", event, err)
	}
}

// Leaving the loop, a context's end and a checkpoint all go on with the losses of an unbroken run.
func TestTrainingGoesOnWhereItWas(t *testing.T) {
	data := blobs(t)
	train := closer[*mlxc.Loader](t)(mlxc.NewLoader(data, mlxc.BatchSize(30), mlxc.Shuffle(9)))
	options := mlxc.FitOptions{Epochs: 3}
	losses := func(trainer *mlxc.Trainer, ctx context.Context, most int, leave func()) (list []float64, last error) {
		for event, err := range trainer.Fit(ctx, train, nil, options) {
			if err != nil {
				return list, err
			}
			if event.Kind == mlxc.TrainStep {
				list = append(list, event.Loss)
			}
			if len(list) == most {
				if leave == nil {
					break
				}
				leave()
			}
		}
		return list, nil
	}
	ctx := context.Background()
	want := must(losses(newTrainer(t), ctx, -1, nil))
	if len(want) != 12 {
		t.Fatalf("%d steps", len(want))
	}
	left := newTrainer(t)
	got := must(losses(left, ctx, 5, nil))
	path := filepath.Join(t.TempDir(), "state")
	if err := left.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded := newTrainer(t)
	if err := loaded.Load(path); err != nil {
		t.Fatal(err)
	}
	for name, trainer := range map[string]*mlxc.Trainer{"left": left, "loaded": loaded} {
		if list := slices.Concat(got, must(losses(trainer, ctx, -1, nil))); !slices.Equal(list, want) {
			t.Errorf("%s: %v, unbroken %v", name, list, want)
		}
	}
	cancelled := newTrainer(t)
	ended, cancel := context.WithCancel(ctx)
	part, err := losses(cancelled, ended, 4, cancel)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a context's end gave %v", err)
	}
	if list := slices.Concat(part, must(losses(cancelled, ctx, -1, nil))); !slices.Equal(list, want) {
		t.Errorf("cancelled: %v, unbroken %v", list, want)
	}
	closed := newTrainer(t)
	if _, err := losses(closed, ctx, 2, func() { closed.Close() }); !errors.Is(err, mlxc.ErrClosed) {
		t.Errorf("Close inside the loop gave %v", err)
	}
	for range closed.Fit(ctx, train, nil, options) {
	}
	if _, _, err := closed.Evaluate(ctx, train); !errors.Is(err, mlxc.ErrClosed) {
		t.Errorf("a closed trainer gave %v", err)
	}
}

func TestDatasetsAndLoaders(t *testing.T) {
	folder := t.TempDir()
	table := filepath.Join(folder, "table.csv")
	if err := os.WriteFile(table, []byte("a;b;kind\n1;2;cat\n3;4;dog\n5;6;cat\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	open := closer[*mlxc.Dataset](t)
	csv := open(mlxc.OpenCSV(table, mlxc.CSV{Target: mlxc.CSVClasses, Columns: []int{-1}, Separator: ';'}))
	if names := must(csv.ClassNames()); !slices.Equal(names, []string{"cat", "dog"}) || csv.Samples() != 3 {
		t.Errorf("classes %v of %d samples", names, csv.Samples())
	}
	fields := must(csv.Fields())
	if len(fields) != 2 || fields[0].DType != mlxc.Float32 || !slices.Equal(fields[0].Shape, []int{2}) || fields[1].DType != mlxc.Int32 || fields[1].Shape != nil {
		t.Errorf("fields %+v", fields)
	}
	chosen := open(csv.Select(2, 0))
	s := mlxc.NewScope()
	defer s.Close()
	for i, a := range must(chosen.Read(nil, 0, 1)) {
		want := [][]float32{{5, 6, 1, 2}, {0, 0}}[i]
		if values := must(s.Own(a).Float32s()); !slices.Equal(values, want) {
			t.Errorf("field %d is %v", i, values)
		}
	}
	random := open(mlxc.RandomDataset(10, []int{2, 3}, 4, 1))
	tokens := open(mlxc.TokenWindows([]int32{1, 2, 3, 4, 5, 6, 7}, 3, 2))
	if random.Samples() != 10 || tokens.Samples() != 2 {
		t.Errorf("%d random samples, %d windows", random.Samples(), tokens.Samples())
	}
	tokenizer := closer[*mlxc.Tokenizer](t)(mlxc.LoadTokenizer(fable))
	if text := open(mlxc.TextWindows(tokenizer, stringsOf("Once upon a time. ", 20), 8, 8)); text.Samples() == 0 {
		t.Error("a text has no window")
	}
	parameters := closer[*mlxc.Parameters](t)(mlxc.NewParameters(nil, 1))
	linear := mlxc.Linear(3, 3, true)
	defer linear.Close()
	s.Own(linear.Forward(parameters, s.Own(mlxc.Zeros(mlxc.Float32, 1, 3)), mlxc.Pass{}))
	saved := filepath.Join(folder, "tensors.safetensors")
	if err := parameters.Save(saved); err != nil {
		t.Fatal(err)
	}
	if tensors := open(mlxc.OpenSafetensors(saved, "weight", "bias")); tensors.Samples() != 3 {
		t.Errorf("%d samples", tensors.Samples())
	}
	loader := closer[*mlxc.Loader](t)(mlxc.NewLoader(random, mlxc.BatchSize(4), mlxc.DropLast()))
	if loader.Batches() != 2 {
		t.Errorf("%d batches", loader.Batches())
	}
	var seen []float32
	for epoch := range 2 {
		for batch, err := range loader.Epoch(context.Background(), nil, epoch) {
			if err != nil || batch.Samples != 4 || !slices.Equal(batch.Fields[0].Shape(), []int{4, 2, 3}) {
				t.Fatalf("batch %+v, %v", batch, err)
			}
			seen = append(seen, must(batch.Fields[0].Row(0).Row(0).Row(0).Float32()))
			if epoch == 1 {
				break
			}
		}
	}
	if len(seen) != 3 || seen[0] != seen[2] || seen[0] == seen[1] {
		t.Errorf("batches begin with %v", seen)
	}
	for name, err := range map[string]error{
		"a missing file":   second(mlxc.OpenNPY(filepath.Join(folder, "none"))),
		"a missing table":  second(mlxc.OpenCSV(filepath.Join(folder, "none"), mlxc.CSV{})),
		"a missing tensor": second(mlxc.OpenSafetensors(saved, "none")),
	} {
		if !errors.Is(err, mlxc.ErrNotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := mlxc.OpenNPY("a\x00b"); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("a path with NUL gave %v", err)
	}
}
