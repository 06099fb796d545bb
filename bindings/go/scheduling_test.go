package mlxc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"libmlxc.dev/go/mlxc"
)

func TestMemoryIsCountedLimitedAndGivenBack(t *testing.T) {
	device := must(mlxc.OpenDevice("cpu"))
	defer device.Close()
	before := must(device.Memory())
	one := mlxc.NewArrayOn(device, make([]float32, 1<<20))
	during := must(device.Memory())
	if during.Requested < before.Requested+4<<20 || during.Active < during.Requested || during.Reserved != during.Active+during.Cached ||
		during.PeakReserved < during.Reserved || during.Fragmentation < 0 || during.Fragmentation >= 1 {
		t.Errorf("4 MiB more: %+v, before %+v", during, before)
	}
	one.Close()
	for range 10 {
		mlxc.NewArrayOn(device, make([]float32, 1<<20)).Close()
	}
	if after := must(device.Memory()); after.Misses != during.Misses || after.Hits < during.Hits+10 || after.HitTime <= 0 || after.MissTime <= 0 {
		t.Errorf("ten arrays of a size that was there: %+v, before %+v", after, during)
	}
	if err := device.SetMemoryLimit(must(device.Memory()).Active + 8<<20); err != nil {
		t.Fatal(err)
	}
	large := mlxc.NewArrayOn(device, make([]float32, 4<<20))
	small := mlxc.NewArrayOn(device, make([]float32, 1<<20))
	if !errors.Is(large.Err(), mlxc.ErrOutOfMemory) || small.Err() != nil {
		t.Errorf("beyond the limit: %v; below it: %v", large.Err(), small.Err())
	}
	small.Close()
	if err := errors.Join(device.SetMemoryLimit(0), device.Trim(0), device.ResetPeak()); err != nil {
		t.Error(err)
	}
	if after := must(device.Memory()); after.Cached != 0 || after.Limit != 0 || after.Peak != after.Active || after.PeakRequested != after.Requested {
		t.Errorf("after trimming: %+v", after)
	}
	cache := after(t, device).CacheLimit
	if err := device.SetCacheLimit(0); err != nil {
		t.Error(err)
	}
	mlxc.NewArrayOn(device, make([]float32, 1<<20)).Close()
	if stats := after(t, device); stats.Cached != 0 || stats.CacheLimit != 0 {
		t.Errorf("without a cache: %+v", stats)
	}
	if err := errors.Join(device.SetCacheLimit(cache), device.Trim(-1)); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("trimming to less than nothing gave %v", err)
	}
}

func after(t *testing.T, device *mlxc.Device) mlxc.MemoryStats {
	t.Helper()
	stats, err := device.Memory()
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

func TestProfilesTellWhatRan(t *testing.T) {
	device := must(mlxc.OpenDevice("cpu"))
	defer device.Close()
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.NewArrayOn(device, make([]float32, 64*64), 64, 64))
	if err := device.Profile(mlxc.ProfileKernels); err != nil {
		t.Fatal(err)
	}
	if err := mlxc.Eval(x.MultiplyScalar(2).AddScalar(1).Exp(), x.Matmul(x)); err != nil {
		t.Fatal(err)
	}
	entries := must(device.ProfileEntries())
	text, trace, all := must(device.ProfileText()), must(device.ProfileTrace()), must(mlxc.ProfileTrace())
	if err := device.Profile(mlxc.ProfileOff); err != nil {
		t.Fatal(err)
	}
	found := map[string]mlxc.ProfileEntry{}
	for _, entry := range entries {
		found[entry.Operation] = entry
	}
	product := found["matmul"]
	if product.Launches != 1 || product.FLOPs < 2*64*64*64 || product.Bytes < 3*64*64*4 || product.Time <= 0 || product.Device != "cpu" || product.Reason != "" {
		t.Errorf("the product: %+v of %+v", product, entries)
	}
	if fused := found["fused"]; fused.Operations != 3 || !strings.Contains(fused.Holds, "exp") {
		t.Errorf("the chain: %+v of %+v", fused, entries)
	}
	if !strings.Contains(text, "matmul") || !strings.Contains(trace, "traceEvents") || !json.Valid([]byte(trace)) || !json.Valid([]byte(all)) {
		t.Errorf("table %q, trace %.200q", text, trace)
	}
}

