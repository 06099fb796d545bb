package mlxc_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
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
	array, err := mlxc.NewArray([]float32{1})
	if err != nil {
		t.Fatal(err)
	}
	_ = array
	closed, err := mlxc.NewArray([]float32{2})
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
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
