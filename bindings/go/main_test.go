package mlxc_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"libmlxc.dev/go/mlxc"
)

// data is a path below the repository's tests folder.
func data(elements ...string) string {
	top := os.Getenv("MLXC_TEST_DATA")
	if top == "" {
		top = filepath.Join("..", "..", "tests")
	}
	return filepath.Join(append([]string{top}, elements...)...)
}

var (
	fable = data("models", "fable-qwen3") // writes stories, has a tokenizer
	tiny  = data("models", "qwen3")       // random weights, token ids only
)

// forgotten is how many handles a test left open on purpose.
var forgotten int

var leaks struct {
	sync.Mutex
	found []mlxc.Leak
}

func collectLeak(leak mlxc.Leak) {
	leaks.Lock()
	defer leaks.Unlock()
	leaks.found = append(leaks.found, leak)
}

// TestMain fails the run when anything was left open.
func TestMain(m *testing.M) {
	mlxc.SetLeakReporter(collectLeak)
	code := m.Run()
	runtime.GC()
	time.Sleep(10 * time.Millisecond)
	if live := mlxc.LiveHandles(); live != forgotten {
		fmt.Println("FAIL: native handles still open:", live)
		code = 1
	}
	leaks.Lock()
	defer leaks.Unlock()
	for _, leak := range leaks.found {
		fmt.Println("FAIL:", leak)
		code = 1
	}
	os.Exit(code)
}

func load(t testing.TB, path string, options ...mlxc.Option) *mlxc.Model {
	t.Helper()
	model, err := mlxc.LoadModel(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { model.Close() })
	return model
}

// stream collects a generation.
func stream(ctx context.Context, model *mlxc.Model, prompt string, options ...mlxc.GenerateOption) (text string, ids []int32, err error) {
	var buffer bytes.Buffer
	for token, err := range model.Generate(ctx, prompt, options...) {
		if err != nil {
			return buffer.String(), ids, err
		}
		buffer.WriteString(token.Text)
		if token.ID >= 0 {
			ids = append(ids, token.ID)
		}
	}
	return buffer.String(), ids, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// processStatus reads a number of /proc/self/status, in its unit (kB for sizes); -1 where there is none.
func processStatus(name string) int {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range bytes.Lines(text) {
		if rest, found := bytes.CutPrefix(line, []byte(name+":")); found {
			value, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
			if err != nil {
				return -1
			}
			return value
		}
	}
	return -1
}

// eventually waits for a condition that another goroutine or thread brings about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never came true: " + what)
		}
	}
}

func running(model *mlxc.Model) int {
	stats, err := model.Stats()
	if err != nil {
		return -1
	}
	return stats.Running + stats.Waiting
}
