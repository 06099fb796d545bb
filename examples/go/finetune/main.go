// Command finetune teaches a language model a short text by a LoRA adapter, then generates with the adapter beside the model, and with the
// merged model.
//
//	go run ./go/finetune -model ../tests/models/fable-qwen3 -out /tmp/odalis
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"libmlxc.dev/go/mlxc"
)

const (
	beginning = "A lantern maker named Odalis"
	text      = beginning + " lived where the river bends three times. Every evening she hung one lantern for each boat that was still out. " +
		"One night there was a lantern too many. She counted the boats, she counted the lanterns, and she walked down to the water to ask. " +
		"There sat a heron with a lantern of its own."
)

func main() {
	log.SetFlags(0)
	model := flag.String("model", "../tests/models/fable-qwen3", "model folder")
	out := flag.String("out", "finetuned", "folder for the adapter and the merged model")
	epochs := flag.Int("epochs", 12, "how long to train")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *model, *out, *epochs); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, model, out string, epochs int) error {
	adapter, merged := filepath.Join(out, "adapter"), filepath.Join(out, "merged")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := train(ctx, model, adapter, epochs); err != nil {
		return err
	}
	if err := mlxc.MergeAdapter(nil, model, adapter, merged); err != nil {
		return err
	}
	before, err := generate(ctx, model)
	if err != nil {
		return err
	}
	beside, err := generate(ctx, model, mlxc.WithAdapter(adapter))
	if err != nil {
		return err
	}
	inside, err := generate(ctx, merged)
	if err != nil {
		return err
	}
	fmt.Printf("before: %s%s\nwith adapter: %s%s\nmerged: %s%s\n", beginning, before, beginning, beside, beginning, inside)
	if beside != inside || beside == before {
		return fmt.Errorf("the adapter and the merged model should say the same, and something else than before")
	}
	return nil
}

// train leaves the weights where they are, mapped from the file; the adapter is all that is trained.
func train(ctx context.Context, model, adapter string, epochs int) error {
	tokenizer, err := mlxc.LoadTokenizer(model)
	if err != nil {
		return err
	}
	defer tokenizer.Close()
	windows, err := mlxc.TextWindows(tokenizer, text, 24, 12)
	if err != nil {
		return err
	}
	defer windows.Close()
	loader, err := mlxc.NewLoader(windows, mlxc.BatchSize(4), mlxc.Shuffle(0))
	if err != nil {
		return err
	}
	defer loader.Close()
	parameters, err := mlxc.LoadModelParameters(nil, model, false, mlxc.PrecisionHigh, 1)
	if err != nil {
		return err
	}
	defer parameters.Close()
	if err := parameters.AddLoRA(mlxc.LoRA{Rank: 8}); err != nil {
		return err
	}
	module := mlxc.LanguageModel(model)
	defer module.Close()
	trainer, err := mlxc.NewTrainer(module, parameters, nil, mlxc.WithSchedule(mlxc.ConstantRate(3e-3)), mlxc.WithClipNorm(1))
	if err != nil {
		return err
	}
	defer trainer.Close()
	for event, err := range trainer.Fit(ctx, loader, nil, mlxc.FitOptions{Epochs: epochs, EventSteps: -1}) {
		if err != nil {
			return err
		}
		fmt.Printf("epoch %d  loss %.4f\n", event.Epoch+1, event.Loss)
	}
	trained, err := trainer.Parameters()
	if err != nil {
		return err
	}
	defer trained.Close()
	return trained.SaveAdapter(adapter, model)
}

func generate(ctx context.Context, folder string, options ...mlxc.Option) (string, error) {
	model, err := mlxc.LoadModel(folder, append(options, mlxc.WithPrecision(mlxc.PrecisionHigh))...)
	if err != nil {
		return "", err
	}
	defer model.Close()
	results, err := model.GenerateBatch(ctx, []string{beginning}, mlxc.MaxTokens(24), mlxc.Temperature(0))
	if err != nil {
		return "", err
	}
	return results[0].Text, nil
}
