package mlxc

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
	"runtime/cgo"
	"sync"
	"time"
	"unsafe"
)

// Model is a loaded model. Any number of goroutines may use it at once; all they ask for shares the model's steps.
type Model struct {
	*model // apart from the poller's goroutine, which must not keep a forgotten Model alive
	watch  *watch
}

// model is what the calls and the poller share.
type model struct {
	native    *C.mlxc_model
	info      ModelInfo
	submitted chan struct{} // one place for each start that may be inside the library: thousands of goroutines start with few threads

	mu      sync.Mutex
	idle    sync.Cond // of mu: inside became 0
	inside  int       // calls in the library
	calls   map[*call]struct{}
	streams map[uint64]*stream
	lastTag uint64
	queue   *C.mlxc_queue // made with the first stream
	polled  chan struct{} // closed when the poller has ended
	closing bool
	closed  chan struct{} // closed when all is freed
}

// Precision of matrix products.
type Precision int32

const (
	PrecisionNative Precision = C.MLXC_PRECISION_NATIVE // products may round their inputs to the weights' 16-bit type; sums are float32
	PrecisionHigh   Precision = C.MLXC_PRECISION_HIGH   // activations stay float32: results match a float32 run of the reference
)

type loadConfig struct {
	native   C.mlxc_model_options
	device   *Device
	adapter  string
	progress func(done, total int64) error
}

// Option changes how a model is loaded. A nil option, here and in every other call that takes options, changes nothing.
type Option func(*loadConfig)

// apply lets options change a configuration. They are the caller's code, which may panic: nothing is held meanwhile that would stay held.
func apply[T any, O ~func(*T)](to *T, options []O) {
	for _, option := range options {
		if option != nil {
			option(to)
		}
	}
}

// WithPrecision chooses the precision of matrix products.
func WithPrecision(precision Precision) Option {
	return func(c *loadConfig) { c.native.precision = C.int32_t(precision) }
}

// WithDevice loads onto an open device.
func WithDevice(device *Device) Option { return func(c *loadConfig) { c.device = device } }

// WithAdapter serves the model with a low-rank adapter: a folder in PEFT's format.
func WithAdapter(folder string) Option { return func(c *loadConfig) { c.adapter = folder } }

// WithThreads is how many CPU threads the model computes with; 0: as many cores as this process may use.
func WithThreads(count int) Option {
	return func(c *loadConfig) { c.native.threads = axis32(count) }
}

// WithCopiedWeights reads the weights into memory, so that the files may change or go after loading. Otherwise they are mapped: fast to
// load, shared between processes, and must not shrink meanwhile.
func WithCopiedWeights() Option {
	return func(c *loadConfig) { c.native.weights = C.MLXC_WEIGHTS_COPIED }
}

// WithContext limits the positions of one sequence; 0: the model's own limit.
func WithContext(tokens int) Option {
	return func(c *loadConfig) { c.native.context = C.int64_t(tokens) }
}

// WithCacheTokens limits cached keys and values over all sequences; 0: chosen from the memory.
func WithCacheTokens(tokens int) Option {
	return func(c *loadConfig) { c.native.cache_tokens = C.int64_t(tokens) }
}

// WithMaxSequences is how many requests run together, more wait in line; 0: chosen.
func WithMaxSequences(count int) Option {
	return func(c *loadConfig) { c.native.max_sequences = C.int64_t(count) }
}

// WithStepTokens is the most tokens of one step, longer prompts run in chunks; 0: chosen.
func WithStepTokens(count int) Option {
	return func(c *loadConfig) { c.native.step_tokens = C.int64_t(count) }
}

// WithProgress calls report while loading, on the loading goroutine. An error stops the load and comes back from LoadModel.
func WithProgress(report func(doneBytes, totalBytes int64) error) Option {
	return func(c *loadConfig) { c.progress = report }
}

// progress is what a cgo.Handle names while a model is loading.
type progress struct {
	report   func(done, total int64) error
	err      error
	panicked any
}

