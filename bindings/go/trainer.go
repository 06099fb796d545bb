package mlxc

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"unsafe"
)

// Loss is what a [Trainer] makes small: the mean over the elements (classes: over the targets that count) of a batch.
type Loss int32

const (
	LossCrossEntropy       Loss = C.MLXC_TRAIN_CROSS_ENTROPY        // logits [..., classes]; targets: integers [...], or probabilities
	LossBinaryCrossEntropy Loss = C.MLXC_TRAIN_BINARY_CROSS_ENTROPY // logits; targets: 0 to 1 of any type, [N] fits [N, 1]
	LossSquaredError       Loss = C.MLXC_TRAIN_SQUARED_ERROR        // [N] fits [N, 1]
	LossAbsoluteError      Loss = C.MLXC_TRAIN_ABSOLUTE_ERROR
	LossHuber              Loss = C.MLXC_TRAIN_HUBER
	LossKLDivergence       Loss = C.MLXC_TRAIN_KL_DIVERGENCE // log-probabilities against probabilities; the mean is over the first axis
)

// TrainPrecision is the type of the weights in a pass; parameters and the optimizer's states are float32 always.
type TrainPrecision int32

const (
	TrainFloat32  TrainPrecision = C.MLXC_TRAIN_FLOAT32
	TrainBFloat16 TrainPrecision = C.MLXC_TRAIN_BFLOAT16
	TrainFloat16  TrainPrecision = C.MLXC_TRAIN_FLOAT16 // with a scaled loss, by a factor that adapts
)

type trainerConfig struct {
	native   C.mlxc_trainer_options
	schedule *Schedule
}

// TrainerOption changes how a [Trainer] trains.
type TrainerOption func(*trainerConfig)

// WithLoss is cross-entropy when not given.
func WithLoss(loss Loss) TrainerOption {
	return func(c *trainerConfig) { c.native.loss = C.int32_t(loss) }
}

// WithLabelSmoothing spreads so much of a class target evenly.
func WithLabelSmoothing(smoothing float64) TrainerOption {
	return func(c *trainerConfig) { c.native.label_smoothing = C.double(smoothing) }
}

// WithIgnoreIndex is the class index that does not count, [DefaultIgnoreIndex] when not given.
func WithIgnoreIndex(index int) TrainerOption {
	return func(c *trainerConfig) { c.native.ignore_index = C.int64_t(index) }
}

// WithHuberDelta is where the Huber loss becomes a line, 1 when not given.
func WithHuberDelta(delta float64) TrainerOption {
	return func(c *trainerConfig) { c.native.huber_delta = C.double(delta) }
}

// WithClipNorm scales gradients so that the norm of all of them is at most that.
func WithClipNorm(norm float64) TrainerOption {
	return func(c *trainerConfig) { c.native.clip_norm = C.double(norm) }
}

// WithClipValue keeps the elements of gradients within -limit and limit, before WithClipNorm.
func WithClipValue(limit float64) TrainerOption {
	return func(c *trainerConfig) { c.native.clip_value = C.double(limit) }
}

// WithAccumulate makes one step of so many batches: the gradient is that of one large batch.
func WithAccumulate(batches int) TrainerOption {
	return func(c *trainerConfig) { c.native.accumulate = C.int64_t(batches) }
}

// WithTrainSeed is the seed of dropout.
func WithTrainSeed(seed uint64) TrainerOption {
	return func(c *trainerConfig) { c.native.seed = C.uint64_t(seed) }
}

// WithTrainPrecision is float32 when not given.
func WithTrainPrecision(precision TrainPrecision) TrainerOption {
	return func(c *trainerConfig) { c.native.precision = C.int32_t(precision) }
}

// WithGradientNorm measures the norm of the gradients also without WithClipNorm.
func WithGradientNorm() TrainerOption {
	return func(c *trainerConfig) { c.native.gradient_norm = 1 }
}

// WithLossScale is for TrainFloat16: the first factor, and how many good steps double it.
func WithLossScale(scale float64, steps int) TrainerOption {
	return func(c *trainerConfig) {
		c.native.loss_scale, c.native.loss_scale_steps = C.double(scale), C.int64_t(steps)
	}
}

// WithSchedule is the learning rates by step; 1e-3 always when not given.
func WithSchedule(schedule Schedule) TrainerOption {
	return func(c *trainerConfig) { c.schedule = &schedule }
}

// Trainer trains a module: forward pass, loss, gradients, clipping and the optimizer's update are one program, run once a step. Parameters,
// the optimizer's states, running statistics and random keys stay on the device. One goroutine at a time ([ErrBusy]); LearningRate and
// SetLearningRate take any goroutine at any time.
type Trainer struct {
	handle
	fits turns
}

