// Command classify says which of several labels fits a text best, by the model's own probabilities: no training, one call.
//
//	go run ./go/classify -model ../tests/models/fable-qwen3 -labels 'king,sailor,dragon' 'The crown belongs to the'
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"strings"

	"libmlxc.dev/go/mlxc"
)

func main() {
	log.SetFlags(0)
	path := flag.String("model", "../tests/models/fable-qwen3", "model folder")
	labels := flag.String("labels", "king,sailor,dragon", "labels, separated by commas")
	flag.Parse()
	prompts := flag.Args()
	if len(prompts) == 0 {
		prompts = []string{"The crown belongs to the"}
	}
	if err := run(*path, prompts, strings.Split(*labels, ",")); err != nil {
		log.Fatal(err)
	}
}

func run(path string, prompts, labels []string) error {
	model, err := mlxc.LoadModel(path)
	if err != nil {
		return err
	}
	defer model.Close()
	spaced := make([]string, len(labels)) // a label follows the prompt after a space
	for i, label := range labels {
		spaced[i] = " " + label
	}
	scores, err := model.Score(context.Background(), prompts, spaced)
	if err != nil {
		return err
	}
	for i, prompt := range prompts {
		fmt.Printf("%s -> %s\n", prompt, labels[scores.Best(i, true)])
		for j, label := range labels {
			fmt.Printf("  %8.3f  %s (%d tokens)\n", scores.Logprobs[i][j], label, scores.TokenCounts[j])
		}
	}
	return nil
}
