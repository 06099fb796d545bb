package mlxc_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"libmlxc.dev/go/mlxc"
)

// What transformers writes in float32, greedily.
var stories = map[string]string{
	"Once upon a time":               ", the king's daughter was a king's daughter, and the king's daughter was a king's daughter.",
	"The fox looked at the":          " wolf with a smile. \"What do you want with a snake?\" asked the wolf.",
	"\"Where are you going?\" asked": " the girl.\n\"I am going to tell you,\" replied the girl.",
}

func TestGreedyStreamAndBatchMatchTransformers(t *testing.T) {
	model := load(t, fable, mlxc.WithPrecision(mlxc.PrecisionHigh))
	ctx := context.Background()
	var prompts []string
	for prompt, want := range stories {
		prompts = append(prompts, prompt)
		text, _, err := stream(ctx, model, prompt, mlxc.MaxTokens(30), mlxc.Temperature(0))
		if err != nil {
			t.Fatal(err)
		}
		if n := min(len(text), len(want)); n < 40 || text[:n] != want[:n] {
			t.Errorf("%s: streamed %q, expected %q", prompt, text, want)
		}
	}
	results, err := model.GenerateBatch(ctx, prompts, mlxc.MaxTokens(30), mlxc.Temperature(0))
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		text, ids, err := stream(ctx, model, prompts[i], mlxc.MaxTokens(30), mlxc.Temperature(0))
		if err != nil || result.Err != nil || text != result.Text || !slices.Equal(ids, result.Tokens) {
			t.Errorf("%s: stream %q %v, batch %q %v", prompts[i], text, err, result.Text, result.Err)
		}
		if result.FinishReason != mlxc.FinishLength || len(result.Tokens) != 30 || result.Timings.GeneratedTokens != 30 || result.Timings.PromptTokens < 4 {
			t.Errorf("%s: %s after %d tokens, timings %+v", prompts[i], result.FinishReason, len(result.Tokens), result.Timings)
		}
	}
}