//export mlxcGoProgress
func mlxcGoProgress(done, total C.int64_t, handle C.uintptr_t) (stop C.int32_t) {
	p := cgo.Handle(handle).Value().(*progress)
	defer func() {
		if value := recover(); value != nil { // goes on in LoadModel: it must not unwind through the library
			p.panicked = value
			stop = 1
		}
	}()
	if p.err = p.report(int64(done), int64(total)); p.err != nil {
		return 1
	}
	return 0
}

// LoadModel loads a model folder as published on Hugging Face: config.json, one or several safetensors files and, for text,
// tokenizer.json. Close frees it.
func LoadModel(path string, options ...Option) (*Model, error) {
	const op = "LoadModel"
	if err := ready(); err != nil {
		return nil, err
	}
	text, err := newCString(op, path)
	if err != nil {
		return nil, err
	}
	defer text.free()

	var config loadConfig
	C.mlxc_model_options_init(&config.native, C.uint32_t(unsafe.Sizeof(config.native)))
	apply(&config, options)
	if config.device != nil {
		if !config.device.enter() {
			return nil, ErrClosed
		}
		defer config.device.leave()
		config.native.device = config.device.native
	}
	if config.adapter != "" {
		adapter, err := newCString(op, config.adapter)
		if err != nil {
			return nil, err
		}
		defer adapter.free()
		config.native.adapter = adapter.data
	}
	report := &progress{report: config.progress}
	var handle cgo.Handle
	if config.progress != nil {
		handle = cgo.NewHandle(report)
		defer handle.Delete()
	}

	m := &model{
		submitted: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
		calls:     map[*call]struct{}{}, streams: map[uint64]*stream{}, closed: make(chan struct{}),
	}
	m.idle.L = &m.mu
	e := newNativeError()
	native := config.native // alone, without the Go pointers beside it
	status := C.mlxc_go_load(&m.native, text.data, &native, C.uintptr_t(handle), &e)
	if status != C.MLXC_OK {
		if report.panicked != nil {
			panic(report.panicked)
		}
		if report.err != nil {
			return nil, report.err
		}
		return nil, failure(op, status, &e)
	}
	if m.info, err = m.inspect(); err != nil {
		C.mlxc_model_free(m.native)
		return nil, err
	}
	outer := &Model{model: m}
	outer.watch = newWatch(outer, "Model")
	return outer, nil
}

// Close stops whatever the model is doing, waits until it has stopped, and frees the model. Calls and streams that were running end with
// [ErrClosed]. It may be called again and inside the loop over [Model.Generate].
func (m *Model) Close() error {
	if m == nil || m.model == nil {
		return nil
	}
	m.watch.stop()
	m.close()
	return nil
}

func (m *model) close() {
	m.mu.Lock()
	if m.closing {
		m.mu.Unlock()
		<-m.closed
		return
	}
	m.closing = true
	for c := range m.calls {
		c.trigger()
	}
	for _, s := range m.streams {
		s.end(ErrClosed, FinishCancelled)
		s.cancel()
	}
	for m.inside > 0 {
		m.idle.Wait()
	}
	m.mu.Unlock()
	if m.queue != nil {
		C.mlxc_queue_close(m.queue, nil)
		<-m.polled
		C.mlxc_queue_free(m.queue)
	}
	C.mlxc_model_free(m.native)
	close(m.closed)
}

// enter begins a short call.
func (m *Model) enter() error {
	if m == nil || m.model == nil {
		return ErrClosed
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		return ErrClosed
	}
	m.inside++
	return nil
}

func (m *model) leave() {
	m.mu.Lock()
	if m.inside--; m.inside == 0 {
		m.idle.Broadcast()
	}
	m.mu.Unlock()
}

// call is a native call that does not return before its work is done. Its context, or Close, stops it.
type call struct {
	op     string
	ctx    context.Context
	stop   func() bool
	mu     sync.Mutex
	cancel *C.mlxc_cancel // nil once freed
}

func (c *call) trigger() {
	c.mu.Lock()
	if c.cancel != nil {
		C.mlxc_cancel_trigger(c.cancel, nil)
	}
	c.mu.Unlock()
}

func (c *call) release() {
	if c.stop == nil {
		return
	}
	c.stop()
	c.mu.Lock()
	C.mlxc_cancel_free(c.cancel)
	c.cancel = nil
	c.mu.Unlock()
}

