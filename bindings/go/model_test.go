package mlxc_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"libmlxc.dev/go/mlxc"
)

func TestInfoDescribesTheModel(t *testing.T) {
	model := load(t, fable)
	info := model.Info()
	if info.Family != "qwen3" || info.Architecture != "Qwen3ForCausalLM" || !info.Causal || !info.HasTokenizer {
		t.Errorf("family %q, architecture %q, causal %v, tokenizer %v", info.Family, info.Architecture, info.Causal, info.HasTokenizer)
	}
	if info.Vocabulary != 4096 || info.Hidden != 256 || info.Layers != 8 || info.Heads != 4 || info.KVHeads != 2 || info.HeadDim != 64 || info.Context != 2048 {
		t.Errorf("sizes: %+v", info)
	}
	if info.WeightDType != mlxc.BFloat16 || info.Precision != mlxc.PrecisionNative || info.BOSToken != -1 {
		t.Errorf("dtype %s, precision %d, bos %d", info.WeightDType, info.Precision, info.BOSToken)
	}
	if stop := must(model.StopTokens()); len(stop) != 1 || stop[0] != 0 {
		t.Errorf("stop tokens %v, expected [0]", stop)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(must(model.JSON())), &fields); err != nil || fields["family"] != "qwen3" {
		t.Errorf("JSON: %v, family %v", err, fields["family"])
	}
}

func TestLoadOptionsReachTheLibrary(t *testing.T) {
	model := load(t, fable, mlxc.WithContext(128), mlxc.WithPrecision(mlxc.PrecisionHigh), mlxc.WithThreads(1), mlxc.WithCopiedWeights(),
		mlxc.WithMaxSequences(4), mlxc.WithStepTokens(64), mlxc.WithCacheTokens(1024))
	if info := model.Info(); info.Context != 128 || info.Precision != mlxc.PrecisionHigh {
		t.Errorf("context %d, precision %d", info.Context, info.Precision)
	}
	if _, err := mlxc.LoadModel(fable, mlxc.WithPrecision(99)); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("precision 99 gave %v", err)
	}
}

