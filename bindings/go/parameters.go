package mlxc

// #include "shim.h"
import "C"

import (
	"iter"
	"sync/atomic"
	"unsafe"
)

// Selection is which parameters a call is about.
type Selection int32

const (
	AllParameters     Selection = C.MLXC_PARAMETERS_ALL
	TrainedParameters Selection = C.MLXC_PARAMETERS_TRAINED // neither frozen nor buffers
	Buffers           Selection = C.MLXC_PARAMETERS_BUFFERS // renewed by forward passes: running statistics
)

// Parameters are float32 arrays by name, in the names' order. Any goroutine may use them.
type Parameters struct {
	handle
	device atomic.Pointer[Device] // nil: the default one
}

func (p *Parameters) native() *C.mlxc_parameters { return (*C.mlxc_parameters)(p.pointer) }

func (p *Parameters) take(native *C.mlxc_parameters) *Parameters {
	p.hold(unsafe.Pointer(native), func(pointer unsafe.Pointer) { C.mlxc_parameters_free((*C.mlxc_parameters)(pointer)) })
	p.watch = newWatch(p, "Parameters")
	return p
}

// NewParameters has none yet: they begin at the first [Module.Forward]. The same seed gives every name the same beginning. A nil device is
// the default one.
func NewParameters(device *Device, seed uint64) (*Parameters, error) {
	on, leave, err := enterDevice(device)
	if err != nil {
		return nil, err
	}
	defer leave()
	var native *C.mlxc_parameters
	e := newNativeError()
	if status := C.mlxc_parameters_new(&native, on, C.uint64_t(seed), &e); status != C.MLXC_OK {
		return nil, failure("NewParameters", status, &e)
	}
	p := new(Parameters).take(native)
	p.device.Store(device)
	return p, nil
}

// call enters the parameters, and an error record for C.
func (p *Parameters) call(op string, call func(f *frame) C.mlxc_status) error {
	if p == nil || !p.enter() {
		return ErrClosed
	}
	defer p.leave()
	f := newFrame()
	defer f.release()
	return failure(op, call(f), &f.e)
}

// Copy shares the arrays and changes apart: with placeholders as values it gives the graph of a step for [NewFunction].
func (p *Parameters) Copy() (*Parameters, error) {
	var native *C.mlxc_parameters
	err := p.call("Parameters.Copy", func(f *frame) C.mlxc_status { return C.mlxc_parameters_copy(&native, p.native(), &f.e) })
	if err != nil {
		return nil, err
	}
	c := new(Parameters).take(native)
	c.device.Store(p.device.Load())
	return c, nil
}

// Close frees the parameters.
func (p *Parameters) Close() error {
	if p != nil {
		p.close()
	}
	return nil
}

// Count is how many names and elements there are; 0 once closed.
func (p *Parameters) Count(which Selection) (names, elements int) {
	_ = p.call("Parameters.Count", func(f *frame) C.mlxc_status {
		status := C.mlxc_parameters_count(p.native(), C.int32_t(which), &f.sizes[0], &f.sizes[1], &f.e)
		if status == C.MLXC_OK {
			names, elements = int(f.sizes[0]), int(f.sizes[1])
		}
		return status
	})
	return names, elements
}

// Names are the parameters' names.
func (p *Parameters) Names(which Selection) ([]string, error) {
	if p == nil || !p.enter() {
		return nil, ErrClosed
	}
	defer p.leave()
	count, _ := p.Count(which)
	names := make([]string, count)
	for i := range names {
		name, err := readText("Parameters.Names", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
			return C.mlxc_parameters_name(p.native(), C.int32_t(which), C.int64_t(i), buffer, capacity, needed, e)
		})
		if err != nil {
			return nil, err
		}
		names[i] = name
	}
	return names, nil
}

// Values are new handles of the parameters' arrays, for a scope (nil: for the caller) to close. When that fails each holds the error.
func (p *Parameters) Values(s *Scope, which Selection) []*Array {
	count, _ := p.Count(which)
	if p == nil || !p.enter() {
		return nil
	}
	defer p.leave()
	values := many("Parameters.Values", count, func(f *frame, out **C.mlxc_array) C.mlxc_status {
		return C.mlxc_parameters_values(p.native(), C.int32_t(which), out, C.int64_t(count), &f.e)
	})
	if s != nil {
		for _, a := range values {
			s.Own(a)
		}
	}
	return values
}