// newCall begins a call that a context stops; one that cannot be cancelled costs nothing.
func newCall(ctx context.Context, op string) (*call, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if ctx.Err() != nil {
		return nil, contextError(op, ctx)
	}
	c := &call{op: op, ctx: ctx}
	if ctx.Done() == nil {
		return c, nil
	}
	e := newNativeError()
	if status := C.mlxc_cancel_new(&c.cancel, &e); status != C.MLXC_OK {
		return nil, failure(op, status, &e)
	}
	c.stop = context.AfterFunc(ctx, c.trigger)
	return c, nil
}

// failure says how the call ended.
func (c *call) failure(status C.mlxc_status, e *C.mlxc_error) error {
	if status == C.MLXC_CANCELLED && c.ctx.Err() != nil {
		return contextError(c.op, c.ctx)
	}
	return failure(c.op, status, e)
}

// begin enters the library for a long call; end leaves it and says how the call ended.
func (m *Model) begin(ctx context.Context, op string) (*call, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if ctx.Err() != nil {
		return nil, contextError(op, ctx)
	}
	if err := m.enter(); err != nil {
		return nil, err
	}
	c := &call{op: op, ctx: ctx}
	e := newNativeError()
	if status := C.mlxc_cancel_new(&c.cancel, &e); status != C.MLXC_OK {
		m.leave()
		return nil, failure(op, status, &e)
	}
	m.mu.Lock()
	m.calls[c] = struct{}{}
	late := m.closing
	m.mu.Unlock()
	if late { // Close came between enter and here
		c.trigger()
	}
	c.stop = context.AfterFunc(ctx, c.trigger)
	return c, nil
}

func (m *model) end(c *call, status C.mlxc_status, e *C.mlxc_error) error {
	c.release()
	m.mu.Lock()
	delete(m.calls, c)
	closing := m.closing
	m.mu.Unlock()
	m.leave()
	if status == C.MLXC_CANCELLED {
		if closing {
			return ErrClosed
		}
		if c.ctx.Err() != nil {
			return contextError(c.op, c.ctx)
		}
	}
	return failure(c.op, status, e)
}

// Pooling of token vectors into one embedding.
type Pooling int32

const (
	PoolingModel Pooling = C.MLXC_POOLING_MODEL // what the model's files say
	PoolingMean  Pooling = C.MLXC_POOLING_MEAN
	PoolingLast  Pooling = C.MLXC_POOLING_LAST
	PoolingCLS   Pooling = C.MLXC_POOLING_CLS // the first token
)

// ModelInfo describes a model.
type ModelInfo struct {
	Family              string // "qwen3", "llama", ...
	Architecture        string // as published, for example "Qwen3ForCausalLM"
	Causal              bool   // generates, scores, gives logits; false: an encoder, embeddings only
	HasTokenizer        bool   // takes text; false: token ids only
	Vocabulary          int    // width of logits
	Hidden              int    // width of embeddings
	Layers              int
	Heads               int
	KVHeads             int
	HeadDim             int
	Context             int // most positions of one sequence, as loaded
	Parameters          int64
	WeightBytes         int64
	WeightDType         DType
	Precision           Precision
	BOSToken            int32 // -1: none
	PadToken            int32 // -1: none
	Pooling             Pooling
	NormalizeEmbeddings bool
	MaxEmbeddingTokens  int // longer texts are cut by Embed
}

func (m *model) inspect() (ModelInfo, error) {
	var n C.mlxc_model_info
	n.struct_size = C.uint32_t(unsafe.Sizeof(n))
	e := newNativeError()
	if status := C.mlxc_model_inspect(m.native, &n, &e); status != C.MLXC_OK {
		return ModelInfo{}, failure("Info", status, &e)
	}
	return ModelInfo{
		Family: C.GoString(&n.family[0]), Architecture: C.GoString(&n.architecture[0]), Causal: n.causal != 0, HasTokenizer: n.has_tokenizer != 0,
		Vocabulary: int(n.vocabulary), Hidden: int(n.hidden), Layers: int(n.layers), Heads: int(n.heads), KVHeads: int(n.kv_heads),
		HeadDim: int(n.head_dim), Context: int(n.context), Parameters: int64(n.parameters), WeightBytes: int64(n.weight_bytes),
		WeightDType: DType(n.weight_dtype), Precision: Precision(n.precision), BOSToken: int32(n.bos_token), PadToken: int32(n.pad_token),
		Pooling: Pooling(n.pooling), NormalizeEmbeddings: n.normalize_embeddings != 0, MaxEmbeddingTokens: int(n.max_embedding_tokens),
	}, nil
}

