// Command service streams generated text over HTTP: one model, any number of clients.
//
//	go run ./service -model ../tests/models/fable-qwen3 -listen 127.0.0.1:8080
//
// Then open http://127.0.0.1:8080/, or:
//
//	curl -N http://127.0.0.1:8080/generate -d '{"prompt": "Once upon a time", "max_tokens": 100}'
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"libmlxc.dev/go/mlxc"
)

func main() {
	path := flag.String("model", "../tests/models/fable-qwen3", "model folder")
	listen := flag.String("listen", "127.0.0.1:8080", "address")
	maxTokens := flag.Int("max-tokens", 1024, "most tokens that a client may ask for")
	flag.Parse()
	if err := run(*path, *listen, *maxTokens); err != nil {
		log.Fatal(err)
	}
}

func run(path, listen string, maxTokens int) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	model, err := mlxc.LoadModel(path)
	if err != nil {
		return err
	}
	defer model.Close()
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newService(model, maxTokens), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		// Streams may finish; what still runs after that is cut off with its connection.
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	}()
	log.Printf("%s on http://%s/", model.Info().Architecture, listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
