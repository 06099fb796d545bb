// Command curves trains a small network and serves the live curves of the run as a web page: open http://localhost:8080 while it trains. The
// page hears of every step through server-sent events; who comes later gets what was before first.
//
//	go run ./go/curves -address localhost:8080 -epochs 200
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"net/http"
	"os"
	"os/signal"
	"sync"

	"libmlxc.dev/go/mlxc"
)

//go:embed page.html
var page []byte

func main() {
	log.SetFlags(0)
	address := flag.String("address", "localhost:8080", "where to serve")
	epochs := flag.Int("epochs", 200, "how long to train")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	curves := newCurves()
	server := &http.Server{Addr: *address, Handler: curves}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	go func() {
		if err := train(ctx, *epochs, curves); err != nil && !errors.Is(err, context.Canceled) {
			log.Print(err)
		}
		curves.finish()
	}()
	log.Printf("the curves are at http://%s", *address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

// train fits two moons, which no straight line parts, and tells of each event.
func train(ctx context.Context, epochs int, curves *curves) error {
	s := mlxc.NewScope()
	defer s.Close()
	points, classes := moons(600)
	x, y := s.Own(mlxc.NewArray(points, len(classes), 2)), s.Own(mlxc.NewArray(classes))
	all, err := mlxc.NewDataset(x, y)
	if err != nil {
		return err
	}
	defer all.Close()
	training, validation, err := all.Split(0.8, 1)
	if err != nil {
		return err
	}
	defer training.Close()
	defer validation.Close()
	batches, err := mlxc.NewLoader(training, mlxc.BatchSize(32), mlxc.Shuffle(1))
	if err != nil {
		return err
	}
	defer batches.Close()
	checks, err := mlxc.NewLoader(validation, mlxc.BatchSize(120))
	if err != nil {
		return err
	}
	defer checks.Close()
	model := mlxc.Sequential(mlxc.Linear(2, 32, true), mlxc.Activation(mlxc.ActReLU), mlxc.Linear(32, 32, true), mlxc.Activation(mlxc.ActReLU), mlxc.Linear(32, 2, true))
	defer model.Close()
	parameters, err := mlxc.NewParameters(nil, 1)
	if err != nil {
		return err
	}
	defer parameters.Close()
	trainer, err := mlxc.NewTrainer(model, parameters, nil, mlxc.WithSchedule(mlxc.CosineRate(3e-3, 0, epochs*batches.Batches())), mlxc.WithGradientNorm())
	if err != nil {
		return err
	}
	defer trainer.Close()
	for event, err := range trainer.Fit(ctx, batches, checks, mlxc.FitOptions{Epochs: epochs}) {
		if err != nil {
			return err
		}
		curves.add(newPoint(event))
	}
	return nil
}

// moons are two half circles with some noise that is the same every time.
func moons(count int) (points []float32, classes []int32) {
	noise := uint32(1)
	next := func() float64 {
		noise = noise*1664525 + 1013904223
		return (float64(noise>>8)/(1<<24) - 0.5) * 0.3
	}
	for i := range count {
		angle, class := math.Pi*float64(i/2)/float64(count/2), i%2
		px, py := math.Cos(angle), math.Sin(angle)
		if class == 1 {
			px, py = 1-px, 0.5-py
		}
		points = append(points, float32(px+next()), float32(py+next()))
		classes = append(classes, int32(class))
	}
	return points, classes
}

// point is one event as the page reads it.
type point struct {
	Epoch              bool     `json:"epoch"` // else a step
	Number             int      `json:"number"`
	Step               int      `json:"step"`
	Loss               *float64 `json:"loss"`
	Accuracy           *float64 `json:"accuracy"`
	LearningRate       *float64 `json:"learning_rate"`
	GradientNorm       *float64 `json:"gradient_norm"`
	ValidationLoss     *float64 `json:"validation_loss"`
	ValidationAccuracy *float64 `json:"validation_accuracy"`
}

func newPoint(e mlxc.TrainEvent) point {
	number := func(x float64) *float64 { // JSON has no NaN
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return &x
	}
	return point{
		Epoch: e.Kind == mlxc.TrainEpoch, Number: e.Epoch, Step: e.Step, Loss: number(e.Loss), Accuracy: number(e.Accuracy),
		LearningRate: number(e.LearningRate), GradientNorm: number(e.GradientNorm),
		ValidationLoss: number(e.ValidationLoss), ValidationAccuracy: number(e.ValidationAccuracy),
	}
}

// curves keeps what a run has told so far and serves it: the page at /, the events at /events.
type curves struct {
	mu     sync.Mutex
	news   *sync.Cond
	points []point
	done   bool
	mux    *http.ServeMux
}

func newCurves() *curves {
	c := &curves{mux: http.NewServeMux()}
	c.news = sync.NewCond(&c.mu)
	c.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	})
	c.mux.HandleFunc("GET /events", c.events)
	return c
}

func (c *curves) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.mux.ServeHTTP(w, r) }

func (c *curves) add(p point) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.points = append(c.points, p)
	c.news.Broadcast()
}

func (c *curves) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	c.news.Broadcast()
}

// after waits for points beyond the first `seen`; none: the run has ended or the reader is gone.
func (c *curves) after(ctx context.Context, seen int) []point {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.points) == seen && !c.done && ctx.Err() == nil {
		c.news.Wait()
	}
	return c.points[seen:len(c.points):len(c.points)]
}

func (c *curves) events(w http.ResponseWriter, r *http.Request) {
	flusher, ok := w.(http.Flusher)
	if !ok {
		http.Error(w, "this connection does not stream", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flusher.Flush()                               // the reader knows that it is heard
	defer context.AfterFunc(r.Context(), func() { // under the lock: else it may come between the look at the context and the wait
		c.mu.Lock()
		defer c.mu.Unlock()
		c.news.Broadcast()
	})()
	for seen := 0; r.Context().Err() == nil; {
		points := c.after(r.Context(), seen)
		if len(points) == 0 {
			break
		}
		for _, p := range points {
			text, err := json.Marshal(p)
			if err != nil {
				return
			}
			fmt.Fprintf(w, "data: %s\n\n", text)
		}
		flusher.Flush()
		seen += len(points)
	}
	fmt.Fprint(w, "event: end\ndata: {}\n\n")
	flusher.Flush()
}
