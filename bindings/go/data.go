package mlxc

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"unsafe"
)

// Dataset gives samples by number. A sample has one or more fields, arrays of one shape and type each over all samples: field 0 is the
// model's input, field 1 what it is trained towards. It is immutable; any number of goroutines may use one. Batches that Go makes itself go
// to [Trainer.Step].
type Dataset struct{ handle }

func (d *Dataset) native() *C.mlxc_dataset { return (*C.mlxc_dataset)(d.pointer) }

func newDataset(native *C.mlxc_dataset) *Dataset {
	d := &Dataset{}
	d.hold(unsafe.Pointer(native), func(p unsafe.Pointer) { C.mlxc_dataset_free((*C.mlxc_dataset)(p)) })
	d.watch = newWatch(d, "Dataset")
	return d
}

// openDataset makes a dataset of nothing but arguments.
func openDataset(op string, open func(out **C.mlxc_dataset, f *frame) C.mlxc_status) (*Dataset, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	f := newFrame()
	defer f.release()
	var out *C.mlxc_dataset
	if status := open(&out, f); status != C.MLXC_OK {
		return nil, failure(op, status, &f.e)
	}
	return newDataset(out), nil
}

// NewDataset is samples in memory: row i of every array is sample i. The arrays are computed, and may be closed at once.
func NewDataset(fields ...*Array) (*Dataset, error) {
	var out *C.mlxc_dataset
	err := run("NewDataset", func(f *frame) C.mlxc_status {
		return C.mlxc_dataset_new_arrays(&out, f.first(0), C.int64_t(len(fields)), &f.e)
	}, fields...)
	if err != nil {
		return nil, err
	}
	return newDataset(out), nil
}

// RandomDataset is for trying things out: inputs of standard normal float32 of this shape, and targets: classes (int32), or with classes 0 one
// standard normal number each.
func RandomDataset(samples int, shape []int, classes int, seed uint64) (*Dataset, error) {
	return openDataset("RandomDataset", func(out **C.mlxc_dataset, f *frame) C.mlxc_status {
		return C.mlxc_dataset_new_random(out, C.int64_t(samples), f.dims(shape), C.int32_t(len(shape)), C.int64_t(classes), C.uint64_t(seed), &f.e)
	})
}

// cStrings are texts that end with NUL, in a list in C memory that ends with NULL.
type cStrings struct {
	list  **C.char
	texts []cString
}

func newCStrings(op string, texts []string) (s cStrings, err error) {
	s.list = (**C.char)(C.calloc(C.size_t(len(texts)+1), C.size_t(unsafe.Sizeof(s.list))))
	for i, text := range texts {
		c, err := newCString(op, text)
		if err != nil {
			s.free()
			return cStrings{}, err
		}
		s.texts = append(s.texts, c)
		unsafe.Slice(s.list, len(texts))[i] = c.data
	}
	return s, nil
}

func (s cStrings) free() {
	for _, text := range s.texts {
		text.free()
	}
	C.free(unsafe.Pointer(s.list))
}

// OpenNPY reads NumPy files, one a field: their first axis is the samples'.
func OpenNPY(paths ...string) (*Dataset, error) {
	const op = "OpenNPY"
	list, err := newCStrings(op, paths)
	if err != nil {
		return nil, err
	}
	defer list.free()
	return openDataset(op, func(out **C.mlxc_dataset, f *frame) C.mlxc_status {
		return C.mlxc_dataset_open_npy(out, list.list, C.int64_t(len(paths)), &f.e)
	})
}

// OpenSafetensors reads tensors of a safetensors file, one a field, by name: their first axis is the samples'.
func OpenSafetensors(path string, names ...string) (*Dataset, error) {
	const op = "OpenSafetensors"
	text, err := newCString(op, path)
	if err != nil {
		return nil, err
	}
	defer text.free()
	list, err := newCStrings(op, names)
	if err != nil {
		return nil, err
	}
	defer list.free()
	return openDataset(op, func(out **C.mlxc_dataset, f *frame) C.mlxc_status {
		return C.mlxc_dataset_open_safetensors(out, text.data, list.list, C.int64_t(len(names)), &f.e)
	})
}

// CSVTarget is what the target columns of a CSV file hold.
type CSVTarget int32

