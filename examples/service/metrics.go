package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"libmlxc.dev/go/mlxc"
)

// firstTokenBounds are the histogram's buckets, in seconds.
var firstTokenBounds = [...]float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

var outcomes = [...]string{"ok", "cancelled", "failed"}

// metrics counts what the service did; what the model did it is asked itself.
type metrics struct {
	mu       sync.Mutex
	active   int
	ended    [len(outcomes)]int64
	buckets  [len(firstTokenBounds)]int64 // each counts those below it too
	firsts   int64
	firstSum float64
}

func (m *metrics) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.active++
}

func (m *metrics) firstToken(after time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.firsts++
	m.firstSum += after.Seconds()
	for i, bound := range firstTokenBounds {
		if after.Seconds() <= bound {
			m.buckets[i]++
		}
	}
}

func (m *metrics) end(client context.Context, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.active--
	switch {
	case err == nil:
		m.ended[0]++
	case client.Err() != nil, errors.Is(err, context.Canceled):
		m.ended[1]++
	default:
		m.ended[2]++
	}
}

// serveMetrics writes the line format that Prometheus reads.
func (s *service) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	stats, err := s.model.Stats()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	memory, err := mlxc.Memory()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	family := func(name, kind, help string) { fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	single := func(name, kind, help string, value any) {
		family(name, kind, help)
		fmt.Fprintf(w, "%s %v\n", name, value)
	}

	m := &s.metrics
	m.mu.Lock()
	single("service_requests_active", "gauge", "Requests being answered.", m.active)
	family("service_requests_total", "counter", "Requests that ended, by outcome.")
	for i, outcome := range outcomes {
		fmt.Fprintf(w, "service_requests_total{outcome=%q} %d\n", outcome, m.ended[i])
	}
	family("service_first_token_seconds", "histogram", "Time from a request to its first token.")
	for i, bound := range firstTokenBounds {
		fmt.Fprintf(w, "service_first_token_seconds_bucket{le=\"%g\"} %d\n", bound, m.buckets[i])
	}
	fmt.Fprintf(w, "service_first_token_seconds_bucket{le=\"+Inf\"} %d\n", m.firsts)
	fmt.Fprintf(w, "service_first_token_seconds_sum %g\nservice_first_token_seconds_count %d\n", m.firstSum, m.firsts)
	m.mu.Unlock()

	single("mlxc_requests_running", "gauge", "Requests in the model's present step.", stats.Running)
	single("mlxc_requests_waiting", "gauge", "Requests in line.", stats.Waiting)
	single("mlxc_prompt_tokens_total", "counter", "Prompt tokens run through the model.", stats.PromptTokens)
	single("mlxc_generated_tokens_total", "counter", "Tokens generated.", stats.GeneratedTokens)
	single("mlxc_steps_total", "counter", "Steps of the model.", stats.Steps)
	single("mlxc_cache_pages", "gauge", "Pages of keys and values.", stats.CachePages)
	single("mlxc_cache_pages_used", "gauge", "Pages of keys and values in use.", stats.CachePagesUsed)
	family("mlxc_memory_bytes", "gauge", "Array memory of the library.")
	fmt.Fprintf(w, "mlxc_memory_bytes{kind=\"active\"} %d\nmlxc_memory_bytes{kind=\"cached\"} %d\nmlxc_memory_bytes{kind=\"peak\"} %d\n",
		memory.Active, memory.Cached, memory.Peak)
	single("go_goroutines", "gauge", "Goroutines.", runtime.NumGoroutine())
}