func TestSeedFixesSampling(t *testing.T) {
	model := load(t, fable)
	write := func(seed uint64) string {
		text, _, err := stream(context.Background(), model, "The king", mlxc.MaxTokens(24), mlxc.Temperature(1), mlxc.TopP(0.95), mlxc.TopK(200),
			mlxc.MinP(0.01), mlxc.Seed(seed))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := write(1)
	if again := write(1); again != first {
		t.Errorf("seed 1 gave %q and %q", first, again)
	}
	if other := write(2); other == first {
		t.Errorf("seeds 1 and 2 both gave %q", first)
	}
}

func TestTokensOfAStream(t *testing.T) {
	model := load(t, fable)
	var summary mlxc.Summary
	next, elapsed := 0, time.Duration(0)
	var finish mlxc.FinishReason
	for token, err := range model.Generate(context.Background(), "Once upon a time", mlxc.MaxTokens(12), mlxc.Temperature(0), mlxc.Logprobs(),
		mlxc.TopLogprobs(3), mlxc.IgnoreModelStop(), mlxc.Summarize(&summary)) {
		if err != nil {
			t.Fatal(err)
		}
		finish = token.Finish
		if token.ID < 0 {
			continue
		}
		if token.Index != next || token.Elapsed < elapsed {
			t.Errorf("token %d came as %d, after %s then %s", next, token.Index, elapsed, token.Elapsed)
		}
		if len(token.Top) != 3 || token.Top[0].ID != token.ID || token.Top[0].Logprob != token.Logprob || token.Top[1].Logprob > token.Top[0].Logprob {
			t.Errorf("token %d, logprob %g: top %v", token.ID, token.Logprob, token.Top)
		}
		next, elapsed = next+1, token.Elapsed
	}
	if next != 12 || finish != mlxc.FinishLength || summary.FinishReason != mlxc.FinishLength || summary.Timings.GeneratedTokens != 12 || summary.Timings.FirstToken <= 0 {
		t.Errorf("%d tokens, last one %s, summary %+v", next, finish, summary)
	}
}

func TestBatchOptions(t *testing.T) {
	model := load(t, fable)
	ctx := context.Background()
	one := func(options ...mlxc.GenerateOption) mlxc.Result {
		t.Helper()
		results, err := model.GenerateBatch(ctx, []string{"The fox looked at the"}, append(options, mlxc.Temperature(0))...)
		if err != nil {
			t.Fatal(err)
		}
		return results[0]
	}
	plain := one(mlxc.MaxTokens(20), mlxc.Logprobs(), mlxc.TopLogprobs(2), mlxc.LastLogits())
	if len(plain.Logprobs) != 20 || len(plain.TopLogprobs) != 20 || len(plain.TopLogprobs[19]) != 2 || len(plain.LastLogits) != 4096 {
		t.Errorf("%d logprobs, %d tops, %d last logits", len(plain.Logprobs), len(plain.TopLogprobs), len(plain.LastLogits))
	} else if plain.TopLogprobs[0][0] != (mlxc.TokenLogprob{ID: plain.Tokens[0], Logprob: plain.Logprobs[0]}) {
		t.Errorf("top %v, token %d %g", plain.TopLogprobs[0], plain.Tokens[0], plain.Logprobs[0])
	}
	if stopped := one(mlxc.MaxTokens(60), mlxc.Stop("\x00", " smile")); stopped.FinishReason != mlxc.FinishStop || stopped.Text != " wolf with a" {
		t.Errorf("stopped at %q, %s", stopped.Text, stopped.FinishReason)
	}
	if stopped := one(mlxc.MaxTokens(20), mlxc.StopTokens(plain.Tokens[3])); stopped.FinishReason != mlxc.FinishStop || !slices.Equal(stopped.Tokens, plain.Tokens[:3]) {
		t.Errorf("stopped at %v, %s", stopped.Tokens, stopped.FinishReason)
	}
	if late := one(mlxc.MaxTokens(20), mlxc.MinTokens(10), mlxc.StopTokens(plain.Tokens[3])); len(late.Tokens) < 10 {
		t.Errorf("only %d tokens", len(late.Tokens))
	}
	if echo := one(mlxc.MaxTokens(3), mlxc.Echo()); !strings.HasPrefix(echo.Text, "The fox looked at the wolf") {
		t.Errorf("echo gave %q", echo.Text)
	}
	if biased := one(mlxc.MaxTokens(1), mlxc.LogitBias(map[int32]float32{plain.Tokens[0]: float32(math.Inf(-1))})); biased.Tokens[0] == plain.Tokens[0] {
		t.Error("a forbidden token came")
	}
	if fresh := one(mlxc.MaxTokens(20), mlxc.RepetitionPenalty(1.5), mlxc.PresencePenalty(1), mlxc.FrequencyPenalty(1)); slices.Equal(fresh.Tokens, plain.Tokens) {
		t.Error("penalties change nothing")
	}
}

func TestTokenPromptsNeedNoTokenizer(t *testing.T) {
	model := load(t, tiny)
	ctx := context.Background()
	var ids []int32
	for token, err := range model.GenerateTokens(ctx, []int32{1, 5, 9}, mlxc.MaxTokens(6), mlxc.Temperature(0), mlxc.IgnoreModelStop()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, token.ID)
	}
	results, err := model.GenerateBatchTokens(ctx, [][]int32{{1, 5, 9}, {1, 2}}, mlxc.MaxTokens(6), mlxc.Temperature(0), mlxc.IgnoreModelStop())
	if err != nil || !slices.Equal(results[0].Tokens, ids) || len(ids) != 6 {
		t.Errorf("stream %v, batch %v, %v", ids, results, err)
	}
	if _, _, err := stream(ctx, model, "text"); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("text without a tokenizer gave %v", err)
	}
}

