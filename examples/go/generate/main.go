// Command generate streams a text after a prompt; Ctrl-C stops it.
//
//	go run ./go/generate -model ../tests/models/fable-qwen3 Once upon a time
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"

	"libmlxc.dev/go/mlxc"
)

func main() {
	log.SetFlags(0)
	path := flag.String("model", "../tests/models/fable-qwen3", "model folder")
	tokens := flag.Int("tokens", 120, "most tokens to generate")
	temperature := flag.Float64("temperature", 0.8, "0 is greedy")
	seed := flag.Uint64("seed", 7, "same seed, same text")
	flag.Parse()
	if err := run(*path, strings.Join(flag.Args(), " "), mlxc.MaxTokens(*tokens), mlxc.Temperature(*temperature), mlxc.TopP(0.95), mlxc.Seed(*seed)); err != nil {
		log.Fatal(err)
	}
}

func run(path, prompt string, options ...mlxc.GenerateOption) error {
	if prompt == "" {
		prompt = "Once upon a time"
	}
	model, err := mlxc.LoadModel(path)
	if err != nil {
		return err
	}
	defer model.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	var summary mlxc.Summary
	fmt.Print(prompt)
	for token, err := range model.Generate(ctx, prompt, append(options, mlxc.Summarize(&summary))...) {
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			return err
		}
		fmt.Print(token.Text)
	}
	t := summary.Timings
	fmt.Printf("\n\n%d tokens", t.GeneratedTokens)
	if t.GeneratedTokens > 0 {
		fmt.Printf(", first after %d ms", t.FirstToken.Milliseconds())
	}
	if t.Generate > 0 { // a rate takes two tokens
		fmt.Printf(", %.1f tokens/s", float64(t.GeneratedTokens-1)/t.Generate.Seconds())
	}
	fmt.Println()
	return nil
}
