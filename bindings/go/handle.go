package mlxc

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"unsafe"
)

// handle guards a native handle: calls enter and leave, and it is freed once, by Close or by the last call that was inside then. So the
// library never sees a freed handle, and Close does not wait.
type handle struct {
	state   atomic.Int64 // calls inside, and closedBit
	pointer unsafe.Pointer
	free    func(unsafe.Pointer) // nil: never opened
	watch   *watch
}

// hold begins the life of a native handle.
func (h *handle) hold(pointer unsafe.Pointer, free func(unsafe.Pointer)) {
	h.pointer, h.free = pointer, free
}

const closedBit = int64(1) << 62

func (h *handle) enter() bool {
	for {
		state := h.state.Load()
		if state&closedBit != 0 || h.free == nil {
			return false
		}
		if h.state.CompareAndSwap(state, state+1) {
			return true
		}
	}
}

func (h *handle) leave() {
	if h.state.Add(-1) == closedBit {
		h.free(h.pointer)
	}
}

// closed says whether Close was called.
func (h *handle) closed() bool { return h.state.Load()&closedBit != 0 }

func (h *handle) close() {
	for {
		state := h.state.Load()
		if state&closedBit != 0 || h.free == nil {
			return
		}
		if h.state.CompareAndSwap(state, state|closedBit) {
			h.watch.stop()
			if state == 0 {
				h.free(h.pointer)
			}
			return
		}
	}
}

// Leak describes a value that became unreachable before its Close.
type Leak struct {
	Kind   string // "Model", "Tokenizer", "Array", ...
	frames []uintptr
}

// Site is where the value was made: file and line of the first caller outside of this package.
func (l Leak) Site() string {
	frames := runtime.CallersFrames(l.frames)
	for {
		frame, more := frames.Next()
		if frame.File != "" && !strings.HasPrefix(frame.Function, packagePath+".") {
			return fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
		if !more {
			return "unknown"
		}
	}
}

func (l Leak) String() string {
	return fmt.Sprintf("mlxc: %s made at %s was never closed", l.Kind, l.Site())
}

// packagePath is how this package's functions begin in a stack trace.
var packagePath = func() string {
	pc, _, _, _ := runtime.Caller(0)
	name := runtime.FuncForPC(pc).Name()
	slash := strings.LastIndexByte(name, '/') + 1
	if dot := strings.IndexByte(name[slash:], '.'); dot >= 0 {
		return name[:slash+dot]
	}
	return name
}()

var leakReporter atomic.Pointer[func(Leak)]

// SetLeakReporter names a function that hears of values which the garbage collector found before their Close was called; nil turns it
// off, as it is at first. It watches values made from now on and runs on a goroutine of the runtime: return soon.
func SetLeakReporter(report func(Leak)) {
	if report == nil {
		leakReporter.Store(nil)
		return
	}
	leakReporter.Store(&report)
}

// watch reports a value that is collected. Nil when nobody listens.
type watch struct{ cleanup runtime.Cleanup }

func newWatch[T any](value *T, kind string) *watch {
	if leakReporter.Load() == nil {
		return nil
	}
	leak := Leak{Kind: kind, frames: make([]uintptr, 24)}
	leak.frames = leak.frames[:runtime.Callers(2, leak.frames)]
	return &watch{runtime.AddCleanup(value, func(leak Leak) {
		if report := leakReporter.Load(); report != nil {
			(*report)(leak)
		}
	}, leak)}
}

func (w *watch) stop() {
	if w != nil {
		w.cleanup.Stop()
	}
}