func TestBadRequests(t *testing.T) {
	model := load(t, fable)
	ctx := context.Background()
	long := strings.Repeat("word ", 3000)
	for name, c := range map[string]struct {
		prompt string
		option mlxc.GenerateOption
		want   error
	}{
		"a prompt beyond the context": {long, mlxc.MaxTokens(1), mlxc.ErrContextFull},
		"a negative top-p":            {"a", mlxc.TopP(-3), mlxc.ErrInvalidArgument},
		"a temperature of NaN":        {"a", mlxc.Temperature(math.NaN()), mlxc.ErrInvalidArgument},
		"a stop token out of range":   {"a", mlxc.LogitBias(map[int32]float32{1 << 30: 1}), mlxc.ErrInvalidArgument},
		"an empty prompt":             {"", mlxc.MaxTokens(1), mlxc.ErrInvalidArgument},
	} {
		if _, _, err := stream(ctx, model, c.prompt, c.option); !errors.Is(err, c.want) {
			t.Errorf("%s: stream gave %v, expected %v", name, err, c.want)
		}
		if _, err := model.GenerateBatch(ctx, []string{"fine", c.prompt}, c.option); !errors.Is(err, c.want) {
			t.Errorf("%s: batch gave %v, expected %v", name, err, c.want)
		}
	}
	if results, err := model.GenerateBatch(ctx, nil); err != nil || len(results) != 0 {
		t.Errorf("no prompts gave %v, %v", results, err)
	}
	if n := running(model); n != 0 {
		t.Errorf("%d requests are left over", n)
	}
}

func TestLeavingTheLoopStopsTheGeneration(t *testing.T) {
	model := load(t, fable)
	for range model.Generate(context.Background(), "Once upon a time", mlxc.IgnoreModelStop()) {
		break
	}
	eventually(t, "no request is left", func() bool { return running(model) == 0 })
	if stats := must(model.Stats()); stats.GeneratedTokens > 1000 {
		t.Errorf("%d tokens were generated for one that was wanted", stats.GeneratedTokens)
	}
	if text, _, err := stream(context.Background(), model, "The king", mlxc.MaxTokens(8)); err != nil || text == "" {
		t.Errorf("the next stream gave %q, %v", text, err)
	}
}

