// Command scratch trains a small transformer from nothing but a config: it learns a text by heart, byte by byte, and recites it.
//
//	go run ./go/scratch -out /tmp/fox
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"libmlxc.dev/go/mlxc"
)

const (
	text   = "The quick brown fox met the lazy dog at noon. By one they had agreed that neither of them liked to jump, and by two they were asleep."
	window = 48
	prompt = 12
	steps  = 120
)

// config is of any family that LoadModel knows; this is Qwen 3 with tokens that are bytes.
const config = `{"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 256, "hidden_size": 64,
 "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
 "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": true}`

func main() {
	log.SetFlags(0)
	out := flag.String("out", "scratch", "folder for the model")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "config.json"), []byte(config), 0o644); err != nil {
		return err
	}
	saved := filepath.Join(out, "model")
	if err := train(ctx, out, saved); err != nil {
		return err
	}
	// What has been saved is served like any published model.
	model, err := mlxc.LoadModel(saved, mlxc.WithPrecision(mlxc.PrecisionHigh))
	if err != nil {
		return err
	}
	defer model.Close()
	results, err := model.GenerateBatchTokens(ctx, [][]int32{bytes(text[:prompt])}, mlxc.MaxTokens(window-prompt), mlxc.Temperature(0))
	if err != nil {
		return err
	}
	var recited strings.Builder
	for _, token := range results[0].Tokens {
		recited.WriteByte(byte(token))
	}
	fmt.Printf("%s|%s\n", text[:prompt], recited.String())
	if recited.String() != text[prompt:window] {
		return fmt.Errorf("the text goes on with %q", text[prompt:window])
	}
	return nil
}

func bytes(text string) []int32 {
	tokens := make([]int32, len(text))
	for i := range tokens {
		tokens[i] = int32(text[i])
	}
	return tokens
}

func train(ctx context.Context, folder, saved string) error {
	module := mlxc.LanguageModel(folder)
	defer module.Close()
	parameters, err := mlxc.NewParameters(nil, 1)
	if err != nil {
		return err
	}
	defer parameters.Close()
	// Names begin when a forward pass asks for them; weights are drawn as GPT-2's.
	err = mlxc.InScope(func(s *mlxc.Scope) error {
		return module.Forward(parameters, s.Own(mlxc.Zeros(mlxc.Int32, 1, 1)), mlxc.Pass{}).Err()
	})
	if err != nil {
		return err
	}
	if _, err := parameters.Draw("", mlxc.InitialNormal, 0.02); err != nil {
		return err
	}
	windows, err := mlxc.TokenWindows(bytes(text), window, 1)
	if err != nil {
		return err
	}
	defer windows.Close()
	loader, err := mlxc.NewLoader(windows, mlxc.BatchSize(8), mlxc.Shuffle(0), mlxc.DropLast())
	if err != nil {
		return err
	}
	defer loader.Close()
	trainer, err := mlxc.NewTrainer(module, parameters, nil, mlxc.WithSchedule(mlxc.OneCycleRate(1e-2, steps, 0.3)), mlxc.WithClipNorm(1))
	if err != nil {
		return err
	}
	defer trainer.Close()
	for event, err := range trainer.Fit(ctx, loader, nil, mlxc.FitOptions{Epochs: steps, MaxSteps: steps}) {
		if err != nil {
			return err
		}
		if event.Kind == mlxc.TrainStep && event.Step%20 == 0 {
			fmt.Printf("step %d  loss %.4f  %.0f bytes/s\n", event.Step, event.Loss, event.SamplesPerSecond*window)
		}
	}
	trained, err := trainer.Parameters()
	if err != nil {
		return err
	}
	defer trained.Close()
	return trained.SaveModel(folder, saved)
}
