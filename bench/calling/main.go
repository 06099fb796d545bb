// What calling costs, from Go: `calling batch|stream|naive MODEL REQUESTS TOKENS REPEATS` prints one JSON line.
//
//	batch    Model.GenerateBatch: one cgo call
//	stream   one goroutine a request over Model.Generate: one poller a model
//	naive    what one writes first: a goroutine a request, each blocked in a cgo call for every token
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"libmlxc.dev/go/mlxc"
)

const prompt = "Once upon a time"

func batch(model *mlxc.Model, requests, tokens int) (int, error) {
	prompts := make([]string, requests)
	for i := range prompts {
		prompts[i] = prompt
	}
	results, err := model.GenerateBatch(context.Background(), prompts, mlxc.MaxTokens(tokens), mlxc.IgnoreModelStop())
	total := 0
	for _, result := range results {
		total += len(result.Tokens)
	}
	return total, err
}

func stream(model *mlxc.Model, requests, tokens int) (int, error) {
	counts, failures := make([]int, requests), make([]error, requests)
	var all sync.WaitGroup
	for i := range requests {
		all.Add(1)
		go func() {
			defer all.Done()
			for _, err := range model.Generate(context.Background(), prompt, mlxc.MaxTokens(tokens), mlxc.IgnoreModelStop()) {
				if err != nil {
					failures[i] = err
					return
				}
				counts[i]++
			}
		}()
	}
	all.Wait()
	return sum(counts, failures)
}

func sum(counts []int, failures []error) (total int, err error) {
	for i, count := range counts {
		total += count
		if failures[i] != nil {
			err = failures[i]
		}
	}
	return total, err
}

func peakKB() int {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kb, _ := strconv.Atoi(fields[1])
			return kb
		}
	}
	return 0
}

func measure(repeats int, run func() (int, error)) error {
	var report struct {
		Seconds  []float64 `json:"seconds"`
		Tokens   int       `json:"tokens"`
		CgoCalls int64     `json:"cgo_calls"`
		PeakKB   int       `json:"peak_kb"`
	}
	for r := range repeats + 1 { // the first run warms up: programs are planned, pages allocated
		calls, start := runtime.NumCgoCall(), time.Now()
		tokens, err := run()
		if err != nil {
			return err
		}
		if r > 0 {
			report.Seconds = append(report.Seconds, time.Since(start).Seconds())
		}
		report.Tokens, report.CgoCalls = tokens, runtime.NumCgoCall()-calls
	}
	report.PeakKB = peakKB()
	return json.NewEncoder(os.Stdout).Encode(report)
}

func run(how, folder string, requests, tokens, repeats int) error {
	if how == "naive" {
		model, err := loadNaive(folder)
		if err != nil {
			return err
		}
		defer model.free()
		return measure(repeats, func() (int, error) { return model.stream(requests, tokens) })
	}
	model, err := mlxc.LoadModel(folder)
	if err != nil {
		return err
	}
	defer model.Close()
	if how == "batch" {
		return measure(repeats, func() (int, error) { return batch(model, requests, tokens) })
	}
	return measure(repeats, func() (int, error) { return stream(model, requests, tokens) })
}

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: calling batch|stream|naive MODEL REQUESTS TOKENS REPEATS")
		os.Exit(2)
	}
	var numbers [3]int
	for i := range numbers {
		numbers[i], _ = strconv.Atoi(os.Args[3+i])
	}
	if err := run(os.Args[1], os.Args[2], numbers[0], numbers[1], numbers[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