func TestContextStopsStreams(t *testing.T) {
	model := load(t, fable)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tokens := 0
	var last error
	for _, err := range model.Generate(ctx, "Once upon a time", mlxc.IgnoreModelStop()) {
		if last = err; err != nil {
			break
		}
		if tokens++; tokens == 3 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || !errors.Is(last, mlxc.ErrCancelled) || tokens != 3 {
		t.Errorf("%d tokens, then %v", tokens, last)
	}
	eventually(t, "no request is left", func() bool { return running(model) == 0 })

	// The reader's own work does not hold the native work up.
	busy, leave := context.WithCancel(context.Background())
	defer leave()
	for range model.Generate(busy, "Once upon a time", mlxc.IgnoreModelStop()) {
		leave()
		eventually(t, "the request stops while the loop's body runs", func() bool { return running(model) == 0 })
	}

	why := errors.New("the budget is spent")
	spent, end := context.WithCancelCause(context.Background())
	end(why)
	if _, _, err := stream(spent, model, "a"); !errors.Is(err, why) || !errors.Is(err, context.Canceled) {
		t.Errorf("a spent context gave %v", err)
	}
	if _, err := model.Score(spent, []string{"a"}, []string{"b"}); !errors.Is(err, why) {
		t.Errorf("a spent context gave %v", err)
	}
	late, stop := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer stop()
	if results, err := model.GenerateBatch(late, []string{"Once upon a time", "The king"}, mlxc.IgnoreModelStop(), mlxc.MaxTokens(2000)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a late batch gave %v", err)
	} else if len(results) != 2 || results[0].FinishReason != mlxc.FinishCancelled || !errors.Is(results[0].Err, mlxc.ErrCancelled) {
		t.Errorf("a late batch gave %+v", results)
	}
}

// A prompt of 2 000 tokens takes several steps: the context ends the call within it, before the first token.
func TestContextStopsLongPrompts(t *testing.T) {
	model := load(t, fable, mlxc.WithStepTokens(32))
	tokenizer := must(model.Tokenizer())
	defer tokenizer.Close()
	ids := must(tokenizer.Encode(strings.Repeat("Once upon a time there was a king who had a daughter. ", 200)))[:2000]
	call := map[string]func(ctx context.Context) error{
		"Generate": func(ctx context.Context) error {
			for token, err := range model.GenerateTokens(ctx, ids) {
				if err != nil {
					return err
				}
				t.Errorf("token %d came", token.ID)
			}
			return nil
		},
		"GenerateBatch": func(ctx context.Context) error { _, err := model.GenerateBatchTokens(ctx, [][]int32{ids}); return err },
		"Logits":        func(ctx context.Context) error { _, err := model.Logits(ctx, ids); return err },
		"Embed":         func(ctx context.Context) error { _, err := model.EmbedTokens(ctx, [][]int32{ids}); return err },
		"Score": func(ctx context.Context) error {
			_, err := model.ScoreTokens(ctx, [][]int32{ids}, [][]int32{{5}})
			return err
		},
	}
	for name, run := range call {
		ctx, cancel := context.WithCancel(context.Background())
		before := must(model.Stats()).PromptTokens
		go func() {
			for must(model.Stats()).PromptTokens == before { // until the prompt has begun
				time.Sleep(100 * time.Microsecond)
			}
			cancel()
		}()
		if err := run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
		cancel()
		if done := must(model.Stats()).PromptTokens - before; done >= int64(len(ids)) {
			t.Errorf("%s: all %d tokens of the prompt were run", name, done)
		}
	}
	eventually(t, "no request is left", func() bool { return running(model) == 0 })
}

// However a stream ends, its summary says so, with the times of what was generated until then.
func TestSummariesOfStreamsThatWereCutOff(t *testing.T) {
	model := load(t, fable)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	late, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer stop()
	closed := load(t, fable)
	for name, c := range map[string]struct {
		model *mlxc.Model
		ctx   context.Context
		leave func() bool // in the third turn; true: by a break
	}{
		"a cancel":            {model, ctx, func() bool { cancel(); return false }},
		"a deadline":          {model, late, func() bool { return false }},
		"a break":             {model, context.Background(), func() bool { return true }},
		"a Close in the loop": {closed, context.Background(), func() bool { closed.Close(); return false }},
	} {
		summary := mlxc.Summary{FinishReason: mlxc.FinishError}
		tokens := 0
		for token, err := range c.model.Generate(c.ctx, "Once upon a time", mlxc.IgnoreModelStop(), mlxc.Summarize(&summary)) {
			if err != nil {
				if summary.FinishReason != mlxc.FinishCancelled {
					t.Errorf("%s: the error comes before the summary: %+v", name, summary)
				}
				continue
			}
			if token.ID < 0 { // text that was held back
				continue
			}
			if tokens++; tokens == 3 && c.leave() {
				break
			}
		}
		if made := summary.Timings.GeneratedTokens; summary.FinishReason != mlxc.FinishCancelled || made < tokens || summary.Timings.FirstToken <= 0 {
			t.Errorf("%s: %d tokens were given, summary %+v", name, tokens, summary)
		}
	}
	if n := running(model); n != 0 {
		t.Errorf("%d requests still run behind their loops", n)
	}

	var summary mlxc.Summary
	for token := range model.Generate(context.Background(), "Once upon a time", mlxc.MaxTokens(4), mlxc.IgnoreModelStop(), mlxc.Summarize(&summary)) {
		if token.Finish != mlxc.FinishNone {
			break // with the last token in hand nothing is cut off
		}
	}
	if summary.FinishReason != mlxc.FinishLength || summary.Timings.GeneratedTokens != 4 {
		t.Errorf("a break at the end: %+v", summary)
	}
	for range model.Generate(context.Background(), "", mlxc.Summarize(&summary)) {
	}
	if summary.FinishReason != mlxc.FinishError || summary.Timings != (mlxc.Timings{}) {
		t.Errorf("a prompt that is refused: %+v", summary)
	}
	for range closed.Generate(context.Background(), "a", mlxc.Summarize(&summary)) {
	}
	if summary.FinishReason != mlxc.FinishCancelled {
		t.Errorf("a closed model: %+v", summary)
	}
}
