package mlxc

// #include "shim.h"
import "C"

import (
	"slices"
	"unsafe"
)

// OptimizerOption changes how an optimizer updates.
type OptimizerOption func(*C.mlxc_optimizer_options)

// WithWeightDecay decays the parameters: with [SGD], [Adam] and [RMSProp] by adding to the gradient, with [AdamW] and [Lion] apart from it.
func WithWeightDecay(decay float64) OptimizerOption {
	return func(o *C.mlxc_optimizer_options) { o.weight_decay = C.double(decay) }
}

// WithMomentum is of SGD and RMSProp; dampening and nesterov are SGD's.
func WithMomentum(momentum, dampening float64, nesterov bool) OptimizerOption {
	return func(o *C.mlxc_optimizer_options) {
		o.momentum, o.dampening, o.nesterov = C.double(momentum), C.double(dampening), boolean(nesterov)
	}
}

// WithBetas is of Adam, AdamW and Lion; 0.9 and 0.999 when not given.
func WithBetas(beta1, beta2 float64) OptimizerOption {
	return func(o *C.mlxc_optimizer_options) { o.beta1, o.beta2 = C.double(beta1), C.double(beta2) }
}

// WithEps is of Adam, AdamW and RMSProp; 1e-8 when not given.
func WithEps(eps float64) OptimizerOption {
	return func(o *C.mlxc_optimizer_options) { o.eps = C.double(eps) }
}

// WithAlpha is RMSProp's smoothing, 0.99 when not given; centered subtracts the mean gradient.
func WithAlpha(alpha float64, centered bool) OptimizerOption {
	return func(o *C.mlxc_optimizer_options) { o.alpha, o.centered = C.double(alpha), boolean(centered) }
}

// Optimizer says how parameters are updated; what it remembers of the past are arrays, its states. It is immutable; any number of goroutines
// may use one. [Stepper] keeps the states of one training run.
type Optimizer struct{ handle }

func (o *Optimizer) native() *C.mlxc_optimizer { return (*C.mlxc_optimizer)(o.pointer) }

func SGD(options ...OptimizerOption) (*Optimizer, error) {
	return newOptimizer(C.MLXC_OPTIMIZER_SGD, options)
}
func Adam(options ...OptimizerOption) (*Optimizer, error) {
	return newOptimizer(C.MLXC_OPTIMIZER_ADAM, options)
}
func AdamW(options ...OptimizerOption) (*Optimizer, error) {
	return newOptimizer(C.MLXC_OPTIMIZER_ADAMW, options)
}
func Lion(options ...OptimizerOption) (*Optimizer, error) {
	return newOptimizer(C.MLXC_OPTIMIZER_LION, options)
}
func RMSProp(options ...OptimizerOption) (*Optimizer, error) {
	return newOptimizer(C.MLXC_OPTIMIZER_RMSPROP, options)
}

func newOptimizer(kind C.int32_t, options []OptimizerOption) (*Optimizer, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	var native C.mlxc_optimizer_options
	C.mlxc_optimizer_options_init(&native, C.uint32_t(unsafe.Sizeof(native)))
	native.kind = kind
	apply(&native, options)
	var out *C.mlxc_optimizer
	e := newNativeError()
	if status := C.mlxc_optimizer_new(&out, &native, &e); status != C.MLXC_OK {
		return nil, failure("NewOptimizer", status, &e)
	}
	o := &Optimizer{}
	o.hold(unsafe.Pointer(out), func(p unsafe.Pointer) { C.mlxc_optimizer_free((*C.mlxc_optimizer)(p)) })
	o.watch = newWatch(o, "Optimizer")
	return o, nil
}

// Close frees the optimizer; states are not its own and stay.
func (o *Optimizer) Close() error {
	if o != nil {
		o.close()
	}
	return nil
}

