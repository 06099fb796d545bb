package mlxc_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"libmlxc.dev/go/mlxc"
)

// The library keeps one place for each loader and trainer: a loop inside of a loop ends the outer one, which hears of it.
func TestALoopInsideEndsTheOuterOne(t *testing.T) {
	ctx := context.Background()
	loader := closer[*mlxc.Loader](t)(mlxc.NewLoader(blobs(t), mlxc.BatchSize(10)))
	outer, inner := 0, 0
	var last error
	for _, err := range loader.Epoch(ctx, nil, 0) {
		if last = err; err != nil {
			break
		}
		if outer++; outer == 2 {
			for _, err := range loader.Epoch(ctx, nil, 1) {
				if err != nil {
					t.Error(err)
				}
				inner++
			}
		}
	}
	if outer != 2 || inner != 10 || !errors.Is(last, mlxc.ErrBusy) {
		t.Errorf("loader: %d batches outside, %d inside, then %v", outer, inner, last)
	}

	trainer := newTrainer(t)
	steps, most := 0, 2
	last = nil
	for _, err := range trainer.Fit(ctx, loader, nil, mlxc.FitOptions{Epochs: 3}) {
		if last = err; err != nil {
			break
		}
		if steps++; steps == most {
			for _, err := range trainer.Fit(ctx, loader, nil, mlxc.FitOptions{Epochs: 3}) {
				if err != nil {
					t.Error(err)
				}
				break // even one that was left has ended the outer loop
			}
		}
	}
	if steps != most || !errors.Is(last, mlxc.ErrBusy) {
		t.Errorf("trainer: %d steps outside, then %v", steps, last)
	}
	last, steps = nil, 0
	for _, err := range trainer.Fit(ctx, loader, nil, mlxc.FitOptions{Epochs: 3}) {
		last = err
		steps++
	}
	if last != nil || steps != 30 { // 27 steps that are left, and 3 epochs
		t.Errorf("the next run gave %d events, then %v", steps, last)
	}
}

func TestACancelInTheLoopGivesNoFurtherBatch(t *testing.T) {
	for _, ahead := range []int{0, 2} {
		loader := closer[*mlxc.Loader](t)(mlxc.NewLoader(blobs(t), mlxc.BatchSize(1), mlxc.Prefetch(ahead)))
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		batches := 0
		var last error
		for _, err := range loader.Epoch(ctx, nil, 0) {
			if last = err; err != nil {
				break
			}
			if batches++; batches == 3 {
				cancel()
			}
		}
		if batches != 3 || !errors.Is(last, context.Canceled) {
			t.Errorf("%d batches, then %v", batches, last)
		}
	}
}

// A second run that is refused takes nothing from the first one, which Close still ends.
func TestCloseEndsARunBesideARefusedOne(t *testing.T) {
	trainer := newTrainer(t)
	data := closer[*mlxc.Dataset](t)(mlxc.RandomDataset(8000000, []int{2}, 2, 1))
	long := closer[*mlxc.Loader](t)(mlxc.NewLoader(data, mlxc.BatchSize(1)))
	other := closer[*mlxc.Loader](t)(mlxc.NewLoader(data, mlxc.BatchSize(1)))
	ended := make(chan error)
	go func() {
		var last error
		for _, err := range trainer.Fit(context.Background(), long, nil, mlxc.FitOptions{EventSteps: -1}) {
			last = err
		}
		ended <- last
	}()
	eventually(t, "the run has begun", func() bool { _, _, _, err := trainer.Position(); return errors.Is(err, mlxc.ErrBusy) })
	for _, err := range trainer.Fit(context.Background(), other, nil, mlxc.FitOptions{}) {
		if !errors.Is(err, mlxc.ErrBusy) {
			t.Fatalf("a second run gave %v", err)
		}
	}
	trainer.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, mlxc.ErrClosed) {
			t.Errorf("the run ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the run goes on behind Close")
	}
}
