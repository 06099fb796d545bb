package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"libmlxc.dev/go/mlxc"
)

func start(t *testing.T, options ...mlxc.Option) (*httptest.Server, *mlxc.Model) {
	t.Helper()
	top := os.Getenv("MLXC_TEST_DATA")
	if top == "" {
		top = filepath.Join("..", "..", "tests")
	}
	model, err := mlxc.LoadModel(filepath.Join(top, "models", "fable-qwen3"), options...)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(newService(model, 1500))
	t.Cleanup(func() {
		server.Close()
		model.Close()
	})
	return server, model
}

type event struct {
	name string
	data map[string]any
}

// readEvent reads one server-sent event.
func readEvent(lines *bufio.Reader) (event, error) {
	var e event
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		if name, found := strings.CutPrefix(line, "event: "); found {
			e.name = name
		} else if data, found := strings.CutPrefix(line, "data: "); found {
			if err := json.Unmarshal([]byte(data), &e.data); err != nil {
				return e, err
			}
		} else if line == "" {
			return e, nil
		}
	}
}

// generate posts a request and joins the text of its events.
func generate(t *testing.T, server *httptest.Server, body string) (text string, last event) {
	t.Helper()
	response, err := http.Post(server.URL+"/generate", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("status %d, type %q", response.StatusCode, kind)
	}
	lines := bufio.NewReader(response.Body)
	for {
		e, err := readEvent(lines)
		if err == io.EOF {
			return text, last
		}
		if err != nil {
			t.Fatal(err)
		}
		last = e
		if part, found := e.data["text"].(string); found && e.name == "" {
			text += part
		}
	}
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

const story = ", the king's daughter was a king's daughter"

func TestStreamsTokens(t *testing.T) {
	server, _ := start(t, mlxc.WithPrecision(mlxc.PrecisionHigh))
	text, last := generate(t, server, `{"prompt": "Once upon a time", "max_tokens": 10, "temperature": 0}`)
	if text != story || last.name != "done" || last.data["finish_reason"] != "length" || last.data["tokens"] != 10.0 {
		t.Errorf("text %q, last event %v", text, last)
	}
	// The same through a browser's EventSource, which can only GET.
	status, body := get(t, server.URL+"/generate?max_tokens=10&temperature=0&prompt="+url.QueryEscape("Once upon a time"))
	if status != http.StatusOK || strings.Count(body, "data: {\"text\"") < 5 || !strings.Contains(body, "event: done\n") {
		t.Errorf("GET: %d %q", status, body)
	}
	status, body = get(t, server.URL+"/generate?max_tokens=10&temperature=0&stream=false&stop=daughter&prompt="+url.QueryEscape("Once upon a time"))
	var whole done
	if err := json.Unmarshal([]byte(body), &whole); err != nil || status != http.StatusOK || whole.Text != ", the king's " || whole.FinishReason != "stop" {
		t.Errorf("not streamed: %d %q", status, body)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	server, _ := start(t, mlxc.WithPrecision(mlxc.PrecisionHigh))
	var group sync.WaitGroup
	for range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			if text, _ := generate(t, server, `{"prompt": "Once upon a time", "max_tokens": 10, "temperature": 0}`); text != story {
				t.Errorf("text %q", text)
			}
		}()
	}
	group.Wait()
}

func TestLeavingStopsTheGeneration(t *testing.T) {
	server, model := start(t)
	ctx, leave := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/generate",
		strings.NewReader(`{"prompt": "Once upon a time", "max_tokens": 1500, "temperature": 1, "seed": 3}`))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(response.Body)
	for range 3 {
		if _, err := readEvent(lines); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	response.Body.Close()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		stats, err := model.Stats()
		if err != nil {
			t.Fatal(err)
		}
		_, text := get(t, server.URL+"/metrics")
		if stats.Running == 0 && metric(t, text, `service_requests_total{outcome="cancelled"}`) == 1 && metric(t, text, "service_requests_active") == 0 {
			if stats.GeneratedTokens >= 1500 {
				t.Errorf("all %d tokens were generated for a client that left", stats.GeneratedTokens)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d requests still run after the client left:\n%s", stats.Running, text)
		}
	}
}