func (o *Optimizer) stateCount(parameters int) (int, error) {
	f := newFrame()
	defer f.release()
	status := C.mlxc_optimizer_state_count(o.native(), C.int64_t(parameters), &f.sizes[0], &f.e)
	return int(f.sizes[0]), failure("Optimizer", status, &f.e)
}

// InitialStates are the states before the first step of so many parameters.
func (o *Optimizer) InitialStates(parameters ...*Array) []*Array {
	if o == nil || !o.enter() {
		return failures(1, ErrClosed)
	}
	defer o.leave()
	count, err := o.stateCount(len(parameters))
	if err != nil {
		return failures(1, err)
	}
	return many("InitialStates", count, func(f *frame, out **C.mlxc_array) C.mlxc_status {
		return C.mlxc_optimizer_initial_states(o.native(), f.first(0), C.int64_t(len(parameters)), out, C.int64_t(count), &f.e)
	}, parameters...)
}

// Update is new parameters and states, lazily. rate is one number.
func (o *Optimizer) Update(parameters, gradients, states []*Array, rate *Array) (newParameters, newStates []*Array) {
	n, m := len(parameters), len(states)
	var results []*Array
	switch {
	case o == nil || !o.enter():
		results = failures(n+m, ErrClosed)
	case len(gradients) != n:
		o.leave()
		results = failures(n+m, invalid("Update", "there must be as many gradients as parameters"))
	default:
		results = many("Update", n+m, func(f *frame, out **C.mlxc_array) C.mlxc_status {
			after := (**C.mlxc_array)(unsafe.Add(unsafe.Pointer(out), uintptr(n)*unsafe.Sizeof(*out)))
			if n+m == 0 {
				after = out
			}
			return C.mlxc_optimizer_update(o.native(), f.first(0), f.first(n), C.int64_t(n), f.first(2*n), C.int64_t(m), f.in[2*n+m], out, after, &f.e)
		}, slices.Concat(parameters, gradients, states, []*Array{rate})...)
		o.leave()
	}
	return results[:n:n], results[n:]
}

// ClipNorm scales gradients so that the norm of all of them together is at most max. norm is what it was, float32.
func ClipNorm(max float64, gradients ...*Array) (clipped []*Array, norm *Array) {
	var whole *C.mlxc_array
	clipped = many("ClipNorm", len(gradients), func(f *frame, out **C.mlxc_array) C.mlxc_status {
		status := C.mlxc_clip_norm(out, &f.out[0], f.first(0), C.int64_t(len(gradients)), C.double(max), &f.e)
		whole = f.out[0]
		return status
	}, gradients...)
	var scope *Scope
	for _, a := range gradients {
		scope = younger(scope, a.owner())
	}
	switch {
	case whole != nil:
		norm = newArray(scope, whole)
	case len(clipped) > 0:
		norm = failed(scope, clipped[0].err)
	default:
		norm = mismatch("ClipNorm", scope, "there are no gradients")
	}
	return clipped, norm
}

// ClipValue keeps every element of the gradients within -limit and limit.
func ClipValue(limit float64, gradients ...*Array) []*Array {
	return many("ClipValue", len(gradients), func(f *frame, out **C.mlxc_array) C.mlxc_status {
		return C.mlxc_clip_value(out, f.first(0), C.int64_t(len(gradients)), C.double(limit), &f.e)
	}, gradients...)
}

// Schedule is a learning rate by step.
type Schedule struct{ native C.mlxc_schedule }

func newSchedule(kind C.int32_t, rate float64) Schedule {
	var s Schedule
	if ready() == nil {
		C.mlxc_schedule_init(&s.native, C.uint32_t(unsafe.Sizeof(s.native)))
	}
	s.native.kind, s.native.rate = kind, C.double(rate)
	return s
}

// ConstantRate is the same at every step.
func ConstantRate(rate float64) Schedule { return newSchedule(C.MLXC_SCHEDULE_CONSTANT, rate) }

