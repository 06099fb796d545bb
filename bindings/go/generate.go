package mlxc

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// FinishReason says why a text ended.
type FinishReason int32

const (
	FinishNone      FinishReason = C.MLXC_FINISH_NONE      // still running
	FinishStop      FinishReason = C.MLXC_FINISH_STOP      // a stop token or stop string
	FinishLength    FinishReason = C.MLXC_FINISH_LENGTH    // MaxTokens or the context is reached
	FinishCancelled FinishReason = C.MLXC_FINISH_CANCELLED // by a context, a break or Close
	FinishError     FinishReason = C.MLXC_FINISH_ERROR
)

func (r FinishReason) String() string {
	names := [...]string{"none", "stop", "length", "cancelled", "error"}
	if r >= 0 && int(r) < len(names) {
		return names[r]
	}
	return "unknown"
}

// GenerateOption changes how text is generated. What is not given follows the model's generation_config.json, else greedy decoding.
type GenerateOption func(*generateConfig)

type generateConfig struct {
	native     C.mlxc_generate_options
	stop       []string
	stopTokens []int32
	bias       map[int32]float32
	summary    *Summary
}

// MaxTokens is the most tokens to generate; otherwise up to the context.
func MaxTokens(count int) GenerateOption {
	return func(c *generateConfig) { c.native.max_tokens = C.int64_t(count) }
}

// MinTokens lets no stop token or stop string end the text before as many tokens.
func MinTokens(count int) GenerateOption {
	return func(c *generateConfig) { c.native.min_tokens = C.int64_t(count) }
}

// Temperature of sampling; 0 is greedy.
func Temperature(t float64) GenerateOption {
	return func(c *generateConfig) { c.native.temperature = C.float(t) }
}

// TopK keeps the k most likely tokens; 0: all.
func TopK(k int) GenerateOption {
	return func(c *generateConfig) { c.native.top_k = C.int64_t(k) }
}

// TopP keeps the most likely tokens that together reach p; 1: all.
func TopP(p float64) GenerateOption {
	return func(c *generateConfig) { c.native.top_p = C.float(p) }
}

// MinP keeps tokens of at least p times the highest probability; 0: all.
func MinP(p float64) GenerateOption {
	return func(c *generateConfig) { c.native.min_p = C.float(p) }
}

// RepetitionPenalty divides positive logits of seen tokens, and multiplies negative ones; 1: off.
func RepetitionPenalty(penalty float64) GenerateOption {
	return func(c *generateConfig) { c.native.repetition_penalty = C.float(penalty) }
}

// PresencePenalty is subtracted once from logits of generated tokens; 0: off.
func PresencePenalty(penalty float64) GenerateOption {
	return func(c *generateConfig) { c.native.presence_penalty = C.float(penalty) }
}

// FrequencyPenalty is subtracted for each time a token was generated; 0: off.
func FrequencyPenalty(penalty float64) GenerateOption {
	return func(c *generateConfig) { c.native.frequency_penalty = C.float(penalty) }
}

// Seed fixes sampling: same seed and prompt, same tokens, whatever runs beside it.
func Seed(seed uint64) GenerateOption {
	return func(c *generateConfig) { c.native.seed = C.uint64_t(seed) }
}

// Stop names strings that end the text before the first of them.
func Stop(texts ...string) GenerateOption {
	return func(c *generateConfig) { c.stop = append(c.stop, texts...) }
}

// StopTokens names tokens that end the text, beside the model's own.
func StopTokens(ids ...int32) GenerateOption {
	return func(c *generateConfig) { c.stopTokens = append(c.stopTokens, ids...) }
}

// IgnoreModelStop goes on past the model's own stop tokens.
func IgnoreModelStop() GenerateOption {
	return func(c *generateConfig) { c.native.ignore_model_stop = 1 }
}

// LogitBias adds to the logits of tokens; minus infinity forbids one.
func LogitBias(bias map[int32]float32) GenerateOption {
	return func(c *generateConfig) { c.bias = bias }
}

// Logprobs asks for the log-probability of each generated token.
func Logprobs() GenerateOption {
	return func(c *generateConfig) { c.native.logprobs = 1 }
}

// TopLogprobs asks for the n most likely tokens of each step, 0 to 100.
func TopLogprobs(n int) GenerateOption {
	return func(c *generateConfig) { c.native.top_logprobs = axis32(n) }
}

// Echo makes the text and tokens of a [Result] begin with the prompt's.
func Echo() GenerateOption {
	return func(c *generateConfig) { c.native.echo = 1 }
}

// LastLogits puts the logits behind the last token into a [Result].
func LastLogits() GenerateOption {
	return func(c *generateConfig) { c.native.keep_last_logits = 1 }
}

// PlainPrompt leaves out the special tokens that the tokenizer's post-processor would add to the prompt.
func PlainPrompt() GenerateOption {
	return func(c *generateConfig) { c.native.add_special_tokens = 0 }
}

// Summarize fills *summary when a stream of [Model.Generate] has ended, however it ended: before the error that ends it is given, or before
// the loop that is left goes on behind its end, which waits for the request to stop.
func Summarize(summary *Summary) GenerateOption {
	return func(c *generateConfig) { c.summary = summary }
}

func newGenerateConfig(options []GenerateOption) *generateConfig {
	c := &generateConfig{}
	C.mlxc_generate_options_init(&c.native, C.uint32_t(unsafe.Sizeof(c.native)))
	apply(c, options)
	return c
}

