// Command vote measures the vote model from Go: 64 features (two 32-byte identifiers) -> Linear 128 + ReLU -> Linear 1, mean over the batch.
// It prints one JSON line a measurement: votes a second, and what Go allocates for a call.
//
//	vote SECONDS TURNS CALLERS BATCH...
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"libmlxc.dev/go/mlxc"
)

const features, hidden = 64, 128

type line struct {
	What        string  `json:"what"`
	Batch       int     `json:"batch"`
	Callers     int     `json:"callers"`
	VotesPerSec float64 `json:"votes_per_second"`
	Bytes       float64 `json:"bytes_per_call"`
	Allocations float64 `json:"allocations_per_call"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 5 {
		log.Fatal("usage: vote SECONDS TURNS CALLERS BATCH...")
	}
	var numbers []float64
	for _, text := range os.Args[1:] {
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			log.Fatal(err)
		}
		numbers = append(numbers, number)
	}
	vote, err := model()
	if err != nil {
		log.Fatal(err)
	}
	defer vote.Close()
	for range int(numbers[1]) {
		for _, batch := range numbers[3:] {
			measured, err := measure(vote, int(batch), int(numbers[2]), time.Duration(numbers[0]*float64(time.Second)))
			if err != nil {
				log.Fatal(err)
			}
			if err := json.NewEncoder(os.Stdout).Encode(measured); err != nil {
				log.Fatal(err)
			}
		}
	}
}

// model captures the classifier as a function of bytes.
func model() (*mlxc.Function, error) {
	s := mlxc.NewScope()
	defer s.Close()
	layers := mlxc.Sequential(mlxc.Linear(features, hidden, true), mlxc.Activation(mlxc.ActReLU), mlxc.Linear(hidden, 1, true))
	defer layers.Close()
	parameters, err := mlxc.NewParameters(nil, 1)
	if err != nil {
		return nil, err
	}
	defer parameters.Close()
	x := s.Own(mlxc.Placeholder(mlxc.Uint8, 1, features))
	return mlxc.NewFunction([]*mlxc.Array{x}, []*mlxc.Array{layers.Forward(parameters, x.Cast(mlxc.Float32).MultiplyScalar(1./255), mlxc.Pass{})})
}

// measure calls with one batch again and again, from so many goroutines.
func measure(vote *mlxc.Function, batch, callers int, length time.Duration) (line, error) {
	ctx := context.Background()
	rows := make([]uint8, batch*features)
	for i := range rows {
		rows[i] = uint8(uint32(i) * 2654435761 >> 13)
	}
	votes := make([][]float32, callers)
	for i := range votes {
		votes[i] = make([]float32, batch)
		if _, err := mlxc.RunRows(ctx, vote, rows, votes[i]); err != nil { // plans
			return line{}, err
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var group sync.WaitGroup
	calls, errs := make([]int, callers), make([]error, callers)
	start := time.Now()
	for i := range callers {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Since(start) < length && errs[i] == nil {
				_, errs[i] = mlxc.RunRows(ctx, vote, rows, votes[i])
				calls[i]++
			}
		}()
	}
	group.Wait()
	elapsed := time.Since(start).Seconds()
	runtime.ReadMemStats(&after)
	total := 0
	for i := range callers {
		if errs[i] != nil {
			return line{}, errs[i]
		}
		total += calls[i]
	}
	return line{
		What: "Go", Batch: batch, Callers: callers, VotesPerSec: float64(total*batch) / elapsed,
		Bytes: float64(after.TotalAlloc-before.TotalAlloc) / float64(total), Allocations: float64(after.Mallocs-before.Mallocs) / float64(total),
	}, nil
}