// StepRate is times gamma every so many steps.
func StepRate(rate, gamma float64, every int) Schedule {
	s := newSchedule(C.MLXC_SCHEDULE_STEP, rate)
	s.native.gamma, s.native.step_size = C.double(gamma), C.int64_t(every)
	return s
}

// CosineRate is from rate to final in so many steps, along half a cosine.
func CosineRate(rate, final float64, steps int) Schedule {
	s := newSchedule(C.MLXC_SCHEDULE_COSINE, rate)
	s.native.final_rate, s.native.total_steps = C.double(final), C.int64_t(steps)
	return s
}

// OneCycleRate is from rate / 25 up to rate in a part of the steps (0.3 is usual), then down to rate / 250000, along cosines.
func OneCycleRate(rate float64, steps int, warm float64) Schedule {
	s := newSchedule(C.MLXC_SCHEDULE_ONE_CYCLE, rate)
	s.native.total_steps, s.native.warm_fraction = C.int64_t(steps), C.double(warm)
	return s
}

// WarmUp puts steps of rising rates before the schedule begins; not with OneCycleRate.
func (s Schedule) WarmUp(steps int) Schedule {
	s.native.warmup_steps = C.int64_t(steps)
	return s
}

// Rate is the rate of a step, counted from 0.
func (s Schedule) Rate(step int) (float64, error) {
	if err := ready(); err != nil {
		return 0, err
	}
	var rate C.double
	e := newNativeError()
	status := C.mlxc_schedule_rate(&s.native, C.int64_t(step), &rate, &e)
	return float64(rate), failure("Schedule.Rate", status, &e)
}

// Stepper updates the trained parameters of a [Parameters], for loops written by hand: it takes the gradients of a loss, keeps the
// optimizer's states and sets the new values. One goroutine at a time.
type Stepper struct {
	MaxNorm float64 // gradients are clipped to this norm; 0: not clipped

	optimizer  *Optimizer
	parameters *Parameters
	scope      *Scope
	states     []*Array
}

// NewStepper begins a run. The optimizer and the parameters stay the caller's.
func NewStepper(optimizer *Optimizer, parameters *Parameters) *Stepper {
	return &Stepper{optimizer: optimizer, parameters: parameters, scope: NewScope()}
}

// Step takes one step against a loss, at a learning rate, and gives the loss: forward pass, gradients, update and the buffers that the pass
// renewed are computed together.
func (t *Stepper) Step(loss *Array, rate float64) (float32, error) {
	if t == nil || t.optimizer == nil || t.parameters == nil {
		return 0, ErrClosed
	}
	step := NewScope()
	defer step.Close()
	values := t.parameters.Values(step, TrainedParameters)
	states := t.states
	if states == nil { // kept when the step has gone well: until then there may be no parameters, or others
		states = t.optimizer.InitialStates(values...)
		for _, state := range states {
			step.Own(state)
		}
	}
	gradients := Grad(step.Use(loss), values...)
	if t.MaxNorm > 0 {
		gradients, _ = ClipNorm(t.MaxNorm, gradients...)
	}
	now := step.Own(makeArray("Step", t.parameters.device.Load(), []float32{float32(rate)}, nil)) // an input: a constant would be planned anew
	newValues, newStates := t.optimizer.Update(values, gradients, states, now)
	err := Eval(slices.Concat([]*Array{loss}, newValues, newStates, t.parameters.Values(step, Buffers))...)
	if err == nil {
		err = t.parameters.Set(TrainedParameters, newValues...)
	}
	if err != nil {
		return 0, err
	}
	for _, state := range newStates {
		step.Keep(state)
	}
	t.scope.Close()
	for _, state := range newStates {
		t.scope.Own(state)
	}
	t.states = newStates
	return loss.Float32()
}

// Close frees the optimizer's states.
func (t *Stepper) Close() error {
	if t != nil {
		t.scope.Close()
		t.states = nil
	}
	return nil
}