// Across streams, and beside the goroutine that asks.
func TestStreamsComputeBesideTheirCaller(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	first, second := must(mlxc.NewStream(nil, 1)), must(mlxc.NewStream(nil, 1))
	defer first.Close()
	defer second.Close()
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.Full(2, mlxc.Float32, 300, 300))
	y := x.Matmul(x).AddScalar(1)
	done := must(first.Eval(y))
	defer done.Close()
	if err := second.WaitFor(done); err != nil {
		t.Fatal(err)
	}
	z := x.AddScalar(5)
	fence := must(second.Eval(z))
	defer fence.Close()
	<-fence.Done()
	if err := fence.Wait(ctx); err != nil || !fence.IsDone() || !done.IsDone() {
		t.Errorf("%v, done %v, %v before it", err, fence.IsDone(), done.IsDone())
	}
	if values := must(y.Float32s()); values[7] != 1201 || must(z.Float32s())[0] != 7 {
		t.Errorf("values %g", values[7])
	}

	hole := s.Own(mlxc.Placeholder(mlxc.Float32, 2))
	function := must(mlxc.NewFunction([]*mlxc.Array{hole}, []*mlxc.Array{hole.AddScalar(1), hole.Exp()}))
	defer function.Close()
	var group sync.WaitGroup
	for i := range 8 { // several goroutines, one stream
		group.Add(1)
		go func() {
			defer group.Done()
			given := mlxc.NewArray([]float32{float32(i), 0})
			called, err := first.Call(function, given)
			given.Close()
			if err != nil {
				t.Error(err)
				return
			}
			defer called.Close()
			if err := called.Wait(nil); err != nil {
				t.Error(err)
			}
			outputs, err := called.Outputs()
			if err != nil || len(outputs) != 2 {
				t.Error(outputs, err)
				return
			}
			defer outputs[0].Close()
			defer outputs[1].Close()
			if values, err := outputs[0].Float32s(); err != nil || values[0] != float32(i+1) {
				t.Error(values, err)
			}
		}()
	}
	group.Wait()
	recorded := must(first.Record())
	defer recorded.Close()
	if err := errors.Join(first.Synchronize(), recorded.Wait(ctx)); err != nil {
		t.Error(err)
	}
}

func TestFailedAndCancelledWorkIsToldByTheFence(t *testing.T) {
	stream := must(mlxc.NewStream(nil, 0))
	s := mlxc.NewScope()
	defer s.Close()
	failed := must(stream.Eval(s.Own(mlxc.Placeholder(mlxc.Float32, 2))))
	defer failed.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := failed.Wait(ctx); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("a placeholder gave %v", err)
	}
	if _, err := failed.Outputs(); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("its outputs are %v", err)
	}
	if _, err := stream.Eval(s.Own(mlxc.Zeros(mlxc.Int32, 2)).Reshape(3)); err == nil {
		t.Error("a failed array was taken")
	}
	other := must(mlxc.NewStream(nil, 1))
	last := must(other.Eval(s.Own(mlxc.Ones(mlxc.Float32, 800, 800)).Matmul(s.Own(mlxc.Ones(mlxc.Float32, 800, 800)))))
	if err := stream.WaitFor(last); err != nil {
		t.Error(err)
	}
	waiting := must(stream.Record())
	spent, stop := context.WithCancel(ctx)
	stop()
	if err := waiting.Wait(spent); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a spent context gave %v", err)
	}
	stream.Close()
	<-waiting.Done() // also when nobody does the work
	if err := waiting.Wait(ctx); err != nil && !errors.Is(err, mlxc.ErrCancelled) {
		t.Errorf("a closed stream's work ended with %v", err)
	}
	other.Close()
	<-last.Done()
	last.Close()
	waiting.Close()
	for name, err := range map[string]error{
		"Eval": second(stream.Eval()), "Record": second(stream.Record()), "Synchronize": stream.Synchronize(), "Wait": last.Wait(ctx),
		"WaitFor": stream.WaitFor(last), "Outputs": second(last.Outputs()), "a nil fence": (*mlxc.Fence)(nil).Wait(ctx),
	} {
		if !errors.Is(err, mlxc.ErrClosed) {
			t.Errorf("%s after Close gave %v", name, err)
		}
	}
	<-last.Done()
	if _, err := mlxc.NewStream(nil, -1); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("-1 threads gave %v", err)
	}
}

func TestPlacementFollowsAFile(t *testing.T) {
	device := must(mlxc.OpenDevice("cpu"))
	defer device.Close()
	path := filepath.Join(t.TempDir(), "placement.json")
	if err := device.EnablePlacement(path); !errors.Is(err, mlxc.ErrNotFound) {
		t.Errorf("no file gave %v", err)
	}
	if err := errors.Join(mlxc.CalibratePlacement(path), device.EnablePlacement(path)); err != nil {
		t.Fatal(err)
	}
	defer device.DisablePlacement()
	x := mlxc.NewArrayOn(device, []float32{1, 2})
	defer x.Close()
	if err := device.Profile(mlxc.ProfileKernels); err != nil {
		t.Fatal(err)
	}
	defer device.Profile(mlxc.ProfileOff)
	y := x.Exp()
	defer y.Close()
	if err := mlxc.Eval(y); err != nil {
		t.Fatal(err)
	}
	if entries := must(device.ProfileEntries()); len(entries) != 1 || !strings.Contains(entries[0].Reason, "auto: estimated") {
		t.Errorf("the profile says %+v", entries)
	}
	if err := device.DisablePlacement(); err != nil {
		t.Error(err)
	}
}