func (t *Trainer) native() *C.mlxc_trainer { return (*C.mlxc_trainer)(t.pointer) }

// NewTrainer trains a copy of the parameters, on their device; names that are not there yet begin with the first batch. A nil optimizer is
// AdamW. All three may be closed at once.
func NewTrainer(module *Module, parameters *Parameters, optimizer *Optimizer, options ...TrainerOption) (*Trainer, error) {
	if err := module.open(); err != nil {
		return nil, err
	}
	defer module.leave()
	if parameters == nil || !parameters.enter() {
		return nil, ErrClosed
	}
	defer parameters.leave()
	var updates *C.mlxc_optimizer
	if optimizer != nil {
		if !optimizer.enter() {
			return nil, ErrClosed
		}
		defer optimizer.leave()
		updates = optimizer.native()
	}
	config := &trainerConfig{}
	C.mlxc_trainer_options_init(&config.native, C.uint32_t(unsafe.Sizeof(config.native)))
	apply(config, options)
	native := config.native
	if config.schedule != nil {
		var pinner runtime.Pinner
		defer pinner.Unpin()
		pinner.Pin(config.schedule)
		native.schedule = &config.schedule.native
	}
	var out *C.mlxc_trainer
	e := newNativeError()
	if status := C.mlxc_trainer_new(&out, module.native(), parameters.native(), updates, &native, &e); status != C.MLXC_OK {
		return nil, failure("NewTrainer", status, &e)
	}
	t := &Trainer{}
	t.hold(unsafe.Pointer(out), func(p unsafe.Pointer) { C.mlxc_trainer_free((*C.mlxc_trainer)(p)) })
	t.watch = newWatch(t, "Trainer")
	return t, nil
}

// Close frees the trainer; a run of Fit on another goroutine stops after its step.
func (t *Trainer) Close() error {
	if t != nil {
		t.close()
		if run := t.fits.last.Load(); run != nil {
			run.stop()
		}
	}
	return nil
}

func (t *Trainer) call(op string, call func(f *frame) C.mlxc_status) error {
	if t == nil || !t.enter() {
		return ErrClosed
	}
	defer t.leave()
	f := newFrame()
	defer f.release()
	return failure(op, call(f), &f.e)
}

// TrainEventKind is what an event is about.
type TrainEventKind int32

const (
	TrainGathered TrainEventKind = C.MLXC_TRAIN_GATHERED // Trainer.Step: a batch was added, the step is not complete yet
	TrainStep     TrainEventKind = C.MLXC_TRAIN_STEP
	TrainEpoch    TrainEventKind = C.MLXC_TRAIN_EPOCH // comes after its last step
)

// TrainEvent is what a step or an epoch gave. NaN: not measured.
type TrainEvent struct {
	Kind               TrainEventKind
	Skipped            int     // steps that an overflow left out (TrainFloat16)
	Epoch              int     // from 0
	Step               int     // of all, from 0; TrainEpoch: how many there have been
	Batch, Batches     int     // of the epoch: done, and in all (0 in Trainer.Step)
	Samples            int     // in the step or epoch
	Loss               float64 // mean over the step or epoch, as it was while training
	Accuracy           float64 // share of right predictions, with the two cross-entropies
	LearningRate       float64
	GradientNorm       float64 // of all gradients together, before clipping
	LossScale          float64
	Seconds            float64 // since Fit began; Trainer.Step: of the call
	SamplesPerSecond   float64
	ValidationLoss     float64 // TrainEpoch with a validation loader
	ValidationAccuracy float64
	Best               bool // TrainEpoch: no earlier one had a smaller loss (of validation where there is one)
	Stopping           bool // TrainEpoch: it is the last one because of Patience
}

func newTrainEvent(e *C.mlxc_train_event) TrainEvent {
	return TrainEvent{
		Kind: TrainEventKind(e.kind), Skipped: int(e.skipped), Epoch: int(e.epoch), Step: int(e.step), Batch: int(e.batch), Batches: int(e.batches),
		Samples: int(e.samples), Loss: float64(e.loss), Accuracy: float64(e.accuracy), LearningRate: float64(e.learning_rate),
		GradientNorm: float64(e.gradient_norm), LossScale: float64(e.loss_scale), Seconds: float64(e.seconds),
		SamplesPerSecond: float64(e.samples_per_second), ValidationLoss: float64(e.validation_loss),
		ValidationAccuracy: float64(e.validation_accuracy), Best: e.best != 0, Stopping: e.stopping != 0,
	}
}

