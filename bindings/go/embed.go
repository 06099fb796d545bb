package mlxc

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"unsafe"
)

type embedConfig struct{ native C.mlxc_embed_options }

// EmbedOption changes how embeddings are made. What is not given follows the model's files.
type EmbedOption func(*embedConfig)

// EmbedPooling chooses how token vectors become one.
func EmbedPooling(pooling Pooling) EmbedOption {
	return func(c *embedConfig) { c.native.pooling = C.int32_t(pooling) }
}

// EmbedNormalize gives vectors of length 1, or leaves them as they are.
func EmbedNormalize(normalize bool) EmbedOption {
	return func(c *embedConfig) { c.native.normalize = boolean(normalize) }
}

// EmbedWhole makes an input that is too long an [ErrContextFull], where it would be cut otherwise.
func EmbedWhole() EmbedOption {
	return func(c *embedConfig) { c.native.truncate = 0 }
}

// EmbedPlain leaves out the special tokens that the tokenizer's post-processor would add.
func EmbedPlain() EmbedOption {
	return func(c *embedConfig) { c.native.add_special_tokens = 0 }
}

func boolean(value bool) C.int32_t {
	if value {
		return 1
	}
	return 0
}

// Embed gives one vector for each text, of Info().Hidden elements, in one cgo call.
func (m *Model) Embed(ctx context.Context, texts []string, options ...EmbedOption) ([][]float32, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return m.embed(ctx, textPrompts(texts, &pins), options)
}

// EmbedTokens is Embed for lists of token ids.
func (m *Model) EmbedTokens(ctx context.Context, inputs [][]int32, options ...EmbedOption) ([][]float32, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return m.embed(ctx, tokenPrompts(inputs, &pins), options)
}

func (m *Model) embed(ctx context.Context, inputs []C.mlxc_prompt, options []EmbedOption) ([][]float32, error) {
	var config embedConfig
	C.mlxc_embed_options_init(&config.native, C.uint32_t(unsafe.Sizeof(config.native)))
	apply(&config, options)
	c, err := m.begin(ctx, "Embed")
	if err != nil {
		return nil, err
	}
	config.native.cancel = c.cancel
	flat, rows := matrix(len(inputs), m.info.Hidden)
	e := newNativeError()
	status := C.mlxc_embed(m.native, unsafe.SliceData(inputs), C.int64_t(len(inputs)), &config.native, floats(flat), C.int64_t(len(flat)), &e)
	if err := m.end(c, status, &e); err != nil {
		return nil, err
	}
	return rows, nil
}

// matrix is one piece of memory and its rows.
func matrix(rows, columns int) ([]float32, [][]float32) {
	flat := make([]float32, rows*columns)
	list := make([][]float32, rows)
	for i := range list {
		list[i] = flat[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return flat, list
}

func floats(values []float32) *C.float { return (*C.float)(unsafe.Pointer(unsafe.SliceData(values))) }

// Scores are log-probabilities of labels as continuations of prompts.
type Scores struct {
	Logprobs    [][]float32 // [prompt][label]: natural logarithm, summed over the label's tokens
	TokenCounts []int       // [label]: how many tokens it has, to normalise by
}

// Best is the index of the most likely label after a prompt; mean compares by log-probability per token, which does not favour short
// labels. -1 when there is none.
func (s *Scores) Best(prompt int, mean bool) int {
	best, highest := -1, float32(0)
	if s == nil || prompt < 0 || prompt >= len(s.Logprobs) {
		return best
	}
	for label, logprob := range s.Logprobs[prompt] {
		if mean {
			logprob /= float32(max(s.TokenCounts[label], 1))
		}
		if best < 0 || logprob > highest {
			best, highest = label, logprob
		}
	}
	return best
}

// ScoreOption changes how labels are scored.
type ScoreOption func(*C.mlxc_score_options)

// ScorePlain leaves out the special tokens that the tokenizer's post-processor would add to the prompts; labels never get any.
func ScorePlain() ScoreOption {
	return func(o *C.mlxc_score_options) { o.add_special_tokens = 0 }
}

// Score tells how likely each label is as a continuation of each prompt, in one cgo call; one pass over a prompt serves all its labels.
// Labels are tokenized by themselves: write the leading space they have after the prompt.
func (m *Model) Score(ctx context.Context, prompts, labels []string, options ...ScoreOption) (*Scores, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return m.score(ctx, textPrompts(prompts, &pins), textPrompts(labels, &pins), options)
}

// ScoreTokens is Score for lists of token ids.
func (m *Model) ScoreTokens(ctx context.Context, prompts, labels [][]int32, options ...ScoreOption) (*Scores, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return m.score(ctx, tokenPrompts(prompts, &pins), tokenPrompts(labels, &pins), options)
}

func (m *Model) score(ctx context.Context, prompts, labels []C.mlxc_prompt, options []ScoreOption) (*Scores, error) {
	var settings C.mlxc_score_options
	C.mlxc_score_options_init(&settings, C.uint32_t(unsafe.Sizeof(settings)))
	apply(&settings, options)
	c, err := m.begin(ctx, "Score")
	if err != nil {
		return nil, err
	}
	settings.cancel = c.cancel
	flat, rows := matrix(len(prompts), len(labels))
	counts := make([]int32, len(labels))
	e := newNativeError()
	status := C.mlxc_score(m.native, unsafe.SliceData(prompts), C.int64_t(len(prompts)), unsafe.SliceData(labels), C.int64_t(len(labels)), &settings,
		floats(flat), C.int64_t(len(flat)), (*C.int32_t)(unsafe.Pointer(unsafe.SliceData(counts))), &e)
	if err := m.end(c, status, &e); err != nil {
		return nil, err
	}
	scores := &Scores{Logprobs: rows, TokenCounts: make([]int, len(counts))}
	for i, count := range counts {
		scores.TokenCounts[i] = int(count)
	}
	return scores, nil
}

// Logits gives for every token of a sequence what the model expects next: row t, of Info().Vocabulary elements, after tokens[:t+1].
func (m *Model) Logits(ctx context.Context, tokens []int32) ([][]float32, error) {
	c, err := m.begin(ctx, "Logits")
	if err != nil {
		return nil, err
	}
	e := newNativeError()
	if limit := m.info.Context; limit > 0 && len(tokens) > limit { // before memory is taken for the result
		e := &Error{Op: "Logits", Status: StatusContextFull, Message: fmt.Sprintf("%d tokens do not fit the context of %d", len(tokens), limit)}
		_ = m.end(c, C.MLXC_OK, nil)
		return nil, e
	}
	flat, rows := matrix(len(tokens), m.info.Vocabulary)
	status := C.mlxc_logits(m.native, tokenData(tokens), C.int64_t(len(tokens)), floats(flat), C.int64_t(len(flat)), nil, 0, c.cancel, &e)
	if err := m.end(c, status, &e); err != nil {
		return nil, err
	}
	return rows, nil
}
