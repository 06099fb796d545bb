package mlxc

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// Token is one event of a stream.
type Token struct {
	ID      int32  // -1: no new token, only text that was held back and is now certain
	Text    string // new text: whole UTF-8 characters, may be empty
	Index   int    // of the generated token, from 0
	Logprob float32
	Top     []TokenLogprob // with TopLogprobs: most likely first
	Elapsed time.Duration  // since the submission
	Finish  FinishReason   // FinishNone for all but the last token
}

// Summary is how a stream ended.
type Summary struct {
	FinishReason FinishReason
	Timings      Timings
}

// stream is where the poller leaves the events of a request and the loop picks them up. Neither waits for the other: a slow reader lets
// its events pile up here, bounded by MaxTokens.
type stream struct {
	ready chan struct{} // one place: something is new

	mu      sync.Mutex
	tokens  []Token
	ended   bool
	err     error
	finish  FinishReason
	request *C.mlxc_request // nil before the start and once freed
	timed   bool            // somebody asks for the times
	over    bool            // the request's last event came, and with it:
	timings Timings
}

func (s *stream) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// end is the last thing that the reader hears; what comes first counts.
func (s *stream) end(err error, finish FinishReason) {
	s.mu.Lock()
	if !s.ended {
		s.ended, s.err, s.finish = true, err, finish
	}
	s.mu.Unlock()
	s.wake()
}

// done is the end of the request itself. It is freed here, as the reader may never come by again.
func (s *stream) done(err error, finish FinishReason) {
	s.mu.Lock()
	var timings C.mlxc_timings
	if s.timed && s.request != nil && C.mlxc_go_timings(s.request, &timings, nil) == C.MLXC_OK {
		s.timings = newTimings(&timings)
	}
	s.over = true
	s.mu.Unlock()
	s.free()
	s.end(err, finish)
}

func (s *stream) cancel() {
	s.mu.Lock()
	if s.request != nil {
		C.mlxc_request_cancel(s.request, nil)
	}
	s.mu.Unlock()
}

// free ends the request, which cancels it when it is still running.
func (s *stream) free() {
	s.mu.Lock()
	if s.request != nil {
		C.mlxc_request_free(s.request)
		s.request = nil
	}
	s.mu.Unlock()
}

// take exchanges the tokens that came for an empty slice, the caller's last one, so that two slices serve the whole stream.
func (s *stream) take(empty []Token) (tokens []Token, ended bool, finish FinishReason, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tokens, s.tokens = s.tokens, empty[:0]
	return tokens, s.ended, s.finish, s.err
}

// Generate generates after a prompt and gives each token as soon as it is there:
//
//	for token, err := range model.Generate(ctx, "Once upon a time") { ... }
//
// An error comes as the last pair. Leaving the loop stops the generation, and so does ctx, also inside a long prompt. Each range over the
// result is a new generation. Thousands of streams may run at once: they share the model's steps, and one OS thread waits for all of
// them.
func (m *Model) Generate(ctx context.Context, prompt string, options ...GenerateOption) iter.Seq2[Token, error] {
	return m.generate(ctx, options, func(s *stream, tag uint64, settings *C.mlxc_generate_options, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_go_start(&s.request, m.native, textData(prompt), C.size_t(len(prompt)), nil, 0, settings, m.queue, C.uint64_t(tag), e)
	})
}

// GenerateTokens is Generate after token ids, which are used as they are.
func (m *Model) GenerateTokens(ctx context.Context, prompt []int32, options ...GenerateOption) iter.Seq2[Token, error] {
	return m.generate(ctx, options, func(s *stream, tag uint64, settings *C.mlxc_generate_options, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_go_start(&s.request, m.native, nil, 0, tokenData(prompt), C.int64_t(len(prompt)), settings, m.queue, C.uint64_t(tag), e)
	})
}

type submit func(s *stream, tag uint64, settings *C.mlxc_generate_options, e *C.mlxc_error) C.mlxc_status

func (m *Model) generate(ctx context.Context, options []GenerateOption, start submit) iter.Seq2[Token, error] {
	if ctx == nil {
		ctx = context.Background()
	}
	return func(yield func(Token, error) bool) {
		config := newGenerateConfig(options)
		s, err := m.start(ctx, config, start)
		if err != nil {
			if config.summary != nil {
				*config.summary = Summary{FinishReason: unstarted(err)}
			}
			yield(Token{}, err)
			return
		}
		defer s.free()
		// The reader may be busy elsewhere when the context ends.
		defer context.AfterFunc(ctx, s.cancel)()
		var tokens []Token
		for {
			var ended bool
			var finish FinishReason
			tokens, ended, finish, err = s.take(tokens)
			given := 0
			for given < len(tokens) && ctx.Err() == nil {
				if !yield(tokens[given], nil) {
					s.summarize(config.summary, tokens[given].Finish)
					return
				}
				given++
			}
			if ctx.Err() != nil && (given < len(tokens) || !ended || err != nil) {
				err, ended, finish = contextError("Generate", ctx), true, FinishCancelled
			}
			if ended {
				s.summarize(config.summary, finish)
				if err != nil {
					yield(Token{}, err)
				}
				return
			}
			clear(tokens) // the next batch must not keep the texts of this one alive
			select {
			case <-s.ready:
			case <-ctx.Done():
			}
		}
	}
}

