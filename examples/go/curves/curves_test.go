package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// watch reads the events of a run until it ends.
func watch(body io.Reader) (points []point, ended bool, err error) {
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		text, found := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case lines.Text() == "event: end":
			return points, true, nil
		case found:
			var p point
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				return nil, false, err
			}
			points = append(points, p)
		}
	}
	return points, false, lines.Err()
}

func TestThePageShowsTheRunWhileItGoesOn(t *testing.T) {
	curves := newCurves()
	server := httptest.NewServer(curves)
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	html, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !strings.Contains(string(html), "EventSource('events')") || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		t.Errorf("the page is %q, %v", html, err)
	}

	// One reader is there from the beginning, one comes when all is over; both see the same.
	live, err := http.Get(server.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer live.Body.Close()
	const epochs, batches = 30, 15
	if err := train(context.Background(), epochs, curves); err != nil {
		t.Fatal(err)
	}
	curves.finish()
	late, err := http.Get(server.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer late.Body.Close()
	for name, response := range map[string]*http.Response{"live": live, "late": late} {
		points, ended, err := watch(response.Body)
		if err != nil || !ended || len(points) != epochs*(batches+1) || response.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%s: %d points, ended %v, %v", name, len(points), ended, err)
		}
		first, last := points[0], points[len(points)-1]
		if first.Epoch || first.Loss == nil || first.GradientNorm == nil || first.ValidationLoss != nil {
			t.Errorf("%s: the first step is %+v", name, first)
		}
		if !last.Epoch || last.ValidationAccuracy == nil || *last.ValidationAccuracy < 0.9 || *last.Loss > *first.Loss/2 {
			t.Errorf("%s: the last epoch is %+v", name, last)
		}
	}
}

func TestReadersThatLeaveAreForgotten(t *testing.T) {
	curves := newCurves()
	server := httptest.NewServer(curves)
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	curves.add(point{})
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, _, err := watch(response.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader that left saw %v", err)
	}
	server.Close() // waits for the handler: the reader's end must wake it
}

func TestTrainingStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := train(ctx, 1000, newCurves()); !errors.Is(err, context.Canceled) {
		t.Errorf("a spent context gave %v", err)
	}
}