func TestKernelsFromSource(t *testing.T) {
	cpu := must(mlxc.OpenDevice("cpu"))
	defer cpu.Close()
	source := mlxc.KernelSource{
		Name: "axpy", Inputs: []string{"a", "x"}, Outputs: []string{"y", "odd"}, Group: [3]int{32, 1, 1},
		Text: `void main() {
  uint i = gl_GlobalInvocationID.x;
  if (i >= y_size) return;
  y.at[i] = a.at[0] * x.at[i];
  odd.at[i] = int(x.at[i]) % 2;
}`,
	}
	if _, err := mlxc.NewKernel(cpu, source); !errors.Is(err, mlxc.ErrUnsupported) {
		t.Errorf("the CPU took a kernel: %v", err)
	}
	gpu, err := mlxc.OpenDevice("vulkan:0")
	if errors.Is(err, mlxc.ErrUnsupported) {
		t.Skip(err) // no driver or no device; anything else is a failure
	}
	if err != nil {
		t.Fatal(err)
	}
	defer gpu.Close()
	kernel := must(mlxc.NewKernel(gpu, source))
	s := mlxc.NewScope()
	defer s.Close()
	a, x := s.Own(mlxc.NewArrayOn(gpu, []float32{3})), s.Own(mlxc.NewArrayOn(gpu, []float32{1, 2, 3, 4, 5, 6}, 2, 3))
	types := []mlxc.ArrayType{{DType: mlxc.Float32, Shape: []int{2, 3}}, {DType: mlxc.Int32, Shape: []int{6}}}
	results := kernel.Apply([3]int{6, 1, 1}, types, a, x)
	check(t, []operation{
		{"y", results[0].AddScalar(1), []int{2, 3}, []float32{4, 7, 10, 13, 16, 19}}, {"odd", results[1].Cast(mlxc.Float32), []int{6}, []float32{1, 0, 1, 0, 1, 0}},
	})
	if err := kernel.Apply([3]int{6, 1, 1}, types, a)[0].Err(); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("one input of two gave %v", err)
	}
	kernel.Close()
	if err := kernel.Apply([3]int{6, 1, 1}, types, a, x)[1].Err(); !errors.Is(err, mlxc.ErrClosed) {
		t.Errorf("a closed kernel gave %v", err)
	}
	source.Text = "void main() { y.at[0] = valeu; }"
	wrong := must(mlxc.NewKernel(gpu, source))
	defer wrong.Close()
	if err := mlxc.Eval(wrong.Apply([3]int{1, 1, 1}, types, a, x)...); !errors.Is(err, mlxc.ErrInvalidArgument) || !strings.Contains(err.Error(), "valeu") {
		t.Errorf("a mistake in the text gave %v", err)
	}
	source.Inputs = []string{"not a name"}
	if _, err := mlxc.NewKernel(gpu, source); !errors.Is(err, mlxc.ErrInvalidArgument) {
		t.Errorf("an input named so gave %v", err)
	}
}

func ExampleStream() {
	stream, err := mlxc.NewStream(nil, 1)
	if err != nil {
		panic(err)
	}
	defer stream.Close()
	s := mlxc.NewScope()
	defer s.Close()
	x := s.Own(mlxc.Full(1, mlxc.Float32, 200, 200))
	sum := x.Matmul(x).Sum()
	done, err := stream.Eval(sum) // returns at once
	if err != nil {
		panic(err)
	}
	defer done.Close()
	// ... something else meanwhile ...
	fmt.Println(done.Wait(context.Background()))
	fmt.Println(sum.Float32())
	// Output:
	// <nil>
	// 8e+06 <nil>
}

func ExampleDevice_ProfileEntries() {
	device, err := mlxc.OpenDevice("cpu")
	if err != nil {
		panic(err)
	}
	defer device.Close()
	x := mlxc.NewArrayOn(device, []float32{1, 2, 3, 4})
	defer x.Close()
	if err := device.Profile(mlxc.ProfileKernels); err != nil {
		panic(err)
	}
	_ = mlxc.InScope(func(s *mlxc.Scope) error { return mlxc.Eval(s.Use(x).MultiplyScalar(2).AddScalar(1).Sqrt()) })
	entries, err := device.ProfileEntries()
	_ = device.Profile(mlxc.ProfileOff)
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		fmt.Printf("%d launch on %s: %s\n", entry.Launches, entry.Device, entry.Holds)
	}
	// Output: 1 launch on cpu: multiply add sqrt
}
