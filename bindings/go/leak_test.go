package mlxc_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"libmlxc.dev/go/mlxc"
)

// forget makes an array that is never closed, and one that is.
//
//go:noinline
func forget(t *testing.T) {
	array := mlxc.NewArray([]float32{1})
	if err := array.Err(); err != nil {
		t.Fatal(err)
	}
	mlxc.NewArray([]float32{2}).Close()
}

func TestLeakReporterNamesTheCreationSite(t *testing.T) {
	var mu sync.Mutex
	var leaks []mlxc.Leak
	mlxc.SetLeakReporter(func(leak mlxc.Leak) {
		mu.Lock()
		defer mu.Unlock()
		leaks = append(leaks, leak)
	})
	defer mlxc.SetLeakReporter(collectLeak)
	before := mlxc.LiveHandles()
	forget(t)
	eventually(t, "the leak is reported", func() bool {
		runtime.GC()
		mu.Lock()
		defer mu.Unlock()
		return len(leaks) > 0
	})
	time.Sleep(5 * time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	if len(leaks) != 1 || leaks[0].Kind != "Array" || !strings.Contains(leaks[0].Site(), "leak_test.go:") || !strings.Contains(leaks[0].String(), "never closed") {
		t.Errorf("leaks: %v", leaks)
	}
	if live := mlxc.LiveHandles(); live != before+1 {
		t.Errorf("%d handles, expected the forgotten one beside %d: the reporter must not free", live, before)
	}
	forgotten++
}

// Memory of the library is given back by Close, not by the collector: with the collector off, a million operations leave the process as it
// was, but for Go's own small values. MLXC_LEAK_OPERATIONS sets how many.
func TestOperationsLeaveMemoryFlat(t *testing.T) {
	operations := 1000000
	if testing.Short() || raceEnabled {
		operations = 20000
	}
	if text := os.Getenv("MLXC_LEAK_OPERATIONS"); text != "" {
		operations = must(strconv.Atoi(text))
	}
	mlxc.SetLeakReporter(nil) // it keeps a stack for each value
	defer mlxc.SetLeakReporter(collectLeak)
	const inScope = 50
	handles := mlxc.LiveHandles()
	weights := mlxc.NewArray([]float32{1, 2, 3, 4}, 2, 2)
	defer weights.Close()
	s := mlxc.NewScope()
	cycle := func() {
		x := s.Own(mlxc.Full(1, mlxc.Float32, 2, 2))
		for range inScope - 1 {
			x = x.Matmul(weights).MultiplyScalar(0.5).ReLU()
			if s.Len() >= inScope {
				break
			}
		}
		if values, err := x.Float32s(); err != nil || len(values) != 4 {
			t.Fatal(values, err)
		}
		s.Close()
	}
	for range 500 {
		cycle()
	}
	debug.FreeOSMemory()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	before := must(mlxc.Memory())
	rss := processStatus("VmRSS")
	for done := 0; done < operations; done += inScope {
		cycle()
	}
	after := must(mlxc.Memory())
	live := mlxc.LiveHandles()
	debug.FreeOSMemory() // what Go's own objects took, the collector being off; what the library holds was counted before
	native := processStatus("VmRSS") - rss
	t.Logf("%d operations: %d kB resident more; active %d then %d bytes", operations, native, before.Active, after.Active)
	if after.Active != before.Active {
		t.Errorf("array memory went from %d to %d bytes", before.Active, after.Active)
	}
	if native > 8192 && !raceEnabled { // its shadow memory is resident too
		t.Errorf("memory outside of Go grew by %d kB", native)
	}
	if live != handles+1 {
		t.Errorf("%d handles stayed", live-handles-1)
	}
}

// An operation allocates its Array and nothing else.
func TestAllocationsByOperation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	mlxc.SetLeakReporter(nil) // it keeps a stack for each value
	defer mlxc.SetLeakReporter(collectLeak)
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArray([]float32{1, 2, 3, 4}, 2, 2))
	buffer := make([]float32, 4)
	for name, c := range map[string]struct {
		most float64
		call func()
	}{
		"unary": {1, func() { x.Exp().Close() }}, "binary": {1, func() { x.Add(x).Close() }}, "reduction": {1, func() { x.Sum(0, -1).Close() }},
		"shape": {1, func() { x.Reshape(4, 1).Close() }}, "reading": {0, func() { _, _ = mlxc.ReadInto(x, buffer) }}, "asking": {0, func() { _ = x.Len() }},
	} {
		if allocations := testing.AllocsPerRun(100, c.call); allocations > c.most {
			t.Errorf("%s: %g allocations, expected %g", name, allocations, c.most)
		}
	}
}

func TestLoggerHearsTheLibrary(t *testing.T) {
	var mu sync.Mutex
	var text bytes.Buffer
	locked := writerFunc(func(line []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(line)
	})
	if err := mlxc.SetLogger(slog.New(slog.NewTextHandler(locked, &slog.HandlerOptions{Level: slog.LevelDebug}))); err != nil {
		t.Fatal(err)
	}
	model := load(t, tiny)
	for range model.GenerateTokens(context.Background(), []int32{1}, mlxc.MaxTokens(1)) {
	}
	model.Close()
	if err := mlxc.SetLogger(nil); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(text.String(), "source=libmlxc") {
		t.Errorf("the log is %q", text.String())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(line []byte) (int, error) { return f(line) }