func TestLoadErrorsAreTyped(t *testing.T) {
	folder := func(config string) string {
		path := t.TempDir()
		if err := os.WriteFile(filepath.Join(path, "config.json"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		path string
		want error
		part string
	}{
		"no such folder":   {"/no/such/folder", mlxc.ErrNotFound, "/no/such/folder"},
		"an empty folder":  {t.TempDir(), mlxc.ErrNotFound, "config.json"},
		"not JSON":         {folder("{"), mlxc.ErrFormat, "config.json"},
		"an unknown model": {folder(`{"model_type": "frobnicator", "architectures": ["FrobnicatorForCausalLM"]}`), mlxc.ErrUnsupported, "qwen3"},
		"a NUL in a path":  {"models\x00secret", mlxc.ErrInvalidArgument, "NUL"},
	} {
		model, err := mlxc.LoadModel(c.path)
		var typed *mlxc.Error
		if model != nil || !errors.Is(err, c.want) || !errors.As(err, &typed) {
			t.Errorf("%s: got %v, expected %v", name, err, c.want)
			continue
		}
		if typed.Op != "LoadModel" || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %q does not tell about %q", name, err, c.part)
		}
	}
}

func TestProgressReportsAndStops(t *testing.T) {
	var last, total int64
	load(t, fable, mlxc.WithCopiedWeights(), mlxc.WithProgress(func(done, all int64) error {
		if done < last || done > all {
			t.Errorf("progress went from %d to %d of %d", last, done, all)
		}
		last, total = done, all
		return nil
	}))
	if total < 14<<20 || last != total {
		t.Errorf("ended at %d of %d bytes", last, total)
	}

	enough := errors.New("enough")
	if _, err := mlxc.LoadModel(fable, mlxc.WithCopiedWeights(), mlxc.WithProgress(func(int64, int64) error { return enough })); err != enough {
		t.Errorf("a stopped load gave %v", err)
	}

	defer func() {
		if value := recover(); value != "from the callback" {
			t.Errorf("recovered %v", value)
		}
	}()
	mlxc.LoadModel(fable, mlxc.WithCopiedWeights(), mlxc.WithProgress(func(int64, int64) error { panic("from the callback") }))
	t.Error("the callback's panic was lost")
}

func TestClosedValuesAnswerErrClosed(t *testing.T) {
	model := load(t, fable)
	tokenizer := must(model.Tokenizer())
	decoder := must(tokenizer.Decoder())
	array := mlxc.NewArray([]float32{1, 2})
	device := must(mlxc.OpenDevice("cpu"))
	function := must(mlxc.NewFunction([]*mlxc.Array{array}, []*mlxc.Array{array}))
	for range 2 { // Close twice is fine
		for _, value := range []interface{ Close() error }{model, tokenizer, decoder, array, device, function} {
			if err := value.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx := context.Background()
	for name, call := range map[string]func() error{
		"Generate":      func() error { _, _, err := stream(ctx, model, "a"); return err },
		"GenerateBatch": func() error { _, err := model.GenerateBatch(ctx, []string{"a"}); return err },
		"Embed":         func() error { _, err := model.Embed(ctx, []string{"a"}); return err },
		"Score":         func() error { _, err := model.Score(ctx, []string{"a"}, []string{"b"}); return err },
		"Logits":        func() error { _, err := model.Logits(ctx, []int32{1}); return err },
		"Stats":         func() error { _, err := model.Stats(); return err },
		"JSON":          func() error { _, err := model.JSON(); return err },
		"StopTokens":    func() error { _, err := model.StopTokens(); return err },
		"Tokenizer":     func() error { _, err := model.Tokenizer(); return err },
		"Encode":        func() error { _, err := tokenizer.Encode("a"); return err },
		"Decode":        func() error { _, err := tokenizer.Decode([]int32{1}); return err },
		"Decoder":       func() error { _, err := tokenizer.Decoder(); return err },
		"Decoder.Add":   func() error { _, err := decoder.Add(1); return err },
		"Float32s":      func() error { _, err := array.Float32s(); return err },
		"Add":           func() error { return array.Add(array).Err() },
		"Eval":          func() error { return mlxc.Eval(array) },
		"NewArrayOn":    func() error { return mlxc.NewArrayOn(device, []int32{1}).Err() },
		"Device.Info":   func() error { _, err := device.Info(); return err },
		"WithDevice":    func() error { _, err := mlxc.LoadModel(tiny, mlxc.WithDevice(device)); return err },
		"Function.Call": func() error { _, err := function.Call(ctx, array); return err },
		"a nil model":   func() error { _, err := (*mlxc.Model)(nil).Stats(); return err },
		"a zero model":  func() error { _, err := new(mlxc.Model).Logits(ctx, nil); return err },
		"a zero array":  func() error { return new(mlxc.Array).Exp().Err() },
	} {
		if err := call(); !errors.Is(err, mlxc.ErrClosed) {
			t.Errorf("%s: got %v, expected ErrClosed", name, err)
		}
	}
	if array.Shape() != nil || array.DType() != -1 || array.Len() != 0 || tokenizer.Size() != 0 || function.Launches() != 0 {
		t.Error("a closed value still describes itself")
	}
	if model.Info().Family != "qwen3" {
		t.Error("Info does not survive Close")
	}
}

func TestDevicesAndLibrary(t *testing.T) {
	devices, err := mlxc.Devices()
	if err != nil {
		t.Fatal(err)
	}
	if len(devices) == 0 || devices[0].Name != "cpu" || !devices[0].Available || devices[0].Threads < 1 || devices[0].Description == "" {
		t.Errorf("devices: %+v", devices)
	}
	if _, err := mlxc.OpenDevice("abacus:0"); !errors.Is(err, mlxc.ErrNotFound) || !strings.Contains(err.Error(), "abacus:0") {
		t.Errorf("an unknown device gave %v", err)
	}
	device := must(mlxc.OpenDevice("cpu"))
	defer device.Close()
	if info := must(device.Info()); info.Name != "cpu" {
		t.Errorf("opened %q", info.Name)
	}
	before := must(device.Memory())
	array := mlxc.NewArrayOn(device, make([]float32, 1<<18))
	if after := must(device.Memory()); after.Active < before.Active+1<<20 || after.Peak < after.Active {
		t.Errorf("1 MiB of array moved active bytes from %d to %d, peak %d", before.Active, after.Active, after.Peak)
	}
	array.Close()
	if err := mlxc.ReleaseCache(); err != nil {
		t.Error(err)
	}
	if after := must(mlxc.Memory()); after.Cached != 0 {
		t.Errorf("%d bytes are cached after ReleaseCache", after.Cached)
	}
	if parts := strings.Split(mlxc.Version(), "."); len(parts) != 3 {
		t.Errorf("version %q", mlxc.Version())
	}
	if !mlxc.HasFeature("cpu") || !mlxc.HasFeature("family:qwen3") || mlxc.HasFeature("teleport") || mlxc.HasFeature("a\x00b") {
		t.Error("features are wrong")
	}
	if info := must(mlxc.BuildInfo()); !json.Valid([]byte(info)) {
		t.Errorf("build info is not JSON: %s", info)
	}
}

// Options are the caller's code: one that is nil changes nothing, and one that panics leaves the model as it was.
func TestOptionsMayBeNilOrPanic(t *testing.T) {
	model := load(t, fable, nil)
	ctx := context.Background()
	one := []string{"The king"}
	if _, err := model.GenerateBatch(ctx, one, nil, mlxc.MaxTokens(2)); err != nil {
		t.Error(err)
	}
	if _, _, err := stream(ctx, model, "The king", nil, mlxc.MaxTokens(2)); err != nil {
		t.Error(err)
	}
	if _, err := model.Embed(ctx, one, nil); err != nil {
		t.Error(err)
	}
	if _, err := model.Score(ctx, one, one, nil); err != nil {
		t.Error(err)
	}
	tokenizer := must(model.Tokenizer())
	defer tokenizer.Close()
	if ids, err := tokenizer.Encode("The king", nil); err != nil || len(ids) == 0 {
		t.Error(ids, err)
	}
	panics(func() { _, _ = model.GenerateBatch(ctx, one, panicking[mlxc.GenerateOption]()) })
	panics(func() { _, _, _ = stream(ctx, model, "The king", panicking[mlxc.GenerateOption]()) })
	panics(func() { _, _ = model.Embed(ctx, one, panicking[mlxc.EmbedOption]()) })
	panics(func() { _, _ = model.Score(ctx, one, one, panicking[mlxc.ScoreOption]()) })
	closed := make(chan struct{})
	go func() { model.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Fatal("Close waits for a call that never was")
	}
}

// panicking is an option of any kind that panics: their parameters have no names outside of the package.
func panicking[O any]() O {
	var option O
	return reflect.MakeFunc(reflect.TypeOf(option), func([]reflect.Value) []reflect.Value { panic("an option") }).Interface().(O)
}