// Info describes the model; it may be asked after Close too.
func (m *Model) Info() ModelInfo {
	if m == nil || m.model == nil {
		return ModelInfo{}
	}
	return m.info
}

// JSON is Info and more: path, token ids, sampling defaults, device.
func (m *Model) JSON() (string, error) {
	if err := m.enter(); err != nil {
		return "", err
	}
	defer m.leave()
	return readText("JSON", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_model_json(m.native, buffer, capacity, needed, e)
	})
}

// StopTokens are the tokens that end a text.
func (m *Model) StopTokens() ([]int32, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.leave()
	return readIDs("StopTokens", func(ids *C.int32_t, capacity C.int64_t, needed *C.int64_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_model_stop_tokens(m.native, ids, capacity, needed, e)
	})
}

// Device is the device that the model computes on; the caller closes it.
func (m *Model) Device() (*Device, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.leave()
	d := &Device{}
	e := newNativeError()
	if status := C.mlxc_model_device_copy(&d.native, m.native, &e); status != C.MLXC_OK {
		return nil, failure("Model.Device", status, &e)
	}
	return d.take(), nil
}

// ModelStats is what the model does and did.
type ModelStats struct {
	Running         int // requests in the present step
	Waiting         int // requests in line
	Submitted       int64
	Finished        int64
	PromptTokens    int64
	GeneratedTokens int64
	Steps           int64
	CachePages      int64
	CachePagesUsed  int64
}

// Stats is what the model does and did since it was loaded.
func (m *Model) Stats() (ModelStats, error) {
	if err := m.enter(); err != nil {
		return ModelStats{}, err
	}
	defer m.leave()
	var n C.mlxc_model_stats
	n.struct_size = C.uint32_t(unsafe.Sizeof(n))
	e := newNativeError()
	if status := C.mlxc_model_read_stats(m.native, &n, &e); status != C.MLXC_OK {
		return ModelStats{}, failure("Stats", status, &e)
	}
	return ModelStats{
		Running: int(n.running), Waiting: int(n.waiting), Submitted: int64(n.submitted), Finished: int64(n.finished),
		PromptTokens: int64(n.prompt_tokens), GeneratedTokens: int64(n.generated_tokens), Steps: int64(n.steps),
		CachePages: int64(n.cache_pages), CachePagesUsed: int64(n.cache_pages_used),
	}, nil
}

// Tokenizer gives the model's tokenizer, which outlives the model: close it too.
func (m *Model) Tokenizer() (*Tokenizer, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.leave()
	var native *C.mlxc_tokenizer
	e := newNativeError()
	if status := C.mlxc_model_tokenizer_copy(&native, m.native, &e); status != C.MLXC_OK {
		return nil, failure("Tokenizer", status, &e)
	}
	return newTokenizer(native), nil
}

// Timings of one text.
type Timings struct {
	Queue           time.Duration // waiting in line
	Prompt          time.Duration // from leaving the line to the end of the prompt
	FirstToken      time.Duration // from the submission to the first token
	Generate        time.Duration // from the first token to the last
	PromptTokens    int
	GeneratedTokens int
}

func newTimings(n *C.mlxc_timings) Timings {
	seconds := func(s C.double) time.Duration { return time.Duration(float64(s) * float64(time.Second)) }
	return Timings{
		Queue: seconds(n.queue_seconds), Prompt: seconds(n.prompt_seconds), FirstToken: seconds(n.first_token_seconds),
		Generate: seconds(n.generate_seconds), PromptTokens: int(n.prompt_tokens), GeneratedTokens: int(n.generated_tokens),
	}
}
