package mlxc_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"libmlxc.dev/go/mlxc"
)

func TestThousandsOfStreamsShareFewThreads(t *testing.T) {
	const streams, tokens = 2000, 4
	model := load(t, tiny)
	// One stream first: the poller and the library's own threads are there then.
	if _, err := model.GenerateBatchTokens(context.Background(), [][]int32{{1, 2, 3}}, mlxc.MaxTokens(2)); err != nil {
		t.Fatal(err)
	}
	before := processStatus("Threads")
	var most, together, open atomic.Int64
	finished := make(chan error, streams)
	begun := make(chan struct{})
	for i := range streams {
		go func() {
			<-begun
			open.Add(1)
			defer open.Add(-1)
			count := 0
			for token, err := range model.GenerateTokens(context.Background(), []int32{1, int32(3 + i%300)}, mlxc.MaxTokens(tokens), mlxc.Temperature(0), mlxc.IgnoreModelStop()) {
				if err != nil {
					finished <- err
					return
				}
				if token.ID >= 0 {
					count++
				}
				if i%20 == 0 {
					most.Store(max(most.Load(), int64(processStatus("Threads"))))
					together.Store(max(together.Load(), open.Load()))
				}
			}
			if count != tokens {
				finished <- fmt.Errorf("stream %d had %d tokens", i, count)
				return
			}
			finished <- nil
		}()
	}
	close(begun)
	for range streams {
		if err := <-finished; err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d threads before, at most %d with %d streams open together", before, most.Load(), together.Load())
	if together.Load() < streams/2 {
		t.Errorf("only %d streams were open together", together.Load())
	}
	// What Go itself adds: a thread for each running goroutine, some in system calls, the collector, the poller; more on a loaded machine,
	// where the runtime takes slow calls for blocked ones, but never a thread a stream.
	if limit := int64(before + 6*runtime.GOMAXPROCS(0) + streams/20); most.Load() > limit {
		t.Errorf("%d threads, more than %d", most.Load(), limit)
	}
	if n := must(model.Stats()); n.Finished < streams {
		t.Errorf("the model counts %d finished requests", n.Finished)
	}
}

// Every kind of call is inside the library when Close comes: each ends, with a result or ErrClosed, and nothing is left.
func TestCloseDuringCalls(t *testing.T) {
	for round := range 4 {
		model := load(t, fable, mlxc.WithStepTokens(64))
		tokenizer := must(model.Tokenizer())
		long := must(tokenizer.Encode(stringsOf("Once upon a time there was a king. ", 150)))[:1000]
		ctx := context.Background()
		calls := []func() error{
			func() error { _, _, err := stream(ctx, model, "The king", mlxc.IgnoreModelStop()); return err },
			func() error {
				_, err := model.GenerateBatch(ctx, []string{"a", "b"}, mlxc.IgnoreModelStop())
				return err
			},
			func() error { _, err := model.EmbedTokens(ctx, [][]int32{long, long}); return err },
			func() error { _, err := model.ScoreTokens(ctx, [][]int32{long}, [][]int32{{4}, {5}}); return err },
			func() error { _, err := model.Logits(ctx, long); return err },
			func() error { _, err := model.Stats(); return err },
			func() error { _, err := model.JSON(); return err },
		}
		errs := make(chan error, 2*len(calls))
		var working sync.WaitGroup
		for range 2 {
			for _, call := range calls {
				working.Add(1)
				go func() {
					defer working.Done()
					for {
						if err := call(); err != nil {
							errs <- err
							return
						}
					}
				}()
			}
		}
		time.Sleep(time.Duration(5+20*round) * time.Millisecond)
		var closing sync.WaitGroup
		for range 3 {
			closing.Add(1)
			go func() { defer closing.Done(); model.Close() }()
		}
		closing.Wait()
		working.Wait()
		close(errs)
		for err := range errs {
			if !errors.Is(err, mlxc.ErrClosed) {
				t.Errorf("a call ended with %v", err)
			}
		}
		tokenizer.Close()
	}
}

func stringsOf(text string, count int) string {
	var all []byte
	for range count {
		all = append(all, text...)
	}
	return string(all)
}

func TestCloseInsideTheLoop(t *testing.T) {
	model := load(t, fable)
	var last error
	for _, err := range model.Generate(context.Background(), "The king", mlxc.IgnoreModelStop()) {
		if err != nil {
			last = err
			break
		}
		model.Close()
	}
	if !errors.Is(last, mlxc.ErrClosed) {
		t.Errorf("the stream ended with %v", last)
	}

	// A stream that nobody reads any more does not hold Close up, nor does it stay open.
	abandoned := load(t, fable)
	next, stop := iter.Pull2(abandoned.Generate(context.Background(), "The king", mlxc.IgnoreModelStop()))
	if _, err, ok := next(); err != nil || !ok {
		t.Fatal(err)
	}
	abandoned.Close()
	for {
		_, err, ok := next()
		if !ok {
			t.Error("the stream ended without an error")
			break
		}
		if err != nil {
			if !errors.Is(err, mlxc.ErrClosed) {
				t.Errorf("the stream ended with %v", err)
			}
			break
		}
	}
	stop()
}

func TestSlowReadersDoNotHoldOthersUp(t *testing.T) {
	model := load(t, fable)
	next, stop := iter.Pull2(model.Generate(context.Background(), "The king", mlxc.MaxTokens(50), mlxc.IgnoreModelStop()))
	defer stop()
	if _, err, ok := next(); err != nil || !ok {
		t.Fatal(err)
	}
	if _, ids, err := stream(context.Background(), model, "The fox", mlxc.MaxTokens(100), mlxc.IgnoreModelStop()); err != nil || len(ids) != 100 {
		t.Errorf("%d tokens beside a reader that sleeps, %v", len(ids), err)
	}
	count := 1
	for {
		token, err, ok := next()
		if !ok {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if token.ID >= 0 {
			count++
		}
	}
	if count != 50 {
		t.Errorf("the slow reader had %d tokens", count)
	}
}

// A token costs no allocation but its own string: the difference between long and short streams, by token.
func TestAllocationsByToken(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	model := load(t, fable)
	mallocs := func(tokens int) float64 {
		return testing.AllocsPerRun(3, func() {
			for _, err := range model.Generate(context.Background(), "The king", mlxc.MaxTokens(tokens), mlxc.IgnoreModelStop(), mlxc.Temperature(0)) {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	mallocs(400)
	short, long := mallocs(100), mallocs(500)
	perToken := (long - short) / 400
	t.Logf("%.0f allocations for 100 tokens, %.0f for 500: %.3f a token", short, long, perToken)
	if perToken > 1.03 {
		t.Errorf("%.3f allocations a token", perToken)
	}
}

// TestLeaks loads, generates, cancels and closes over and over: memory, threads and handles stay flat. MLXC_LEAK_CYCLES sets how often
// (the full test is 10000).
func TestLeaks(t *testing.T) {
	cycles := 60
	if testing.Short() || raceEnabled {
		cycles = 20
	}
	if text := os.Getenv("MLXC_LEAK_CYCLES"); text != "" {
		cycles = must(strconv.Atoi(text))
	}
	handles := mlxc.LiveHandles()
	cycle := func(i int) {
		model, err := mlxc.LoadModel(tiny)
		if err != nil {
			t.Fatal(err)
		}
		defer model.Close()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		count := 0
		for _, err := range model.GenerateTokens(ctx, []int32{1, 2, 3, int32(4 + i%300)}, mlxc.MaxTokens(64), mlxc.IgnoreModelStop(), mlxc.StopTokens(7)) {
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				break
			}
			count++
			switch {
			case count == 2 && i%3 == 0:
				cancel()
			case count == 3 && i%3 == 1:
				model.Close()
				return
			}
			if count == 4 && i%3 == 2 {
				break
			}
		}
		if _, err := model.GenerateBatchTokens(context.Background(), [][]int32{{1, 2}, {1, 3}}, mlxc.MaxTokens(2)); err != nil && !errors.Is(err, mlxc.ErrClosed) {
			t.Fatal(err)
		}
		array := mlxc.NewArray([]float32{1, 2, 3})
		defer array.Close()
		sum := array.Sum()
		defer sum.Close()
		if values := must(sum.Float32s()); values[0] != 6 {
			t.Fatalf("the sum is %v", values)
		}
	}
	settled := func() (rss, threads int) {
		runtime.GC()
		debug.FreeOSMemory()
		return processStatus("VmRSS"), processStatus("Threads")
	}
	warm := max(10, cycles/10)
	for i := range warm {
		cycle(i)
	}
	rss0, threads0 := settled()
	goroutines := runtime.NumGoroutine()
	for i := range cycles {
		cycle(i)
		if cycles >= 1000 && i%(cycles/10) == 0 {
			rss, threads := settled()
			t.Logf("after %d cycles: %d kB, %d threads, %d handles", i, rss, threads, mlxc.LiveHandles())
		}
	}
	rss1, threads1 := settled()
	t.Logf("%d cycles: %d then %d kB, %d then %d threads, %d then %d handles", cycles, rss0, rss1, threads0, threads1, handles, mlxc.LiveHandles())
	if grown := rss1 - rss0; grown > 2048+cycles/4 { // kB: a quarter of a kB a cycle is noise of the allocators, not a leak of a handle
		t.Errorf("memory grew by %d kB", grown)
	}
	if threads1 > threads0+2 {
		t.Errorf("threads grew from %d to %d", threads0, threads1)
	}
	eventually(t, "no goroutine is left over", func() bool { return runtime.NumGoroutine() <= goroutines })
	if live := mlxc.LiveHandles(); live != handles {
		t.Errorf("handles went from %d to %d", handles, live)
	}
}