// FitOptions says how long a run trains and what it leaves behind. The zero value is one epoch with an event a step.
type FitOptions struct {
	Epochs          int     // in all since the trainer began: one that has done three of five does two more; 0: 1
	MaxSteps        int     // in all; 0: no limit
	EventSteps      int     // a step's event every so many steps; 0: every step; below 0: for epochs only
	Patience        int     // early stopping: so many epochs in a row without a smaller loss end it; 0: off
	MinDelta        float64 // by so much at least
	RestoreBest     bool    // in the end the parameters of the best epoch come back
	Checkpoint      string  // file, replaced at each save, complete or not at all
	CheckpointSteps int     // saved every so many steps; 0: after every epoch
	JSONLog, CSVLog string  // files of the events
	AppendLogs      bool    // log files are continued
}

// Fit trains until all epochs are done, and goes over the events. validation (nil: none) is evaluated after each epoch. Where the loop was
// left, or the context ended it, another Fit goes on with the step that would have been next, and gives what an unbroken run gives. A Fit
// that begins inside of the loop ends it: the outer one's next turn is [ErrBusy].
func (t *Trainer) Fit(ctx context.Context, train, validation *Loader, options FitOptions) iter.Seq2[TrainEvent, error] {
	return func(yield func(TrainEvent, error) bool) {
		if err := t.fit(ctx, train, validation, options, func(event TrainEvent) bool { return yield(event, nil) }); err != nil {
			yield(TrainEvent{}, err)
		}
	}
}