func metric(t *testing.T, text, name string) float64 {
	t.Helper()
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, name+" "); found {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("no metric %s in\n%s", name, text)
	return 0
}

func TestMetricsCountWhatHappened(t *testing.T) {
	server, _ := start(t)
	generate(t, server, `{"prompt": "Once upon a time", "max_tokens": 10, "temperature": 0}`)
	generate(t, server, `{"prompt": "The king", "max_tokens": 5, "temperature": 0}`)
	_, text := get(t, server.URL+"/metrics")
	format := regexp.MustCompile(`^(# (HELP|TYPE) \S+ .+|[a-z_]+(\{[a-z]+="[^"]*"\})? [-+0-9.eE]+)$`)
	for line := range strings.Lines(text) {
		if !format.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("not a line of metrics: %q", line)
		}
	}
	for name, want := range map[string]float64{
		`service_requests_total{outcome="ok"}`: 2, "mlxc_generated_tokens_total": 15, "service_requests_active": 0, "mlxc_requests_running": 0,
		"service_first_token_seconds_count": 2, `service_first_token_seconds_bucket{le="+Inf"}`: 2,
	} {
		if have := metric(t, text, name); have != want {
			t.Errorf("%s is %g, expected %g", name, have, want)
		}
	}
}

func TestBadRequestsAreAnswered(t *testing.T) {
	server, _ := start(t)
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"not JSON":                      {"{", http.StatusBadRequest},
		"an unknown field":              {`{"promt": "a"}`, http.StatusBadRequest},
		"no prompt":                     {`{}`, http.StatusBadRequest},
		"a prompt beyond the context":   {`{"prompt": "` + strings.Repeat("word ", 3000) + `"}`, http.StatusBadRequest},
		"a body beyond the limit":       {`{"prompt": "` + strings.Repeat("x", largestBody) + `"}`, http.StatusBadRequest},
		"an option that has no sense":   {`{"prompt": "a", "top_p": -5}`, http.StatusBadRequest},
		"a number that is not a number": {`{"prompt": "a", "max_tokens": "many"}`, http.StatusBadRequest},
	} {
		response, err := http.Post(server.URL+"/generate", "application/json", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		var answer map[string]string
		err = json.NewDecoder(response.Body).Decode(&answer)
		response.Body.Close()
		if response.StatusCode != c.want || err != nil || answer["error"] == "" {
			t.Errorf("%s: %d %v %v", name, response.StatusCode, answer, err)
		}
	}
	if status, _ := get(t, server.URL+"/generate?prompt=a&max_tokens=x"); status != http.StatusBadRequest {
		t.Errorf("a bad query gave %d", status)
	}
	if status, _ := get(t, server.URL+"/nothing/here"); status != http.StatusNotFound {
		t.Errorf("an unknown path gave %d", status)
	}
}

func TestPageAndHealth(t *testing.T) {
	server, model := start(t)
	if status, body := get(t, server.URL+"/"); status != http.StatusOK || !strings.Contains(body, "<textarea") || !strings.Contains(body, `fetch("generate"`) {
		t.Errorf("page: %d %q", status, body)
	}
	if status, body := get(t, server.URL+"/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("health: %d %q", status, body)
	}
	model.Close()
	if status, _ := get(t, server.URL+"/healthz"); status != http.StatusServiceUnavailable {
		t.Errorf("health of a closed model: %d", status)
	}
	if status, _ := get(t, server.URL+"/generate?prompt=a"); status != http.StatusServiceUnavailable {
		t.Errorf("a closed model gave %d", status)
	}
}

// A negative number is "no limit" to the library, which must not get past the service's own.
func TestNoClientPassesTheLimit(t *testing.T) {
	_, model := start(t)
	server := httptest.NewServer(newService(model, 5))
	defer server.Close()
	for _, count := range []string{"-1", "-9223372036854775808", "6", "1000000"} {
		_, last := generate(t, server, `{"prompt": "Once upon a time", "temperature": 0, "max_tokens": `+count+`}`)
		if last.data["finish_reason"] != "length" || last.data["tokens"] != 5.0 {
			t.Errorf("max_tokens %s: %v", count, last)
		}
	}
}