// build gives the options as C reads them, for as long as the pins hold.
func (c *generateConfig) build(pins *runtime.Pinner) C.mlxc_generate_options {
	native := c.native
	if len(c.stop) > 0 {
		texts := make([]C.mlxc_text, len(c.stop))
		for i, text := range c.stop {
			texts[i] = C.mlxc_text{data: textData(text), bytes: C.size_t(len(text))}
			pins.Pin(texts[i].data)
		}
		pins.Pin(&texts[0])
		native.stop, native.stop_count = &texts[0], C.int64_t(len(texts))
	}
	if len(c.stopTokens) > 0 {
		pins.Pin(&c.stopTokens[0])
		native.stop_tokens, native.stop_token_count = (*C.int32_t)(unsafe.Pointer(&c.stopTokens[0])), C.int64_t(len(c.stopTokens))
	}
	if len(c.bias) > 0 {
		list := make([]C.mlxc_logit_bias, 0, len(c.bias))
		for token, bias := range c.bias {
			list = append(list, C.mlxc_logit_bias{token: C.int32_t(token), bias: C.float(bias)})
		}
		pins.Pin(&list[0])
		native.logit_bias, native.logit_bias_count = &list[0], C.int64_t(len(list))
	}
	return native
}

// prompts describes texts or token lists as C reads them, for as long as the pins hold.
func textPrompts(texts []string, pins *runtime.Pinner) []C.mlxc_prompt {
	list := make([]C.mlxc_prompt, len(texts))
	for i, text := range texts {
		list[i].text, list[i].text_bytes = textData(text), C.size_t(len(text))
		pins.Pin(list[i].text)
	}
	return list
}

var noToken int32

func tokenPrompts(lists [][]int32, pins *runtime.Pinner) []C.mlxc_prompt {
	list := make([]C.mlxc_prompt, len(lists))
	for i, tokens := range lists {
		list[i].tokens, list[i].token_count = tokenData(tokens), C.int64_t(len(tokens))
		pins.Pin(list[i].tokens)
	}
	return list
}

// tokenData is never nil: no tokens and an empty list differ.
func tokenData(tokens []int32) *C.int32_t {
	if len(tokens) == 0 {
		return (*C.int32_t)(unsafe.Pointer(&noToken))
	}
	return (*C.int32_t)(unsafe.Pointer(&tokens[0]))
}

// TokenLogprob is a token with the natural logarithm of its probability, before temperature, penalties and bias.
type TokenLogprob struct {
	ID      int32
	Logprob float32
}

// Result is one text of a batch.
type Result struct {
	Text         string
	Tokens       []int32          // without a final stop token
	Logprobs     []float32        // with Logprobs: one for each generated token
	TopLogprobs  [][]TokenLogprob // with TopLogprobs: most likely first
	LastLogits   []float32        // with LastLogits
	FinishReason FinishReason
	Timings      Timings
	Err          error // why this text failed or was cancelled
}

// GenerateBatch generates after each prompt, all together, and returns when all are done: one cgo call whatever the number of prompts
// and tokens. When ctx or Close ends it early, the results hold what was generated until then, beside the error.
func (m *Model) GenerateBatch(ctx context.Context, prompts []string, options ...GenerateOption) ([]Result, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return m.batch(ctx, textPrompts(prompts, &pins), options, &pins)
}

// GenerateBatchTokens is GenerateBatch after lists of token ids, which are used as they are.
func (m *Model) GenerateBatchTokens(ctx context.Context, prompts [][]int32, options ...GenerateOption) ([]Result, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return m.batch(ctx, tokenPrompts(prompts, &pins), options, &pins)
}

func (m *Model) batch(ctx context.Context, prompts []C.mlxc_prompt, options []GenerateOption, pins *runtime.Pinner) ([]Result, error) {
	config := newGenerateConfig(options)
	c, err := m.begin(ctx, "GenerateBatch")
	if err != nil {
		return nil, err
	}
	settings := config.build(pins)
	settings.cancel = c.cancel
	texts := make([]C.mlxc_go_text, max(len(prompts), 1))
	var result *C.mlxc_result
	e := newNativeError()
	status := C.mlxc_go_batch(&result, m.native, unsafe.SliceData(prompts), C.int64_t(len(prompts)), &settings, &texts[0], &e)
	var results []Result
	if result != nil {
		results = make([]Result, len(prompts))
		for i := range results {
			results[i] = newResult(result, i, &texts[i], int(settings.top_logprobs))
		}
		C.mlxc_result_free(result)
	}
	return results, m.end(c, status, &e)
}

func newResult(result *C.mlxc_result, index int, text *C.mlxc_go_text, top int) Result {
	r := Result{
		Text: goString(text.text, text.text_bytes), Tokens: copySlice[int32](text.tokens, text.token_count),
		Logprobs:     copySlice[float32](text.logprobs, text.logprob_count),
		LastLogits:   copySlice[float32](text.last_logits, text.last_logits_count),
		FinishReason: FinishReason(text.finish_reason), Timings: newTimings(&text.timings),
	}
	if text.status != C.MLXC_OK {
		r.Err = &Error{Op: "GenerateBatch", Status: Status(text.status), Message: goString(text.message, text.message_bytes)}
	}
	if steps := r.Timings.GeneratedTokens; top > 0 && steps > 0 {
		flat := make([]TokenLogprob, steps*top)
		if C.mlxc_go_top(result, C.int64_t(index), C.int64_t(steps), C.int32_t(top), (*C.mlxc_token_logprob)(unsafe.Pointer(&flat[0])), nil) == C.MLXC_OK {
			r.TopLogprobs = make([][]TokenLogprob, steps)
			for step := range r.TopLogprobs {
				row := flat[step*top : (step+1)*top : (step+1)*top]
				for len(row) > 0 && row[len(row)-1].ID < 0 {
					row = row[:len(row)-1]
				}
				r.TopLogprobs[step] = row
			}
		}
	}
	return r
}