const (
	CSVNoTarget CSVTarget = C.MLXC_CSV_NO_TARGET // all columns are input
	CSVNumbers  CSVTarget = C.MLXC_CSV_NUMBERS   // float32 [columns]
	CSVClasses  CSVTarget = C.MLXC_CSV_CLASSES   // one column: int32 class numbers, or names, numbered in their order (ClassNames)
)

// CSV says how a table is read.
type CSV struct {
	Target    CSVTarget
	Columns   []int // of the target, from 0; -1 is the last; nil: the last one
	NoHeader  bool  // the first record is a sample
	Separator byte  // 0: a comma
}

// OpenCSV reads a table of numbers as text (RFC 4180): the columns that are no target are the input, float32 [columns].
func OpenCSV(path string, format CSV) (*Dataset, error) {
	const op = "OpenCSV"
	text, err := newCString(op, path)
	if err != nil {
		return nil, err
	}
	defer text.free()
	return openDataset(op, func(out **C.mlxc_dataset, f *frame) C.mlxc_status {
		var options C.mlxc_csv_options
		C.mlxc_csv_options_init(&options, C.uint32_t(unsafe.Sizeof(options)))
		options.target, options.header = C.int32_t(format.Target), boolean(!format.NoHeader)
		if format.Separator != 0 {
			options.separator = C.int32_t(format.Separator)
		}
		if len(format.Columns) > 0 {
			var pinner runtime.Pinner
			defer pinner.Unpin()
			options.target_columns, options.target_column_count = f.dims(format.Columns), C.int64_t(len(format.Columns))
			pinner.Pin(options.target_columns)
		}
		return C.mlxc_dataset_open_csv(out, text.data, &options, &f.e)
	})
}

// TokenWindows is windows of a sequence of tokens, for language models: input i is tokens[i stride ... + length), target i the same one token
// later, both int32 [length].
func TokenWindows(tokens []int32, length, stride int) (*Dataset, error) {
	return openDataset("TokenWindows", func(out **C.mlxc_dataset, f *frame) C.mlxc_status {
		return C.mlxc_dataset_new_tokens(out, (*C.int32_t)(unsafe.SliceData(tokens)), C.int64_t(len(tokens)), C.int64_t(length), C.int64_t(stride), &f.e)
	})
}

// TextWindows is TokenWindows of a text, encoded without the tokenizer's special tokens.
func TextWindows(tokenizer *Tokenizer, text string, length, stride int) (*Dataset, error) {
	if tokenizer == nil || !tokenizer.enter() {
		return nil, ErrClosed
	}
	defer tokenizer.leave()
	return openDataset("TextWindows", func(out **C.mlxc_dataset, f *frame) C.mlxc_status {
		return C.mlxc_dataset_new_text(out, tokenizer.native, textData(text), C.size_t(len(text)), C.int64_t(length), C.int64_t(stride), &f.e)
	})
}

func int64s(list []int) []C.int64_t {
	out := make([]C.int64_t, len(list))
	for i, value := range list {
		out[i] = C.int64_t(value)
	}
	return out
}

// call enters the dataset for a call.
func (d *Dataset) call(op string, call func(f *frame) C.mlxc_status) error {
	if d == nil || !d.enter() {
		return ErrClosed
	}
	defer d.leave()
	f := newFrame()
	defer f.release()
	return failure(op, call(f), &f.e)
}

// Select is the samples of a list, in its order; the data is shared.
func (d *Dataset) Select(samples ...int) (*Dataset, error) {
	var out *C.mlxc_dataset
	err := d.call("Dataset.Select", func(f *frame) C.mlxc_status {
		list := int64s(samples)
		return C.mlxc_dataset_select(&out, d.native(), unsafe.SliceData(list), C.int64_t(len(list)), &f.e)
	})
	if err != nil {
		return nil, err
	}
	return newDataset(out), nil
}

// Split is two datasets of samples drawn by seed: round(fraction samples) in the first, the others in the second.
func (d *Dataset) Split(fraction float64, seed uint64) (first, second *Dataset, err error) {
	var a, b *C.mlxc_dataset
	err = d.call("Dataset.Split", func(f *frame) C.mlxc_status {
		return C.mlxc_dataset_split(&a, &b, d.native(), C.double(fraction), C.uint64_t(seed), &f.e)
	})
	if err != nil {
		return nil, nil, err
	}
	return newDataset(a), newDataset(b), nil
}