// All goes over names and values; each value is closed when the loop goes on.
func (p *Parameters) All(which Selection) iter.Seq2[string, *Array] {
	return func(yield func(string, *Array) bool) {
		s := NewScope()
		defer s.Close()
		names, err := p.Names(which)
		values := p.Values(s, which)
		if err != nil || len(values) != len(names) {
			return
		}
		for i, name := range names {
			if !yield(name, values[i]) {
				return
			}
			values[i].Close()
		}
	}
}

// Set gives the parameters new values of the same shapes and types: results of a step, or placeholders.
func (p *Parameters) Set(which Selection, values ...*Array) error {
	if p == nil || !p.enter() {
		return ErrClosed
	}
	defer p.leave()
	return run("Parameters.Set", func(f *frame) C.mlxc_status {
		return C.mlxc_parameters_set_values(p.native(), C.int32_t(which), f.first(0), C.int64_t(len(values)), &f.e)
	}, values...)
}

// Freeze takes every parameter whose name is prefix, or begins with it and a dot, out of the trained ones, or (frozen false) in again. No
// prefix: all. It gives how many.
func (p *Parameters) Freeze(prefix string, frozen bool) (count int, err error) {
	err = p.call("Parameters.Freeze", func(f *frame) C.mlxc_status {
		status := C.mlxc_parameters_freeze(p.native(), textData(prefix), C.size_t(len(prefix)), boolean(frozen), &f.sizes[0], &f.e)
		count = int(f.sizes[0])
		return status
	})
	return count, err
}

// Initial is what a weight [out, in, window...] begins as; fan_in = in window, fan_out = out window.
type Initial int32

const (
	InitialConstant       Initial = C.MLXC_INITIAL_CONSTANT        // value
	InitialUniform        Initial = C.MLXC_INITIAL_UNIFORM         // -value to value
	InitialNormal         Initial = C.MLXC_INITIAL_NORMAL          // deviation value
	InitialXavierUniform  Initial = C.MLXC_INITIAL_XAVIER_UNIFORM  // +- value sqrt(6 / (fan_in + fan_out))
	InitialXavierNormal   Initial = C.MLXC_INITIAL_XAVIER_NORMAL   // deviation value sqrt(2 / (fan_in + fan_out))
	InitialKaimingUniform Initial = C.MLXC_INITIAL_KAIMING_UNIFORM // +- value sqrt(3 / fan_in)
	InitialKaimingNormal  Initial = C.MLXC_INITIAL_KAIMING_NORMAL  // deviation value / sqrt(fan_in)
)

// Draw makes the parameters of two axes or more below a prefix (as in Freeze) anew. It gives how many.
func (p *Parameters) Draw(prefix string, initial Initial, value float64) (count int, err error) {
	err = p.call("Parameters.Draw", func(f *frame) C.mlxc_status {
		status := C.mlxc_parameters_draw(p.native(), textData(prefix), C.size_t(len(prefix)), C.int32_t(initial), C.double(value), &f.sizes[0], &f.e)
		count = int(f.sizes[0])
		return status
	})
	return count, err
}

// ToDevice moves all of them; nil: to the default device.
func (p *Parameters) ToDevice(device *Device) error {
	on, leave, err := enterDevice(device)
	if err != nil {
		return err
	}
	defer leave()
	err = p.call("Parameters.ToDevice", func(f *frame) C.mlxc_status { return C.mlxc_parameters_to_device(p.native(), on, &f.e) })
	if err == nil {
		p.device.Store(device)
	}
	return err
}

// Save writes all of them as a safetensors file, complete or not at all.
func (p *Parameters) Save(path string) error {
	text, err := newCString("Parameters.Save", path)
	if err != nil {
		return err
	}
	defer text.free()
	return p.call("Parameters.Save", func(f *frame) C.mlxc_status { return C.mlxc_parameters_save(p.native(), text.data, &f.e) })
}

// Load takes over the values of a safetensors file. strict: its names must be the ones that are there, if any are; else names may be missing
// or new. Nothing changes when it fails.
func (p *Parameters) Load(path string, strict bool) error {
	text, err := newCString("Parameters.Load", path)
	if err != nil {
		return err
	}
	defer text.free()
	return p.call("Parameters.Load", func(f *frame) C.mlxc_status {
		return C.mlxc_parameters_load(p.native(), text.data, boolean(strict), &f.e)
	})
}