func (t *Trainer) fit(ctx context.Context, train, validation *Loader, options FitOptions, each func(TrainEvent) bool) error {
	const op = "Trainer.Fit"
	if t == nil || !t.enter() {
		return ErrClosed
	}
	defer t.leave()
	if train == nil || !train.enter() {
		return ErrClosed
	}
	defer train.leave()
	var checks *C.mlxc_loader
	if validation != nil {
		if !validation.enter() {
			return ErrClosed
		}
		defer validation.leave()
		checks = validation.native()
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c, err := newCall(ctx, op)
	if err != nil {
		return err
	}
	defer c.release()
	var native C.mlxc_fit_options
	C.mlxc_fit_options_init(&native, C.uint32_t(unsafe.Sizeof(native)))
	native.epochs, native.max_steps, native.patience = C.int64_t(max(options.Epochs, 1)), C.int64_t(options.MaxSteps), C.int64_t(options.Patience)
	native.min_delta, native.restore_best, native.append_logs = C.double(options.MinDelta), boolean(options.RestoreBest), boolean(options.AppendLogs)
	native.checkpoint_steps, native.cancel = C.int64_t(options.CheckpointSteps), c.cancel
	if options.EventSteps != 0 {
		native.callback_steps = axis32(max(options.EventSteps, 0))
	}
	for _, file := range [...]struct {
		path string
		to   **C.char
	}{{options.Checkpoint, &native.checkpoint}, {options.JSONLog, &native.json_log}, {options.CSVLog, &native.csv_log}} {
		if file.path == "" {
			continue
		}
		text, err := newCString(op, file.path)
		if err != nil {
			return err
		}
		defer text.free()
		*file.to = text.data
	}
	e := newNativeError()
	run := &turn{stop}
	err = t.fits.begin(op, run, func() error {
		return c.failure(C.mlxc_trainer_begin(t.native(), train.native(), checks, &native, &e), &e)
	})
	if err != nil {
		return err
	}
	defer t.fits.end(run)
	var event C.mlxc_train_event
	for {
		if t.closed() {
			return ErrClosed
		}
		if ctx.Err() != nil { // who ended it in the loop's body waits for no other goroutine to notice
			return contextError(op, ctx)
		}
		err := t.fits.next(op, run, func() error { return c.failure(C.mlxc_trainer_next(t.native(), &event, &e), &e) })
		if errors.Is(err, StatusEnd) {
			return nil
		}
		if errors.Is(err, ErrCancelled) && t.closed() {
			return ErrClosed
		}
		if err != nil {
			return err
		}
		if !each(newTrainEvent(&event)) {
			return nil
		}
	}
}

// Step trains on one batch: input [N, ...], target [N, ...]. With WithAccumulate(n) every n-th call makes the step.
func (t *Trainer) Step(input, target *Array) (TrainEvent, error) {
	if t == nil || !t.enter() {
		return TrainEvent{}, ErrClosed
	}
	defer t.leave()
	var event C.mlxc_train_event
	err := run("Trainer.Step", func(f *frame) C.mlxc_status {
		return C.mlxc_trainer_step(t.native(), f.in[0], f.in[1], &event, &f.e)
	}, input, target)
	if err != nil {
		return TrainEvent{}, err
	}
	return newTrainEvent(&event), nil
}

// Evaluate is the mean loss and accuracy (NaN: the loss has none) over a loader's epoch 0, in evaluation mode.
func (t *Trainer) Evaluate(ctx context.Context, loader *Loader) (loss, accuracy float64, err error) {
	const op = "Trainer.Evaluate"
	if t == nil || !t.enter() {
		return 0, 0, ErrClosed
	}
	defer t.leave()
	if loader == nil || !loader.enter() {
		return 0, 0, ErrClosed
	}
	defer loader.leave()
	c, err := newCall(ctx, op)
	if err != nil {
		return 0, 0, err
	}
	defer c.release()
	var results [2]C.double
	e := newNativeError()
	if status := C.mlxc_trainer_evaluate(t.native(), loader.native(), c.cancel, &results[0], &results[1], &e); status != C.MLXC_OK {
		return 0, 0, c.failure(status, &e)
	}
	return float64(results[0]), float64(results[1]), nil
}

// Predict is what the module gives for input [N, ...], in evaluation mode, so many rows at a time.
func (t *Trainer) Predict(input *Array, batchSize int) *Array {
	if t == nil || !t.enter() {
		return failed(input.owner(), ErrClosed)
	}
	defer t.leave()
	return from("Trainer.Predict", func(f *frame) C.mlxc_status {
		return C.mlxc_trainer_predict(&f.out[0], t.native(), f.in[0], C.int64_t(batchSize), &f.e)
	}, input)
}

// LearningRate is that of the next step: what was set, else the schedule's.
func (t *Trainer) LearningRate() (rate float64, err error) {
	err = t.call("Trainer.LearningRate", func(f *frame) C.mlxc_status {
		status := C.mlxc_trainer_learning_rate(t.native(), &f.number, &f.e)
		rate = float64(f.number)
		return status
	})
	return rate, err
}

// SetLearningRate holds from the next step on, instead of the schedule; NaN: the schedule again.
func (t *Trainer) SetLearningRate(rate float64) error {
	return t.call("Trainer.SetLearningRate", func(f *frame) C.mlxc_status {
		return C.mlxc_trainer_set_learning_rate(t.native(), C.double(rate), &f.e)
	})
}

// Position is where training is: epochs and steps done, batches done of the present epoch.
func (t *Trainer) Position() (epoch, batch, step int, err error) {
	err = t.call("Trainer.Position", func(f *frame) C.mlxc_status {
		status := C.mlxc_trainer_position(t.native(), &f.sizes[0], &f.sizes[1], &f.sizes[2], &f.e)
		epoch, batch, step = int(f.sizes[0]), int(f.sizes[1]), int(f.sizes[2])
		return status
	})
	return epoch, batch, step, err
}

// Parameters is a copy of the parameters as they are now; the caller closes it.
func (t *Trainer) Parameters() (*Parameters, error) {
	var out *C.mlxc_parameters
	err := t.call("Trainer.Parameters", func(f *frame) C.mlxc_status { return C.mlxc_trainer_parameters_copy(&out, t.native(), &f.e) })
	if err != nil {
		return nil, err
	}
	return new(Parameters).take(out), nil
}

// Histogram is how the elements of a parameter are spread: counts[i] of equal parts from low (the smallest) to high (the largest).
func (t *Trainer) Histogram(name string, bins int) (counts []int64, low, high float64, err error) {
	const op = "Trainer.Histogram"
	if bins > mostItems {
		return nil, 0, 0, invalid(op, fmt.Sprintf("%d bins, it can be 1 to %d", bins, mostItems))
	}
	counts = make([]int64, max(bins, 0))
	err = t.call(op, func(f *frame) C.mlxc_status {
		var bounds [2]C.double
		status := C.mlxc_trainer_histogram(t.native(), textData(name), C.size_t(len(name)), (*C.int64_t)(unsafe.SliceData(counts)), C.int64_t(bins),
			&bounds[0], &bounds[1], &f.e)
		low, high = float64(bounds[0]), float64(bounds[1])
		return status
	})
	if err != nil {
		return nil, 0, 0, err
	}
	return counts, low, high, nil
}

// Save writes all that training goes on from as one safetensors file, which appears complete or not at all.
func (t *Trainer) Save(path string) error {
	text, err := newCString("Trainer.Save", path)
	if err != nil {
		return err
	}
	defer text.free()
	return t.call("Trainer.Save", func(f *frame) C.mlxc_status { return C.mlxc_trainer_save(t.native(), text.data, &f.e) })
}

// Load takes all of it over; nothing changes when it fails. Module, optimizer and options must be those of the saved one.
func (t *Trainer) Load(path string) error {
	text, err := newCString("Trainer.Load", path)
	if err != nil {
		return err
	}
	defer text.free()
	return t.call("Trainer.Load", func(f *frame) C.mlxc_status { return C.mlxc_trainer_load(t.native(), text.data, &f.e) })
}