// Samples is how many there are; 0 once closed.
func (d *Dataset) Samples() int {
	count := 0
	_ = d.call("Dataset.Samples", func(f *frame) C.mlxc_status {
		status := C.mlxc_dataset_samples(d.native(), &f.sizes[0], &f.e)
		count = int(f.sizes[0])
		return status
	})
	return count
}

// Field is one field of one sample, without the axis of samples.
type Field struct {
	DType DType
	Shape []int
}

// Fields is what a sample is made of.
func (d *Dataset) Fields() ([]Field, error) {
	var native []C.mlxc_field
	err := d.call("Dataset.Fields", func(f *frame) C.mlxc_status {
		status := C.mlxc_dataset_fields(d.native(), nil, 0, &f.sizes[0], &f.e)
		if status != C.MLXC_OK && status != C.MLXC_BUFFER_TOO_SMALL {
			return status
		}
		native = make([]C.mlxc_field, f.sizes[0])
		return C.mlxc_dataset_fields(d.native(), unsafe.SliceData(native), C.int64_t(len(native)), &f.sizes[0], &f.e)
	})
	if err != nil {
		return nil, err
	}
	fields := make([]Field, len(native))
	for i := range native {
		fields[i].DType = DType(native[i].dtype)
		for _, size := range native[i].shape[:native[i].rank] {
			fields[i].Shape = append(fields[i].Shape, int(size))
		}
	}
	return fields, nil
}

// ClassNames are the classes that a CSV file names, by number.
func (d *Dataset) ClassNames() ([]string, error) {
	var names []string
	err := d.call("Dataset.ClassNames", func(f *frame) C.mlxc_status {
		status := C.mlxc_dataset_class_count(d.native(), &f.sizes[0], &f.e)
		names = make([]string, f.sizes[0])
		return status
	})
	for i := range names {
		if err == nil {
			names[i], err = readText("Dataset.ClassNames", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
				return C.mlxc_dataset_class_name(d.native(), C.int64_t(i), buffer, capacity, needed, e)
			})
		}
	}
	return names, err
}

// Read gives some samples as arrays on a device (nil: the default one), one a field.
func (d *Dataset) Read(device *Device, samples ...int) ([]*Array, error) {
	on, leave, err := enterDevice(device)
	if err != nil {
		return nil, err
	}
	defer leave()
	fields, err := d.Fields()
	if err != nil {
		return nil, err
	}
	out := make([]*C.mlxc_array, len(fields))
	err = d.call("Dataset.Read", func(f *frame) C.mlxc_status {
		list := int64s(samples)
		return C.mlxc_dataset_read(unsafe.SliceData(out), C.int64_t(len(out)), d.native(), on, unsafe.SliceData(list), C.int64_t(len(list)), &f.e)
	})
	if err != nil {
		return nil, err
	}
	return arraysOf(nil, out), nil
}

func arraysOf(scope *Scope, natives []*C.mlxc_array) []*Array {
	arrays := make([]*Array, len(natives))
	for i, native := range natives {
		arrays[i] = newArray(scope, native)
	}
	return arrays
}

// Close frees the dataset; loaders of it do not need it.
func (d *Dataset) Close() error {
	if d != nil {
		d.close()
	}
	return nil
}

// LoaderOption changes how a [Loader] makes batches.
type LoaderOption func(*C.mlxc_loader_options)

// BatchSize is the samples of a batch, 32 when not given; the last batch of an epoch may have fewer.
func BatchSize(samples int) LoaderOption {
	return func(o *C.mlxc_loader_options) { o.batch_size = C.int64_t(samples) }
}

// Shuffle gives every epoch an order of its own, which the seed and the epoch's number fix.
func Shuffle(seed uint64) LoaderOption {
	return func(o *C.mlxc_loader_options) { o.shuffle, o.seed = 1, C.uint64_t(seed) }
}

// DropLast ends an epoch before a batch that is not full.
func DropLast() LoaderOption { return func(o *C.mlxc_loader_options) { o.drop_last = 1 } }

