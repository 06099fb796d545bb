package mlxc_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"libmlxc.dev/go/mlxc"
)

// A few steps on a text change what the model says; served with the adapter or merged it says the same.
func TestAnAdapterIsTrainedServedAndMerged(t *testing.T) {
	if raceEnabled {
		t.Skip("slow under the race detector")
	}
	const folder = "adapter"
	top := t.TempDir()
	tokenizer := closer[*mlxc.Tokenizer](t)(mlxc.LoadTokenizer(fable))
	text := closer[*mlxc.Dataset](t)(mlxc.TextWindows(tokenizer, stringsOf("The fox was a baker and the bread was blue. ", 30), 16, 8))
	loader := closer[*mlxc.Loader](t)(mlxc.NewLoader(text, mlxc.BatchSize(2), mlxc.Shuffle(1)))
	parameters := closer[*mlxc.Parameters](t)(mlxc.LoadModelParameters(nil, fable, false, mlxc.PrecisionHigh, 1))
	if err := parameters.AddLoRA(mlxc.LoRA{Rank: 4, Alpha: 16, Targets: []string{"q_proj", "v_proj", "down_proj"}}); err != nil {
		t.Fatal(err)
	}
	module := mlxc.LanguageModel(fable)
	defer module.Close()
	trainer := closer[*mlxc.Trainer](t)(mlxc.NewTrainer(module, parameters, nil, mlxc.WithSchedule(mlxc.ConstantRate(0.01))))
	var first, last float64
	for event, err := range trainer.Fit(context.Background(), loader, nil, mlxc.FitOptions{Epochs: 10, MaxSteps: 15}) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind == mlxc.TrainStep {
			if event.Step == 0 {
				first = event.Loss
			}
			last = event.Loss
		}
	}
	if !(last < first/2) {
		t.Errorf("the loss went from %g to %g", first, last)
	}
	trained := closer[*mlxc.Parameters](t)(trainer.Parameters())
	if names := must(trained.Names(mlxc.TrainedParameters)); len(names) == 0 || !slices.ContainsFunc(names, func(name string) bool { return filepath.Ext(name) == ".weight" }) {
		t.Errorf("trained are %v", names)
	}
	adapter, merged, saved := filepath.Join(top, folder), filepath.Join(top, "merged"), filepath.Join(top, "saved")
	if err := trained.SaveAdapter(adapter, "fable"); err != nil {
		t.Fatal(err)
	}
	if err := mlxc.MergeAdapter(nil, fable, adapter, merged); err != nil {
		t.Fatal(err)
	}
	if err := trained.MergeAdapter(); err != nil {
		t.Fatal(err)
	}
	if err := trained.SaveModel(fable, saved); err != nil {
		t.Fatal(err)
	}
	say := func(path string, options ...mlxc.Option) string {
		model := load(t, path, append(options, mlxc.WithPrecision(mlxc.PrecisionHigh))...)
		text, _, err := stream(context.Background(), model, "The fox was", mlxc.Temperature(0), mlxc.MaxTokens(8))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	served := say(fable, mlxc.WithAdapter(adapter))
	if plain := say(fable); served == plain {
		t.Errorf("with and without the adapter the model says %q", plain)
	}
	if a, b := say(merged), say(saved); a != served || b != served {
		t.Errorf("with the adapter %q, merged %q and %q", served, a, b)
	}
	if err := parameters.LoadAdapter(adapter); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("a second adapter gave %v", err)
	}
	again := closer[*mlxc.Parameters](t)(mlxc.LoadModelParameters(nil, fable, false, mlxc.PrecisionHigh, 1))
	if err := again.LoadAdapter(adapter); err != nil {
		t.Error(err)
	}
	if _, err := mlxc.LoadModel(fable, mlxc.WithAdapter(filepath.Join(top, "none"))); !errors.Is(err, mlxc.ErrNotFound) {
		t.Errorf("a missing adapter gave %v", err)
	}
	if err := mlxc.LanguageModel(filepath.Join(top, "none")).Err(); !errors.Is(err, mlxc.ErrNotFound) {
		t.Errorf("a missing model gave %v", err)
	}
}
