package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"libmlxc.dev/go/mlxc"
)

//go:embed page.html
var page []byte

const (
	largestBody  = 1 << 20
	writeTimeout = 30 * time.Second // a client that reads nothing for so long is gone
)

type service struct {
	model     *mlxc.Model
	maxTokens int
	metrics   metrics
}

// newService is the whole service as a handler.
func newService(model *mlxc.Model, maxTokens int) http.Handler {
	s := &service{model: model, maxTokens: maxTokens}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	})
	mux.HandleFunc("POST /generate", s.generate)
	mux.HandleFunc("GET /generate", s.generate) // what a browser's EventSource can do
	mux.HandleFunc("GET /metrics", s.serveMetrics)
	mux.HandleFunc("GET /healthz", s.health)
	return mux
}

// request is what a client asks for. Pointers tell "not given" from zero.
type request struct {
	Prompt      string   `json:"prompt"`
	MaxTokens   *int     `json:"max_tokens"`
	Temperature *float64 `json:"temperature"`
	TopP        *float64 `json:"top_p"`
	TopK        *int     `json:"top_k"`
	Seed        *uint64  `json:"seed"`
	Stop        []string `json:"stop"`
	Stream      *bool    `json:"stream"` // false: one JSON object at the end
}

func readRequest(w http.ResponseWriter, r *http.Request) (request, error) {
	var q request
	if r.Method == http.MethodPost {
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, largestBody))
		decoder.DisallowUnknownFields()
		return q, decoder.Decode(&q)
	}
	values := r.URL.Query()
	q.Prompt, q.Stop = values.Get("prompt"), values["stop"]
	return q, errors.Join(parse(values.Get("max_tokens"), &q.MaxTokens, strconv.Atoi), parse(values.Get("top_k"), &q.TopK, strconv.Atoi),
		parse(values.Get("temperature"), &q.Temperature, parseFloat), parse(values.Get("top_p"), &q.TopP, parseFloat),
		parse(values.Get("stream"), &q.Stream, strconv.ParseBool),
		parse(values.Get("seed"), &q.Seed, func(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) }))
}

func parseFloat(text string) (float64, error) { return strconv.ParseFloat(text, 64) }

func parse[T any](text string, to **T, convert func(string) (T, error)) error {
	if text == "" {
		return nil
	}
	value, err := convert(text)
	*to = &value
	return err
}

func (s *service) options(q request) []mlxc.GenerateOption {
	limit := s.maxTokens
	if q.MaxTokens != nil && *q.MaxTokens >= 0 { // the library takes a negative one for "as many as the context holds"
		limit = min(*q.MaxTokens, limit)
	}
	options := []mlxc.GenerateOption{mlxc.MaxTokens(limit), mlxc.Stop(q.Stop...)}
	if q.Temperature != nil {
		options = append(options, mlxc.Temperature(*q.Temperature))
	}
	if q.TopP != nil {
		options = append(options, mlxc.TopP(*q.TopP))
	}
	if q.TopK != nil {
		options = append(options, mlxc.TopK(*q.TopK))
	}
	if q.Seed != nil {
		options = append(options, mlxc.Seed(*q.Seed))
	}
	return options
}

// done is the last thing of a stream, and the whole answer without one.
type done struct {
	Text         string  `json:"text,omitempty"`
	FinishReason string  `json:"finish_reason"`
	Tokens       int     `json:"tokens"`
	PromptTokens int     `json:"prompt_tokens"`
	FirstToken   float64 `json:"first_token_seconds"`
	Seconds      float64 `json:"seconds"`
}

// generate answers with server-sent events: one {"text": ...} for each token, then "done" or "error". The request's context ends when the
// client leaves, and with it the native work.
func (s *service) generate(w http.ResponseWriter, r *http.Request) {
	q, err := readRequest(w, r)
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	start := time.Now()
	s.metrics.begin()
	var summary mlxc.Summary
	out := newEvents(w)
	whole := q.Stream != nil && !*q.Stream
	var text strings.Builder
	for token, failure := range s.model.Generate(r.Context(), q.Prompt, append(s.options(q), mlxc.Summarize(&summary))...) {
		if err = failure; err != nil {
			break
		}
		if token.Index == 0 && token.ID >= 0 {
			s.metrics.firstToken(time.Since(start))
		}
		if whole {
			text.WriteString(token.Text)
		} else if token.Text != "" {
			if err = out.send("", map[string]string{"text": token.Text}); err != nil {
				break // the client is gone: leaving the loop stops the generation
			}
		}
	}
	s.metrics.end(r.Context(), err)
	if err != nil {
		if out.started {
			out.send("error", map[string]string{"error": err.Error()})
		} else if r.Context().Err() == nil {
			s.fail(w, httpStatus(err), err)
		}
		return
	}
	end := done{
		FinishReason: summary.FinishReason.String(), Tokens: summary.Timings.GeneratedTokens, PromptTokens: summary.Timings.PromptTokens,
		FirstToken: summary.Timings.FirstToken.Seconds(), Seconds: time.Since(start).Seconds(),
	}
	if whole {
		end.Text = text.String()
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(end)
		return
	}
	out.send("done", end)
}

// httpStatus is for failures before the first byte.
func httpStatus(err error) int {
	switch {
	case errors.Is(err, mlxc.ErrInvalidArgument), errors.Is(err, mlxc.ErrContextFull):
		return http.StatusBadRequest
	case errors.Is(err, mlxc.ErrClosed), errors.Is(err, mlxc.ErrOutOfMemory), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

func (s *service) fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

func (s *service) health(w http.ResponseWriter, _ *http.Request) {
	if _, err := s.model.Stats(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// events writes server-sent events, each at once.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	started bool
}

func newEvents(w http.ResponseWriter) *events {
	return &events{w: w, control: http.NewResponseController(w)}
}

func (e *events) send(name string, value any) error {
	if !e.started {
		e.started = true
		header := e.w.Header()
		header.Set("Content-Type", "text/event-stream")
		header.Set("Cache-Control", "no-store")
		header.Set("X-Accel-Buffering", "no") // proxies must not hold tokens back
	}
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if name != "" {
		name = "event: " + name + "\n"
	}
	// Not every writer has deadlines; without one the server's own limits hold.
	_ = e.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := fmt.Fprintf(e.w, "%sdata: %s\n\n", name, data); err != nil {
		return err
	}
	return e.control.Flush()
}