// unstarted is how a generation ended that never began.
func unstarted(err error) FinishReason {
	if errors.Is(err, ErrClosed) || errors.Is(err, ErrCancelled) {
		return FinishCancelled
	}
	return FinishError
}

// start submits a request and makes it known to the poller, which is started with the first one.
func (m *Model) start(ctx context.Context, config *generateConfig, submit submit) (*stream, error) {
	const op = "Generate"
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.leave()
	select {
	case m.submitted <- struct{}{}:
		defer func() { <-m.submitted }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, contextError(op, ctx)
	}
	s := &stream{ready: make(chan struct{}, 1), tokens: make([]Token, 0, 8), timed: config.summary != nil}
	m.mu.Lock()
	if m.closing {
		m.mu.Unlock()
		return nil, ErrClosed
	}
	if err := m.startPoller(); err != nil {
		m.mu.Unlock()
		return nil, err
	}
	m.lastTag++
	tag := m.lastTag
	m.streams[tag] = s
	m.mu.Unlock()

	var pins runtime.Pinner
	defer pins.Unpin()
	settings := config.build(&pins)
	e := newNativeError()
	s.mu.Lock()
	status := submit(s, tag, &settings, &e)
	s.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if status != C.MLXC_OK {
		delete(m.streams, tag)
		return nil, failure(op, status, &e)
	}
	if m.closing { // Close may have come by before there was a request to free
		s.free()
		return nil, ErrClosed
	}
	return s, nil
}

// startPoller makes the queue and the goroutine that waits on it; m.mu is held.
func (m *model) startPoller() error {
	if m.queue != nil {
		return nil
	}
	e := newNativeError()
	if status := C.mlxc_queue_new(&m.queue, &e); status != C.MLXC_OK {
		return failure("Generate", status, &e)
	}
	m.polled = make(chan struct{})
	go m.poll()
	return nil
}

// poll drains the events of all streams, many at a time, into one buffer that lives in C.
func (m *model) poll() {
	defer close(m.polled)
	const capacity = 512
	events := (*C.mlxc_event)(C.malloc(capacity * C.size_t(unsafe.Sizeof(C.mlxc_event{}))))
	defer C.free(unsafe.Pointer(events))
	targets := make([]*stream, capacity)
	e := newNativeError()
	var count C.int64_t
	for {
		if status := C.mlxc_queue_next(m.queue, -1, events, capacity, &count, &e); status != C.MLXC_OK {
			m.endAll(status, &e)
			return
		}
		m.deliver(unsafe.Slice(events, int(count)), targets)
	}
}

// endAll ends the streams that are left when the queue is: none after an orderly END.
func (m *model) endAll(status C.mlxc_status, e *C.mlxc_error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for tag, s := range m.streams {
		s.done(failure("Generate", status, e), FinishError)
		delete(m.streams, tag)
	}
}

func (m *model) deliver(events []C.mlxc_event, targets []*stream) {
	m.mu.Lock()
	for i := range events {
		tag := uint64(events[i].tag)
		targets[i] = m.streams[tag]
		if events[i]._type == C.MLXC_EVENT_DONE {
			delete(m.streams, tag)
		}
	}
	m.mu.Unlock()
	for i := range events {
		s, event := targets[i], &events[i]
		targets[i] = nil
		if s == nil {
			continue
		}
		if event._type == C.MLXC_EVENT_DONE {
			var err error
			if event.status != C.MLXC_OK {
				err = &Error{Op: "Generate", Status: Status(event.status), Message: goString(event.text, event.text_bytes)}
			}
			s.done(err, FinishReason(event.finish_reason))
			continue
		}
		token := Token{
			ID: int32(event.token), Text: goString(event.text, event.text_bytes), Index: int(event.index), Logprob: float32(event.logprob),
			Elapsed: time.Duration(float64(event.seconds) * float64(time.Second)), Finish: FinishReason(event.finish_reason),
		}
		if event.top_count > 0 {
			token.Top = copySlice[TokenLogprob](event.top, C.int64_t(event.top_count))
		}
		s.mu.Lock()
		s.tokens = append(s.tokens, token)
		s.mu.Unlock()
		s.wake()
	}
}

// summarize says how the stream ended: by itself, or (FinishNone) because the reader left, and then the request is stopped first.
func (s *stream) summarize(summary *Summary, finish FinishReason) {
	if summary == nil {
		return
	}
	if finish == FinishNone {
		finish = FinishCancelled
	}
	s.cancel()
	*summary = Summary{FinishReason: finish, Timings: s.wait()}
}

// wait returns when the request's last event has come.
func (s *stream) wait() Timings {
	for {
		s.mu.Lock()
		over, timings := s.over, s.timings
		s.mu.Unlock()
		if over {
			return timings
		}
		<-s.ready
	}
}
