package mlxc_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"libmlxc.dev/go/mlxc"
)

func TestScoresAreSumsOfLogits(t *testing.T) {
	model := load(t, fable, mlxc.WithPrecision(mlxc.PrecisionHigh))
	tokenizer := must(model.Tokenizer())
	defer tokenizer.Close()
	ctx := context.Background()
	prompts, labels := []string{"The fox looked at the", "Once upon a"}, []string{" wolf", " time", " strange fisherman"}
	scores, err := model.Score(ctx, prompts, labels)
	if err != nil {
		t.Fatal(err)
	}
	for i, prompt := range prompts {
		for j, label := range labels {
			prefix, rest := must(tokenizer.Encode(prompt)), must(tokenizer.Encode(label, mlxc.EncodePlain()))
			logits, err := model.Logits(ctx, append(slices.Clone(prefix), rest...))
			if err != nil {
				t.Fatal(err)
			}
			want := 0.0
			for k, id := range rest {
				want += logprob(logits[len(prefix)-1+k], id)
			}
			if math.Abs(want-float64(scores.Logprobs[i][j])) > 1e-3 || scores.TokenCounts[j] != len(rest) {
				t.Errorf("%q + %q: %g with %d tokens, expected %g with %d", prompt, label, scores.Logprobs[i][j], scores.TokenCounts[j], want, len(rest))
			}
		}
	}
	if scores.Best(0, false) != 0 || scores.Best(1, true) != 1 || scores.Best(2, false) != -1 {
		t.Errorf("best labels: %d, %d, %d", scores.Best(0, false), scores.Best(1, true), scores.Best(2, false))
	}
	if none, err := model.Score(ctx, nil, labels, mlxc.ScorePlain()); err != nil || len(none.Logprobs) != 0 {
		t.Errorf("no prompt gave %v, %v", none, err)
	}
	if _, err := model.Score(ctx, prompts, []string{""}); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("an empty label gave %v", err)
	}
}

func logprob(logits []float32, id int32) float64 {
	highest, sum := slices.Max(logits), 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l - highest))
	}
	return float64(logits[id]-highest) - math.Log(sum)
}

func TestEmbeddings(t *testing.T) {
	model := load(t, fable)
	ctx := context.Background()
	texts := []string{"A fox and a crow sat in a tree.", "A fox and a crow sat on a tree.", "7 + 8 = 15"}
	vectors, err := model.Embed(ctx, texts, mlxc.EmbedPooling(mlxc.PoolingMean), mlxc.EmbedNormalize(true))
	if err != nil {
		t.Fatal(err)
	}
	dot := func(a, b []float32) (sum float64) {
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
		}
		return sum
	}
	for i, v := range vectors {
		if len(v) != 256 || math.Abs(dot(v, v)-1) > 1e-3 {
			t.Errorf("%q: %d elements of length %g", texts[i], len(v), dot(v, v))
		}
	}
	if near, far := dot(vectors[0], vectors[1]), dot(vectors[0], vectors[2]); near <= far {
		t.Errorf("likeness %g to a like text, %g to another", near, far)
	}
	last, err := model.Embed(ctx, texts[:1], mlxc.EmbedPooling(mlxc.PoolingLast), mlxc.EmbedNormalize(false), mlxc.EmbedPlain())
	if err != nil || slices.Equal(last[0], vectors[0]) || math.Abs(dot(last[0], last[0])-1) < 1e-3 {
		t.Errorf("pooling and normalisation change nothing: %v", err)
	}
	tokens, err := model.EmbedTokens(ctx, [][]int32{{5, 6}, {7}})
	if err != nil || len(tokens) != 2 {
		t.Errorf("%d vectors, %v", len(tokens), err)
	}
	if none, err := model.Embed(ctx, nil); err != nil || len(none) != 0 {
		t.Errorf("no text gave %v, %v", none, err)
	}
	if _, err := model.EmbedTokens(ctx, [][]int32{{1 << 30}}, mlxc.EmbedWhole()); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("a token outside the vocabulary gave %v", err)
	}
}

func TestLogitsErrors(t *testing.T) {
	model := load(t, tiny)
	ctx := context.Background()
	if _, err := model.Logits(ctx, nil); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("no token gave %v", err)
	}
	if _, err := model.Logits(ctx, make([]int32, 100000)); !errors.Is(err, mlxc.ErrContextFull) {
		t.Errorf("too many tokens gave %v", err)
	}
	if _, err := model.Logits(ctx, []int32{-1}); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("a negative token gave %v", err)
	}
}
