// Command calling measures what calling costs from Go: the generations of c/calling.c as one batch, as streams, and as one cgo call for each
// token, which is what a thin binding of a token-by-token interface would do.
//
//	calling MODE MODEL THREADS REQUESTS TOKENS ROUNDS
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"libmlxc.dev/go/mlxc"
)

type workload struct {
	prompts []string
	tokens  int
}

// round runs the workload once and gives the bytes of text that came.
type round func(w workload) (int, error)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 7 {
		log.Fatal("usage: calling batch|stream|naive MODEL THREADS REQUESTS TOKENS ROUNDS")
	}
	if err := run(os.Args[1], os.Args[2], number(3), number(4), number(5), number(6)); err != nil {
		log.Fatal(err)
	}
}

func number(argument int) int {
	value, err := strconv.Atoi(os.Args[argument])
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func run(mode, path string, threads, requests, tokens, rounds int) error {
	w := workload{tokens: tokens}
	for i := range requests {
		w.prompts = append(w.prompts, fmt.Sprintf("Once upon a time there were %d kings", i))
	}
	once, end, err := open(mode, path, threads)
	if err != nil {
		return err
	}
	defer end()
	var seconds []float64
	var cpuStart float64
	var calls int64
	var mallocs uint64
	for i := range rounds + 1 { // the first one warms up
		if i == 1 {
			cpuStart = cpuSeconds()
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		callsBefore, start := runtime.NumCgoCall(), time.Now()
		text, err := once(w)
		if err != nil {
			return err
		}
		if text == 0 {
			return errors.New("no text came")
		}
		if i > 0 {
			seconds = append(seconds, time.Since(start).Seconds())
			calls = runtime.NumCgoCall() - callsBefore
			runtime.ReadMemStats(&after)
			mallocs = after.Mallocs - before.Mallocs
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"seconds": seconds, "cpu": (cpuSeconds() - cpuStart) / float64(rounds), "peak_kb": peakKB(),
		"cgo_calls": calls, "allocations": mallocs})
}

// cpuSeconds is what all threads of the process have computed.
func cpuSeconds() float64 {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

func open(mode, path string, threads int) (round, func(), error) {
	if mode == "naive" {
		return openNaive(path, threads)
	}
	model, err := mlxc.LoadModel(path, mlxc.WithThreads(threads))
	if err != nil {
		return nil, nil, err
	}
	options := func(w workload) []mlxc.GenerateOption {
		return []mlxc.GenerateOption{mlxc.MaxTokens(w.tokens), mlxc.Temperature(0), mlxc.IgnoreModelStop()}
	}
	end := func() { model.Close() }
	switch mode {
	case "batch":
		return func(w workload) (int, error) {
			results, err := model.GenerateBatch(context.Background(), w.prompts, options(w)...)
			bytes := 0
			for _, result := range results {
				bytes += len(result.Text)
			}
			return bytes, err
		}, end, nil
	case "stream":
		return func(w workload) (int, error) {
			return each(w, func(prompt string) (bytes int, err error) {
				for token, err := range model.Generate(context.Background(), prompt, options(w)...) {
					if err != nil {
						return 0, err
					}
					bytes += len(token.Text)
				}
				return bytes, nil
			})
		}, end, nil
	}
	return nil, nil, fmt.Errorf("unknown mode %q", mode)
}

// each runs a goroutine for each prompt.
func each(w workload, one func(prompt string) (int, error)) (int, error) {
	var group sync.WaitGroup
	bytes, errs := make([]int, len(w.prompts)), make([]error, len(w.prompts))
	for i, prompt := range w.prompts {
		group.Add(1)
		go func() {
			defer group.Done()
			bytes[i], errs[i] = one(prompt)
		}()
	}
	group.Wait()
	sum := 0
	for _, n := range bytes {
		sum += n
	}
	return sum, errors.Join(errs...)
}

func peakKB() int {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range bytes.Lines(text) {
		if rest, found := bytes.CutPrefix(line, []byte("VmHWM:")); found {
			kb, _ := strconv.Atoi(string(bytes.Fields(rest)[0]))
			return kb
		}
	}
	return 0
}