// Prefetch is how many batches a thread makes ahead, 2 when not given; 0: made when they are asked for.
func Prefetch(batches int) LoaderOption {
	return func(o *C.mlxc_loader_options) { o.prefetch = axis32(batches) }
}

// Loader gives a dataset in batches. One goroutine at a time.
type Loader struct {
	handle
	epochs turns
	fields int
}

func (l *Loader) native() *C.mlxc_loader { return (*C.mlxc_loader)(l.pointer) }

// NewLoader makes a loader. A [Trainer] uses its dataset and options only, so one loader serves a trainer and Epoch at once.
func NewLoader(dataset *Dataset, options ...LoaderOption) (*Loader, error) {
	fields, err := dataset.Fields()
	if err != nil {
		return nil, err
	}
	var native C.mlxc_loader_options
	C.mlxc_loader_options_init(&native, C.uint32_t(unsafe.Sizeof(native)))
	apply(&native, options)
	var out *C.mlxc_loader
	err = dataset.call("NewLoader", func(f *frame) C.mlxc_status { return C.mlxc_loader_new(&out, dataset.native(), &native, &f.e) })
	if err != nil {
		return nil, err
	}
	l := &Loader{fields: len(fields)}
	l.hold(unsafe.Pointer(out), func(p unsafe.Pointer) { C.mlxc_loader_free((*C.mlxc_loader)(p)) })
	l.watch = newWatch(l, "Loader")
	return l, nil
}

// Batches is how many an epoch has; 0 once closed.
func (l *Loader) Batches() int {
	if l == nil || !l.enter() {
		return 0
	}
	defer l.leave()
	f := newFrame()
	defer f.release()
	if C.mlxc_loader_batches(l.native(), &f.sizes[0], &f.e) != C.MLXC_OK {
		return 0
	}
	return int(f.sizes[0])
}

// Batch is the fields of several samples, stacked: [samples, field...].
type Batch struct {
	Fields  []*Array
	Samples int
}

// Epoch goes over the batches of an epoch, from 0: what an epoch gives is what it gave the first time. The arrays are on the device (nil: the
// default one) and are closed when the loop goes on. Another Epoch of the loader that begins inside of the loop ends it: the outer one's next
// turn is [ErrBusy].
func (l *Loader) Epoch(ctx context.Context, device *Device, epoch int) iter.Seq2[Batch, error] {
	const op = "Loader.Epoch"
	if ctx == nil {
		ctx = context.Background()
	}
	return func(yield func(Batch, error) bool) {
		if l == nil || !l.enter() {
			yield(Batch{}, ErrClosed)
			return
		}
		defer l.leave()
		on, leave, err := enterDevice(device)
		if err != nil {
			yield(Batch{}, err)
			return
		}
		defer leave()
		c, err := newCall(ctx, op)
		if err != nil {
			yield(Batch{}, err)
			return
		}
		defer c.release()
		f := newFrame()
		defer f.release()
		mine := &turn{}
		err = l.epochs.begin(op, mine, func() error { return failure(op, C.mlxc_loader_start(l.native(), C.int64_t(epoch), 0, &f.e), &f.e) })
		if err != nil {
			yield(Batch{}, err)
			return
		}
		defer l.epochs.end(mine)
		s := NewScope()
		defer s.Close()
		out := make([]*C.mlxc_array, l.fields)
		for {
			err := l.epochs.next(op, mine, func() error {
				if ctx.Err() != nil { // who ended it in the loop's body waits for no other goroutine to notice
					return contextError(op, ctx)
				}
				return c.failure(C.mlxc_loader_next(unsafe.SliceData(out), C.int64_t(len(out)), l.native(), on, c.cancel, &f.sizes[0], &f.e), &f.e)
			})
			if errors.Is(err, StatusEnd) {
				return
			}
			if err != nil {
				yield(Batch{}, err)
				return
			}
			if !yield(Batch{arraysOf(s, out), int(f.sizes[0])}, nil) {
				return
			}
			s.Close()
		}
	}
}

// Close frees the loader; it waits for the batch that is being made.
func (l *Loader) Close() error {
	if l != nil {
		l.close()
	}
	return nil
}
