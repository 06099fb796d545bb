// Command batch continues every line of its input, all at once, in one call.
//
//	printf 'The king\nThe fox\n' | go run ./go/batch -model ../tests/models/fable-qwen3
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"libmlxc.dev/go/mlxc"
)

const longestLine = 16 << 20

func main() {
	log.SetFlags(0)
	path := flag.String("model", "../tests/models/fable-qwen3", "model folder")
	tokens := flag.Int("tokens", 40, "most tokens for each line")
	flag.Parse()
	if err := run(*path, *tokens); err != nil {
		log.Fatal(err)
	}
}

func run(path string, tokens int) error {
	var prompts []string
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	count := 0
	for ; lines.Scan(); count++ {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			prompts = append(prompts, line)
		}
	}
	if err := lines.Err(); err != nil { // a line that is longer, for example
		return fmt.Errorf("line %d and what follows cannot be read: %w", count+1, err)
	}
	model, err := mlxc.LoadModel(path)
	if err != nil {
		return err
	}
	defer model.Close()
	results, err := model.GenerateBatch(context.Background(), prompts, mlxc.MaxTokens(tokens), mlxc.Temperature(0))
	if err != nil {
		return err
	}
	for i, result := range results {
		fmt.Printf("%s|%s (%s)\n", prompts[i], result.Text, result.FinishReason)
	}
	return nil
}
